//! One-time codes: they register an account or reset its password. Verifies and redeems them.

use super::{
    attempts::LoginAttempt,
    password,
    service::Accounts,
    store::{self, OneTimeCode, Purpose},
};
use crate::{
    access::{self, Viewer},
    db::Conn,
    engine::Origin,
    identity::{self, Ladder, Member, MemberAction, SEND_INVITE, SEND_RESET_CODE},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{GuildId, MemberId},
    },
};

/// Checks that a member may issue codes of this purpose to anyone.
pub(super) fn check_issuer_permission(by: &Viewer, purpose: Purpose) -> Result<(), Refusal> {
    by.require(match purpose {
        Purpose::Invite => SEND_INVITE,
        Purpose::Reset => SEND_RESET_CODE,
    })
}

/// The action of an officer who issues a code.
pub(super) const fn action(purpose: Purpose) -> MemberAction {
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
    /// Reads the issuer's rights, and returns whether the code is valid for this member.
    async fn is_valid_for(&self, conn: &mut Conn, member: &Member, now: Timestamp) -> Result<bool> {
        let issuer = match self.issuer() {
            Issuer::Member(issuer) => access::store::viewer(conn, self.guild_id, issuer, None, self.expires_at).await?,
            Issuer::Operator | Issuer::Unknown => None,
        };
        let ladder = Ladder::load(conn, self.guild_id).await?;
        Ok(is_valid(self, member, issuer.as_ref(), &ladder, now))
    }

    fn issuer(&self) -> Issuer {
        match self.issuer_id {
            _ if self.issued_hash.as_ref() != Some(&self.code_hash) => Issuer::Unknown,
            Some(member) => Issuer::Member(member),
            None => Issuer::Operator,
        }
    }
}

/// Whether a code is valid for this member. It is not if its issuer, a member with these rights, may no longer issue it:
/// the issuer could use the code and act as the member.
pub(super) fn is_valid(
    code: &OneTimeCode,
    member: &Member,
    issuer: Option<&Viewer>,
    ladder: &Ladder,
    now: Timestamp,
) -> bool {
    let action = action(code.purpose);
    let may_issue = match code.issuer() {
        Issuer::Operator => true,
        Issuer::Unknown => false,
        Issuer::Member(_) => issuer.is_some_and(|issuer| action.check_actor(issuer, ladder, member).is_ok()),
    };
    may_issue && now < code.expires_at && action.check_state(member).is_ok()
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
