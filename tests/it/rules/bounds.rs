//! Which ranks a bound admits, before and after a change of the ladder.

use std::collections::BTreeSet;

use guildhall::{
    access::{Permissions, Viewer},
    identity::{Ladder, Rank, keep_meaning, moves_of_bounds},
    kernel::{
        clock::Timestamp,
        id::{GuildId, RankId},
    },
    voting::{Campaign, CannotVoteReason, StandingsHiddenReason, cannot_vote, may_see, standings_hidden},
};
use proptest::{prelude::*, sample::Index};

/// A rank of this id and level.
fn rank(id: i64, level: i64) -> Rank {
    Rank {
        guild_id: GuildId(1),
        id: RankId(id),
        name: id.to_string(),
        name_key: id.to_string(),
        level,
        description: None,
        permissions: Permissions::default(),
        discord_role_id: None,
    }
}

/// A ladder of ranks whose ids are 1, 2, … from the bottom.
fn ladder(levels: &[i64]) -> Ladder {
    let mut ranks: Vec<Rank> = (1..).zip(levels).map(|(id, level)| rank(id, *level)).collect();
    ranks.reverse();
    Ladder::new(ranks)
}

/// The ids of the ranks that a bound admits.
fn admitted(ladder: &Ladder, bound: i64) -> BTreeSet<i64> {
    ladder.ranks().filter(|rank| rank.level >= bound).map(|rank| rank.id.0).collect()
}

/// A change of a ladder: new levels of some ranks, levels of new ranks, and a rank to delete.
#[derive(Clone, Debug)]
struct Change {
    moved: Vec<(Index, i64)>,
    created: Vec<i64>,
    deleted: Option<Index>,
}

fn change() -> impl Strategy<Value = Change> {
    let moved = prop_oneof![
        2 => prop::collection::vec((any::<Index>(), 1..=60_i64), 1..=1),
        1 => prop::collection::vec((any::<Index>(), 1..=60_i64), 0..8),
    ];
    (moved, prop::collection::vec(1..=60_i64, 0..2), prop::option::weighted(0.2, any::<Index>()))
        .prop_map(|(moved, created, deleted)| Change { moved, created, deleted })
}

impl Change {
    /// The ladder after the change; `None` if two ranks would have the same level or no rank would be left.
    fn apply(&self, before: &Ladder) -> Option<Ladder> {
        let (old, mut after): (Vec<&Rank>, _) = (before.ranks().collect(), before.clone());
        for (which, level) in &self.moved {
            after = after.with(&rank(which.get(&old).id.0, *level));
        }
        for (level, id) in self.created.iter().zip(old.iter().map(|it| it.id.0).max()? + 1..) {
            after = after.with(&rank(id, *level));
        }
        if let Some(which) = &self.deleted {
            after = after.without(which.get(&old).id);
        }
        let levels: BTreeSet<i64> = after.ranks().map(|it| it.level).collect();
        (!levels.is_empty() && levels.len() == after.ranks().len()).then_some(after)
    }
}

fn levels() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::btree_set(1..=60_i64, 1..8).prop_map(|levels| levels.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A series of changes, each allowed or refused, changes no rank's access.
    #[test]
    fn changes_of_the_ladder_change_no_access(
        levels in levels(),
        bound in 1..=61_i64,
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let (mut ladder, mut bound) = (ladder(&levels), bound);
        for change in changes {
            let Some(after) = change.apply(&ladder) else { continue };
            let before_ids: BTreeSet<i64> = ladder.ranks().map(|it| it.id.0).collect();
            let expected = admitted(&ladder, bound);
            let kept = keep_meaning(&ladder, &after, bound);
            let preserves = |level: i64| {
                let now = admitted(&after, level);
                before_ids.iter().all(|id| after.rank(RankId(*id)).is_none() || expected.contains(id) == now.contains(id))
            };
            // It is refused only if no level means the same on the new ladder.
            prop_assert_eq!(kept.is_none(), !(1..=200).any(preserves), "{:?}", change);
            let Some(kept) = kept else { continue };
            prop_assert!(preserves(kept), "{:?}", change);
            // A new rank is admitted only above the rank that the bound stands for.
            let lowest = after.ranks().filter(|it| expected.contains(&it.id.0)).map(|it| it.level).min();
            for new in after.ranks().filter(|it| !before_ids.contains(&it.id.0)) {
                prop_assert_eq!(new.level >= kept, lowest.is_some_and(|lowest| new.level > lowest), "{:?}", change);
            }
            (ladder, bound) = (after, kept);
        }
    }

    /// The stored bounds can be moved one after the other: none moves to a level from which another one moves later.
    #[test]
    fn moves_of_bounds_do_not_meet(
        levels in levels(),
        bounds in prop::collection::btree_set(1..=61_i64, 0..12),
        change in change(),
    ) {
        let before = ladder(&levels);
        if let Some(after) = change.apply(&before)
            && let Some(moves) = moves_of_bounds(&before, &after, &bounds)
        {
            let mut stored: Vec<(i64, i64)> = bounds.iter().map(|bound| (*bound, *bound)).collect();
            for (from, to) in moves {
                stored.iter_mut().filter(|(_, now)| *now == from).for_each(|(_, now)| *now = to);
            }
            for (bound, now) in stored {
                prop_assert_eq!(Some(now), keep_meaning(&before, &after, bound), "{:?}", change);
            }
        }
    }

    /// Bounds keep their order, so that everyone who can vote can still see the campaign.
    #[test]
    fn bounds_keep_their_order(levels in levels(), low in 1..=61_i64, high in 1..=61_i64, change in change()) {
        let before = ladder(&levels);
        if let Some(after) = change.apply(&before)
            && let (low, high) = (low.min(high), low.max(high))
            && let (Some(low), Some(high)) = (keep_meaning(&before, &after, low), keep_meaning(&before, &after, high))
        {
            prop_assert!(low <= high);
        }
    }
}

#[test]
fn a_bound_is_shown_as_the_level_of_the_lowest_rank_at_or_above_it() {
    let ladder = ladder(&[1, 2, 80, 100]);
    for (bound, level) in [(1, 1), (2, 2), (3, 80), (80, 80), (81, 100), (100, 100), (101, 101)] {
        assert_eq!(ladder.level_of_bound(bound), level, "{bound}");
    }
}

#[test]
fn a_bound_follows_its_rank() {
    let default = ladder(&[1, 2, 3, 4, 5]);
    let kept = |before: &Ladder, changed: Rank, bound| keep_meaning(before, &before.with(&changed), bound);
    assert_eq!(kept(&default, rank(5, 100), 4), Some(4));
    let raised = default.with(&rank(5, 100)).with(&rank(4, 80));
    assert_eq!(kept(&raised, rank(3, 50), 80), Some(80), "the third rank gains nothing");
    assert_eq!(kept(&raised, rank(6, 50), 4), Some(80), "and neither does a new one");
    assert_eq!(kept(&raised, rank(4, 60), 70), Some(60));
    assert_eq!(kept(&raised, rank(1, 50), 2), None, "ranks that the bound separates cannot pass each other");
    assert_eq!(kept(&default, rank(3, 6), 2), Some(2), "others can");
    assert_eq!(keep_meaning(&raised, &raised.without(RankId(4)), 80), Some(100));
    // Several ranks at once: the third one gets the level that the fourth one had.
    let both = default.with(&rank(5, 100)).with(&rank(4, 80)).with(&rank(3, 4));
    assert_eq!(keep_meaning(&default, &both, 4), Some(80));
    assert_eq!(keep_meaning(&both, &default, 80), Some(4));
    let swapped = default.with(&rank(1, 2)).with(&rank(2, 1));
    assert_eq!(keep_meaning(&default, &swapped, 3), Some(3));
    assert_eq!(keep_meaning(&default, &swapped, 2), None);
}

/// A rank level is compared only with bounds of the same ladder. Otherwise the rules admit no one and show nothing.
#[test]
fn levels_of_another_ladder_reach_no_bound() {
    let vote = Campaign {
        min_rank_level_to_vote: 4,
        min_rank_level_to_view: Some(4),
        ladder_version: 7,
        ..super::discord_announcements::campaign()
    };
    let now = Timestamp::default();
    for (level, ladder_version, sees) in [(4, 7, true), (3, 7, false), (4, 6, false), (100, 8, false)] {
        let viewer = Viewer { ladder_version, ..super::viewer(level) };
        assert_eq!(may_see(&vote, Some(&viewer)), sees);
        assert_eq!(cannot_vote(&vote, Some(&viewer), false, now), (!sees).then_some(CannotVoteReason::RankTooLow));
    }
    for (level, ladder_version, hidden) in [(4, 7, true), (3, 7, false), (3, 6, true)] {
        let viewer = Viewer { ladder_version, ..super::viewer(level) };
        let reason = hidden.then_some(StandingsHiddenReason::VoteFirst);
        assert_eq!(standings_hidden(&vote, Some(&viewer), false), reason);
        assert_eq!(standings_hidden(&vote, Some(&viewer), true), None);
    }
    let public = Campaign { min_rank_level_to_view: None, ..vote };
    assert!(may_see(&public, Some(&super::viewer(1))));
}
