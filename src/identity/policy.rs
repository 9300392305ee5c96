//! The rules of the ladder: which ranks and members an officer can act on, and which permissions they can grant.

use std::{cmp::Reverse, sync::Arc};

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

/// The permission to change the guild's name and region.
pub const MANAGE_GUILD: Permission = Permission::GuildManage;
/// The permission to change ranks below the viewer's own.
pub const MANAGE_RANKS: Permission = Permission::RanksManage;
/// The permission to change members below the viewer's own rank, and their characters.
pub const MANAGE_MEMBERS: Permission = Permission::MembersManage;

/// A guild's ranks, highest level first.
#[derive(Clone)]
pub struct Ladder(Vec<Arc<Rank>>);

impl Ladder {
    /// Creates a ladder of ranks, which must be sorted by level, highest first.
    pub fn new(ranks: Vec<Rank>) -> Self {
        Self(ranks.into_iter().map(Arc::new).collect())
    }

    /// Loads a guild's ladder.
    ///
    /// # Errors
    /// A database error.
    pub async fn load(conn: &mut Conn, guild: GuildId) -> Result<Self> {
        Ok(Self::new(store::ranks(conn, guild).await?))
    }

    /// Returns the ladder with this rank, in place of the one with the same id.
    #[must_use]
    pub fn with(&self, rank: &Rank) -> Self {
        let others = self.0.iter().filter(|other| other.id != rank.id).cloned();
        let mut ranks: Vec<Arc<Rank>> = others.chain([Arc::new(rank.clone())]).collect();
        ranks.sort_by_key(|rank| Reverse(rank.level));
        Self(ranks)
    }

    /// Returns the ladder without this rank.
    #[must_use]
    pub fn without(&self, id: RankId) -> Self {
        Self(self.0.iter().filter(|rank| rank.id != id).cloned().collect())
    }

    /// Returns the ranks, highest level first.
    pub fn ranks(&self) -> impl DoubleEndedIterator<Item = &Rank> + ExactSizeIterator {
        self.0.iter().map(|rank| &**rank)
    }

    /// Returns the rank with this id.
    pub fn rank(&self, id: RankId) -> Option<&Rank> {
        self.ranks().find(|rank| rank.id == id)
    }

    /// Returns the rank with this id, shared with the ladder.
    pub fn shared_rank(&self, id: RankId) -> Option<Arc<Rank>> {
        self.0.iter().find(|rank| rank.id == id).cloned()
    }

    /// Returns the lowest rank, the default of new members.
    pub fn lowest(&self) -> Option<&Rank> {
        self.ranks().next_back()
    }

    /// Returns the highest rank, which the guild's leaders hold.
    pub fn highest(&self) -> Option<&Rank> {
        self.ranks().next()
    }

    /// Returns the level of the highest rank.
    pub fn highest_level(&self) -> i64 {
        self.highest().map_or(i64::MAX, |rank| rank.level)
    }

    /// Checks that this officer can act on members of a level. Members can act only on lower ranks, except that leaders
    /// can act on each other.
    ///
    /// # Errors
    /// `FORBIDDEN` (`RANK_TOO_LOW`).
    pub fn check_reach(&self, actor: &Viewer, level: i64) -> Result<(), Refusal> {
        if level <= self.max_reachable_level(actor) {
            return Ok(());
        }
        Err(Refusal::rank_too_low("You can act only on ranks below your own."))
    }

    /// Returns the highest level that this officer can act on.
    pub fn max_reachable_level(&self, actor: &Viewer) -> i64 {
        if self.is_leader(actor) { i64::MAX } else { actor.rank_level - 1 }
    }

    /// Whether this member is one of the guild's leaders.
    pub fn is_leader(&self, actor: &Viewer) -> bool {
        self.highest().is_some_and(|highest| highest.id == actor.rank)
    }

    /// Checks that this officer can move a member from the rank `before` to the rank `after`. Members cannot grant
    /// permissions that they lack, but the moved member can keep the old rank's permissions.
    ///
    /// # Errors
    /// `FORBIDDEN` (`RANK_TOO_LOW`).
    pub fn check_grant(&self, actor: &Viewer, before: Option<RankId>, after: RankId) -> Result<(), Refusal> {
        let permissions = |id| self.rank(id).map(|rank| rank.permissions.clone()).unwrap_or_default();
        check_gain(actor, &before.map(permissions).unwrap_or_default(), &permissions(after))
    }

    /// Checks that this officer can give a member this rank, instead of the rank `before`.
    ///
    /// # Errors
    /// `FORBIDDEN` (`RANK_TOO_LOW`).
    pub fn check_assignment(&self, actor: &Viewer, before: Option<RankId>, rank: &Rank) -> Result<(), Refusal> {
        self.check_reach(actor, rank.level)?;
        self.check_grant(actor, before, rank.id)
    }

    /// Checks that this officer can change the rank `before` to `after`, or create `after` if `before` is `None`.
    /// `changed` is the ladder after the whole change, by which other ranks may get new levels too.
    ///
    /// # Errors
    /// `FORBIDDEN` (`RANK_TOO_LOW`).
    pub fn check_rank(
        &self,
        actor: &Viewer,
        before: Option<&Rank>,
        after: &Rank,
        changed: &Self,
    ) -> Result<(), Refusal> {
        match before {
            Some(before) if self.is_leader(actor) && before.id == actor.rank => {
                let others = changed.0.iter().filter(|rank| rank.id != before.id);
                if others.map(|rank| rank.level).max().is_some_and(|next| after.level <= next) {
                    return Err(Refusal::rank_too_low("The highest rank must remain the highest.").at("level"));
                }
                if !after.permissions.is_all() {
                    return Err(Refusal::rank_too_low("The highest rank must have every permission.").at("permissions"));
                }
                Ok(())
            }
            _ => {
                if let Some(before) = before {
                    self.check_below(actor, before)?;
                }
                // Only leaders can move their own rank.
                let own = changed.rank(actor.rank).filter(|_| self.is_leader(actor));
                let own_level = own.map_or(actor.rank_level, |own| own.level);
                check_below_level(own_level, after).map_err(|refusal| refusal.at("level"))?;
                let before = before.map(|rank| rank.permissions.clone()).unwrap_or_default();
                check_gain(actor, &before, &after.permissions).map_err(|refusal| refusal.at("permissions"))
            }
        }
    }

    /// Checks that a rank is below the officer's own. Even leaders can create, change and delete only lower ranks.
    ///
    /// # Errors
    /// `FORBIDDEN` (`RANK_TOO_LOW`).
    pub fn check_below(&self, actor: &Viewer, rank: &Rank) -> Result<(), Refusal> {
        check_below_level(actor.rank_level, rank)
    }
}

fn check_below_level(level: i64, rank: &Rank) -> Result<(), Refusal> {
    if rank.level < level {
        return Ok(());
    }
    Err(Refusal::rank_too_low("You can create, change and delete only ranks below your own."))
}

/// Checks that `after` adds only permissions that the officer has.
fn check_gain(actor: &Viewer, before: &Permissions, after: &Permissions) -> Result<(), Refusal> {
    let actor_lacks = after.difference(&actor.permissions);
    let added = after.difference(before).into_iter();
    let not_grantable: Vec<String> = added.filter(|name| actor_lacks.contains(name)).collect();
    if not_grantable.is_empty() {
        return Ok(());
    }
    Err(Refusal::rank_too_low(format!("You cannot grant permissions that you lack: {}.", not_grantable.join(", "))))
}

/// Locks the guild's roster for a change that needs this permission. Returns the actor with their current rights, and
/// the ladder.
///
/// # Errors
/// `UNAUTHENTICATED` or `FORBIDDEN` if the actor no longer has the permission.
pub async fn lock_roster(conn: &mut Conn, actor: &Viewer, permission: Permission) -> Result<(Viewer, Ladder)> {
    store::bump_roster_version(conn, actor.guild).await?;
    let actor = actor.confirm(conn).await?;
    actor.require(permission)?;
    let ladder = Ladder::load(conn, actor.guild).await?;
    Ok((actor, ladder))
}

/// Checks that a guild keeps an active leader, and a registered one if it had one.
///
/// # Errors
/// `CONFLICT` (`LAST_LEADER`).
pub fn check_leader_remains(before: LeaderCounts, after: LeaderCounts) -> Result<(), Refusal> {
    if (after.active == 0 && before.active > 0) || (after.registered == 0 && before.registered > 0) {
        return Err(Refusal::conflict("LAST_LEADER", "The guild must keep an active, registered leader."));
    }
    Ok(())
}
