//! Queries of sessions, refresh tokens, codes and failed attempts.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    access::Permissions,
    db::{
        Conn, LockMode, first_locked, on,
        schema::{codes, failures, members, refresh_tokens, sessions},
        text_enum,
    },
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId, SessionId},
    },
};

/// A new session. [`Session`] is the part that its member sees.
#[derive(Insertable)]
#[diesel(table_name = sessions)]
pub struct NewSession {
    pub guild_id: GuildId,
    pub id: SessionId,
    pub member_id: MemberId,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

pub async fn insert_session(conn: &mut Conn, session: &NewSession) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(sessions::table).values(session).execute(c))?;
    Ok(())
}

pub async fn touch_session(conn: &mut Conn, guild: GuildId, session: SessionId, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(sessions::table.find((guild, session)))
        .set(sessions::last_used_at.eq(now))
        .execute(c))?;
    Ok(())
}

pub async fn revoke_session(conn: &mut Conn, guild: GuildId, session: SessionId, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(sessions::table.find((guild, session)))
        .filter(sessions::revoked_at.is_null())
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
    pub expires_at: Timestamp,
    pub rotated_at: Option<Timestamp>,
}

pub async fn insert_refresh_token(conn: &mut Conn, token: &RefreshToken) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(refresh_tokens::table).values(token).execute(c))?;
    Ok(())
}

/// Locks and returns the refresh token with this hash. If two requests use it at the same time, the second sees it
/// rotated.
pub async fn lock_refresh_token(conn: &mut Conn, guild: GuildId, hash: &str) -> QueryResult<Option<RefreshToken>> {
    let token = refresh_tokens::table.find((guild, hash));
    first_locked!(conn, LockMode::Exclusive, token.select(RefreshToken::as_select())).optional()
}

/// The session of a refresh token, and its owner's id and username key, whether or not the token is still valid.
pub async fn refresh_token_owner(
    conn: &mut Conn,
    guild: GuildId,
    hash: &str,
) -> QueryResult<Option<(SessionId, MemberId, String)>> {
    on!(conn, c => refresh_tokens::table
        .find((guild, hash))
        .inner_join(
            sessions::table.on(sessions::guild_id
                .eq(refresh_tokens::guild_id)
                .and(sessions::id.eq(refresh_tokens::session_id))),
        )
        .inner_join(
            members::table.on(members::guild_id.eq(sessions::guild_id).and(members::id.eq(sessions::member_id))),
        )
        .select((sessions::id, members::id, members::username_key))
        .first(c))
    .optional()
}

/// Marks a session's refresh tokens as used. Using one again revokes the session.
pub async fn mark_all_rotated(conn: &mut Conn, guild: GuildId, session: SessionId, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(refresh_tokens::table)
        .filter(refresh_tokens::guild_id.eq(guild).and(refresh_tokens::session_id.eq(session)))
        .filter(refresh_tokens::rotated_at.is_null())
        .set(refresh_tokens::rotated_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// A session as its member sees it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The `User-Agent` of the client that signed in.
    pub user_agent: Option<String>,
    /// When the member signed in.
    pub created_at: Timestamp,
    /// When they signed in or last refreshed it.
    pub last_used_at: Timestamp,
}

/// A member's sessions that can still be refreshed, most recently used first.
pub async fn sessions_of(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    now: Timestamp,
) -> QueryResult<Vec<Session>> {
    on!(conn, c => sessions::table
        .inner_join(
            refresh_tokens::table.on(refresh_tokens::guild_id
                .eq(sessions::guild_id)
                .and(refresh_tokens::session_id.eq(sessions::id))),
        )
        .filter(sessions::guild_id.eq(guild).and(sessions::member_id.eq(member)).and(sessions::revoked_at.is_null()))
        // A session has at most one refresh token that was not exchanged yet.
        .filter(refresh_tokens::rotated_at.is_null().and(refresh_tokens::expires_at.gt(now)))
        .order((sessions::last_used_at.desc(), sessions::id))
        .select(Session::as_select())
        .load(c))
}

/// Whether a session exists and is not revoked.
pub async fn is_active(conn: &mut Conn, guild: GuildId, session: SessionId) -> QueryResult<bool> {
    let open = || sessions::table.find((guild, session)).filter(sessions::revoked_at.is_null());
    on!(conn, c => diesel::select(diesel::dsl::exists(open())).get_result(c))
}

/// Deletes a session's expired refresh tokens.
pub async fn delete_expired_tokens(
    conn: &mut Conn,
    guild: GuildId,
    session: SessionId,
    now: Timestamp,
) -> QueryResult<()> {
    on!(conn, c => diesel::delete(refresh_tokens::table)
        .filter(refresh_tokens::guild_id.eq(guild).and(refresh_tokens::session_id.eq(session)))
        .filter(refresh_tokens::expires_at.le(now))
        .execute(c))?;
    Ok(())
}

text_enum! {
    /// The purpose of a code.
    pub enum Purpose {
        /// To register an account.
        Invite,
        /// To reset a password.
        Reset,
    }
}

/// A one-time code as it is stored.
#[derive(Clone, Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = codes)]
pub struct OneTimeCode {
    pub guild_id: GuildId,
    pub member_id: MemberId,
    pub purpose: Purpose,
    pub code_hash: String,
    pub expires_at: Timestamp,
    pub reach: i64,
    pub permissions: Permissions,
}

/// Stores a member's code. Replaces an earlier one.
pub async fn upsert_code(conn: &mut Conn, code: &OneTimeCode) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(codes::table)
        .values(code)
        .on_conflict((codes::guild_id, codes::member_id, codes::purpose))
        .do_update()
        .set(code)
        .execute(c))?;
    Ok(())
}

pub async fn code(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    purpose: Purpose,
) -> QueryResult<Option<OneTimeCode>> {
    on!(conn, c => codes::table.find((guild, member, purpose)).select(OneTimeCode::as_select()).first(c)).optional()
}

/// Deletes a member's code when it is used. Returns `false` if it was used or replaced meanwhile.
pub async fn consume_code(conn: &mut Conn, code: &OneTimeCode) -> QueryResult<bool> {
    let deleted = on!(conn, c => diesel::delete(codes::table.find((code.guild_id, code.member_id, code.purpose)))
        .filter(codes::code_hash.eq(&code.code_hash))
        .execute(c))?;
    Ok(deleted == 1)
}

/// The times of failed attempts on an account.
pub async fn failures(conn: &mut Conn, guild: GuildId, account: &str) -> QueryResult<Option<String>> {
    on!(conn, c => failures::table.find((guild, account)).select(failures::recent).first(c)).optional()
}

/// The times of failed attempts on an account. Locks them until the transaction ends.
pub async fn lock_failures(conn: &mut Conn, guild: GuildId, account: &str, now: Timestamp) -> QueryResult<String> {
    let none = (
        failures::guild_id.eq(guild),
        failures::account.eq(account),
        failures::recent.eq(""),
        failures::last_at.eq(now),
    );
    on!(conn, c => diesel::insert_into(failures::table)
        .values(none)
        .on_conflict((failures::guild_id, failures::account))
        .do_update()
        .set(failures::last_at.eq(now))
        .returning(failures::recent)
        .get_result(c))
}

pub async fn set_failures(
    conn: &mut Conn,
    guild: GuildId,
    account: &str,
    recent: &str,
    last_at: Timestamp,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(failures::table.find((guild, account)))
        .set((failures::recent.eq(recent), failures::last_at.eq(last_at)))
        .execute(c))?;
    Ok(())
}

/// Deletes the failures of the accounts whose last failure was before this time.
pub async fn delete_failures(conn: &mut Conn, guild: GuildId, before: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::delete(failures::table)
        .filter(failures::guild_id.eq(guild).and(failures::last_at.lt(before)))
        .execute(c))?;
    Ok(())
}
