//! Live tallies: each watched campaign is counted once for all who watch it, here and, over PostgreSQL, on every server.

mod bus;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, watch},
    time::Instant,
};

use crate::{
    app::App,
    auth::Viewers,
    db::Notice,
    error::Result,
    id::{CampaignId, GuildId},
    voting::{self, Campaign, Tally},
};

/// The least time between two counts of a campaign: ballots that come faster share one.
const COUNT_INTERVAL: Duration = Duration::from_millis(50);
/// How long to wait after a count failed.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Something that other servers, and those who watch here, must hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// A campaign has other ballots.
    Ballots(GuildId, CampaignId),
    /// A campaign has other settings or entries, or another status: what is due next may be another thing.
    Campaign(GuildId, CampaignId),
    /// Who may do what in a guild has changed.
    Access(GuildId),
}

/// Who watches what on this server, and what it knows of them.
pub struct Live {
    /// Viewers looked up before.
    pub viewers: Viewers,
    /// Tells this server's events from the others'.
    server: u64,
    feeds: Mutex<HashMap<(GuildId, CampaignId), Weak<Feed>>>,
    access: Mutex<HashMap<GuildId, watch::Sender<()>>>,
    schedule: Notify,
    /// To the other servers; what is sent before the bus runs waits for it.
    outgoing: mpsc::UnboundedSender<Event>,
    bus: Mutex<Option<mpsc::UnboundedReceiver<Event>>>,
}

/// A campaign that is watched: its newest tally, and a call for a newer one.
pub struct Feed {
    newest: watch::Sender<Option<Arc<Tally>>>,
    stale: Notify,
}

impl Default for Live {
    fn default() -> Self {
        let (outgoing, bus) = mpsc::unbounded_channel();
        Self {
            viewers: Viewers::default(),
            server: rand::random(),
            feeds: Mutex::default(),
            access: Mutex::default(),
            schedule: Notify::new(),
            outgoing,
            bus: Mutex::new(Some(bus)),
        }
    }
}

impl Live {
    /// Says that a campaign has other ballots.
    pub fn ballots_changed(&self, guild: GuildId, campaign: CampaignId) {
        self.tell(Event::Ballots(guild, campaign));
    }

    /// What tells the other servers that ranks, accounts or sessions of a guild have changed.
    pub fn access_notice(&self, guild: GuildId) -> Notice {
        Notice { channel: bus::CHANNEL, payload: bus::write(self.server, Event::Access(guild)) }
    }

    /// Says, on this server alone, that ranks, accounts or sessions of a guild have changed.
    pub fn access_changed(&self, guild: GuildId) {
        self.hear(Event::Access(guild));
    }

    /// What tells the other servers that a campaign has changed.
    pub fn campaign_notice(&self) -> impl FnOnce(&Campaign) -> Notice + use<> {
        let server = self.server;
        move |it| Notice { channel: bus::CHANNEL, payload: bus::write(server, Event::Campaign(it.guild_id, it.id)) }
    }

    /// Says, on this server alone, that a campaign has changed.
    pub fn campaign_changed(&self, campaign: &Campaign) {
        self.hear(Event::Campaign(campaign.guild_id, campaign.id));
    }

    /// Returns when a campaign changes after this, here or elsewhere.
    pub fn schedule_changed(&self) -> impl Future<Output = ()> {
        self.schedule.notified()
    }

    /// Changes of who may do what in this guild from now on.
    pub fn watch_access(&self, guild: GuildId) -> watch::Receiver<()> {
        let mut access = lock(&self.access);
        access.retain(|_, sender| sender.receiver_count() > 0);
        access.entry(guild).or_default().subscribe()
    }

    fn tell(&self, event: Event) {
        self.hear(event);
        // Only a server that is going down has nobody to pass it on.
        let _ = self.outgoing.send(event);
    }

    /// Takes an event in, from here or from another server.
    fn hear(&self, event: Event) {
        match event {
            Event::Ballots(guild, campaign) => self.recount_one(guild, campaign),
            Event::Campaign(guild, campaign) => {
                self.recount_one(guild, campaign);
                self.schedule.notify_waiters();
            }
            Event::Access(guild) => {
                self.viewers.forget(guild);
                if let Some(sender) = lock(&self.access).get(&guild) {
                    sender.send_replace(());
                }
                self.recount(|(of, _)| *of == guild);
            }
        }
    }

    /// After a time of not hearing the other servers: anything may have changed.
    fn missed_events(&self) {
        self.viewers.forget_all();
        for sender in lock(&self.access).values() {
            sender.send_replace(());
        }
        self.recount(|_| true);
        self.schedule.notify_waiters();
    }

    fn recount_one(&self, guild: GuildId, campaign: CampaignId) {
        if let Some(feed) = lock(&self.feeds).get(&(guild, campaign)).and_then(Weak::upgrade) {
            feed.stale.notify_one();
        }
    }

    fn recount(&self, which: impl Fn(&(GuildId, CampaignId)) -> bool) {
        for (_, feed) in lock(&self.feeds).iter().filter(|(key, _)| which(key)) {
            if let Some(feed) = feed.upgrade() {
                feed.stale.notify_one();
            }
        }
    }
}

/// The tallies of a campaign, the present one first.
pub struct Watch {
    newest: watch::Receiver<Option<Arc<Tally>>>,
    last_revision: Option<i64>,
    /// Keeps the counting going.
    _feed: Arc<Feed>,
}

impl Watch {
    /// Whether there is a newer tally than the one before.
    pub async fn changed(&mut self) {
        let last = self.last_revision;
        let newer =
            |tally: &Option<Arc<Tally>>| tally.as_ref().is_some_and(|it| last.is_none_or(|last| last < it.revision));
        // The counting goes on as long as we hold the feed.
        let _ = self.newest.wait_for(newer).await;
    }

    /// The next tally newer than the one before; `None` after the final one.
    pub async fn next(&mut self) -> Option<Arc<Tally>> {
        loop {
            let newest = self.newest.borrow_and_update().clone();
            if let Some(tally) = newest
                && self.last_revision.is_none_or(|last| last < tally.revision)
            {
                self.last_revision = Some(tally.revision);
                return Some(tally);
            }
            self.newest.changed().await.ok()?;
        }
    }
}

/// Watches a campaign. The first to do so sets the counting going, the last to leave ends it.
pub fn watch_tally(app: &Arc<App>, guild: GuildId, campaign: CampaignId) -> Watch {
    let mut feeds = lock(&app.live.feeds);
    feeds.retain(|_, feed| feed.strong_count() > 0);
    let feed = feeds.get(&(guild, campaign)).and_then(Weak::upgrade).unwrap_or_else(|| {
        let feed = Arc::new(Feed { newest: watch::Sender::new(None), stale: Notify::new() });
        feeds.insert((guild, campaign), Arc::downgrade(&feed));
        feed.stale.notify_one();
        tokio::spawn(keep_counting(Arc::clone(app), guild, campaign, Arc::downgrade(&feed)));
        feed
    });
    Watch { newest: feed.newest.subscribe(), last_revision: None, _feed: feed }
}

/// Counts a campaign whenever its tally is stale, until nobody watches it.
async fn keep_counting(app: Arc<App>, guild: GuildId, campaign: CampaignId, feed: Weak<Feed>) {
    loop {
        let Some(watched) = feed.upgrade() else { return };
        let is_watched = tokio::select! {
            () = watched.stale.notified() => true,
            () = watched.newest.closed() => false,
        };
        if !is_watched {
            // Lets go of the feed. Whoever began to watch meanwhile holds it, and then the counting goes on.
            continue;
        }
        let started = Instant::now();
        let pause = match count(&app, guild, campaign).await {
            Ok(Some(tally)) => {
                watched.newest.send_if_modified(|newest| {
                    let newer = newest.as_ref().is_none_or(|it| it.revision < tally.revision);
                    if newer {
                        *newest = Some(tally);
                    }
                    newer
                });
                COUNT_INTERVAL
            }
            // Gone, as a draft can be; those who watch find out when they ask again.
            Ok(None) => COUNT_INTERVAL,
            Err(error) => {
                tracing::error!(%error, "a tally could not be counted; trying again");
                watched.stale.notify_one();
                AFTER_FAILURE
            }
        };
        drop(watched);
        tokio::time::sleep_until(started + pause).await;
    }
}

async fn count(app: &App, guild: GuildId, campaign: CampaignId) -> Result<Option<Arc<Tally>>> {
    Ok(voting::tally(app, guild, campaign).await?.map(Arc::new))
}

/// Passes events between servers until the task is dropped.
pub async fn run_bus(app: Arc<App>) {
    let outgoing = lock(&app.live.bus).take();
    if let Some(outgoing) = outgoing {
        bus::run(&app, outgoing).await;
    }
}

/// A lock is only ever held for a few lines that do not panic; if one did, the map is still a map.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
