//! Accounts: opened with an invite code, entered with a password.

use super::{
    Origin, SignedIn, Viewer, codes,
    limits::{self, Trial},
    password,
    sessions::Tokens,
    store::{self, Purpose},
};
use crate::{
    app::App,
    clock::Instant,
    db::Conn,
    error::{Code, Refusal, Result},
    id::GuildId,
    identity::{self, Member},
    text,
};

/// Registers the member of this Discord username with the code they were sent.
///
/// # Errors
/// `BAD_USER_INPUT` for a bad password, or `INVALID_CODE`; the code is then still good. `RATE_LIMITED`.
pub async fn register(
    app: &App,
    guild: GuildId,
    code: &str,
    username: &str,
    password: String,
    origin: &Origin,
) -> Result<SignedIn> {
    app.limiter.from_address(origin.address)?;
    password::check_new_password("password", &password)?;
    let key = text::username_key(username);
    let attempt = limits::begin(app, guild, Trial::Register, &key).await?;
    let redeemable = codes::check(app, guild, attempt, key, code, Purpose::Invite).await?;
    let password_hash = app.hasher.hash(password).await?;
    let (tokens, now) = (Tokens::new(app, origin.user_agent.clone()), app.clock.now());
    let (member, tokens) = app
        .change_access(
            guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                identity::store::change_roster(conn, guild).await?;
                let member = redeemable.redeem(conn, now).await?;
                identity::store::register(conn, guild, member.id, &password_hash, now).await?;
                tokens.open(conn, guild, member.id).await?;
                Ok((Member { registered_at: Some(now), last_seen_at: Some(now), ..member }, tokens))
            },
        )
        .await?;
    tokens.into_signed_in(app, member)
}

/// Signs a registered member in.
///
/// # Errors
/// `UNAUTHENTICATED`, `BAD_CREDENTIALS`: alike, and after as long, for an unknown user and a wrong password.
/// `RATE_LIMITED`.
pub async fn login(app: &App, guild: GuildId, username: &str, password: String, origin: &Origin) -> Result<SignedIn> {
    let refusal = || bad_credentials("The Discord username or the password is wrong.");
    app.limiter.from_address(origin.address)?;
    let key = text::username_key(username);
    let attempt = limits::begin(app, guild, Trial::Login, &key).await?;
    let member = app
        .db
        .read(async move |conn| Ok(identity::store::member_by_username(conn, guild, &key).await?))
        .await?
        .filter(|member| member.is_active);
    let hash = member.as_ref().and_then(|member| member.password_hash.clone());
    let verified = app.hasher.verify(password::typed_password(password), hash).await?;
    let Some(member) = member.filter(|_| verified) else { return Err(attempt.failed(app, refusal()).await) };
    let (tokens, now) = (Tokens::new(app, origin.user_agent.clone()), app.clock.now());
    let (member, tokens) = app
        .db
        .write(async move |conn| {
            let member = unchanged(conn, &member).await?.ok_or_else(refusal)?;
            tokens.open(conn, guild, member.id).await?;
            identity::store::seen(conn, guild, member.id, now).await?;
            Ok((member, tokens))
        })
        .await?;
    tokens.into_signed_in(app, member)
}

/// Gives the viewer's account another password. All their sessions but this one end, and every access token they have is
/// void: the answer holds the new ones.
///
/// # Errors
/// `BAD_USER_INPUT` for a bad new password; `UNAUTHENTICATED`, `BAD_CREDENTIALS`; `RATE_LIMITED`.
pub async fn change_password(
    app: &App,
    viewer: &Viewer,
    current: String,
    new: String,
    origin: &Origin,
) -> Result<SignedIn> {
    let refusal = || bad_credentials("The present password is wrong.").at("currentPassword");
    app.limiter.from_address(origin.address)?;
    password::check_new_password("newPassword", &new)?;
    let (guild, id) = (viewer.guild, viewer.member);
    let member = app.db.read(async move |conn| Ok(identity::store::member(conn, guild, id).await?)).await?;
    let member = member.ok_or_else(refusal)?;
    let attempt = limits::begin(app, guild, Trial::ChangePassword, &member.username_key).await?;
    let verified = app.hasher.verify(password::typed_password(current), member.password_hash.clone()).await?;
    if !verified {
        return Err(attempt.failed(app, refusal()).await);
    }
    let password_hash = app.hasher.hash(new).await?;
    let (mut tokens, now) = (Tokens::new(app, origin.user_agent.clone()), app.clock.now());
    let viewer = viewer.clone();
    let (member, tokens) = app
        .change_access(
            guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                let session = viewer.confirm(conn).await?.session;
                let member = unchanged(conn, &member).await?.ok_or_else(refusal)?;
                let member = set_password(conn, member, &password_hash, now).await?;
                store::revoke_sessions_of(conn, guild, member.id, session, now).await?;
                match session {
                    Some(session) => tokens.renew(conn, guild, session).await?,
                    None => tokens.open(conn, guild, member.id).await?,
                }
                Ok((member, tokens))
            },
        )
        .await?;
    app.settle().await;
    tokens.into_signed_in(app, member)
}

/// Gives an account another password with the code its member was sent, and signs them in. All their sessions end.
///
/// # Errors
/// As [`register`].
pub async fn reset_password(
    app: &App,
    guild: GuildId,
    code: &str,
    username: &str,
    new: String,
    origin: &Origin,
) -> Result<SignedIn> {
    app.limiter.from_address(origin.address)?;
    password::check_new_password("newPassword", &new)?;
    let key = text::username_key(username);
    let attempt = limits::begin(app, guild, Trial::Reset, &key).await?;
    let redeemable = codes::check(app, guild, attempt, key, code, Purpose::Reset).await?;
    let password_hash = app.hasher.hash(new).await?;
    let (tokens, now) = (Tokens::new(app, origin.user_agent.clone()), app.clock.now());
    let (member, tokens) = app
        .change_access(
            guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                let member = redeemable.redeem(conn, now).await?;
                let member = set_password(conn, member, &password_hash, now).await?;
                store::revoke_sessions_of(conn, guild, member.id, None, now).await?;
                tokens.open(conn, guild, member.id).await?;
                Ok((member, tokens))
            },
        )
        .await?;
    app.settle().await;
    tokens.into_signed_in(app, member)
}

/// The member, locked, unless they were deactivated or given another password since `verified` was read.
async fn unchanged(conn: &mut Conn, verified: &Member) -> Result<Option<Member>> {
    let member = identity::store::lock_member(conn, verified.guild_id, verified.id).await?;
    Ok(member.filter(|member| member.is_active && member.password_hash == verified.password_hash))
}

/// Sets a locked member's password, which voids all their access tokens and codes.
async fn set_password(conn: &mut Conn, member: Member, hash: &str, now: Instant) -> Result<Member> {
    identity::store::set_password(conn, member.guild_id, member.id, hash, now).await?;
    store::delete_codes_of(conn, member.guild_id, member.id).await?;
    Ok(Member { credentials_version: member.credentials_version + 1, last_seen_at: Some(now), ..member })
}

fn bad_credentials(message: &'static str) -> Refusal {
    Refusal::new(Code::Unauthenticated, message).because("BAD_CREDENTIALS")
}
