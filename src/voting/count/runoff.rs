//! `INSTANT_RUNOFF`: the alternative vote, W. R. Ware's single-winner form of the single transferable vote (1871). One
//! entry is eliminated a round, and a majority is one of the ballots that still count.

use std::{cmp::Reverse, collections::HashSet};

use serde::{Deserialize, Serialize};

use super::{Outcome, Ranking, Votes, fewest, pick_counts, ranked, scored};
use crate::kernel::id::EntryId;

/// A round of an instant run-off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Votes of each entry still standing, most first.
    pub counts: Vec<(EntryId, i64)>,
    /// Ballots none of whose entries still stand.
    pub exhausted: i64,
    /// Who is eliminated at the end of the round.
    pub eliminated: Option<EntryId>,
    /// Whether several shared the fewest votes.
    pub tie_broken: bool,
    /// Who has won with this round.
    pub winner: Option<EntryId>,
}

/// Round by round, each ballot counts for its highest entry still standing, until one has more than half of those that
/// still count. Otherwise the entry with the fewest goes; of several, the one with fewer votes in the latest earlier
/// round in which they differ, or else the one listed last.
pub fn instant_runoff(entries: &[EntryId], picks: usize, rankings: &[Ranking]) -> Outcome {
    let mut standing: Vec<EntryId> = entries.to_vec();
    let mut rounds: Vec<Round> = Vec::new();
    let mut votes_by_round: Vec<Votes> = Vec::new();
    let mut last_votes = Votes::default();
    let mut eliminated: Vec<EntryId> = Vec::new();
    let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
    while ballots > 0 && !standing.is_empty() {
        let votes = first_choices(&standing, rankings);
        let continuing = votes.sum();
        last_votes.0.extend(&votes.0);
        let mut counts: Vec<(EntryId, i64)> = standing.iter().map(|entry| (*entry, votes.of(*entry))).collect();
        counts.sort_by_key(|(_, votes)| Reverse(*votes));
        let winner = counts.first().filter(|(_, votes)| votes * 2 > continuing).map(|(entry, _)| *entry);
        let (loser, tie_broken) = if winner.is_some() {
            (None, false)
        } else {
            let (last, tied) = fewest(&standing, &votes, votes_by_round.iter());
            (last.last().copied(), tied)
        };
        rounds.push(Round { counts, exhausted: ballots - continuing, eliminated: loser, tie_broken, winner });
        votes_by_round.push(votes);
        let Some(loser) = loser else { break };
        standing.retain(|entry| *entry != loser);
        eliminated.push(loser);
    }
    let standings = scored(entries, picks, &pick_counts(rankings, picks), |entry, _| last_votes.of(entry));
    let rounds_survived = |entry| eliminated.iter().position(|gone| *gone == entry).unwrap_or(usize::MAX);
    let winner = rounds.last().and_then(|round| round.winner);
    let standings = ranked(standings, |row| (Some(row.entry) == winner, rounds_survived(row.entry), row.points));
    Outcome { standings, rounds, ..Outcome::default() }
}

fn first_choices(standing: &[EntryId], rankings: &[Ranking]) -> Votes {
    let standing: HashSet<EntryId> = standing.iter().copied().collect();
    let mut votes = Votes::default();
    for (ranking, ballots) in rankings {
        if let Some(entry) = ranking.iter().find(|entry| standing.contains(entry)) {
            votes.add(*entry, *ballots);
        }
    }
    votes
}
