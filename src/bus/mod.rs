//! Notices of changes, within a server and between the servers on one PostgreSQL.
//!
//! Within a server, [`Bus::publish`] and the like call every subscriber before they return. To the other servers, a notice
//! goes with the commit (`NOTIFY`) or, for ballots, in a batch right after it.

pub mod event;
mod listener;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
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

/// Number of campaign events kept for a slow receiver before it has to read everything anew.
const CAMPAIGN_EVENTS: usize = 4_096;

/// Who published an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publisher {
    /// This server.
    Local,
    /// Another server, or a command beside this one.
    Remote,
}

/// A part of the server that reacts to events. Its methods run before the publisher continues, so they must be quick.
pub trait BusSubscriber: Send + Sync {
    /// Reacts to an event.
    fn apply(&self, event: BusEvent, publisher: Publisher);

    /// Events may have been lost: everything cached may be stale.
    fn resync(&self);

    /// Members' ranks or activity have changed in a guild, by this server.
    fn roster_changed(&self, _guild: GuildId) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// All events that other servers published before `moment` have been applied.
    fn caught_up(&self, _moment: Instant) {}

    /// Whether anything relied on [`BusSubscriber::caught_up`] since the last call.
    fn take_demand(&self) -> bool {
        false
    }
}

/// Whose rights: a member's, or those of visitors.
type Subject = (GuildId, Option<MemberId>);

/// Delivers events to the subscribers here and to the other servers.
pub struct Bus {
    /// PostgreSQL's channel between the servers of one database.
    channel: &'static str,
    /// While subscribers rely on being caught up, the listener asks the database three times within this time.
    lease: Duration,
    /// Distinguishes this server's notices from the others'.
    server: u64,
    subscribers: OnceLock<Vec<Arc<dyn BusSubscriber>>>,
    access: Mutex<PruningMap<Subject, watch::Sender<()>>>,
    schedule: Notify,
    /// Campaigns with an event; `None` after a resync.
    campaign_events: broadcast::Sender<Option<(GuildId, CampaignId)>>,
    /// To the other servers. What is sent before [`Bus::run`] waits for it.
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

    /// Sets the subscribers, which are called in this order. Only the first call has an effect.
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

    /// The notice to the other servers that the rights of a member, or of anyone, have changed in a guild.
    pub fn access_notification(&self, guild: GuildId) -> impl FnOnce(Option<MemberId>) -> Notification + Clone + use<> {
        let (server, channel) = (self.server, self.channel);
        move |of| Notification { channel, payload: BusEvent::Access(guild, of).encode(server) }
    }

    /// Publishes the same on this server only.
    pub fn access_changed(&self, guild: GuildId, of: Option<MemberId>) {
        self.apply(BusEvent::Access(guild, of), Publisher::Local);
    }

    /// The notice to the other servers that a campaign has changed.
    pub fn campaign_notification(&self) -> impl FnOnce(GuildId, CampaignId) -> Notification + use<> {
        let (server, channel) = (self.server, self.channel);
        move |guild, id| Notification { channel, payload: BusEvent::Campaign(guild, id).encode(server) }
    }

    /// Has the subscribers react to a committed change of a guild's roster, and waits for them: for what must be done before
    /// the change is acknowledged.
    pub async fn roster_changed(&self, guild: GuildId) {
        for subscriber in self.subscribers() {
            subscriber.roster_changed(guild).await;
        }
    }

    /// Publishes an event on this server only.
    pub fn publish(&self, event: BusEvent) {
        self.apply(event, Publisher::Local);
    }

    /// Returns when a campaign changes after this call, on any server.
    pub fn schedule_changed(&self) -> impl Future<Output = ()> {
        self.schedule.notified()
    }

    /// Campaigns with more ballots or another status from now on, on any server; `None` stands for all campaigns.
    pub fn campaign_events(&self) -> broadcast::Receiver<Option<(GuildId, CampaignId)>> {
        self.campaign_events.subscribe()
    }

    /// Changes of a member's rights, or of visitors' (`None`), from now on.
    pub fn watch_access(&self, guild: GuildId, member: Option<MemberId>) -> watch::Receiver<()> {
        self.watchers()
            .get_or_insert_with((guild, member), |sender| sender.receiver_count() > 0, watch::Sender::default)
            .subscribe()
    }

    /// The guilds in which rights are watched.
    pub fn watched_guilds(&self) -> std::collections::HashSet<GuildId> {
        let watchers = self.watchers();
        watchers.iter().filter(|(_, sender)| sender.receiver_count() > 0).map(|((guild, _), _)| *guild).collect()
    }

    /// Exchanges events with the other servers until dropped. On SQLite there are none, but commands beside this server.
    pub async fn run(&self, db: &Db) {
        let mut queue = self.queue.lock().await;
        listener::run(self, db, &mut queue).await;
    }

    fn apply(&self, event: BusEvent, publisher: Publisher) {
        if let BusEvent::Ballots(guild, campaign) | BusEvent::Campaign(guild, campaign) = event {
            // Fails when there is no receiver, which is usual.
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

    /// Events may have been lost: everyone looks again.
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
        // All of them are asked, as asking resets them.
        self.subscribers().filter(|subscriber| subscriber.take_demand()).count() > 0
    }

    fn notify_access(&self, which: impl Fn(GuildId) -> bool) {
        self.watchers().iter().filter(|((guild, _), _)| which(*guild)).for_each(|(_, sender)| notify(sender));
    }

    fn subscribers(&self) -> impl Iterator<Item = &dyn BusSubscriber> {
        self.subscribers.get().into_iter().flatten().map(|subscriber| &**subscriber)
    }

    fn watchers(&self) -> MutexGuard<'_, PruningMap<Subject, watch::Sender<()>>> {
        self.access.lock()
    }
}

fn notify(sender: &watch::Sender<()>) {
    sender.send_replace(());
}
