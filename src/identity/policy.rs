//! Who reaches whom on the ladder.

use super::{
    rows::{LeaderCounts, Rank},
    store,
};
use crate::{
    access::{Permission, Permissions, Viewer},
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        id::{GuildId, RankId},
    },
};

/// The permission for changes to the guild itself.
pub const MANAGE_GUILD: Permission = Permission::GuildManage;
/// The permission for changes to ranks below the viewer's own.
pub const MANAGE_RANKS: Permission = Permission::RanksManage;
/// The permission for changes to members below the viewer's own rank, and to their characters.
pub const MANAGE_MEMBERS: Permission = Permission::MembersManage;

/// A guild's ranks, highest level first.
pub struct Ladder(Vec<Rank>);

impl Ladder {
    /// The ladder of these ranks, highest level first.
    pub const fn new(ranks: Vec<Rank>) -> Self {
        Self(ranks)
    }

    /// Loads a guild's ladder.
    ///
    /// # Errors
    /// The database's.
    pub async fn load(conn: &mut Conn, guild: GuildId) -> Result<Self> {
        Ok(Self(store::ranks(conn, guild).await?))
    }

    /// The ranks, highest level first.
    pub fn ranks(&self) -> &[Rank] {
        &self.0
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
        if level <= self.max_reachable_level(actor) {
            return Ok(());
        }
        Err(Refusal::rank_too_low("Your rank reaches only what is below it."))
    }

    /// The highest level that this member reaches.
    pub fn max_reachable_level(&self, actor: &Viewer) -> i64 {
        if self.leads(actor) { i64::MAX } else { actor.rank_level - 1 }
    }

    /// Whether this member is one of the guild's leaders.
    pub fn leads(&self, actor: &Viewer) -> bool {
        self.highest().is_some_and(|highest| highest.id == actor.rank)
    }

    /// Nobody gives a rank with permissions that they do not hold themselves and its holder did not have before.
    ///
    /// # Errors
    /// `FORBIDDEN`, `RANK_TOO_LOW`.
    pub fn check_grant(&self, actor: &Viewer, before: Option<RankId>, given: RankId) -> Result<(), Refusal> {
        let permissions = |id| self.rank(id).map(|rank| rank.permissions.clone()).unwrap_or_default();
        check_gain(actor, &before.map(permissions).unwrap_or_default(), &permissions(given))
    }

    /// Whether this member may make a rank, or change one, so that it becomes `after`.
    ///
    /// # Errors
    /// `FORBIDDEN`, `RANK_TOO_LOW`.
    pub fn check_rank(&self, actor: &Viewer, before: Option<&Rank>, after: &Rank) -> Result<(), Refusal> {
        match before {
            Some(before) if self.leads(actor) && before.id == actor.rank => {
                let others = self.0.iter().filter(|rank| rank.id != before.id);
                if others.map(|rank| rank.level).max().is_some_and(|next| after.level <= next) {
                    return Err(Refusal::rank_too_low("The highest rank stays the highest."));
                }
                if !after.permissions.is_all() {
                    return Err(Refusal::rank_too_low("The highest rank always holds every permission."));
                }
                Ok(())
            }
            _ => {
                self.check_below(actor, before.unwrap_or(after))?;
                self.check_below(actor, after)?;
                check_gain(actor, &before.map(|rank| rank.permissions.clone()).unwrap_or_default(), &after.permissions)
            }
        }
    }

    /// Ranks are made, changed and deleted only from above, even by the guild's leaders.
    ///
    /// # Errors
    /// `FORBIDDEN`, `RANK_TOO_LOW`.
    pub fn check_below(&self, actor: &Viewer, rank: &Rank) -> Result<(), Refusal> {
        if rank.level < actor.rank_level {
            return Ok(());
        }
        Err(Refusal::rank_too_low("Only ranks below your own are yours to make, change and delete."))
    }
}

fn check_gain(actor: &Viewer, before: &Permissions, after: &Permissions) -> Result<(), Refusal> {
    let not_held = after.difference(&actor.permissions);
    let lacking: Vec<String> = after.difference(before).into_iter().filter(|name| not_held.contains(name)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(Refusal::rank_too_low(format!("You cannot give what you do not hold: {}.", lacking.join(", "))))
}

/// Locks the guild's roster for a change that needs this permission: who makes it, as they stand by then, and the ladder.
///
/// # Errors
/// `UNAUTHENTICATED`, `FORBIDDEN` when the actor may no longer do it.
pub async fn lock_roster(conn: &mut Conn, actor: &Viewer, permission: Permission) -> Result<(Viewer, Ladder)> {
    store::bump_roster_version(conn, actor.guild).await?;
    let actor = actor.confirm(conn).await?;
    actor.require(permission)?;
    let ladder = Ladder::load(conn, actor.guild).await?;
    Ok((actor, ladder))
}

/// A guild always keeps an active leader, a registered one if it had one.
///
/// # Errors
/// `CONFLICT`, `LAST_LEADER`.
pub fn check_leader_remains(before: LeaderCounts, after: LeaderCounts) -> Result<(), Refusal> {
    if (after.active == 0 && before.active > 0) || (after.registered == 0 && before.registered > 0) {
        return Err(Refusal::conflict("LAST_LEADER", "The guild must keep an active, registered leader."));
    }
    Ok(())
}
