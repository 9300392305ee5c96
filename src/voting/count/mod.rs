//! Counting: from ballots to standings, without I/O.
//!
//! A file a method, each naming where its rules are published; what they share is here. All of them are deterministic:
//! the same ballots give the same outcome on every machine, in whatever order they are given.

mod positional;
mod runoff;
mod schulze;
mod transferable;

use std::{cmp::Reverse, collections::HashMap};

use serde::{Deserialize, Serialize};

pub use self::{
    positional::{approval, weighted},
    runoff::{Round, instant_runoff},
    schulze::{Pairwise, schulze},
    transferable::{Stage, Transfers, VOTE, single_transferable_vote},
};
use super::rows::VotingMethod;
use crate::kernel::id::EntryId;

/// How often each entry was picked at each position: `counts[&entry][i]` ballots put it at position `i + 1`.
pub type PickCounts = HashMap<EntryId, Vec<i64>>;

/// A ranking, best first, and how many ballots bear it.
pub type Ranking = (Vec<EntryId>, i64);

/// By which rules ballots are cast and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How they are counted.
    pub method: VotingMethod,
    /// How many entries a ballot names, at most or exactly, as the method has it.
    pub picks: usize,
    /// How many entries win.
    pub seats: usize,
}

/// A campaign's count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Every entry, in order of place.
    pub standings: Vec<Standing>,
    /// The rounds of an instant run-off; none for other methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Round>,
    /// The comparisons of a Schulze count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairwise: Option<Pairwise>,
    /// The stages of a single transferable vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
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

impl Outcome {
    /// How many values tell how the standings came about.
    pub fn table_size(&self) -> usize {
        let rounds: usize = self.rounds.iter().map(|round| round.counts.len()).sum();
        let pairwise = self.pairwise.as_ref().map_or(0, |pairwise| 2 * pairwise.preferred.len().pow(2));
        let stages = self.transfers.iter().flat_map(|transfers| &transfers.stages);
        // An entry and its votes.
        2 * rounds + pairwise + 2 * stages.map(|stage| stage.votes.len()).sum::<usize>()
    }

    /// Who has won: those elected, in order of their election; for methods with one winner all who share the first
    /// place. Nobody without a ballot.
    pub fn winners(&self) -> Vec<EntryId> {
        if let Some(transfers) = &self.transfers {
            return transfers.stages.iter().flat_map(|stage| &stage.elected).copied().collect();
        }
        let counted = self.standings.iter().any(|standing| standing.pick_counts.iter().any(|count| *count > 0));
        let first = self.standings.iter().filter(|standing| counted && standing.place == 1);
        first.map(|standing| standing.entry).collect()
    }
}

/// Counts ballots by the rules. `entries` are all there are, in their listed order, which breaks the last ties.
pub fn count(rules: Rules, entries: &[EntryId], rankings: &[Ranking]) -> Outcome {
    let Rules { method, picks, seats } = rules;
    match method {
        VotingMethod::Weighted => weighted(entries, picks, &pick_counts(rankings, picks)),
        VotingMethod::Approval => approval(entries, picks, &pick_counts(rankings, picks)),
        VotingMethod::InstantRunoff => instant_runoff(entries, picks, rankings),
        VotingMethod::Schulze => schulze(entries, picks, rankings),
        VotingMethod::SingleTransferableVote => single_transferable_vote(entries, picks, seats, rankings),
    }
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

/// Votes by entry; who is not among them has none.
#[derive(Clone, Debug, Default)]
struct Votes(HashMap<EntryId, i64>);

impl Votes {
    fn of(&self, entry: EntryId) -> i64 {
        self.0.get(&entry).copied().unwrap_or_default()
    }

    fn add(&mut self, entry: EntryId, votes: i64) {
        *self.0.entry(entry).or_default() += votes;
    }

    fn sum(&self) -> i64 {
        self.0.values().sum()
    }
}

/// Those of `among` with the fewest votes. Several are narrowed down by the latest earlier count in which they differ,
/// and so on through the earlier ones; who is left at last never differed. Also whether there was a tie at all.
fn fewest<'v>(
    among: &[EntryId],
    votes: &Votes,
    earlier: impl DoubleEndedIterator<Item = &'v Votes>,
) -> (Vec<EntryId>, bool) {
    narrowed(among, votes, earlier, |votes| votes)
}

/// As [`fewest`], with the most votes.
fn most<'v>(
    among: &[EntryId],
    votes: &Votes,
    earlier: impl DoubleEndedIterator<Item = &'v Votes>,
) -> (Vec<EntryId>, bool) {
    narrowed(among, votes, earlier, |votes| -votes)
}

fn narrowed<'v>(
    among: &[EntryId],
    votes: &Votes,
    earlier: impl DoubleEndedIterator<Item = &'v Votes>,
    rank: impl Fn(i64) -> i64,
) -> (Vec<EntryId>, bool) {
    let least = |among: &[EntryId], votes: &Votes| -> Vec<EntryId> {
        let least = among.iter().map(|entry| rank(votes.of(*entry))).min();
        among.iter().copied().filter(|entry| Some(rank(votes.of(*entry))) == least).collect()
    };
    let mut tied = least(among, votes);
    let is_tie = tied.len() > 1;
    for votes in earlier.rev() {
        tied = least(&tied, votes);
    }
    (tied, is_tie)
}

/// The entries with their pick counts and points, not yet in order of place.
fn scored(
    entries: &[EntryId],
    picks: usize,
    counts: &PickCounts,
    points: impl Fn(EntryId, &[i64]) -> i64,
) -> Vec<Standing> {
    let score = |entry: &EntryId| {
        let mut pick_counts = counts.get(entry).cloned().unwrap_or_default();
        pick_counts.resize(picks, 0);
        Standing { entry: *entry, place: 0, points: points(*entry, &pick_counts), pick_counts }
    };
    entries.iter().map(score).collect()
}

/// Sorts by merit, highest first, and gives the places; those of equal merit share one, in entry order.
fn ranked<M: Ord>(mut standings: Vec<Standing>, merit: impl Fn(&Standing) -> M) -> Vec<Standing> {
    standings.sort_by_cached_key(|standing| Reverse(merit(standing)));
    let mut above: Option<(M, i64)> = None;
    for (place, standing) in (1..).zip(&mut standings) {
        let own = merit(standing);
        let shared = above.filter(|(merit, _)| *merit == own).map(|(_, place)| place);
        standing.place = shared.unwrap_or(place);
        above = Some((own, standing.place));
    }
    standings
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
            schulze(&ENTRIES, 3, &[]),
            single_transferable_vote(&ENTRIES, 3, 2, &[]),
        ] {
            assert!(outcome.standings.iter().all(|row| row.place == 1 && row.points == 0));
            assert!(outcome.rounds.is_empty() && outcome.transfers.is_none() && outcome.winners().is_empty());
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

    #[test]
    fn a_surplus_goes_on_in_parts_and_remainders_are_dropped() {
        // Quota 4. Of 1's seven, three are too many: each ballot goes on at 3/7, that is 0.42857.
        let rankings = [(ids(&[1, 2]), 4), (ids(&[1, 3]), 2), (ids(&[1]), 1), (ids(&[3]), 2), (ids(&[4]), 1)];
        let outcome = single_transferable_vote(&ENTRIES, 2, 2, &rankings);
        let transfers = outcome.transfers.clone().unwrap_or(Transfers { quota: 0, stages: Vec::new() });
        assert_eq!(transfers.quota, 4);
        let votes: Vec<Vec<i64>> =
            transfers.stages.iter().map(|stage| stage.votes.iter().map(|(_, votes)| *votes).collect()).collect();
        assert_eq!(
            votes,
            [
                [7 * VOTE, 0, 2 * VOTE, VOTE],
                [4 * VOTE, 171_428, 285_714, VOTE],
                [4 * VOTE, 171_428, 285_714, 0],
                [4 * VOTE, 0, 285_714, 0],
            ]
        );
        assert_eq!(outcome.winners(), ids(&[1, 3]));
        assert_eq!(places(&outcome), [(1, 1, 7), (3, 2, 2), (2, 3, 1), (4, 4, 1)]);
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
                schulze(&ENTRIES, 4, &rankings),
                single_transferable_vote(&ENTRIES, 4, 2, &rankings),
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

        #[test]
        fn one_seat_goes_to_whom_a_runoff_elects(rankings in any_rankings()) {
            let transferred = single_transferable_vote(&ENTRIES, 4, 1, &rankings);
            prop_assert_eq!(transferred.winners(), instant_runoff(&ENTRIES, 4, &rankings).winners());
        }

        #[test]
        fn all_seats_are_filled_and_no_vote_is_made(rankings in any_rankings(), seats in 1..=4_usize) {
            let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
            let outcome = single_transferable_vote(&ENTRIES, 4, seats, &rankings);
            prop_assert_eq!(outcome.winners().len(), if ballots > 0 { seats } else { 0 });
            for stage in outcome.transfers.iter().flat_map(|transfers| &transfers.stages) {
                let held: i64 = stage.votes.iter().map(|(_, votes)| *votes).sum();
                prop_assert_eq!(held + stage.non_transferable, ballots * VOTE);
                prop_assert!(stage.non_transferable >= 0);
            }
        }

        #[test]
        fn whoever_wins_every_comparison_wins_a_schulze_count_alone(rankings in any_rankings()) {
            let outcome = schulze(&ENTRIES, 4, &rankings);
            let preferred = outcome.pairwise.as_ref().map(|it| it.preferred.clone()).unwrap_or_default();
            let beats = |a: usize, b: usize| preferred[a][b] > preferred[b][a];
            let champion = (0..4).find(|a| (0..4).all(|b| *a == b || beats(*a, b)));
            if let Some(champion) = champion {
                prop_assert_eq!(outcome.winners(), vec![ENTRIES[champion]]);
            }
        }
    }
}
