//! `SCHULZE`: M. Schulze, *A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent
//! single-winner election method*, Social Choice and Welfare 36 (2011), with the strength of a link measured by its
//! winning votes.
//!
//! An entry that wins every comparison wins the vote. If the comparisons form a cycle, the strongest beatpaths decide.
//! An entry that is not on a ballot ranks below those on it, and equal to the others that are not on it.

use std::{cmp::Reverse, hash::Hash};

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Ranking, pick_counts,
    places::{ranked, scored},
};

/// The comparison of every entry with every other. Rows and columns are in the entries' listed order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairwise {
    /// `preferred[a][b]` ballots prefer entry `a` to entry `b`.
    pub preferred: Vec<Vec<i64>>,
    /// `strengths[a][b]` is the strength of the strongest beatpath from `a` to `b`, or 0 where there is none. A
    /// beatpath is a chain of won comparisons, and as strong as the winning votes of its weakest comparison.
    pub strengths: Vec<Vec<i64>>,
}

/// Counts by [`Method::Schulze`](crate::Method::Schulze).
///
/// Entry `a` beats `b` if its strongest beatpath to `b` is stronger than the one from `b` to `a`. An entry that fewer
/// entries beat has a better place. Its points are the number of entries that it beats.
pub fn schulze<E: Copy + Eq + Hash>(entries: &[E], picks: usize, rankings: &[Ranking<E>]) -> Outcome<E> {
    let preferred = preferences(entries, rankings);
    let strengths = strongest_paths(&preferred);
    let beats = |a: usize, b: usize| cell(&strengths, a, b) > cell(&strengths, b, a);
    let count = |of: &dyn Fn(usize) -> bool| (0..entries.len()).filter(|other| of(*other)).count();
    let index = |entry: E| entries.iter().position(|it| *it == entry).unwrap_or_default();
    let wins = |entry| i64::try_from(count(&|other| beats(index(entry), other))).unwrap_or(i64::MAX);
    let standings = scored(entries, picks, &pick_counts(rankings, picks), |entry, _| wins(entry));
    let standings = ranked(standings, |row| Reverse(count(&|other| beats(other, index(row.entry)))));
    Outcome { standings, pairwise: Some(Pairwise { preferred, strengths }), ..Outcome::default() }
}

fn cell(matrix: &[Vec<i64>], row: usize, column: usize) -> i64 {
    matrix.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
}

fn preferences<E: Copy + Eq>(entries: &[E], rankings: &[Ranking<E>]) -> Vec<Vec<i64>> {
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

/// The strength of the strongest path between every two entries, by the Floyd–Warshall algorithm.
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

    #[test]
    fn a_cycle_is_decided_by_its_weakest_comparison() {
        // 1 beats 2 by 6 of 9 votes, 2 beats 3 by 7, and 3 beats 1 by 5: the last is the weakest.
        let rankings = [(vec![1, 2, 3], 4), (vec![2, 3, 1], 3), (vec![3, 1, 2], 2)];
        let outcome = schulze(&[1, 2, 3], 3, &rankings);
        let places: Vec<_> = outcome.standings.iter().map(|row| (row.entry, row.place, row.points)).collect();
        assert_eq!(places, [(1, 1, 2), (2, 2, 1), (3, 3, 0)]);
        let pairwise = outcome.pairwise.unwrap();
        assert_eq!(pairwise.preferred, [[0, 6, 4], [3, 0, 7], [5, 2, 0]]);
        assert_eq!(pairwise.strengths, [[0, 6, 6], [5, 0, 7], [5, 5, 0]]);
    }
}
