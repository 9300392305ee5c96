//! The viewer: the member behind a request's token.

use super::permission::{Permission, Permissions};
use crate::kernel::{
    clock::Timestamp,
    error::{Code, Refusal},
    id::{GuildId, MemberId, RankId, SessionId},
};

/// A member of a request's guild, as they are when the request is made.
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
    /// What their rank allows.
    pub permissions: Permissions,
    /// Whether they have an account. An operator can mint a token for a member who has none.
    pub is_registered: bool,
    /// The session of their token; none for an operator's token.
    pub session: Option<SessionId>,
    /// Their credentials version. A token with another one is void.
    pub credentials_version: i64,
    /// When their token expires.
    pub token_expires_at: Timestamp,
}

impl Viewer {
    /// Whether their rank grants this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Refuses viewers whose rank doesn't grant this permission.
    ///
    /// # Errors
    /// `FORBIDDEN`, `PERMISSION_REQUIRED`.
    pub fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if self.may(permission) {
            return Ok(());
        }
        Err(Refusal::new(Code::Forbidden, format!("This needs the permission {permission}."))
            .because("PERMISSION_REQUIRED"))
    }
}

/// The refusal of a token that is not valid for the request.
pub fn invalid_token() -> Refusal {
    Refusal::new(Code::Unauthenticated, "The access token is not valid here.").because("INVALID_TOKEN")
}
