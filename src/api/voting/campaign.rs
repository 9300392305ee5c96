//! Campaigns and entries in the schema.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use guildhall_macros::{guarded, row};

use super::{
    ballots::BallotBoxObject,
    tally::{self, PairwiseRow, RunoffRound, Standing, TransferCount},
};
use crate::{
    api::{connection::ConnectionNode, context::RequestContext, row::List},
    identity::Member,
    kernel::error::Result,
    voting::{
        self, ActivationBlocker, AnnouncementLevel, Ballot, Campaign, CampaignAction, CampaignCloseReason,
        CampaignFilter, CampaignOrder, CampaignPosition, CampaignStatus, CannotVoteReason, CountSteps, Entries, Entry,
        ResultsVisibility, StandingsHiddenReason, Tally, Turnout, VotingMethod, activation_blockers, cannot_vote,
        standings_hidden, store,
    },
};

/// A vote: members cast ballots that pick among its entries.
#[guarded]
#[row]
impl Campaign {
    /// Global id of the campaign.
    pub(crate) fn id(&self) -> ID {
        self.id.into()
    }

    /// Title of the campaign.
    fn title(&self) -> &str {
        &self.title
    }

    /// Description of the campaign, if any.
    fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// How ballots are counted.
    fn method(&self) -> VotingMethod {
        self.method
    }

    /// Number of picks on a ballot: exactly this many for `WEIGHTED`, at most this many for other methods.
    fn picks_per_voter(&self) -> i64 {
        self.picks_per_voter
    }

    /// Number of winners: 1 for all methods except `SINGLE_TRANSFERABLE_VOTE`.
    fn seats(&self) -> i64 {
        self.seats
    }

    /// Level of the lowest rank that may vote. It follows the rank when the rank's level changes.
    async fn min_rank_level_to_vote(&self, ctx: &Context<'_>) -> Result<i64> {
        RequestContext::of(ctx).level_of_bound(self, self.min_rank_level_to_vote).await
    }

    /// Level of the lowest rank that may see the campaign; `null` for everyone, also visitors who are not signed in. It
    /// follows the rank when the rank's level changes.
    async fn min_rank_level_to_view(&self, ctx: &Context<'_>) -> Result<Option<i64>> {
        let Some(bound) = self.min_rank_level_to_view else { return Ok(None) };
        RequestContext::of(ctx).level_of_bound(self, bound).await.map(Some)
    }

    /// Time at which the campaign went live or is scheduled to; `null` for a draft without a schedule.
    fn start_at(&self) -> Option<DateTime<Utc>> {
        self.start_at.map(|at| at.and_utc())
    }

    /// Duration of the voting, in hours.
    fn duration_hours(&self) -> i64 {
        self.duration_hours
    }

    /// Time from which ballots are refused: `startAt` plus `durationHours`; `null` without `startAt`. It does not
    /// change if the campaign closes earlier.
    fn closes_at(&self) -> Option<DateTime<Utc>> {
        self.closes_at.map(|at| at.and_utc())
    }

    /// Time at which the campaign closed; `null` before.
    fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.closed_at.map(|at| at.and_utc())
    }

    /// Why the campaign closed. `null` before, and for some campaigns that closed before the server recorded it.
    #[graphql(name = "closeReason")]
    fn shown_close_reason(&self) -> Option<CampaignCloseReason> {
        self.close_reason()
    }

    /// Why the officers cancelled the campaign; `null` if they did not. A cancelled campaign never has standings,
    /// winners or a ballot box.
    fn cancel_reason(&self) -> Option<&str> {
        self.cancel_reason.as_deref()
    }

    /// What the officers made of the result; `null` if they have not said.
    fn outcome(&self) -> Option<&str> {
        self.outcome.as_deref()
    }

    /// Current status.
    fn status(&self) -> CampaignStatus {
        self.status
    }

    /// Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`. A demotion
    /// or a deactivation closes nothing.
    fn early_close_if_all_voted(&self) -> bool {
        self.early_close_if_all_voted
    }

    /// Who sees the standings while the campaign is live.
    async fn results_visibility(&self) -> ResultsVisibility {
        self.results_visibility
    }

    /// Events that the Discord bot announces.
    fn announcements(&self) -> AnnouncementLevel {
        self.announcements
    }

    /// Id of the Discord channel for announcements; `null` for the guild's default channel, which announces only
    /// campaigns that all ranks may see.
    #[requires_permission(voting::MANAGE)]
    fn discord_channel_id(&self) -> Option<&str> {
        self.discord_channel_id.as_deref()
    }

    /// What still prevents the draft from going live; empty if nothing does, and after the draft.
    #[requires_permission(voting::MANAGE)]
    #[graphql(name = "activationBlockers")]
    async fn shown_activation_blockers(&self, ctx: &Context<'_>) -> Result<Vec<ActivationBlocker>> {
        let context = RequestContext::of(ctx);
        let entries = context.loaders.entries_of.load(self.id).await?.unwrap_or_default();
        Ok(activation_blockers(self, entries.len(), context.app.clock.now()))
    }

    /// Revision of the draft: it grows with each edit of the draft or its entries. `updateCampaign` and `setEntries`
    /// take it, so that officers do not overwrite each other's edits.
    #[requires_permission(voting::MANAGE)]
    async fn draft_revision(&self) -> Option<i64> {
        Some(self.draft_revision)
    }

    /// Entries to vote on, in their order.
    async fn entries(&self, ctx: &Context<'_>) -> Result<List<Entries>> {
        let context = RequestContext::of(ctx);
        if let Some(known) = context.app.voting.tallies.entries(self.id) {
            return Ok(List(known));
        }
        let entries = context.loaders.entries_of.load(self.id).await?.unwrap_or_default();
        context.app.voting.tallies.insert_entries(self, &entries);
        Ok(List(entries))
    }

    /// The officer who created the campaign; `null` if unknown.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match self.created_by {
            Some(officer) => RequestContext::of(ctx).member(officer).await,
            None => Ok(None),
        }
    }

    /// Time at which the campaign was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// Number of eligible members and of voters. Of a draft, the members who would be eligible if it started now. Fixed
    /// when the campaign closes.
    async fn turnout(&self, ctx: &Context<'_>) -> Result<Turnout> {
        RequestContext::of(ctx).turnout(self).await
    }

    /// All entries by place; `null` while the standings are hidden from the viewer (see `standingsHiddenReason`).
    async fn standings(&self, ctx: &Context<'_>) -> Result<Option<List<Vec<Standing>>>> {
        Ok(self.visible_tally(ctx).await?.map(|tally| List(tally::standings(&tally))))
    }

    /// Why the standings are hidden from the viewer; `null` if they are not.
    #[graphql(name = "standingsHiddenReason")]
    async fn shown_standings_hidden_reason(&self, ctx: &Context<'_>) -> Result<Option<StandingsHiddenReason>> {
        self.hidden_reason(ctx).await
    }

    /// Rounds of an `INSTANT_RUNOFF` count; `null` for other methods and while the standings are hidden from the
    /// viewer.
    async fn runoff_rounds(&self, ctx: &Context<'_>) -> Result<Option<Vec<RunoffRound>>> {
        Ok(self.visible_steps(ctx, CountSteps::Rounds).await?.map(|tally| tally::runoff_rounds(&tally)))
    }

    /// Pairwise comparisons of a `SCHULZE` count: one row for each entry, in the order of `entries`. `null` for other
    /// methods and while the standings are hidden from the viewer.
    async fn pairwise(&self, ctx: &Context<'_>) -> Result<Option<Vec<PairwiseRow>>> {
        Ok(self.visible_steps(ctx, CountSteps::Pairwise).await?.map(|tally| tally::pairwise(&tally)))
    }

    /// Stages of a `SINGLE_TRANSFERABLE_VOTE` count; `null` for other methods, without ballots and while the standings
    /// are hidden from the viewer.
    async fn transfers(&self, ctx: &Context<'_>) -> Result<Option<TransferCount>> {
        Ok(self.visible_steps(ctx, CountSteps::Transfers).await?.and_then(|tally| tally::transfers(&tally)))
    }

    /// Winners: all entries that share the first place, or all elected entries in order. Empty without ballots; `null`
    /// until the campaign closes, and if it was cancelled.
    async fn winners(&self, ctx: &Context<'_>) -> Result<Option<Vec<Arc<Entry>>>> {
        if !self.is_over() {
            return Ok(None);
        }
        Ok(self.visible_tally(ctx).await?.map(|tally| tally::winners(&tally)))
    }

    /// Whether only the listed order of the entries separates the winners from the others: in another order, the same
    /// ballots would have other winners. `false` for a tie that changed no winner, and for entries that share the first
    /// place; `null` until the campaign closes, and if it was cancelled.
    async fn decided_by_listed_order(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        if !self.has_result() {
            return Ok(None);
        }
        RequestContext::of(ctx).loaders.decided_by_order.load(self.id).await
    }

    /// Published ballots without their voters; `null` until the campaign closes, and if it was cancelled.
    async fn ballot_box(&self, ctx: &Context<'_>) -> Result<Option<BallotBoxObject>> {
        if !self.has_result() {
            return Ok(None);
        }
        Ok(RequestContext::of(ctx).loaders.ballot_box.load(self.id).await?.map(BallotBoxObject))
    }

    /// Whether the viewer can vote now.
    async fn viewer_can_vote(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(self.cannot_vote_reason(ctx).await?.is_none())
    }

    /// Why the viewer cannot vote now; `null` if they can.
    async fn viewer_cannot_vote_reason(&self, ctx: &Context<'_>) -> Result<Option<CannotVoteReason>> {
        self.cannot_vote_reason(ctx).await
    }

    /// What the viewer can do with the campaign now; empty for viewers who cannot manage campaigns. `ACTIVATE` is
    /// missing while `activateCampaign` would be refused, and `EDIT` while only higher ranks than the viewer's can vote.
    async fn viewer_actions(&self, ctx: &Context<'_>) -> Result<Vec<CampaignAction>> {
        let context = RequestContext::of(ctx);
        let Some(officer) = context.current_viewer().await?.filter(|viewer| viewer.may(voting::MANAGE)) else {
            return Ok(Vec::new());
        };
        let entries = match self.status {
            CampaignStatus::Draft => context.loaders.entries_of.load(self.id).await?.map_or(0, |it| it.len()),
            _ => 0,
        };
        Ok(voting::actions(self, officer.rank_level, entries, context.app.clock.now()))
    }

    /// The ballot of the viewer; `null` if they have not voted. Other members cannot see it.
    async fn viewer_ballot(&self, ctx: &Context<'_>) -> Result<Option<Ballot>> {
        RequestContext::of(ctx).loaders.viewer_ballot.load(self.id).await
    }
}

impl Campaign {
    async fn has_voted(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(RequestContext::of(ctx).loaders.viewer_ballot.load(self.id).await?.is_some())
    }

    async fn hidden_reason(&self, ctx: &Context<'_>) -> Result<Option<StandingsHiddenReason>> {
        let (campaign, viewer) = RequestContext::of(ctx).on_one_ladder(Cow::Borrowed(self)).await?;
        // The query for the ballot runs only if the answer depends on it.
        Ok(match standings_hidden(&campaign, viewer.as_deref(), false) {
            Some(StandingsHiddenReason::VoteFirst) if self.has_voted(ctx).await? => None,
            reason => reason,
        })
    }

    async fn visible_tally(&self, ctx: &Context<'_>) -> Result<Option<Arc<Tally>>> {
        match self.hidden_reason(ctx).await? {
            None => {
                let tally = RequestContext::of(ctx).tally(self).await?;
                // It may have been cancelled since this campaign was read.
                Ok(tally.filter(|tally| !tally.campaign.is_cancelled()))
            }
            Some(_) => Ok(None),
        }
    }

    /// [`Campaign::visible_tally`], if the method has these steps. Charges them to the response's budget.
    async fn visible_steps(&self, ctx: &Context<'_>, steps: CountSteps) -> Result<Option<Arc<Tally>>> {
        if self.method.steps() != Some(steps) {
            return Ok(None);
        }
        let tally = self.visible_tally(ctx).await?;
        if let Some(tally) = &tally {
            RequestContext::of(ctx).charge_response_budget(tally.outcome.table_size())?;
        }
        Ok(tally)
    }

    async fn cannot_vote_reason(&self, ctx: &Context<'_>) -> Result<Option<CannotVoteReason>> {
        let context = RequestContext::of(ctx);
        let has_voted = self.has_voted(ctx).await?;
        let (campaign, viewer) = context.on_one_ladder(Cow::Borrowed(self)).await?;
        Ok(cannot_vote(&campaign, viewer.as_deref(), has_voted, context.app.clock.now()))
    }
}

impl ConnectionNode for Campaign {
    const NAME: &'static str = "Campaign";
    type Filter = CampaignFilter;
    type Order = CampaignOrder;
    type Key = CampaignPosition;

    fn key(&self, order: CampaignOrder) -> CampaignPosition {
        self.position(order)
    }

    async fn count(ctx: &Context<'_>, filter: &CampaignFilter) -> Result<i64> {
        let (context, filter) = (RequestContext::of(ctx), filter.clone());
        let guild = context.guild;
        let key = format!("campaigns count {filter:?}");
        context.read_once(key, async move |conn| Ok(store::count_campaigns(conn, guild, &filter).await?)).await
    }
}

/// An entry of a campaign: an option to vote on.
#[row(name = "CampaignEntry")]
impl Entry {
    /// Global id of the entry.
    pub(crate) fn id(&self) -> ID {
        self.id.into()
    }

    /// The campaign of the entry.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        RequestContext::of(ctx).loaders.campaign.load_required(self.campaign_id).await
    }

    /// Name of the entry.
    fn name(&self) -> &str {
        &self.name
    }

    /// Description of the entry, if any.
    fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// URL of an image, if any.
    fn image_url(&self) -> Option<&str> {
        self.image_url.as_deref()
    }

    /// Number by which the entries of a campaign are sorted, lowest first. Numbers of removed entries are missing.
    fn sort_order(&self) -> i64 {
        self.sort_order
    }

    /// The member whom the entry is about, if any.
    async fn associated_member(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match self.associated_member_id {
            Some(member) => RequestContext::of(ctx).member(member).await,
            None => Ok(None),
        }
    }
}
