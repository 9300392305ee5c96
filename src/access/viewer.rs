//! The viewer: the member behind a request's token.

use super::permission::{Permission, Permissions};
use crate::kernel::{
    clock::Timestamp,
    error::{Code, Refusal},
    id::{GuildId, MemberId, RankId, SessionId},
};

/// A member of the request's guild, with the rights they have at the time of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Their guild.
    pub guild: GuildId,
    /// The member.
    pub member: MemberId,
    /// Their rank.
    pub rank: RankId,
    /// Their rank's name.
    pub rank_name: String,
    /// Their rank's level.
    pub rank_level: i64,
    /// The version of the guild's ladder that the level is from. Only levels and bounds of the same version can be
    /// compared.
    pub ladder_version: i64,
    /// Their rank's permissions.
    pub permissions: Permissions,
    /// Whether they have an account. An operator can issue a token for a member without one.
    pub is_registered: bool,
    /// The session of their token; `None` for an operator's token.
    pub session: Option<SessionId>,
    /// Their credentials version. A token with another version is invalid.
    pub credentials_version: i64,
    /// When their token expires.
    pub token_expires_at: Timestamp,
}

impl Viewer {
    /// Whether their rank grants this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Checks that their rank grants this permission.
    ///
    /// # Errors
    /// `FORBIDDEN` (`PERMISSION_REQUIRED`).
    pub fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if self.may(permission) {
            return Ok(());
        }
        Err(Refusal::new(Code::Forbidden, format!("This needs the permission {permission}."))
            .because("PERMISSION_REQUIRED"))
    }
}

/// The refusal of an access token that is not valid for the request.
pub fn invalid_token() -> Refusal {
    Refusal::new(Code::Unauthenticated, "The access token is not valid here.").because("INVALID_TOKEN")
}
