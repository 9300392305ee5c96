//! The watched tallies and campaigns of a server.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use super::{campaign_feed::CampaignFeed, tally_feed::TallyFeed};
use crate::{
    bus::{BusEvent, BusSubscriber, Publisher},
    kernel::{
        id::{CampaignId, GuildId},
        metrics::Metrics,
    },
    voting::{CampaignStatus, Voting},
};

/// How often watched tallies and campaigns are compared with the database, in case notifications were lost.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(5);
/// Maximum number of subscribers whose viewers are refreshed at the same time, so that requests are not delayed.
const MAX_REFRESHES: usize = 4;

/// The watched tallies and campaigns of a server.
pub struct Live {
    /// Campaigns and ballots.
    pub voting: Voting,
    /// The server's metrics.
    pub(super) metrics: Arc<Metrics>,
    pub(super) reconcile_every: Duration,
    pub(super) tallies: Mutex<HashMap<(GuildId, CampaignId), Arc<TallyFeed>>>,
    pub(super) campaigns: Mutex<HashMap<GuildId, Arc<CampaignFeed>>>,
    /// When the last scheduled notification batch will have been sent.
    pub(super) next_send_at: Mutex<Option<Instant>>,
    pub(super) cores: u32,
    refreshes: Semaphore,
}

impl Live {
    /// Creates a service without subscribers.
    pub fn new(voting: Voting, metrics: Arc<Metrics>, reconcile_every: Duration) -> Self {
        Self {
            voting,
            metrics,
            reconcile_every,
            tallies: Mutex::default(),
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

    /// Number of subscribers of a guild's campaigns.
    pub fn campaign_subscribers(&self, guild: GuildId) -> usize {
        self.campaigns.lock().get(&guild).map_or(0, |feed| feed.subscribers())
    }

    /// Numbers of subscribers of tallies and of campaigns.
    pub fn subscriber_counts(&self) -> (usize, usize) {
        let tallies = self.tallies.lock().values().map(|feed| feed.subscribers()).sum();
        let campaigns = self.campaigns.lock().values().map(|feed| feed.subscribers()).sum();
        (tallies, campaigns)
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

    /// The watched tallies, each with its last sent revision.
    pub(super) fn watched_tallies(&self) -> Vec<((GuildId, CampaignId), i64)> {
        self.tallies.lock().iter().filter_map(|(key, feed)| Some((*key, feed.revision()?))).collect()
    }

    fn recount_one(&self, guild: GuildId, campaign: CampaignId) {
        if let Some(feed) = self.tallies.lock().get(&(guild, campaign)) {
            feed.recount();
        }
    }

    fn recount(&self, which: impl Fn(&(GuildId, CampaignId)) -> bool) {
        self.tallies.lock().iter().filter(|(key, _)| which(key)).for_each(|(_, feed)| feed.recount());
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
