//! Queries over credentials: sessions, refresh tokens, invite codes.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    auth::{Permissions, Viewer},
    clock::Instant,
    db::{
        Conn, Lock, first_locked, on,
        schema::{invites, members, ranks, refresh_tokens, sessions},
    },
    id::{GuildId, MemberId, SessionId},
};

/// Level, permissions, whether registered, session, credentials version.
type ViewerRow = (i64, Permissions, bool, Option<SessionId>, i64);

/// An active member as a viewer. `None` too when `session` is given and is not a session of theirs in force.
pub async fn viewer(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    session: Option<SessionId>,
    token_expires_at: Instant,
) -> QueryResult<Option<Viewer>> {
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
                members::rank_level,
                ranks::permissions,
                members::registered_at.is_not_null(),
                sessions::id.nullable(),
                members::credentials_version,
            ))
    };
    let row: Option<ViewerRow> = on!(conn, c => query().first(c)).optional()?;
    Ok(row
        .map(|(rank_level, permissions, is_registered, session, credentials_version)| Viewer {
            guild,
            member,
            rank_level,
            permissions,
            is_registered,
            session,
            credentials_version,
            token_expires_at,
        })
        .filter(|viewer| viewer.session == session))
}

/// A session to be opened.
#[derive(Insertable)]
#[diesel(table_name = sessions)]
pub struct NewSession {
    pub guild_id: GuildId,
    pub id: SessionId,
    pub member_id: MemberId,
    pub user_agent: Option<String>,
    pub created_at: Instant,
    pub last_used_at: Instant,
}

pub async fn open_session(conn: &mut Conn, session: &NewSession) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(sessions::table).values(session).execute(c))?;
    Ok(())
}

pub async fn touch_session(conn: &mut Conn, guild: GuildId, session: SessionId, now: Instant) -> QueryResult<()> {
    on!(conn, c => diesel::update(sessions::table.find((guild, session)))
        .set(sessions::last_used_at.eq(now))
        .execute(c))?;
    Ok(())
}

pub async fn revoke_session(conn: &mut Conn, guild: GuildId, session: SessionId, now: Instant) -> QueryResult<()> {
    on!(conn, c => diesel::update(sessions::table.find((guild, session)))
        .filter(sessions::revoked_at.is_null())
        .set(sessions::revoked_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// Revokes all of a member's sessions.
pub async fn revoke_sessions_of(conn: &mut Conn, guild: GuildId, member: MemberId, now: Instant) -> QueryResult<()> {
    on!(conn, c => diesel::update(sessions::table)
        .filter(sessions::guild_id.eq(guild).and(sessions::member_id.eq(member)).and(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// A refresh token as it is stored.
#[derive(Clone, Insertable, Queryable, Selectable)]
#[diesel(table_name = refresh_tokens)]
pub struct RefreshToken {
    pub guild_id: GuildId,
    pub token_hash: String,
    pub session_id: SessionId,
    pub expires_at: Instant,
    pub rotated_at: Option<Instant>,
}

pub async fn insert_refresh_token(conn: &mut Conn, token: &RefreshToken) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(refresh_tokens::table).values(token).execute(c))?;
    Ok(())
}

/// The refresh token with this hash, locked: of two that use it at once, the second sees it rotated.
pub async fn lock_refresh_token(conn: &mut Conn, guild: GuildId, hash: &str) -> QueryResult<Option<RefreshToken>> {
    let token = refresh_tokens::table.find((guild, hash));
    first_locked!(conn, Lock::Exclusive, token.select(RefreshToken::as_select())).optional()
}

pub async fn mark_rotated(conn: &mut Conn, guild: GuildId, hash: &str, now: Instant) -> QueryResult<()> {
    on!(conn, c => diesel::update(refresh_tokens::table.find((guild, hash)))
        .set(refresh_tokens::rotated_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// Whose session this is, if it is not revoked.
pub async fn session_member(conn: &mut Conn, guild: GuildId, session: SessionId) -> QueryResult<Option<MemberId>> {
    on!(conn, c => sessions::table
        .find((guild, session))
        .filter(sessions::revoked_at.is_null())
        .select(sessions::member_id)
        .first(c))
    .optional()
}

/// An invite code as it is stored.
#[derive(Clone, Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = invites)]
pub struct Invite {
    pub guild_id: GuildId,
    pub member_id: MemberId,
    pub code_hash: String,
    pub expires_at: Instant,
}

/// Stores a member's invite code in place of the one before.
pub async fn put_invite(conn: &mut Conn, invite: &Invite) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(invites::table)
        .values(invite)
        .on_conflict((invites::guild_id, invites::member_id))
        .do_update()
        .set(invite)
        .execute(c))?;
    Ok(())
}

pub async fn invite(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<Option<Invite>> {
    on!(conn, c => invites::table.find((guild, member)).select(Invite::as_select()).first(c)).optional()
}

/// Uses up a member's invite code; `false` when it was used or replaced meanwhile.
pub async fn take_invite(conn: &mut Conn, invite: &Invite) -> QueryResult<bool> {
    let taken = on!(conn, c => diesel::delete(invites::table.find((invite.guild_id, invite.member_id)))
        .filter(invites::code_hash.eq(&invite.code_hash))
        .execute(c))?;
    Ok(taken == 1)
}
