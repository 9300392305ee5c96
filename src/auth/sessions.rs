//! Sessions: created at sign-in, refreshed by refresh tokens, revoked by their member or when a refresh token is
//! replayed.

use std::time::Duration;

use super::{
    known_addresses,
    service::Accounts,
    store::{self, NewSession, RefreshToken},
    token::{self, Claims},
};
use crate::{
    access::{self, Viewer},
    db::Conn,
    engine::Origin,
    identity::{self, Member},
    kernel::{
        clock::Timestamp,
        error::{Code, Error, Refusal, Result},
        id::{GuildId, MemberId, SessionId},
    },
};

/// How long a refresh token can be exchanged again after its first exchange: the answer may have been lost, or a second
/// tab may have sent the same token.
const REUSE_WINDOW: Duration = Duration::from_secs(30);

/// Maximum number of refresh tokens of a session that were not exchanged yet. A new one replaces the oldest. It is as many
/// as one address can receive in a minute by default, so only abuse reaches it.
const MAX_UNUSED_TOKENS: usize = 100;

/// A signed-in member, with the tokens of the session.
pub struct SignedIn {
    /// The access token, for the `Authorization` header.
    pub access_token: String,
    /// When the access token expires.
    pub access_token_expires_at: Timestamp,
    /// The refresh token, to be exchanged once by `refreshSession`.
    pub refresh_token: String,
    /// When the refresh token expires.
    pub refresh_token_expires_at: Timestamp,
    /// The member who signed in.
    pub member: Member,
}

/// A session's next tokens, before they are issued.
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) session: SessionId,
    user_agent: Option<String>,
    /// The hash of the client's address.
    address: Option<String>,
    now: Timestamp,
    access_expires_at: Timestamp,
    refresh: String,
    refresh_expires_at: Timestamp,
}

impl Tokens {
    /// Tokens for this client.
    pub(super) fn new(accounts: &Accounts, guild: GuildId, origin: &Origin) -> Self {
        let now = accounts.access.clock.now();
        Self {
            session: SessionId::new(),
            user_agent: origin.user_agent.clone(),
            address: origin.address.map(|address| accounts.keys.addresses.hash(guild, address)),
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
        self.insert(conn, guild, member).await
    }

    /// Exchanges a refresh token of an existing session. Other tokens of the session stay valid.
    async fn exchange(&mut self, conn: &mut Conn, member: MemberId, token: &RefreshToken) -> Result<()> {
        let (guild, session) = (token.guild_id, token.session_id);
        if token.rotated_at.is_none() {
            store::mark_rotated(conn, token, self.now, self.now + REUSE_WINDOW).await?;
        }
        store::delete_expired_tokens(conn, guild, session, self.now).await?;
        let unused = store::unused_tokens(conn, guild, session).await?;
        if let Some(oldest @ [_, ..]) = unused.get(MAX_UNUSED_TOKENS - 1..) {
            store::delete_tokens(conn, guild, oldest).await?;
        }
        self.continue_session(conn, guild, member, session).await
    }

    /// Replaces all refresh tokens of an existing session.
    pub(super) async fn replace(
        &mut self,
        conn: &mut Conn,
        guild: GuildId,
        member: MemberId,
        session: SessionId,
    ) -> Result<()> {
        store::replace_tokens(conn, guild, session, self.now).await?;
        self.continue_session(conn, guild, member, session).await
    }

    async fn continue_session(
        &mut self,
        conn: &mut Conn,
        guild: GuildId,
        member: MemberId,
        session: SessionId,
    ) -> Result<()> {
        self.session = session;
        store::touch_session(conn, guild, session, self.now).await?;
        self.insert(conn, guild, member).await
    }

    async fn insert(&self, conn: &mut Conn, guild: GuildId, member: MemberId) -> Result<()> {
        if let Some(address) = &self.address {
            known_addresses::remember(conn, guild, member, address, self.now).await?;
        }
        let token = RefreshToken {
            guild_id: guild,
            token_hash: token::refresh_token_hash(&self.refresh),
            session_id: self.session,
            expires_at: self.refresh_expires_at,
            rotated_at: None,
            reusable_until: None,
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

/// The result of an attempt to exchange a refresh token.
enum Renewal {
    Renewed(Box<Member>, Tokens),
    /// The token was exchanged too long ago, or replaced. The session is still active.
    Replayed,
    /// The session or the member is no longer active, or the token has expired.
    Ended,
}

/// Exchanges a refresh token for new tokens. A token that was exchanged more than [`REUSE_WINDOW`] ago revokes its
/// whole session. A refused token does not count as a failure of the account, because tokens cannot be guessed: a thief
/// could only use a revoked one to lock its owner out.
///
/// # Errors
/// `UNAUTHENTICATED`, `INVALID_TOKEN`; `RATE_LIMITED` for too many attempts from one address.
pub async fn refresh_session(accounts: &Accounts, guild: GuildId, token: &str, origin: &Origin) -> Result<SignedIn> {
    accounts.limiter.check_address(origin.address)?;
    let now = accounts.access.clock.now();
    let hash = token::refresh_token_hash(token);
    let found = {
        let hash = hash.clone();
        accounts.access.db.read(async move |conn| Ok(store::refresh_token_owner(conn, guild, &hash).await?)).await?
    };
    let Some((session, owner)) = found else { return Err(invalid_refresh_token(accounts)) };
    let mut tokens = Tokens::new(accounts, guild, origin);
    let renewal = accounts
        .access
        .db
        .write(async move |conn| {
            // The member is locked first, as in every transaction that changes an account. Another order could
            // deadlock.
            let Some(member) = identity::store::lock_member(conn, guild, owner).await? else {
                return Ok(Renewal::Ended);
            };
            let Some(token) = store::lock_refresh_token(conn, guild, &hash).await? else { return Ok(Renewal::Ended) };
            if !member.is_active || !store::is_active(conn, guild, session).await? {
                return Ok(Renewal::Ended);
            }
            if token.rotated_at.is_some() && token.reusable_until.is_none_or(|until| until <= now) {
                return Ok(Renewal::Replayed);
            }
            if token.expires_at <= now {
                return Ok(Renewal::Ended);
            }
            tokens.exchange(conn, owner, &token).await?;
            identity::store::set_last_seen(conn, guild, member.id, now).await?;
            Ok(Renewal::Renewed(Box::new(member), tokens))
        })
        .await?;
    match renewal {
        Renewal::Renewed(member, tokens) => tokens.into_signed_in(accounts, *member),
        Renewal::Replayed => {
            // Either this client or the earlier one has stolen the token, so the session is revoked:
            // https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
            revoke(accounts, guild, owner, session).await?;
            Err(invalid_refresh_token(accounts))
        }
        Renewal::Ended => Err(invalid_refresh_token(accounts)),
    }
}

fn invalid_refresh_token(accounts: &Accounts) -> Error {
    accounts.metrics.count_failed_attempt("refresh");
    Refusal::new(Code::Unauthenticated, "The refresh token is not valid.").because("INVALID_TOKEN").into()
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

/// Ends all of the viewer's sessions and revokes all their access tokens, also an operator's, which have no session.
///
/// # Errors
/// `UNAUTHENTICATED` when the viewer's token has been revoked.
pub async fn logout_everywhere(accounts: &Accounts, viewer: &Viewer) -> Result<()> {
    let (guild, member, actor, now) = (viewer.guild, viewer.member, viewer.clone(), accounts.access.clock.now());
    accounts
        .access
        .change(
            guild,
            move |()| Some(member),
            async move |conn| {
                // The member is locked first, as in every transaction that changes an account.
                identity::store::lock_member(conn, guild, member).await?;
                actor.confirm(conn).await?;
                access::store::revoke_sessions_of(conn, guild, member, None, now).await?;
                Ok(identity::store::revoke_access_tokens(conn, guild, member).await?)
            },
        )
        .await?;
    accounts.access.await_revocation().await;
    Ok(())
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
