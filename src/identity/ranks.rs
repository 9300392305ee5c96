//! Ranks: the rungs of a guild's ladder, made and changed from above.

use async_graphql::MaybeUndefined;

use super::{
    policy::{self, MANAGE_RANKS},
    rows::Rank,
    store,
};
use crate::{
    access::{Access, Permission, Permissions, Viewer},
    audit::{self, Action, Changes},
    db::violated_constraint,
    kernel::{
        error::{Error, Refusal, Result},
        id::{GuildId, RankId},
        text,
    },
};

const MAX_RANK_NAME: usize = 50;
const MAX_LEVEL: i64 = 1_000;

/// A rank to be made.
pub struct NewRank {
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: i64,
    /// What it stands for.
    pub description: Option<String>,
    /// What it allows.
    pub permissions: Vec<Permission>,
    /// The Discord role it goes with.
    pub discord_role_id: Option<String>,
}

impl NewRank {
    fn into_row(self, guild: GuildId) -> Result<Rank, Refusal> {
        let name = text::name("name", &self.name, MAX_RANK_NAME)?;
        Ok(Rank {
            guild_id: guild,
            id: RankId::new(),
            name_key: text::key(&name),
            name,
            level: level(self.level)?,
            description: self.description.map_or(Ok(None), |it| text::description("description", &it))?,
            permissions: self.permissions.into_iter().collect(),
            discord_role_id: self.discord_role_id.map(|id| text::discord_id("discordRoleId", &id)).transpose()?,
        })
    }
}

/// Makes a rank below the viewer's.
///
/// # Errors
/// `BAD_USER_INPUT`; `FORBIDDEN`, `RANK_TOO_LOW`; `CONFLICT`, `NAME_TAKEN` or `LEVEL_TAKEN`.
pub async fn create_rank(access: &Access, viewer: &Viewer, new: NewRank) -> Result<Rank> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .db
        .write(async move |conn| {
            let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
            let rank = new.into_row(actor.guild)?;
            ladder.check_rank(&actor, None, &rank)?;
            store::insert_ranks(conn, vec![rank.clone()]).await.map_err(taken)?;
            let summary =
                format!("Made the rank {} at level {}: {}", rank.name, rank.level, allowed(&rank.permissions));
            audit::record(conn, actor.guild, Some(&actor), now, audit::event(Action::RankCreate, rank.id, summary))
                .await?;
            Ok(rank)
        })
        .await
}

/// What is to change of a rank; what is undefined stays.
pub struct RankChange {
    /// Which.
    pub id: RankId,
    /// Its name.
    pub name: Option<String>,
    /// Its level.
    pub level: Option<i64>,
    /// What it stands for; null clears it.
    pub description: MaybeUndefined<String>,
    /// What it allows.
    pub permissions: Option<Vec<Permission>>,
    /// The Discord role it goes with; null clears it.
    pub discord_role_id: MaybeUndefined<String>,
}

impl RankChange {
    fn apply(self, before: &Rank) -> Result<Rank, Refusal> {
        let mut after = before.clone();
        if let Some(name) = self.name {
            after.name = text::name("name", &name, MAX_RANK_NAME)?;
            after.name_key = text::key(&after.name);
        }
        if let Some(new) = self.level {
            after.level = level(new)?;
        }
        match self.description {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.description = None,
            MaybeUndefined::Value(text) => after.description = text::description("description", &text)?,
        }
        if let Some(permissions) = self.permissions {
            after.permissions = before.permissions.replaced_by(permissions);
        }
        match self.discord_role_id {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.discord_role_id = None,
            MaybeUndefined::Value(id) => after.discord_role_id = Some(text::discord_id("discordRoleId", &id)?),
        }
        Ok(after)
    }
}

/// Changes a rank below the viewer's, or the highest one if it is theirs.
///
/// # Errors
/// As [`create_rank`], and `NOT_FOUND`.
pub async fn update_rank(access: &Access, viewer: &Viewer, change: RankChange) -> Result<Rank> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    let (rank, takes_away) = access
        .change(
            viewer.guild,
            |_| None,
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
                let before = ladder.rank(change.id).ok_or_else(|| Refusal::not_found("rank").at("id"))?;
                let after = change.apply(before)?;
                ladder.check_rank(&actor, Some(before), &after)?;
                if after != *before {
                    store::update_rank(conn, &after).await.map_err(taken)?;
                    let summary = format!("Changed the rank {}: {}", before.name, changes(before, &after));
                    let entry = audit::event(Action::RankUpdate, after.id, summary);
                    audit::record(conn, actor.guild, Some(&actor), now, entry).await?;
                }
                let takes_away =
                    after.level != before.level || !before.permissions.difference(&after.permissions).is_empty();
                Ok((after, takes_away))
            },
        )
        .await?;
    if takes_away {
        access.await_revocation().await;
    }
    // Those who were lowered may have been the last who had not voted.
    access.bus.roster_changed(viewer.guild).await;
    Ok(rank)
}

/// Deletes a rank below the viewer's that nobody holds.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN`, `RANK_TOO_LOW`; `CONFLICT`, `RANK_IN_USE`.
pub async fn delete_rank(access: &Access, viewer: &Viewer, id: RankId) -> Result<()> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .db
        .write(async move |conn| {
            let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_RANKS).await?;
            let rank = ladder.rank(id).ok_or_else(|| Refusal::not_found("rank").at("id"))?;
            ladder.check_below(&actor, rank)?;
            if store::is_rank_held(conn, actor.guild, id).await? {
                return Err(Refusal::conflict("RANK_IN_USE", "Members, active or not, hold this rank.").into());
            }
            store::delete_rank(conn, actor.guild, id).await?;
            let summary = format!("Deleted the rank {} of level {}", rank.name, rank.level);
            audit::record(conn, actor.guild, Some(&actor), now, audit::event(Action::RankDelete, id, summary)).await
        })
        .await
}

fn level(level: i64) -> Result<i64, Refusal> {
    if (1..=MAX_LEVEL).contains(&level) {
        return Ok(level);
    }
    Err(Refusal::input("level", format!("level must be from 1 to {MAX_LEVEL}.")))
}

fn changes(before: &Rank, after: &Rank) -> Changes {
    let mut changes = Changes::default();
    changes.note("name", &before.name, &after.name);
    changes.note("level", &before.level, &after.level);
    changes.note("permissions", &allowed(&before.permissions), &allowed(&after.permissions));
    changes.note_hidden("description", before.description != after.description);
    changes.note_hidden("Discord role", before.discord_role_id != after.discord_role_id);
    changes
}

fn allowed(permissions: &Permissions) -> String {
    let allowed = permissions.to_string();
    if allowed.is_empty() { "no permissions".to_owned() } else { allowed }
}

fn taken(error: diesel::result::Error) -> Error {
    match violated_constraint(&error) {
        Some("ranks_name") => {
            Refusal::conflict("NAME_TAKEN", "There is a rank of this name already.").at("name").into()
        }
        Some("ranks_level") => {
            Refusal::conflict("LEVEL_TAKEN", "There is a rank of this level already.").at("level").into()
        }
        _ => error.into(),
    }
}
