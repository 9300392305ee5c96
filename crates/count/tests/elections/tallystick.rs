//! Compares a count with the tallystick crate (0.4.3, `default-features = false`).
//!
//! The tests use only its methods that work on stable Rust and follow the same rules. Its Schulze, IRV, Borda and STV
//! methods need its `nightly` feature.

use tallystick::{
    RankedCandidate, approval::DefaultApprovalTally, condorcet::DefaultCondorcetTally, score::DefaultScoreTally,
};

use super::naive::{Election, Row};

/// Approval: tallystick has the same points and places.
pub fn check_approval(election: &Election, rows: &[Row]) {
    let mut tally = DefaultApprovalTally::with_capacity(0, election.entries);
    tally.add_weighted((0..election.entries).collect(), 0); // adds every entry, without a vote
    for ballot in &election.ballots {
        tally.add_ref(ballot);
    }
    check_points(rows, &tally.totals());
    assert_eq!(places(election, &tally.ranked()), rows.iter().map(|row| row.place).collect::<Vec<_>>());
}

/// Weighted: a score tally of the points of every pick has the same points. It does not break ties, so its place of an
/// entry is the same or better.
pub fn check_weighted(election: &Election, rows: &[Row]) {
    let mut tally = DefaultScoreTally::with_capacity(0, election.entries);
    tally.add((0..election.entries).map(|entry| (entry, 0)).collect());
    for ballot in &election.ballots {
        tally.add(ballot.iter().enumerate().map(|(i, &entry)| (entry, (election.picks - i) as u64)).collect());
    }
    check_points(rows, &tally.totals());
    let places = places(election, &tally.ranked());
    for a in 0..election.entries {
        assert!(places[a] <= rows[a].place);
        for b in 0..election.entries {
            assert!(places[a] >= places[b] || rows[a].place < rows[b].place);
        }
    }
}

/// Schulze: a Condorcet tally has the same pairwise preferences. Every member of an earlier Smith set is ahead of every
/// member of a later one.
pub fn check_schulze(election: &Election, rows: &[Row], preferred: &[Vec<i64>]) {
    let mut tally = DefaultCondorcetTally::with_candidates(election.entries, (0..election.entries).collect());
    for ballot in &election.ballots {
        tally.add(ballot).unwrap(); // entries not on the ballot are equal, and below the others
    }
    let mut totals = vec![vec![0; election.entries]; election.entries];
    for ((a, b), votes) in tally.totals() {
        totals[a][b] = votes as i64;
    }
    assert_eq!(totals, preferred);
    if election.ballots.is_empty() {
        return;
    }
    let ranked = tally.ranked();
    assert_eq!(ranked.len(), election.entries);
    for a in &ranked {
        for b in &ranked {
            // Two entries that are on no ballot have sets of their own, in any order.
            let compared = totals[a.candidate][b.candidate] + totals[b.candidate][a.candidate] > 0;
            let (of_a, of_b) = (rows[a.candidate].place, rows[b.candidate].place);
            assert!(if compared { a.rank >= b.rank || of_a < of_b } else { of_a == of_b });
        }
    }
}

fn check_points(rows: &[Row], totals: &[(usize, u64)]) {
    assert_eq!(totals.len(), rows.len());
    for &(entry, points) in totals {
        assert_eq!(rows[entry].points, points as i64);
    }
}

/// Tallystick numbers ranks 0, 1, 1, 2; a place is one more than the number of entries ahead.
fn places(election: &Election, ranked: &[RankedCandidate<usize>]) -> Vec<i64> {
    assert_eq!(ranked.len(), election.entries);
    let mut places = vec![0; election.entries];
    for this in ranked {
        places[this.candidate] = 1 + ranked.iter().filter(|other| other.rank < this.rank).count() as i64;
    }
    places
}
