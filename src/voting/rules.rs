//! The rules of a campaign, without I/O: who sees it, who may vote, and how a refusal is worded.

use guildhall_count::{RuleError, Rules};

use super::{
    methods::VotingMethod,
    rows::{ActivationBlocker, Campaign, CannotVoteReason, ResultsVisibility, StandingsHiddenReason},
};
use crate::{
    access::{Permission, Viewer},
    db::CampaignStatus,
    kernel::{
        clock::Timestamp,
        error::{Code, Refusal},
    },
};

/// The permission for changes to campaigns, which also shows drafts.
pub const MANAGE: Permission = Permission::CampaignsManage;

/// Fewest entries of a campaign that can go live.
pub const MIN_ENTRIES: usize = 2;

/// Whether the campaign exists for this viewer.
pub fn may_see(campaign: &Campaign, viewer: Option<&Viewer>) -> bool {
    let reaches = campaign.min_rank_level_to_view.is_none_or(|level| viewer.is_some_and(|it| it.rank_level >= level));
    let drafted = campaign.status == CampaignStatus::Draft;
    reaches && (!drafted || viewer.is_some_and(|viewer| viewer.may(MANAGE)))
}

/// Whether the viewer is among those who may vote, whether or not they have.
pub const fn is_eligible(campaign: &Campaign, viewer: &Viewer) -> bool {
    viewer.is_registered && viewer.rank_level >= campaign.min_rank_level_to_vote
}

/// Why the standings are hidden from this viewer, who sees the campaign; `None` when they are not.
pub fn standings_hidden(
    campaign: &Campaign,
    viewer: Option<&Viewer>,
    has_voted: bool,
) -> Option<StandingsHiddenReason> {
    match (campaign.status, campaign.results_visibility) {
        (CampaignStatus::Draft, _) => Some(StandingsHiddenReason::NotStarted),
        (CampaignStatus::Closed | CampaignStatus::Archived, _) => None,
        (CampaignStatus::Live, ResultsVisibility::Always) => None,
        (CampaignStatus::Live, ResultsVisibility::AfterClose) => Some(StandingsHiddenReason::AfterClose),
        (CampaignStatus::Live, ResultsVisibility::AfterVoting) => match viewer {
            None => Some(StandingsHiddenReason::SignIn),
            Some(viewer) if has_voted || !is_eligible(campaign, viewer) => None,
            Some(_) => Some(StandingsHiddenReason::VoteFirst),
        },
    }
}

/// The refusal for a tally hidden for `reason`.
pub fn hidden(reason: StandingsHiddenReason) -> Refusal {
    let message = match reason {
        StandingsHiddenReason::NotStarted => "The vote has not started.",
        StandingsHiddenReason::AfterClose => "The standings are shown once the vote is closed.",
        StandingsHiddenReason::SignIn => "Sign in to see the standings.",
        StandingsHiddenReason::VoteFirst => "Vote first, then see the standings.",
    };
    Refusal::new(Code::Forbidden, message).because("STANDINGS_HIDDEN")
}

/// Why this viewer, who sees the campaign, cannot vote in it now; `None` when they can.
pub fn cannot_vote(
    campaign: &Campaign,
    viewer: Option<&Viewer>,
    has_voted: bool,
    now: Timestamp,
) -> Option<CannotVoteReason> {
    let Some(viewer) = viewer else { return Some(CannotVoteReason::SignIn) };
    if !viewer.is_registered {
        Some(CannotVoteReason::NotRegistered)
    } else if !campaign.accepts_ballots(now) {
        Some(CannotVoteReason::NotLive)
    } else if has_voted {
        Some(CannotVoteReason::AlreadyVoted)
    } else if viewer.rank_level < campaign.min_rank_level_to_vote {
        Some(CannotVoteReason::RankTooLow)
    } else {
        None
    }
}

/// The refusal of a ballot for `reason`.
pub fn ballot_refused(reason: CannotVoteReason) -> Refusal {
    match reason {
        CannotVoteReason::SignIn => Refusal::sign_in(),
        CannotVoteReason::NotRegistered => {
            Refusal::new(Code::Forbidden, "Only registered members can vote.").because("NOT_REGISTERED")
        }
        CannotVoteReason::NotLive => Refusal::conflict("CAMPAIGN_NOT_LIVE", "This vote is not open."),
        CannotVoteReason::AlreadyVoted => {
            Refusal::conflict("ALREADY_VOTED", "You have voted in this campaign already.")
        }
        CannotVoteReason::RankTooLow => Refusal::rank_too_low("Your rank is too low to vote in this campaign."),
    }
}

/// The refusal of a nonce that another ballot has.
pub fn nonce_taken() -> Refusal {
    Refusal::conflict("NONCE_TAKEN", "Another ballot has this nonce.").at("nonce")
}

impl From<RuleError> for Refusal {
    fn from(error: RuleError) -> Self {
        let input = |field| Self::input(field, error.to_string());
        match error {
            RuleError::PicksNotExact(_) | RuleError::PicksOutOfRange(_) => input("picks").because("WRONG_PICK_COUNT"),
            RuleError::DuplicatePick => input("picks").because("DUPLICATE_PICK"),
            RuleError::UnknownEntry => input("picks").because("UNKNOWN_ENTRY"),
            RuleError::SeatsOutOfRange | RuleError::SingleWinnerMethod => input("seats"),
            RuleError::MalformedNonce => input("nonce"),
        }
    }
}

/// What keeps a draft from going live by itself at its start.
pub fn activation_blockers(campaign: &Campaign, entries: usize, now: Timestamp) -> Vec<ActivationBlocker> {
    if campaign.status != CampaignStatus::Draft {
        return Vec::new();
    }
    let Rules { picks, seats, .. } = campaign.rules();
    let blockers = [
        (entries < MIN_ENTRIES, ActivationBlocker::TooFewEntries),
        (entries < picks, ActivationBlocker::FewerEntriesThanPicks),
        (entries < seats, ActivationBlocker::FewerEntriesThanSeats),
        (campaign.closes_at.is_some_and(|closes| closes <= now), ActivationBlocker::DeadlinePassed),
    ];
    blockers.into_iter().filter(|(blocks, _)| *blocks).map(|(_, blocker)| blocker).collect()
}

/// Checks a number from 1 to `max`.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn in_range(field: &'static str, value: i64, max: usize) -> Result<i64, Refusal> {
    match usize::try_from(value) {
        Ok(1..) if value <= i64::try_from(max).unwrap_or(i64::MAX) => Ok(value),
        _ => Err(Refusal::input(field, format!("{field} must be from 1 to {max}."))),
    }
}

/// Checks how many entries win.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn check_seats(method: VotingMethod, seats: i64) -> Result<(), Refusal> {
    // A negative number is out of range, as 0 is.
    guildhall_count::check_seats(method.into(), usize::try_from(seats).unwrap_or_default()).map_err(Refusal::from)
}

/// Checks who may see and vote, for an officer of this level.
///
/// # Errors
/// `BAD_USER_INPUT`; `FORBIDDEN`, `RANK_TOO_LOW`.
pub fn check_levels(to_vote: i64, to_view: Option<i64>, own: i64) -> Result<(), Refusal> {
    for (field, level) in [("minRankLevelToVote", Some(to_vote)), ("minRankLevelToView", to_view)] {
        if level.is_some_and(|level| !(1..=1_000).contains(&level)) {
            return Err(Refusal::input(field, format!("{field} must be from 1 to 1000.")));
        }
    }
    if to_view.is_some_and(|to_view| to_view > to_vote) {
        let message = "Whoever may vote must be able to see the campaign.";
        return Err(Refusal::input("minRankLevelToView", message));
    }
    if to_vote > own {
        let message = "You cannot make a campaign for ranks above your own.";
        return Err(Refusal::rank_too_low(message).at("minRankLevelToVote"));
    }
    Ok(())
}
