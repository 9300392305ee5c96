//! What is stored of a guild's Discord.

use diesel::prelude::*;
use serenity::all::{ChannelId, GuildId as ServerId, UserId};

use crate::{
    db::{
        schema::{discord_keeper, discord_links},
        text_enum, wide_row,
    },
    kernel::{
        clock::Timestamp,
        id::{GuildId, RankId},
        unknown_values,
    },
};

text_enum! {
    /// How the bot stands with Discord.
    pub enum DiscordConnection {
        /// There is no bot: this deployment has no token for one.
        Off,
        /// It is about to connect, or to connect again.
        Connecting,
        /// It is connected.
        Connected,
        /// Discord does not let it in: the token is not valid, or the Server Members Intent is not switched on.
        Refused,
    }
}

/// A guild's Discord server, and how the bot is to behave there.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = discord_links, primary_key(guild_id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Link {
    pub guild_id: GuildId,
    pub server_id: String,
    pub channel_id: Option<String>,
    pub campaign_url: Option<String>,
    pub color: i64,
    pub thumbnail_url: Option<String>,
    pub newcomer_rank_id: Option<RankId>,
    pub sync_minutes: i64,
    pub next_sync_at: Timestamp,
    pub synced_at: Option<Timestamp>,
    pub report: Option<String>,
    pub problem: Option<String>,
}

wide_row!(Link, discord_links);

impl Link {
    /// The server, as serenity has it.
    pub fn server(&self) -> Option<ServerId> {
        snowflake(&self.server_id).map(ServerId::new)
    }
}

/// Where a message goes; what goes to the same place arrives in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A channel of a server.
    Channel(ChannelId),
    /// A user, by direct message.
    User(UserId),
}

impl Lane {
    /// The channel of this id, as the database and clients have it.
    pub fn channel(id: &str) -> Option<Self> {
        snowflake(id).map(|id| Self::Channel(ChannelId::new(id)))
    }

    /// The user of this id, as the database and clients have it.
    pub fn user(id: &str) -> Option<Self> {
        snowflake(id).map(|id| Self::User(UserId::new(id)))
    }

    /// As it is written of a guild: nobody waits for another guild's messages.
    pub fn written(self, guild: GuildId) -> String {
        match self {
            Self::Channel(id) => format!("{}/channel/{id}", guild.0),
            Self::User(id) => format!("{}/user/{id}", guild.0),
        }
    }

    /// As it was written.
    pub fn read(lane: &str) -> Option<Self> {
        let (_, lane) = lane.split_once('/')?;
        match lane.split_once('/')? {
            ("channel", id) => Self::channel(id),
            ("user", id) => Self::user(id),
            _ => None,
        }
    }
}

/// One of Discord's ids; none is 0.
pub(super) fn snowflake(id: &str) -> Option<u64> {
    id.parse().ok().filter(|id| (1..u64::MAX).contains(id))
}

/// Which server keeps the connection to Discord, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = discord_keeper)]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct KeeperRow {
    pub id: i64,
    pub holder: i64,
    pub held_until: Timestamp,
    /// The name of a [`DiscordConnection`]: see [`KeeperRow::connection`].
    pub state: String,
    pub since: Timestamp,
    pub problem: Option<String>,
}

impl KeeperRow {
    /// The state of the holder's connection. A holder of a newer release may be in a state that this release doesn't know: it
    /// is reported as connecting, because only `Connected` means that the bot can be used.
    pub fn connection(&self) -> DiscordConnection {
        self.state.parse().unwrap_or_else(|_| {
            unknown_values::warn_once("state of the connection to Discord", &self.state);
            DiscordConnection::Connecting
        })
    }
}
