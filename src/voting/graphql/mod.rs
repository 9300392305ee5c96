//! Votes in the schema.

mod ballots;
mod campaign;
mod history;
mod mutation;
mod tally;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Subscription};
use futures_util::Stream;

pub use self::{
    history::{PastVote, participation_of},
    mutation::VotingMutation,
    tally::VoteTally,
};
use super::{Campaign, CampaignFilter, CampaignStatus, may_see, store, watchable_campaign};
use crate::{
    auth::Permission,
    db::Conn,
    error::{Error, Result},
    graphql::caller::Caller,
    id::CampaignId,
    live,
    page::{Connection, PageArgs},
};

/// Which campaigns to list.
#[derive(InputObject)]
#[graphql(name = "CampaignFilter")]
struct CampaignFilterInput {
    /// In one of these states; all but archived unless given.
    status: Option<Vec<CampaignStatus>>,
}

/// What is asked of votes.
#[derive(Default)]
pub struct VotingQuery;

#[Object]
impl VotingQuery {
    /// The campaigns the viewer may see, newest first.
    async fn campaigns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which campaigns; all but archived unless given.")] filter: Option<CampaignFilterInput>,
    ) -> Result<Connection<Campaign>> {
        let caller = Caller::of(ctx);
        let (guild, viewer, seal) = (caller.guild, caller.viewer(), caller.app.keys.cursors.clone());
        let page = PageArgs { first, after, last, before }.page::<Campaign>(&seal, guild)?;
        let filter = CampaignFilter {
            status: filter.and_then(|filter| filter.status),
            viewer_level: viewer.as_ref().map(|viewer| viewer.rank_level),
            drafts: viewer.is_some_and(|viewer| viewer.may(Permission::CampaignsManage)),
        };
        let list = async move |conn: &mut Conn| {
            let rows = store::list_campaigns(conn, guild, &filter, &page).await?;
            Ok(Connection::new(seal, guild, &page, rows, filter))
        };
        caller.app.db.read(list).await
    }

    /// The votes that are over, archived ones too, last closed first, each with who has won it.
    async fn past_votes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PastVote>> {
        let caller = Caller::of(ctx);
        let (guild, seal) = (caller.guild, caller.app.keys.cursors.clone());
        let level = caller.viewer().map(|viewer| viewer.rank_level);
        let page = PageArgs { first, after, last, before }.page::<PastVote>(&seal, guild)?;
        let list = async move |conn: &mut Conn| {
            let rows = store::list_past(conn, guild, level, &page).await?.into_iter().map(PastVote).collect();
            Ok(Connection::new(seal, guild, &page, rows, level))
        };
        caller.app.db.read(list).await
    }

    /// A campaign by id; `null` if there is none, or none for the viewer.
    async fn campaign(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Campaign>> {
        let Ok(id) = CampaignId::try_from(&id) else { return Ok(None) };
        let caller = Caller::of(ctx);
        let campaign = caller.load.campaign.maybe(id).await?;
        Ok(campaign.filter(|campaign| may_see(campaign, caller.viewer().as_deref())))
    }
}

/// What is watched of votes.
#[derive(Default)]
pub struct VotingSubscription;

#[Subscription]
impl VotingSubscription {
    /// The present tally at once, then each newer one, until the campaign closes: the last message carries the result.
    /// Ends with an error as soon as the viewer may no longer see the standings.
    async fn vote_tally(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which campaign.")] campaign_id: ID,
    ) -> Result<impl Stream<Item = Result<VoteTally>> + 'static> {
        let id = mutation::campaign_id("campaignId", &campaign_id)?;
        let caller = Arc::clone(ctx.data_unchecked::<Arc<Caller>>());
        // Heard of from here on, so that nothing is missed between this look and the stream.
        let mut access = caller.app.live.watch_access(caller.guild);
        let viewer = caller.viewer();
        watchable_campaign(&caller.app, caller.guild, viewer.as_deref(), id).await?;
        let mut tallies = live::watch_tally(&caller.app, caller.guild, id);
        let clock = caller.app.clock.clone();
        let expires_at = viewer.map(|viewer| viewer.token_expires_at);
        Ok(async_stream::try_stream! {
            loop {
                let expired = async {
                    match expires_at {
                        Some(at) => clock.sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                let counted = tokio::select! {
                    biased;
                    _ = access.changed() => false,
                    () = expired => false,
                    () = tallies.changed() => true,
                };
                if !counted {
                    recheck(&caller, id).await?;
                    continue;
                }
                // For a client that is slow to read, what is newest by then.
                caller.wait_turn().await;
                let Some(tally) = tallies.next().await else { break };
                let is_final = tally.campaign.is_over();
                yield VoteTally(tally);
                if is_final {
                    break;
                }
            }
        })
    }
}

/// Asks again whether the caller may watch.
async fn recheck(caller: &Caller, id: CampaignId) -> Result<(), Error> {
    caller.refresh().await?;
    watchable_campaign(&caller.app, caller.guild, caller.viewer().as_deref(), id).await?;
    Ok(())
}
