//! The rules for seeing, changing and voting in campaigns, without I/O.

use guildhall_count::{RuleError, Rules};

use super::{
    methods::VotingMethod,
    rows::{ActivationBlocker, Campaign, CampaignAction, CannotVoteReason, ResultsVisibility, StandingsHiddenReason},
};
use crate::{
    access::{Permission, Viewer},
    db::CampaignStatus,
    kernel::{
        clock::Timestamp,
        error::{Code, Refusal},
        input::InputCheck,
    },
};

/// The permission to change campaigns and to see drafts.
pub const MANAGE: Permission = Permission::CampaignsManage;

/// Minimum number of entries of a campaign that can go live.
pub const MIN_ENTRIES: usize = 2;

/// Whether the campaign's bounds and the viewer's rank level are of the same ladder. Otherwise they cannot be compared:
/// the rules then admit no one, and show nothing.
pub const fn are_on_one_ladder(campaign: &Campaign, viewer: &Viewer) -> bool {
    campaign.ladder_version == viewer.ladder_version
}

const fn reaches(campaign: &Campaign, viewer: &Viewer, bound: i64) -> bool {
    are_on_one_ladder(campaign, viewer) && viewer.rank_level >= bound
}

/// Whether this viewer can see the campaign.
pub fn may_see(campaign: &Campaign, viewer: Option<&Viewer>) -> bool {
    let reaches_bound = |bound| viewer.is_some_and(|viewer| reaches(campaign, viewer, bound));
    let has_level = campaign.min_rank_level_to_view.is_none_or(reaches_bound);
    let is_draft = campaign.status == CampaignStatus::Draft;
    has_level && (!is_draft || viewer.is_some_and(|viewer| viewer.may(MANAGE)))
}

/// Whether this viewer is certainly not eligible to vote, and so sees standings without voting.
const fn is_ineligible(campaign: &Campaign, viewer: &Viewer) -> bool {
    let has_low_level = are_on_one_ladder(campaign, viewer) && viewer.rank_level < campaign.min_rank_level_to_vote;
    !viewer.is_registered || has_low_level
}

/// Returns why the standings are hidden from this viewer, who can see the campaign. Returns `None` if they are shown.
pub fn standings_hidden(
    campaign: &Campaign,
    viewer: Option<&Viewer>,
    has_voted: bool,
) -> Option<StandingsHiddenReason> {
    match (campaign.status, campaign.results_visibility) {
        _ if campaign.is_cancelled() => Some(StandingsHiddenReason::Cancelled),
        (CampaignStatus::Draft, _) => Some(StandingsHiddenReason::NotStarted),
        (CampaignStatus::Closed | CampaignStatus::Archived, _) => None,
        (CampaignStatus::Live, ResultsVisibility::Always) => None,
        (CampaignStatus::Live, ResultsVisibility::AfterClose) => Some(StandingsHiddenReason::AfterClose),
        (CampaignStatus::Live, ResultsVisibility::AfterVoting) => match viewer {
            None => Some(StandingsHiddenReason::SignIn),
            Some(viewer) if has_voted || is_ineligible(campaign, viewer) => None,
            Some(_) => Some(StandingsHiddenReason::VoteFirst),
        },
    }
}

/// The refusal to show standings that are hidden for this reason.
pub fn standings_refused(reason: StandingsHiddenReason) -> Refusal {
    let message = match reason {
        StandingsHiddenReason::NotStarted => "The vote has not started.",
        StandingsHiddenReason::AfterClose => "The standings are shown when the vote is closed.",
        StandingsHiddenReason::SignIn => "Sign in to see the standings.",
        StandingsHiddenReason::VoteFirst => "Vote to see the standings.",
        StandingsHiddenReason::Cancelled => "The vote was cancelled, so it has no result.",
    };
    Refusal::new(Code::Forbidden, message).because("STANDINGS_HIDDEN")
}

/// Returns why this viewer, who can see the campaign, cannot vote in it now. Returns `None` if they can.
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
    } else if !reaches(campaign, viewer, campaign.min_rank_level_to_vote) {
        Some(CannotVoteReason::RankTooLow)
    } else {
        None
    }
}

/// The refusal of a ballot for this reason.
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

/// The refusal of a nonce that another ballot of the campaign has.
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

/// Returns why a draft cannot go live.
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
    blockers.into_iter().filter(|(applies, _)| *applies).map(|(_, blocker)| blocker).collect()
}

/// Returns what an officer with [`MANAGE`], who can see the campaign, can do with it now. `entries` is needed only for
/// drafts.
pub fn actions(campaign: &Campaign, officer_level: i64, entries: usize, now: Timestamp) -> Vec<CampaignAction> {
    match campaign.status {
        CampaignStatus::Draft => {
            // Activating by hand sets a new start.
            let is_ready = activation_blockers(&campaign.clone().with_start(Some(now)), entries, now).is_empty();
            let activate = is_ready.then_some(CampaignAction::Activate);
            let edit = (campaign.min_rank_level_to_vote <= officer_level).then_some(CampaignAction::Edit);
            edit.into_iter().chain([CampaignAction::Delete]).chain(activate).collect()
        }
        CampaignStatus::Live => vec![CampaignAction::Close, CampaignAction::Cancel],
        CampaignStatus::Closed => vec![CampaignAction::Archive, CampaignAction::SetOutcome],
        CampaignStatus::Archived => vec![CampaignAction::SetOutcome],
    }
}

/// Checks that a number is from 1 to `max`.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn in_range(field: &'static str, value: i64, max: usize) -> Result<i64, Refusal> {
    match usize::try_from(value) {
        Ok(1..) if value <= i64::try_from(max).unwrap_or(i64::MAX) => Ok(value),
        _ => Err(Refusal::input(field, format!("{field} must be from 1 to {max}."))),
    }
}

/// Checks the number of seats.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn check_seats(method: VotingMethod, seats: i64) -> Result<(), Refusal> {
    // A negative number becomes 0, which is out of range too.
    guildhall_count::check_seats(method.into(), usize::try_from(seats).unwrap_or_default()).map_err(Refusal::from)
}

/// Checks the rank levels that are needed to vote in and to view a campaign of an officer with the level
/// `officer_level`.
pub fn check_levels(check: &mut InputCheck, vote_level: i64, view_level: Option<i64>, officer_level: i64) {
    for (field, level) in [("minRankLevelToVote", Some(vote_level)), ("minRankLevelToView", view_level)] {
        if level.is_some_and(|level| !(1..=1_000).contains(&level)) {
            check.refuse(Refusal::input(field, format!("{field} must be from 1 to 1000.")));
        }
    }
    if view_level.is_some_and(|view_level| view_level > vote_level) {
        let message = "Everyone who can vote must be able to see the campaign.";
        check.refuse(Refusal::input("minRankLevelToView", message));
    }
    if vote_level > officer_level {
        let message = "You cannot create or change a campaign for ranks above your own.";
        check.refuse(Refusal::rank_too_low(message).at("minRankLevelToVote"));
    }
}
