//! Bounds: the rank levels that campaigns, audit events and codes store to say whom they are for.
//!
//! A bound stands for the lowest rank at or above it. So any level above the next lower rank stands for the same rank,
//! and a stored bound moves only when the ladder would otherwise change its meaning. It then moves to a level that
//! means the same on the ladder before and after the change. A request can therefore read a viewer before the change
//! and a campaign after it, and still decide correctly. If two ranks move between the two reads, a query may decide
//! wrongly. Operations that write read both under locks.

use super::{bounds_store as store, policy::Ladder, rows::Rank};
use crate::{
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        id::GuildId,
    },
};

impl Ladder {
    /// Returns the level of the rank that a bound stands for, or the bound if it is above the highest rank.
    pub fn level_of_bound(&self, bound: i64) -> i64 {
        self.lowest_at_or_above(bound).map_or(bound, |rank| rank.level)
    }

    fn lowest_at_or_above(&self, bound: i64) -> Option<&Rank> {
        self.ranks().iter().rev().find(|rank| rank.level >= bound)
    }
}

/// Returns a bound for the ranks that `bound` admits on the ladder `before`. It admits exactly these ranks on both
/// ladders, and none of the ranks that only `after` has, except above the rank that the bound stands for.
///
/// Returns `None` if no level separates these ranks from the others on `after`, because ranks have passed each other.
pub fn keep_meaning(before: &Ladder, after: &Ladder, bound: i64) -> Option<i64> {
    let is_admitted = |rank: &&Rank| before.rank(rank.id).is_some_and(|rank| rank.level >= bound);
    let is_refused = |rank: &&Rank| before.rank(rank.id).is_some_and(|rank| rank.level < bound);
    let both = || before.ranks().iter().chain(after.ranks());
    let lowest_admitted = both().filter(is_admitted).map(|rank| rank.level).min();
    // A bound above all ranks admits no one, and has to stay above them.
    let kept =
        lowest_admitted.unwrap_or_else(|| both().map(|rank| rank.level + 1).chain([bound]).max().unwrap_or(bound));
    both().filter(is_refused).all(|rank| rank.level < kept).then_some(kept)
}

/// Moves the stored bounds of a guild, so that each admits the same ranks on the ladders before and after the change of
/// one rank. The caller must have locked the roster.
///
/// # Errors
/// `CONFLICT` (`RANK_ORDER_IN_USE`) if the change makes ranks pass each other that a bound separates.
pub(super) async fn keep_access(conn: &mut Conn, guild: GuildId, before: &Ladder, after: &Ladder) -> Result<()> {
    // The order of moves does not matter: no bound is moved to a level from which another one is moved.
    for bound in store::bounds(conn, guild).await? {
        let kept = keep_meaning(before, after, bound).ok_or_else(order_in_use)?;
        if kept != bound {
            store::move_bound(conn, guild, bound, kept).await?;
        }
    }
    for reach in store::reaches(conn, guild).await? {
        // The lowest level that the issuer could not act on is a bound. If ranks pass it, the code loses those ranks
        // instead of gaining others.
        let kept = keep_meaning(before, after, reach + 1).unwrap_or_else(|| lowest_above(before, after, reach)) - 1;
        if kept != reach {
            store::move_reach(conn, guild, reach, kept).await?;
        }
    }
    Ok(())
}

/// Returns the lowest level, on either ladder, of the ranks above `reach` on the ladder `before`.
fn lowest_above(before: &Ladder, after: &Ladder, reach: i64) -> i64 {
    let ranks = before.ranks().iter().chain(after.ranks());
    let above = ranks.filter(|rank| before.rank(rank.id).is_some_and(|rank| rank.level > reach));
    above.map(|rank| rank.level).min().unwrap_or(reach + 1)
}

fn order_in_use() -> Refusal {
    let message = "Votes or audit events depend on the order of these ranks, so they cannot pass each other. Choose a level \
                   between the ranks next to it.";
    Refusal::conflict("RANK_ORDER_IN_USE", message).at("level")
}
