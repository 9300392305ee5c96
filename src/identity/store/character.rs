//! Queries over characters.
#![expect(missing_docs, reason = "most names say what the query does; the others have comments")]

use diesel::{dsl::count_star, prelude::*};
use diesel_async::RunQueryDsl;

use crate::{
    db::{AnyOf, Conn, NameContains, SearchScope, insert_all, on, on_rows, schema::characters},
    identity::rows::{Character, CharacterFilter, CharacterKey, KnownCharacters},
    kernel::{
        id::{CharacterId, GuildId, MemberId},
        page::Page,
    },
};

/// Inserts characters by id, for the same reason as [`super::insert_members`].
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
        .filter(characters::guild_id.eq(guild).and(characters::id.any_of(ids))))
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

/// The characters of these members: mains first, then by name.
pub async fn characters_of(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<Character>> {
    on_rows!(conn, Character::load, all => all
        .filter(characters::guild_id.eq(guild).and(characters::member_id.any_of(ids)))
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
