//! A guild's link to Discord and the gateway lease, as the database stores them.

use diesel::prelude::*;
use serenity::all::{ChannelId, GuildId as ServerId, MessageId, UserId};

use crate::{
    db::{
        schema::{discord_boards, discord_keeper, discord_links},
        text_enum, wide_row,
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, GuildId, RankId},
        unknown_values,
    },
};

text_enum! {
    /// The state of the bot's connection to Discord.
    pub enum DiscordConnectionState {
        /// There is no bot, because the operator has set no token.
        Off,
        /// The bot is connecting or reconnecting.
        Connecting,
        /// The bot is connected.
        Connected,
        /// Discord rejects the bot: the token is invalid, or the Server Members Intent is off.
        Refused,
    }
}

/// A guild's Discord server, and the bot's settings there.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = discord_links, primary_key(guild_id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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
    pub log_channel_id: Option<String>,
}

wide_row!(Link, discord_links);

impl Link {
    /// The server's id, in serenity's type.
    pub fn server(&self) -> Option<ServerId> {
        snowflake(&self.server_id).map(ServerId::new)
    }
}

/// Where a message goes. Messages to one destination arrive in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A channel of a server.
    Channel(ChannelId),
    /// A user's direct messages.
    User(UserId),
    /// A message in a channel, which is edited.
    Message(ChannelId, MessageId),
}

impl Destination {
    /// The channel with this id, as clients and the database spell it.
    pub fn channel(id: &str) -> Option<Self> {
        snowflake(id).map(|id| Self::Channel(ChannelId::new(id)))
    }

    /// The user with this id, as clients and the database spell it.
    pub fn user(id: &str) -> Option<Self> {
        snowflake(id).map(|id| Self::User(UserId::new(id)))
    }

    /// The outbox's name of the destination. It includes the guild, so that a guild's messages don't wait for another
    /// guild's.
    pub fn encode(self, guild: GuildId) -> String {
        match self {
            Self::Channel(id) => format!("{}/channel/{id}", guild.0),
            Self::User(id) => format!("{}/user/{id}", guild.0),
            Self::Message(channel, id) => format!("{}/message/{channel}/{id}", guild.0),
        }
    }

    /// The destination that [`Destination::encode`] wrote.
    pub fn decode(destination: &str) -> Option<Self> {
        let (_, destination) = destination.split_once('/')?;
        match destination.split_once('/')? {
            ("channel", id) => Self::channel(id),
            ("user", id) => Self::user(id),
            ("message", ids) => {
                let (channel, message) = ids.split_once('/')?;
                Some(Self::Message(ChannelId::new(snowflake(channel)?), MessageId::new(snowflake(message)?)))
            }
            _ => None,
        }
    }
}

/// The message that announced a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = discord_boards, primary_key(guild_id, campaign_id))]
pub struct Board {
    pub guild_id: GuildId,
    pub campaign_id: CampaignId,
    pub channel_id: String,
    pub message_id: String,
    pub shown: String,
    pub next_edit_at: Timestamp,
}

impl Board {
    /// The message, as a destination of edits.
    pub fn destination(&self) -> Option<Destination> {
        let (channel, message) = (snowflake(&self.channel_id)?, snowflake(&self.message_id)?);
        Some(Destination::Message(ChannelId::new(channel), MessageId::new(message)))
    }
}

/// Parses a Discord id, which is never 0.
pub(super) fn snowflake(id: &str) -> Option<u64> {
    id.parse().ok().filter(|id| (1..u64::MAX).contains(id))
}

/// The lease of the connection to Discord's gateway: its holder, and the state of the connection.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = discord_keeper)]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
pub struct GatewayLease {
    pub id: i64,
    pub holder: i64,
    pub held_until: Timestamp,
    /// The name of a [`DiscordConnectionState`]: see [`GatewayLease::connection`].
    pub state: String,
    pub since: Timestamp,
    pub problem: Option<String>,
}

impl GatewayLease {
    /// The state of the holder's connection. A holder of a newer release may be in a state that this release doesn't
    /// know: it is reported as connecting, because only `Connected` means that the bot can be used.
    pub fn connection(&self) -> DiscordConnectionState {
        self.state.parse().unwrap_or_else(|_| {
            unknown_values::warn_once("state of the connection to Discord", &self.state);
            DiscordConnectionState::Connecting
        })
    }
}
