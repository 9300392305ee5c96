//! The guild's people: ranks, members and their characters.

mod characters;
pub mod classes;
pub mod graphql;
pub mod import;
mod members;
mod policy;
mod ranks;
mod roster;
mod rosters;
mod rows;
pub mod store;

use serde::Deserialize;

pub(crate) use self::rows::armory_url;
pub use self::{
    characters::{CharacterChange, NewCharacter, create_character, delete_character, update_character},
    members::{MemberChange, NewMember, create_member, summary, update_member},
    policy::{Ladder, Leaders, check_still_led},
    ranks::{NewRank, RankChange, create_rank, delete_rank, update_rank},
    roster::{Imported, export_roster, import_roster},
    rosters::Rosters,
    rows::{
        Character, CharacterClass, CharacterFilter, CharacterKey, CharacterRole, Guild, Member, MemberFilter,
        MemberKey, Rank, RankSource, Region,
    },
};
use crate::{
    app::App,
    audit::{self, Action},
    auth::{Permission, Permissions, Viewer},
    clock::Instant,
    db::{Conn, violated},
    error::{Error, Refusal, Result},
    id::{GuildId, RankId},
    text,
};

/// Most characters of a guild's name.
const MAX_GUILD_NAME: usize = 100;

/// The ladder a new guild starts with.
const SEED_RANKS: &str = include_str!("../../data/seed/ranks.json");

#[derive(Deserialize)]
struct SeedRank {
    name: String,
    level: i64,
    description: Option<String>,
    permissions: Vec<Permission>,
}

/// A new guild with the seed's ranks, lowest first.
///
/// # Errors
/// `BAD_USER_INPUT` for a bad slug or name; `CONFLICT`, `SLUG_TAKEN`.
pub async fn found_guild(
    conn: &mut Conn,
    id: GuildId,
    slug: &str,
    name: &str,
    region: Region,
    now: Instant,
) -> Result<(Guild, Vec<Rank>)> {
    let is_slug =
        (2..=40).contains(&slug.len()) && slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !is_slug {
        return Err(Refusal::input("slug", "A slug is 2 to 40 of a–z, 0–9 and hyphen.").into());
    }
    let guild = Guild {
        id,
        slug: slug.to_owned(),
        name: text::name("name", name, MAX_GUILD_NAME)?,
        region,
        roster_version: 0,
        created_at: now,
    };
    let seed: Vec<SeedRank> = serde_json::from_str(SEED_RANKS).map_err(Error::internal)?;
    let ranks: Vec<Rank> = seed
        .into_iter()
        .map(|seed| Rank {
            guild_id: guild.id,
            id: RankId::new(),
            name_key: text::key(&seed.name),
            name: seed.name,
            level: seed.level,
            description: seed.description,
            permissions: seed.permissions.into_iter().collect::<Permissions>(),
            discord_role_id: None,
        })
        .collect();
    store::insert_guild(conn, &guild).await.map_err(|error| match violated(&error) {
        Some("guilds_slug") => Refusal::conflict("SLUG_TAKEN", "There is a guild with this slug already.").into(),
        _ => Error::from(error),
    })?;
    store::insert_ranks(conn, ranks.clone()).await?;
    Ok((guild, ranks))
}

/// What is to change of a guild; what is undefined stays.
pub struct GuildChange {
    /// Its name.
    pub name: Option<String>,
    /// Where it plays.
    pub region: Option<Region>,
}

/// Changes the viewer's guild.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub async fn update_guild(app: &App, viewer: &Viewer, change: GuildChange) -> Result<Guild> {
    let (actor, now) = (viewer.clone(), app.clock.now());
    app.db
        .write(async move |conn| {
            let actor = actor.confirm(conn).await?;
            actor.require(Permission::GuildManage)?;
            let before = store::lock_guild(conn, actor.guild).await?;
            let mut after = before.clone();
            if let Some(name) = change.name {
                after.name = text::name("name", &name, MAX_GUILD_NAME)?;
            }
            after.region = change.region.unwrap_or(before.region);
            if after != before {
                store::update_guild(conn, &after).await?;
                let mut changes = audit::Changes::default();
                changes.note("name", &before.name, &after.name);
                changes.note("region", &before.region, &after.region);
                let entry = audit::entry(Action::GuildUpdate, after.id, format!("Changed the guild: {changes}"));
                audit::record(conn, actor.guild, Some(&actor), now, entry).await?;
            }
            Ok(after)
        })
        .await
}
