//! One-time codes: they register an account or reset its password.

use super::{
    attempts::LoginAttempt,
    delivery::{CodeMessage, InviteDelivery},
    password,
    service::Accounts,
    store::{self, OneTimeCode, Purpose},
};
use crate::{
    access::{self, Permissions, Viewer},
    audit::{self, Action},
    db::Conn,
    engine::Origin,
    identity::{self, Ladder, Member, MemberAction},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{GuildId, MemberId},
    },
};

/// A new code. It is shown once and stored only as a hash.
pub struct IssuedCode {
    /// The code.
    pub code: String,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The member that the code is for.
    pub member: Member,
    /// Whether the code was delivered to the member.
    pub delivery: InviteDelivery,
}

/// Issues an invite code for a member of a lower rank than the viewer. Earlier codes become invalid.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN`, `RANK_TOO_LOW`; `CONFLICT`, `ALREADY_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn send_invite(accounts: &Accounts, viewer: &Viewer, member: MemberId) -> Result<IssuedCode> {
    issue(accounts, Some(viewer), viewer.guild, member, Purpose::Invite).await
}

/// Issues a reset code for a registered member of a lower rank than the viewer. Earlier codes become invalid.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN`, `RANK_TOO_LOW`, also for the viewer's own account; `CONFLICT`, `NOT_REGISTERED` or
/// `MEMBER_INACTIVE`.
pub async fn send_reset_code(accounts: &Accounts, viewer: &Viewer, member: MemberId) -> Result<IssuedCode> {
    issue(accounts, Some(viewer), viewer.guild, member, Purpose::Reset).await
}

/// Issues an invite code for a member, as an operator.
///
/// # Errors
/// `CONFLICT`, `ALREADY_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn invite(accounts: &Accounts, member: &Member) -> Result<IssuedCode> {
    issue(accounts, None, member.guild_id, member.id, Purpose::Invite).await
}

/// Issues a reset code for a member, as an operator.
///
/// # Errors
/// `CONFLICT`, `NOT_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn reset_code(accounts: &Accounts, member: &Member) -> Result<IssuedCode> {
    issue(accounts, None, member.guild_id, member.id, Purpose::Reset).await
}

async fn issue(
    accounts: &Accounts,
    by: Option<&Viewer>,
    guild: GuildId,
    member: MemberId,
    purpose: Purpose,
) -> Result<IssuedCode> {
    let code = password::new_code();
    // Hashed before the transaction, because hashing is slow on purpose.
    let code_hash = accounts.hasher.hash(code.clone()).await?;
    let now = accounts.access.clock.now();
    let expires_at = now
        + match purpose {
            Purpose::Invite => accounts.lifetimes.invite,
            Purpose::Reset => accounts.lifetimes.reset,
        };
    let by = by.cloned();
    let (delivery, text) = (accounts.delivery.start(guild), code.clone());
    let (member, delivery) = accounts
        .access
        .db
        .write(async move |conn| {
            let by = match by {
                Some(by) => Some(by.confirm(conn).await?),
                None => None,
            };
            identity::store::lock_roster_shared(conn, guild).await?;
            let member = identity::store::lock_member(conn, guild, member).await?;
            let member = member.ok_or_else(|| Refusal::not_found("member").at("memberId"))?;
            let (reach, permissions) = match &by {
                Some(by) => {
                    let ladder = check_issuer(conn, by, &member, purpose).await?;
                    (ladder.max_reachable_level(by), by.permissions.to_explicit())
                }
                None => (i64::MAX, Permissions::all().to_explicit()),
            };
            action(purpose).check_state(&member)?;
            let code = OneTimeCode {
                guild_id: guild,
                member_id: member.id,
                purpose,
                issued_hash: Some(code_hash.clone()),
                code_hash,
                expires_at,
                reach,
                permissions,
                issuer_id: by.as_ref().map(|by| by.member),
            };
            store::upsert_code(conn, &code).await?;
            if let Some(delivery) = &delivery {
                let (guild_name, guild_slug) =
                    identity::store::guild(conn, guild).await?.map(|it| (it.name, it.slug)).unwrap_or_default();
                let message = CodeMessage {
                    purpose,
                    guild_name: &guild_name,
                    guild_slug: &guild_slug,
                    member: &member,
                    code: &text,
                    expires_at,
                };
                delivery.enqueue(conn, &message, now).await?;
            }
            let (action, object) = match purpose {
                Purpose::Invite => (Action::MemberInvite, "an invite code"),
                Purpose::Reset => (Action::MemberSendResetCode, "a reset code"),
            };
            let summary = format!("Issued {object} for {}", member.display_name);
            audit::record(conn, guild, by.as_ref(), now, audit::event(action, member.id, summary)).await?;
            Ok((member, delivery))
        })
        .await?;
    let delivery = match delivery {
        None => InviteDelivery::NotConfigured,
        Some(_) if member.discord_id.is_none() => InviteDelivery::NotLinked,
        Some(delivery) => delivery.outcome().await,
    };
    Ok(IssuedCode { code, expires_at, member, delivery })
}

/// Checks that a member may issue a code of this purpose to another member. Returns the guild's ladder.
async fn check_issuer(conn: &mut Conn, by: &Viewer, member: &Member, purpose: Purpose) -> Result<Ladder> {
    let ladder = Ladder::load(conn, by.guild).await?;
    action(purpose).check_actor(by, &ladder, member)?;
    Ok(ladder)
}

/// The action of an officer who issues a code.
const fn action(purpose: Purpose) -> MemberAction {
    match purpose {
        Purpose::Invite => MemberAction::Invite,
        Purpose::Reset => MemberAction::SendResetCode,
    }
}

/// A code that has been verified and not yet redeemed.
#[derive(Clone)]
pub(super) struct VerifiedCode {
    pub(super) member: Member,
    code: OneTimeCode,
}

/// Verifies a member's code. Fails with the same error, after the same time, for a wrong, used or expired code and for
/// another member's.
pub(super) async fn verify(
    accounts: &Accounts,
    guild: GuildId,
    attempt: LoginAttempt,
    username_key: String,
    code: &str,
    purpose: Purpose,
    origin: &Origin,
) -> Result<VerifiedCode> {
    // A text that is no code is no attempt to guess one, so it doesn't count as a failure.
    let code = password::find_code(code).ok_or_else(|| invalid(purpose))?;
    let now = accounts.access.clock.now();
    let found = accounts
        .access
        .db
        .read(async move |conn| {
            let member = identity::store::member_by_username(conn, guild, &username_key).await?;
            let Some(member) = member else { return Ok(None) };
            let Some(code) = store::code(conn, guild, member.id, purpose).await? else { return Ok(None) };
            let is_valid = code.is_valid_for(conn, &member, now).await?;
            Ok(is_valid.then_some(VerifiedCode { member, code }))
        })
        .await?;
    let hash = found.as_ref().map(|it| it.code.code_hash.clone());
    let verified = accounts.hasher.verify(code, hash);
    let verified = origin.presence.while_present(verified).await??;
    match found {
        Some(found) if verified => Ok(found),
        _ => Err(attempt.failed(accounts, invalid(purpose)).await),
    }
}

impl VerifiedCode {
    /// Redeems the code and returns its member, locked. Locks the roster, so that the issuer's rights cannot change
    /// until the transaction ends.
    pub(super) async fn redeem(self, conn: &mut Conn, now: Timestamp) -> Result<Member> {
        let Self { member, code } = self;
        let refusal = || Error::from(invalid(code.purpose));
        identity::store::lock_roster_shared(conn, member.guild_id).await?;
        let member = identity::store::lock_member(conn, member.guild_id, member.id).await?.ok_or_else(refusal)?;
        if !code.is_valid_for(conn, &member, now).await? || !store::consume_code(conn, &code).await? {
            return Err(refusal());
        }
        Ok(member)
    }
}

/// Who issued a stored code.
enum Issuer {
    Operator,
    Member(MemberId),
    /// A server of the release before stored the code without its issuer.
    Unknown,
}

impl OneTimeCode {
    /// Whether the code is valid for this member. It is not if its issuer may no longer issue it: the issuer could use
    /// the code and act as the member.
    async fn is_valid_for(&self, conn: &mut Conn, member: &Member, now: Timestamp) -> Result<bool> {
        if now >= self.expires_at || action(self.purpose).check_state(member).is_err() {
            return Ok(false);
        }
        let issuer = match self.issuer() {
            Issuer::Operator => return Ok(true),
            Issuer::Unknown => return Ok(false),
            Issuer::Member(issuer) => access::store::viewer(conn, self.guild_id, issuer, None, self.expires_at).await?,
        };
        let Some(issuer) = issuer else { return Ok(false) };
        match check_issuer(conn, &issuer, member, self.purpose).await {
            Ok(_) => Ok(true),
            Err(error) if error.refusal().is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn issuer(&self) -> Issuer {
        match self.issuer_id {
            _ if self.issued_hash.as_ref() != Some(&self.code_hash) => Issuer::Unknown,
            Some(member) => Issuer::Member(member),
            None => Issuer::Operator,
        }
    }
}

/// Whether a member's code that expires at this time is still valid: neither used, replaced nor void.
///
/// # Errors
/// A database error.
pub async fn is_code_valid(
    conn: &mut Conn,
    member: &Member,
    purpose: Purpose,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    match store::code(conn, member.guild_id, member.id, purpose).await? {
        Some(code) if code.expires_at == expires_at => code.is_valid_for(conn, member, now).await,
        _ => Ok(false),
    }
}

fn invalid(purpose: Purpose) -> Refusal {
    let (field, message) = match purpose {
        Purpose::Invite => ("inviteCode", "The invite code is not valid for this Discord username."),
        Purpose::Reset => ("resetCode", "The reset code is not valid for this Discord username."),
    };
    Refusal::input(field, message).because("INVALID_CODE")
}
