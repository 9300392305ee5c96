//! The past as objects of the schema: who took part, and who won.

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

/// The participation of a member; `None` where the viewer may not know who voted.
///
/// # Errors
/// The database's.
pub async fn participation_of(ctx: &Context<'_>, member: MemberId) -> Result<Option<Participation>> {
    let caller = RequestContext::of(ctx);
    let Some(viewer) = caller.viewer().filter(|viewer| may_see_participation(viewer, member)) else {
        return Ok(None);
    };
    let participation = caller.load.participation.maybe(member).await?;
    Ok(Some(participation.unwrap_or_else(|| Participation::none(member)).visible_to(&viewer)))
}

/// A member's part in the votes they could vote in, or did: those that are over, by who was eligible when they closed, and
/// those that are live. Of another member's live votes only those are shown whose standings nobody sees before the close
/// (`AFTER_CLOSE`): elsewhere the standings and the voter together would tell the ballot. Of votes that closed before this was
/// recorded only those count in which they voted.
#[Object]
impl Participation {
    /// In how many votes they could vote, or did.
    async fn eligible(&self) -> i64 {
        self.turnout().eligible
    }

    /// In how many of these they voted.
    async fn voted(&self) -> i64 {
        self.turnout().voted
    }

    /// Voted of eligible in percent, rounded to one decimal.
    async fn percent(&self) -> f64 {
        self.turnout().percent()
    }

    /// These votes, newest first.
    async fn campaigns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<CampaignParticipation>> {
        let caller = RequestContext::of(ctx);
        let request = PageArgs { first, after, last, before }.check::<CampaignParticipation>(caller)?;
        request.page.require_cursors(|(of, _)| *of == self.member)?;
        let rows = request.page.slice(self.parts(), CampaignParticipation::key);
        Ok(request.connection(rows, self.parts().len()))
    }
}

impl ConnectionNode for CampaignParticipation {
    const NAME: &'static str = "CampaignParticipation";
    type Filter = usize;
    type Key = (MemberId, Reverse<CampaignKey>);

    fn key(&self) -> Self::Key {
        (self.member, Reverse((self.campaign_created_at, self.campaign)))
    }

    async fn count(_: &Context<'_>, filter: &usize) -> Result<i64> {
        i64::try_from(*filter).map_err(Error::internal)
    }
}

/// A member's part in a vote they could vote in, or did.
#[Object(name = "CampaignParticipation")]
impl CampaignParticipation {
    /// The vote.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        RequestContext::of(ctx).load.campaign.one(self.campaign).await
    }

    /// Whether they voted.
    async fn voted(&self) -> bool {
        self.voted
    }
}

/// A vote that is over.
#[derive(Clone)]
pub struct PastVote(pub Campaign);

/// A vote that is over, and who has won it.
#[Object]
impl PastVote {
    /// The vote.
    async fn campaign(&self) -> &Campaign {
        &self.0
    }

    /// Who has won: all who share the first place, or all who were elected, in order; nobody without a ballot.
    async fn winners(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        let tally = RequestContext::of(ctx).load.tally.maybe(self.0.id).await?;
        Ok(tally.map(|tally| tally::winners(&tally)).unwrap_or_default())
    }

    /// When it closed.
    async fn closed_at(&self) -> DateTime<Utc> {
        self.0.closed_at.unwrap_or(self.0.created_at).and_utc()
    }
}

impl ConnectionNode for PastVote {
    const NAME: &'static str = "PastVote";
    /// The viewer's rank level, if there is a viewer.
    type Filter = Option<i64>;
    type Key = PastKey;

    fn key(&self) -> PastKey {
        (self.0.closed_at.unwrap_or_default(), self.0.id)
    }

    async fn count(ctx: &Context<'_>, viewer_level: &Option<i64>) -> Result<i64> {
        let (caller, level) = (RequestContext::of(ctx), *viewer_level);
        let guild = caller.guild;
        caller.app.db.read(async move |conn| Ok(store::count_past(conn, guild, level).await?)).await
    }
}
