//! Queries that read viewers and that revoke access.

use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;

use self::aliases::higher_ranks;
pub(crate) use self::aliases::viewers;
use super::{permission::Permissions, viewer::Viewer};
use crate::{
    db::{
        Conn, on,
        schema::{codes, guilds, members, ranks, sessions},
    },
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId, RankId, SessionId},
    },
};

mod aliases {
    use super::{members, ranks};

    diesel::alias!(ranks as higher_ranks: HigherRanks, members as viewers: Viewers);
}

/// The rank level of a member as of the statement itself. Statements compare it with the bounds that they read: a level
/// that was read before may be of another ladder. No bound admits a member who does not exist.
macro_rules! current_level {
    ($guild:expr, $member:expr) => {{
        use $crate::{access::store::viewers, db::schema::members};
        let is_viewer = viewers.field(members::guild_id).eq($guild).and(viewers.field(members::id).eq($member));
        viewers.filter(is_viewer).select(viewers.field(members::rank_level)).single_value().assume_not_null()
    }};
}
pub(crate) use current_level;

/// The rank (id, name, level, version of the ladder, stored permissions, whether it is the highest), whether the member
/// is registered, the session, and the credentials version.
type ViewerRow = ((RankId, String, i64, i64, Permissions, bool), bool, Option<SessionId>, i64);

/// Reads an active member as a viewer. Returns `None` if `session` is given and is not one of the member's active
/// sessions.
pub async fn viewer(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    session: Option<SessionId>,
    token_expires_at: Timestamp,
) -> QueryResult<Option<Viewer>> {
    let is_higher = || {
        let (guild, level) = (higher_ranks.field(ranks::guild_id), higher_ranks.field(ranks::level));
        guild.eq(ranks::guild_id).and(level.gt(ranks::level))
    };
    let query = || {
        members::table
            .inner_join(ranks::table.on(ranks::guild_id.eq(members::guild_id).and(ranks::id.eq(members::rank_id))))
            .left_join(
                sessions::table.on(sessions::guild_id
                    .eq(members::guild_id)
                    .and(sessions::member_id.eq(members::id))
                    // No session has the id 0.
                    .and(sessions::id.eq(session.unwrap_or(SessionId(0))))
                    .and(sessions::revoked_at.is_null())),
            )
            .filter(members::guild_id.eq(guild).and(members::id.eq(member)).and(members::is_active))
            .select((
                (
                    ranks::id,
                    ranks::name,
                    ranks::level,
                    guilds::table.find(guild).select(guilds::ladder_version).single_value().assume_not_null(),
                    ranks::permissions,
                    not(exists(higher_ranks.filter(is_higher()))),
                ),
                members::registered_at.is_not_null(),
                sessions::id.nullable(),
                members::credentials_version,
            ))
    };
    let row: Option<ViewerRow> = on!(conn, c => query().first(c)).optional()?;
    Ok(row
        .map(|(rank, is_registered, session, credentials_version)| {
            let (rank, rank_name, rank_level, ladder_version, stored, is_highest) = rank;
            Viewer {
                guild,
                member,
                rank,
                rank_name,
                rank_level,
                ladder_version,
                permissions: Permissions::of_rank(stored, is_highest),
                is_registered,
                session,
                credentials_version,
                token_expires_at,
            }
        })
        .filter(|viewer| viewer.session == session))
}

/// Whether a guild is suspended; `None` if it doesn't exist.
pub async fn is_suspended(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<bool>> {
    on!(conn, c => guilds::table.find(guild).select(guilds::suspended_at.is_not_null()).first(c)).optional()
}

/// Revokes all of a member's sessions except `kept`.
pub async fn revoke_sessions_of(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    kept: Option<SessionId>,
    now: Timestamp,
) -> QueryResult<()> {
    // No session has the id 0.
    let kept = kept.unwrap_or(SessionId(0));
    on!(conn, c => diesel::update(sessions::table)
        .filter(sessions::guild_id.eq(guild).and(sessions::member_id.eq(member)))
        .filter(sessions::id.ne(kept).and(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// Deletes a member's invite and reset codes.
pub async fn delete_codes_of(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(codes::table)
        .filter(codes::guild_id.eq(guild).and(codes::member_id.eq(member)))
        .execute(c))?;
    Ok(())
}

/// Deletes the codes that a member issued to others.
pub async fn delete_codes_issued_by(conn: &mut Conn, guild: GuildId, issuer: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(codes::table)
        .filter(codes::guild_id.eq(guild).and(codes::issuer_id.eq(issuer)))
        .execute(c))?;
    Ok(())
}
