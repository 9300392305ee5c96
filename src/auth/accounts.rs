//! Registers members, signs them in, and changes or resets their passwords.

use super::{
    attempts::{self, AttemptKind},
    codes, password,
    service::Accounts,
    sessions::{SignedIn, Tokens},
    store::Purpose,
};
use crate::{
    access::{self, Viewer},
    db::Conn,
    engine::Origin,
    identity::{self, Member},
    kernel::{
        clock::Timestamp,
        error::{Code, Refusal, Result},
        id::GuildId,
        input::{both, refused_field},
        text,
    },
};

/// Registers the member with this Discord username by their invite code.
///
/// # Errors
/// `BAD_USER_INPUT` for a password of the wrong length, or `INVALID_CODE`; the code stays valid. `RATE_LIMITED`.
pub async fn register(
    accounts: &Accounts,
    guild: GuildId,
    code: &str,
    username: &str,
    password: String,
    origin: &Origin,
) -> Result<SignedIn> {
    accounts.limiter.check_address(origin.address)?;
    let key = text::username_key(username);
    let attempt = attempts::start(accounts, guild, AttemptKind::Register, &key, origin).await?;
    let verified_code = codes::verify(accounts, guild, attempt, key, code, Purpose::Invite, origin).await;
    let password_check = password::check_new_password("password", &password);
    let (verified_code, ()) = both(refused_field(verified_code)?, password_check)?;
    let password_hash = origin.presence.while_present(accounts.hasher.hash(password)).await??;
    let (tokens, now) = (Tokens::new(accounts, guild, origin), accounts.access.clock.now());
    let (member, tokens) = accounts
        .access
        .change(
            guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                identity::store::bump_roster_version(conn, guild).await?;
                let member = verified_code.redeem(conn, now).await?;
                identity::store::register(conn, guild, member.id, &password_hash, now).await?;
                tokens.create_session(conn, guild, member.id).await?;
                Ok((Member { registered_at: Some(now), last_seen_at: Some(now), ..member }, tokens))
            },
        )
        .await?;
    tokens.into_signed_in(accounts, member)
}

/// Signs a registered member in.
///
/// # Errors
/// `UNAUTHENTICATED`, `BAD_CREDENTIALS`: with the same message, after the same time, for an unknown username and a
/// wrong password. `RATE_LIMITED`.
pub async fn login(
    accounts: &Accounts,
    guild: GuildId,
    username: &str,
    password: String,
    origin: &Origin,
) -> Result<SignedIn> {
    let refusal = || bad_credentials("The Discord username or the password is wrong.");
    accounts.limiter.check_address(origin.address)?;
    let key = text::username_key(username);
    let attempt = attempts::start(accounts, guild, AttemptKind::Login, &key, origin).await?;
    let member = accounts
        .access
        .db
        .read(async move |conn| Ok(identity::store::member_by_username(conn, guild, &key).await?))
        .await?
        .filter(|member| member.is_active);
    let hash = member.as_ref().and_then(|member| member.password_hash.clone());
    let verified = origin.presence.while_present(accounts.hasher.verify(password::bounded(password), hash)).await??;
    let Some(member) = member.filter(|_| verified) else { return Err(attempt.failed(accounts, refusal()).await) };
    let (tokens, now) = (Tokens::new(accounts, guild, origin), accounts.access.clock.now());
    let (member, tokens) = accounts
        .access
        .db
        .write(async move |conn| {
            let member = unchanged(conn, &member).await?.ok_or_else(refusal)?;
            tokens.create_session(conn, guild, member.id).await?;
            identity::store::set_last_seen(conn, guild, member.id, now).await?;
            Ok((member, tokens))
        })
        .await?;
    tokens.into_signed_in(accounts, member)
}

/// Changes the viewer's password, ends their other sessions and revokes all their access tokens. Returns new tokens.
///
/// # Errors
/// `BAD_USER_INPUT` for a new password of the wrong length; `UNAUTHENTICATED`, `BAD_CREDENTIALS`; `RATE_LIMITED`.
pub async fn change_password(
    accounts: &Accounts,
    viewer: &Viewer,
    current: String,
    new: String,
    origin: &Origin,
) -> Result<SignedIn> {
    let refusal = || bad_credentials("The current password is wrong.").at("currentPassword");
    accounts.limiter.check_address(origin.address)?;
    let (guild, id) = (viewer.guild, viewer.member);
    let member = accounts.access.db.read(async move |conn| Ok(identity::store::member(conn, guild, id).await?)).await?;
    let member = member.ok_or_else(refusal)?;
    let attempt = attempts::start(accounts, guild, AttemptKind::ChangePassword, &member.username_key, origin).await?;
    let verified = accounts.hasher.verify(password::bounded(current), member.password_hash.clone());
    let verified = origin.presence.while_present(verified).await??;
    let verified = if verified { Ok(()) } else { Err(attempt.failed(accounts, refusal()).await) };
    both(refused_field(verified)?, password::check_new_password("newPassword", &new))?;
    let password_hash = origin.presence.while_present(accounts.hasher.hash(new)).await??;
    let (mut tokens, now) = (Tokens::new(accounts, guild, origin), accounts.access.clock.now());
    let viewer = viewer.clone();
    let (member, tokens) = accounts
        .access
        .change(
            guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                let session = viewer.confirm(conn).await?.session;
                let member = unchanged(conn, &member).await?.ok_or_else(refusal)?;
                let member = set_password(conn, member, &password_hash, now).await?;
                access::store::revoke_sessions_of(conn, guild, member.id, session, now).await?;
                match session {
                    Some(session) => tokens.replace(conn, guild, member.id, session).await?,
                    None => tokens.create_session(conn, guild, member.id).await?,
                }
                Ok((member, tokens))
            },
        )
        .await?;
    accounts.access.await_revocation().await;
    tokens.into_signed_in(accounts, member)
}

/// Sets a new password by a reset code and signs the member in. Ends all their other sessions.
///
/// # Errors
/// The same as [`register`].
pub async fn reset_password(
    accounts: &Accounts,
    guild: GuildId,
    code: &str,
    username: &str,
    new: String,
    origin: &Origin,
) -> Result<SignedIn> {
    accounts.limiter.check_address(origin.address)?;
    let key = text::username_key(username);
    let attempt = attempts::start(accounts, guild, AttemptKind::Reset, &key, origin).await?;
    let verified_code = codes::verify(accounts, guild, attempt, key, code, Purpose::Reset, origin).await;
    let password_check = password::check_new_password("newPassword", &new);
    let (verified_code, ()) = both(refused_field(verified_code)?, password_check)?;
    let password_hash = origin.presence.while_present(accounts.hasher.hash(new)).await??;
    let (tokens, now) = (Tokens::new(accounts, guild, origin), accounts.access.clock.now());
    let (member, tokens) = accounts
        .access
        .change(
            guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                let member = verified_code.redeem(conn, now).await?;
                let member = set_password(conn, member, &password_hash, now).await?;
                access::store::revoke_sessions_of(conn, guild, member.id, None, now).await?;
                tokens.create_session(conn, guild, member.id).await?;
                Ok((member, tokens))
            },
        )
        .await?;
    accounts.access.await_revocation().await;
    tokens.into_signed_in(accounts, member)
}

/// Locks and returns the member, unless they were deactivated or their password changed since `verified` was read.
async fn unchanged(conn: &mut Conn, verified: &Member) -> Result<Option<Member>> {
    let member = identity::store::lock_member(conn, verified.guild_id, verified.id).await?;
    Ok(member.filter(|member| member.is_active && member.password_hash == verified.password_hash))
}

/// Sets a locked member's password. Revokes all their access tokens and deletes their codes.
async fn set_password(conn: &mut Conn, member: Member, hash: &str, now: Timestamp) -> Result<Member> {
    identity::store::set_password(conn, member.guild_id, member.id, hash, now).await?;
    access::store::delete_codes_of(conn, member.guild_id, member.id).await?;
    Ok(Member { credentials_version: member.credentials_version + 1, last_seen_at: Some(now), ..member })
}

fn bad_credentials(message: &'static str) -> Refusal {
    Refusal::new(Code::Unauthenticated, message).because("BAD_CREDENTIALS")
}
