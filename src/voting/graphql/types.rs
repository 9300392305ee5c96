//! Campaigns, entries, ballots and tallies as objects of the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use crate::{
    error::Result,
    graphql::caller::Caller,
    id::{EntryId, ballot_id},
    identity::Member,
    page::Listed,
    voting::{
        self, ActivationBlocker, AnnouncementLevel, Ballot, Campaign, CampaignFilter, CampaignKey, CampaignStatus,
        CannotVoteReason, Entry, ResultsVisibility, StandingsHiddenReason, Tally, Turnout, VotingMethod,
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
    #[requires_permission(CampaignsManage)]
    async fn discord_channel_id(&self) -> Option<&str> {
        self.discord_channel_id.as_deref()
    }

    /// What keeps the draft from going live by itself; empty once it is live.
    #[requires_permission(CampaignsManage)]
    #[graphql(name = "activationBlockers")]
    async fn shown_activation_blockers(&self, ctx: &Context<'_>) -> Result<Vec<ActivationBlocker>> {
        let caller = Caller::of(ctx);
        let entries = caller.load.entries_of.maybe(self.id).await?.unwrap_or_default();
        Ok(activation_blockers(self, entries.len(), caller.app.clock.now()))
    }

    /// What is voted on, in its order.
    async fn entries(&self, ctx: &Context<'_>) -> Result<Vec<Entry>> {
        Ok(Caller::of(ctx).load.entries_of.maybe(self.id).await?.unwrap_or_default())
    }

    /// The officer who made it.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.created_by {
            Some(officer) => Caller::of(ctx).load.member.maybe(officer).await,
            None => Ok(None),
        }
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// How many may vote and how many have; frozen when it closes.
    async fn turnout(&self, ctx: &Context<'_>) -> Result<Turnout> {
        Ok(Caller::of(ctx).load.turnout.maybe(self.id).await?.unwrap_or_default())
    }

    /// Every entry by place; `null` while they are hidden from the viewer.
    async fn standings(&self, ctx: &Context<'_>) -> Result<Option<Vec<Standing>>> {
        Ok(self.open_tally(ctx).await?.map(|tally| standings(&tally)))
    }

    /// Why the standings are hidden from the viewer; `null` when they are not.
    #[graphql(name = "standingsHiddenReason")]
    async fn shown_standings_hidden_reason(&self, ctx: &Context<'_>) -> Result<Option<StandingsHiddenReason>> {
        self.hidden_reason(ctx).await
    }

    /// The rounds of an instant run-off; `null` for other methods, and while standings are hidden from the viewer.
    async fn runoff_rounds(&self, ctx: &Context<'_>) -> Result<Option<Vec<RunoffRound>>> {
        if self.method != VotingMethod::InstantRunoff {
            return Ok(None);
        }
        Ok(self.open_tally(ctx).await?.map(|tally| runoff_rounds(&tally)))
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
        Caller::of(ctx).load.viewer_ballot.maybe(self.id).await
    }
}

impl Campaign {
    async fn has_voted(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(Caller::of(ctx).load.viewer_ballot.maybe(self.id).await?.is_some())
    }

    async fn hidden_reason(&self, ctx: &Context<'_>) -> Result<Option<StandingsHiddenReason>> {
        let viewer = Caller::of(ctx).viewer();
        // Whether they have voted is looked up only where it matters.
        Ok(match standings_hidden(self, viewer.as_deref(), false) {
            Some(StandingsHiddenReason::VoteFirst) if self.has_voted(ctx).await? => None,
            reason => reason,
        })
    }

    async fn open_tally(&self, ctx: &Context<'_>) -> Result<Option<Arc<Tally>>> {
        match self.hidden_reason(ctx).await? {
            None => Caller::of(ctx).load.tally.maybe(self.id).await,
            Some(_) => Ok(None),
        }
    }

    async fn viewer_hindrance(&self, ctx: &Context<'_>) -> Result<Option<CannotVoteReason>> {
        let caller = Caller::of(ctx);
        let has_voted = self.has_voted(ctx).await?;
        Ok(cannot_vote(self, caller.viewer().as_deref(), has_voted, caller.app.clock.now()))
    }
}

impl Listed for Campaign {
    const NAME: &'static str = "Campaign";
    type Filter = CampaignFilter;
    type Key = CampaignKey;

    fn key(&self) -> CampaignKey {
        (self.created_at, self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &CampaignFilter) -> Result<i64> {
        let (caller, filter) = (Caller::of(ctx), filter.clone());
        let guild = caller.guild;
        caller.app.db.read(async move |conn| Ok(store::count_campaigns(conn, guild, &filter).await?)).await
    }
}

/// A thing voted on.
#[Object(name = "CampaignEntry")]
impl Entry {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// The campaign it stands in.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        Caller::of(ctx).load.campaign.one(self.campaign_id).await
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
            Some(member) => Caller::of(ctx).load.member.maybe(member).await,
            None => Ok(None),
        }
    }
}

/// How many may vote, and how many have.
#[Object]
impl Turnout {
    /// Members who are eligible now, or have voted.
    async fn eligible(&self) -> i64 {
        self.eligible
    }

    /// Members who have voted.
    async fn voted(&self) -> i64 {
        self.voted
    }

    /// Voted of eligible in percent, rounded to one decimal.
    #[graphql(name = "percent")]
    async fn shown_percent(&self) -> f64 {
        self.percent()
    }

    /// Whether everyone eligible has voted, and there is someone.
    #[graphql(name = "allVoted")]
    async fn shown_all_voted(&self) -> bool {
        self.all_voted()
    }
}

/// Where an entry stands.
#[derive(SimpleObject)]
struct Standing {
    /// 1 is the winner's. Equals share a place, and the places after them are skipped.
    place: i64,
    /// The entry.
    entry: Entry,
    /// Points by the campaign's method.
    points: i64,
    /// `pickCounts[i]` ballots put the entry at position `i + 1`.
    pick_counts: Vec<i64>,
}

/// A round of an instant run-off.
#[derive(SimpleObject)]
struct RunoffRound {
    /// 1 is the first.
    number: i64,
    /// Votes of each entry still standing, most first.
    counts: Vec<RunoffCount>,
    /// Ballots none of whose entries still stand.
    exhausted: i64,
    /// Who is eliminated at the end of the round.
    eliminated: Vec<Entry>,
    /// Whether several shared the fewest votes, so that the tie had to be broken.
    tie_broken: bool,
    /// Who has won with this round.
    winner: Option<Entry>,
}

/// An entry's votes in a round.
#[derive(SimpleObject)]
struct RunoffCount {
    /// The entry.
    entry: Entry,
    /// Ballots whose highest entry still standing it is.
    votes: i64,
}

fn entry_of(tally: &Tally, id: EntryId) -> Option<Entry> {
    tally.entries.iter().find(|entry| entry.id == id).cloned()
}

fn standings(tally: &Tally) -> Vec<Standing> {
    let standing = |row: &voting::Standing| {
        let entry = entry_of(tally, row.entry)?;
        Some(Standing { place: row.place, entry, points: row.points, pick_counts: row.pick_counts.clone() })
    };
    tally.outcome.standings.iter().filter_map(standing).collect()
}

fn runoff_rounds(tally: &Tally) -> Vec<RunoffRound> {
    let count = |(entry, votes): &(EntryId, i64)| Some(RunoffCount { entry: entry_of(tally, *entry)?, votes: *votes });
    let round = |(number, round): (i64, &voting::Round)| RunoffRound {
        number,
        counts: round.counts.iter().filter_map(count).collect(),
        exhausted: round.exhausted,
        eliminated: round.eliminated.and_then(|entry| entry_of(tally, entry)).into_iter().collect(),
        tie_broken: round.tie_broken,
        winner: round.winner.and_then(|entry| entry_of(tally, entry)),
    };
    (1..).zip(&tally.outcome.rounds).map(round).collect()
}

/// One member's vote in one campaign, which only they see.
#[Object]
impl Ballot {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        ballot_id(self.campaign, self.member)
    }

    /// The campaign it was cast in.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Campaign> {
        Caller::of(ctx).load.campaign.one(self.campaign).await
    }

    /// The picks, first choice first.
    async fn picks(&self, ctx: &Context<'_>) -> Result<Vec<Entry>> {
        let load = &Caller::of(ctx).load.entry;
        futures_util::future::try_join_all(self.picks.iter().map(|entry| load.one(*entry))).await
    }

    /// When it was cast.
    async fn cast_at(&self) -> DateTime<Utc> {
        self.cast_at.and_utc()
    }
}

/// The count of a campaign's ballots at a moment.
pub struct VoteTally(pub(super) Arc<Tally>);

/// The count of a campaign's ballots at a moment.
#[Object]
impl VoteTally {
    /// The campaign as it was when the count was made.
    async fn campaign(&self) -> &Campaign {
        &self.0.campaign
    }

    /// Which count this is: it only grows.
    async fn revision(&self) -> i64 {
        self.0.revision
    }

    /// The campaign's status when the count was made.
    async fn status(&self) -> CampaignStatus {
        self.0.campaign.status
    }

    /// How many may vote and how many have.
    async fn turnout(&self) -> Turnout {
        self.0.turnout
    }

    /// Every entry by place.
    async fn standings(&self) -> Vec<Standing> {
        standings(&self.0)
    }

    /// Whether this is the result: it never changes again, and the stream ends.
    async fn is_final(&self) -> bool {
        self.0.campaign.is_over()
    }

    /// When it was counted.
    async fn counted_at(&self) -> DateTime<Utc> {
        self.0.counted_at.and_utc()
    }
}
