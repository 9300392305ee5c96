//! Invite and reset codes in the schema.

use std::{collections::HashSet, sync::Arc};

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{context::RequestContext, identity::MemberPayload},
    auth::{InviteDelivery, IssuedCode, OpenInvite, revoke_invite, send_invite, send_invites, send_reset_code},
    identity::{self, Member},
    kernel::{
        error::{Refusal, Result},
        id::MemberId,
        input::InputCheck,
    },
};

/// Maximum number of members whom one mutation invites.
const MAX_INVITES: usize = 100;

/// A new invite code.
#[derive(SimpleObject)]
struct InvitePayload {
    /// The code. Only this response shows it, because the server stores only a hash.
    code: String,
    /// Time at which the code expires.
    expires_at: DateTime<Utc>,
    /// The member to whom the code was issued.
    member: Member,
    /// Whether and how the code was delivered to the member.
    delivery: InviteDelivery,
}

/// A new password reset code.
#[derive(SimpleObject)]
struct ResetCodePayload {
    /// The code. Only this response shows it, because the server stores only a hash.
    code: String,
    /// Time at which the code expires.
    expires_at: DateTime<Utc>,
    /// The member to whom the code was issued.
    member: Member,
    /// Whether and how the code was delivered to the member.
    delivery: InviteDelivery,
}

impl From<IssuedCode> for InvitePayload {
    fn from(IssuedCode { code, expires_at, member, delivery }: IssuedCode) -> Self {
        Self { code, expires_at: expires_at.and_utc(), member, delivery }
    }
}

/// The members to invite.
#[derive(InputObject)]
struct SendInvitesInput {
    /// Ids of 1 to 100 different members.
    member_ids: Vec<ID>,
}

/// The new invite codes, and the members who got none.
#[derive(SimpleObject)]
struct SendInvitesPayload {
    /// The issued codes, in the order of the input.
    invites: Vec<InvitePayload>,
    /// The members who could not be invited, in the order of the input.
    refusals: Vec<InviteRefusal>,
}

/// A member who could not be invited.
#[derive(SimpleObject)]
struct InviteRefusal {
    /// Id of the member, as in the input.
    member_id: ID,
    /// Reason as in the error of `sendInvite`.
    reason: String,
    /// Description of the reason for the user.
    message: String,
}

/// An invite code that its member can redeem now. The code itself is shown only when it is issued.
#[Object]
impl OpenInvite {
    /// Time at which the code was issued.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// Time at which the code expires.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at.and_utc()
    }

    /// The member who issued the code; `null` if an operator did.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match self.created_by {
            Some(member) => RequestContext::of(ctx).member(member).await,
            None => Ok(None),
        }
    }
}

/// Mutations of invite and reset codes.
#[derive(Default)]
pub struct CodeMutation;

#[guarded(mutations)]
#[Object]
impl CodeMutation {
    /// Issues an invite code to a member below the viewer's rank. Earlier codes of the member become invalid. The code
    /// is not accepted while the viewer could not issue it, such as after a demotion.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `ALREADY_REGISTERED`, `MEMBER_INACTIVE`.
    #[requires_permission(identity::SEND_INVITE)]
    async fn send_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member to invite.")] member_id: ID,
    ) -> Result<InvitePayload> {
        let context = RequestContext::of(ctx);
        let member = MemberId::from_input(&member_id);
        Ok(send_invite(&context.app.accounts, &*context.signed_in()?, member).await?.into())
    }

    /// Issues invite codes to up to 100 members below the viewer's rank, as `sendInvite` does. Those who cannot be
    /// invited are in `refusals`, and the others get their codes. The mutation waits for direct messages for at most two
    /// seconds in all. An unknown id is `NOT_FOUND`, and then no one is invited.
    #[requires_permission(identity::SEND_INVITE)]
    async fn send_invites(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Members to invite.")] input: SendInvitesInput,
    ) -> Result<SendInvitesPayload> {
        let context = RequestContext::of(ctx);
        let members = checked_members(&input.member_ids)?;
        let issued = send_invites(&context.app.accounts, &*context.signed_in()?, members).await?;
        let mut payload = SendInvitesPayload { invites: Vec::new(), refusals: Vec::new() };
        for (member_id, issued) in input.member_ids.into_iter().zip(issued) {
            match issued {
                Ok(issued) => payload.invites.push(issued.into()),
                Err(refusal) => payload.refusals.push(InviteRefusal {
                    member_id,
                    reason: refusal.reason.unwrap_or_else(|| refusal.code.as_str()).to_owned(),
                    message: refusal.message.into_owned(),
                }),
            }
        }
        Ok(payload)
    }

    /// Revokes the open invite of a member below the viewer's rank. Its code is no longer accepted.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NOT_INVITED`.
    #[requires_permission(identity::SEND_INVITE)]
    async fn revoke_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member.")] member_id: ID,
    ) -> Result<MemberPayload> {
        let context = RequestContext::of(ctx);
        let member = MemberId::from_input(&member_id);
        Ok(MemberPayload { member: revoke_invite(&context.app.accounts, &*context.signed_in()?, member).await? })
    }

    /// Issues a password reset code to a registered member below the viewer's rank, never to the viewer. Earlier codes
    /// of the member become invalid. The code is not accepted while the viewer could not issue it, such as after a
    /// demotion.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NOT_REGISTERED`, `MEMBER_INACTIVE`.
    #[requires_permission(identity::SEND_RESET_CODE)]
    async fn send_reset_code(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member whose password is to be reset.")] member_id: ID,
    ) -> Result<ResetCodePayload> {
        let context = RequestContext::of(ctx);
        let member = MemberId::from_input(&member_id);
        let issued = send_reset_code(&context.app.accounts, &*context.signed_in()?, member).await?;
        let IssuedCode { code, expires_at, member, delivery } = issued;
        Ok(ResetCodePayload { code, expires_at: expires_at.and_utc(), member, delivery })
    }
}

/// Checks the number of members, and that they differ: a second code of a member would void the first.
fn checked_members(ids: &[ID]) -> Result<Vec<MemberId>, Refusal> {
    if !(1..=MAX_INVITES).contains(&ids.len()) {
        return Err(Refusal::input("memberIds", format!("memberIds must have 1 to {MAX_INVITES} items.")));
    }
    let mut seen = HashSet::new();
    InputCheck::run(|check| {
        for (index, id) in ids.iter().enumerate() {
            if !seen.insert(id) {
                let message = "memberIds names this member twice.";
                check.refuse(Refusal::input(format!("memberIds[{index}]"), message));
            }
        }
        ids.iter().map(MemberId::from_input).collect()
    })
}
