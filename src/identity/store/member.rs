//! Queries over members and their accounts.
#![expect(missing_docs, reason = "most names say what the query does; the others have comments")]

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    db::{AnyOf, Conn, insert_all, on, on_rows, schema::members},
    identity::{former_electors, rows::Member},
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId},
    },
};

/// Inserts members by id: SQLite's search index writes all its pending entries when an id is smaller than the last one.
pub async fn insert_members(conn: &mut Conn, mut rows: Vec<Member>) -> QueryResult<()> {
    rows.sort_unstable_by_key(|row| row.id);
    insert_all!(conn, members::table, rows)
}

/// Releases a member's username and Discord id, so that other members can take them. The caller then gives the member
/// new ones, in the same transaction.
pub async fn release_names(conn: &mut Conn, member: &Member) -> QueryResult<()> {
    // No username contains a control character.
    let released = format!("\u{1}{}", member.id.0);
    on!(conn, c => diesel::update(members::table.find((member.guild_id, member.id)))
        .set((members::username_key.eq(&released), members::discord_id.eq(None::<String>)))
        .execute(c))?;
    Ok(())
}

/// The members, active or not, with this username, given as its [`crate::kernel::text::key`], or with this
/// Discord id.
pub async fn members_known_as(
    conn: &mut Conn,
    guild: GuildId,
    username_key: &str,
    discord_id: Option<&str>,
) -> QueryResult<Vec<Member>> {
    // No id is empty.
    let discord_id = discord_id.unwrap_or_default();
    on_rows!(conn, Member::load, all => all
        .filter(members::guild_id.eq(guild))
        .filter(members::discord_id.eq(discord_id).or(members::username_key.eq(username_key))))
}

/// Updates the roster's columns of a member. The columns of their account are not written, since another transaction
/// may be changing them. The credentials version is increased by the difference between `before` and `after`. If the
/// member can no longer vote in a live campaign, that is recorded. The caller must have locked the roster.
pub async fn update_member(conn: &mut Conn, before: &Member, after: &Member) -> QueryResult<()> {
    // Names every column, so that the compiler reports a new one.
    let Member {
        guild_id,
        id,
        discord_username,
        username_key,
        discord_id,
        display_name,
        sort_key,
        rank_id,
        rank_level,
        rank_source,
        is_active,
        credentials_version,
        password_hash: _,
        registered_at: _,
        last_seen_at: _,
        created_at: _,
        erased_at: _,
    } = after;
    // Only a changed source is written: a newer release may have stored one that this release reads as the default.
    let has_new_rank = *rank_id != before.rank_id || *rank_source != before.rank_source;
    let rank_source = has_new_rank.then(|| members::rank_source.eq(*rank_source));
    let version_increase = credentials_version - before.credentials_version;
    on!(conn, c => diesel::update(members::table.find((guild_id, id)))
        .set((
            members::discord_username.eq(discord_username),
            members::username_key.eq(username_key),
            members::discord_id.eq(discord_id),
            members::display_name.eq(display_name),
            members::sort_key.eq(sort_key),
            members::rank_id.eq(rank_id),
            members::rank_level.eq(rank_level),
            rank_source,
            members::is_active.eq(is_active),
            members::credentials_version.eq(members::credentials_version + version_increase),
        ))
        .execute(c))?;
    former_electors::record(conn, before, after).await
}

/// Removes the account of a member whose names [`update_member`] has replaced.
pub async fn erase_account(conn: &mut Conn, guild: GuildId, member: MemberId, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(members::table.find((guild, member)))
        .set((
            members::password_hash.eq(None::<String>),
            members::registered_at.eq(None::<Timestamp>),
            members::last_seen_at.eq(None::<Timestamp>),
            members::erased_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Sets a member's password, and increments the credentials version, which invalidates all their access tokens.
pub async fn set_password(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    password_hash: &str,
    now: Timestamp,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(members::table.find((guild, member)))
        .set((
            members::password_hash.eq(password_hash),
            members::credentials_version.eq(members::credentials_version + 1),
            members::last_seen_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Registers a member: sets their first password and the time of registration.
pub async fn register(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    password_hash: &str,
    now: Timestamp,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(members::table.find((guild, member)))
        .set((
            members::password_hash.eq(password_hash),
            members::registered_at.eq(now),
            members::last_seen_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// Removes the accounts of all members of a guild. Invalidates all their access tokens, also those of operators.
pub async fn unregister_members(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    on!(conn, c => diesel::update(members::table.filter(members::guild_id.eq(guild)))
        .set((
            members::password_hash.eq(None::<String>),
            members::registered_at.eq(None::<Timestamp>),
            members::credentials_version.eq(members::credentials_version + 1),
        ))
        .execute(c))?;
    Ok(())
}

/// Increments a member's credentials version, which invalidates all their access tokens.
pub async fn revoke_access_tokens(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::update(members::table.find((guild, member)))
        .set(members::credentials_version.eq(members::credentials_version + 1))
        .execute(c))?;
    Ok(())
}

/// Sets the time when a member was last seen.
pub async fn set_last_seen(conn: &mut Conn, guild: GuildId, member: MemberId, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(members::table.find((guild, member))).set(members::last_seen_at.eq(now)).execute(c))?;
    Ok(())
}

pub async fn member(conn: &mut Conn, guild: GuildId, id: MemberId) -> QueryResult<Option<Member>> {
    on_rows!(conn, Member::first, all => all.filter(members::guild_id.eq(guild).and(members::id.eq(id))))
}

/// Locks the member's row until the transaction ends, and returns it.
pub async fn lock_member(conn: &mut Conn, guild: GuildId, id: MemberId) -> QueryResult<Option<Member>> {
    on_rows!(conn, Member::first_locked, all => all.filter(members::guild_id.eq(guild).and(members::id.eq(id))))
}

/// Locks the rows of these members until the transaction ends, in the order of their ids, and returns them.
pub async fn lock_members(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load_locked, all => all
        .filter(members::guild_id.eq(guild).and(members::id.any_of(ids)))
        .order(members::id))
}

/// The member with this username, given as its [`crate::kernel::text::key`].
pub async fn member_by_username(conn: &mut Conn, guild: GuildId, key: &str) -> QueryResult<Option<Member>> {
    on_rows!(conn, Member::first, all => all.filter(members::guild_id.eq(guild).and(members::username_key.eq(key))))
}

/// All members of a guild, active or not.
pub async fn all_members(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load, all => all.filter(members::guild_id.eq(guild)))
}

/// All active members of a guild, by rank (highest first) and name.
pub async fn active_members(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load, all => all
        .filter(members::guild_id.eq(guild).and(members::is_active))
        .order((members::rank_level.desc(), members::sort_key, members::id)))
}

/// The times when these members were last seen. Members who never were are not in the result.
pub async fn last_seen(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<(MemberId, Timestamp)>> {
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::id.any_of(ids)))
        .filter(members::last_seen_at.is_not_null())
        .select((members::id, members::last_seen_at.assume_not_null()))
        .load(c))
}

pub async fn members_by_id(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load, all => all.filter(members::guild_id.eq(guild).and(members::id.any_of(ids))))
}
