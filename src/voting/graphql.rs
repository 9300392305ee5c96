//! Votes in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject, Subscription};
use chrono::{DateTime, SubsecRound, Utc};
use futures_util::Stream;
use guildhall_macros::guarded;

use super::{
    ActivationBlocker, AnnouncementLevel, Ballot, Campaign, CampaignChange, CampaignFilter, CampaignKey,
    CampaignStatus, CannotVoteReason, Entry, EntryChange, NewCampaign, NewEntry, ResultsVisibility,
    StandingsHiddenReason, Tally, Turnout, VotingMethod, activate, activation_blockers, add_entry, archive,
    cannot_vote, cast_ballot, close, create_campaign, delete_campaign, may_see, remove_entry, reorder_entries,
    standings_hidden, store, update_campaign, update_entry, watchable_campaign,
};
use crate::{
    auth::Permission,
    clock::Instant,
    error::{Error, Refusal, Result},
    graphql::caller::Caller,
    id::{CampaignId, EntryId, MemberId, ballot_id},
    identity::Member,
    live,
    page::{Connection, Listed, PageArgs},
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
    let standing = |row: &super::Standing| {
        let entry = entry_of(tally, row.entry)?;
        Some(Standing { place: row.place, entry, points: row.points, pick_counts: row.pick_counts.clone() })
    };
    tally.outcome.standings.iter().filter_map(standing).collect()
}

fn runoff_rounds(tally: &Tally) -> Vec<RunoffRound> {
    let count = |(entry, votes): &(EntryId, i64)| Some(RunoffCount { entry: entry_of(tally, *entry)?, votes: *votes });
    let round = |(number, round): (i64, &super::Round)| RunoffRound {
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
pub struct VoteTally(Arc<Tally>);

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
        let (guild, viewer) = (caller.guild, caller.viewer());
        let page = PageArgs { first, after, last, before }.page::<Campaign>(guild)?;
        let filter = CampaignFilter {
            status: filter.and_then(|filter| filter.status),
            viewer_level: viewer.as_ref().map(|viewer| viewer.rank_level),
            drafts: viewer.is_some_and(|viewer| viewer.may(Permission::CampaignsManage)),
        };
        let list = async move |conn: &mut crate::db::Conn| {
            let rows = store::list_campaigns(conn, guild, &filter, &page).await?;
            Ok(Connection::new(guild, &page, rows, filter))
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

/// A thing to vote on.
#[derive(InputObject)]
struct EntryInput {
    /// Its name, up to 200 characters.
    name: String,
    /// More of it, up to 5,000 characters.
    description: Option<String>,
    /// Its picture, an http or https URL.
    image_url: Option<String>,
    /// The member it is about.
    associated_member_id: Option<ID>,
}

impl From<EntryInput> for NewEntry {
    fn from(input: EntryInput) -> Self {
        Self {
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.map(|id| MemberId::try_from(&id).ok()),
        }
    }
}

/// A vote to prepare.
#[derive(InputObject)]
struct CreateCampaignInput {
    /// What the vote is about, up to 200 characters.
    title: String,
    /// More of it, up to 5,000 characters.
    description: Option<String>,
    /// How ballots are counted.
    #[graphql(default_with = "VotingMethod::Weighted")]
    method: VotingMethod,
    /// How many entries a ballot names: 1 to 10.
    #[graphql(default = 3)]
    picks_per_voter: i32,
    /// The least rank level that votes; not above your own.
    min_rank_level_to_vote: i32,
    /// The least rank level that sees it; not above the one that votes. Without it everyone does.
    min_rank_level_to_view: Option<i32>,
    /// When it goes live by itself.
    start_at: Option<DateTime<Utc>>,
    /// How long it takes ballots: 1 to 8,760 hours.
    duration_hours: i32,
    /// Whether it closes as soon as everyone eligible has voted.
    #[graphql(default = true)]
    early_close_if_all_voted: bool,
    /// When standings are shown while it is live.
    #[graphql(default_with = "ResultsVisibility::AfterVoting")]
    results_visibility: ResultsVisibility,
    /// How much the Discord bot tells of it.
    #[graphql(default_with = "AnnouncementLevel::Normal")]
    announcements: AnnouncementLevel,
    /// The Discord channel it is told in; the guild's default unless given.
    discord_channel_id: Option<String>,
    /// What is voted on, in order: up to 200.
    #[graphql(default)]
    entries: Vec<EntryInput>,
}

/// What is to change of a draft. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateCampaignInput {
    /// Which campaign.
    id: ID,
    /// What the vote is about.
    title: Option<String>,
    /// More of it.
    description: MaybeUndefined<String>,
    /// How ballots are counted.
    method: Option<VotingMethod>,
    /// How many entries a ballot names.
    picks_per_voter: Option<i32>,
    /// The least rank level that votes.
    min_rank_level_to_vote: Option<i32>,
    /// The least rank level that sees it.
    min_rank_level_to_view: MaybeUndefined<i32>,
    /// When it goes live by itself.
    start_at: MaybeUndefined<DateTime<Utc>>,
    /// How long it takes ballots, in hours.
    duration_hours: Option<i32>,
    /// Whether it closes as soon as everyone eligible has voted.
    early_close_if_all_voted: Option<bool>,
    /// When standings are shown while it is live.
    results_visibility: Option<ResultsVisibility>,
    /// How much the Discord bot tells of it.
    announcements: Option<AnnouncementLevel>,
    /// The Discord channel it is told in.
    discord_channel_id: MaybeUndefined<String>,
}

/// An entry to add to a draft.
#[derive(InputObject)]
struct AddEntryInput {
    /// Which campaign.
    campaign_id: ID,
    /// The entry.
    entry: EntryInput,
}

/// What is to change of a draft's entry. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateEntryInput {
    /// Which entry.
    id: ID,
    /// Its name.
    name: Option<String>,
    /// More of it.
    description: MaybeUndefined<String>,
    /// Its picture.
    image_url: MaybeUndefined<String>,
    /// The member it is about.
    associated_member_id: MaybeUndefined<ID>,
}

/// A ballot to cast.
#[derive(InputObject)]
struct CastBallotInput {
    /// In which campaign.
    campaign_id: ID,
    /// Entries of the campaign, first choice first, each once.
    picks: Vec<ID>,
}

/// A campaign, changed.
#[derive(SimpleObject)]
struct CampaignPayload {
    /// The campaign as it is now.
    campaign: Campaign,
}

/// An entry, changed.
#[derive(SimpleObject)]
struct EntryPayload {
    /// The entry as it is now.
    entry: Entry,
    /// Its campaign.
    campaign: Campaign,
}

/// A ballot, cast.
#[derive(SimpleObject)]
struct CastBallotPayload {
    /// The ballot. It is kept, whatever happens next.
    ballot: Ballot,
    /// Its campaign, closed already if this was the last ballot it waited for.
    campaign: Campaign,
}

/// What was deleted.
#[derive(SimpleObject)]
struct DeletePayload {
    /// The id it had.
    deleted_id: ID,
}

/// What changes votes.
#[derive(Default)]
pub struct VotingMutation;

#[guarded]
#[Object]
impl VotingMutation {
    /// Prepares a vote as a draft.
    #[requires_permission(CampaignsManage)]
    async fn create_campaign(&self, ctx: &Context<'_>, input: CreateCampaignInput) -> Result<CampaignPayload> {
        let caller = Caller::of(ctx);
        let new = NewCampaign {
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.into(),
            min_rank_level_to_vote: input.min_rank_level_to_vote.into(),
            min_rank_level_to_view: input.min_rank_level_to_view.map(i64::from),
            start_at: input.start_at.map(instant),
            duration_hours: input.duration_hours.into(),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
            entries: input.entries.into_iter().map(NewEntry::from).collect(),
        };
        Ok(CampaignPayload { campaign: create_campaign(&caller.app, &*caller.signed_in()?, new).await? })
    }

    /// Changes a draft's settings.
    #[requires_permission(CampaignsManage)]
    async fn update_campaign(&self, ctx: &Context<'_>, input: UpdateCampaignInput) -> Result<CampaignPayload> {
        let caller = Caller::of(ctx);
        let change = CampaignChange {
            id: campaign_id("id", &input.id)?,
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.map(i64::from),
            min_rank_level_to_vote: input.min_rank_level_to_vote.map(i64::from),
            min_rank_level_to_view: input.min_rank_level_to_view.map_value(i64::from),
            start_at: input.start_at.map_value(instant),
            duration_hours: input.duration_hours.map(i64::from),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
        };
        Ok(CampaignPayload { campaign: update_campaign(&caller.app, &*caller.signed_in()?, change).await? })
    }

    /// Deletes a draft.
    #[requires_permission(CampaignsManage)]
    async fn delete_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which draft.")] id: ID,
    ) -> Result<DeletePayload> {
        let caller = Caller::of(ctx);
        delete_campaign(&caller.app, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Adds an entry at a draft's end.
    #[requires_permission(CampaignsManage)]
    async fn add_entry(&self, ctx: &Context<'_>, input: AddEntryInput) -> Result<EntryPayload> {
        let caller = Caller::of(ctx);
        let campaign = campaign_id("campaignId", &input.campaign_id)?;
        let (entry, campaign) =
            add_entry(&caller.app, &*caller.signed_in()?, campaign, input.entry.into()).await?;
        Ok(EntryPayload { entry, campaign })
    }

    /// Changes an entry of a draft.
    #[requires_permission(CampaignsManage)]
    async fn update_entry(&self, ctx: &Context<'_>, input: UpdateEntryInput) -> Result<EntryPayload> {
        let caller = Caller::of(ctx);
        let change = EntryChange {
            id: entry_id(&input.id)?,
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.map_value(|id| MemberId::try_from(&id).ok()),
        };
        let (entry, campaign) = update_entry(&caller.app, &*caller.signed_in()?, change).await?;
        Ok(EntryPayload { entry, campaign })
    }

    /// Takes an entry off a draft.
    #[requires_permission(CampaignsManage)]
    async fn remove_entry(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which entry.")] id: ID,
    ) -> Result<DeletePayload> {
        let caller = Caller::of(ctx);
        remove_entry(&caller.app, &*caller.signed_in()?, entry_id(&id)?).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Puts a draft's entries in this order.
    #[requires_permission(CampaignsManage)]
    async fn reorder_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which draft.")] campaign_id: ID,
        #[graphql(desc = "All its entries, each once.")] entry_ids: Vec<ID>,
    ) -> Result<CampaignPayload> {
        let caller = Caller::of(ctx);
        let campaign = self::campaign_id("campaignId", &campaign_id)?;
        let order = entry_ids.iter().map(|id| EntryId::try_from(id).ok()).collect();
        let campaign = reorder_entries(&caller.app, &*caller.signed_in()?, campaign, order).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Sets a draft live, now.
    #[requires_permission(CampaignsManage)]
    async fn activate_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which draft.")] id: ID,
    ) -> Result<CampaignPayload> {
        let caller = Caller::of(ctx);
        let campaign = activate(&caller.app, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Closes a live vote before its time, and stores its result.
    #[requires_permission(CampaignsManage)]
    async fn close_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which live vote.")] id: ID,
    ) -> Result<CampaignPayload> {
        let caller = Caller::of(ctx);
        let campaign = close(&caller.app, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Archives a closed vote: it is hidden from default lists.
    #[requires_permission(CampaignsManage)]
    async fn archive_campaign(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which closed vote.")] id: ID,
    ) -> Result<CampaignPayload> {
        let caller = Caller::of(ctx);
        let campaign = archive(&caller.app, &*caller.signed_in()?, campaign_id("id", &id)?).await?;
        Ok(CampaignPayload { campaign })
    }

    /// Casts the viewer's ballot in a live vote: once, for good, and for nobody else to see.
    #[authenticated]
    async fn cast_ballot(&self, ctx: &Context<'_>, input: CastBallotInput) -> Result<CastBallotPayload> {
        let caller = Caller::of(ctx);
        let campaign = campaign_id("campaignId", &input.campaign_id)?;
        let picks = input.picks.iter().map(|id| EntryId::try_from(id).ok()).collect();
        let (ballot, campaign) = cast_ballot(&caller.app, &*caller.signed_in()?, campaign, picks).await?;
        Ok(CastBallotPayload { ballot, campaign })
    }
}

fn campaign_id(field: &'static str, id: &ID) -> Result<CampaignId, Refusal> {
    CampaignId::try_from(id).map_err(|_| Refusal::not_found("campaign").at(field))
}

fn entry_id(id: &ID) -> Result<EntryId, Refusal> {
    EntryId::try_from(id).map_err(|_| Refusal::not_found("entry").at("id"))
}

fn instant(at: DateTime<Utc>) -> Instant {
    at.naive_utc().trunc_subsecs(6)
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
        let id = self::campaign_id("campaignId", &campaign_id)?;
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
                let next = tokio::select! {
                    biased;
                    _ = access.changed() => None,
                    () = expired => None,
                    tally = tallies.next() => Some(tally),
                };
                match next {
                    None => recheck(&caller, id).await?,
                    Some(None) => break,
                    Some(Some(tally)) => {
                        let is_final = tally.campaign.is_over();
                        yield VoteTally(tally);
                        if is_final {
                            break;
                        }
                    }
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
