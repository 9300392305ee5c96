//! Which ranks a bound admits, before and after a change of the ladder.

use std::collections::BTreeSet;

use guildhall::{
    access::Permissions,
    identity::{Ladder, Rank, keep_meaning},
    kernel::id::{GuildId, RankId},
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
    ladder.ranks().iter().filter(|rank| rank.level >= bound).map(|rank| rank.id.0).collect()
}

/// A change of a ladder.
#[derive(Clone, Debug)]
enum Change {
    Move(Index, i64),
    Create(i64),
    Delete(Index),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (any::<Index>(), 1..=60_i64).prop_map(|(rank, level)| Change::Move(rank, level)),
        1 => (1..=60_i64).prop_map(Change::Create),
        1 => any::<Index>().prop_map(Change::Delete),
    ]
}

impl Change {
    /// The ladder after the change; `None` if the level is taken or no rank would be left.
    fn apply(&self, before: &Ladder) -> Option<Ladder> {
        let is_free = |level: i64, id: i64| before.ranks().iter().all(|it| it.level != level || it.id.0 == id);
        match self {
            Self::Move(which, level) => {
                let id = which.get(before.ranks()).id.0;
                is_free(*level, id).then(|| before.with(&rank(id, *level)))
            }
            Self::Create(level) => {
                let id = before.ranks().iter().map(|it| it.id.0).max().unwrap_or_default() + 1;
                is_free(*level, id).then(|| before.with(&rank(id, *level)))
            }
            Self::Delete(which) => {
                let id = which.get(before.ranks()).id;
                let left: Vec<Rank> = before.ranks().iter().filter(|it| it.id != id).cloned().collect();
                (!left.is_empty()).then(|| Ladder::new(left))
            }
        }
    }
}

fn levels() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::btree_set(1..=60_i64, 1..8).prop_map(|levels| levels.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A series of changes, each allowed or refused, changes no rank's access. Both the ladder before a change and the
    /// one after it agree with the bound of after it, so it does not matter which of them a request has read.
    #[test]
    fn changes_of_the_ladder_change_no_access(
        levels in levels(),
        bound in 1..=61_i64,
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let (mut ladder, mut bound) = (ladder(&levels), bound);
        for change in changes {
            let Some(after) = change.apply(&ladder) else { continue };
            let before_ids: BTreeSet<i64> = ladder.ranks().iter().map(|it| it.id.0).collect();
            let expected = admitted(&ladder, bound);
            let kept = keep_meaning(&ladder, &after, bound);
            let preserves = |level: i64| {
                let now = admitted(&after, level);
                before_ids.iter().all(|id| after.rank(RankId(*id)).is_none() || expected.contains(id) == now.contains(id))
            };
            // It is refused only if no level means the same on the new ladder.
            prop_assert_eq!(kept.is_none(), !(1..=200).any(preserves), "{:?}", change);
            let Some(kept) = kept else { continue };
            prop_assert_eq!(&admitted(&ladder, kept), &expected, "on the ladder before {:?}", change);
            prop_assert!(preserves(kept), "{:?}", change);
            // A new rank is admitted only above the rank that the bound stands for.
            let lowest = after.ranks().iter().filter(|it| expected.contains(&it.id.0)).map(|it| it.level).min();
            for new in after.ranks().iter().filter(|it| !before_ids.contains(&it.id.0)) {
                prop_assert_eq!(new.level >= kept, lowest.is_some_and(|lowest| new.level > lowest), "{:?}", change);
            }
            (ladder, bound) = (after, kept);
        }
    }

    /// The stored bounds can be moved one after the other: none moves to a level from which another one moves.
    #[test]
    fn moves_of_bounds_do_not_meet(levels in levels(), change in change()) {
        let before = ladder(&levels);
        if let Some(after) = change.apply(&before) {
            let kept = |bound: i64| keep_meaning(&before, &after, bound);
            for target in (1..=61).filter_map(kept) {
                prop_assert!(kept(target).is_none_or(|again| again == target), "{:?}", change);
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
    let raised = default.with(&rank(5, 100)).with(&rank(4, 80));
    assert_eq!(kept(&default, rank(5, 100), 4), Some(4));
    // The fourth rank is at 80, and a bound of 4 still stands for it.
    assert_eq!(raised.level_of_bound(4), 80);
    assert_eq!(kept(&raised, rank(3, 50), 4), Some(80), "the third rank gains nothing");
    assert_eq!(kept(&raised, rank(6, 50), 4), Some(80), "and neither does a new one");
    assert_eq!(kept(&raised, rank(4, 60), 70), Some(60));
    assert_eq!(kept(&raised, rank(1, 50), 2), None, "ranks that the bound separates cannot pass each other");
    assert_eq!(kept(&default, rank(3, 6), 2), Some(2), "others can");
}
