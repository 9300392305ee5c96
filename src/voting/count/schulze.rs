//! `SCHULZE`: M. Schulze, *A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner
//! election method*, Social Choice and Welfare 36 (2011), with the strength of a link measured by its winning votes.
//!
//! Who wins every comparison one by one wins the vote. Where comparisons go round in a circle, the strongest chains of
//! them decide. An entry not on a ballot stands below those on it, and level with the others not on it.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{Outcome, Ranking, pick_counts, ranked, scored};
use crate::kernel::id::EntryId;

/// Every entry compared with every other. Rows and columns are in the entries' listed order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairwise {
    /// `preferred[a][b]` ballots prefer entry `a` to entry `b`.
    pub preferred: Vec<Vec<i64>>,
    /// `strengths[a][b]` is the strength of the strongest beatpath from `a` to `b`: of all chains of won comparisons, the
    /// most votes that the weakest comparison of a chain was won with; 0 where there is no chain.
    pub strengths: Vec<Vec<i64>>,
}

/// An entry is placed by how many others beat it, fewest first: `a` beats `b` when its strongest beatpath to `b` is
/// stronger than the one back. Points are how many it beats.
pub fn schulze(entries: &[EntryId], picks: usize, rankings: &[Ranking]) -> Outcome {
    let preferred = preferences(entries, rankings);
    let strengths = strongest_paths(&preferred);
    let beats = |a: usize, b: usize| cell(&strengths, a, b) > cell(&strengths, b, a);
    let count = |of: &dyn Fn(usize) -> bool| (0..entries.len()).filter(|other| of(*other)).count();
    let index = |entry: EntryId| entries.iter().position(|it| *it == entry).unwrap_or_default();
    let wins = |entry| i64::try_from(count(&|other| beats(index(entry), other))).unwrap_or(i64::MAX);
    let standings = scored(entries, picks, &pick_counts(rankings, picks), |entry, _| wins(entry));
    let standings = ranked(standings, |row| Reverse(count(&|other| beats(other, index(row.entry)))));
    Outcome { standings, pairwise: Some(Pairwise { preferred, strengths }), ..Outcome::default() }
}

fn cell(matrix: &[Vec<i64>], row: usize, column: usize) -> i64 {
    matrix.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
}

fn preferences(entries: &[EntryId], rankings: &[Ranking]) -> Vec<Vec<i64>> {
    let mut preferred = vec![vec![0; entries.len()]; entries.len()];
    for (ranking, ballots) in rankings {
        let mut below = vec![true; entries.len()];
        for pick in ranking.iter().filter_map(|pick| entries.iter().position(|entry| entry == pick)) {
            if let Some(is_below) = below.get_mut(pick) {
                *is_below = false;
            }
            for (cell, is_below) in preferred.get_mut(pick).into_iter().flatten().zip(&below) {
                *cell += if *is_below { *ballots } else { 0 };
            }
        }
    }
    preferred
}

/// The widest path between every two, by the algorithm of Floyd and Warshall.
fn strongest_paths(preferred: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let won = |(a, row): (usize, &Vec<i64>)| -> Vec<i64> {
        let links = row.iter().enumerate();
        links.map(|(b, votes)| if *votes > cell(preferred, b, a) { *votes } else { 0 }).collect()
    };
    let mut strengths: Vec<Vec<i64>> = preferred.iter().enumerate().map(won).collect();
    for via in 0..strengths.len() {
        let onward = strengths.get(via).cloned().unwrap_or_default();
        for (from, row) in strengths.iter_mut().enumerate() {
            let there = row.get(via).copied().unwrap_or_default();
            for (to, (strength, onward)) in row.iter_mut().zip(&onward).enumerate() {
                if from != to {
                    *strength = (*strength).max(there.min(*onward));
                }
            }
        }
    }
    strengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[i64]) -> Vec<EntryId> {
        numbers.iter().copied().map(EntryId).collect()
    }

    #[test]
    fn a_circle_is_decided_by_its_weakest_comparison() {
        // 1 beats 2 by 8 votes, 2 beats 3 by 7, 3 beats 1 by 6 of 10 or so: the last gives way.
        let rankings = [(ids(&[1, 2, 3]), 4), (ids(&[2, 3, 1]), 3), (ids(&[3, 1, 2]), 2)];
        let outcome = schulze(&ids(&[1, 2, 3]), 3, &rankings);
        let places: Vec<_> = outcome.standings.iter().map(|row| (row.entry.0, row.place, row.points)).collect();
        assert_eq!(places, [(1, 1, 2), (2, 2, 1), (3, 3, 0)]);
        let pairwise = outcome.pairwise.unwrap_or(Pairwise { preferred: Vec::new(), strengths: Vec::new() });
        assert_eq!(pairwise.preferred, [[0, 6, 4], [3, 0, 7], [5, 2, 0]]);
        assert_eq!(pairwise.strengths, [[0, 6, 6], [5, 0, 7], [5, 5, 0]]);
    }
}
