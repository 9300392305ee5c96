//! Lists of members: their filters and orders in SQL.
#![expect(missing_docs, reason = "most names say what the query does; the others have comments")]

use diesel::{
    dsl::{count_star, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types,
};
use diesel_async::RunQueryDsl;

use crate::{
    db::{
        Conn, NameContains, SearchScope, in_order, on, on_rows,
        schema::{characters, members},
    },
    identity::rows::{KnownCharacters, Member, MemberFilter, MemberKey, MemberList, MemberOrder, MemberOrderField},
    kernel::{id::GuildId, page::OrderDirection},
};

/// Applies a filter to a boxed query over members.
macro_rules! filtered_members {
    ($query:expr, $guild:expr, $filter:expr) => {{
        let mut query = $query.filter(members::guild_id.eq($guild));
        if let Some(search) = &$filter.search {
            let scope = if $filter.for_visitors { SearchScope::PublicMembers } else { SearchScope::Members };
            query = query.filter(NameContains::new(scope, $guild, search));
        }
        if let Some(rank) = $filter.rank {
            query = query.filter(members::rank_id.eq(rank));
        }
        // A list of ids that is loaded once: most members may have no such character.
        let characters = characters::table.filter(characters::guild_id.eq($guild).and(KnownCharacters));
        query = match ($filter.class, $filter.role) {
            (None, None) => query,
            (Some(class), None) => {
                let characters = characters.filter(characters::class.eq(class));
                query.filter(members::id.eq_any(characters.select(characters::member_id)))
            }
            (None, Some(role)) => {
                let characters = characters.filter(characters::role.eq(role));
                query.filter(members::id.eq_any(characters.select(characters::member_id)))
            }
            (Some(class), Some(role)) => {
                let characters = characters.filter(characters::class.eq(class).and(characters::role.eq(role)));
                query.filter(members::id.eq_any(characters.select(characters::member_id)))
            }
        };
        if let Some(level) = $filter.rank_level_at_least {
            query = query.filter(members::rank_level.ge(level));
        }
        if let Some(active) = $filter.active {
            query = query.filter(members::is_active.eq(active));
        }
        match $filter.registered {
            Some(true) => query = query.filter(members::is_active.and(members::registered_at.is_not_null())),
            Some(false) => {
                query = query.filter(diesel::dsl::not(members::is_active).or(members::registered_at.is_null()))
            }
            None => {}
        }
        query
    }};
}

/// Restricts a boxed query to a page in the order of the rank's level in `$direction`, then by `$name` from A to Z.
macro_rules! by_rank {
    ($query:expr, $page:expr, $direction:expr, $name:expr) => {{
        let (mut query, level) = ($query, members::rank_level);
        let is_ascending = $direction == OrderDirection::Asc;
        if let Some(MemberKey::Rank(at, key, id)) = &$page.after {
            let same_level = level.eq(*at);
            let later = same_level.and($name.gt(key.clone()).or($name.eq(key.clone()).and(members::id.gt(*id))));
            query = if is_ascending {
                query.filter(level.ge(*at)).filter(level.gt(*at).or(later))
            } else {
                query.filter(level.le(*at)).filter(level.lt(*at).or(later))
            };
        }
        if let Some(MemberKey::Rank(at, key, id)) = &$page.before {
            let same_level = level.eq(*at);
            let earlier = same_level.and($name.lt(key.clone()).or($name.eq(key.clone()).and(members::id.lt(*id))));
            query = if is_ascending {
                query.filter(level.le(*at)).filter(level.lt(*at).or(earlier))
            } else {
                query.filter(level.ge(*at)).filter(level.gt(*at).or(earlier))
            };
        }
        match (is_ascending, $page.backward) {
            (false, false) => query.order((level.desc(), $name.asc(), members::id.asc())),
            (false, true) => query.order((level.asc(), $name.desc(), members::id.desc())),
            (true, false) => query.order((level.asc(), $name.asc(), members::id.asc())),
            (true, true) => query.order((level.desc(), $name.desc(), members::id.desc())),
        }
    }};
}

/// The time when a member was last seen, or 1970 for never. An index contains the same expression.
fn last_seen() -> SqlLiteral<sql_types::Timestamp> {
    sql("coalesce(members.last_seen_at, '1970-01-01 00:00:00')")
}

/// Restricts a boxed query to a page in any order. `$name` is the column by which names are sorted.
macro_rules! ordered {
    ($query:expr, $order:expr, $page:expr, $name:expr) => {{
        let (query, MemberOrder { field, direction }) = ($query, $order);
        match field {
            MemberOrderField::Rank => by_rank!(query, $page, direction, $name),
            MemberOrderField::Name => in_order!(
                query, $page, direction, MemberKey::Name(key, id) => (key.clone(), *id), $name, members::id
            ),
            MemberOrderField::JoinedAt => in_order!(
                query, $page, direction, MemberKey::JoinedAt(at, id) => (*at, *id), members::created_at, members::id
            ),
            MemberOrderField::LastSeenAt => in_order!(
                query, $page, direction, MemberKey::LastSeenAt(at, id) => (*at, *id), last_seen(), members::id
            ),
        }
    }};
}

/// A page of members; a backward page is in reverse order. For visitors, names are in the order of those that they see,
/// which are then the rows' sort keys.
pub async fn list_members(
    conn: &mut Conn,
    guild: GuildId,
    MemberList { filter, order, page }: &MemberList,
) -> QueryResult<Vec<Member>> {
    let order = *order;
    if filter.for_visitors {
        let members = on_rows!(conn, Member::load, all => {
            ordered!(filtered_members!(all, guild, filter).limit(page.limit()), order, page, members::public_key)
        })?;
        return Ok(members.into_iter().map(Member::with_public_sort_key).collect());
    }
    on_rows!(conn, Member::load, all => {
        ordered!(filtered_members!(all, guild, filter).limit(page.limit()), order, page, members::sort_key)
    })
}

pub async fn count_members(conn: &mut Conn, guild: GuildId, filter: &MemberFilter) -> QueryResult<i64> {
    on!(conn, c => filtered_members!(members::table.select(count_star()).into_boxed(), guild, filter).first(c))
}
