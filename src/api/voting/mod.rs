//! Campaigns, ballots and tallies in the schema.

mod ballots;
mod campaign;
mod history;
mod inputs;
mod mutation;
mod tally;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Subscription};
use futures_util::{FutureExt, future::BoxFuture};

pub use self::{
    history::{PastVote, participation_of},
    mutation::VotingMutation,
    tally::{TurnoutUpdate, VoteTally},
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
        input::both,
        page::OrderDirection,
        text,
    },
    live::{self, CampaignUpdate, FeedUpdate},
    voting::{
        self, Campaign, CampaignFilter, CampaignOrder, CampaignOrderField, CampaignStatus, StandingsHiddenReason,
        Turnout, Voter, are_on_one_ladder, campaign_with_viewer, may_see, standings_refused, store, visible_campaign,
        watchable_campaign,
    },
};

/// Conditions that all listed campaigns meet.
#[derive(InputObject)]
#[graphql(name = "CampaignFilter")]
struct CampaignFilterInput {
    /// Statuses of the campaigns. Without it, all except `ARCHIVED`.
    status: Option<Vec<CampaignStatus>>,
    /// Text in the title, at most 200 characters. Case and accents are ignored.
    search: Option<String>,
    /// `true` for campaigns in which the viewer can vote now, `false` for all others.
    viewer_can_vote: Option<bool>,
}

/// Order of a list of campaigns. Campaigns that are equal in it are in a fixed order.
#[derive(InputObject)]
#[graphql(name = "CampaignOrder")]
struct CampaignOrderInput {
    /// Property by which the campaigns are sorted.
    field: CampaignOrderField,
    /// Direction of the order.
    #[graphql(default_with = "OrderDirection::Desc")]
    direction: OrderDirection,
}

/// Queries of campaigns.
#[derive(Default)]
pub struct VotingQuery;

#[Object]
impl VotingQuery {
    /// The campaigns that the viewer may see, newest first unless `orderBy` says otherwise.
    async fn campaigns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Campaigns to list. Without it, all except archived ones.")] filter: Option<
            CampaignFilterInput,
        >,
        #[graphql(desc = "Order of the campaigns. Without it, newest first.")] order_by: Option<CampaignOrderInput>,
    ) -> Result<Connection<Campaign>> {
        let context = RequestContext::of(ctx);
        let (guild, viewer) = (context.guild, context.viewer());
        let order = order_by.map(|it| CampaignOrder { field: it.field, direction: it.direction }).unwrap_or_default();
        let request = PageArgs { first, after, last, before }.check_ordered(context, order);
        let (status, search, viewer_can_vote) =
            filter.map(|filter| (filter.status, filter.search, filter.viewer_can_vote)).unwrap_or_default();
        let (request, search) = both(request, search.map(text::search).transpose())?;
        let registered = viewer.as_ref().filter(|viewer| viewer.is_registered).map(|viewer| viewer.member);
        let filter = CampaignFilter {
            // Without duplicates, because each binds a value in the statement.
            status: status.map(|requested| {
                let all =
                    [CampaignStatus::Draft, CampaignStatus::Live, CampaignStatus::Closed, CampaignStatus::Archived];
                all.into_iter().filter(|status| requested.contains(status)).collect()
            }),
            viewer: viewer.as_ref().map(|viewer| viewer.member),
            drafts: viewer.is_some_and(|viewer| viewer.may(voting::MANAGE)),
            search,
            viewer_can_vote: viewer_can_vote.map(|can_vote| (can_vote, Voter { registered, now: context.now })),
        };
        let key = format!("campaigns {filter:?} {order:?} {:?}", request.page);
        let (page, listed) = (request.page.clone(), filter.clone());
        let list = async move |conn: &mut Conn| Ok(store::list_campaigns(conn, guild, &listed, order, &page).await?);
        let campaigns = context.read_once(key, list).await?;
        context.note_roster_version(&campaigns);
        Ok(request.connection(campaigns, filter))
    }

    /// The closed and archived campaigns that the viewer may see, last closed first, with their winners. Cancelled ones
    /// are left out.
    async fn past_votes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PastVote>> {
        let context = RequestContext::of(ctx);
        let (guild, viewer) = (context.guild, context.viewer().map(|viewer| viewer.member));
        let request = PageArgs { first, after, last, before }.check(context)?;
        let (key, page) = (format!("pastVotes {:?}", request.page), request.page.clone());
        let list = async move |conn: &mut Conn| Ok(store::list_past(conn, guild, viewer, &page).await?);
        let rows = context.read_once(key, list).await?;
        Ok(request.connection(rows.into_iter().map(PastVote).collect(), viewer))
    }

    /// The campaign with this id; `null` if there is none or the viewer cannot see it.
    async fn campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the campaign.")] id: ID,
    ) -> Result<Option<Campaign>> {
        let Ok(id) = CampaignId::try_from(&id) else { return Ok(None) };
        let context = RequestContext::of(ctx);
        context.if_visible(context.loaders.campaign.load(id).await?).await
    }
}

/// Subscriptions to campaigns.
#[derive(Default)]
pub struct VotingSubscription;

#[Subscription]
impl VotingSubscription {
    /// Sends the current tally immediately, then each newer one. It ends when the campaign closes: the last tally is
    /// the result.
    ///
    /// Ends with `NOT_FOUND` as soon as the viewer cannot see the campaign. Other error reasons: `STANDINGS_HIDDEN` as
    /// soon as the standings are hidden from the viewer, or the campaign is cancelled, `INVALID_TOKEN` as soon as the
    /// access token is no longer valid.
    async fn vote_tally(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the campaign.")] campaign_id: ID,
    ) -> Result<watch::FieldStream<VoteTally>> {
        if let Some(event) = watch::event_value(ctx) {
            return Ok(event);
        }
        let id = CampaignId::from_input(&campaign_id);
        let mut viewer_watch = ViewerWatch::new(RequestContext::of(ctx)).await?;
        // Checked after the watch of the viewer started, so that no change of their rights is missed.
        check_tally_visible(viewer_watch.subscriber().clone(), id).await?;
        let mut tallies = live::watch_tally(&viewer_watch.subscriber().app.live, viewer_watch.subscriber().guild, id);
        Ok(watch::create_source_stream(
            ctx,
            async_stream::try_stream! {
                loop {
                    let update = tokio::select! {
                        biased;
                        () = viewer_watch.changed() => None,
                        update = tallies.next() => Some(update),
                    };
                    let Some(FeedUpdate { state: Some(tally), responses, .. }) = update else {
                        viewer_watch.refresh(|auth| check_tally_visible(auth, id)).await?;
                        continue;
                    };
                    if tally.campaign.is_cancelled() {
                        Err::<(), _>(standings_refused(StandingsHiddenReason::Cancelled))?;
                    }
                    let is_final = tally.campaign.is_over();
                    yield Update { value: VoteTally(tally), responses, subscriber: viewer_watch.subscriber().clone() };
                    if is_final {
                        break;
                    }
                }
            },
        ))
    }

    /// Sends the current turnout of a campaign immediately, then each newer one, to everyone who sees the campaign. So it
    /// also works while the standings are hidden. It ends when the campaign closes: the last turnout is that of the
    /// result.
    ///
    /// Ends with `NOT_FOUND` as soon as the viewer cannot see the campaign. Other error reasons: `INVALID_TOKEN` as soon
    /// as the access token is no longer valid.
    async fn turnout_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the campaign.")] campaign_id: ID,
    ) -> Result<watch::FieldStream<TurnoutUpdate>> {
        if let Some(event) = watch::event_value(ctx) {
            return Ok(event);
        }
        let id = CampaignId::from_input(&campaign_id);
        let mut viewer_watch = ViewerWatch::new(RequestContext::of(ctx)).await?;
        // Checked after the watch of the viewer started, so that no change of their rights is missed.
        check_campaign_visible(viewer_watch.subscriber().clone(), Some(id)).await?;
        let mut turnouts =
            live::watch_turnout(&viewer_watch.subscriber().app.live, viewer_watch.subscriber().guild, id);
        Ok(watch::create_source_stream(
            ctx,
            async_stream::try_stream! {
                let mut sent: Option<(Turnout, bool)> = None;
                loop {
                    let update = tokio::select! {
                        biased;
                        () = viewer_watch.changed() => None,
                        update = turnouts.next() => Some(update),
                    };
                    let (state, responses) = update.map(|it| (it.state, it.responses)).unwrap_or_default();
                    let viewer = viewer_watch.subscriber().viewer.as_deref();
                    if !state.as_ref().is_some_and(|turnout| may_see(&turnout.campaign, viewer)) {
                        // Ends the subscription to a draft that was deleted or moved above the viewer's rank.
                        viewer_watch.refresh(|auth| check_campaign_visible(auth, Some(id))).await?;
                    }
                    let Some(turnout) = state else { continue };
                    let is_final = turnout.campaign.is_over();
                    // Other settings of the campaign may have changed.
                    if sent.replace((turnout.turnout, is_final)) == Some((turnout.turnout, is_final)) {
                        continue;
                    }
                    let subscriber = viewer_watch.subscriber().clone();
                    yield Update { value: TurnoutUpdate(turnout), responses, subscriber };
                    if is_final {
                        break;
                    }
                }
            },
        ))
    }

    /// Sends a campaign after it is created, edited, goes live, closes, gets an outcome or is archived, if the viewer
    /// may see it then. Edits in quick succession are sent once. Nothing is sent at the start.
    ///
    /// Ends with `NOT_FOUND` as soon as the viewer can no longer see the campaign of `campaignId`. Other error reasons:
    /// `FELL_BEHIND` if the client reads too slowly (subscribe again and reload the campaigns), `INVALID_TOKEN` as soon
    /// as the access token is no longer valid.
    async fn campaign_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the only campaign to send. Without it, all.")] campaign_id: Option<ID>,
    ) -> Result<watch::FieldStream<Campaign>> {
        if let Some(event) = watch::event_value(ctx) {
            return Ok(event);
        }
        let id = campaign_id.as_ref().map(CampaignId::from_input);
        let mut viewer_watch = ViewerWatch::new(RequestContext::of(ctx)).await?;
        let mut changes =
            live::watch_campaigns(&viewer_watch.subscriber().app.live, viewer_watch.subscriber().guild).await;
        check_campaign_visible(viewer_watch.subscriber().clone(), id).await?;
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
                        viewer_watch.refresh(|auth| check_campaign_visible(auth, id)).await?;
                        continue;
                    };
                    let CampaignUpdate { id: changed, campaign, responses } = change.ok_or_else(fell_behind)?;
                    if id.is_some_and(|id| id != changed) {
                        continue;
                    }
                    let viewer = viewer_watch.subscriber().viewer.as_deref();
                    let visible = match campaign {
                        Some(campaign) if viewer.is_some_and(|viewer| !are_on_one_ladder(&campaign, viewer)) => {
                            let again = |auth| visible_as_of(auth, changed, campaign.status);
                            // Not shared: the others may have the campaign as of the event.
                            viewer_watch.refresh(again).await?.map(|campaign| (campaign, Arc::default()))
                        }
                        Some(campaign) => may_see(&campaign, viewer).then(|| ((*campaign).clone(), responses)),
                        None => None,
                    };
                    let Some((value, responses)) = visible else {
                        // Ends a subscription to this campaign alone.
                        check_campaign_visible(viewer_watch.subscriber().clone(), id).await?;
                        continue;
                    };
                    yield Update { value, responses, subscriber: viewer_watch.subscriber().clone() };
                }
            },
        ))
    }
}

/// Refuses viewers who cannot see the campaign's standings.
fn check_tally_visible(auth: AuthContext, id: CampaignId) -> BoxFuture<'static, Result<()>> {
    async move { watchable_campaign(&auth.app.voting, auth.guild, auth.viewer.as_deref(), id).await.map(drop) }.boxed()
}

/// Refuses viewers who cannot see this campaign. Without an id, allows everyone.
fn check_campaign_visible(auth: AuthContext, id: Option<CampaignId>) -> BoxFuture<'static, Result<()>> {
    async move {
        match id {
            Some(id) => visible_campaign(&auth.app.voting, auth.guild, auth.viewer.as_deref(), id).await.map(drop),
            None => Ok(()),
        }
    }
    .boxed()
}

/// Reads a campaign and the viewer again, on one ladder. Returns the campaign as of this status, if the viewer could see
/// it then.
fn visible_as_of(
    auth: AuthContext,
    id: CampaignId,
    status: CampaignStatus,
) -> BoxFuture<'static, Result<Option<Campaign>>> {
    async move {
        let (viewer, campaign) = campaign_with_viewer(&auth.app.voting, auth.guild, auth.viewer.as_deref(), id).await?;
        let campaign = campaign.map(|campaign| campaign.as_of_status(status));
        Ok(campaign.filter(|campaign| may_see(campaign, viewer.as_ref())))
    }
    .boxed()
}

fn fell_behind() -> Refusal {
    let message = "The client read too slowly and missed changes. Subscribe again and reload the campaigns.";
    Refusal { retry_after_seconds: Some(1), ..Refusal::new(Code::RateLimited, message).because("FELL_BEHIND") }
}
