//! Discord: a bot that keeps ranks in step with roles, brings codes by direct message, tells of votes, and takes ballots.
//!
//! Every server with a token delivers the [`outbox`]. One of them, the [`keeper`], also keeps the connection to Discord's
//! gateway, the scheduled syncs, and the telling of votes. Discord being down is nobody's trouble but theirs.

mod agent;
mod breaker;
mod commands;
mod deliver;
mod embed;
mod gateway;
pub mod graphql;
mod keeper;
mod links;
mod outbox;
mod relay;
mod rest;
mod rows;
pub(crate) mod store;
mod story;
mod sync;
mod words;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serenity::all::ChannelId;
use tokio::{
    sync::{Notify, oneshot, watch},
    task::JoinSet,
};

pub(crate) use self::agent::tell_of;
use self::rest::{Failure, Rest};
pub use self::{
    keeper::{Standing, standing},
    links::{LinkChange, link_server, unlink_server},
    outbox::{CodeLetter, retry_message, send_code},
    rows::{DiscordConnection, DiscordMessageKind, DiscordMessageState, KeeperRow, Lane, Link, Message, MessageKey},
    sync::{Report, sync_roles},
    words::escape,
};
use crate::{
    app::App,
    auth::{Permission, Viewer},
    clock::{Clock, Instant},
    db::Conn,
    error::{Refusal, Result},
    id::DiscordMessageId,
};

/// How many channels' servers are remembered.
const MAX_CHANNELS: usize = 50_000;

/// How many changed users are remembered before those of long ago are forgotten.
const MAX_HEARD_OF: usize = 10_000;

/// What a server with a bot's token holds.
pub struct Bot {
    rest: Rest,
    /// Tells this server from the others.
    server: i64,
    /// How its own connection stands, while it keeps one.
    standing: watch::Sender<Standing>,
    wake: Notify,
    /// Who waits to hear what became of a message.
    awaited: Mutex<HashMap<DiscordMessageId, oneshot::Sender<bool>>>,
    /// The servers that channels are in, which never changes.
    channels: Mutex<HashMap<ChannelId, Option<String>>>,
    /// Users of servers, and when they were last heard to have changed.
    heard: Mutex<HashMap<(String, String), Instant>>,
    /// Messages that this server has delivered, and that it has given up.
    delivered: AtomicU64,
    given_up: AtomicU64,
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
            standing: watch::Sender::new(Standing::new(DiscordConnection::Connecting, clock.now())),
            wake: Notify::new(),
            awaited: Mutex::default(),
            channels: Mutex::default(),
            heard: Mutex::default(),
            delivered: AtomicU64::default(),
            given_up: AtomicU64::default(),
        })
    }

    /// The app's bot.
    ///
    /// # Errors
    /// `CONFLICT`, `DISCORD_OFF` when there is none.
    pub fn of(app: &App) -> Result<&Self, Refusal> {
        app.discord.as_ref().ok_or_else(|| {
            Refusal::conflict("DISCORD_OFF", "This deployment has no Discord bot: its operator has given no token.")
        })
    }

    /// Something may have been queued.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    async fn woken(&self) {
        self.wake.notified().await;
    }

    /// What becomes of a message that is about to be queued: whether it was sent, or given up.
    pub fn hear_of(&self, message: DiscordMessageId) -> oneshot::Receiver<bool> {
        let (sender, heard) = oneshot::channel();
        let mut awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.retain(|_, sender| !sender.is_closed());
        awaited.insert(message, sender);
        heard
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
    async fn server_of(&self, channel: ChannelId) -> Result<Option<String>, Failure> {
        let known = || self.channels.lock().unwrap_or_else(PoisonError::into_inner);
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
    fn heard_of(&self, server: &str, user: &str, now: Instant) -> Option<Instant> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() >= MAX_HEARD_OF {
            heard.retain(|_, at| now < *at + sync::LONGEST_LISTING);
        }
        heard.insert((server.to_owned(), user.to_owned()), now)
    }

    /// Whether someone was heard to have changed since.
    fn has_changed(&self, server: &str, user: &str, since: Instant) -> bool {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(&(server.to_owned(), user.to_owned())).is_some_and(|at| since <= *at)
    }

    fn came_to_an_end(&self, message: DiscordMessageId, was_sent: bool) {
        let count = if was_sent { &self.delivered } else { &self.given_up };
        count.fetch_add(1, Ordering::Relaxed);
        let awaited = self.awaited.lock().unwrap_or_else(PoisonError::into_inner).remove(&message);
        if let Some(awaited) = awaited {
            // Whoever waited may have gone on.
            let _ = awaited.send(was_sent);
        }
    }

    /// Messages that this server has delivered, and that it has given up, since it started.
    pub fn deliveries(&self) -> (u64, u64) {
        (self.delivered.load(Ordering::Relaxed), self.given_up.load(Ordering::Relaxed))
    }

    /// Lets another server keep the connection at once: for a server that ends.
    pub async fn leave(&self, app: &App) {
        let (server, now) = (self.server, app.clock.now());
        let left = app.db.write(async move |conn| Ok(store::let_go(conn, server, now).await?));
        if !matches!(tokio::time::timeout(Duration::from_secs(2), left).await, Ok(Ok(()))) {
            tracing::warn!("another server will keep the connection to Discord in a moment only");
        }
    }
}

/// An officer who manages the guild's Discord, as they stand within this transaction.
async fn officer(conn: &mut Conn, viewer: &Viewer) -> Result<Viewer> {
    let officer = viewer.confirm(conn).await?;
    officer.require(Permission::DiscordManage)?;
    Ok(officer)
}

/// Starts what the bot does, if there is one.
pub fn start(app: &Arc<App>, tasks: &mut JoinSet<()>) {
    if app.discord.is_some() {
        app.go_on(tasks, "the delivery to Discord", deliver::run);
        app.go_on(tasks, "the connection to Discord", keeper::run);
    }
}
