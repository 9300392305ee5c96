//! The state that a server with a bot's token keeps in memory.

use std::{collections::HashMap, hash::Hash, time::Duration};

use parking_lot::Mutex;
use serenity::all::{ChannelId, UserId};
use tokio::sync::{OnceCell, Semaphore, watch};

use super::{
    rest::{DiscordError, Rest},
    rows::{DiscordConnectionState, snowflake},
    server_cache::ServerCache,
};
use crate::{
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
        id::GuildId,
    },
    outbox::DeliverySignals,
};

/// Maximum number of channels whose server is cached, and of users whose direct channel is.
const MAX_CHANNELS: usize = 50_000;

/// Maximum number of pages of members that scheduled syncs fetch at once.
const MAX_LISTINGS: usize = 4;

/// Maximum number of changed users that are remembered before old ones are removed.
const MAX_MEMBER_EVENTS: usize = 10_000;

/// Longest time that a change of a user is remembered. A listing of a server's members takes less.
pub(super) const LONGEST_LISTING: Duration = Duration::from_mins(30);

/// The state of the bot's connection to Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayStatus {
    /// Whether it is connected.
    pub connection: DiscordConnectionState,
    /// The start of this state.
    pub since: Timestamp,
    /// Why the bot is not connected, if known.
    pub problem: Option<String>,
}

impl GatewayStatus {
    pub(super) const fn new(connection: DiscordConnectionState, since: Timestamp) -> Self {
        Self { connection, since, problem: None }
    }
}

/// The state that a server with a bot's token keeps in memory.
pub struct Bot {
    rest: Rest,
    /// Distinguishes this server from the others.
    server: i64,
    /// This server's own connection to the gateway, while it holds the lease.
    status: watch::Sender<GatewayStatus>,
    outbox: DeliverySignals,
    /// The servers of channels. A channel never moves to another server.
    channels: Mutex<HashMap<ChannelId, Option<String>>>,
    /// The channels of users' direct messages. Discord limits how fast they are opened, and they never change.
    direct_channels: Mutex<HashMap<UserId, ChannelId>>,
    /// The servers of guilds, as Discord described them lately.
    servers: ServerCache,
    /// The bot's own user, which never changes.
    user: OnceCell<UserId>,
    listings: Semaphore,
    /// Members of servers, and the last time that the gateway reported a change of them.
    member_events: Mutex<HashMap<(String, String), Timestamp>>,
}

impl Bot {
    /// The bot of this token; `base` is the address of Discord's API.
    ///
    /// # Errors
    /// If no HTTP client can be built.
    pub fn new(token: &str, base: &str, clock: &Clock) -> Result<Self, String> {
        Ok(Self {
            rest: Rest::new(token, base, clock.clone())?,
            server: rand::random(),
            status: watch::Sender::new(GatewayStatus::new(DiscordConnectionState::Connecting, clock.now())),
            outbox: DeliverySignals::default(),
            channels: Mutex::default(),
            direct_channels: Mutex::default(),
            servers: ServerCache::default(),
            user: OnceCell::new(),
            listings: Semaphore::new(MAX_LISTINGS),
            member_events: Mutex::default(),
        })
    }

    /// Wakes this server's delivery, and reports the outcomes of messages.
    pub const fn outbox(&self) -> &DeliverySignals {
        &self.outbox
    }

    /// Checks with one request whether Discord accepts the token.
    ///
    /// # Errors
    /// The reason, as a sentence.
    pub async fn check_token(&self) -> Result<(), String> {
        self.rest.gateway().await.map(drop).map_err(|failure| failure.to_string())
    }

    /// Whether the circuit breaker of all requests is open.
    pub fn is_down(&self) -> bool {
        self.rest.breakers().open_until(self.rest.clock().now()).is_some()
    }

    /// Whether a circuit breaker is open, so that no message of this guild is delivered soon.
    pub fn is_down_for(&self, guild: GuildId) -> bool {
        self.rest.breakers().is_open_for(guild, self.rest.clock().now())
    }

    /// See [`Rest::server_of`].
    pub(super) async fn server_of(&self, guild: GuildId, channel: ChannelId) -> Result<Option<String>, DiscordError> {
        let known = self.channels.lock().get(&channel).cloned();
        if let Some(server) = known {
            return Ok(server);
        }
        let server = self.rest.server_of(guild, channel).await?;
        insert(&self.channels, channel, server.clone());
        Ok(server)
    }

    /// See [`Rest::direct_channel`].
    pub(super) async fn direct_channel(&self, guild: GuildId, user: UserId) -> Result<ChannelId, DiscordError> {
        let known = self.direct_channels.lock().get(&user).copied();
        if let Some(channel) = known {
            return Ok(channel);
        }
        let channel = self.rest.direct_channel(guild, user).await?;
        insert(&self.direct_channels, user, channel);
        Ok(channel)
    }

    /// Forgets the channel of a user's direct messages, because Discord no longer knows it.
    pub(super) fn forget_direct_channel(&self, user: UserId) {
        self.direct_channels.lock().remove(&user);
    }

    /// The servers of guilds, as Discord described them lately.
    pub(super) const fn servers(&self) -> &ServerCache {
        &self.servers
    }

    /// The id of the bot's own user.
    pub(super) async fn user(&self) -> Result<UserId, DiscordError> {
        let request = async || {
            let user = self.rest.user().await?;
            let id = snowflake(&user.id).map(UserId::new);
            id.ok_or_else(|| DiscordError::Down("Discord gives the bot no id".to_owned()))
        };
        self.user.get_or_try_init(request).await.copied()
    }

    /// Limits how many pages of members scheduled syncs fetch at once.
    pub(super) const fn listings(&self) -> &Semaphore {
        &self.listings
    }

    /// Records a change of a server's member. Returns the time of the previous change.
    pub(super) fn record_member_event(&self, server: &str, user: &str, now: Timestamp) -> Option<Timestamp> {
        let mut member_events = self.member_events.lock();
        if member_events.len() >= MAX_MEMBER_EVENTS {
            member_events.retain(|_, at| now < *at + LONGEST_LISTING);
        }
        member_events.insert((server.to_owned(), user.to_owned()), now)
    }

    /// Whether a change of a server's member was recorded since this time.
    pub(super) fn has_changed_since(&self, server: &str, user: &str, since: Timestamp) -> bool {
        let member_events = self.member_events.lock();
        member_events.get(&(server.to_owned(), user.to_owned())).is_some_and(|at| since <= *at)
    }

    /// Sets the state of this server's connection to the gateway.
    pub(crate) fn set_status(&self, now: Timestamp, connection: DiscordConnectionState, problem: Option<String>) {
        self.status.send_if_modified(|status| {
            // The problem is kept until the bot is connected.
            let problem =
                problem.or_else(|| status.problem.take().filter(|_| connection == DiscordConnectionState::Connecting));
            let since = if status.connection == connection { status.since } else { now };
            let next = GatewayStatus { connection, since, problem };
            let has_changed = next != *status;
            *status = next;
            has_changed
        });
    }

    /// The state of this server's own connection to the gateway, while it holds the lease.
    pub(crate) fn status(&self) -> watch::Receiver<GatewayStatus> {
        self.status.subscribe()
    }

    /// The number that distinguishes this server from the others.
    pub(crate) const fn server(&self) -> i64 {
        self.server
    }

    /// Requests to Discord's API.
    pub(crate) const fn rest(&self) -> &Rest {
        &self.rest
    }
}

/// Adds to a cache. A full one is emptied first.
fn insert<K: Eq + Hash, V>(cache: &Mutex<HashMap<K, V>>, key: K, value: V) {
    let mut cache = cache.lock();
    if cache.len() >= MAX_CHANNELS {
        cache.clear();
    }
    cache.insert(key, value);
}
