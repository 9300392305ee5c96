//! Invite codes that members can redeem now: shown to officers, without the code, and revoked by them.

use std::collections::{BTreeSet, HashMap};

use super::{
    codes::is_valid,
    service::Accounts,
    store::{self, Purpose},
};
use crate::{
    access::{self, Viewer},
    audit::{self, Action},
    db::Conn,
    identity::{self, Ladder, Member, MemberAction},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::{GuildId, MemberId},
    },
    outbox::{self, MessageKind},
};

/// An invite code that its member can redeem, without the code.
#[derive(Clone, Debug)]
pub struct OpenInvite {
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Who issued it; `None` for an operator.
    pub created_by: Option<MemberId>,
}

/// The open invites of these members.
///
/// # Errors
/// A database error.
pub async fn open_invites(
    conn: &mut Conn,
    guild: GuildId,
    members: &[MemberId],
    now: Timestamp,
) -> Result<HashMap<MemberId, OpenInvite>> {
    let codes = store::codes_of(conn, guild, members, Purpose::Invite).await?;
    if codes.is_empty() {
        return Ok(HashMap::new());
    }
    let invited: Vec<MemberId> = codes.iter().map(|code| code.member_id).collect();
    let invited = identity::store::members_by_id(conn, guild, &invited).await?;
    let invited: HashMap<MemberId, Member> = invited.into_iter().map(|member| (member.id, member)).collect();
    // Few members invite the others.
    let issuer_ids: BTreeSet<MemberId> = codes.iter().filter_map(|code| code.issuer_id).collect();
    let mut issuers: HashMap<MemberId, Viewer> = HashMap::new();
    for id in issuer_ids {
        if let Some(issuer) = access::store::viewer(conn, guild, id, None, now).await? {
            issuers.insert(id, issuer);
        }
    }
    let ladder = Ladder::load(conn, guild).await?;
    let open = codes.into_iter().filter_map(|code| {
        let member = invited.get(&code.member_id)?;
        let issuer = code.issuer_id.and_then(|id| issuers.get(&id));
        is_valid(&code, member, issuer, &ladder, now).then(|| {
            let (created_at, expires_at, created_by) = (code.issued_at, code.expires_at, code.issuer_id);
            (code.member_id, OpenInvite { created_at: created_at.unwrap_or(now), expires_at, created_by })
        })
    });
    Ok(open.collect())
}

/// Revokes the open invite of a member below the viewer.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`RANK_TOO_LOW`); `CONFLICT` (`NOT_INVITED`).
pub async fn revoke_invite(accounts: &Accounts, viewer: &Viewer, member: MemberId) -> Result<Member> {
    let (guild, actor, now) = (viewer.guild, viewer.clone(), accounts.access.clock.now());
    accounts
        .access
        .db
        .write(async move |conn| {
            let actor = actor.confirm(conn).await?;
            actor.require(identity::SEND_INVITE)?;
            identity::store::lock_roster_shared(conn, guild).await?;
            let member = identity::store::lock_member(conn, guild, member).await?;
            let member = member.ok_or_else(|| Refusal::not_found("member").at("memberId"))?;
            let ladder = Ladder::load(conn, guild).await?;
            MemberAction::RevokeInvite.check(&actor, &ladder, &member)?;
            // Also a code that is void while its issuer may not invite: it would be valid again with their rights.
            let codes = store::codes_of(conn, guild, &[member.id], Purpose::Invite).await?;
            if codes.iter().all(|code| code.expires_at <= now) {
                let message = format!("{} has no open invite.", member.display_name);
                return Err(Refusal::conflict("NOT_INVITED", message).into());
            }
            store::delete_codes(conn, guild, &[member.id], Purpose::Invite).await?;
            outbox::store::delete_messages_to(conn, guild, &[member.id], MessageKind::Invite).await?;
            let summary = format!("Revoked the invite code of {}", member.display_name);
            let event = audit::event(Action::MemberRevokeInvite, member.id, summary);
            audit::record(conn, guild, Some(&actor), now, event).await?;
            Ok(member)
        })
        .await
}
