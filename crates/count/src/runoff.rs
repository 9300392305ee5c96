//! `INSTANT_RUNOFF`: the alternative vote, W. R. Ware's single-winner form of the single transferable vote (1871). Each
//! round eliminates one entry. A majority is more than half of the ballots that still count.

use std::{cmp::Reverse, collections::HashSet, hash::Hash};

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Ranking, pick_counts,
    places::{VoteCounts, fewest, ranked, scored},
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
    let mut continuing: Vec<E> = entries.to_vec();
    let mut rounds: Vec<RunoffRound<E>> = Vec::new();
    let mut votes_by_round: Vec<VoteCounts<E>> = Vec::new();
    let mut last_votes = VoteCounts::default();
    let mut eliminated: Vec<E> = Vec::new();
    let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
    while ballots > 0 && !continuing.is_empty() {
        let votes = first_choices(&continuing, rankings);
        let valid = votes.sum();
        last_votes.0.extend(&votes.0);
        let mut counts: Vec<(E, i64)> = continuing.iter().map(|entry| (*entry, votes.of(*entry))).collect();
        counts.sort_by_key(|(_, votes)| Reverse(*votes));
        let winner = counts.first().filter(|(_, votes)| votes * 2 > valid).map(|(entry, _)| *entry);
        let (loser, tie_broken) = if winner.is_some() {
            (None, false)
        } else {
            let (last, tied) = fewest(&continuing, &votes, votes_by_round.iter());
            (last.last().copied(), tied)
        };
        rounds.push(RunoffRound { counts, exhausted: ballots - valid, eliminated: loser, tie_broken, winner });
        votes_by_round.push(votes);
        let Some(loser) = loser else { break };
        continuing.retain(|entry| *entry != loser);
        eliminated.push(loser);
    }
    let standings = scored(entries, picks, &pick_counts(rankings, picks), |entry, _| last_votes.of(entry));
    let rounds_survived = |entry| eliminated.iter().position(|other| *other == entry).unwrap_or(usize::MAX);
    let winner = rounds.last().and_then(|round| round.winner);
    let standings = ranked(standings, |row| (Some(row.entry) == winner, rounds_survived(row.entry), row.points));
    Outcome { standings, rounds, ..Outcome::default() }
}

fn first_choices<E: Copy + Eq + Hash>(continuing: &[E], rankings: &[Ranking<E>]) -> VoteCounts<E> {
    let continuing: HashSet<E> = continuing.iter().copied().collect();
    let mut votes = VoteCounts::default();
    for (ranking, ballots) in rankings {
        if let Some(entry) = ranking.iter().find(|entry| continuing.contains(entry)) {
            votes.add(*entry, *ballots);
        }
    }
    votes
}
