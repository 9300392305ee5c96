//! Campaigns, entries and ballots as the database stores them, and tallies.

use std::{sync::Arc, time::Duration};

use diesel::prelude::*;
use guildhall_count::Rules;

use super::methods::VotingMethod;
use crate::{
    db::{
        CampaignStatus, known_values,
        schema::{campaigns, entries, guilds},
        text_enum, wide_row,
    },
    identity::Ladder,
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, GuildId, MemberId},
    },
};

text_enum! {
    /// Who sees the standings while the campaign is live. After it closes, everyone who sees the campaign does.
    pub enum ResultsVisibility {
        /// Members who have voted, and members who may see the campaign but not vote.
        AfterVoting,
        /// Everyone who sees the campaign.
        Always,
        /// No one.
        AfterClose,
    }
}

text_enum! {
    /// The events of a campaign that the Discord bot announces.
    pub enum AnnouncementLevel {
        /// No events.
        Off,
        /// The launch, and the results or the cancellation.
        Quiet,
        /// The events of `QUIET`. Also when half or all of the eligible members have voted, one day before the end, and
        /// one hour before the end.
        Normal,
        /// The events of `NORMAL`. Also the first ballot, changes of the lead, and when one or three quarters of the
        /// eligible members have voted. While the standings are hidden, also the growing number of ballots.
        Hype,
    }
}

text_enum! {
    /// Why the standings are hidden from the viewer. The first reason that applies is given.
    pub enum StandingsHiddenReason {
        /// The campaign is a draft.
        NotStarted,
        /// The standings are shown after the campaign closes.
        AfterClose,
        /// The viewer must sign in first.
        SignIn,
        /// The viewer must vote first.
        VoteFirst,
        /// The campaign was cancelled, so its ballots are never counted.
        Cancelled,
    }
}

text_enum! {
    /// Why the viewer cannot vote. The first reason that applies is given.
    pub enum CannotVoteReason {
        /// The viewer is not signed in.
        SignIn,
        /// The viewer has no account.
        NotRegistered,
        /// The campaign does not accept ballots: it has not started, or its end has passed.
        NotLive,
        /// The viewer has already voted.
        AlreadyVoted,
        /// The viewer's rank level is below `minRankLevelToVote`.
        RankTooLow,
    }
}

text_enum! {
    /// What prevents a draft from going live.
    pub enum ActivationBlocker {
        /// The draft has fewer than two entries.
        TooFewEntries,
        /// The draft has fewer entries than `picksPerVoter`.
        FewerEntriesThanPicks,
        /// The draft has fewer entries than `seats`.
        FewerEntriesThanSeats,
        /// The scheduled voting period has ended already. `activateCampaign` is still possible: it sets a new one.
        DeadlinePassed,
    }
}

text_enum! {
    /// Why a campaign closed.
    pub enum CampaignCloseReason {
        /// The vote was open until `closesAt`.
        Deadline,
        /// All eligible members had voted, and `earlyCloseIfAllVoted` was on.
        AllVoted,
        /// An officer closed the vote.
        ByHand,
        /// An officer cancelled the vote, so it has no result.
        Cancelled,
    }
}

text_enum! {
    /// What a viewer can do with a campaign.
    pub enum CampaignAction {
        /// Change the draft and its entries.
        Edit,
        /// Delete the draft.
        Delete,
        /// Set the draft live now.
        Activate,
        /// Close the vote before its end.
        Close,
        /// Cancel the vote, so that it ends without a result.
        Cancel,
        /// Archive the closed vote.
        Archive,
        /// Say what the officers made of the result, or take it back.
        SetOutcome,
    }
}

/// A campaign: a vote of a guild, from draft to archive.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = campaigns, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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
    pub close_reason: Option<CampaignCloseReason>,
    pub cancel_reason: Option<String>,
    pub cancelled_eligible: Option<i64>,
    pub cancelled_awaiting_registration: Option<i64>,
    pub outcome: Option<String>,
    pub draft_revision: i64,
    pub sort_key: String,
    /// The version of the guild's ladder that the bounds are from.
    #[diesel(select_expression = guilds::ladder_version.assume_not_null(), skip_insertion, skip_update)]
    pub ladder_version: i64,
    /// The version of the guild's roster when the campaign was read.
    #[diesel(select_expression = guilds::roster_version.assume_not_null(), skip_insertion, skip_update)]
    pub roster_version: i64,
}

known_values!(
    KnownCampaigns,
    CAMPAIGN_VALUES,
    campaigns {
        method: VotingMethod,
        status: CampaignStatus,
        results_visibility: ResultsVisibility,
        announcements: AnnouncementLevel,
    } or_null { close_reason: CampaignCloseReason }
);
wide_row!(Campaign, campaigns join guilds, KnownCampaigns);

impl Campaign {
    /// Returns the rules by which its ballots are cast and counted.
    pub fn rules(&self) -> Rules {
        Rules {
            method: self.method.into(),
            picks: usize::try_from(self.picks_per_voter).unwrap_or_default(),
            seats: usize::try_from(self.seats).unwrap_or_default(),
        }
    }

    /// Sets the start, and the end that follows from the duration.
    #[must_use]
    pub fn with_start(mut self, start_at: Option<Timestamp>) -> Self {
        let hours = u64::try_from(self.duration_hours).unwrap_or_default();
        self.start_at = start_at;
        self.closes_at = start_at.and_then(|start| {
            start.checked_add_signed(chrono::TimeDelta::from_std(Duration::from_secs(hours * 3_600)).ok()?)
        });
        self
    }

    /// Sets both bounds to the levels of the ranks that they stand for.
    #[must_use]
    pub fn with_rank_levels(mut self, ladder: &Ladder) -> Self {
        self.min_rank_level_to_vote = ladder.level_of_bound(self.min_rank_level_to_vote);
        self.min_rank_level_to_view = self.min_rank_level_to_view.map(|level| ladder.level_of_bound(level));
        self
    }

    /// Whether a ballot may be cast now: the campaign is live, and its end has not passed.
    pub fn accepts_ballots(&self, now: Timestamp) -> bool {
        self.status == CampaignStatus::Live && self.closes_at.is_some_and(|closes| now < closes)
    }

    /// Returns the campaign as it was when it had this status, which is its current status or an earlier one. After the
    /// start, only a campaign's status, how it closed and its outcome change.
    #[must_use]
    pub fn as_of_status(&self, status: CampaignStatus) -> Self {
        let campaign = Self { status, ..self.clone() };
        if campaign.is_over() {
            return campaign;
        }
        Self {
            closed_at: None,
            close_reason: None,
            cancel_reason: None,
            cancelled_eligible: None,
            cancelled_awaiting_registration: None,
            outcome: None,
            ..campaign
        }
    }

    /// Closes the campaign for this reason, or because of its end if that has passed.
    #[must_use]
    pub fn closed(self, reason: CampaignCloseReason, now: Timestamp) -> Self {
        // The step may be late, but no ballot was accepted after the campaign's end.
        let (closed_at, reason) = match self.closes_at {
            Some(closes) if closes <= now => (closes, CampaignCloseReason::Deadline),
            _ => (now, reason),
        };
        Self { status: CampaignStatus::Closed, closed_at: Some(closed_at), close_reason: Some(reason), ..self }
    }

    /// Cancels the campaign for this reason, with this turnout.
    #[must_use]
    pub fn cancelled(self, reason: String, turnout: Turnout, now: Timestamp) -> Self {
        Self {
            close_reason: Some(CampaignCloseReason::Cancelled),
            cancel_reason: Some(reason),
            cancelled_eligible: Some(turnout.eligible),
            cancelled_awaiting_registration: Some(turnout.awaiting_registration),
            ..self.closed(CampaignCloseReason::Cancelled, now)
        }
    }

    /// Whether the campaign was cancelled. Its ballots are kept, and never counted or published.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self.close_reason, Some(CampaignCloseReason::Cancelled))
    }

    /// Returns why the campaign closed. `None` before, and for a campaign that a server of an earlier release closed
    /// before its end, if either an officer or the last ballot may have been the cause.
    pub fn close_reason(&self) -> Option<CampaignCloseReason> {
        let derived = || match self.closed_at {
            Some(closed) if Some(closed) == self.closes_at => Some(CampaignCloseReason::Deadline),
            Some(_) if !self.early_close_if_all_voted => Some(CampaignCloseReason::ByHand),
            _ => None,
        };
        self.close_reason.or_else(derived)
    }

    /// Whether the campaign is closed or archived.
    pub const fn is_over(&self) -> bool {
        matches!(self.status, CampaignStatus::Closed | CampaignStatus::Archived)
    }

    /// Whether the campaign has a stored result: it is over, and was not cancelled.
    pub const fn has_result(&self) -> bool {
        self.is_over() && !self.is_cancelled()
    }
}

/// The result of a transaction that may change a campaign.
pub trait CampaignChanged {
    /// Returns the changed campaign, or `None` if no campaign was changed.
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

/// An entry of a campaign, which voters can pick.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = entries, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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

/// A member's ballot in a campaign.
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
    /// The nonce that keeps the picks secret in the receipt until the ballots are published: 64 hexadecimal digits.
    pub nonce: String,
}

/// The numbers of eligible members and of ballots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnout {
    /// The number of members who are eligible, or were at any moment since the campaign went live. It does not depend
    /// on who of them has voted.
    pub eligible: i64,
    /// The number of ballots cast.
    pub voted: i64,
    /// The number of active members whose rank suffices and who have no account.
    pub awaiting_registration: i64,
}

impl Turnout {
    /// Returns the turnout in percent, rounded to one decimal place; 0 if no member is eligible.
    pub fn percent(self) -> f64 {
        if self.eligible == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a guild has fewer members than 2^52")]
        let per_mille = (self.voted as f64 * 1_000.0 / self.eligible as f64).round();
        per_mille / 10.0
    }

    /// Whether everyone eligible has voted, and at least one member is eligible.
    pub const fn all_voted(self) -> bool {
        self.eligible > 0 && self.voted == self.eligible
    }
}

/// The outcome of a campaign's count. Results are stored as its JSON.
pub type Outcome = guildhall_count::Outcome<EntryId>;

/// The count of a campaign's ballots at a point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The campaign at that time.
    pub campaign: Campaign,
    /// Its entries, in their order.
    pub entries: Entries,
    /// The version of the tally. It increases with every ballot, with every change of the roster and when the campaign
    /// closes, and is the same on all servers.
    pub revision: i64,
    /// The turnout.
    pub turnout: Turnout,
    /// The standings and the steps of the count.
    pub outcome: Arc<Outcome>,
    /// When the ballots were counted.
    pub counted_at: Timestamp,
}

/// The result of a campaign, as its closing stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResult {
    /// The version of the final tally.
    pub revision: i64,
    /// The turnout at the closing.
    pub turnout: Turnout,
    /// The standings and the steps of the count.
    pub outcome: Arc<Outcome>,
    /// When the ballots were counted.
    pub counted_at: Timestamp,
}

/// The turnout of a campaign at a point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignTurnout {
    /// The campaign at that time.
    pub campaign: Campaign,
    /// The turnout.
    pub turnout: Turnout,
    /// The version of the turnout: that of a [`Tally`] at the same time.
    pub revision: i64,
    /// When the ballots were counted.
    pub counted_at: Timestamp,
}
