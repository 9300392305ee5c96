//! Queries of sessions, refresh tokens, codes and failed attempts.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    access::Permissions,
    db::{
        AnyOf, Conn, LockMode, first_locked, insert_all, on,
        schema::{codes, failures, refresh_tokens, sessions},
        text_enum,
    },
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId, SessionId},
    },
};

/// A new session. [`Session`] is the part that its member sees.
#[derive(Clone, Insertable)]
#[diesel(treat_none_as_default_value = false)]
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
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = refresh_tokens)]
pub struct RefreshToken {
    pub guild_id: GuildId,
    pub token_hash: String,
    pub session_id: SessionId,
    pub expires_at: Timestamp,
    pub rotated_at: Option<Timestamp>,
    pub reusable_until: Option<Timestamp>,
}

pub async fn insert_refresh_token(conn: &mut Conn, token: &RefreshToken) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(refresh_tokens::table).values(token).execute(c))?;
    Ok(())
}

/// Locks and returns the refresh token with this hash. If two requests exchange it at the same time, the second sees
/// it rotated.
pub async fn lock_refresh_token(conn: &mut Conn, guild: GuildId, hash: &str) -> QueryResult<Option<RefreshToken>> {
    let token = refresh_tokens::table.find((guild, hash));
    first_locked!(conn, LockMode::Exclusive, token.select(RefreshToken::as_select())).optional()
}

/// The session of a refresh token and its owner, whether or not the token is still valid.
pub async fn refresh_token_owner(
    conn: &mut Conn,
    guild: GuildId,
    hash: &str,
) -> QueryResult<Option<(SessionId, MemberId)>> {
    on!(conn, c => refresh_tokens::table
        .find((guild, hash))
        .inner_join(
            sessions::table.on(sessions::guild_id
                .eq(refresh_tokens::guild_id)
                .and(sessions::id.eq(refresh_tokens::session_id))),
        )
        .select((sessions::id, sessions::member_id))
        .first(c))
    .optional()
}

/// Marks a refresh token as exchanged. It can be exchanged again until `reusable_until`.
pub async fn mark_rotated(
    conn: &mut Conn,
    token: &RefreshToken,
    now: Timestamp,
    reusable_until: Timestamp,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(refresh_tokens::table.find((token.guild_id, &token.token_hash)))
        .set((refresh_tokens::rotated_at.eq(now), refresh_tokens::reusable_until.eq(reusable_until)))
        .execute(c))?;
    Ok(())
}

/// Marks all refresh tokens of a session as replaced. Using one of them revokes the session.
pub async fn replace_tokens(conn: &mut Conn, guild: GuildId, session: SessionId, now: Timestamp) -> QueryResult<()> {
    let of_session =
        || refresh_tokens::table.filter(refresh_tokens::guild_id.eq(guild).and(refresh_tokens::session_id.eq(session)));
    on!(conn, c => diesel::update(of_session())
        .set(refresh_tokens::reusable_until.eq(None::<Timestamp>))
        .execute(c))?;
    on!(conn, c => diesel::update(of_session().filter(refresh_tokens::rotated_at.is_null()))
        .set(refresh_tokens::rotated_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// The hashes of a session's refresh tokens that were not exchanged yet, the last issued first.
pub async fn unused_tokens(conn: &mut Conn, guild: GuildId, session: SessionId) -> QueryResult<Vec<String>> {
    on!(conn, c => refresh_tokens::table
        .filter(refresh_tokens::guild_id.eq(guild).and(refresh_tokens::session_id.eq(session)))
        .filter(refresh_tokens::rotated_at.is_null())
        .order((refresh_tokens::expires_at.desc(), refresh_tokens::token_hash))
        .select(refresh_tokens::token_hash)
        .load(c))
}

/// Deletes refresh tokens by their hashes.
pub async fn delete_tokens(conn: &mut Conn, guild: GuildId, hashes: &[String]) -> QueryResult<()> {
    on!(conn, c => diesel::delete(refresh_tokens::table)
        .filter(refresh_tokens::guild_id.eq(guild).and(refresh_tokens::token_hash.any_of(hashes)))
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
    let renewable = || {
        refresh_tokens::table
            .filter(refresh_tokens::guild_id.eq(sessions::guild_id).and(refresh_tokens::session_id.eq(sessions::id)))
            .filter(refresh_tokens::rotated_at.is_null().and(refresh_tokens::expires_at.gt(now)))
    };
    on!(conn, c => sessions::table
        .filter(sessions::guild_id.eq(guild).and(sessions::member_id.eq(member)).and(sessions::revoked_at.is_null()))
        .filter(diesel::dsl::exists(renewable()))
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
#[derive(Clone, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = codes)]
pub struct OneTimeCode {
    pub guild_id: GuildId,
    pub member_id: MemberId,
    pub purpose: Purpose,
    pub code_hash: String,
    pub expires_at: Timestamp,
    /// For servers of the release before, which limit the code to these rights.
    pub reach: i64,
    /// Likewise.
    pub permissions: Permissions,
    pub issuer_id: Option<MemberId>,
    pub issued_hash: Option<String>,
    /// `None` if a server of an earlier release issued the code.
    pub issued_at: Option<Timestamp>,
}

/// Stores codes of one purpose. They replace the earlier ones of their members, who must be locked.
pub async fn replace_codes(
    conn: &mut Conn,
    guild: GuildId,
    purpose: Purpose,
    rows: Vec<OneTimeCode>,
) -> QueryResult<()> {
    let members: Vec<MemberId> = rows.iter().map(|row| row.member_id).collect();
    delete_codes(conn, guild, &members, purpose).await?;
    insert_all!(conn, codes::table, rows)
}

/// Deletes the codes of one purpose for these members.
pub async fn delete_codes(conn: &mut Conn, guild: GuildId, members: &[MemberId], purpose: Purpose) -> QueryResult<()> {
    on!(conn, c => diesel::delete(codes::table)
        .filter(codes::guild_id.eq(guild).and(codes::purpose.eq(purpose)).and(codes::member_id.any_of(members)))
        .execute(c))?;
    Ok(())
}

/// The codes of one purpose for these members, valid or not.
pub async fn codes_of(
    conn: &mut Conn,
    guild: GuildId,
    members: &[MemberId],
    purpose: Purpose,
) -> QueryResult<Vec<OneTimeCode>> {
    on!(conn, c => codes::table
        .filter(codes::guild_id.eq(guild).and(codes::purpose.eq(purpose)).and(codes::member_id.any_of(members)))
        .select(OneTimeCode::as_select())
        .load(c))
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

/// The times of failed attempts, with the keys under which they are counted.
pub async fn failures(conn: &mut Conn, guild: GuildId, keys: &[&str]) -> QueryResult<Vec<(String, String)>> {
    on!(conn, c => failures::table
        .filter(failures::guild_id.eq(guild).and(failures::account.any_of(keys)))
        .select((failures::account, failures::recent))
        .load(c))
}

/// The times of failed attempts that are counted under a key. Locks them until the transaction ends.
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

/// Deletes the failures under the keys whose last failure was before this time, and all but the last `kept` keys.
pub async fn delete_failures(conn: &mut Conn, guild: GuildId, before: Timestamp, kept: i64) -> QueryResult<()> {
    let excess: Option<Timestamp> = on!(conn, c => failures::table
        .filter(failures::guild_id.eq(guild))
        .order(failures::last_at.desc())
        .select(failures::last_at)
        .offset(kept)
        .first(c))
    .optional()?;
    let before = excess.map_or(before, |excess| excess.max(before));
    on!(conn, c => diesel::delete(failures::table)
        .filter(failures::guild_id.eq(guild).and(failures::last_at.lt(before)))
        .execute(c))?;
    Ok(())
}
