//! Whether the listed order of the entries decided who won.
//!
//! Where all else is equal, an instant runoff and a single transferable vote choose an entry by the listed order. Often
//! the choice changes no winner. So all choices are followed, each of which is the choice of some listed order.

use std::hash::Hash;

use crate::{Method, Ranking, Rules, course::has_several_ends, runoff::Runoff, transferable::Counter};

/// Whether only the listed order of the entries separates the winners from the others: whether the same ballots have
/// other winners if the entries are listed in another order.
///
/// Entries that share the first place have won together, so no order separates them. The result is `true` also if there
/// are too many ties to follow all of them; this needs dozens of tied entries.
///
/// Each ballot must pass [`check_picks`](crate::check_picks).
pub fn decided_by_listed_order<E: Copy + Eq + Hash>(rules: Rules, entries: &[E], rankings: &[Ranking<E>]) -> bool {
    let order: Vec<usize> = (0..entries.len()).collect();
    let index = |pick: &E| entries.iter().position(|entry| entry == pick);
    let numbered = |(picks, ballots): &Ranking<E>| (picks.iter().filter_map(index).collect(), *ballots);
    match rules.method {
        Method::Weighted | Method::Approval | Method::Schulze => false,
        Method::InstantRunoff => {
            let rankings = merged(rankings.iter().map(numbered));
            has_several_ends(Runoff::new(&order, &rankings))
        }
        Method::SingleTransferableVote => {
            let rankings = merged(rankings.iter().map(numbered));
            !rankings.is_empty() && has_several_ends(Counter::new(&order, rules.seats, &rankings))
        }
    }
}

/// Adds up equal rankings.
fn merged(rankings: impl Iterator<Item = Ranking<usize>>) -> Vec<Ranking<usize>> {
    let mut rankings: Vec<Ranking<usize>> = rankings.filter(|(_, ballots)| *ballots > 0).collect();
    rankings.sort_unstable();
    rankings.dedup_by(|next, kept| {
        let is_equal = next.0 == kept.0;
        kept.1 += if is_equal { next.1 } else { 0 };
        is_equal
    });
    rankings
}
