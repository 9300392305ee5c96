//! What is stored of campaigns.

use std::{sync::Arc, time::Duration};

use diesel::prelude::*;
use guildhall_count::Rules;

use super::methods::VotingMethod;
use crate::{
    db::{
        CampaignStatus, known_values,
        schema::{campaigns, entries},
        text_enum, wide_row,
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, GuildId, MemberId},
    },
};

text_enum! {
    /// When standings are shown while the vote is live.
    pub enum ResultsVisibility {
        /// To members who have voted, and to those who may see but not vote.
        AfterVoting,
        /// To all who see the campaign.
        Always,
        /// To nobody until it closes.
        AfterClose,
    }
}

text_enum! {
    /// How much the Discord bot tells of a campaign.
    pub enum AnnouncementLevel {
        /// Nothing.
        Off,
        /// Launch and results.
        Quiet,
        /// Also half-time, the last day and hour, and everyone having voted.
        Normal,
        /// Everything.
        Hype,
    }
}

text_enum! {
    /// Why standings are hidden: the first that applies.
    pub enum StandingsHiddenReason {
        /// The vote has not started.
        NotStarted,
        /// They are shown once it is closed.
        AfterClose,
        /// They are shown to members only.
        SignIn,
        /// They are shown to those who have voted.
        VoteFirst,
    }
}

text_enum! {
    /// Why the viewer cannot vote: the first that applies.
    pub enum CannotVoteReason {
        /// Not signed in.
        SignIn,
        /// The viewer has no account.
        NotRegistered,
        /// The vote is not open.
        NotLive,
        /// The viewer has voted already.
        AlreadyVoted,
        /// The viewer's rank is too low.
        RankTooLow,
    }
}

text_enum! {
    /// What keeps a draft from going live.
    pub enum ActivationBlocker {
        /// Fewer than two entries.
        TooFewEntries,
        /// Fewer entries than picks per voter.
        FewerEntriesThanPicks,
        /// Fewer entries than seats.
        FewerEntriesThanSeats,
        /// Its whole span is past already.
        DeadlinePassed,
    }
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = campaigns, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Campaign {
    pub guild_id: GuildId,
    pub id: CampaignId,
    pub title: String,
    pub description: Option<String>,
    pub method: VotingMethod,
    pub picks_per_voter: i64,
    pub min_rank_level_to_vote: i64,
    pub min_rank_level_to_view: Option<i64>,
    pub start_at: Option<Timestamp>,
    pub duration_hours: i64,
    pub closes_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub status: CampaignStatus,
    pub early_close_if_all_voted: bool,
    pub results_visibility: ResultsVisibility,
    pub announcements: AnnouncementLevel,
    pub discord_channel_id: Option<String>,
    pub created_by: Option<MemberId>,
    pub created_at: Timestamp,
    pub seats: i64,
}

known_values!(
    KnownCampaigns,
    CAMPAIGN_VALUES,
    campaigns {
        method: VotingMethod,
        status: CampaignStatus,
        results_visibility: ResultsVisibility,
        announcements: AnnouncementLevel,
    }
);
wide_row!(Campaign, campaigns, KnownCampaigns);

impl Campaign {
    /// The rules by which its ballots are cast and counted.
    pub fn rules(&self) -> Rules {
        Rules {
            method: self.method.into(),
            picks: usize::try_from(self.picks_per_voter).unwrap_or_default(),
            seats: usize::try_from(self.seats).unwrap_or_default(),
        }
    }

    /// Sets when it starts, and with that when it closes.
    #[must_use]
    pub fn starting(mut self, start_at: Option<Timestamp>) -> Self {
        let hours = u64::try_from(self.duration_hours).unwrap_or_default();
        self.start_at = start_at;
        self.closes_at = start_at.and_then(|start| {
            start.checked_add_signed(chrono::TimeDelta::from_std(Duration::from_secs(hours * 3_600)).ok()?)
        });
        self
    }

    /// Whether a ballot may be cast at this moment: it is live, and its closing instant has not come.
    pub fn accepts_ballots(&self, now: Timestamp) -> bool {
        self.status == CampaignStatus::Live && self.closes_at.is_some_and(|closes| now < closes)
    }

    /// As it was when it had this status, at or before the one it has: from its start on, only its status changes.
    #[must_use]
    pub fn as_of_status(&self, status: CampaignStatus) -> Self {
        let was_over = matches!(status, CampaignStatus::Closed | CampaignStatus::Archived);
        Self { status, closed_at: self.closed_at.filter(|_| was_over), ..self.clone() }
    }

    /// Whether its result is frozen.
    pub const fn is_over(&self) -> bool {
        matches!(self.status, CampaignStatus::Closed | CampaignStatus::Archived)
    }
}

/// What a change of a campaign results in.
pub trait CampaignChanged {
    /// The campaign as it is then; none if it was not changed after all.
    fn campaign(&self) -> Option<&Campaign>;
}

impl CampaignChanged for Campaign {
    fn campaign(&self) -> Option<&Campaign> {
        Some(self)
    }
}

impl CampaignChanged for Option<Campaign> {
    fn campaign(&self) -> Option<&Campaign> {
        self.as_ref()
    }
}

impl CampaignChanged for (Entry, Campaign) {
    fn campaign(&self) -> Option<&Campaign> {
        Some(&self.1)
    }
}

/// A campaign's place in the list: newest first, then by id.
pub type CampaignKey = (Timestamp, CampaignId);

/// The place of a campaign that is over among all of them: last closed first, then by id.
pub type PastKey = (Timestamp, CampaignId);

/// Which campaigns to list.
#[derive(Clone, Debug, Default)]
pub struct CampaignFilter {
    /// In one of these states; all but archived unless given.
    pub status: Option<Vec<CampaignStatus>>,
    /// The viewer's rank level, if there is a viewer: campaigns above it do not exist for them.
    pub viewer_level: Option<i64>,
    /// Whether the viewer sees drafts.
    pub drafts: bool,
}

/// A thing voted on.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = entries, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Entry {
    pub guild_id: GuildId,
    pub id: EntryId,
    pub campaign_id: CampaignId,
    pub name: String,
    pub description: Option<String>,
    pub image_url: Option<String>,
    pub sort_order: i64,
    pub associated_member_id: Option<MemberId>,
}

wide_row!(Entry, entries);

/// The entries of a campaign, in their order.
pub type Entries = Arc<[Arc<Entry>]>;

/// One member's vote in one campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The campaign.
    pub campaign: CampaignId,
    /// The voter.
    pub member: MemberId,
    /// The picks, first choice first.
    pub picks: Vec<EntryId>,
    /// When it was cast.
    pub cast_at: Timestamp,
    /// What hides the picks in the receipt until the ballots are published: 64 hexadecimal digits.
    pub nonce: String,
}

/// How many may vote, and how many have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnout {
    /// Members who are eligible now, or have voted.
    pub eligible: i64,
    /// Ballots cast.
    pub voted: i64,
}

impl Turnout {
    /// Voted of eligible in percent, rounded to one decimal; 0 of nobody.
    pub fn percent(self) -> f64 {
        if self.eligible == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a guild has fewer members than 2^52")]
        let per_mille = (self.voted as f64 * 1_000.0 / self.eligible as f64).round();
        per_mille / 10.0
    }

    /// Whether everyone eligible has voted, and there is someone.
    pub const fn all_voted(self) -> bool {
        self.eligible > 0 && self.voted == self.eligible
    }
}

/// The outcome of a campaign's count. Results are stored as its JSON.
pub type Outcome = guildhall_count::Outcome<EntryId>;

/// The count of a campaign's ballots at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The campaign as it was then.
    pub campaign: Campaign,
    /// Its entries, in their order.
    pub entries: Entries,
    /// Grows with every ballot, with every change of the roster and with closing, on all servers alike.
    pub revision: i64,
    /// How many have voted.
    pub turnout: Turnout,
    /// Who stands where.
    pub outcome: Arc<Outcome>,
    /// When it was counted.
    pub counted_at: Timestamp,
}
