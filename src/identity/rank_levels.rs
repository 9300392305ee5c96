//! New levels for several ranks at once, so that two ranks can change places.

use std::collections::{BTreeSet, HashSet};

use super::{
    bounds,
    policy::{self, Ladder, MANAGE_RANKS},
    ranks::{changes, check_level_is_free, level, move_ranks},
    rows::Rank,
};
use crate::{
    access::{Access, Viewer},
    audit::{self, Action},
    kernel::{
        error::{Refusal, Result},
        id::RankId,
        input::InputCheck,
    },
};

/// Maximum number of ranks, because each has a level of its own.
const MAX_RANKS: usize = 1_000;

/// A new level of a rank.
#[derive(Clone, Copy)]
pub struct RankLevel {
    /// The rank.
    pub rank: RankId,
    /// Its level.
    pub level: i64,
}

/// Gives ranks below the viewer's new levels, and the highest rank if the viewer holds it. Returns all ranks, highest
/// level first.
///
/// # Errors
/// Those of [`update_rank`](super::update_rank), each at the place of the level in the list.
pub async fn set_rank_levels(access: &Access, viewer: &Viewer, levels: Vec<RankLevel>) -> Result<Vec<Rank>> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    if levels.len() > MAX_RANKS {
        return Err(Refusal::input("levels", format!("levels must have at most {MAX_RANKS} items.")).into());
    }
    let (after, is_change) = access
        .change(
            viewer.guild,
            |_| None,
            async move |conn| {
                let (actor, before) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
                let after = check(&actor, &before, &levels)?;
                if after.ranks().eq(before.ranks()) {
                    return Ok((after, false));
                }
                let passing = bounds::ranks_that_pass(conn, actor.guild, &before, &after).await?;
                check_order(&levels, &passing)?;
                move_ranks(conn, actor.guild, &before, &after).await?;
                let events = after.ranks().filter_map(|after| {
                    let before = before.rank(after.id).filter(|before| before.level != after.level)?;
                    let summary = format!("Changed the rank {}: {}", before.name, changes(before, after));
                    Some(audit::event(Action::RankUpdate, after.id, summary))
                });
                audit::record_all(conn, actor.guild, Some(&actor), now, events.collect()).await?;
                Ok((after, true))
            },
        )
        .await?;
    if is_change {
        access.await_revocation().await;
    }
    Ok(after.ranks().cloned().collect())
}

/// The place of a level in the input.
fn place(index: usize) -> String {
    format!("levels[{index}]")
}

/// Checks that this officer can give the ranks these levels. Returns the ladder with them.
fn check(actor: &Viewer, before: &Ladder, levels: &[RankLevel]) -> Result<Ladder, Refusal> {
    let mut check = InputCheck::default();
    let mut changed: Vec<(usize, Rank)> = Vec::new();
    let mut seen = HashSet::new();
    for (index, RankLevel { rank: id, level: new }) in levels.iter().enumerate() {
        check.nested(&place(index), |check| {
            if !seen.insert(id) {
                check.refuse(Refusal::input("rankId", "levels names this rank twice."));
            }
            let rank = check.found(before.rank(*id).ok_or_else(|| Refusal::not_found("rank").at("rankId")));
            let level = check.found(level(*new));
            if let (Some(rank), Some(level)) = (rank, level) {
                changed.push((index, Rank { level, ..rank.clone() }));
            }
        });
    }
    let after = changed.iter().fold(before.clone(), |ladder, (_, rank)| ladder.with(rank));
    for (index, rank) in &changed {
        check.nested(&place(*index), |check| {
            check.valid(before.check_rank(actor, before.rank(rank.id), rank, &after));
            check_level_is_free(check, &after, rank);
        });
    }
    check.finish(after)
}

/// Refuses the levels of ranks that pass each other although a bound separates them.
fn check_order(levels: &[RankLevel], passing: &BTreeSet<RankId>) -> Result<(), Refusal> {
    InputCheck::run(|check| {
        for (index, _) in levels.iter().enumerate().filter(|(_, level)| passing.contains(&level.rank)) {
            check.nested(&place(index), |check| check.refuse(bounds::order_in_use()));
        }
    })
}
