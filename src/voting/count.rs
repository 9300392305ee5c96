//! Counting: from ballots to standings, without I/O.
//!
//! Places and points follow the methods' usual definitions:
//! `WEIGHTED` is a Borda count truncated to the voter's picks, with ties broken by first picks, then second, and so on;
//! `APPROVAL` is approval voting (Brams and Fishburn, 1978);
//! `INSTANT_RUNOFF` is the alternative vote (Ware, 1871), eliminating one entry a round.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use serde::{Deserialize, Serialize};

use crate::id::EntryId;

/// How often each entry was picked at each position: `counts[&entry][i]` ballots put it at position `i + 1`.
pub type PickCounts = HashMap<EntryId, Vec<i64>>;

/// A ranking, best first, and how many ballots bear it.
pub type Ranking = (Vec<EntryId>, i64);

/// A campaign's count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Every entry, in order of place.
    pub standings: Vec<Standing>,
    /// The rounds of an instant run-off; none for other methods.
    pub rounds: Vec<Round>,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The entry.
    pub entry: EntryId,
    /// 1 is the winner's; equals share a place, and the places after them are skipped.
    pub place: i64,
    /// Points by the campaign's method.
    pub points: i64,
    /// `pick_counts[i]` ballots put the entry at position `i + 1`.
    pub pick_counts: Vec<i64>,
}

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

/// Of `picks` picks, the r-th scores `picks − r + 1` points.
pub fn weighted(entries: &[EntryId], picks: usize, counts: &PickCounts) -> Outcome {
    let points = |pick_counts: &[i64]| {
        let weights = (1..=picks).rev().map(|weight| i64::try_from(weight).unwrap_or(i64::MAX));
        pick_counts.iter().zip(weights).map(|(count, weight)| count * weight).sum()
    };
    ranked(scored(entries, picks, counts, points), |standing| (standing.points, standing.pick_counts.clone()))
}

/// A point a pick, whatever its position.
pub fn approval(entries: &[EntryId], picks: usize, counts: &PickCounts) -> Outcome {
    ranked(scored(entries, picks, counts, |pick_counts| pick_counts.iter().sum()), |standing| standing.points)
}

/// Round by round, each ballot counts for its highest entry still standing, until one has more than half of those that
/// still count. Otherwise the entry with the fewest goes; of several, the one with fewer votes in the latest earlier
/// round in which they differ, or else the one listed last.
pub fn instant_runoff(entries: &[EntryId], picks: usize, rankings: &[Ranking]) -> Outcome {
    let mut standing: Vec<EntryId> = entries.to_vec();
    let mut rounds: Vec<Round> = Vec::new();
    let mut last_votes: HashMap<EntryId, i64> = HashMap::new();
    let mut eliminated: Vec<EntryId> = Vec::new();
    let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
    while ballots > 0 && !standing.is_empty() {
        let votes = first_choices(&standing, rankings);
        let continuing: i64 = votes.values().sum();
        last_votes.extend(&votes);
        let mut counts: Vec<(EntryId, i64)> = standing.iter().map(|entry| (*entry, of(&votes, *entry))).collect();
        counts.sort_by_key(|(_, votes)| Reverse(*votes));
        let winner = counts.first().filter(|(_, votes)| votes * 2 > continuing).map(|(entry, _)| *entry);
        let (loser, tie_broken) = match winner {
            Some(_) => (None, false),
            None => last(&standing, &votes, &rounds),
        };
        rounds.push(Round { counts, exhausted: ballots - continuing, eliminated: loser, tie_broken, winner });
        let Some(loser) = loser else { break };
        standing.retain(|entry| *entry != loser);
        eliminated.push(loser);
    }
    let counts = pick_counts(rankings, picks);
    let standings = scored(entries, picks, &counts, |_| 0).into_iter().map(|mut row| {
        row.points = of(&last_votes, row.entry);
        row
    });
    let rounds_survived = |entry| eliminated.iter().position(|gone| *gone == entry).unwrap_or(usize::MAX);
    let winner = rounds.last().and_then(|round| round.winner);
    let outcome =
        ranked(standings.collect(), |row| (Some(row.entry) == winner, rounds_survived(row.entry), row.points));
    Outcome { rounds, ..outcome }
}

/// How often each entry stands at each of the first `picks` positions.
fn pick_counts(rankings: &[Ranking], picks: usize) -> PickCounts {
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

fn first_choices(standing: &[EntryId], rankings: &[Ranking]) -> HashMap<EntryId, i64> {
    let standing: HashSet<EntryId> = standing.iter().copied().collect();
    let mut votes = HashMap::new();
    for (ranking, ballots) in rankings {
        if let Some(entry) = ranking.iter().find(|entry| standing.contains(entry)) {
            *votes.entry(*entry).or_default() += ballots;
        }
    }
    votes
}

/// Who goes, and whether a tie had to be broken for it.
fn last(standing: &[EntryId], votes: &HashMap<EntryId, i64>, earlier: &[Round]) -> (Option<EntryId>, bool) {
    let fewest = |tied: &[EntryId], votes: &dyn Fn(EntryId) -> i64| -> Vec<EntryId> {
        let least = tied.iter().map(|entry| votes(*entry)).min();
        tied.iter().copied().filter(|entry| Some(votes(*entry)) == least).collect()
    };
    let mut tied = fewest(standing, &|entry| of(votes, entry));
    let tie_broken = tied.len() > 1;
    for round in earlier.iter().rev() {
        let votes: HashMap<EntryId, i64> = round.counts.iter().copied().collect();
        tied = fewest(&tied, &|entry| of(&votes, entry));
    }
    (tied.last().copied(), tie_broken)
}

fn of(votes: &HashMap<EntryId, i64>, entry: EntryId) -> i64 {
    votes.get(&entry).copied().unwrap_or_default()
}

fn scored(entries: &[EntryId], picks: usize, counts: &PickCounts, points: impl Fn(&[i64]) -> i64) -> Vec<Standing> {
    let score = |entry: &EntryId| {
        let mut pick_counts = counts.get(entry).cloned().unwrap_or_default();
        pick_counts.resize(picks, 0);
        Standing { entry: *entry, place: 0, points: points(&pick_counts), pick_counts }
    };
    entries.iter().map(score).collect()
}

/// Sorts by merit, highest first, and gives the places; those of equal merit share one, in entry order.
fn ranked<M: Ord>(mut standings: Vec<Standing>, merit: impl Fn(&Standing) -> M) -> Outcome {
    standings.sort_by_cached_key(|standing| Reverse(merit(standing)));
    let mut above: Option<(M, i64)> = None;
    for (place, standing) in (1..).zip(&mut standings) {
        let own = merit(standing);
        let shared = above.filter(|(merit, _)| *merit == own).map(|(_, place)| place);
        standing.place = shared.unwrap_or(place);
        above = Some((own, standing.place));
    }
    Outcome { standings, rounds: Vec::new() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTRIES: [EntryId; 4] = [EntryId(1), EntryId(2), EntryId(3), EntryId(4)];

    fn ids(numbers: &[i64]) -> Vec<EntryId> {
        numbers.iter().copied().map(EntryId).collect()
    }

    fn counts(picks: usize, ballots: &[&[i64]]) -> PickCounts {
        pick_counts(&rankings(ballots), picks)
    }

    fn rankings(ballots: &[&[i64]]) -> Vec<Ranking> {
        ballots.iter().map(|ballot| (ids(ballot), 1)).collect()
    }

    fn places(outcome: &Outcome) -> Vec<(i64, i64, i64)> {
        outcome.standings.iter().map(|row| (row.entry.0, row.place, row.points)).collect()
    }

    #[test]
    fn three_picks_score_three_two_and_one() {
        let outcome = weighted(&ENTRIES, 3, &counts(3, &[&[1, 2, 3], &[1, 3, 2], &[2, 1, 4]]));
        assert_eq!(places(&outcome), [(1, 1, 8), (2, 2, 6), (3, 3, 3), (4, 4, 1)]);
    }

    #[test]
    fn equal_points_are_parted_by_first_picks_and_otherwise_share_a_place() {
        // 2 and 3 have three points each: 2 by one first pick, 3 by two second picks and a third.
        let outcome = weighted(&ENTRIES, 2, &counts(2, &[&[1, 3], &[2, 1], &[4, 3], &[1, 4]]));
        assert_eq!(places(&outcome), [(1, 1, 5), (4, 2, 3), (2, 3, 2), (3, 4, 2)]);
        let tied = weighted(&ENTRIES, 2, &counts(2, &[&[2, 3], &[3, 2]]));
        assert_eq!(places(&tied), [(2, 1, 3), (3, 1, 3), (1, 3, 0), (4, 3, 0)]);
    }

    #[test]
    fn without_ballots_all_share_the_first_place() {
        for outcome in [
            weighted(&ENTRIES, 3, &PickCounts::new()),
            approval(&ENTRIES, 3, &PickCounts::new()),
            instant_runoff(&ENTRIES, 3, &[]),
        ] {
            assert!(outcome.standings.iter().all(|row| row.place == 1 && row.points == 0));
            assert!(outcome.rounds.is_empty());
        }
    }

    #[test]
    fn approval_counts_picks_whatever_their_order() {
        let outcome = approval(&ENTRIES, 3, &counts(3, &[&[1, 2], &[2, 3, 1], &[3]]));
        assert_eq!(places(&outcome), [(1, 1, 2), (2, 1, 2), (3, 1, 2), (4, 4, 0)]);
    }

    /// The capital of Tennessee, the usual illustration of voting methods: Knoxville wins an instant run-off.
    #[test]
    fn tennessee_chooses_knoxville() {
        let [memphis, nashville, chattanooga, knoxville] = ENTRIES;
        let rankings = [
            (vec![memphis, nashville, chattanooga, knoxville], 42),
            (vec![nashville, chattanooga, knoxville, memphis], 26),
            (vec![chattanooga, knoxville, nashville, memphis], 15),
            (vec![knoxville, chattanooga, nashville, memphis], 17),
        ];
        let outcome = instant_runoff(&ENTRIES, 4, &rankings);
        assert_eq!(
            outcome.rounds.iter().map(|r| r.eliminated).collect::<Vec<_>>(),
            [Some(chattanooga), Some(nashville), None]
        );
        assert_eq!(places(&outcome), [(4, 1, 58), (1, 2, 42), (2, 3, 26), (3, 4, 15)]);
    }

    #[test]
    fn a_tie_for_last_goes_by_the_latest_earlier_round_then_by_entry_order() {
        // Nobody picks 4, who goes first; then 2 and 3 tie, and never differed: the later listed goes.
        let outcome = instant_runoff(&ENTRIES, 2, &[(ids(&[1]), 2), (ids(&[2]), 2), (ids(&[3]), 2)]);
        let gone: Vec<_> = outcome.rounds.iter().map(|round| (round.eliminated, round.tie_broken)).collect();
        assert_eq!(
            gone,
            [(Some(EntryId(4)), false), (Some(EntryId(3)), true), (Some(EntryId(2)), true), (None, false)]
        );
        // 3 got 4's votes and so draws level with 2, but had fewer before: 3 goes.
        let rankings = [(ids(&[1]), 5), (ids(&[2]), 3), (ids(&[3]), 2), (ids(&[4, 3]), 1)];
        let outcome = instant_runoff(&ENTRIES, 2, &rankings);
        assert_eq!(
            outcome.rounds.get(1).map(|round| (round.eliminated, round.tie_broken)),
            Some((Some(EntryId(3)), true))
        );
    }

    fn any_rankings() -> impl Strategy<Value = Vec<Ranking>> {
        let ranking = Just(ENTRIES.to_vec()).prop_shuffle().prop_flat_map(|entries| {
            (1..=entries.len()).prop_map(move |picks| entries.iter().copied().take(picks).collect::<Vec<_>>())
        });
        prop::collection::vec((ranking, 1..20_i64), 0..12)
    }

    proptest! {
        #[test]
        fn every_count_places_every_entry_once(rankings in any_rankings()) {
            let counts = pick_counts(&rankings, 4);
            for outcome in [
                weighted(&ENTRIES, 4, &counts),
                approval(&ENTRIES, 4, &counts),
                instant_runoff(&ENTRIES, 4, &rankings),
            ] {
                let mut seen: Vec<_> = outcome.standings.iter().map(|row| row.entry).collect();
                seen.sort();
                prop_assert_eq!(seen, ENTRIES.to_vec());
                for (position, row) in (1..).zip(&outcome.standings) {
                    prop_assert!(row.place >= 1 && row.place <= position);
                }
            }
        }

        #[test]
        fn a_runoff_loses_no_ballot_and_its_winner_has_a_majority(rankings in any_rankings()) {
            let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
            let outcome = instant_runoff(&ENTRIES, 4, &rankings);
            for round in &outcome.rounds {
                let continuing: i64 = round.counts.iter().map(|(_, votes)| votes).sum();
                prop_assert_eq!(continuing + round.exhausted, ballots);
                if let Some(winner) = round.winner {
                    let votes = round.counts.iter().find(|(entry, _)| *entry == winner).map_or(0, |(_, votes)| *votes);
                    prop_assert!(votes * 2 > continuing);
                }
            }
            prop_assert_eq!(outcome.rounds.last().is_some_and(|round| round.winner.is_some()), ballots > 0);
        }
    }
}
