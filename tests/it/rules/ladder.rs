//! Which ranks a member may act on, and the last leader.

use guildhall::{
    access::Permissions,
    identity::{Ladder, LeaderCounts, Rank, check_leader_remains},
    kernel::id::{GuildId, RankId},
};
use proptest::prelude::*;

use super::viewer;

fn ladder(levels: &[i64]) -> Ladder {
    let rank = |level: &i64| Rank {
        guild_id: GuildId(1),
        id: RankId(*level),
        name: level.to_string(),
        name_key: level.to_string(),
        level: *level,
        description: None,
        permissions: Permissions::default(),
        discord_role_id: None,
    };
    Ladder::new(levels.iter().rev().map(rank).collect())
}

proptest! {
    #[test]
    fn only_leaders_can_act_on_their_own_level(actor in 1..=5_i64, target in 1..=5_i64) {
        let is_allowed = ladder(&[1, 2, 3, 4, 5]).check_reach(&viewer(actor), target).is_ok();
        prop_assert_eq!(is_allowed, target < actor || (actor == 5 && target == 5));
    }
}

#[test]
fn the_last_registered_leader_stays() {
    let leaders = |active, registered| LeaderCounts { active, registered };
    assert!(check_leader_remains(leaders(1, 1), leaders(0, 0)).is_err());
    assert!(check_leader_remains(leaders(2, 1), leaders(1, 0)).is_err());
    assert!(check_leader_remains(leaders(1, 0), leaders(1, 0)).is_ok());
    assert!(check_leader_remains(leaders(2, 2), leaders(1, 1)).is_ok());
}
