//! Methods that count picks by their position.
//!
//! `WEIGHTED` is a Borda count (J.-C. de Borda, *Mémoire sur les élections au scrutin*, 1781) of as many entries as a
//! ballot has picks. First picks break ties, then second picks, and so on.
//! `APPROVAL` is approval voting (S. Brams and P. Fishburn, *Approval Voting*, 1978) with a limited number of picks.

use std::hash::Hash;

use crate::{
    Outcome, PickCounts,
    places::{ranked, scored},
};

/// Counts by [`Method::Weighted`](crate::Method::Weighted): of `picks` picks, the r-th scores `picks − r + 1` points.
pub fn weighted<E: Copy + Eq + Hash>(entries: &[E], picks: usize, counts: &PickCounts<E>) -> Outcome<E> {
    let standings = scored(entries, picks, counts, |_, pick_counts| {
        let weights = (1..=picks).rev().map(|weight| i64::try_from(weight).unwrap_or(i64::MAX));
        pick_counts.iter().zip(weights).map(|(count, weight)| count * weight).sum()
    });
    let standings = ranked(standings, |row| (row.points, row.pick_counts.clone()));
    Outcome { standings, ..Outcome::default() }
}

/// Counts by [`Method::Approval`](crate::Method::Approval): each pick scores a point, at any position.
pub fn approval<E: Copy + Eq + Hash>(entries: &[E], picks: usize, counts: &PickCounts<E>) -> Outcome<E> {
    let standings = scored(entries, picks, counts, |_, pick_counts| pick_counts.iter().sum());
    Outcome { standings: ranked(standings, |row| row.points), ..Outcome::default() }
}
