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

/// Returns the entries of `among` with the fewest votes, and whether there was a tie.
///
/// Tied entries are compared by the latest earlier count, then by the one before it, and so on. Entries that are still
/// returned together had equal votes in every count.
pub fn fewest<'v, E: Copy + Eq + Hash + 'v>(
    among: &[E],
    votes: &VoteCounts<E>,
    earlier: impl DoubleEndedIterator<Item = &'v VoteCounts<E>>,
) -> (Vec<E>, bool) {
    with_lowest(among, votes, earlier, |votes| votes)
}

/// Returns the entries of `among` with the most votes, and whether there was a tie: see [`fewest`].
pub fn most<'v, E: Copy + Eq + Hash + 'v>(
    among: &[E],
    votes: &VoteCounts<E>,
    earlier: impl DoubleEndedIterator<Item = &'v VoteCounts<E>>,
) -> (Vec<E>, bool) {
    with_lowest(among, votes, earlier, |votes| -votes)
}

/// Returns the entries of `among` with the lowest `key` of their votes, as [`fewest`] does.
fn with_lowest<'v, E: Copy + Eq + Hash + 'v>(
    among: &[E],
    votes: &VoteCounts<E>,
    earlier: impl DoubleEndedIterator<Item = &'v VoteCounts<E>>,
    key: impl Fn(i64) -> i64,
) -> (Vec<E>, bool) {
    let filter = |among: &[E], votes: &VoteCounts<E>| -> Vec<E> {
        let lowest = among.iter().map(|entry| key(votes.of(*entry))).min();
        among.iter().copied().filter(|entry| Some(key(votes.of(*entry))) == lowest).collect()
    };
    let mut tied = filter(among, votes);
    let is_tie = tied.len() > 1;
    for votes in earlier.rev() {
        tied = filter(&tied, votes);
    }
    (tied, is_tie)
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
