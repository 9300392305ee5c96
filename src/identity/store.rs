//! Queries over guilds, ranks, members and characters.
#![expect(missing_docs, reason = "most names say what the query does; the others have comments")]

use std::collections::HashMap;

use diesel::{dsl::count_star, prelude::*};
use diesel_async::RunQueryDsl;

pub use super::member_list::{count_members, list_members};
use super::{
    former_electors,
    rows::{Character, CharacterFilter, CharacterKey, Guild, KnownCharacters, LeaderCounts, Member, Rank},
};
use crate::{
    access::Permissions,
    db::{
        Conn, LockMode, NameContains, SearchScope, first_locked, insert_all, on, on_rows,
        schema::{characters, guilds, members, ranks},
    },
    kernel::{
        clock::Timestamp,
        id::{CharacterId, GuildId, MemberId, RankId},
        page::Page,
    },
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
/// change ranks or members.
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
    let versions = guilds::table.filter(guilds::id.eq_any(ids.to_vec())).select((guilds::id, guilds::roster_version));
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
        .filter(ranks::guild_id.eq(guild).and(ranks::id.eq_any(ids)))
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
        .filter(members::guild_id.eq(guild).and(members::rank_id.eq_any(ids)).and(members::is_active))
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

/// Locks the roster against changes until the transaction ends. The lock is shared with other callers of this function.
/// Call it before locking a member, to avoid deadlocks.
pub async fn lock_roster_shared(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    first_locked!(conn, LockMode::Shared, guilds::table.find(guild).select(guilds::id)).map(|_: GuildId| ())
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
        .filter(members::guild_id.eq(guild).and(members::id.eq_any(ids)))
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

pub async fn members_by_id(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load, all => all.filter(members::guild_id.eq(guild).and(members::id.eq_any(ids))))
}

/// Inserts characters by id, for the same reason as [`insert_members`].
pub async fn insert_characters(conn: &mut Conn, mut rows: Vec<Character>) -> QueryResult<()> {
    rows.sort_unstable_by_key(|row| row.id);
    insert_all!(conn, characters::table, rows)
}

pub async fn update_character(conn: &mut Conn, character: &Character) -> QueryResult<()> {
    let key = (character.guild_id, character.id);
    on!(conn, c => diesel::update(characters::table.find(key)).set(character).execute(c))?;
    Ok(())
}

pub async fn delete_character(conn: &mut Conn, guild: GuildId, id: CharacterId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(characters::table.find((guild, id))).execute(c))?;
    Ok(())
}

/// Makes a member's main an alt, if they have a main.
pub async fn demote_main(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::update(characters::table)
        .filter(characters::guild_id.eq(guild).and(characters::member_id.eq(member)).and(characters::is_main))
        .set(characters::is_main.eq(false))
        .execute(c))?;
    Ok(())
}

/// All characters of a guild.
pub async fn all_characters(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<Character>> {
    on_rows!(conn, Character::load, all => all.filter(characters::guild_id.eq(guild)))
}

pub async fn characters_by_id(conn: &mut Conn, guild: GuildId, ids: &[CharacterId]) -> QueryResult<Vec<Character>> {
    on_rows!(conn, Character::load, all => all
        .filter(characters::guild_id.eq(guild).and(characters::id.eq_any(ids))))
}

/// The owner of the character with these keys of its name and realm.
pub async fn owner_of(
    conn: &mut Conn,
    guild: GuildId,
    name_key: &str,
    realm_key: &str,
) -> QueryResult<Option<MemberId>> {
    on!(conn, c => characters::table
        .filter(characters::guild_id.eq(guild))
        .filter(characters::name_key.eq(name_key).and(characters::realm_key.eq(realm_key)))
        .select(characters::member_id)
        .first(c))
    .optional()
}

/// The mains of these members. A member without one is not in the result.
pub async fn mains_of(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<Character>> {
    on_rows!(conn, Character::load, all => all
        .filter(characters::guild_id.eq(guild).and(characters::member_id.eq_any(ids)).and(characters::is_main)))
}

/// The characters of these members: mains first, then by name.
pub async fn characters_of(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<Character>> {
    on_rows!(conn, Character::load, all => all
        .filter(characters::guild_id.eq(guild).and(characters::member_id.eq_any(ids)))
        .order((characters::is_main.desc(), characters::sort_key, characters::id)))
}

/// The ids of all characters of a guild.
pub async fn character_ids(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<CharacterId>> {
    on!(conn, c => characters::table.filter(characters::guild_id.eq(guild)).select(characters::id).load(c))
}

/// Applies a filter to a boxed query over characters.
macro_rules! filtered_characters {
    ($query:expr, $guild:expr, $filter:expr) => {{
        let mut query = $query.filter(characters::guild_id.eq($guild));
        if let Some(search) = &$filter.search {
            query = query.filter(NameContains::new(SearchScope::Characters, $guild, search));
        }
        if let Some(class) = $filter.class {
            query = query.filter(characters::class.eq(class));
        }
        if let Some(role) = $filter.role {
            query = query.filter(characters::role.eq(role));
        }
        if $filter.mains_only {
            query = query.filter(characters::is_main);
        }
        query
    }};
}

/// A page of characters, by name and realm; a backward page is in reverse order.
pub async fn list_characters(
    conn: &mut Conn,
    guild: GuildId,
    filter: &CharacterFilter,
    page: &Page<CharacterKey>,
) -> QueryResult<Vec<Character>> {
    on_rows!(conn, Character::load, all => {
        let mut query = filtered_characters!(all, guild, filter).limit(page.limit());
        if let Some((key, id)) = page.after.clone() {
            let later = characters::sort_key.gt(key.clone()).or(characters::sort_key.eq(key).and(characters::id.gt(id)));
            query = query.filter(later);
        }
        if let Some((key, id)) = page.before.clone() {
            let earlier = characters::sort_key.lt(key.clone()).or(characters::sort_key.eq(key).and(characters::id.lt(id)));
            query = query.filter(earlier);
        }
        if page.backward {
            query.order((characters::sort_key.desc(), characters::id.desc()))
        } else {
            query.order((characters::sort_key.asc(), characters::id.asc()))
        }
    })
}

pub async fn count_characters(conn: &mut Conn, guild: GuildId, filter: &CharacterFilter) -> QueryResult<i64> {
    let all = || characters::table.filter(KnownCharacters).select(count_star());
    on!(conn, c => filtered_characters!(all().into_boxed(), guild, filter).first(c))
}
