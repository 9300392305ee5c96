use proptest::prelude::*;
use strum::VariantArray;

use super::*;

const ENTRIES: [i64; 4] = [1, 2, 3, 4];

fn counts(picks: usize, ballots: &[&[i64]]) -> PickCounts<i64> {
    let rankings: Vec<Ranking<i64>> = ballots.iter().map(|ballot| (ballot.to_vec(), 1)).collect();
    pick_counts(&rankings, picks)
}

fn places(outcome: &Outcome<i64>) -> Vec<(i64, i64, i64)> {
    outcome.standings.iter().map(|row| (row.entry, row.place, row.points)).collect()
}

#[test]
fn three_picks_score_three_two_and_one() {
    let outcome = weighted(&ENTRIES, 3, &counts(3, &[&[1, 2, 3], &[1, 3, 2], &[2, 1, 4]]));
    assert_eq!(places(&outcome), [(1, 1, 8), (2, 2, 6), (3, 3, 3), (4, 4, 1)]);
}

#[test]
fn first_picks_break_ties_and_equal_entries_share_a_place() {
    // Entries 2 and 3 have two points each: entry 2 for a first pick, entry 3 for two second picks.
    let outcome = weighted(&ENTRIES, 2, &counts(2, &[&[1, 3], &[2, 1], &[4, 3], &[1, 4]]));
    assert_eq!(places(&outcome), [(1, 1, 5), (4, 2, 3), (2, 3, 2), (3, 4, 2)]);
    let tied = weighted(&ENTRIES, 2, &counts(2, &[&[2, 3], &[3, 2]]));
    assert_eq!(places(&tied), [(2, 1, 3), (3, 1, 3), (1, 3, 0), (4, 3, 0)]);
}

#[test]
fn without_ballots_all_entries_share_the_first_place() {
    for method in Method::VARIANTS {
        let rules = Rules { method: *method, picks: 3, seats: method.max_seats().min(2) };
        let outcome = count(rules, &ENTRIES, &[]);
        assert!(outcome.standings.iter().all(|row| row.place == 1 && row.points == 0), "{method}");
        assert!(outcome.rounds.is_empty() && outcome.transfers.is_none() && outcome.winners().is_empty(), "{method}");
    }
}

#[test]
fn approval_ignores_the_order_of_picks() {
    let outcome = approval(&ENTRIES, 3, &counts(3, &[&[1, 2], &[2, 3, 1], &[3]]));
    assert_eq!(places(&outcome), [(1, 1, 2), (2, 1, 2), (3, 1, 2), (4, 4, 0)]);
}

/// The capital of Tennessee, the usual example of voting methods.
#[test]
fn knoxville_wins_the_tennessee_runoff() {
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
fn a_tie_for_last_is_broken_by_the_latest_earlier_round_then_by_entry_order() {
    // Entry 4 has no votes and is eliminated first. Then 2 and 3 tie and never differed, so 3, which is listed later,
    // is.
    let outcome = instant_runoff(&ENTRIES, 2, &[(vec![1], 2), (vec![2], 2), (vec![3], 2)]);
    let eliminated: Vec<_> = outcome.rounds.iter().map(|round| (round.eliminated, round.tie_broken)).collect();
    assert_eq!(eliminated, [(Some(4), false), (Some(3), true), (Some(2), true), (None, false)]);
    // With the votes of 4, entry 3 ties with 2. Entry 3 had fewer votes before, so it is eliminated.
    let rankings = [(vec![1], 5), (vec![2], 3), (vec![3], 2), (vec![4, 3], 1)];
    let outcome = instant_runoff(&ENTRIES, 2, &rankings);
    assert_eq!(outcome.rounds.get(1).map(|round| (round.eliminated, round.tie_broken)), Some((Some(3), true)));
}

#[test]
fn a_surplus_is_transferred_in_parts_and_remainders_are_dropped() {
    // The quota is 4. Entry 1 has a surplus of 3 of its 7 votes: each ballot is transferred at 3/7, that is 0.42857.
    let rankings = [(vec![1, 2], 4), (vec![1, 3], 2), (vec![1], 1), (vec![3], 2), (vec![4], 1)];
    let outcome = single_transferable_vote(&ENTRIES, 2, 2, &rankings);
    let transfers = outcome.transfers.clone().unwrap();
    assert_eq!(transfers.quota, 4);
    let votes: Vec<Vec<i64>> =
        transfers.stages.iter().map(|stage| stage.votes.iter().map(|(_, votes)| *votes).collect()).collect();
    assert_eq!(
        votes,
        [
            [7 * UNITS_PER_VOTE, 0, 2 * UNITS_PER_VOTE, UNITS_PER_VOTE],
            [4 * UNITS_PER_VOTE, 171_428, 285_714, UNITS_PER_VOTE],
            [4 * UNITS_PER_VOTE, 171_428, 285_714, 0],
            [4 * UNITS_PER_VOTE, 0, 285_714, 0],
        ]
    );
    assert_eq!(outcome.winners(), vec![1, 3]);
    assert_eq!(places(&outcome), [(1, 1, 7), (3, 2, 2), (2, 3, 1), (4, 4, 1)]);
}

/// Results are stored as JSON, so these texts must never change.
#[test]
fn outcomes_keep_their_json() {
    let rankings = [(vec![1, 2], 3), (vec![2, 1], 2), (vec![3], 2)];
    let by = |method, seats| {
        let outcome = count(Rules { method, picks: 2, seats }, &[1, 2, 3], &rankings);
        let json = serde_json::to_string(&outcome).unwrap();
        assert_eq!(serde_json::from_str::<Outcome<i64>>(&json).unwrap(), outcome);
        json
    };
    let standings = |points: [i64; 3]| {
        let row = |(entry, place, points, counts)| {
            format!(r#"{{"entry":{entry},"place":{place},"points":{points},"pick_counts":{counts}}}"#)
        };
        let [one, two, three] = points;
        let rows = [(1, 1, one, "[3,2]"), (2, 2, two, "[2,3]"), (3, 3, three, "[2,0]")].map(row);
        format!(r#"{{"standings":[{}]"#, rows.join(","))
    };
    assert_eq!(by(Method::Weighted, 1), standings([8, 7, 4]) + "}");
    assert_eq!(
        by(Method::InstantRunoff, 1),
        standings([3, 2, 2])
            + r#","rounds":[{"counts":[[1,3],[2,2],[3,2]],"exhausted":0,"eliminated":3,"tie_broken":true,"winner":null},"#
            + r#"{"counts":[[1,3],[2,2]],"exhausted":2,"eliminated":null,"tie_broken":false,"winner":1}]}"#
    );
    assert_eq!(
        by(Method::Schulze, 1),
        standings([2, 1, 0])
            + r#","pairwise":{"preferred":[[0,3,5],[2,0,5],[2,2,0]],"strengths":[[0,3,5],[0,0,5],[0,0,0]]}}"#
    );
    assert_eq!(
        by(Method::SingleTransferableVote, 2),
        standings([3, 2, 2])
            + r#","transfers":{"quota":3,"stages":[{"surplus_of":null,"excluded":null,"tie_broken":false,"#
            + r#""votes":[[1,300000],[2,200000],[3,200000]],"non_transferable":0,"elected":[1]},"#
            + r#"{"surplus_of":null,"excluded":3,"tie_broken":true,"#
            + r#""votes":[[1,300000],[2,200000],[3,0]],"non_transferable":200000,"elected":[2]}]}}"#
    );
}

fn any_rankings() -> impl Strategy<Value = Vec<Ranking<i64>>> {
    let ranking = Just(ENTRIES.to_vec()).prop_shuffle().prop_flat_map(|entries| {
        (1..=entries.len()).prop_map(move |picks| entries.iter().copied().take(picks).collect::<Vec<_>>())
    });
    prop::collection::vec((ranking, 1..20_i64), 0..12)
}

proptest! {
    #[test]
    fn every_count_places_every_entry_once(rankings in any_rankings()) {
        for method in Method::VARIANTS {
            let rules = Rules { method: *method, picks: 4, seats: method.max_seats().min(2) };
            let outcome = count(rules, &ENTRIES, &rankings);
            let mut seen: Vec<_> = outcome.standings.iter().map(|row| row.entry).collect();
            seen.sort_unstable();
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
    fn one_seat_is_won_by_the_winner_of_a_runoff(rankings in any_rankings()) {
        let transferred = single_transferable_vote(&ENTRIES, 4, 1, &rankings);
        prop_assert_eq!(transferred.winners(), instant_runoff(&ENTRIES, 4, &rankings).winners());
    }

    #[test]
    fn all_seats_are_filled_and_no_vote_is_added(rankings in any_rankings(), seats in 1..=4_usize) {
        let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
        let outcome = single_transferable_vote(&ENTRIES, 4, seats, &rankings);
        prop_assert_eq!(outcome.winners().len(), if ballots > 0 { seats } else { 0 });
        for stage in outcome.transfers.iter().flat_map(|transfers| &transfers.stages) {
            let held: i64 = stage.votes.iter().map(|(_, votes)| *votes).sum();
            prop_assert_eq!(held + stage.non_transferable, ballots * UNITS_PER_VOTE);
            prop_assert!(stage.non_transferable >= 0);
        }
    }

    #[test]
    fn an_entry_that_wins_every_comparison_wins_a_schulze_count_alone(rankings in any_rankings()) {
        let outcome = schulze(&ENTRIES, 4, &rankings);
        let preferred = outcome.pairwise.as_ref().map(|it| it.preferred.clone()).unwrap_or_default();
        let beats = |a: usize, b: usize| preferred[a][b] > preferred[b][a];
        let champion = (0..4).find(|a| (0..4).all(|b| *a == b || beats(*a, b)));
        if let Some(champion) = champion {
            prop_assert_eq!(outcome.winners(), vec![ENTRIES[champion]]);
        }
    }
}
