//! Who reaches whom on the ladder.

use super::{Rank, store};
use crate::{
    auth::Viewer,
    db::Conn,
    error::{Refusal, Result},
    id::{GuildId, RankId},
};

/// A guild's ranks, highest level first.
pub struct Ladder(Vec<Rank>);

impl Ladder {
    /// Loads a guild's ladder.
    ///
    /// # Errors
    /// The database's.
    pub async fn load(conn: &mut Conn, guild: GuildId) -> Result<Self> {
        Ok(Self(store::ranks(conn, guild).await?))
    }

    /// The rank of this id.
    pub fn rank(&self, id: RankId) -> Option<&Rank> {
        self.0.iter().find(|rank| rank.id == id)
    }

    /// The rank new members start at.
    pub fn lowest(&self) -> Option<&Rank> {
        self.0.last()
    }

    /// The rank of the guild's leaders.
    pub fn highest(&self) -> Option<&Rank> {
        self.0.first()
    }

    /// The level of the guild's leaders.
    pub fn highest_level(&self) -> i64 {
        self.highest().map_or(i64::MAX, |rank| rank.level)
    }

    /// Nobody touches what is level with them or above; but the guild's leaders may act on each other.
    ///
    /// # Errors
    /// `FORBIDDEN`, `RANK_TOO_LOW`.
    pub fn check_reach(&self, actor: &Viewer, level: i64) -> Result<(), Refusal> {
        let leads = actor.rank_level == self.highest_level();
        if level < actor.rank_level || (leads && level == actor.rank_level) {
            return Ok(());
        }
        Err(Refusal::rank_too_low("Your rank reaches only what is below it."))
    }
}

/// How many hold a guild's highest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaders {
    /// Active ones.
    pub active: i64,
    /// Active ones with an account.
    pub registered: i64,
}

/// A guild always keeps an active leader, a registered one if it had one.
///
/// # Errors
/// `CONFLICT`, `LAST_LEADER`.
pub fn check_still_led(before: Leaders, after: Leaders) -> Result<(), Refusal> {
    if (after.active == 0 && before.active > 0) || (after.registered == 0 && before.registered > 0) {
        return Err(Refusal::conflict("LAST_LEADER", "The guild must keep an active, registered leader."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{auth::Permissions, id::MemberId};

    fn ladder(levels: &[i64]) -> Ladder {
        let guild = GuildId(1);
        Ladder(
            levels
                .iter()
                .rev()
                .map(|level| Rank {
                    guild_id: guild,
                    id: RankId(*level),
                    name: level.to_string(),
                    name_key: level.to_string(),
                    level: *level,
                    description: None,
                    permissions: Permissions::default(),
                    discord_role_id: None,
                })
                .collect(),
        )
    }

    fn viewer(rank_level: i64) -> Viewer {
        Viewer {
            guild: GuildId(1),
            member: MemberId(1),
            rank_level,
            permissions: Permissions::all(),
            is_registered: true,
            session: None,
            credentials_version: 0,
            token_expires_at: chrono::NaiveDateTime::default(),
        }
    }

    proptest! {
        #[test]
        fn only_leaders_reach_their_own_level(actor in 1..=5_i64, target in 1..=5_i64) {
            let reached = ladder(&[1, 2, 3, 4, 5]).check_reach(&viewer(actor), target).is_ok();
            prop_assert_eq!(reached, target < actor || (actor == 5 && target == 5));
        }
    }

    #[test]
    fn the_last_leader_stays() {
        let leaders = |active, registered| Leaders { active, registered };
        assert!(check_still_led(leaders(1, 1), leaders(0, 0)).is_err());
        assert!(check_still_led(leaders(2, 1), leaders(1, 0)).is_err());
        assert!(check_still_led(leaders(1, 0), leaders(1, 0)).is_ok());
        assert!(check_still_led(leaders(2, 2), leaders(1, 1)).is_ok());
    }
}
