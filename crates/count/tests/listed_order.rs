//! Whether the listed order decided a vote, compared with a count in every order.

use std::collections::BTreeSet;

use guildhall_count::{Method, Ranking, Rules, count, decided_by_listed_order};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use strum::VariantArray;

fn rules(method: Method, picks: usize, seats: usize) -> Rules {
    Rules { method, picks, seats: seats.min(method.max_seats()) }
}

/// All orders of these entries.
fn orders(entries: &[u8]) -> Vec<Vec<u8>> {
    if entries.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in entries {
        let rest: Vec<u8> = entries.iter().copied().filter(|entry| entry != first).collect();
        all.extend(orders(&rest).into_iter().map(|rest| [vec![*first], rest].concat()));
    }
    all
}

/// The winners in every order.
fn all_winners(rules: Rules, entries: &[u8], rankings: &[Ranking<u8>]) -> BTreeSet<BTreeSet<u8>> {
    let winners = |order: &Vec<u8>| count(rules, order, rankings).winners().into_iter().collect();
    orders(entries).iter().map(winners).collect()
}

#[test]
fn another_order_changes_the_winners_only_where_the_order_decided() {
    let mut rng = StdRng::seed_from_u64(2011);
    let mut decided = [0; 2];
    for _ in 0..1_000 {
        let number = rng.random_range(2..=5_u8);
        let entries: Vec<u8> = (1..=number).collect();
        let picks = rng.random_range(1..=entries.len());
        let seats = rng.random_range(1..=entries.len());
        let mut ballot = || {
            let mut order = entries.clone();
            order.shuffle(&mut rng);
            order.truncate(rng.random_range(1..=picks));
            (order, rng.random_range(1..=2))
        };
        // Few ballots, so that ties are common.
        let rankings: Vec<Ranking<u8>> = (0..=number).map(|_| ballot()).collect();
        for method in Method::VARIANTS {
            let rules = rules(*method, picks, seats);
            let expected = all_winners(rules, &entries, &rankings).len() > 1;
            for order in [entries.clone(), entries.iter().rev().copied().collect()] {
                let actual = decided_by_listed_order(rules, &order, &rankings);
                assert_eq!(actual, expected, "{method} {picks} {seats} {order:?} {rankings:?}");
            }
            decided[usize::from(expected)] += 1;
        }
    }
    assert!(decided.iter().all(|count| *count > 100), "both outcomes are common: {decided:?}");
}

fn ballots(rankings: &[(&[u8], i64)]) -> Vec<Ranking<u8>> {
    rankings.iter().map(|(ranking, ballots)| (ranking.to_vec(), *ballots)).collect()
}

#[test]
fn known_ties_are_recognized() {
    let one_each = ballots(&[(&[1], 1), (&[2], 1), (&[3], 1)]);
    let decided = |method, seats, rankings: &[Ranking<u8>]| {
        decided_by_listed_order(rules(method, 3, seats), &[1, 2, 3, 4], rankings)
    };
    assert!(decided(Method::InstantRunoff, 1, &one_each));
    // Entries that share the first place have all won.
    for method in [Method::Weighted, Method::Approval, Method::Schulze] {
        assert!(!decided(method, 1, &one_each), "{method}");
    }
    // Two seats, of which one is certain.
    let second_seat = ballots(&[(&[1], 5), (&[2], 2), (&[3], 2)]);
    assert!(decided(Method::SingleTransferableVote, 2, &second_seat));
    assert!(!decided(Method::SingleTransferableVote, 1, &second_seat));
    assert!(!decided(Method::SingleTransferableVote, 3, &second_seat));
    // Ties for elimination that change no winner.
    let last = ballots(&[(&[1], 5), (&[2, 1], 2), (&[3, 1], 2), (&[4], 3)]);
    assert!(!decided(Method::InstantRunoff, 1, &last));
    assert!(!decided(Method::SingleTransferableVote, 1, &last));
    for method in Method::VARIANTS {
        assert!(!decided(*method, 2, &[]), "{method} without ballots");
    }
}

#[test]
fn many_ties_are_followed_quickly() {
    let entries: Vec<u8> = (0..200).collect();
    let single = |range: std::ops::Range<u8>, ballots| range.map(move |entry| (vec![entry], ballots));
    let clear: Vec<Ranking<u8>> = single(1..200, 1).chain([(vec![0], 20)]).collect();
    for (method, seats) in [(Method::InstantRunoff, 1), (Method::SingleTransferableVote, 1)] {
        assert!(!decided_by_listed_order(rules(method, 5, seats), &entries, &clear), "{method}");
    }
    // The second seat is among 199 equal entries.
    assert!(decided_by_listed_order(rules(Method::SingleTransferableVote, 5, 2), &entries, &clear));
    let all_equal: Vec<Ranking<u8>> = single(0..200, 1).collect();
    assert!(decided_by_listed_order(rules(Method::InstantRunoff, 5, 1), &entries, &all_equal));
    // Every elimination moves votes to other entries that are tied too.
    let chains: Vec<Ranking<u8>> =
        (1..200).map(|entry| (vec![entry, 1 + entry % 199, 0], 1)).chain([(vec![0], 60)]).collect();
    assert!(!decided_by_listed_order(rules(Method::InstantRunoff, 5, 1), &entries, &chains));
    let mut outcome = count(rules(Method::InstantRunoff, 5, 1), &entries, &chains);
    assert!(outcome.has_broken_ties());
    outcome.rounds.iter_mut().for_each(|round| round.tie_broken = false);
    assert!(!outcome.has_broken_ties() && outcome.winners() == [0]);
}

#[test]
fn the_stored_form_of_an_outcome_stays_readable() {
    let outcome = count(rules(Method::InstantRunoff, 1, 1), &[1, 2], &[(vec![1], 1)]);
    let json = serde_json::to_string(&outcome).unwrap();
    assert!(!json.contains("decided_by_listed_order"), "{json}");
    let with_value = json.replace("{\"standings\"", "{\"decided_by_listed_order\":true,\"standings\"");
    let read: guildhall_count::Outcome<i32> = serde_json::from_str(&with_value).unwrap();
    assert_eq!(read.decided_by_listed_order, Some(true));
}
