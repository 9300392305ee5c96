//! The watched tallies, turnouts and campaigns of a server.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use super::{
    campaign_feed::CampaignFeed,
    feed::{CampaignKey, Feeds},
};
use crate::{
    bus::{BusEvent, BusSubscriber, Publisher},
    kernel::{
        id::{CampaignId, GuildId},
        metrics::Metrics,
    },
    voting::{Campaign, CampaignStatus, CampaignTurnout, Tally, Voting},
};

/// How often watched tallies, turnouts and campaigns are compared with the database, in case notifications were lost.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(5);
/// Time of one core that is reserved for each message to a subscriber. A message takes about a third of it, from the
/// count to the socket; the rest is left for requests and for clients on the same machine.
const TIME_PER_MESSAGE: Duration = Duration::from_micros(60);
/// Maximum number of subscribers whose viewers are refreshed at the same time, so that requests are not delayed.
const MAX_REFRESHES: usize = 4;

/// The watched tallies, turnouts and campaigns of a server.
pub struct Live {
    /// Campaigns and ballots.
    pub voting: Voting,
    /// The server's metrics.
    pub(super) metrics: Arc<Metrics>,
    pub(super) reconcile_every: Duration,
    pub(super) tallies: Feeds<Tally>,
    pub(super) turnouts: Feeds<CampaignTurnout>,
    pub(super) campaigns: Mutex<HashMap<GuildId, Arc<CampaignFeed>>>,
    /// When the last scheduled notification batch will have been sent.
    next_send_at: Mutex<Option<Instant>>,
    cores: u32,
    refreshes: Semaphore,
}

impl Live {
    /// Creates a service without subscribers.
    pub fn new(voting: Voting, metrics: Arc<Metrics>, reconcile_every: Duration) -> Self {
        Self {
            voting,
            metrics,
            reconcile_every,
            tallies: Feeds::default(),
            turnouts: Feeds::default(),
            campaigns: Mutex::default(),
            next_send_at: Mutex::default(),
            cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
            refreshes: Semaphore::new(MAX_REFRESHES),
        }
    }

    /// Number of subscribers of a campaign's tally; `None` if it is not counted.
    pub fn tally_subscribers(&self, guild: GuildId, campaign: CampaignId) -> Option<usize> {
        self.tallies.lock().get(&(guild, campaign)).map(|feed| feed.subscribers())
    }

    /// Number of subscribers of a campaign's turnout; `None` if it is not read.
    pub fn turnout_subscribers(&self, guild: GuildId, campaign: CampaignId) -> Option<usize> {
        self.turnouts.lock().get(&(guild, campaign)).map(|feed| feed.subscribers())
    }

    /// Number of subscribers of a guild's campaigns.
    pub fn campaign_subscribers(&self, guild: GuildId) -> usize {
        self.campaigns.lock().get(&guild).map_or(0, |feed| feed.subscribers())
    }

    /// Numbers of subscribers by what they watch, under its name in the metrics.
    pub fn subscriber_counts(&self) -> [(&'static str, usize); 3] {
        [
            ("tally", self.tallies.lock().values().map(|feed| feed.subscribers()).sum()),
            ("turnout", self.turnouts.lock().values().map(|feed| feed.subscribers()).sum()),
            ("campaigns", self.campaigns.lock().values().map(|feed| feed.subscribers()).sum()),
        ]
    }

    /// Waits for a permit to refresh a subscriber's viewer.
    pub async fn refresh_permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.refreshes.acquire().await.ok()
    }

    /// The guilds whose campaigns have subscribers.
    pub(super) fn guilds_with_subscribers(&self) -> Vec<GuildId> {
        self.campaigns.lock().keys().copied().collect()
    }

    /// Compares the last sent statuses of campaigns with the stored ones.
    pub(super) fn compare_campaigns(&self, stored: &[(GuildId, CampaignId, CampaignStatus)]) {
        let mut by_guild: HashMap<GuildId, HashMap<CampaignId, CampaignStatus>> = HashMap::new();
        for (guild, campaign, status) in stored {
            by_guild.entry(*guild).or_default().insert(*campaign, *status);
        }
        for (guild, feed) in self.campaigns.lock().iter() {
            feed.compare(by_guild.get(guild).unwrap_or(&HashMap::new()));
        }
    }

    /// The campaigns whose tally or turnout is watched, each with the revision and the status that were sent last.
    pub(super) fn watched_campaigns(&self) -> Vec<(CampaignKey, i64, CampaignStatus)> {
        fn sent<T>(feeds: &Feeds<T>, of: impl Fn(&T) -> (i64, &Campaign)) -> Vec<(CampaignKey, i64, CampaignStatus)> {
            let feeds = feeds.lock();
            let states = feeds.iter().filter_map(|(key, feed)| Some((*key, feed.newest()?.state?)));
            states
                .map(|(key, state)| {
                    let (revision, campaign) = of(&state);
                    (key, revision, campaign.status)
                })
                .collect()
        }
        let mut watched = sent(&self.tallies, |tally| (tally.revision, &tally.campaign));
        watched.extend(sent(&self.turnouts, |turnout| (turnout.revision, &turnout.campaign)));
        watched
    }

    /// Waits until this many subscribers may be notified.
    pub(super) async fn wait_to_send(&self, subscribers: usize) {
        let send_at = {
            let mut next_send_at = self.next_send_at.lock();
            let now = Instant::now();
            let send_at = next_send_at.map_or(now, |next_send_at| next_send_at.max(now));
            *next_send_at =
                Some(send_at + TIME_PER_MESSAGE * u32::try_from(subscribers).unwrap_or(u32::MAX) / self.cores);
            send_at
        };
        tokio::time::sleep_until(send_at).await;
    }

    fn recount_one(&self, guild: GuildId, campaign: CampaignId) {
        if let Some(feed) = self.tallies.lock().get(&(guild, campaign)) {
            feed.request();
        }
        if let Some(feed) = self.turnouts.lock().get(&(guild, campaign)) {
            feed.request();
        }
    }

    fn recount(&self, which: impl Fn(&CampaignKey) -> bool) {
        self.tallies.lock().iter().filter(|(key, _)| which(key)).for_each(|(_, feed)| feed.request());
        self.turnouts.lock().iter().filter(|(key, _)| which(key)).for_each(|(_, feed)| feed.request());
    }
}

impl BusSubscriber for Live {
    fn apply(&self, event: BusEvent, _: Publisher) {
        match event {
            BusEvent::Ballots(guild, campaign) => self.recount_one(guild, campaign),
            BusEvent::Campaign(guild, campaign) => {
                self.recount_one(guild, campaign);
                if let Some(feed) = self.campaigns.lock().get(&guild) {
                    feed.mark_stale(campaign);
                }
            }
            BusEvent::Access(guild, _) => self.recount(|(of, _)| *of == guild),
        }
    }

    fn resync(&self) {
        self.recount(|_| true);
        self.campaigns.lock().values().for_each(|feed| feed.mark_all_stale());
    }
}
