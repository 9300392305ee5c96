//! Queries over guilds and ranks. `member.rs` and `member_list.rs` have those over members, `character.rs` those over
//! characters.
#![expect(missing_docs, reason = "most names say what the query does; the others have comments")]

mod character;
mod member;
mod member_list;

use std::collections::HashMap;

use diesel::{dsl::count_star, prelude::*};
use diesel_async::RunQueryDsl;

pub use self::{character::*, member::*, member_list::*};
use super::rows::{Guild, LeaderCounts, Rank};
use crate::{
    access::Permissions,
    db::{
        AnyOf, Conn, LockMode, first_locked, insert_all, on, on_rows,
        schema::ranks,
        schema::{guilds, members},
    },
    kernel::id::{GuildId, RankId},
};

pub async fn insert_guild(conn: &mut Conn, guild: &Guild) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(guilds::table).values(guild).execute(c))?;
    Ok(())
}

pub async fn guild(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<Guild>> {
    on_rows!(conn, Guild::first, all => all.filter(guilds::id.eq(guild)))
}

/// Locks the guild's row until the transaction ends, and returns it.
pub async fn lock_guild(conn: &mut Conn, guild: GuildId) -> QueryResult<Guild> {
    let guild = on_rows!(conn, Guild::first_locked, all => all.filter(guilds::id.eq(guild)))?;
    guild.ok_or(diesel::NotFound)
}

/// Updates a guild, which the caller must have locked: this also writes the versions of roster and ladder.
pub async fn update_guild(conn: &mut Conn, before: &Guild, after: &Guild) -> QueryResult<()> {
    // Names every column, so that the compiler reports a new one.
    let Guild { id, slug, name, region, roster_version, created_at, ladder_version, suspended_at } = after;
    // Only a changed region is written: a newer release may have stored one that this release reads as the default.
    let region = (*region != before.region).then(|| guilds::region.eq(*region));
    on!(conn, c => diesel::update(guilds::table.find(id))
        .set((
            guilds::slug.eq(slug),
            guilds::name.eq(name),
            region,
            guilds::roster_version.eq(roster_version),
            guilds::created_at.eq(created_at),
            guilds::ladder_version.eq(ladder_version),
            guilds::suspended_at.eq(suspended_at),
        ))
        .execute(c))?;
    Ok(())
}

pub async fn guild_by_slug(conn: &mut Conn, slug: &str) -> QueryResult<Option<Guild>> {
    on_rows!(conn, Guild::first, all => all.filter(guilds::slug.eq(slug)))
}

/// All guilds with the numbers of their active members, oldest first; for operators only.
pub async fn guilds_with_sizes(conn: &mut Conn) -> QueryResult<Vec<(Guild, i64)>> {
    let guilds: Vec<Guild> = on_rows!(conn, Guild::load, all => all.order((guilds::created_at, guilds::id)))?;
    let sizes: Vec<(GuildId, i64)> = on!(conn, c => members::table
        .filter(members::is_active)
        .group_by(members::guild_id)
        .select((members::guild_id, count_star()))
        .load(c))?;
    let sizes: HashMap<GuildId, i64> = sizes.into_iter().collect();
    let with_size = |guild: Guild| {
        let size = sizes.get(&guild.id).copied().unwrap_or_default();
        (guild, size)
    };
    Ok(guilds.into_iter().map(with_size).collect())
}

/// The ids of all guilds; for operators only.
pub async fn all_guilds(conn: &mut Conn) -> QueryResult<Vec<GuildId>> {
    on!(conn, c => guilds::table.select(guilds::id).load(c))
}

pub async fn oldest_guild(conn: &mut Conn) -> QueryResult<Option<Guild>> {
    on_rows!(conn, Guild::first, all => all.order((guilds::created_at, guilds::id)))
}

/// Increments the roster's version. This locks the guild's row, so until the transaction ends no other transaction can
/// change ranks, members or characters.
pub async fn bump_roster_version(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    on!(conn, c => diesel::update(guilds::table.find(guild))
        .set(guilds::roster_version.eq(guilds::roster_version + 1))
        .execute(c))?;
    Ok(())
}

/// Increments the ladder's version, because levels change. The caller must have locked the roster.
pub async fn bump_ladder_version(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    on!(conn, c => diesel::update(guilds::table.find(guild))
        .set(guilds::ladder_version.eq(guilds::ladder_version + 1))
        .execute(c))?;
    Ok(())
}

/// The versions of these guilds' rosters; for the server only.
pub async fn roster_versions_of(conn: &mut Conn, ids: &[GuildId]) -> QueryResult<Vec<(GuildId, i64)>> {
    let versions = guilds::table.filter(guilds::id.any_of(ids.to_vec())).select((guilds::id, guilds::roster_version));
    on!(conn, c => versions.load(c))
}

/// The versions of all guilds' rosters; for the server only.
pub async fn roster_versions(conn: &mut Conn) -> QueryResult<Vec<(GuildId, i64)>> {
    on!(conn, c => guilds::table.select((guilds::id, guilds::roster_version)).load(c))
}

pub async fn insert_ranks(conn: &mut Conn, rows: Vec<Rank>) -> QueryResult<()> {
    insert_all!(conn, ranks::table, rows)
}

/// Updates a rank. A new level also becomes the rank level of its holders, by a foreign key with `ON UPDATE CASCADE`.
pub async fn update_rank(conn: &mut Conn, rank: &Rank) -> QueryResult<()> {
    on!(conn, c => diesel::update(ranks::table.find((rank.guild_id, rank.id))).set(rank).execute(c))?;
    Ok(())
}

/// Sets the level of a rank, and so of its holders.
pub async fn set_rank_level(conn: &mut Conn, guild: GuildId, id: RankId, level: i64) -> QueryResult<()> {
    on!(conn, c => diesel::update(ranks::table.find((guild, id))).set(ranks::level.eq(level)).execute(c))?;
    Ok(())
}

pub async fn delete_rank(conn: &mut Conn, guild: GuildId, id: RankId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(ranks::table.find((guild, id))).execute(c))?;
    Ok(())
}

/// Whether any member, active or not, holds a rank.
pub async fn is_rank_held(conn: &mut Conn, guild: GuildId, id: RankId) -> QueryResult<bool> {
    let holders = || members::table.filter(members::guild_id.eq(guild).and(members::rank_id.eq(id)));
    on!(conn, c => diesel::select(diesel::dsl::exists(holders())).get_result(c))
}

/// The ranks among these that any member, active or not, holds.
pub async fn held_ranks(conn: &mut Conn, guild: GuildId, ids: &[RankId]) -> QueryResult<Vec<RankId>> {
    let holders = || members::table.filter(members::guild_id.eq(guild).and(members::rank_id.eq(ranks::id)));
    on!(conn, c => ranks::table
        .filter(ranks::guild_id.eq(guild).and(ranks::id.any_of(ids)))
        .filter(diesel::dsl::exists(holders()))
        .select(ranks::id)
        .load(c))
}

/// All ranks of a guild, highest level first, with their permissions.
pub async fn ranks(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<Rank>> {
    let stored = on_rows!(conn, Rank::load, all => all.filter(ranks::guild_id.eq(guild)).order(ranks::level.desc()))?;
    let with_permissions = (0..).zip(stored).map(|(index, rank)| {
        let permissions = Permissions::of_rank(rank.permissions, index == 0);
        Rank { permissions, ..rank }
    });
    Ok(with_permissions.collect())
}

/// Ranks by id. Reads the whole ladder, which is short, to know which rank is the highest and has every permission.
pub async fn ranks_by_id(conn: &mut Conn, guild: GuildId, ids: &[RankId]) -> QueryResult<Vec<Rank>> {
    Ok(ranks(conn, guild).await?.into_iter().filter(|rank| ids.contains(&rank.id)).collect())
}

/// Counts active members by rank. The result has no ranks without active members.
pub async fn members_per_rank(conn: &mut Conn, guild: GuildId, ids: &[RankId]) -> QueryResult<Vec<(RankId, i64)>> {
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::rank_id.any_of(ids)).and(members::is_active))
        .group_by(members::rank_id)
        .select((members::rank_id, count_star()))
        .load(c))
}

/// Counts the active members who hold the rank of this level, and how many of them are registered.
pub async fn count_leaders(conn: &mut Conn, guild: GuildId, level: i64) -> QueryResult<LeaderCounts> {
    let (active, registered) = on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::rank_level.eq(level)).and(members::is_active))
        .select((count_star(), diesel::dsl::count(members::registered_at)))
        .first(c))?;
    Ok(LeaderCounts { active, registered })
}

/// Locks the roster against changes until the transaction ends. The lock is shared with other callers of this function.
/// Call it before locking a member, to avoid deadlocks.
pub async fn lock_roster_shared(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    first_locked!(conn, LockMode::Shared, guilds::table.find(guild).select(guilds::id)).map(|_: GuildId| ())
}
