//! Inputs of the mutations of campaigns and ballots.

use async_graphql::{ID, InputObject, MaybeUndefined};
use chrono::{DateTime, SubsecRound, Utc};

use crate::{
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, MemberId},
    },
    voting::{
        AnnouncementLevel, CampaignChange, EntryChange, ListedEntry, NewCampaign, NewEntry, ResultsVisibility,
        VotingMethod,
    },
};

/// An entry to create.
#[derive(InputObject)]
pub(super) struct EntryInput {
    /// Name, at most 200 characters. The entries of a campaign differ by name, ignoring case, width and spaces.
    name: String,
    /// Description, at most 5,000 characters.
    description: Option<String>,
    /// URL of an image (`http` or `https`), at most 2,048 characters.
    image_url: Option<String>,
    /// Id of the member whom the entry is about. A campaign has at most one entry about a member.
    associated_member_id: Option<ID>,
}

impl From<EntryInput> for NewEntry {
    fn from(input: EntryInput) -> Self {
        Self {
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.as_ref().map(MemberId::from_input),
        }
    }
}

/// A campaign to create as a draft.
#[derive(InputObject)]
pub(super) struct CreateCampaignInput {
    /// Title, at most 200 characters.
    title: String,
    /// Description, at most 5,000 characters.
    description: Option<String>,
    /// How ballots are counted.
    #[graphql(default_with = "VotingMethod::Weighted")]
    method: VotingMethod,
    /// Number of picks on a ballot, 1 to 10: exactly this many for `WEIGHTED`, at most this many for other methods.
    #[graphql(default = 3)]
    picks_per_voter: i32,
    /// Number of winners: 1 to 100 for `SINGLE_TRANSFERABLE_VOTE`, 1 for all other methods.
    #[graphql(default = 1)]
    seats: i32,
    /// Lowest rank level that may vote, 1 to 1000; not above the viewer's own level. It stands for the lowest rank at
    /// or above it.
    min_rank_level_to_vote: i32,
    /// Lowest rank level that may see the campaign; not above `minRankLevelToVote`. Without it, everyone may. It stands
    /// for the lowest rank at or above it.
    min_rank_level_to_view: Option<i32>,
    /// Time at which the draft goes live automatically. Without it, an officer starts the campaign.
    start_at: Option<DateTime<Utc>>,
    /// Duration of the voting, 1 to 8,760 hours.
    duration_hours: i32,
    /// Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`.
    #[graphql(default = false)]
    early_close_if_all_voted: bool,
    /// Who sees the standings while the campaign is live.
    #[graphql(default_with = "ResultsVisibility::AfterVoting")]
    results_visibility: ResultsVisibility,
    /// Events that the Discord bot announces.
    #[graphql(default_with = "AnnouncementLevel::Normal")]
    announcements: AnnouncementLevel,
    /// Id of the Discord channel for announcements. Without it, the guild's default channel.
    discord_channel_id: Option<String>,
    /// Entries in their order, at most 200.
    #[graphql(default)]
    entries: Vec<EntryInput>,
}

impl From<CreateCampaignInput> for NewCampaign {
    fn from(input: CreateCampaignInput) -> Self {
        Self {
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.into(),
            seats: input.seats.into(),
            min_rank_level_to_vote: input.min_rank_level_to_vote.into(),
            min_rank_level_to_view: input.min_rank_level_to_view.map(i64::from),
            start_at: input.start_at.map(timestamp),
            duration_hours: input.duration_hours.into(),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
            entries: input.entries.into_iter().map(NewEntry::from).collect(),
        }
    }
}

/// Changes to a draft. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
pub(super) struct UpdateCampaignInput {
    /// Id of the draft.
    id: ID,
    /// Title, at most 200 characters.
    title: Option<String>,
    /// Description, at most 5,000 characters.
    description: MaybeUndefined<String>,
    /// How ballots are counted.
    method: Option<VotingMethod>,
    /// Number of picks on a ballot, 1 to 10.
    picks_per_voter: Option<i32>,
    /// Number of winners, as in `CreateCampaignInput`.
    seats: Option<i32>,
    /// Lowest rank level that may vote, 1 to 1000; not above the viewer's own level.
    min_rank_level_to_vote: Option<i32>,
    /// Lowest rank level that may see the campaign, not above `minRankLevelToVote`; `null` for everyone.
    min_rank_level_to_view: MaybeUndefined<i32>,
    /// Time at which the draft goes live automatically; `null` for never.
    start_at: MaybeUndefined<DateTime<Utc>>,
    /// Duration of the voting, 1 to 8,760 hours.
    duration_hours: Option<i32>,
    /// Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`.
    early_close_if_all_voted: Option<bool>,
    /// Who sees the standings while the campaign is live.
    results_visibility: Option<ResultsVisibility>,
    /// Events that the Discord bot announces.
    announcements: Option<AnnouncementLevel>,
    /// Id of the Discord channel for announcements; `null` for the guild's default channel.
    discord_channel_id: MaybeUndefined<String>,
    /// `Campaign.draftRevision` as the officer has seen it. If the draft has another one by now, the change is refused.
    draft_revision: Option<i32>,
}

impl From<UpdateCampaignInput> for CampaignChange {
    fn from(input: UpdateCampaignInput) -> Self {
        Self {
            id: CampaignId::from_input(&input.id),
            draft_revision: input.draft_revision.map(i64::from),
            title: input.title,
            description: input.description,
            method: input.method,
            picks_per_voter: input.picks_per_voter.map(i64::from),
            seats: input.seats.map(i64::from),
            min_rank_level_to_vote: input.min_rank_level_to_vote.map(i64::from),
            min_rank_level_to_view: input.min_rank_level_to_view.map_value(i64::from),
            start_at: input.start_at.map_value(timestamp),
            duration_hours: input.duration_hours.map(i64::from),
            early_close_if_all_voted: input.early_close_if_all_voted,
            results_visibility: input.results_visibility,
            announcements: input.announcements,
            discord_channel_id: input.discord_channel_id,
        }
    }
}

/// An entry to add to a draft.
#[derive(InputObject)]
pub(super) struct AddEntryInput {
    /// Id of the draft.
    pub(super) campaign_id: ID,
    /// The entry.
    pub(super) entry: EntryInput,
}

/// Changes to an entry of a draft. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
pub(super) struct UpdateEntryInput {
    /// Id of the entry.
    id: ID,
    /// Name, at most 200 characters.
    name: Option<String>,
    /// Description, at most 5,000 characters.
    description: MaybeUndefined<String>,
    /// URL of an image (`http` or `https`), at most 2,048 characters.
    image_url: MaybeUndefined<String>,
    /// Id of the member whom the entry is about.
    associated_member_id: MaybeUndefined<ID>,
}

impl From<UpdateEntryInput> for EntryChange {
    fn from(input: UpdateEntryInput) -> Self {
        Self {
            id: EntryId::from_input(&input.id),
            name: input.name,
            description: input.description,
            image_url: input.image_url,
            associated_member: input.associated_member_id.map_value(|id| MemberId::from_input(&id)),
        }
    }
}

/// An entry of a draft's new list of entries.
#[derive(InputObject)]
pub(super) struct SetEntryInput {
    /// Id of the entry to keep or change. Without it, the entry is new.
    id: Option<ID>,
    /// The whole entry: an omitted field is empty, also if the entry had a value before.
    entry: EntryInput,
}

impl From<SetEntryInput> for ListedEntry {
    fn from(input: SetEntryInput) -> Self {
        Self { id: input.id.as_ref().map(EntryId::from_input), entry: input.entry.into() }
    }
}

/// The new list of a draft's entries.
#[derive(InputObject)]
pub(super) struct SetEntriesInput {
    /// Id of the draft.
    pub(super) campaign_id: ID,
    /// `Campaign.draftRevision` as the officer has seen it. If the draft has another one by now, the change is refused.
    pub(super) draft_revision: Option<i32>,
    /// All entries in their order, at most 200. Entries of the draft that are left out are removed.
    pub(super) entries: Vec<SetEntryInput>,
}

/// A live campaign to cancel.
#[derive(InputObject)]
pub(super) struct CancelCampaignInput {
    /// Id of the live campaign.
    pub(super) id: ID,
    /// Why it is cancelled, 1 to 500 characters. Everyone who sees the campaign can read it.
    pub(super) reason: String,
}

/// The outcome of a campaign.
#[derive(InputObject)]
pub(super) struct SetOutcomeInput {
    /// Id of the closed or archived campaign.
    pub(super) campaign_id: ID,
    /// What the officers made of the result, at most 2,000 characters; `null` takes it back. Everyone who sees the
    /// campaign can read it.
    pub(super) outcome: Option<String>,
}

/// A ballot to cast.
#[derive(InputObject)]
pub(super) struct CastBallotInput {
    /// Id of the campaign.
    pub(super) campaign_id: ID,
    /// Ids of entries of the campaign, first choice first, without duplicates. `Campaign.picksPerVoter` says how many.
    pub(super) picks: Vec<ID>,
    /// Nonce of the receipt: 64 hexadecimal digits from a secure random source, unique in the campaign. Without it, the
    /// server draws one, and the request cannot be repeated.
    pub(super) nonce: Option<String>,
}

fn timestamp(at: DateTime<Utc>) -> Timestamp {
    at.naive_utc().trunc_subsecs(6)
}
