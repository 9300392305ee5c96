//! Sessions: opened by signing in, renewed by refresh tokens, ended by their member or by a thief's mistake.

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

/// A member signed in: the session's tokens.
pub struct SignedIn {
    /// For the `Authorization` header.
    pub access_token: String,
    /// When the access token expires.
    pub access_token_expires_at: Timestamp,
    /// For `refreshSession`, once.
    pub refresh_token: String,
    /// When the refresh token expires.
    pub refresh_token_expires_at: Timestamp,
    /// Who signed in.
    pub member: Member,
}

/// A session's next tokens, before they are handed out.
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

    /// Opens the new session.
    pub(super) async fn open(&self, conn: &mut Conn, guild: GuildId, member: MemberId) -> Result<()> {
        let session = NewSession {
            guild_id: guild,
            id: self.session,
            member_id: member,
            user_agent: self.user_agent.clone(),
            created_at: self.now,
            last_used_at: self.now,
        };
        store::open_session(conn, &session).await?;
        self.insert(conn, guild).await
    }

    /// Takes the place of an open session's tokens.
    pub(super) async fn renew(&mut self, conn: &mut Conn, guild: GuildId, session: SessionId) -> Result<()> {
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

    /// The tokens, signed for this member.
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

/// Exchanges a refresh token for new tokens. One that was exchanged before revokes its whole session.
///
/// # Errors
/// `UNAUTHENTICATED`, `INVALID_TOKEN`; `RATE_LIMITED`.
pub async fn refresh_session(accounts: &Accounts, guild: GuildId, token: &str, origin: &Origin) -> Result<SignedIn> {
    let refusal = || Refusal::new(Code::Unauthenticated, "The refresh token is not valid.").because("INVALID_TOKEN");
    accounts.limiter.check_address(origin.address)?;
    let now = accounts.access.clock.now();
    let hash = token::refresh_token_hash(token);
    let known = {
        let hash = hash.clone();
        accounts.access.db.read(async move |conn| Ok(store::refresh_token_owner(conn, guild, &hash).await?)).await?
    };
    // What was never a token says nothing of whose it is to be.
    let (session, owner, username_key) = known.ok_or_else(refusal)?;
    let attempt = attempts::begin(accounts, guild, AttemptKind::Refresh, &username_key).await?;
    let mut tokens = Tokens::new(accounts, None);
    let renewed = accounts
        .access
        .db
        .write(async move |conn| {
            // The member first, as in all that changes an account.
            let member = identity::store::lock_member(conn, guild, owner).await?.ok_or_else(refusal)?;
            let token = store::lock_refresh_token(conn, guild, &hash).await?.ok_or_else(refusal)?;
            if token.rotated_at.is_some() || token.expires_at <= now {
                return Ok(Err(token.rotated_at.is_some()));
            }
            if !member.is_active || !store::is_open(conn, guild, session).await? {
                return Ok(Err(false));
            }
            tokens.renew(conn, guild, session).await?;
            identity::store::set_last_seen(conn, guild, member.id, now).await?;
            Ok(Ok((member, tokens)))
        })
        .await?;
    match renewed {
        Ok((member, tokens)) => tokens.into_signed_in(accounts, member),
        Err(replayed) => {
            if replayed {
                // Whoever holds it is not who we gave it to, or someone else has its successor: the session ends.
                end(accounts, guild, owner, session).await?;
            }
            Err(attempt.failed(accounts, refusal()).await)
        }
    }
}

/// The viewer's open sessions, the last used first.
///
/// # Errors
/// The database's.
pub async fn sessions(accounts: &Accounts, viewer: &Viewer) -> Result<Vec<store::Session>> {
    let (guild, member, now) = (viewer.guild, viewer.member, accounts.access.clock.now());
    accounts.access.db.read(async move |conn| Ok(store::sessions_of(conn, guild, member, now).await?)).await
}

/// Ends one of the viewer's sessions.
///
/// # Errors
/// `NOT_FOUND` for one that is over, or another's.
pub async fn revoke_session(accounts: &Accounts, viewer: &Viewer, session: SessionId) -> Result<()> {
    let (guild, member, actor, now) = (viewer.guild, viewer.member, viewer.clone(), accounts.access.clock.now());
    accounts
        .access
        .change(
            guild,
            move |()| Some(member),
            async move |conn| {
                let actor = actor.confirm(conn).await?;
                let open = store::sessions_of(conn, guild, actor.member, now).await?;
                if open.iter().all(|open| open.id != session) {
                    return Err(Refusal::not_found("session").at("id").into());
                }
                Ok(store::revoke_session(conn, guild, session, now).await?)
            },
        )
        .await?;
    accounts.access.await_revocation().await;
    Ok(())
}

/// Ends the viewer's session. A token without one (an operator's) has nothing to end.
///
/// # Errors
/// The database's.
pub async fn logout(accounts: &Accounts, viewer: &Viewer) -> Result<()> {
    match viewer.session {
        Some(session) => end(accounts, viewer.guild, viewer.member, session).await,
        None => Ok(()),
    }
}

async fn end(accounts: &Accounts, guild: GuildId, member: MemberId, session: SessionId) -> Result<()> {
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

/// Mints an access token with no session behind it, for operators.
///
/// # Errors
/// Internal, when signing fails.
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
