//! `INSTANT_RUNOFF`: the alternative vote, W. R. Ware's single-winner form of the single transferable vote (1871). Each
//! round eliminates one entry. A majority is more than half of the ballots that still count.

use std::{cmp::Reverse, collections::HashSet, hash::Hash, rc::Rc};

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Ranking,
    course::{Course, Step, dense, fingerprint},
    pick_counts,
    places::{EarlierCounts, VoteCounts, fewest, ranked, scored},
};

/// A round of an instant runoff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunoffRound<E> {
    /// The votes of each continuing entry, most votes first.
    pub counts: Vec<(E, i64)>,
    /// The number of ballots without a continuing entry.
    pub exhausted: i64,
    /// The entry that is eliminated at the end of the round.
    pub eliminated: Option<E>,
    /// Whether several entries had the fewest votes.
    pub tie_broken: bool,
    /// The entry that won in this round.
    pub winner: Option<E>,
}

/// Counts by [`Method::InstantRunoff`](crate::Method::InstantRunoff).
///
/// In each round a ballot counts for its highest continuing entry, that is, one that has not been eliminated. An entry
/// with more than half of these votes wins. Otherwise the entry with the fewest votes is eliminated.
///
/// A tie for the fewest is broken by the latest earlier round in which the tied entries differ: the one with fewer
/// votes there is eliminated. If they never differ, the one listed last is.
pub fn instant_runoff<E: Copy + Eq + Hash>(entries: &[E], picks: usize, rankings: &[Ranking<E>]) -> Outcome<E> {
    let mut runoff = Runoff::new(entries, rankings);
    let mut rounds: Vec<RunoffRound<E>> = Vec::new();
    let mut last_votes = VoteCounts::default();
    let mut eliminated: Vec<E> = Vec::new();
    let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
    while ballots > 0 && !runoff.continuing.is_empty() {
        let Round { votes, winner, last, tie_broken } = runoff.round();
        last_votes.0.extend(&votes.0);
        let mut counts: Vec<(E, i64)> = runoff.continuing.iter().map(|entry| (*entry, votes.of(*entry))).collect();
        counts.sort_by_key(|(_, votes)| Reverse(*votes));
        let loser = last.last().copied();
        rounds.push(RunoffRound { counts, exhausted: ballots - votes.sum(), eliminated: loser, tie_broken, winner });
        let Some(loser) = loser else { break };
        runoff.eliminate(loser);
        eliminated.push(loser);
    }
    let standings = scored(entries, picks, &pick_counts(rankings, picks), |entry, _| last_votes.of(entry));
    let rounds_survived = |entry| eliminated.iter().position(|other| *other == entry).unwrap_or(usize::MAX);
    let winner = rounds.last().and_then(|round| round.winner);
    let standings = ranked(standings, |row| (Some(row.entry) == winner, rounds_survived(row.entry), row.points));
    Outcome { standings, rounds, ..Outcome::default() }
}

/// The state of a runoff before a round.
#[derive(Clone)]
pub struct Runoff<'b, E> {
    rankings: &'b [Ranking<E>],
    /// The continuing entries, in listed order.
    continuing: Vec<E>,
    earlier: EarlierCounts<E>,
}

/// The count of a round.
struct Round<E> {
    votes: VoteCounts<E>,
    winner: Option<E>,
    /// Without a winner, the entries of which the one listed last is eliminated.
    last: Vec<E>,
    tie_broken: bool,
}

impl<'b, E: Copy + Eq + Hash> Runoff<'b, E> {
    pub fn new(entries: &[E], rankings: &'b [Ranking<E>]) -> Self {
        Self { rankings, continuing: entries.to_vec(), earlier: EarlierCounts::default() }
    }

    fn round(&mut self) -> Round<E> {
        let mut votes = VoteCounts::default();
        for (mut choices, ballots) in self.choices() {
            if let Some(entry) = choices.next() {
                votes.add(entry, ballots);
            }
        }
        let valid = votes.sum();
        let winner = self.continuing.iter().copied().find(|entry| votes.of(*entry) * 2 > valid);
        let (last, tie_broken) = match winner {
            Some(_) => (Vec::new(), false),
            None => fewest(&self.continuing, &votes, &self.earlier),
        };
        self.earlier.add(&self.continuing, &votes);
        Round { votes, winner, last, tie_broken }
    }

    fn eliminate(&mut self, entry: E) {
        self.continuing.retain(|other| *other != entry);
    }

    /// The continuing entries of each ranking, in its order, with the number of ballots.
    fn choices(&self) -> impl Iterator<Item = (impl Iterator<Item = E>, i64)> {
        let continuing: Rc<HashSet<E>> = Rc::new(self.continuing.iter().copied().collect());
        self.rankings.iter().map(move |(ranking, ballots)| {
            let continuing = Rc::clone(&continuing);
            (ranking.iter().copied().filter(move |entry| continuing.contains(entry)), *ballots)
        })
    }

    /// The entries whose elimination changes no other entry's votes: no ballot that counts for one has another
    /// continuing entry.
    fn dead_ends(&self) -> HashSet<E> {
        let mut dead_ends: HashSet<E> = self.continuing.iter().copied().collect();
        for (mut choices, _) in self.choices() {
            if let (Some(first), Some(_)) = (choices.next(), choices.next()) {
                dead_ends.remove(&first);
            }
        }
        dead_ends
    }

    /// Whether an entry wins, however ties are broken: it has more votes than any other can get while it continues.
    fn is_sure_winner(&self, entry: E, votes: &VoteCounts<E>) -> bool {
        let mut possible = VoteCounts::default();
        for (choices, ballots) in self.choices() {
            choices.take_while(|choice| *choice != entry).for_each(|choice| possible.add(choice, ballots));
        }
        possible.0.values().all(|possible| *possible < votes.of(entry))
    }
}

impl Course for Runoff<'_, usize> {
    type Choice = usize;

    fn fingerprint(&self) -> u64 {
        let ranks: Vec<i64> = self.continuing.iter().map(|entry| self.earlier.rank(*entry)).collect();
        fingerprint((&self.continuing, dense(ranks)))
    }

    fn advance(&mut self) -> Step<usize> {
        let Round { votes, winner, mut last, .. } = self.round();
        let first = self.continuing.iter().copied().max_by_key(|entry| votes.of(*entry));
        let winner = winner.or(first.filter(|entry| last.len() > 1 && self.is_sure_winner(*entry, &votes)));
        if winner.is_some() || last.is_empty() {
            return Step::End(winner.into_iter().collect());
        }
        // The order in which dead ends are eliminated does not matter, unless one of them wins.
        if last.len() > 1 && last.len() < self.continuing.len() {
            let dead_ends = self.dead_ends();
            if last.iter().all(|entry| dead_ends.contains(entry)) {
                last.truncate(1);
            }
        }
        Step::Choices(last)
    }

    fn follow(&mut self, choice: usize) {
        self.eliminate(choice);
    }

    fn cost(&self) -> usize {
        self.rankings.len()
    }
}
