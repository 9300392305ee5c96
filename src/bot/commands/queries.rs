//! The GraphQL operations that the bot runs for a member, and their results.

use std::sync::LazyLock;

use async_graphql::{ID, ServerError, Variables};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};
use serenity::all::GuildId as ServerId;

use super::ballot::{BallotDraft, BallotRules};
use crate::{
    api::{DocumentRef, Graph, Operation, auth_context::AuthContext},
    identity::{CharacterClass, CharacterRole, RankSource},
    kernel::{
        error::{self, Error},
        id::CampaignId,
    },
    voting::{CampaignCloseReason, CampaignStatus, CannotVoteReason, StandingsHiddenReason, VotingMethod},
};

const VOTES: &str = "query {
    campaigns(first: 100, filter: { status: [LIVE] }) {
        totalCount
        nodes { id title closesAt turnout { eligible voted percent } viewerCannotVoteReason }
    }
}";

const VOTE: &str = "query($id: ID!) {
    campaign(id: $id) {
        id title method picksPerVoter seats closesAt closeReason viewerCannotVoteReason
        entries { id name description }
        viewerBallot { picks { name } receipt }
    }
}";

const CAST: &str = "mutation($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { picks { name } receipt } }
}";

const STANDINGS: &str = "query {
    campaigns(first: 5, filter: { status: [LIVE, CLOSED] }) {
        nodes {
            title method status closesAt closedAt turnout { eligible voted percent }
            standings { place points entry { name } } standingsHiddenReason
        }
    }
}";

const STANDINGS_OF: &str = "query($id: ID!) {
    campaign(id: $id) {
        title method status closesAt closedAt turnout { eligible voted percent }
        standings { place points entry { name } } standingsHiddenReason
    }
}";

const TITLES: &str = "query {
    campaigns(first: 100, filter: { status: [LIVE, CLOSED] }) { nodes { id title status } }
}";

const ME: &str = "query {
    me {
        displayName rank { name } rankSource isRegistered
        characters { name realm class spec role isMain }
    }
}";

/// The bot's own schema, because the server's may be restricted to the documents of a manifest.
static GRAPH: LazyLock<error::Result<Graph>> = LazyLock::new(Graph::new);

/// Builds the schema, which takes a moment, before the first member waits for it.
pub fn warm_up() {
    if let Err(error) = &*GRAPH {
        tracing::error!(%error, "the bot's commands are unavailable");
    }
}

/// The member who uses a command.
pub struct CommandUser {
    /// The member as a viewer of the schema.
    pub auth: AuthContext,
    /// The colour of the guild's embeds, `0xRRGGBB`.
    pub color: u32,
    /// The Discord server.
    pub server: ServerId,
    /// The id of the request in the log.
    pub request_id: String,
}

/// Why an operation failed.
#[derive(Clone, Debug)]
pub struct CommandError {
    /// The message for the member.
    pub message: String,
    /// The reason, such as `ALREADY_VOTED`.
    pub reason: Option<String>,
}

impl From<ServerError> for CommandError {
    fn from(error: ServerError) -> Self {
        let reason = error.extensions.as_ref().and_then(|extensions| extensions.get("reason"));
        let reason = match reason {
            Some(async_graphql::Value::String(reason)) => Some(reason.clone()),
            _ => None,
        };
        Self { message: error.message, reason }
    }
}

/// The open campaigns, newest first.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenCampaigns {
    /// The number of all open campaigns.
    pub total_count: usize,
    /// The first 100 campaigns.
    pub nodes: Vec<OpenCampaign>,
}

/// An open campaign in a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct OpenCampaign {
    #[serde(deserialize_with = "campaign_id")]
    pub id: CampaignId,
    pub title: String,
    pub closes_at: Option<DateTime<Utc>>,
    pub turnout: TurnoutDetails,
    pub viewer_cannot_vote_reason: Option<CannotVoteReason>,
}

/// The title of a campaign.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct CampaignTitle {
    #[serde(deserialize_with = "campaign_id")]
    pub id: CampaignId,
    pub title: String,
    pub status: CampaignStatus,
}

/// The turnout of a campaign.
#[derive(Clone, Copy, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct TurnoutDetails {
    pub eligible: i64,
    pub voted: i64,
    pub percent: f64,
}

/// A campaign with its entries and the member's ballot.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct CampaignDetails {
    pub id: ID,
    pub title: String,
    pub method: VotingMethod,
    pub picks_per_voter: usize,
    pub seats: i64,
    pub closes_at: Option<DateTime<Utc>>,
    pub close_reason: Option<CampaignCloseReason>,
    pub viewer_cannot_vote_reason: Option<CannotVoteReason>,
    pub entries: Vec<EntryDetails>,
    pub viewer_ballot: Option<CastBallot>,
}

impl CampaignDetails {
    /// Whether the campaign was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.close_reason == Some(CampaignCloseReason::Cancelled)
    }

    /// The rules for a ballot.
    pub const fn rules(&self) -> BallotRules {
        BallotRules { method: self.method, picks: self.picks_per_voter, entries: self.entries.len() }
    }

    /// The entries that a ballot picks so far.
    pub fn picked<'a>(&'a self, ballot: &'a BallotDraft) -> impl Iterator<Item = &'a EntryDetails> {
        ballot.picks.iter().filter_map(|pick| self.entries.get(usize::from(*pick)))
    }
}

/// An entry of a campaign.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct EntryDetails {
    pub id: ID,
    pub name: String,
    pub description: Option<String>,
}

/// A cast ballot.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct CastBallot {
    pub picks: Vec<Named>,
    pub receipt: String,
}

/// An object of which only the name is queried.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct Named {
    pub name: String,
}

/// A campaign with its standings.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct CampaignStandings {
    pub title: String,
    pub method: VotingMethod,
    pub status: CampaignStatus,
    pub closes_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub turnout: TurnoutDetails,
    pub standings: Option<Vec<EntryStanding>>,
    pub standings_hidden_reason: Option<StandingsHiddenReason>,
}

/// The place of an entry.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct EntryStanding {
    pub place: i64,
    pub points: i64,
    pub entry: Named,
}

/// The member's own profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct MemberProfile {
    pub display_name: String,
    pub rank: Named,
    pub rank_source: RankSource,
    pub is_registered: bool,
    pub characters: Vec<CharacterDetails>,
}

/// A character of the member.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields of the GraphQL schema, documented there")]
pub struct CharacterDetails {
    pub name: String,
    pub realm: String,
    pub class: CharacterClass,
    pub spec: Option<String>,
    pub role: CharacterRole,
    pub is_main: bool,
}

fn campaign_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CampaignId, D::Error> {
    let id = ID::deserialize(deserializer)?;
    CampaignId::try_from(&id).map_err(|_| serde::de::Error::custom("invalid id of a campaign"))
}

impl CommandUser {
    /// Queries the open campaigns that the member can see.
    pub async fn votes(&self) -> Result<OpenCampaigns, CommandError> {
        self.execute(VOTES, json!({}), "/campaigns").await
    }

    /// Queries a campaign; `None` if the member can see none with this id.
    pub async fn vote(&self, campaign: CampaignId) -> Result<Option<CampaignDetails>, CommandError> {
        self.execute(VOTE, json!({ "id": ID::from(campaign) }), "/campaign").await
    }

    /// Casts the member's ballot.
    pub async fn cast(&self, vote: &CampaignDetails, ballot: &BallotDraft) -> Result<CastBallot, CommandError> {
        let picks: Vec<&ID> = vote.picked(ballot).map(|entry| &entry.id).collect();
        self.execute(CAST, json!({ "input": { "campaignId": vote.id, "picks": picks } }), "/castBallot/ballot").await
    }

    /// Queries the latest open and closed campaigns, newest first.
    pub async fn standings(&self) -> Result<Vec<CampaignStandings>, CommandError> {
        self.execute(STANDINGS, json!({}), "/campaigns/nodes").await
    }

    /// Queries the standings of a campaign; `None` if the member can see none with this id.
    pub async fn standings_of(&self, campaign: CampaignId) -> Result<Option<CampaignStandings>, CommandError> {
        self.execute(STANDINGS_OF, json!({ "id": ID::from(campaign) }), "/campaign").await
    }

    /// Queries the titles of open and closed campaigns, newest first.
    pub async fn titles(&self) -> Result<Vec<CampaignTitle>, CommandError> {
        self.execute(TITLES, json!({}), "/campaigns/nodes").await
    }

    /// Queries the member's own profile.
    pub async fn me(&self) -> Result<MemberProfile, CommandError> {
        self.execute(ME, json!({}), "/me").await
    }

    /// Runs an operation, and returns the value at this pointer of its data.
    pub(super) async fn execute<T: DeserializeOwned>(
        &self,
        document: &str,
        variables: Value,
        at: &str,
    ) -> Result<T, CommandError> {
        let internal = |error: Error| CommandError::from(error.into_sanitized(&self.request_id));
        let graph = GRAPH.as_ref().map_err(|error| internal(error.clone()))?;
        let operation = Operation {
            document: DocumentRef::Text(document.to_owned()),
            name: None,
            variables: Variables::from_json(variables),
        };
        let mut response = match graph.prepare(operation) {
            Ok(prepared) => graph.execute(prepared, &self.auth, &self.request_id).await,
            Err(errors) => async_graphql::Response::from_errors(errors),
        };
        if !response.errors.is_empty() {
            return Err(response.errors.swap_remove(0).into());
        }
        let mut data = response.data.into_json().map_err(|error| internal(Error::internal(error)))?;
        let value = data.pointer_mut(at).map(Value::take).unwrap_or_default();
        serde_json::from_value(value).map_err(|error| internal(Error::internal(error)))
    }
}
