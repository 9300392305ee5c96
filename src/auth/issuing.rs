//! Issues one-time codes: one, or many in one transaction.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    codes::{action, check_issuer_permission},
    delivery::{CodeMessage, InviteDelivery},
    password,
    service::Accounts,
    store::{self, OneTimeCode, Purpose},
};
use crate::{
    access::{Permissions, Viewer},
    audit::{self, Action},
    identity::{self, Ladder, Member},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::{GuildId, MemberId},
        input::InputCheck,
    },
};

/// The input field of a single member.
const MEMBER_ID: &str = "memberId";

/// Maximum number of codes of one request that are hashed at once, so that members can sign in meanwhile.
const CONCURRENT_HASHES: usize = 2;

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
    issue_one(accounts, Some(viewer), viewer.guild, member, Purpose::Invite).await
}

/// Issues an invite code for each of these members, who must differ, or says why not, in the same order. Waits for the
/// deliveries together.
///
/// # Errors
/// `NOT_FOUND` for unknown members; `FORBIDDEN` (`PERMISSION_REQUIRED`); `RATE_LIMITED` if too many requests wait for a
/// hash.
pub async fn send_invites(
    accounts: &Accounts,
    viewer: &Viewer,
    members: Vec<MemberId>,
) -> Result<Vec<Result<IssuedCode, Refusal>>> {
    issue(accounts, Some(viewer), viewer.guild, members, Purpose::Invite, |index| format!("memberIds[{index}]")).await
}

/// Issues a reset code for a registered member of a lower rank than the viewer. Earlier codes become invalid.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN`, `RANK_TOO_LOW`, also for the viewer's own account; `CONFLICT`, `NOT_REGISTERED` or
/// `MEMBER_INACTIVE`.
pub async fn send_reset_code(accounts: &Accounts, viewer: &Viewer, member: MemberId) -> Result<IssuedCode> {
    issue_one(accounts, Some(viewer), viewer.guild, member, Purpose::Reset).await
}

/// Issues an invite code for a member, as an operator.
///
/// # Errors
/// `CONFLICT`, `ALREADY_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn invite(accounts: &Accounts, member: &Member) -> Result<IssuedCode> {
    issue_one(accounts, None, member.guild_id, member.id, Purpose::Invite).await
}

/// Issues a reset code for a member, as an operator.
///
/// # Errors
/// `CONFLICT`, `NOT_REGISTERED` or `MEMBER_INACTIVE`.
pub async fn reset_code(accounts: &Accounts, member: &Member) -> Result<IssuedCode> {
    issue_one(accounts, None, member.guild_id, member.id, Purpose::Reset).await
}

async fn issue_one(
    accounts: &Accounts,
    by: Option<&Viewer>,
    guild: GuildId,
    member: MemberId,
    purpose: Purpose,
) -> Result<IssuedCode> {
    let issued = issue(accounts, by, guild, vec![member], purpose, |_| MEMBER_ID.to_owned()).await?.pop();
    Ok(issued.ok_or_else(|| unknown_member(MEMBER_ID.to_owned()))??)
}

async fn issue(
    accounts: &Accounts,
    by: Option<&Viewer>,
    guild: GuildId,
    members: Vec<MemberId>,
    purpose: Purpose,
    field: fn(usize) -> String,
) -> Result<Vec<Result<IssuedCode, Refusal>>> {
    let codes: Vec<String> = members.iter().map(|_| password::new_code()).collect();
    // Hashed before the transaction, because hashing is slow on purpose.
    let hashes = stream::iter(codes.clone()).map(|code| accounts.hasher.hash(code)).buffered(CONCURRENT_HASHES);
    let hashes: Vec<String> = hashes.try_collect().await?;
    let now = accounts.access.clock.now();
    let expires_at = now
        + match purpose {
            Purpose::Invite => accounts.lifetimes.invite,
            Purpose::Reset => accounts.lifetimes.reset,
        };
    let (by, texts) = (by.cloned(), codes.clone());
    let deliveries = accounts.delivery.start(guild, codes.len());
    let (checked, deliveries) = accounts
        .access
        .db
        .write(async move |conn| {
            let by = match by {
                Some(by) => Some(by.confirm(conn).await?),
                None => None,
            };
            if let Some(by) = &by {
                check_issuer_permission(by, purpose)?;
            }
            identity::store::lock_roster_shared(conn, guild).await?;
            let ladder = Ladder::load(conn, guild).await?;
            let found = identity::store::lock_members(conn, guild, &members).await?;
            let found: HashMap<MemberId, Member> = found.into_iter().map(|member| (member.id, member)).collect();
            check_known(&members, &found, field)?;
            let check = |id: &MemberId| -> Result<Member, Refusal> {
                let member = found.get(id).ok_or_else(|| unknown_member(MEMBER_ID.to_owned()))?;
                if let Some(by) = &by {
                    action(purpose).check_actor(by, &ladder, member)?;
                }
                action(purpose).check_state(member)?;
                Ok(member.clone())
            };
            let checked: Vec<Result<Member, Refusal>> = members.iter().map(check).collect();
            if checked.iter().all(Result::is_err) {
                return Ok((checked, None));
            }
            let (reach, permissions) = match &by {
                Some(by) => (ladder.max_reachable_level(by), by.permissions.to_explicit()),
                None => (i64::MAX, Permissions::all().to_explicit()),
            };
            let numbered = checked.iter().zip(&hashes).zip(&texts).enumerate();
            let accepted = numbered.filter_map(|(number, ((member, hash), text))| {
                let member = member.as_ref().ok()?;
                Some((number, member, hash, text))
            });
            let accepted: Vec<(usize, &Member, &String, &String)> = accepted.collect();
            let rows = accepted.iter().map(|(_, member, hash, _)| OneTimeCode {
                guild_id: guild,
                member_id: member.id,
                purpose,
                code_hash: (*hash).clone(),
                expires_at,
                reach,
                permissions: permissions.clone(),
                issuer_id: by.as_ref().map(|by| by.member),
                issued_hash: Some((*hash).clone()),
                issued_at: Some(now),
            });
            store::replace_codes(conn, guild, purpose, rows.collect()).await?;
            if let Some(deliveries) = &deliveries {
                let (guild_name, guild_slug) =
                    identity::store::guild(conn, guild).await?.map(|it| (it.name, it.slug)).unwrap_or_default();
                let messages = accepted.iter().map(|(number, member, _, code)| CodeMessage {
                    number: *number,
                    guild_name: &guild_name,
                    guild_slug: &guild_slug,
                    member,
                    code,
                    expires_at,
                });
                deliveries.enqueue(conn, purpose, messages.collect(), now).await?;
            }
            let (action, object) = match purpose {
                Purpose::Invite => (Action::MemberInvite, "an invite code"),
                Purpose::Reset => (Action::MemberSendResetCode, "a reset code"),
            };
            let events = accepted.iter().map(|(_, member, ..)| {
                audit::event(action, member.id, format!("Issued {object} for {}", member.display_name))
            });
            audit::record_all(conn, guild, by.as_ref(), now, events.collect()).await?;
            Ok((checked, deliveries))
        })
        .await?;
    let has_address = |member: &Result<Member, Refusal>| member.as_ref().is_ok_and(|it| it.discord_id.is_some());
    let awaited: Vec<usize> =
        checked.iter().enumerate().filter(|(_, member)| has_address(member)).map(|(number, _)| number).collect();
    let (unaddressed, outcomes) = match deliveries {
        None => (InviteDelivery::NotConfigured, HashMap::new()),
        Some(deliveries) => (InviteDelivery::NotLinked, deliveries.outcomes(awaited).await),
    };
    let issued = checked.into_iter().zip(codes).enumerate().map(|(number, (member, code))| {
        let delivery = outcomes.get(&number).copied().unwrap_or(unaddressed);
        member.map(|member| IssuedCode { code, expires_at, member, delivery })
    });
    Ok(issued.collect())
}

/// Refuses ids of members who don't exist.
fn check_known(
    members: &[MemberId],
    found: &HashMap<MemberId, Member>,
    field: fn(usize) -> String,
) -> Result<(), Refusal> {
    InputCheck::run(|check| {
        for (index, id) in members.iter().enumerate() {
            if !found.contains_key(id) {
                check.refuse(unknown_member(field(index)));
            }
        }
    })
}

fn unknown_member(field: String) -> Refusal {
    Refusal::not_found("member").at(field)
}
