//! Accounts: who someone is, what they may do, and how they prove it.

pub mod graphql;
mod password;
mod permission;
pub(crate) mod store;
mod token;
mod viewer;

use std::time::Duration;

use self::store::{Invite, NewSession, RefreshToken};
pub use self::{
    password::Hasher,
    permission::{Permission, Permissions},
    token::{Claims, Keys, MIN_SECRET, secret_beside},
    viewer::{Viewer, authenticate},
};
use crate::{
    app::App,
    clock::Instant,
    db::Conn,
    error::{Code, Refusal, Result},
    id::{GuildId, MemberId, SessionId},
    identity::{self, Member},
    text,
};

/// How long tokens and codes are good for.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Of an access token.
    pub access: Duration,
    /// Of a refresh token.
    pub refresh: Duration,
    /// Of an invite code.
    pub invite: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            access: Duration::from_secs(HOUR / 4),
            refresh: Duration::from_secs(30 * 24 * HOUR),
            invite: Duration::from_secs(72 * HOUR),
        }
    }
}

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

/// A code handed out: shown once, stored only as a hash.
pub struct IssuedCode {
    /// The code.
    pub code: String,
    /// When it expires.
    pub expires_at: Instant,
    /// Whose it is.
    pub member: Member,
}

/// Registers the member of this Discord username with the code they were sent.
///
/// # Errors
/// `BAD_USER_INPUT` for a bad password, or `INVALID_CODE`; the code is then still good.
pub async fn register(
    app: &App,
    guild: GuildId,
    code: &str,
    username: &str,
    password: String,
    user_agent: Option<String>,
) -> Result<SignedIn> {
    // Wrong, used, expired and someone else's code answer alike.
    let invalid = || {
        Refusal::input("inviteCode", "The invite code is not valid for this Discord username.").because("INVALID_CODE")
    };
    password::check_new_password("password", &password)?;
    let now = app.clock.now();
    let key = text::username_key(username);
    let found = app
        .db
        .read(async move |conn| {
            let Some(member) = identity::store::member_by_username(conn, guild, &key).await? else { return Ok(None) };
            let invite = store::invite(conn, guild, member.id).await?;
            Ok(invite.map(|invite| (member, invite)))
        })
        .await?
        .filter(|(member, invite)| member.is_active && now < invite.expires_at);
    let hash = found.as_ref().map(|(_, invite)| invite.code_hash.clone());
    if !app.hasher.verify(password::typed_code(code), hash).await? {
        return Err(invalid().into());
    }
    let (member, invite) = found.ok_or_else(invalid)?;
    let password_hash = app.hasher.hash(password).await?;
    let session = app.new_session(user_agent);
    let member = app
        .db
        .write(async move |conn| {
            identity::store::change_roster(conn, guild).await?;
            if !store::take_invite(conn, &invite).await? {
                return Err(invalid().into());
            }
            identity::store::register(conn, guild, member.id, &password_hash, now).await?;
            session.open(conn, guild, member.id).await?;
            let member = identity::store::member(conn, guild, member.id).await?.ok_or_else(invalid)?;
            Ok((member, session))
        })
        .await?;
    app.live.access_changed(guild);
    signed_in(app, member.0, member.1)
}

/// Signs a registered member in.
///
/// # Errors
/// `UNAUTHENTICATED`, `BAD_CREDENTIALS`: alike, and after as long, for an unknown user and a wrong password.
pub async fn login(
    app: &App,
    guild: GuildId,
    username: &str,
    password: String,
    user_agent: Option<String>,
) -> Result<SignedIn> {
    let refusal = || {
        Refusal::new(Code::Unauthenticated, "The Discord username or the password is wrong.").because("BAD_CREDENTIALS")
    };
    let key = text::username_key(username);
    let member = app
        .db
        .read(async move |conn| Ok(identity::store::member_by_username(conn, guild, &key).await?))
        .await?
        .filter(|member| member.is_active);
    let hash = member.as_ref().and_then(|member| member.password_hash.clone());
    // A longer password than any can be is wrong without hashing megabytes.
    let password = if password.chars().count() > password::MAX_PASSWORD { String::new() } else { password };
    if !app.hasher.verify(password, hash).await? {
        return Err(refusal().into());
    }
    let verified = member.ok_or_else(refusal)?;
    let (session, now) = (app.new_session(user_agent), app.clock.now());
    let (member, session) = app
        .db
        .write(async move |conn| {
            // Deactivated, or given another password, while this one was being checked?
            let member = identity::store::lock_member(conn, guild, verified.id).await?.ok_or_else(refusal)?;
            if !member.is_active || member.password_hash != verified.password_hash {
                return Err(refusal().into());
            }
            session.open(conn, guild, member.id).await?;
            identity::store::seen(conn, guild, member.id, now).await?;
            Ok((member, session))
        })
        .await?;
    signed_in(app, member, session)
}

/// Exchanges a refresh token for new tokens. One that was exchanged before revokes its whole session.
///
/// # Errors
/// `UNAUTHENTICATED`, `INVALID_TOKEN`.
pub async fn refresh_session(app: &App, guild: GuildId, token: &str) -> Result<SignedIn> {
    enum Outcome {
        Renewed(Box<Member>, Session),
        Replayed,
    }
    let refusal = || Refusal::new(Code::Unauthenticated, "The refresh token is not valid.").because("INVALID_TOKEN");
    let now = app.clock.now();
    let hash = token::refresh_token_hash(token);
    let mut next = app.new_session(None);
    let outcome = app
        .db
        .write(async move |conn| {
            let token = store::lock_refresh_token(conn, guild, &hash).await?.ok_or_else(refusal)?;
            if token.rotated_at.is_some() {
                // Whoever holds it is not who we gave it to, or someone else has its successor. End the session.
                store::revoke_session(conn, guild, token.session_id, now).await?;
                return Ok(Outcome::Replayed);
            }
            if token.expires_at <= now {
                return Err(refusal().into());
            }
            let owner = store::session_member(conn, guild, token.session_id).await?.ok_or_else(refusal)?;
            let member = identity::store::lock_member(conn, guild, owner).await?.ok_or_else(refusal)?;
            if !member.is_active {
                return Err(refusal().into());
            }
            next.id = token.session_id;
            store::mark_rotated(conn, guild, &hash, now).await?;
            store::touch_session(conn, guild, next.id, now).await?;
            store::insert_refresh_token(conn, &next.refresh_token(guild)).await?;
            identity::store::seen(conn, guild, member.id, now).await?;
            Ok(Outcome::Renewed(Box::new(member), next))
        })
        .await?;
    match outcome {
        Outcome::Renewed(member, session) => signed_in(app, *member, session),
        Outcome::Replayed => {
            app.live.access_changed(guild);
            Err(refusal().into())
        }
    }
}

/// Ends the viewer's session. A token without one (an operator's) has nothing to end.
///
/// # Errors
/// The database's.
pub async fn logout(app: &App, viewer: &Viewer) -> Result<()> {
    let (guild, now) = (viewer.guild, app.clock.now());
    if let Some(session) = viewer.session {
        app.db.write(async move |conn| Ok(store::revoke_session(conn, guild, session, now).await?)).await?;
        app.live.access_changed(guild);
    }
    Ok(())
}

/// Issues an invite code for a member below the viewer, voiding the ones before.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN`, `RANK_TOO_LOW`; `CONFLICT`, `ALREADY_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn send_invite(app: &App, viewer: &Viewer, member: MemberId) -> Result<IssuedCode> {
    viewer.require(Permission::MembersInvite)?;
    let (guild, actor) = (viewer.guild, viewer.clone());
    let target = app
        .db
        .read(async move |conn| {
            let target = identity::store::member(conn, guild, member).await?;
            let target = target.ok_or_else(|| Refusal::not_found("member").at("memberId"))?;
            identity::Ladder::load(conn, guild).await?.check_reach(&actor, target.rank_level)?;
            Ok(target)
        })
        .await?;
    invite(app, target).await
}

/// Issues an invite code for a member without asking who may.
///
/// # Errors
/// `CONFLICT`, `ALREADY_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn invite(app: &App, member: Member) -> Result<IssuedCode> {
    if member.registered_at.is_some() {
        let message = format!("{} is registered already.", member.display_name);
        return Err(Refusal::conflict("ALREADY_REGISTERED", message).into());
    }
    if !member.is_active {
        let message = format!("{} is not active.", member.display_name);
        return Err(Refusal::conflict("MEMBER_INACTIVE", message).into());
    }
    let code = password::new_code();
    let invite = Invite {
        guild_id: member.guild_id,
        member_id: member.id,
        code_hash: app.hasher.hash(code.clone()).await?,
        expires_at: app.clock.now() + app.lifetimes.invite,
    };
    let expires_at = invite.expires_at;
    app.db.write(async move |conn| Ok(store::put_invite(conn, &invite).await?)).await?;
    Ok(IssuedCode { code, expires_at, member })
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

/// A session's next tokens, before they are handed out.
struct Session {
    id: SessionId,
    user_agent: Option<String>,
    now: Instant,
    access_expires_at: Instant,
    refresh: String,
    refresh_expires_at: Instant,
}

impl App {
    fn new_session(&self, user_agent: Option<String>) -> Session {
        let now = self.clock.now();
        Session {
            id: SessionId::new(),
            user_agent,
            now,
            access_expires_at: now + self.lifetimes.access,
            refresh: token::new_refresh_token(),
            refresh_expires_at: now + self.lifetimes.refresh,
        }
    }
}

impl Session {
    async fn open(&self, conn: &mut Conn, guild: GuildId, member: MemberId) -> Result<()> {
        let session = NewSession {
            guild_id: guild,
            id: self.id,
            member_id: member,
            user_agent: self.user_agent.clone(),
            created_at: self.now,
            last_used_at: self.now,
        };
        store::open_session(conn, &session).await?;
        store::insert_refresh_token(conn, &self.refresh_token(guild)).await?;
        Ok(())
    }

    fn refresh_token(&self, guild: GuildId) -> RefreshToken {
        RefreshToken {
            guild_id: guild,
            token_hash: token::refresh_token_hash(&self.refresh),
            session_id: self.id,
            expires_at: self.refresh_expires_at,
            rotated_at: None,
        }
    }
}

fn signed_in(app: &App, member: Member, session: Session) -> Result<SignedIn> {
    Ok(SignedIn {
        access_token: sign(app, &member, Some(session.id), session.access_expires_at)?,
        access_token_expires_at: session.access_expires_at,
        refresh_token: session.refresh,
        refresh_token_expires_at: session.refresh_expires_at,
        member,
    })
}
