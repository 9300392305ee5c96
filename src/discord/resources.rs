//! The resources of Discord's REST API that the server reads.

use serde::Deserialize;
use serenity::all::{Permissions, UserId};

/// A member of a Discord server.
#[derive(Clone, Debug, Deserialize)]
pub struct ServerMember {
    /// The user.
    pub user: User,
    /// Their name in this server.
    #[serde(default)]
    pub nick: Option<String>,
    /// The ids of their roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Whether they have not yet passed the server's membership screening.
    #[serde(default)]
    pub pending: bool,
}

impl ServerMember {
    /// The user's id, in serenity's type.
    pub fn id(&self) -> Option<UserId> {
        super::rows::snowflake(&self.user.id).map(UserId::new)
    }
}

/// A role of a Discord server.
#[derive(Clone, Debug, Deserialize)]
pub struct Role {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its position among the server's roles. Higher roles are shown first.
    #[serde(default)]
    pub position: i64,
    /// Its colour; 0 for none.
    #[serde(default)]
    pub color: u32,
    /// Whether an integration manages it, so that nobody can give it to a member.
    #[serde(default)]
    pub managed: bool,
    /// What it permits in channels without overwrites.
    #[serde(default = "Permissions::empty")]
    pub permissions: Permissions,
}

/// A Discord server.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    /// Its id, which is also the id of its role `@everyone`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of the user who owns it.
    #[serde(default)]
    pub owner_id: String,
    /// Its roles.
    #[serde(default)]
    pub roles: Vec<Role>,
}

/// A channel of a Discord server, or a category of channels.
#[derive(Clone, Debug, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its position within its category.
    #[serde(default)]
    pub position: i64,
    /// The id of its category, if it is in one.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// Who may do more or less in it than elsewhere.
    #[serde(default)]
    pub permission_overwrites: Vec<PermissionOverwrite>,
}

/// What a role or a member may do in a channel, beside what they may do elsewhere.
#[derive(Clone, Debug, Deserialize)]
pub struct PermissionOverwrite {
    /// The id of the role or the member.
    pub id: String,
    /// 0 for a role, 1 for a member.
    #[serde(rename = "type")]
    pub kind: u8,
    /// What they may do.
    #[serde(default = "Permissions::empty")]
    pub allow: Permissions,
    /// What they may not do.
    #[serde(default = "Permissions::empty")]
    pub deny: Permissions,
}

/// A user of Discord.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// Their id.
    pub id: String,
    /// Their username.
    pub username: String,
    /// Their display name.
    #[serde(default)]
    pub global_name: Option<String>,
    /// Whether the user is a bot.
    #[serde(default)]
    pub bot: bool,
}

/// The gateway's address, and the number of connections that it recommends.
#[derive(Clone, Debug, Deserialize)]
pub struct Gateway {
    /// Its address.
    pub url: String,
    /// The recommended number of shards.
    #[serde(default = "one_shard")]
    pub shards: u32,
    /// The remaining session starts.
    #[serde(default)]
    pub session_start_limit: Option<SessionStartLimit>,
}

/// The limit of session starts. Discord resets the token of a bot that exceeds it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SessionStartLimit {
    /// Remaining starts in the current period.
    pub remaining: u64,
    /// Time until the next period, in milliseconds.
    #[serde(default)]
    pub reset_after: u64,
}

const fn one_shard() -> u32 {
    1
}
