//! Bounds: the rank levels that campaigns, audit events and codes store to say whom they are for.
//!
//! A bound stands for the lowest rank at or above it. The transaction that changes the ladder also moves the stored
//! bounds, so that each admits the same ranks as before. Ranks that a bound separates cannot pass each other.
//!
//! So a rank level and a bound can be compared only if they are of the same ladder. Each change increments the guild's
//! ladder version. A viewer and a campaign both have the version that was current when they were read, and the rules of
//! voting admit no one if the versions differ. Then a request reads both again (`RequestContext::on_one_ladder`).
//! Lists and counts compare both in one statement (`current_level!`). Operations that write read both under locks.

use std::collections::BTreeSet;

use super::{bounds_store as store, policy::Ladder, rows::Rank, store::bump_ladder_version};
use crate::{
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        id::{GuildId, RankId},
    },
};

/// The replacement of a level by another.
pub type Move = (i64, i64);

impl Ladder {
    /// Returns the level of the rank that a bound stands for, or the bound if it is above the highest rank.
    pub fn level_of_bound(&self, bound: i64) -> i64 {
        self.lowest_at_or_above(bound).map_or(bound, |rank| rank.level)
    }

    fn lowest_at_or_above(&self, bound: i64) -> Option<&Rank> {
        self.ranks().rev().find(|rank| rank.level >= bound)
    }
}

/// Returns the bound on the ladder `after` that admits the same ranks as `bound` does on the ladder `before`, and of the
/// new ranks only those above the rank that it stands for.
///
/// Returns `None` if no level separates these ranks from the others on `after`, because ranks have passed each other.
pub fn keep_meaning(before: &Ladder, after: &Ladder, bound: i64) -> Option<i64> {
    let kept = lowest_admitted(before, after, bound);
    let is_refused = |rank: &&Rank| before.rank(rank.id).is_some_and(|rank| rank.level < bound);
    after.ranks().filter(is_refused).all(|rank| rank.level < kept).then_some(kept)
}

/// Returns the lowest level on `after` of the ranks that `bound` admits on `before`. If it admits none that is left,
/// returns a level above all ranks.
fn lowest_admitted(before: &Ladder, after: &Ladder, bound: i64) -> i64 {
    let is_admitted = |rank: &&Rank| before.rank(rank.id).is_some_and(|rank| rank.level >= bound);
    let levels = after.ranks().filter(is_admitted).map(|rank| rank.level);
    levels.min().unwrap_or_else(|| bound.max(after.highest().map_or(bound, |rank| rank.level + 1)))
}

/// Returns how to move these bounds from the ladder `before` to the ladder `after`, in an order in which no bound
/// moves to a level from which another one still has to move. Returns `None` if a bound cannot keep its meaning.
pub fn moves_of_bounds(before: &Ladder, after: &Ladder, bounds: &BTreeSet<i64>) -> Option<Vec<Move>> {
    let moves = bounds.iter().map(|bound| Some((*bound, keep_meaning(before, after, *bound)?)));
    moves.collect::<Option<Vec<Move>>>().map(ordered)
}

/// Sorts moves of ascending levels whose targets ascend too: raises from the top, then the others from the bottom.
/// Leaves out those that change nothing.
fn ordered(moves: Vec<Move>) -> Vec<Move> {
    let (raised, others): (Vec<Move>, Vec<Move>) = moves.into_iter().partition(|(from, to)| to > from);
    raised.into_iter().rev().chain(others.into_iter().filter(|(from, to)| to < from)).collect()
}

/// Moves the stored bounds of a guild after a change of the ladder, by which any number of ranks may have moved, so that
/// each admits the same ranks as before. Increments the ladder's version. The caller must have locked the roster, and
/// stores the ladder `after` in the same transaction.
///
/// # Errors
/// `CONFLICT` (`RANK_ORDER_IN_USE`) if ranks pass each other that a bound separates.
pub(super) async fn keep_access(conn: &mut Conn, guild: GuildId, before: &Ladder, after: &Ladder) -> Result<()> {
    bump_ladder_version(conn, guild).await?;
    let bounds = store::bounds(conn, guild).await?;
    for (from, to) in moves_of_bounds(before, after, &bounds).ok_or_else(order_in_use)? {
        store::move_bound(conn, guild, from, to).await?;
    }
    // The lowest level that the issuer of a code could not act on is a bound. If ranks pass it, the code loses those
    // ranks instead of gaining others.
    let limits = store::reaches(conn, guild).await?.into_iter().map(|reach| reach + 1);
    let moves = limits.map(|limit| (limit, lowest_admitted(before, after, limit)));
    for (from, to) in ordered(moves.collect()) {
        store::move_reach(conn, guild, from - 1, to - 1).await?;
    }
    Ok(())
}

/// The ranks that pass each other although a stored bound of the guild separates them.
pub(super) async fn ranks_that_pass(
    conn: &mut Conn,
    guild: GuildId,
    before: &Ladder,
    after: &Ladder,
) -> Result<BTreeSet<RankId>> {
    let bounds = store::bounds(conn, guild).await?;
    let mut passing = BTreeSet::new();
    for bound in bounds.into_iter().filter(|bound| keep_meaning(before, after, *bound).is_none()) {
        let is_admitted = |rank: &&Rank| before.rank(rank.id).is_some_and(|rank| rank.level >= bound);
        let (admitted, refused): (Vec<&Rank>, Vec<&Rank>) = after.ranks().partition(is_admitted);
        let lowest = admitted.iter().map(|rank| rank.level).min().unwrap_or(i64::MAX);
        let highest = refused.iter().map(|rank| rank.level).max().unwrap_or(i64::MIN);
        passing.extend(admitted.into_iter().filter(|rank| rank.level <= highest).map(|rank| rank.id));
        passing.extend(refused.into_iter().filter(|rank| rank.level >= lowest).map(|rank| rank.id));
    }
    Ok(passing)
}

/// Ranks that a bound separates cannot pass each other.
pub(super) fn order_in_use() -> Refusal {
    let message = "Votes or audit events depend on the order of these ranks, so they cannot pass each other. Choose a level \
                   between the ranks next to it.";
    Refusal::conflict("RANK_ORDER_IN_USE", message).at("level")
}
