//! Campaigns and entries as objects of the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use super::{
    ballots::ShownBallotBox,
    tally::{self, PairwiseRow, RunoffRound, Standing, TransferCount},
};
use crate::{
    api::{connection::ConnectionNode, context::RequestContext},
    identity::Member,
    kernel::error::Result,
    voting::{
        self, ActivationBlocker, AnnouncementLevel, Ballot, Campaign, CampaignFilter, CampaignKey, CampaignStatus,
        CannotVoteReason, CountSteps, Entry, ResultsVisibility, StandingsHiddenReason, Tally, Turnout, VotingMethod,
        activation_blockers, cannot_vote, standings_hidden, store,
    },
};

/// A vote: entries, and ballots that pick among them.
#[guarded]
#[Object]
impl Campaign {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// What the vote is about.
    async fn title(&self) -> &str {
        &self.title
    }

    /// More of it.
    async fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// How ballots are counted.
    async fn method(&self) -> VotingMethod {
        self.method
    }

    /// How many entries a ballot names, at most or exactly, as the method has it.
    async fn picks_per_voter(&self) -> i64 {
        self.picks_per_voter
    }

    /// How many entries win: 1, but for the single transferable vote.
    async fn seats(&self) -> i64 {
        self.seats
    }

    /// The least rank level that votes.
    async fn min_rank_level_to_vote(&self) -> i64 {
        self.min_rank_level_to_vote
    }

    /// The least rank level that sees it; `null` is everyone, also without signing in.
    async fn min_rank_level_to_view(&self) -> Option<i64> {
        self.min_rank_level_to_view
    }

    /// When it went live, or will by itself.
    async fn start_at(&self) -> Option<DateTime<Utc>> {
        self.start_at.map(|at| at.and_utc())
    }

    /// How long it takes ballots, in hours.
    async fn duration_hours(&self) -> i64 {
        self.duration_hours
    }

    /// From then on no ballot is taken: `startAt` and `durationHours` later.
    async fn closes_at(&self) -> Option<DateTime<Utc>> {
        self.closes_at.map(|at| at.and_utc())
    }

    /// When it closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.closed_at.map(|at| at.and_utc())
    }

    /// Where it is in its life.
    async fn status(&self) -> CampaignStatus {
        self.status
    }

    /// Whether it closes as soon as everyone eligible has voted.
    async fn early_close_if_all_voted(&self) -> bool {
        self.early_close_if_all_voted
    }

    /// When standings are shown while it is live.
    async fn results_visibility(&self) -> ResultsVisibility {
        self.results_visibility
    }

    /// How much the Discord bot tells of it.
    async fn announcements(&self) -> AnnouncementLevel {
        self.announcements
    }

    /// The Discord channel it is told in.
    #[requires_permission(voting::MANAGE)]
    async fn discord_channel_id(&self) -> Option<&str> {
        self.discord_channel_id.as_deref()
    }

    /// What keeps the draft from going live by itself; empty once it is live.
    #[requires_permission(voting::MANAGE)]
    #[graphql(name = "activationBlockers")]
    async fn shown_activation_blockers(&self, ctx: &Context<'_>) -> Result<Vec<ActivationBlocker>> {
        let caller = RequestContext::of(ctx);
        let entries = caller.load.entries_of.maybe(self.id).await?.unwrap_or_default();
        Ok(activation_blockers(self, entries.len(), caller.app.clock.now()))
    }

    /// What is voted on, in its order.
    async fn entries(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Entry>>> {
        let caller = RequestContext::of(ctx);
        if let Some(known) = caller.app.voting.tallies.entries(self.id) {
            return Ok(known.to_vec());
        }
        let entries = caller.load.entries_of.maybe(self.id).await?.unwrap_or_default();
        caller.app.voting.tallies.insert_entries(self, &entries);
        Ok(entries.to_vec())
    }

    /// The officer who made it.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.created_by {
            Some(officer) => RequestContext::of(ctx).load.member.maybe(officer).await,
            None => Ok(None),
        }
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// How many may vote and how many have; frozen when it closes.
    async fn turnout(&self, ctx: &Context<'_>) -> Result<Turnout> {
        Ok(RequestContext::of(ctx).load.turnout.maybe(self.id).await?.unwrap_or_default())
    }

    /// Every entry by place; `null` while they are hidden from the viewer.
    async fn standings(&self, ctx: &Context<'_>) -> Result<Option<Vec<Standing>>> {
        Ok(self.open_tally(ctx).await?.map(|tally| tally::standings(&tally)))
    }

    /// Why the standings are hidden from the viewer; `null` when they are not.
    #[graphql(name = "standingsHiddenReason")]
    async fn shown_standings_hidden_reason(&self, ctx: &Context<'_>) -> Result<Option<StandingsHiddenReason>> {
        self.hidden_reason(ctx).await
    }

    /// The rounds of an instant run-off; `null` for other methods, and while standings are hidden from the viewer.
    async fn runoff_rounds(&self, ctx: &Context<'_>) -> Result<Option<Vec<RunoffRound>>> {
        Ok(self.open_steps(ctx, CountSteps::Rounds).await?.map(|tally| tally::runoff_rounds(&tally)))
    }

    /// The comparisons of a Schulze count, a row an entry, in their order; `null` for other methods, and while standings
    /// are hidden from the viewer.
    async fn pairwise(&self, ctx: &Context<'_>) -> Result<Option<Vec<PairwiseRow>>> {
        Ok(self.open_steps(ctx, CountSteps::Pairwise).await?.map(|tally| tally::pairwise(&tally)))
    }

    /// The count of a single transferable vote; `null` for other methods, without a ballot, and while standings are hidden
    /// from the viewer.
    async fn transfers(&self, ctx: &Context<'_>) -> Result<Option<TransferCount>> {
        Ok(self.open_steps(ctx, CountSteps::Transfers).await?.and_then(|tally| tally::transfers(&tally)))
    }

    /// Who has won: all who share the first place, or all who were elected, in order; nobody without a ballot. `null` until
    /// the vote is over.
    async fn winners(&self, ctx: &Context<'_>) -> Result<Option<Vec<Arc<Entry>>>> {
        if !self.is_over() {
            return Ok(None);
        }
        Ok(self.open_tally(ctx).await?.map(|tally| tally::winners(&tally)))
    }

    /// Every ballot without its voter, to recount the result and to find one's own in it; `null` until the vote is over.
    async fn ballot_box(&self, ctx: &Context<'_>) -> Result<Option<ShownBallotBox>> {
        if !self.is_over() {
            return Ok(None);
        }
        Ok(RequestContext::of(ctx).load.ballot_box.maybe(self.id).await?.map(ShownBallotBox))
    }

    /// Whether the viewer can vote in it now.
    async fn viewer_can_vote(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.viewer_hindrance(ctx).await?.is_none())
    }

    /// Why the viewer cannot vote in it now; `null` when they can.
    async fn viewer_cannot_vote_reason(&self, ctx: &Context<'_>) -> Result<Option<CannotVoteReason>> {
        self.viewer_hindrance(ctx).await
    }

    /// The ballot the viewer cast. Nobody else ever sees it.
    async fn viewer_ballot(&self, ctx: &Context<'_>) -> Result<Option<Ballot>> {
        RequestContext::of(ctx).load.viewer_ballot.maybe(self.id).await
    }
}

impl Campaign {
    async fn has_voted(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(RequestContext::of(ctx).load.viewer_ballot.maybe(self.id).await?.is_some())
    }

    async fn hidden_reason(&self, ctx: &Context<'_>) -> Result<Option<StandingsHiddenReason>> {
        let viewer = RequestContext::of(ctx).viewer();
        // Whether they have voted is looked up only where it matters.
        Ok(match standings_hidden(self, viewer.as_deref(), false) {
            Some(StandingsHiddenReason::VoteFirst) if self.has_voted(ctx).await? => None,
            reason => reason,
        })
    }

    async fn open_tally(&self, ctx: &Context<'_>) -> Result<Option<Arc<Tally>>> {
        match self.hidden_reason(ctx).await? {
            None => RequestContext::of(ctx).load.tally.maybe(self.id).await,
            Some(_) => Ok(None),
        }
    }

    /// [`Campaign::open_tally`], if the method has these steps. They are charged to the response's budget.
    async fn open_steps(&self, ctx: &Context<'_>, steps: CountSteps) -> Result<Option<Arc<Tally>>> {
        if self.method.steps() != Some(steps) {
            return Ok(None);
        }
        let tally = self.open_tally(ctx).await?;
        if let Some(tally) = &tally {
            RequestContext::of(ctx).charge_response_budget(tally.outcome.table_size())?;
        }
        Ok(tally)
    }

    async fn viewer_hindrance(&self, ctx: &Context<'_>) -> Result<Option<CannotVoteReason>> {
        let caller = RequestContext::of(ctx);
        let has_voted = self.has_voted(ctx).await?;
        Ok(cannot_vote(self, caller.viewer().as_deref(), has_voted, caller.app.clock.now()))
    }
}

impl ConnectionNode for Campaign {
    const NAME: &'static str = "Campaign";
    type Filter = CampaignFilter;
    type Key = CampaignKey;

    fn key(&self) -> CampaignKey {
        (self.created_at, self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &CampaignFilter) -> Result<i64> {
        let (caller, filter) = (RequestContext::of(ctx), filter.clone());
        let guild = caller.guild;
        caller.app.db.read(async move |conn| Ok(store::count_campaigns(conn, guild, &filter).await?)).await
    }
}

/// A thing voted on.
#[Object(name = "CampaignEntry", serial)]
impl Entry {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// The campaign it stands in.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        RequestContext::of(ctx).load.campaign.one(self.campaign_id).await
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.name
    }

    /// More of it.
    async fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Its picture.
    async fn image_url(&self) -> Option<&str> {
        self.image_url.as_deref()
    }

    /// Its place in the campaign's order, from 0.
    async fn sort_order(&self) -> i64 {
        self.sort_order
    }

    /// The member it is about.
    async fn associated_member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.associated_member_id {
            Some(member) => RequestContext::of(ctx).load.member.maybe(member).await,
            None => Ok(None),
        }
    }
}
