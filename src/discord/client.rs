//! What a server with a bot's token holds.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use serenity::all::ChannelId;
use tokio::sync::watch;

use super::{
    rest::{Failure, Rest},
    rows::DiscordConnection,
};
use crate::{
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
    },
    outbox::DeliverySignals,
};

/// How many channels' servers are remembered.
const MAX_CHANNELS: usize = 50_000;

/// How many changed users are remembered before those of long ago are forgotten.
const MAX_HEARD_OF: usize = 10_000;

/// For longer than this nobody is remembered to have changed.
pub(super) const LONGEST_LISTING: Duration = Duration::from_mins(30);

/// The state of the bot's connection to Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayStatus {
    /// Whether it is connected.
    pub connection: DiscordConnection,
    /// Since when.
    pub since: Timestamp,
    /// Why it is not connected, as far as is known.
    pub problem: Option<String>,
}

impl GatewayStatus {
    pub(super) const fn new(connection: DiscordConnection, since: Timestamp) -> Self {
        Self { connection, since, problem: None }
    }
}

/// What a server with a bot's token holds.
pub struct Bot {
    rest: Rest,
    /// Tells this server from the others.
    server: i64,
    /// How its own connection stands, while it keeps one.
    status: watch::Sender<GatewayStatus>,
    outbox: DeliverySignals,
    /// The servers that channels are in, which never changes.
    channels: Mutex<HashMap<ChannelId, Option<String>>>,
    /// Users of servers, and when they were last heard to have changed.
    heard: Mutex<HashMap<(String, String), Timestamp>>,
}

impl Bot {
    /// The bot of this token; `base` is where Discord's API is.
    ///
    /// # Errors
    /// When there is no client for it to be had.
    pub fn new(token: &str, base: &str, clock: &Clock) -> Result<Self, String> {
        Ok(Self {
            rest: Rest::new(token, base, clock.clone())?,
            server: rand::random(),
            status: watch::Sender::new(GatewayStatus::new(DiscordConnection::Connecting, clock.now())),
            outbox: DeliverySignals::default(),
            channels: Mutex::default(),
            heard: Mutex::default(),
        })
    }

    /// Wakes this server's delivery, and reports what became of messages.
    pub const fn outbox(&self) -> &DeliverySignals {
        &self.outbox
    }

    /// Asks Discord, once, whether it takes the token.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub async fn greet(&self) -> Result<(), String> {
        self.rest.gateway().await.map(drop).map_err(|failure| failure.to_string())
    }

    /// Whether Discord has been down, so that there is no hearing soon.
    pub fn is_down(&self) -> bool {
        self.rest.open_until().is_some()
    }

    /// See [`Rest::server_of`].
    pub(super) async fn server_of(&self, channel: ChannelId) -> Result<Option<String>, Failure> {
        let known = || self.channels.lock();
        if let Some(server) = known().get(&channel) {
            return Ok(server.clone());
        }
        let server = self.rest.server_of(channel).await?;
        let mut known = known();
        if known.len() >= MAX_CHANNELS {
            known.clear();
        }
        known.insert(channel, server.clone());
        Ok(server)
    }

    /// Notes that someone has changed on Discord; when that was heard before.
    pub(super) fn heard_of(&self, server: &str, user: &str, now: Timestamp) -> Option<Timestamp> {
        let mut heard = self.heard.lock();
        if heard.len() >= MAX_HEARD_OF {
            heard.retain(|_, at| now < *at + LONGEST_LISTING);
        }
        heard.insert((server.to_owned(), user.to_owned()), now)
    }

    /// Whether someone was heard to have changed since.
    pub(super) fn has_changed(&self, server: &str, user: &str, since: Timestamp) -> bool {
        let heard = self.heard.lock();
        heard.get(&(server.to_owned(), user.to_owned())).is_some_and(|at| since <= *at)
    }

    /// Notes the state of this server's connection to the gateway.
    pub(crate) fn set_status(&self, now: Timestamp, connection: DiscordConnection, problem: Option<String>) {
        self.status.send_if_modified(|status| {
            // A problem stays known until the bot is connected.
            let problem =
                problem.or_else(|| status.problem.take().filter(|_| connection == DiscordConnection::Connecting));
            let since = if status.connection == connection { status.since } else { now };
            let next = GatewayStatus { connection, since, problem };
            let has_changed = next != *status;
            *status = next;
            has_changed
        });
    }

    /// This server's own connection to the gateway, while it keeps one.
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
