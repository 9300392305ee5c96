//! Votes, ties and places, which several methods use.

use std::{cmp::Reverse, collections::HashMap, hash::Hash};

use crate::{PickCounts, Placement};

/// Votes by entry; an entry that is not a key has none.
#[derive(Clone, Debug)]
pub struct VoteCounts<E>(pub HashMap<E, i64>);

impl<E> Default for VoteCounts<E> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<E: Copy + Eq + Hash> VoteCounts<E> {
    pub fn of(&self, entry: E) -> i64 {
        self.0.get(&entry).copied().unwrap_or_default()
    }

    pub fn add(&mut self, entry: E, votes: i64) {
        *self.0.entry(entry).or_default() += votes;
    }

    pub fn sum(&self) -> i64 {
        self.0.values().sum()
    }
}

/// The order of the entries by their votes in earlier counts: for two entries, the latest count in which they differ
/// decides.
#[derive(Clone, Debug)]
pub struct EarlierCounts<E>(HashMap<E, i64>);

impl<E> Default for EarlierCounts<E> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<E: Copy + Eq + Hash> EarlierCounts<E> {
    /// An entry's rank, lowest first. Entries with equal votes in every count have the same rank.
    pub fn rank(&self, entry: E) -> i64 {
        self.0.get(&entry).copied().unwrap_or_default()
    }

    /// Adds a count as the latest.
    pub fn add(&mut self, entries: &[E], votes: &VoteCounts<E>) {
        let merit = |entry: E| (votes.of(entry), self.rank(entry));
        let mut merits: Vec<(i64, i64)> = entries.iter().map(|entry| merit(*entry)).collect();
        merits.sort_unstable();
        merits.dedup();
        let rank = |entry: E| merits.partition_point(|other| *other < merit(entry));
        let ranks = entries.iter().map(|entry| (*entry, i64::try_from(rank(*entry)).unwrap_or(i64::MAX)));
        self.0 = ranks.collect();
    }
}

/// Returns the entries of `among` with the fewest votes, and whether there was a tie.
///
/// The earlier counts break a tie. Entries that are still returned together had equal votes in every count.
pub fn fewest<E: Copy + Eq + Hash>(among: &[E], votes: &VoteCounts<E>, earlier: &EarlierCounts<E>) -> (Vec<E>, bool) {
    with_lowest(among, |entry| (votes.of(entry), earlier.rank(entry)))
}

/// Returns the entries of `among` with the most votes, and whether there was a tie: see [`fewest`].
pub fn most<E: Copy + Eq + Hash>(among: &[E], votes: &VoteCounts<E>, earlier: &EarlierCounts<E>) -> (Vec<E>, bool) {
    with_lowest(among, |entry| (-votes.of(entry), -earlier.rank(entry)))
}

/// Returns the entries with the lowest key, and whether several have the lowest first part of the key.
fn with_lowest<E: Copy>(among: &[E], key: impl Fn(E) -> (i64, i64)) -> (Vec<E>, bool) {
    let lowest = among.iter().map(|entry| key(*entry)).min();
    let have = |is_lowest: &dyn Fn((i64, i64)) -> bool| -> Vec<E> {
        among.iter().copied().filter(|entry| is_lowest(key(*entry))).collect()
    };
    let tied = have(&|key| lowest.is_some_and(|lowest| lowest.0 == key.0));
    (have(&|key| lowest == Some(key)), tied.len() > 1)
}

/// Returns the entries with their pick counts and points, in listed order and without places.
pub fn scored<E: Copy + Eq + Hash>(
    entries: &[E],
    picks: usize,
    counts: &PickCounts<E>,
    points: impl Fn(E, &[i64]) -> i64,
) -> Vec<Placement<E>> {
    let score = |entry: &E| {
        let mut pick_counts = counts.get(entry).cloned().unwrap_or_default();
        pick_counts.resize(picks, 0);
        Placement { entry: *entry, place: 0, points: points(*entry, &pick_counts), pick_counts }
    };
    entries.iter().map(score).collect()
}

/// Sorts by merit, highest first, and sets the places. Entries of equal merit share a place, in listed order.
pub fn ranked<E, M: Ord>(mut standings: Vec<Placement<E>>, merit: impl Fn(&Placement<E>) -> M) -> Vec<Placement<E>> {
    standings.sort_by_cached_key(|row| Reverse(merit(row)));
    let mut above: Option<(M, i64)> = None;
    for (place, row) in (1..).zip(&mut standings) {
        let own = merit(row);
        let shared = above.filter(|(merit, _)| *merit == own).map(|(_, place)| place);
        row.place = shared.unwrap_or(place);
        above = Some((own, row.place));
    }
    standings
}
