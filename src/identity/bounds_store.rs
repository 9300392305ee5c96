//! Queries over the rank levels that campaigns, audit events and codes store.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    db::{
        Conn, on,
        schema::{audit_events, campaigns, codes},
    },
    kernel::id::GuildId,
};

/// The levels that the campaigns and audit events of a guild require.
pub async fn bounds(conn: &mut Conn, guild: GuildId) -> QueryResult<BTreeSet<i64>> {
    let to_vote: Vec<i64> = on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.eq(guild))
        .select(campaigns::min_rank_level_to_vote)
        .distinct()
        .load(c))?;
    let to_view: Vec<i64> = on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.eq(guild).and(campaigns::min_rank_level_to_view.is_not_null()))
        .select(campaigns::min_rank_level_to_view.assume_not_null())
        .distinct()
        .load(c))?;
    let to_audit: Vec<i64> = on!(conn, c => audit_events::table
        .filter(audit_events::guild_id.eq(guild).and(audit_events::min_rank_level.is_not_null()))
        .select(audit_events::min_rank_level.assume_not_null())
        .distinct()
        .load(c))?;
    Ok(to_vote.into_iter().chain(to_view).chain(to_audit).collect())
}

/// Replaces a level that campaigns and audit events require by another.
pub async fn move_bound(conn: &mut Conn, guild: GuildId, from: i64, to: i64) -> QueryResult<()> {
    on!(conn, c => diesel::update(campaigns::table)
        .filter(campaigns::guild_id.eq(guild).and(campaigns::min_rank_level_to_vote.eq(from)))
        .set(campaigns::min_rank_level_to_vote.eq(to))
        .execute(c))?;
    on!(conn, c => diesel::update(campaigns::table)
        .filter(campaigns::guild_id.eq(guild).and(campaigns::min_rank_level_to_view.eq(from)))
        .set(campaigns::min_rank_level_to_view.eq(to))
        .execute(c))?;
    on!(conn, c => diesel::update(audit_events::table)
        .filter(audit_events::guild_id.eq(guild).and(audit_events::min_rank_level.eq(from)))
        .set(audit_events::min_rank_level.eq(to))
        .execute(c))?;
    Ok(())
}

/// The highest levels that the issuers of a guild's codes could act on. Issuers who could act on every level are left
/// out.
pub async fn reaches(conn: &mut Conn, guild: GuildId) -> QueryResult<BTreeSet<i64>> {
    let reaches: Vec<i64> = on!(conn, c => codes::table
        .filter(codes::guild_id.eq(guild).and(codes::reach.lt(i64::MAX)))
        .select(codes::reach)
        .distinct()
        .load(c))?;
    Ok(reaches.into_iter().collect())
}

/// Replaces the highest level that the issuers of codes could act on by another.
pub async fn move_reach(conn: &mut Conn, guild: GuildId, from: i64, to: i64) -> QueryResult<()> {
    on!(conn, c => diesel::update(codes::table)
        .filter(codes::guild_id.eq(guild).and(codes::reach.eq(from)))
        .set(codes::reach.eq(to))
        .execute(c))?;
    Ok(())
}
