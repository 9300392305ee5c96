//! The methods, the limits of a vote, and the rules for a ballot.

use std::{collections::HashSet, hash::Hash};

use serde::{Deserialize, Serialize};

use crate::NONCE_LENGTH;

/// The most picks on a ballot.
pub const MAX_PICKS: usize = 10;
/// The most entries of a vote.
pub const MAX_ENTRIES: usize = 200;
/// The most entries that can win.
pub const MAX_SEATS: usize = 100;

/// How ballots are counted. `docs/voting.md` explains each method.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// A Borda count: of n picks, the first scores n points and the last one.
    Weighted,
    /// Approval voting: each pick scores one point, at any position.
    Approval,
    /// An instant runoff: the last entry is eliminated round by round until one has a majority.
    InstantRunoff,
    /// A Schulze count: entries are compared in pairs, and one that beats all others wins.
    Schulze,
    /// A single transferable vote for several seats, by the Scottish rules.
    SingleTransferableVote,
}

/// The form of the ballots that a method counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BallotForm {
    /// [`PickCounts`](crate::PickCounts): how often each entry is at each position. A database can add these up.
    PickCounts,
    /// Every [`Ranking`](crate::Ranking).
    Rankings,
}

impl Method {
    /// The form of the ballots that [`count_from`](crate::count_from) needs.
    pub const fn ballot_form(self) -> BallotForm {
        match self {
            Self::Weighted | Self::Approval => BallotForm::PickCounts,
            Self::InstantRunoff | Self::Schulze | Self::SingleTransferableVote => BallotForm::Rankings,
        }
    }

    /// Whether the order of the picks matters.
    pub const fn is_ranked(self) -> bool {
        match self {
            Self::Weighted | Self::InstantRunoff | Self::Schulze | Self::SingleTransferableVote => true,
            Self::Approval => false,
        }
    }

    /// Whether a ballot must have exactly [`Rules::picks`] picks. Otherwise it has from 1 to this many.
    pub const fn requires_all_picks(self) -> bool {
        match self {
            Self::Weighted => true,
            Self::Approval | Self::InstantRunoff | Self::Schulze | Self::SingleTransferableVote => false,
        }
    }

    /// The most entries that can win.
    pub const fn max_seats(self) -> usize {
        match self {
            Self::Weighted | Self::Approval | Self::InstantRunoff | Self::Schulze => 1,
            Self::SingleTransferableVote => MAX_SEATS,
        }
    }
}

/// The rules by which ballots are cast and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How ballots are counted.
    pub method: Method,
    /// The number of picks on a ballot: the exact number if the method [requires all](Method::requires_all_picks),
    /// otherwise the most.
    pub picks: usize,
    /// The number of entries that win.
    pub seats: usize,
}

/// A violated rule. Its `Display` is a sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The method needs exactly this number of picks.
    #[error("Pick exactly {0}.")]
    PicksNotExact(usize),
    /// The method allows from 1 to this number of picks.
    #[error("Pick from 1 to {0}.")]
    PicksOutOfRange(usize),
    /// An entry is picked twice.
    #[error("Pick each entry only once.")]
    DuplicatePick,
    /// A pick is not an entry.
    #[error("A pick is not an entry of this campaign.")]
    UnknownEntry,
    /// The number of seats is out of range for any method.
    #[error("seats must be from 1 to {}.", MAX_SEATS)]
    SeatsOutOfRange,
    /// The method has one winner.
    #[error("Only the single transferable vote fills several seats.")]
    SingleWinnerMethod,
    /// A nonce has the wrong length or is not hexadecimal.
    #[error("nonce must be {} hexadecimal digits.", NONCE_LENGTH * 2)]
    MalformedNonce,
}

/// Checks a ballot's picks and returns them. `None` is a pick that could not be read as an entry.
///
/// # Errors
/// [`RuleError`], the first of: a wrong number of picks, a duplicate, an unknown entry.
pub fn check_picks<E: Copy + Eq + Hash>(rules: Rules, picks: &[Option<E>], entries: &[E]) -> Result<Vec<E>, RuleError> {
    let most = rules.picks;
    if rules.method.requires_all_picks() && picks.len() != most {
        return Err(RuleError::PicksNotExact(most));
    }
    if picks.is_empty() || picks.len() > most {
        return Err(RuleError::PicksOutOfRange(most));
    }
    let mut seen = HashSet::new();
    if !picks.iter().flatten().all(|pick| seen.insert(*pick)) {
        return Err(RuleError::DuplicatePick);
    }
    let known: HashSet<&E> = entries.iter().collect();
    let known = |pick: &Option<E>| pick.filter(|pick| known.contains(pick)).ok_or(RuleError::UnknownEntry);
    picks.iter().map(known).collect()
}

/// Checks the number of seats.
///
/// # Errors
/// [`RuleError::SeatsOutOfRange`] or [`RuleError::SingleWinnerMethod`].
pub fn check_seats(method: Method, seats: usize) -> Result<(), RuleError> {
    if !(1..=MAX_SEATS).contains(&seats) {
        return Err(RuleError::SeatsOutOfRange);
    }
    if seats > method.max_seats() {
        return Err(RuleError::SingleWinnerMethod);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    fn check(method: Method, picks: &[Option<u8>]) -> Result<Vec<u8>, RuleError> {
        check_picks(Rules { method, picks: 2, seats: 1 }, picks, &[1, 2, 3])
    }

    #[test]
    fn a_ballot_has_distinct_entries_and_no_more_than_its_picks() {
        for method in Method::VARIANTS {
            let requires_all = method.requires_all_picks();
            let wrong_number = if requires_all { RuleError::PicksNotExact(2) } else { RuleError::PicksOutOfRange(2) };
            assert_eq!(check(*method, &[Some(3), Some(1)]), Ok(vec![3, 1]), "{method}");
            assert_eq!(check(*method, &[]), Err(wrong_number), "{method}");
            assert_eq!(check(*method, &[Some(1), Some(2), Some(3)]), Err(wrong_number), "{method}");
            assert_eq!(check(*method, &[Some(1), Some(1)]), Err(RuleError::DuplicatePick), "{method}");
            assert_eq!(check(*method, &[Some(1), Some(9)]), Err(RuleError::UnknownEntry), "{method}");
            assert_eq!(check(*method, &[Some(1), None]), Err(RuleError::UnknownEntry), "{method}");
        }
    }

    #[test]
    fn only_weighted_ballots_need_all_their_picks() {
        for method in Method::VARIANTS {
            let expected = if *method == Method::Weighted { Err(RuleError::PicksNotExact(2)) } else { Ok(vec![2]) };
            assert_eq!(check(*method, &[Some(2)]), expected, "{method}");
        }
    }

    #[test]
    fn only_the_single_transferable_vote_fills_several_seats() {
        for method in Method::VARIANTS {
            assert_eq!(check_seats(*method, 1), Ok(()), "{method}");
            let several = check_seats(*method, MAX_SEATS);
            assert_eq!(several.is_ok(), *method == Method::SingleTransferableVote, "{method}");
            for out_of_range in [0, MAX_SEATS + 1, usize::MAX] {
                assert_eq!(check_seats(*method, out_of_range), Err(RuleError::SeatsOutOfRange), "{method}");
            }
        }
    }

    /// Published files and stored campaigns contain these names.
    #[test]
    fn methods_keep_their_names() {
        let names = ["WEIGHTED", "APPROVAL", "INSTANT_RUNOFF", "SCHULZE", "SINGLE_TRANSFERABLE_VOTE"];
        assert_eq!(Method::VARIANTS.len(), names.len());
        for (method, name) in Method::VARIANTS.iter().zip(names) {
            assert_eq!(method.to_string(), name);
            assert_eq!(name.parse(), Ok(*method));
            assert_eq!(serde_json::to_value(method).unwrap(), name);
        }
    }
}
