//! Votes in the schema.

mod ballots;
mod campaign;
mod history;
mod mutation;
mod tally;

use async_graphql::{Context, ID, InputObject, Object, Subscription};
use futures_util::{FutureExt, future::BoxFuture};

pub use self::{
    history::{PastVote, participation_of},
    mutation::VotingMutation,
    tally::VoteTally,
};
use crate::{
    api::{
        auth_context::AuthContext,
        connection::{Connection, PageArgs},
        context::RequestContext,
        watch::{self, Update, ViewerWatch},
    },
    db::Conn,
    kernel::{
        error::{Code, Refusal, Result},
        id::CampaignId,
    },
    live::{self, CampaignUpdate, TallyUpdate},
    voting::{self, Campaign, CampaignFilter, CampaignStatus, may_see, store, visible_campaign, watchable_campaign},
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
        let caller = RequestContext::of(ctx);
        let (guild, viewer) = (caller.guild, caller.viewer());
        let request = PageArgs { first, after, last, before }.check(caller)?;
        let filter = CampaignFilter {
            // Each once, for they are bound in a statement.
            status: filter.and_then(|filter| filter.status).map(|wanted| {
                let all =
                    [CampaignStatus::Draft, CampaignStatus::Live, CampaignStatus::Closed, CampaignStatus::Archived];
                all.into_iter().filter(|status| wanted.contains(status)).collect()
            }),
            viewer_level: viewer.as_ref().map(|viewer| viewer.rank_level),
            drafts: viewer.is_some_and(|viewer| viewer.may(voting::MANAGE)),
        };
        let list = async move |conn: &mut Conn| {
            let rows = store::list_campaigns(conn, guild, &filter, &request.page).await?;
            Ok(request.connection(rows, filter))
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
        let caller = RequestContext::of(ctx);
        let (guild, level) = (caller.guild, caller.viewer().map(|viewer| viewer.rank_level));
        let request = PageArgs { first, after, last, before }.check(caller)?;
        let list = async move |conn: &mut Conn| {
            let rows = store::list_past(conn, guild, level, &request.page).await?;
            Ok(request.connection(rows.into_iter().map(PastVote).collect(), level))
        };
        caller.app.db.read(list).await
    }

    /// A campaign by id; `null` if there is none, or none for the viewer.
    async fn campaign(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Campaign>> {
        let Ok(id) = CampaignId::try_from(&id) else { return Ok(None) };
        let caller = RequestContext::of(ctx);
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
    ) -> Result<watch::FieldStream<VoteTally>> {
        if let Some(event) = watch::provided(ctx) {
            return Ok(event);
        }
        let id = mutation::campaign_id("campaignId", &campaign_id)?;
        let mut viewer_watch = ViewerWatch::new(RequestContext::of(ctx)).await?;
        // Heard of from here on, so that nothing is missed between this look and the stream.
        may_watch(viewer_watch.subscriber().clone(), id).await?;
        let mut tallies = live::watch_tally(&viewer_watch.subscriber().app.live, viewer_watch.subscriber().guild, id);
        Ok(watch::create_source_stream(
            ctx,
            async_stream::try_stream! {
                loop {
                    let counted = tokio::select! {
                        biased;
                        () = viewer_watch.changed() => None,
                        counted = tallies.next() => Some(counted),
                    };
                    let Some(TallyUpdate { tally, responses }) = counted else {
                        viewer_watch.refresh(|by| may_watch(by, id)).await?;
                        continue;
                    };
                    let is_final = tally.campaign.is_over();
                    yield Update { value: VoteTally(tally), responses, subscriber: viewer_watch.subscriber().clone() };
                    if is_final {
                        break;
                    }
                }
            },
        ))
    }

    /// A campaign whenever something becomes of it: that it is created, edited (several edits within a moment are told as
    /// one), goes live, closes or is archived, each for those who may see it then. Nothing is sent at first. With an id it
    /// ends with an error once the viewer can no longer see that campaign.
    async fn campaign_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only this campaign; all unless given.")] campaign_id: Option<ID>,
    ) -> Result<watch::FieldStream<Campaign>> {
        if let Some(event) = watch::provided(ctx) {
            return Ok(event);
        }
        let id = campaign_id.map(|id| mutation::campaign_id("campaignId", &id)).transpose()?;
        let mut viewer_watch = ViewerWatch::new(RequestContext::of(ctx)).await?;
        let mut changes =
            live::watch_campaigns(&viewer_watch.subscriber().app.live, viewer_watch.subscriber().guild).await;
        may_follow(viewer_watch.subscriber().clone(), id).await?;
        Ok(watch::create_source_stream(
            ctx,
            async_stream::try_stream! {
                loop {
                    let change = tokio::select! {
                        biased;
                        () = viewer_watch.changed() => None,
                        change = changes.next() => Some(change),
                    };
                    let Some(change) = change else {
                        viewer_watch.refresh(|by| may_follow(by, id)).await?;
                        continue;
                    };
                    let CampaignUpdate { campaign, is_gone, responses } = change.ok_or_else(fell_behind)?;
                    if id.is_some_and(|id| id != campaign.id) {
                        continue;
                    }
                    if is_gone || !may_see(&campaign, viewer_watch.subscriber().viewer.as_deref()) {
                        // Who follows it alone is told so.
                        may_follow(viewer_watch.subscriber().clone(), id).await?;
                        continue;
                    }
                    yield Update { value: (*campaign).clone(), responses, subscriber: viewer_watch.subscriber().clone() };
                }
            },
        ))
    }
}

/// Refuses those who may not watch a campaign's tally.
fn may_watch(by: AuthContext, id: CampaignId) -> BoxFuture<'static, Result<()>> {
    async move { watchable_campaign(&by.app.voting, by.guild, by.viewer.as_deref(), id).await.map(drop) }.boxed()
}

/// Refuses those for whom there is no such campaign; all of them may be followed by anyone.
fn may_follow(by: AuthContext, id: Option<CampaignId>) -> BoxFuture<'static, Result<()>> {
    async move {
        match id {
            Some(id) => visible_campaign(&by.app.voting, by.guild, by.viewer.as_deref(), id).await.map(drop),
            None => Ok(()),
        }
    }
    .boxed()
}

fn fell_behind() -> Refusal {
    let message = "You read too slowly and changes were lost. Subscribe again, and look at the campaigns anew.";
    Refusal { retry_after_seconds: Some(1), ..Refusal::new(Code::RateLimited, message).because("FELL_BEHIND") }
}
