//! Participation and past votes in the schema.

use std::{cmp::Reverse, sync::Arc};

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};

use super::tally;
use crate::{
    api::{
        connection::{Connection, ConnectionNode, PageArgs},
        context::RequestContext,
    },
    kernel::{
        error::{Error, Result},
        id::MemberId,
    },
    voting::{
        Campaign, CampaignKey, CampaignParticipation, Entry, Participation, PastKey, may_see_participation, store,
    },
};

/// Loads the participation of a member; `None` if the viewer cannot see it.
///
/// # Errors
/// A database error.
pub async fn participation_of(ctx: &Context<'_>, member: MemberId) -> Result<Option<Participation>> {
    let context = RequestContext::of(ctx);
    let Some(viewer) = context.viewer().filter(|viewer| may_see_participation(viewer, member)) else {
        return Ok(None);
    };
    let participation = context.loaders.participation.load(member).await?;
    Ok(Some(participation.unwrap_or_else(|| Participation::none(member)).visible_to(&viewer)))
}

/// Participation of a member in the live and closed campaigns in which the member is or was eligible, or voted.
///
/// Eligibility in a closed campaign is that at its close. A campaign that closed before the server recorded eligibility
/// counts only if the member voted. Another member's live campaigns count only with `AFTER_CLOSE`: otherwise the viewer
/// could watch the standings and learn the member's ballot.
#[Object]
impl Participation {
    /// Number of campaigns in which the member could vote or voted.
    async fn eligible(&self) -> i64 {
        self.turnout().eligible
    }

    /// Number of these campaigns in which the member voted.
    async fn voted(&self) -> i64 {
        self.turnout().voted
    }

    /// `voted` in percent of `eligible`, rounded to one decimal place; 0 if `eligible` is 0.
    async fn percent(&self) -> f64 {
        self.turnout().percent()
    }

    /// These campaigns, newest first.
    async fn campaigns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CampaignParticipation>> {
        let context = RequestContext::of(ctx);
        let request = PageArgs { first, after, last, before }.check::<CampaignParticipation>(context)?;
        request.page.require_cursors(|(of, _)| *of == self.member)?;
        let rows = request.page.slice(self.parts(), |part| part.key(()));
        Ok(request.connection(rows, self.parts().len()))
    }
}

impl ConnectionNode for CampaignParticipation {
    const NAME: &'static str = "CampaignParticipation";
    type Filter = usize;
    type Order = ();
    type Key = (MemberId, Reverse<CampaignKey>);

    fn key(&self, (): ()) -> Self::Key {
        (self.member, Reverse((self.campaign_created_at, self.campaign)))
    }

    async fn count(_: &Context<'_>, filter: &usize) -> Result<i64> {
        i64::try_from(*filter).map_err(Error::internal)
    }
}

/// Participation of a member in one campaign.
#[Object(name = "CampaignParticipation")]
impl CampaignParticipation {
    /// The campaign.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        RequestContext::of(ctx).loaders.campaign.load_required(self.campaign).await
    }

    /// Whether the member voted.
    async fn voted(&self) -> bool {
        self.voted
    }
}

/// A closed or archived campaign.
#[derive(Clone)]
pub struct PastVote(pub Campaign);

/// A closed or archived campaign with its winners.
#[Object]
impl PastVote {
    /// The campaign.
    async fn campaign(&self) -> &Campaign {
        &self.0
    }

    /// Winners: all entries that share the first place, or all elected entries in order. Empty without ballots.
    async fn winners(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        let tally = RequestContext::of(ctx).tally(&self.0).await?;
        Ok(tally.map(|tally| tally::winners(&tally)).unwrap_or_default())
    }

    /// Time at which the campaign closed.
    async fn closed_at(&self) -> DateTime<Utc> {
        self.0.closed_at.unwrap_or(self.0.created_at).and_utc()
    }
}

impl ConnectionNode for PastVote {
    const NAME: &'static str = "PastVote";
    /// The viewer, if signed in.
    type Filter = Option<MemberId>;
    type Order = ();
    type Key = PastKey;

    fn key(&self, (): ()) -> PastKey {
        (self.0.closed_at.unwrap_or_default(), self.0.id)
    }

    async fn count(ctx: &Context<'_>, viewer: &Option<MemberId>) -> Result<i64> {
        let (context, viewer) = (RequestContext::of(ctx), *viewer);
        let guild = context.guild;
        let key = "pastVotes count".to_owned();
        context.read_once(key, async move |conn| Ok(store::count_past(conn, guild, viewer).await?)).await
    }
}
