//! Methods that count picks by their position.
//!
//! `WEIGHTED` is a Borda count (J.-C. de Borda, *Mémoire sur les élections au scrutin*, 1781) truncated to the voter's
//! picks, with ties parted by first picks, then second picks, and so on.
//! `APPROVAL` is approval voting (S. Brams and P. Fishburn, *Approval Voting*, 1978), limited to the voter's picks.

use super::{Outcome, PickCounts, ranked, scored};
use crate::kernel::id::EntryId;

/// Of `picks` picks, the r-th scores `picks − r + 1` points.
pub fn weighted(entries: &[EntryId], picks: usize, counts: &PickCounts) -> Outcome {
    let standings = scored(entries, picks, counts, |_, pick_counts| {
        let weights = (1..=picks).rev().map(|weight| i64::try_from(weight).unwrap_or(i64::MAX));
        pick_counts.iter().zip(weights).map(|(count, weight)| count * weight).sum()
    });
    let standings = ranked(standings, |standing| (standing.points, standing.pick_counts.clone()));
    Outcome { standings, ..Outcome::default() }
}

/// A point a pick, whatever its position.
pub fn approval(entries: &[EntryId], picks: usize, counts: &PickCounts) -> Outcome {
    let standings = scored(entries, picks, counts, |_, pick_counts| pick_counts.iter().sum());
    Outcome { standings: ranked(standings, |standing| standing.points), ..Outcome::default() }
}
