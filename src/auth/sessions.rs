//! Sessions: created at sign-in, refreshed by refresh tokens, revoked by their member or when a refresh token is used
//! twice.

use std::time::Duration;

use super::{
    attempts::{self, AttemptKind},
    service::Accounts,
    store::{self, NewSession, RefreshToken},
    token::{self, Claims},
};
use crate::{
    access::Viewer,
    db::Conn,
    engine::Origin,
    identity::{self, Member},
    kernel::{
        clock::Timestamp,
        error::{Code, Refusal, Result},
        id::{GuildId, MemberId, SessionId},
    },
};

/// A signed-in member, with the tokens of the session.
pub struct SignedIn {
    /// The access token, for the `Authorization` header.
    pub access_token: String,
    /// When the access token expires.
    pub access_token_expires_at: Timestamp,
    /// The refresh token, which `refreshSession` accepts once.
    pub refresh_token: String,
    /// When the refresh token expires.
    pub refresh_token_expires_at: Timestamp,
    /// The member who signed in.
    pub member: Member,
}

/// A session's next tokens, before they are issued.
pub(super) struct Tokens {
    pub(super) session: SessionId,
    user_agent: Option<String>,
    now: Timestamp,
    access_expires_at: Timestamp,
    refresh: String,
    refresh_expires_at: Timestamp,
}

impl Tokens {
    /// Tokens of a new session.
    pub(super) fn new(accounts: &Accounts, user_agent: Option<String>) -> Self {
        let now = accounts.access.clock.now();
        Self {
            session: SessionId::new(),
            user_agent,
            now,
            access_expires_at: now + accounts.lifetimes.access,
            refresh: token::new_refresh_token(),
            refresh_expires_at: now + accounts.lifetimes.refresh,
        }
    }

    /// Stores the new session and its refresh token.
    pub(super) async fn create_session(&self, conn: &mut Conn, guild: GuildId, member: MemberId) -> Result<()> {
        let session = NewSession {
            guild_id: guild,
            id: self.session,
            member_id: member,
            user_agent: self.user_agent.clone(),
            created_at: self.now,
            last_used_at: self.now,
        };
        store::insert_session(conn, &session).await?;
        self.insert(conn, guild).await
    }

    /// Replaces the refresh token of an existing session.
    pub(super) async fn rotate(&mut self, conn: &mut Conn, guild: GuildId, session: SessionId) -> Result<()> {
        self.session = session;
        store::delete_expired_tokens(conn, guild, session, self.now).await?;
        store::mark_all_rotated(conn, guild, session, self.now).await?;
        store::touch_session(conn, guild, session, self.now).await?;
        self.insert(conn, guild).await
    }

    async fn insert(&self, conn: &mut Conn, guild: GuildId) -> Result<()> {
        let token = RefreshToken {
            guild_id: guild,
            token_hash: token::refresh_token_hash(&self.refresh),
            session_id: self.session,
            expires_at: self.refresh_expires_at,
            rotated_at: None,
        };
        Ok(store::insert_refresh_token(conn, &token).await?)
    }

    /// Signs the access token for this member.
    pub(super) fn into_signed_in(self, accounts: &Accounts, member: Member) -> Result<SignedIn> {
        Ok(SignedIn {
            access_token: sign(accounts, &member, Some(self.session), self.access_expires_at)?,
            access_token_expires_at: self.access_expires_at,
            refresh_token: self.refresh,
            refresh_token_expires_at: self.refresh_expires_at,
            member,
        })
    }
}

/// Exchanges a refresh token for new tokens. A token that was exchanged before revokes its whole session.
///
/// # Errors
/// `UNAUTHENTICATED`, `INVALID_TOKEN`; `RATE_LIMITED`.
pub async fn refresh_session(accounts: &Accounts, guild: GuildId, token: &str, origin: &Origin) -> Result<SignedIn> {
    let refusal = || Refusal::new(Code::Unauthenticated, "The refresh token is not valid.").because("INVALID_TOKEN");
    accounts.limiter.check_address(origin.address)?;
    let now = accounts.access.clock.now();
    let hash = token::refresh_token_hash(token);
    let found = {
        let hash = hash.clone();
        accounts.access.db.read(async move |conn| Ok(store::refresh_token_owner(conn, guild, &hash).await?)).await?
    };
    // An unknown token belongs to no account, so this failure is not counted.
    let (session, owner, username_key) = found.ok_or_else(refusal)?;
    let attempt = attempts::start(accounts, guild, AttemptKind::Refresh, &username_key).await?;
    let mut tokens = Tokens::new(accounts, None);
    let rotated = accounts
        .access
        .db
        .write(async move |conn| {
            // The member is locked first, as in every transaction that changes an account. Another order could
            // deadlock.
            let member = identity::store::lock_member(conn, guild, owner).await?.ok_or_else(refusal)?;
            let token = store::lock_refresh_token(conn, guild, &hash).await?.ok_or_else(refusal)?;
            if token.rotated_at.is_some() || token.expires_at <= now {
                return Ok(Err(token.rotated_at.is_some()));
            }
            if !member.is_active || !store::is_active(conn, guild, session).await? {
                return Ok(Err(false));
            }
            tokens.rotate(conn, guild, session).await?;
            identity::store::set_last_seen(conn, guild, member.id, now).await?;
            Ok(Ok((member, tokens)))
        })
        .await?;
    match rotated {
        Ok((member, tokens)) => tokens.into_signed_in(accounts, member),
        Err(replayed) => {
            if replayed {
                // Either this client or the earlier one has stolen the token, so the session is revoked:
                // https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
                revoke(accounts, guild, owner, session).await?;
            }
            Err(attempt.failed(accounts, refusal()).await)
        }
    }
}

/// The viewer's active sessions, most recently used first.
///
/// # Errors
/// A database error.
pub async fn sessions(accounts: &Accounts, viewer: &Viewer) -> Result<Vec<store::Session>> {
    let (guild, member, now) = (viewer.guild, viewer.member, accounts.access.clock.now());
    accounts.access.db.read(async move |conn| Ok(store::sessions_of(conn, guild, member, now).await?)).await
}

/// Revokes one of the viewer's sessions.
///
/// # Errors
/// `NOT_FOUND` for a session that has ended or is another member's.
pub async fn revoke_session(accounts: &Accounts, viewer: &Viewer, session: SessionId) -> Result<()> {
    let (guild, member, actor, now) = (viewer.guild, viewer.member, viewer.clone(), accounts.access.clock.now());
    accounts
        .access
        .change(
            guild,
            move |()| Some(member),
            async move |conn| {
                let actor = actor.confirm(conn).await?;
                let sessions = store::sessions_of(conn, guild, actor.member, now).await?;
                if sessions.iter().all(|it| it.id != session) {
                    return Err(Refusal::not_found("session").at("id").into());
                }
                Ok(store::revoke_session(conn, guild, session, now).await?)
            },
        )
        .await?;
    accounts.access.await_revocation().await;
    Ok(())
}

/// Revokes the viewer's session. An operator's token has no session, so nothing happens.
///
/// # Errors
/// A database error.
pub async fn logout(accounts: &Accounts, viewer: &Viewer) -> Result<()> {
    match viewer.session {
        Some(session) => revoke(accounts, viewer.guild, viewer.member, session).await,
        None => Ok(()),
    }
}

async fn revoke(accounts: &Accounts, guild: GuildId, member: MemberId, session: SessionId) -> Result<()> {
    let now = accounts.access.clock.now();
    accounts
        .access
        .change(
            guild,
            move |()| Some(member),
            async move |conn| Ok(store::revoke_session(conn, guild, session, now).await?),
        )
        .await?;
    accounts.access.await_revocation().await;
    Ok(())
}

/// Mints an access token without a session, for operators.
///
/// # Errors
/// Internal, if signing fails.
pub fn mint(accounts: &Accounts, member: &Member, lifetime: Duration) -> Result<String> {
    sign(accounts, member, None, accounts.access.clock.now() + lifetime)
}

fn sign(accounts: &Accounts, member: &Member, session: Option<SessionId>, expires: Timestamp) -> Result<String> {
    accounts.keys.sign(&Claims {
        member: member.id,
        guild: member.guild_id,
        session,
        credentials_version: member.credentials_version,
        issued_at: accounts.access.clock.now().and_utc().timestamp(),
        expires_at: expires.and_utc().timestamp(),
    })
}
