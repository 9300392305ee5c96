//! Ranks. Officers create, change and delete the ranks below their own.

use std::collections::BTreeMap;

use async_graphql::MaybeUndefined;

use super::{
    actions::RankAction,
    bounds,
    policy::{self, Ladder, MANAGE_RANKS},
    rows::Rank,
    store,
};
use crate::{
    access::{Access, Permission, Permissions, Viewer},
    audit::{self, Action, Changes},
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        id::{GuildId, RankId},
        input::InputCheck,
        text,
    },
};

/// Longest name of a rank, in Unicode characters.
const MAX_RANK_NAME: usize = 50;
/// Highest level of a rank.
const MAX_LEVEL: i64 = 1_000;

/// A rank to create.
#[derive(Clone)]
pub struct NewRank {
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: i64,
    /// Its description.
    pub description: Option<String>,
    /// Its permissions.
    pub permissions: Vec<Permission>,
    /// The id of the Discord role that corresponds to this rank.
    pub discord_role_id: Option<String>,
}

impl NewRank {
    fn into_row(self, check: &mut InputCheck, guild: GuildId) -> Rank {
        let name = check.valid(text::name("name", &self.name, MAX_RANK_NAME));
        Rank {
            guild_id: guild,
            id: RankId::new(),
            name_key: text::key(&name),
            name,
            level: check.valid(level(self.level)),
            description: self.description.and_then(|it| check.valid(text::description("description", &it))),
            permissions: self.permissions.into_iter().collect(),
            discord_role_id: self.discord_role_id.map(|id| check.valid(text::discord_id("discordRoleId", &id))),
        }
    }
}

/// Creates a rank below the viewer's.
///
/// # Errors
/// `BAD_USER_INPUT`; `FORBIDDEN` (`RANK_TOO_LOW`); `CONFLICT` (`NAME_TAKEN`, `LEVEL_TAKEN`, `DISCORD_ROLE_TAKEN`).
pub async fn create_rank(access: &Access, viewer: &Viewer, new: NewRank) -> Result<Rank> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .change(
            viewer.guild,
            |_| None,
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
                let rank = InputCheck::run(|check| {
                    let rank = new.into_row(check, actor.guild);
                    check.valid(ladder.check_rank(&actor, None, &rank, &ladder.with(&rank)));
                    check.valid(check_role(&ladder, &rank));
                    check_is_unique(check, &ladder, &rank);
                    rank
                })?;
                store::insert_ranks(conn, vec![rank.clone()]).await?;
                bounds::keep_access(conn, actor.guild, &ladder, &ladder.with(&rank)).await?;
                let permissions = permission_list(&rank.permissions);
                let summary = format!("Created the rank {} at level {}: {permissions}", rank.name, rank.level);
                audit::record(conn, actor.guild, Some(&actor), now, audit::event(Action::RankCreate, rank.id, summary))
                    .await?;
                Ok(rank)
            },
        )
        .await
}

/// A change of a rank. Unset fields are not changed.
#[derive(Clone)]
pub struct RankChange {
    /// The rank.
    pub id: RankId,
    /// Its name.
    pub name: Option<String>,
    /// Its level.
    pub level: Option<i64>,
    /// Its description; null clears it.
    pub description: MaybeUndefined<String>,
    /// Its permissions.
    pub permissions: Option<Vec<Permission>>,
    /// The id of the Discord role that corresponds to this rank; null clears it.
    pub discord_role_id: MaybeUndefined<String>,
}

impl RankChange {
    /// Checks that this officer can make the change. Returns the rank before and after it.
    fn check(self, actor: &Viewer, ladder: &Ladder) -> Result<(Rank, Rank), Refusal> {
        let Some(before) = ladder.rank(self.id) else {
            // Its other fields are checked as for the lowest rank.
            let others = InputCheck::run(|check| ladder.lowest().map(|lowest| self.apply(check, lowest)));
            return Err(Refusal::not_found("rank").at("id").and(others));
        };
        let after = InputCheck::run(|check| {
            let after = self.apply(check, before);
            check.valid(ladder.check_rank(actor, Some(before), &after, &ladder.with(&after)));
            if after.discord_role_id != before.discord_role_id {
                check.valid(check_role(ladder, &after));
            }
            check_is_unique(check, ladder, &after);
            after
        })?;
        Ok((before.clone(), after))
    }

    fn apply(self, check: &mut InputCheck, before: &Rank) -> Rank {
        let mut after = before.clone();
        if let Some(name) = self.name {
            check.set(&mut after.name, text::name("name", &name, MAX_RANK_NAME));
            after.name_key = text::key(&after.name);
        }
        if let Some(new) = self.level {
            check.set(&mut after.level, level(new));
        }
        match self.description {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.description = None,
            MaybeUndefined::Value(text) => after.description = check.valid(text::description("description", &text)),
        }
        if let Some(permissions) = self.permissions {
            after.permissions = before.permissions.replaced_by(permissions);
        }
        match self.discord_role_id {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.discord_role_id = None,
            MaybeUndefined::Value(id) => {
                after.discord_role_id = Some(check.valid(text::discord_id("discordRoleId", &id)));
            }
        }
        after
    }
}

/// Changes a rank below the viewer's, or the highest rank if the viewer holds it.
///
/// # Errors
/// The same as [`create_rank`], and `NOT_FOUND`; `CONFLICT` (`RANK_ORDER_IN_USE`).
pub async fn update_rank(access: &Access, viewer: &Viewer, change: RankChange) -> Result<Rank> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    let (rank, is_revocation) = access
        .change(
            viewer.guild,
            |_| None,
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
                let (before, after) = change.check(&actor, &ladder)?;
                if after != before {
                    store::update_rank(conn, &after).await?;
                    if after.level != before.level {
                        bounds::keep_access(conn, actor.guild, &ladder, &ladder.with(&after)).await?;
                    }
                    let summary = format!("Changed the rank {}: {}", before.name, changes(&before, &after));
                    let event = audit::event(Action::RankUpdate, after.id, summary);
                    audit::record(conn, actor.guild, Some(&actor), now, event).await?;
                }
                let is_revocation =
                    after.level != before.level || !before.permissions.difference(&after.permissions).is_empty();
                Ok((after, is_revocation))
            },
        )
        .await?;
    if is_revocation {
        access.await_revocation().await;
    }
    Ok(rank)
}

/// Stores the levels of the ladder `after`, on which any number of ranks have other levels than on `before`, and moves
/// the bounds with them. The caller must have locked the roster, and checked the levels.
///
/// # Errors
/// `CONFLICT` (`RANK_ORDER_IN_USE`); `CONFLICT` (`LEVEL_TAKEN`) if ranks change places while every level is taken.
pub async fn move_ranks(conn: &mut Conn, guild: GuildId, before: &Ladder, after: &Ladder) -> Result<()> {
    bounds::keep_access(conn, guild, before, after).await?;
    let mut taken: BTreeMap<i64, RankId> = before.ranks().map(|rank| (rank.level, rank.id)).collect();
    let target = |id| after.rank(id).map(|rank| rank.level);
    loop {
        let mut pending = taken.iter().filter(|(level, id)| target(**id).is_some_and(|target| target != **level));
        let Some((&first, &waiting)) = pending.clone().next() else { return Ok(()) };
        let free =
            pending.find_map(|(from, id)| target(*id).filter(|to| !taken.contains_key(to)).map(|to| (*from, to)));
        let (from, to) = match free {
            Some(step) => step,
            // The ranks that are left change places: one of them waits at another level, since each level has one rank.
            None => match (1..=MAX_LEVEL).find(|level| !taken.contains_key(level)) {
                Some(spare) => (first, spare),
                None => return Err(Refusal::conflict("LEVEL_TAKEN", "Every level is taken.").into()),
            },
        };
        let id = taken.remove(&from).unwrap_or(waiting);
        store::set_rank_level(conn, guild, id, to).await?;
        taken.insert(to, id);
    }
}

/// Deletes a rank below the viewer's. No member may hold it.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`RANK_TOO_LOW`); `CONFLICT` (`RANK_IN_USE`).
pub async fn delete_rank(access: &Access, viewer: &Viewer, id: RankId) -> Result<()> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .change(
            viewer.guild,
            |()| None,
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
                let rank = ladder.rank(id).ok_or_else(|| Refusal::not_found("rank").at("id"))?;
                RankAction::Delete.check(&actor, &ladder, rank)?;
                if store::is_rank_held(conn, actor.guild, id).await? {
                    return Err(Refusal::conflict("RANK_IN_USE", "Active or inactive members hold this rank.").into());
                }
                store::delete_rank(conn, actor.guild, id).await?;
                bounds::keep_access(conn, actor.guild, &ladder, &ladder.without(id)).await?;
                let summary = format!("Deleted the rank {} of level {}", rank.name, rank.level);
                audit::record(conn, actor.guild, Some(&actor), now, audit::event(Action::RankDelete, id, summary)).await
            },
        )
        .await
}

/// Checks that a rank's Discord role belongs to no other rank: its holders would get the higher of both.
fn check_role(ladder: &Ladder, rank: &Rank) -> Result<(), Refusal> {
    let role = rank.discord_role_id.as_ref();
    let other = ladder.ranks().find(|other| other.id != rank.id && other.discord_role_id.as_ref() == role);
    match role.and(other) {
        Some(other) => {
            let message = format!("The rank {} has this Discord role. A role can be for one rank only.", other.name);
            Err(Refusal::conflict("DISCORD_ROLE_TAKEN", message).at("discordRoleId"))
        }
        None => Ok(()),
    }
}

/// Checks that a level is in the range of levels.
pub(super) fn level(level: i64) -> Result<i64, Refusal> {
    if (1..=MAX_LEVEL).contains(&level) {
        return Ok(level);
    }
    Err(Refusal::input("level", format!("level must be from 1 to {MAX_LEVEL}.")))
}

/// The changes of a rank for the audit log.
pub(super) fn changes(before: &Rank, after: &Rank) -> Changes {
    let mut changes = Changes::default();
    changes.note("name", &before.name, &after.name);
    changes.note("level", &before.level, &after.level);
    changes.note("permissions", &permission_list(&before.permissions), &permission_list(&after.permissions));
    changes.note_hidden("description", before.description != after.description);
    changes.note_hidden("Discord role", before.discord_role_id != after.discord_role_id);
    changes
}

fn permission_list(permissions: &Permissions) -> String {
    let names = permissions.to_string();
    if names.is_empty() { "no permissions".to_owned() } else { names }
}

/// Checks that no other rank has this one's name or level. The caller must have locked the roster.
fn check_is_unique(check: &mut InputCheck, ladder: &Ladder, rank: &Rank) {
    if ladder.ranks().any(|other| other.id != rank.id && other.name_key == rank.name_key) {
        check.refuse(Refusal::conflict("NAME_TAKEN", "There is already a rank with this name.").at("name"));
    }
    check_level_is_free(check, ladder, rank);
}

/// Checks that no other rank of the ladder has this one's level.
pub(super) fn check_level_is_free(check: &mut InputCheck, ladder: &Ladder, rank: &Rank) {
    if ladder.ranks().any(|other| other.id != rank.id && other.level == rank.level) {
        check.refuse(Refusal::conflict("LEVEL_TAKEN", "There is already a rank with this level.").at("level"));
    }
}
