//! Sessions: opened by signing in, renewed by refresh tokens, ended by their member or by a thief's mistake.

use std::time::Duration;

use super::{
    Claims, Origin, Viewer,
    limits::{self, Trial},
    store::{self, NewSession, RefreshToken},
    token,
};
use crate::{
    app::App,
    clock::Instant,
    db::Conn,
    error::{Code, Refusal, Result},
    id::{GuildId, MemberId, SessionId},
    identity::{self, Member},
};

/// A member signed in: the session's tokens.
pub struct SignedIn {
    /// For the `Authorization` header.
    pub access_token: String,
    /// When the access token expires.
    pub access_token_expires_at: Instant,
    /// For `refreshSession`, once.
    pub refresh_token: String,
    /// When the refresh token expires.
    pub refresh_token_expires_at: Instant,
    /// Who signed in.
    pub member: Member,
}

/// A session's next tokens, before they are handed out.
pub(super) struct Tokens {
    pub(super) session: SessionId,
    user_agent: Option<String>,
    now: Instant,
    access_expires_at: Instant,
    refresh: String,
    refresh_expires_at: Instant,
}

impl Tokens {
    /// Tokens of a new session.
    pub(super) fn new(app: &App, user_agent: Option<String>) -> Self {
        let now = app.clock.now();
        Self {
            session: SessionId::new(),
            user_agent,
            now,
            access_expires_at: now + app.lifetimes.access,
            refresh: token::new_refresh_token(),
            refresh_expires_at: now + app.lifetimes.refresh,
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
    pub(super) fn into_signed_in(self, app: &App, member: Member) -> Result<SignedIn> {
        Ok(SignedIn {
            access_token: sign(app, &member, Some(self.session), self.access_expires_at)?,
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
pub async fn refresh_session(app: &App, guild: GuildId, token: &str, origin: &Origin) -> Result<SignedIn> {
    let refusal = || Refusal::new(Code::Unauthenticated, "The refresh token is not valid.").because("INVALID_TOKEN");
    app.limiter.from_address(origin.address)?;
    let now = app.clock.now();
    let hash = token::refresh_token_hash(token);
    let known = {
        let hash = hash.clone();
        app.db.read(async move |conn| Ok(store::refresh_token_owner(conn, guild, &hash).await?)).await?
    };
    // What was never a token says nothing of whose it is to be.
    let (session, owner, username_key) = known.ok_or_else(refusal)?;
    let attempt = limits::begin(app, guild, Trial::Refresh, &username_key).await?;
    let mut tokens = Tokens::new(app, None);
    let renewed = app
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
            identity::store::seen(conn, guild, member.id, now).await?;
            Ok(Ok((member, tokens)))
        })
        .await?;
    match renewed {
        Ok((member, tokens)) => tokens.into_signed_in(app, member),
        Err(replayed) => {
            if replayed {
                // Whoever holds it is not who we gave it to, or someone else has its successor: the session ends.
                end(app, guild, owner, session).await?;
            }
            Err(attempt.failed(app, refusal()).await)
        }
    }
}

/// The viewer's open sessions, the last used first.
///
/// # Errors
/// The database's.
pub async fn sessions(app: &App, viewer: &Viewer) -> Result<Vec<store::Session>> {
    let (guild, member, now) = (viewer.guild, viewer.member, app.clock.now());
    app.db.read(async move |conn| Ok(store::sessions_of(conn, guild, member, now).await?)).await
}

/// Ends one of the viewer's sessions.
///
/// # Errors
/// `NOT_FOUND` for one that is over, or another's.
pub async fn revoke_session(app: &App, viewer: &Viewer, session: SessionId) -> Result<()> {
    let (guild, member, actor, now) = (viewer.guild, viewer.member, viewer.clone(), app.clock.now());
    app.change_access(
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
    app.settle().await;
    Ok(())
}

/// Ends the viewer's session. A token without one (an operator's) has nothing to end.
///
/// # Errors
/// The database's.
pub async fn logout(app: &App, viewer: &Viewer) -> Result<()> {
    match viewer.session {
        Some(session) => end(app, viewer.guild, viewer.member, session).await,
        None => Ok(()),
    }
}

async fn end(app: &App, guild: GuildId, member: MemberId, session: SessionId) -> Result<()> {
    let now = app.clock.now();
    app.change_access(
        guild,
        move |()| Some(member),
        async move |conn| Ok(store::revoke_session(conn, guild, session, now).await?),
    )
    .await?;
    app.settle().await;
    Ok(())
}

/// Mints an access token with no session behind it, for operators.
///
/// # Errors
/// Internal, when signing fails.
pub fn mint(app: &App, member: &Member, lifetime: Duration) -> Result<String> {
    sign(app, member, None, app.clock.now() + lifetime)
}

fn sign(app: &App, member: &Member, session: Option<SessionId>, expires: Instant) -> Result<String> {
    app.keys.sign(&Claims {
        member: member.id,
        guild: member.guild_id,
        session,
        credentials_version: member.credentials_version,
        issued_at: app.clock.now().and_utc().timestamp(),
        expires_at: expires.and_utc().timestamp(),
    })
}
