//! Compares counts with published outcomes, with a naive count, and with a library.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "entries are numbered by their index here"
)]

mod naive;
mod tallystick;
mod textbook;

use std::collections::BTreeMap;

use guildhall_count::{Method, Outcome, Placement, Ranking, Rules, RunoffRound, TransferStage, count};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use strum::VariantArray;

use self::{
    naive::{Election, Row},
    textbook::PublishedOutcome,
};

fn counted(method: Method, election: &Election) -> Outcome<i64> {
    let rules = Rules { method, picks: election.picks, seats: election.seats };
    let entries: Vec<i64> = (0..election.entries).map(id).collect();
    let ballot = |ballot: &Vec<usize>| -> Ranking<i64> { (ballot.iter().copied().map(id).collect(), 1) };
    count(rules, &entries, &election.ballots.iter().map(ballot).collect::<Vec<_>>())
}

/// An entry's id. It differs from the index and falls with it, so that confusing them fails a test.
fn id(index: usize) -> i64 {
    1_000 - index as i64
}

fn index(id: i64) -> usize {
    (1_000 - id) as usize
}

/// An outcome in the form of the naive count: a row for each entry, in listed order.
fn rows(outcome: &Outcome<i64>) -> Vec<Row> {
    let mut standings: Vec<_> = outcome.standings.iter().collect();
    standings.sort_by_key(|row| index(row.entry));
    let row =
        |row: &&Placement<i64>| Row { place: row.place, points: row.points, pick_counts: row.pick_counts.clone() };
    standings.iter().map(row).collect()
}

#[test]
fn textbook_elections_have_their_published_outcomes() {
    let textbook = textbook::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/elections"));
    assert!(textbook.len() >= 30);
    for election in textbook {
        for published in &election.outcomes {
            let PublishedOutcome { method, picks_per_voter: picks, seats, .. } = *published;
            let name = format!("{} by {method}", election.title);
            let ballots = Election { entries: election.entries.len(), picks, seats, ballots: election.ballots() };
            let outcome = counted(method, &ballots);
            let by_entry = |value: fn(&Row) -> i64| -> BTreeMap<String, i64> {
                election.entries.iter().cloned().zip(rows(&outcome).iter().map(value)).collect()
            };
            assert_eq!(by_entry(|row| row.place), published.places, "places of {name}");
            assert_eq!(by_entry(|row| row.points), published.points, "points of {name}");
            let winners: Vec<&String> = outcome.winners().into_iter().map(|id| &election.entries[index(id)]).collect();
            assert_eq!(winners, published.winners.iter().collect::<Vec<_>>(), "winners of {name}");
        }
    }
}

/// An election of random ballots: with all picks if `full`, otherwise with any number of them. Half of the elections
/// are small, since these have more ties.
fn random_election(rng: &mut StdRng, full: bool) -> Election {
    let entries = rng.random_range(2..=8);
    let picks = rng.random_range(1..=entries);
    let ballots = if rng.random_ratio(1, 2) { rng.random_range(0..=12) } else { rng.random_range(13..=60) };
    let mut ballot = || {
        let mut order: Vec<usize> = (0..entries).collect();
        order.shuffle(rng);
        order.truncate(if full { picks } else { rng.random_range(1..=picks) });
        order
    };
    let ballots = (0..ballots).map(|_| ballot()).collect();
    Election { entries, picks, seats: rng.random_range(1..=entries), ballots }
}

/// Compares the count of one method with the naive one, and with the library where it has the method.
fn check(method: Method, election: &Election) {
    let outcome = counted(method, election);
    let standings = rows(&outcome);
    match method {
        Method::Weighted => {
            assert_eq!(standings, naive::weighted(election));
            tallystick::check_weighted(election, &standings);
        }
        Method::Approval => {
            assert_eq!(standings, naive::approval(election));
            tallystick::check_approval(election, &standings);
        }
        Method::InstantRunoff => {
            let (expected, rounds) = naive::instant_runoff(election);
            assert_eq!(standings, expected);
            let winners: Vec<usize> = outcome.winners().into_iter().map(index).collect();
            assert_eq!(winners, naive::winners(election, &expected));
            assert_eq!(outcome.rounds.iter().map(naive_round).collect::<Vec<_>>(), rounds);
        }
        Method::Schulze => {
            let (expected, preferred, strengths) = naive::schulze(election);
            assert_eq!(standings, expected);
            let pairwise = outcome.pairwise.unwrap();
            assert_eq!((&pairwise.preferred, pairwise.strengths), (&preferred, strengths));
            tallystick::check_schulze(election, &standings, &preferred);
        }
        Method::SingleTransferableVote => {
            let (expected, stages) = naive::transferable(election);
            assert_eq!(standings, expected);
            let elected: Vec<usize> = outcome.winners().into_iter().map(index).collect();
            assert_eq!(elected, naive::elected(&stages));
            let transfers = outcome.transfers.map(|transfers| {
                assert_eq!(transfers.quota, naive::quota(election));
                transfers.stages
            });
            assert_eq!(transfers.unwrap_or_default().iter().map(naive_stage).collect::<Vec<_>>(), stages);
        }
    }
}

fn naive_round(round: &RunoffRound<i64>) -> naive::Round {
    let mut counts: Vec<(usize, i64)> = round.counts.iter().map(|(entry, votes)| (index(*entry), *votes)).collect();
    counts.sort_unstable();
    naive::Round {
        counts,
        exhausted: round.exhausted,
        eliminated: round.eliminated.map(index),
        tie_broken: round.tie_broken,
        winner: round.winner.map(index),
    }
}

fn naive_stage(stage: &TransferStage<i64>) -> naive::Stage {
    naive::Stage {
        votes: stage.votes.iter().map(|(_, votes)| *votes).collect(),
        elected: stage.elected.iter().copied().map(index).collect(),
        excluded: stage.excluded.map(index),
        transferred: stage.surplus_of.map(index),
        tie_broken: stage.tie_broken,
        non_transferable: stage.non_transferable,
    }
}

#[test]
fn two_counts_and_a_library_agree_on_a_million_random_ballots() {
    let mut rng = StdRng::seed_from_u64(1781);
    let mut ballots = 0;
    while ballots < 1_000_000 {
        let full = rng.random_ratio(1, 4);
        let election = random_election(&mut rng, full);
        ballots += election.ballots.len();
        for method in Method::VARIANTS.iter().filter(|method| full || !method.requires_all_picks()) {
            check(*method, &election);
        }
    }
}
