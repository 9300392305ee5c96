//! Counts votes, and checks ballots that were published with receipts. Does no I/O.
//!
//! Every count is deterministic: the order of the ballots does not matter, and the listed order of the entries breaks
//! the last ties. So all counts of the same ballots have the same [`Outcome`]. `docs/voting.md` names the published
//! rules that each method follows.
//!
//! ```
//! use guildhall_count::{Method, Rules, count};
//!
//! let rules = Rules { method: Method::InstantRunoff, picks: 3, seats: 1 };
//! let entries = ["coffee", "tea", "water"];
//! let ballots = [
//!     (vec!["coffee"], 4),
//!     (vec!["tea", "water"], 3),
//!     (vec!["water", "tea"], 2),
//! ];
//! let outcome = count(rules, &entries, &ballots);
//! // Water is eliminated first, and its two ballots count for tea.
//! assert_eq!(outcome.rounds[0].eliminated, Some("water"));
//! assert_eq!(outcome.winners(), ["tea"]);
//! ```
//!
//! An entry can have any type that can be copied and hashed, such as a name, an index or a database key.
//!
//! When a vote is over, its ballots can be published as a [`BallotFile`], each with the [`receipt`] that its voter has.
//! [`BallotFile::check`] verifies the receipts and recounts the result, so readers need not trust the server:
//!
//! ```
//! use guildhall_count::BallotFile;
//!
//! fn verify(json: &str) -> Result<(), Box<dyn std::error::Error>> {
//!     let file = BallotFile::read(json)?;
//!     for problem in file.check() {
//!         println!("{problem}");
//!     }
//!     Ok(())
//! }
//! # assert!(verify("{}").is_err());
//! ```

mod ballot_file;
mod course;
mod listed_order;
mod places;
mod positional;
mod receipt;
mod rules;
mod runoff;
mod schulze;
mod transferable;

use std::{collections::HashMap, hash::Hash};

use serde::{Deserialize, Serialize};

pub use self::{
    ballot_file::{BallotFile, FileBallot, FileEntry, FileStanding, ReadError},
    listed_order::decided_by_listed_order,
    positional::{approval, weighted},
    receipt::{NONCE_LENGTH, hash_lines, parse_nonce, receipt},
    rules::{BallotForm, MAX_ENTRIES, MAX_PICKS, MAX_SEATS, Method, RuleError, Rules, check_picks, check_seats},
    runoff::{RunoffRound, instant_runoff},
    schulze::{Pairwise, schulze},
    transferable::{TransferCount, TransferStage, UNITS_PER_VOTE, single_transferable_vote},
};

/// The number of ballots with each entry at each position: `counts[&entry][i]` ballots have it at position `i + 1`.
pub type PickCounts<E> = HashMap<E, Vec<i64>>;

/// A ranking, best first, and the number of ballots with this ranking.
pub type Ranking<E> = (Vec<E>, i64);

/// The result of a count.
///
/// Guildhall stores it as JSON, so a field is never renamed, and a new field is left out if it is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Without this, serde's derive would require `E: Default` for the fields that have a default.
#[serde(bound(deserialize = "E: Deserialize<'de>"))]
pub struct Outcome<E> {
    /// Every entry, in order of place.
    pub standings: Vec<Placement<E>>,
    /// The rounds of an instant runoff; empty for other methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<RunoffRound<E>>,
    /// The comparisons of a Schulze count; `None` for other methods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairwise: Option<Pairwise>,
    /// The stages of a single transferable vote; `None` for other methods, and without a ballot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<TransferCount<E>>,
    /// What [`decided_by_listed_order`] returns; `None` if it has not been computed, as in every count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by_listed_order: Option<bool>,
}

/// An entry with its place and its points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement<E> {
    /// The entry.
    pub entry: E,
    /// The place, from 1. Equal entries share a place, and the places after them are skipped.
    pub place: i64,
    /// The points; each method defines what they are.
    pub points: i64,
    /// `pick_counts[i]` ballots have the entry at position `i + 1`.
    pub pick_counts: Vec<i64>,
}

impl<E> Default for Outcome<E> {
    fn default() -> Self {
        let standings = Vec::new();
        Self { standings, rounds: Vec::new(), pairwise: None, transfers: None, decided_by_listed_order: None }
    }
}

impl<E: Copy> Outcome<E> {
    /// The number of values in the rounds, comparisons or stages, which estimates their size in a response.
    pub fn table_size(&self) -> usize {
        let rounds: usize = self.rounds.iter().map(|round| round.counts.len()).sum();
        let pairwise = self.pairwise.as_ref().map_or(0, |pairwise| 2 * pairwise.preferred.len().pow(2));
        let stages = self.transfers.iter().flat_map(|transfers| &transfers.stages);
        // An entry and its votes.
        2 * rounds + pairwise + 2 * stages.map(|stage| stage.votes.len()).sum::<usize>()
    }

    /// The winners: the elected, in order of their election, or for a single seat all entries that share the first
    /// place. Without a ballot there are none.
    pub fn winners(&self) -> Vec<E> {
        if let Some(transfers) = &self.transfers {
            return transfers.stages.iter().flat_map(|stage| &stage.elected).copied().collect();
        }
        let counted = self.standings.iter().any(|row| row.pick_counts.iter().any(|count| *count > 0));
        let first = self.standings.iter().filter(|row| counted && row.place == 1);
        first.map(|row| row.entry).collect()
    }

    /// Whether entries were tied in any step. Otherwise the listed order decided nothing.
    pub fn has_broken_ties(&self) -> bool {
        let stages = self.transfers.iter().flat_map(|transfers| &transfers.stages);
        self.rounds.iter().any(|round| round.tie_broken) || stages.into_iter().any(|stage| stage.tie_broken)
    }

    /// Whether several entries share the first place although only one can win.
    pub fn is_tied(&self) -> bool {
        self.transfers.is_none() && self.winners().len() > 1
    }
}

/// Counts ballots by the rules. `entries` are all entries of the vote; their order breaks the last ties.
///
/// Each ballot must pass [`check_picks`]. More than 900 million ballots would overflow the integers that count
/// fractions of votes.
pub fn count<E: Copy + Eq + Hash>(rules: Rules, entries: &[E], rankings: &[Ranking<E>]) -> Outcome<E> {
    let counts = match rules.method.ballot_form() {
        BallotForm::PickCounts => pick_counts(rankings, rules.picks),
        BallotForm::Rankings => PickCounts::new(),
    };
    count_from(rules, entries, &counts, rankings)
}

/// Counts ballots in the form that the method needs, by [`Method::ballot_form`]. The other form is ignored and may be
/// empty.
pub fn count_from<E: Copy + Eq + Hash>(
    rules: Rules,
    entries: &[E],
    pick_counts: &PickCounts<E>,
    rankings: &[Ranking<E>],
) -> Outcome<E> {
    let Rules { method, picks, seats } = rules;
    match method {
        Method::Weighted => weighted(entries, picks, pick_counts),
        Method::Approval => approval(entries, picks, pick_counts),
        Method::InstantRunoff => instant_runoff(entries, picks, rankings),
        Method::Schulze => schulze(entries, picks, rankings),
        Method::SingleTransferableVote => single_transferable_vote(entries, picks, seats, rankings),
    }
}

/// Counts how often each entry is at each of the first `picks` positions.
fn pick_counts<E: Copy + Eq + Hash>(rankings: &[Ranking<E>], picks: usize) -> PickCounts<E> {
    let mut counts = PickCounts::new();
    for (ranking, ballots) in rankings {
        for (position, entry) in ranking.iter().enumerate() {
            let of_entry = counts.entry(*entry).or_insert_with(|| vec![0; picks]);
            if let Some(count) = of_entry.get_mut(position) {
                *count += ballots;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests;
