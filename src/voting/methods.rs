//! The voting methods: how each is counted, which steps of its count are shown, and its texts.
//!
//! Only this file and `guildhall-count` distinguish the methods, always by a `match` without a `_` arm. So the compiler
//! reports each place that a new method needs.

use guildhall_count::{BallotForm, Method};

use crate::db::text_enum;

text_enum! {
    /// How ballots are counted. `docs/voting.md` explains the rules of each method and names their publications.
    pub enum VotingMethod {
        /// Ordered picks: of n picks, the first scores n points, the next n - 1, and the last 1.
        Weighted,
        /// Picks in any order: each scores one point.
        Approval,
        /// Ordered picks: each round eliminates the entry with the fewest votes, until one has a majority.
        InstantRunoff,
        /// Ordered picks: all entries are compared in pairs, and one that beats all others wins (Condorcet method with
        /// beatpaths).
        Schulze,
        /// Ordered picks for several seats: an entry needs a quota of the votes, and its surplus is transferred
        /// (Scottish STV).
        SingleTransferableVote,
    }
}

/// The steps of a count that are shown with the standings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountSteps {
    /// The rounds of an instant runoff.
    Rounds,
    /// The pairwise comparisons of a Schulze count.
    Pairwise,
    /// The stages of a single transferable vote.
    Transfers,
}

impl From<VotingMethod> for Method {
    fn from(method: VotingMethod) -> Self {
        match method {
            VotingMethod::Weighted => Self::Weighted,
            VotingMethod::Approval => Self::Approval,
            VotingMethod::InstantRunoff => Self::InstantRunoff,
            VotingMethod::Schulze => Self::Schulze,
            VotingMethod::SingleTransferableVote => Self::SingleTransferableVote,
        }
    }
}

impl VotingMethod {
    /// Returns the form in which ballots are loaded to be counted.
    pub fn ballot_form(self) -> BallotForm {
        Method::from(self).ballot_form()
    }

    /// Whether the order of picks matters.
    pub fn is_ranked(self) -> bool {
        Method::from(self).is_ranked()
    }

    /// Whether a ballot must have all its picks. Otherwise one is enough.
    pub fn requires_all_picks(self) -> bool {
        Method::from(self).requires_all_picks()
    }

    /// Returns the most entries that can win.
    pub fn max_seats(self) -> usize {
        Method::from(self).max_seats()
    }

    /// Returns the steps of the count, if the standings do not follow from the points alone.
    pub const fn steps(self) -> Option<CountSteps> {
        match self {
            Self::Weighted | Self::Approval => None,
            Self::InstantRunoff => Some(CountSteps::Rounds),
            Self::Schulze => Some(CountSteps::Pairwise),
            Self::SingleTransferableVote => Some(CountSteps::Transfers),
        }
    }

    /// Returns a sentence that explains how to vote and how the ballots are counted.
    pub fn instructions(self, picks: usize, seats: i64) -> String {
        let rank = if picks == 1 { "Choose one".to_owned() } else { format!("Rank up to {picks}") };
        match self {
            Self::Weighted | Self::Approval if picks == 1 => "Choose one: most choices win.".to_owned(),
            Self::Weighted => {
                format!("Rank exactly {picks}: your 1st choice gets {picks} points, your last gets 1; most points win.")
            }
            Self::Approval => format!("Pick up to {picks} in any order: each gets one vote; most votes win."),
            Self::InstantRunoff => format!(
                "{rank}: your ballot counts for your highest choice still standing; the last is eliminated until one has \
                a majority."
            ),
            Self::Schulze => {
                format!("{rank}: entries are compared two by two, and the one that beats all others wins.")
            }
            Self::SingleTransferableVote => {
                let winners = if seats == 1 { "one wins".to_owned() } else { format!("{seats} win") };
                format!(
                    "{rank}: {winners}. What is left of your vote when a choice is elected, or all of it when a choice \
                    is out, goes to your next."
                )
            }
        }
    }

    /// Returns an entry's points with their unit.
    pub fn points_with_unit(self, points: i64) -> String {
        match self {
            Self::Weighted => with_unit(points, "point"),
            Self::Schulze => format!("beats {points}"),
            Self::Approval | Self::InstantRunoff | Self::SingleTransferableVote => with_unit(points, "vote"),
        }
    }

    /// Returns [`Self::points_with_unit`] if an announced result has points. Otherwise it has only places.
    pub fn announced_points(self, points: i64) -> Option<String> {
        match self {
            Self::Weighted | Self::Approval | Self::InstantRunoff | Self::SingleTransferableVote => {
                Some(self.points_with_unit(points))
            }
            Self::Schulze => None,
        }
    }
}

fn with_unit(number: i64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}
