//! Actions on members and ranks: the rules that mutations check, and by which `viewerActions` lists them.

use strum::VariantArray;

use super::{
    policy::{Ladder, MANAGE_MEMBERS, MANAGE_RANKS, check_leader_remains},
    rows::{LeaderCounts, Member, Rank},
};
use crate::{
    access::{Permission, Viewer},
    kernel::error::{Refusal, Result},
};

/// The permission for invite codes.
pub const SEND_INVITE: Permission = Permission::MembersInvite;
/// The permission for reset codes.
pub const SEND_RESET_CODE: Permission = MANAGE_MEMBERS;

/// An action of an officer on a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum, VariantArray)]
pub enum MemberAction {
    /// Change the member's names and Discord id with `updateMember`. All members can change their own display name with
    /// `updateMe`.
    Edit,
    /// Give the member another rank with `updateMember`. `Rank.viewerActions` says which ranks.
    SetRank,
    /// Deactivate the member with `updateMember`.
    Deactivate,
    /// Reactivate the member with `updateMember`.
    Reactivate,
    /// Issue an invite code to the member with `sendInvite` or `sendInvites`.
    Invite,
    /// Revoke the member's open invite with `revokeInvite`.
    RevokeInvite,
    /// Issue a password reset code to the member with `sendResetCode`.
    SendResetCode,
    /// Create, change and delete characters of the member. All members can edit their own.
    EditCharacters,
    /// Delete the member, who never registered, with `deleteMember`.
    Delete,
    /// Erase the member's personal data with `eraseMember`.
    Erase,
}

impl MemberAction {
    /// Checks that this officer can do this with the member, as far as the member's row says. Revoking an invite also needs
    /// an open one, and deleting a member that no vote is about them.
    ///
    /// # Errors
    /// Those of [`MemberAction::check_actor`] and [`MemberAction::check_state`].
    pub fn check(self, actor: &Viewer, ladder: &Ladder, member: &Member) -> Result<(), Refusal> {
        self.check_actor(actor, ladder, member)?;
        self.check_state(member)
    }

    /// Checks that this officer has the permission, and the rank for this member.
    ///
    /// # Errors
    /// `FORBIDDEN` (`PERMISSION_REQUIRED`, `RANK_TOO_LOW`).
    pub fn check_actor(self, actor: &Viewer, ladder: &Ladder, member: &Member) -> Result<(), Refusal> {
        let is_own = actor.member == member.id;
        let permission = match self {
            Self::EditCharacters if is_own => return Ok(()),
            Self::Invite | Self::RevokeInvite => SEND_INVITE,
            Self::SendResetCode => SEND_RESET_CODE,
            _ => MANAGE_MEMBERS,
        };
        actor.require(permission)?;
        match self {
            // With a stolen access token, a thief could replace the password without knowing it.
            Self::SendResetCode if is_own => {
                let message = "You cannot send a reset code to yourself. Change your password instead.";
                return Err(Refusal::rank_too_low(message));
            }
            Self::Delete | Self::Erase if is_own => {
                let message = "You cannot delete or erase yourself. Ask another member or an operator.";
                return Err(Refusal::rank_too_low(message));
            }
            _ => {}
        }
        ladder.check_reach(actor, member.rank_level)?;
        match self {
            // Someone with the code can act as the member, so the issuer must be able to grant the member's rank.
            Self::Invite | Self::SendResetCode => ladder.check_grant(actor, None, member.rank_id),
            _ => Ok(()),
        }
    }

    /// Checks that the member's row allows this.
    ///
    /// # Errors
    /// `CONFLICT` (`MEMBER_ERASED`, `ALREADY_REGISTERED`, `NOT_REGISTERED`, `MEMBER_INACTIVE`).
    pub fn check_state(self, member: &Member) -> Result<(), Refusal> {
        let name = &member.display_name;
        match self {
            Self::Erase | Self::RevokeInvite => Ok(()),
            Self::Delete if member.registered_at.is_some() => {
                let message = format!("{name} has an account. Deactivate the member, or erase the member's data.");
                Err(Refusal::conflict("ALREADY_REGISTERED", message))
            }
            Self::Edit | Self::SetRank | Self::Deactivate | Self::Reactivate | Self::EditCharacters | Self::Delete => {
                match member.erased_at {
                    Some(_) => Err(Refusal::conflict("MEMBER_ERASED", "The data of this member was erased.")),
                    None => Ok(()),
                }
            }
            Self::Invite if member.registered_at.is_some() => {
                let is_inactive = if member.is_active { "" } else { ", and is deactivated" };
                Err(Refusal::conflict("ALREADY_REGISTERED", format!("{name} is registered already{is_inactive}.")))
            }
            Self::SendResetCode if member.registered_at.is_none() => {
                Err(Refusal::conflict("NOT_REGISTERED", format!("{name} has no account yet.")))
            }
            Self::Invite | Self::SendResetCode if !member.is_active => {
                Err(Refusal::conflict("MEMBER_INACTIVE", format!("{name} is not active.")))
            }
            Self::Invite | Self::SendResetCode => Ok(()),
        }
    }

    /// Whether this would change anything about the member.
    fn has_effect(self, actor: &Viewer, ladder: &Ladder, member: &Member) -> bool {
        match self {
            Self::SetRank => {
                let mut others = ladder.ranks().filter(|rank| rank.id != member.rank_id);
                others.any(|rank| ladder.check_assignment(actor, Some(member.rank_id), rank).is_ok())
            }
            Self::Deactivate => member.is_active,
            Self::Reactivate => !member.is_active,
            Self::Erase => member.erased_at.is_none(),
            _ => true,
        }
    }

    /// Whether this can take a leader from the guild.
    const fn can_remove_leader(self) -> bool {
        matches!(self, Self::SetRank | Self::Deactivate | Self::Delete | Self::Erase)
    }
}

/// The actions that this officer can take on the member. `leaders` are needed only for a member of the highest rank.
pub fn member_actions(
    actor: &Viewer,
    ladder: &Ladder,
    member: &Member,
    leaders: Option<LeaderCounts>,
) -> Vec<MemberAction> {
    let leader_remains = leaders.is_none_or(|it| check_leader_remains(it, it.without(member)).is_ok());
    let actions = MemberAction::VARIANTS.iter().copied();
    let allowed = actions.filter(|action| {
        action.check(actor, ladder, member).is_ok()
            && action.has_effect(actor, ladder, member)
            && (leader_remains || !action.can_remove_leader())
    });
    allowed.collect()
}

/// An action of an officer on a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum, VariantArray)]
pub enum RankAction {
    /// Change the rank with `updateRank` or `setRankLevels`.
    Edit,
    /// Delete the rank with `deleteRank`.
    Delete,
    /// Give the rank to new members, and to members below the viewer's rank. Members who already have the permissions
    /// that the viewer lacks can be given the rank without this.
    Assign,
}

impl RankAction {
    /// Checks that this officer has the permission, and the rank for this.
    ///
    /// # Errors
    /// `FORBIDDEN` (`PERMISSION_REQUIRED`, `RANK_TOO_LOW`).
    pub fn check(self, actor: &Viewer, ladder: &Ladder, rank: &Rank) -> Result<(), Refusal> {
        match self {
            Self::Edit => {
                actor.require(MANAGE_RANKS)?;
                ladder.check_rank(actor, Some(rank), rank, ladder)
            }
            Self::Delete => {
                actor.require(MANAGE_RANKS)?;
                ladder.check_below(actor, rank)
            }
            Self::Assign => {
                actor.require(MANAGE_MEMBERS)?;
                ladder.check_assignment(actor, None, rank)
            }
        }
    }
}

/// The actions that this officer can take on the rank. `is_held` says whether any member holds it, active or not.
pub fn rank_actions(actor: &Viewer, ladder: &Ladder, rank: &Rank, is_held: bool) -> Vec<RankAction> {
    let actions = RankAction::VARIANTS.iter().copied();
    let allowed = actions
        .filter(|action| action.check(actor, ladder, rank).is_ok() && !(is_held && *action == RankAction::Delete));
    allowed.collect()
}
