//! Guilds: creates, changes and finds them.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use serde::Deserialize;

use super::{
    policy::MANAGE_GUILD,
    rows::{Guild, Rank, Region},
    store,
};
use crate::{
    access::{Access, Permission, Permissions, Viewer},
    audit::{self, Action},
    db::{self, Conn, Db, violated_constraint},
    kernel::{
        clock::Timestamp,
        error::{Code, Error, Refusal, Result},
        id::{GuildId, RankId},
        text,
    },
};

/// Longest name of a guild, in Unicode characters.
const MAX_GUILD_NAME: usize = 100;

/// The ranks of a new guild.
const SEED_RANKS: &str = include_str!("../../data/seed/ranks.json");

#[derive(Deserialize)]
struct SeedRank {
    name: String,
    level: i64,
    description: Option<String>,
    /// Not given for the highest rank, which grants every permission.
    #[serde(default)]
    permissions: Vec<Permission>,
}

/// Checks the slug and the name of a new guild. Returns the name as it is stored.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn check_guild(slug: &str, name: &str) -> Result<String, Refusal> {
    check_slug(slug)?;
    text::name("name", name, MAX_GUILD_NAME)
}

/// Checks that a text can be the slug of a guild.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn check_slug(slug: &str) -> Result<(), Refusal> {
    let is_slug =
        (2..=40).contains(&slug.len()) && slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if is_slug {
        return Ok(());
    }
    Err(Refusal::input("slug", "A slug must be 2 to 40 characters from a–z, 0–9 and hyphen."))
}

/// Creates a guild with the default ranks. Returns the ranks lowest first.
///
/// # Errors
/// `BAD_USER_INPUT` for an invalid slug or name; `CONFLICT` (`SLUG_TAKEN`).
pub async fn create_guild(
    conn: &mut Conn,
    id: GuildId,
    slug: &str,
    name: &str,
    region: Region,
    now: Timestamp,
) -> Result<(Guild, Vec<Rank>)> {
    let guild = Guild {
        id,
        slug: slug.to_owned(),
        name: check_guild(slug, name)?,
        region,
        roster_version: 0,
        created_at: now,
        ladder_version: 0,
        suspended_at: None,
    };
    let seed_ranks: Vec<SeedRank> = serde_json::from_str(SEED_RANKS).map_err(Error::internal)?;
    let highest_level = seed_ranks.iter().map(|rank| rank.level).max();
    let ranks: Vec<Rank> = seed_ranks
        .into_iter()
        .map(|seed| Rank {
            guild_id: guild.id,
            id: RankId::new(),
            name_key: text::key(&seed.name),
            name: seed.name,
            level: seed.level,
            description: seed.description,
            permissions: Permissions::of_rank(
                seed.permissions.into_iter().collect(),
                Some(seed.level) == highest_level,
            ),
            discord_role_id: None,
        })
        .collect();
    store::insert_guild(conn, &guild).await.map_err(|error| match violated_constraint(&error) {
        Some("guilds_slug") => Refusal::conflict("SLUG_TAKEN", "There is already a guild with this slug.").into(),
        _ => Error::from(error),
    })?;
    store::insert_ranks(conn, ranks.clone()).await?;
    Ok((guild, ranks))
}

/// A change of a guild. Unset fields are not changed.
#[derive(Clone)]
pub struct GuildChange {
    /// Its name.
    pub name: Option<String>,
    /// Its game region.
    pub region: Option<Region>,
}

/// Changes the viewer's guild.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub async fn update_guild(access: &Access, viewer: &Viewer, change: GuildChange) -> Result<Guild> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .db
        .write(async move |conn| {
            let actor = actor.confirm(conn).await?;
            actor.require(MANAGE_GUILD)?;
            let before = store::lock_guild(conn, actor.guild).await?;
            let mut after = before.clone();
            if let Some(name) = change.name {
                after.name = text::name("name", &name, MAX_GUILD_NAME)?;
            }
            after.region = change.region.unwrap_or(before.region);
            if after != before {
                store::update_guild(conn, &before, &after).await?;
                let mut changes = audit::Changes::default();
                changes.note("name", &before.name, &after.name);
                changes.note("region", &before.region, &after.region);
                let entry = audit::event(Action::GuildUpdate, after.id, format!("Changed the guild: {changes}"));
                audit::record(conn, actor.guild, Some(&actor), now, entry).await?;
            }
            Ok(after)
        })
        .await
}

/// Suspends a guild, or resumes it. A suspended guild serves no requests.
///
/// # Errors
/// A database error.
pub async fn suspend_guild(access: &Access, guild: GuildId, suspended: bool) -> Result<Guild> {
    let now = access.clock.now();
    let after = access
        .change(
            guild,
            |_| None,
            async move |conn| {
                let before = store::lock_guild(conn, guild).await?;
                if before.suspended_at.is_some() == suspended {
                    return Ok(before);
                }
                let version = before.roster_version + 1;
                let after = Guild { suspended_at: suspended.then_some(now), roster_version: version, ..before.clone() };
                store::update_guild(conn, &before, &after).await?;
                let (action, summary) = if suspended {
                    (Action::GuildSuspend, "Suspended the guild")
                } else {
                    (Action::GuildResume, "Resumed the guild")
                };
                audit::record(conn, guild, None, now, audit::event(action, guild, summary)).await?;
                Ok(after)
            },
        )
        .await?;
    access.await_revocation().await;
    Ok(after)
}

/// Deletes a guild with all its data.
///
/// # Errors
/// A database error.
pub async fn delete_guild(access: &Access, guild: GuildId) -> Result<()> {
    access
        .change(
            guild,
            |()| None,
            async move |conn| {
                store::lock_guild(conn, guild).await?;
                db::delete_guild_rows(conn, guild).await
            },
        )
        .await?;
    access.await_revocation().await;
    Ok(())
}

/// Finds the guild of a request.
pub struct Guilds {
    /// The slug of the guild that serves requests without one; the oldest guild if `None`.
    pub default_guild: Option<String>,
    /// Caches guilds by slug; `None` is the key of the oldest guild. Entries don't expire: a slug and the oldest guild
    /// don't change until a guild is deleted. The map has no limit: it holds only guilds that exist.
    ids_by_slug: RwLock<HashMap<Option<String>, GuildId>>,
    /// The slugs of the same guilds.
    slugs: RwLock<HashMap<GuildId, Arc<str>>>,
}

impl Guilds {
    /// Creates an empty cache.
    pub fn new(default_guild: Option<String>) -> Self {
        Self { default_guild, ids_by_slug: RwLock::default(), slugs: RwLock::default() }
    }

    /// Forgets the guilds found so far, because one has been deleted.
    pub fn forget(&self) {
        self.ids_by_slug.write().clear();
        self.slugs.write().clear();
    }

    /// Finds the guild with this slug, or the default guild.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown slug; with the reason `NO_GUILD` if there is no guild at all.
    pub async fn find(&self, db: &Db, slug: Option<&str>) -> Result<GuildId> {
        let slug = slug.map(text::replace_nul).or_else(|| self.default_guild.clone());
        if let Some(id) = self.ids_by_slug.read().get(&slug) {
            return Ok(*id);
        }
        let (query_slug, is_default) = (slug.clone(), slug.is_none());
        let read = async move |conn: &mut Conn| {
            if let Some(slug) = query_slug
                && let Some(guild) = store::guild_by_slug(conn, &slug).await?
            {
                return Ok((Some(guild), true));
            }
            let oldest = store::oldest_guild(conn).await?;
            let exists = oldest.is_some();
            Ok((oldest.filter(|_| is_default), exists))
        };
        let guild = match db.read(read).await? {
            (Some(guild), _) => guild,
            (None, true) => return Err(Refusal::new(Code::NotFound, "There is no such guild.").into()),
            (None, false) => return Err(no_guild().into()),
        };
        self.slugs.write().insert(guild.id, guild.slug.into());
        self.ids_by_slug.write().insert(slug, guild.id);
        Ok(guild.id)
    }

    /// The slug of a guild that [`Guilds::find`] has found.
    pub fn slug(&self, guild: GuildId) -> Option<Arc<str>> {
        self.slugs.read().get(&guild).cloned()
    }
}

fn no_guild() -> Refusal {
    let message = "This server has no guild yet. Its operator makes the first one with `guildhall bootstrap`.";
    Refusal::new(Code::NotFound, message).because("NO_GUILD")
}
