//! The resources of Discord's REST API that the server reads.

use serde::Deserialize;
use serenity::all::UserId;

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
