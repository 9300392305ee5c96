//! The event bus, within a server and between the servers on one PostgreSQL database.
//!
//! Within a server, the methods of [`Bus`] that publish an event call every subscriber before they return. The other
//! servers receive a notification, which `NOTIFY` sends with the commit or, for ballots, in a batch after it.

pub mod event;
mod listener;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, broadcast, mpsc, watch};

pub use self::event::BusEvent;
use crate::{
    db::{Db, Notification},
    kernel::{
        id::{CampaignId, GuildId, MemberId},
        pruning_map::PruningMap,
    },
};

/// Number of campaign events that are buffered for a slow receiver, before it must read everything again.
const CAMPAIGN_EVENTS: usize = 4_096;

/// Who published an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// This server.
    Local,
    /// Another server, or a command in another process.
    Remote,
}

/// A part of the server that reacts to events. The publisher waits for these methods, so they must be quick.
pub trait BusSubscriber: Send + Sync {
    /// Reacts to an event.
    fn apply(&self, event: BusEvent, publisher: Publisher);

    /// Called when events may have been lost. Cached data may be stale.
    fn resync(&self);

    /// Called when all events that other servers published before `moment` have been applied.
    fn caught_up(&self, _moment: Instant) {}

    /// Returns whether the subscriber has relied on [`BusSubscriber::caught_up`] since the last call.
    fn take_demand(&self) -> bool {
        false
    }
}

/// A viewer whose permissions are watched: a member of a guild, or its visitors (`None`).
type WatchedViewer = (GuildId, Option<MemberId>);

/// Delivers events to the subscribers of this server and to the other servers.
pub struct Bus {
    /// PostgreSQL's channel for the servers of one database.
    channel: &'static str,
    /// While subscribers rely on [`BusSubscriber::caught_up`], the listener pings the database three times within this
    /// time.
    lease: Duration,
    /// This server's random id, to recognise its own notifications.
    server: u64,
    subscribers: OnceLock<Vec<Arc<dyn BusSubscriber>>>,
    access: Mutex<PruningMap<WatchedViewer, watch::Sender<()>>>,
    schedule: Notify,
    /// Campaigns that have changed; `None` after a resync.
    campaign_events: broadcast::Sender<Option<(GuildId, CampaignId)>>,
    /// Events for the other servers, queued until [`Bus::run`] sends them.
    outgoing: mpsc::UnboundedSender<BusEvent>,
    queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<BusEvent>>,
}

impl Bus {
    /// A bus without subscribers.
    pub fn new(channel: &'static str, lease: Duration) -> Self {
        let (outgoing, queue) = mpsc::unbounded_channel();
        Self {
            channel,
            lease,
            server: rand::random(),
            subscribers: OnceLock::new(),
            access: Mutex::default(),
            schedule: Notify::new(),
            campaign_events: broadcast::Sender::new(CAMPAIGN_EVENTS),
            outgoing,
            queue: tokio::sync::Mutex::new(queue),
        }
    }

    /// Sets the subscribers, to be called in this order. Only the first call has an effect.
    pub fn subscribe(&self, subscribers: Vec<Arc<dyn BusSubscriber>>) {
        let _ = self.subscribers.set(subscribers);
    }

    /// Publishes that a campaign has more ballots.
    pub fn ballots_changed(&self, guild: GuildId, campaign: CampaignId) {
        let event = BusEvent::Ballots(guild, campaign);
        self.apply(event, Publisher::Local);
        // Fails only while the server shuts down.
        let _ = self.outgoing.send(event);
    }

    /// Returns a function that builds the notification of [`BusEvent::Access`] for the other servers.
    pub fn access_notification(&self, guild: GuildId) -> impl Fn(Option<MemberId>) -> Notification + Clone + use<> {
        let (server, channel) = (self.server, self.channel);
        move |member| Notification { channel, payload: BusEvent::Access(guild, member).encode(server) }
    }

    /// Publishes [`BusEvent::Access`] on this server only.
    pub fn access_changed(&self, guild: GuildId, member: Option<MemberId>) {
        self.apply(BusEvent::Access(guild, member), Publisher::Local);
    }

    /// Returns a function that builds the notification of [`BusEvent::Campaign`] for the other servers.
    pub fn campaign_notification(&self) -> impl Fn(GuildId, CampaignId) -> Notification + Clone + use<> {
        let (server, channel) = (self.server, self.channel);
        move |guild, id| Notification { channel, payload: BusEvent::Campaign(guild, id).encode(server) }
    }

    /// Publishes an event on this server only.
    pub fn publish(&self, event: BusEvent) {
        self.apply(event, Publisher::Local);
    }

    /// Returns when a campaign changes after this call, on any server.
    pub fn schedule_changed(&self) -> impl Future<Output = ()> {
        self.schedule.notified()
    }

    /// Subscribes to changes of campaigns, including new ballots, on any server. `None` means that any campaign may
    /// have changed.
    pub fn campaign_events(&self) -> broadcast::Receiver<Option<(GuildId, CampaignId)>> {
        self.campaign_events.subscribe()
    }

    /// Subscribes to changes of a member's permissions, or of the visitors' (`None`).
    pub fn watch_access(&self, guild: GuildId, member: Option<MemberId>) -> watch::Receiver<()> {
        self.watchers()
            .get_or_insert_with((guild, member), |sender| sender.receiver_count() > 0, watch::Sender::default)
            .subscribe()
    }

    /// Returns the guilds that have subscribers of [`Bus::watch_access`].
    pub fn watched_guilds(&self) -> std::collections::HashSet<GuildId> {
        let watchers = self.watchers();
        watchers.iter().filter(|(_, sender)| sender.receiver_count() > 0).map(|((guild, _), _)| *guild).collect()
    }

    /// Exchanges events with the other servers until dropped. On SQLite, detects changes by commands in other
    /// processes.
    pub async fn run(&self, db: &Db) {
        let mut queue = self.queue.lock().await;
        listener::run(self, db, &mut queue).await;
    }

    fn apply(&self, event: BusEvent, publisher: Publisher) {
        if let BusEvent::Ballots(guild, campaign) | BusEvent::Campaign(guild, campaign) = event {
            // Fails if there is no receiver, which is normal.
            let _ = self.campaign_events.send(Some((guild, campaign)));
        }
        self.subscribers().for_each(|subscriber| subscriber.apply(event, publisher));
        match event {
            BusEvent::Ballots(..) => {}
            BusEvent::Campaign(..) => self.schedule.notify_waiters(),
            BusEvent::Access(guild, Some(member)) => {
                self.watchers().get(&(guild, Some(member))).into_iter().for_each(notify);
            }
            BusEvent::Access(guild, None) => self.notify_access(|it| it == guild),
        }
    }

    /// Makes everything read its data again, because events may have been lost.
    fn resync(&self) {
        let _ = self.campaign_events.send(None);
        self.subscribers().for_each(BusSubscriber::resync);
        self.notify_access(|_| true);
        self.schedule.notify_waiters();
    }

    fn caught_up(&self, moment: Instant) {
        self.subscribers().for_each(|subscriber| subscriber.caught_up(moment));
    }

    fn take_demand(&self) -> bool {
        // `count`, not `any`: each subscriber must be called, because the call resets it.
        self.subscribers().filter(|subscriber| subscriber.take_demand()).count() > 0
    }

    fn notify_access(&self, which: impl Fn(GuildId) -> bool) {
        self.watchers().iter().filter(|((guild, _), _)| which(*guild)).for_each(|(_, sender)| notify(sender));
    }

    fn subscribers(&self) -> impl Iterator<Item = &dyn BusSubscriber> {
        self.subscribers.get().into_iter().flatten().map(|subscriber| &**subscriber)
    }

    fn watchers(&self) -> MutexGuard<'_, PruningMap<WatchedViewer, watch::Sender<()>>> {
        self.access.lock()
    }
}

fn notify(sender: &watch::Sender<()>) {
    sender.send_replace(());
}
