//! What is watched on this server.

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

/// How often watched tallies and campaigns are compared with the database, to make up for lost notices.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(5);
/// Number of subscribers that are looked up again at the same time, so that requests get their turn.
const RENEWALS: usize = 4;

/// What is watched on this server.
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
    renewals: Semaphore,
}

impl Live {
    /// Nothing is watched yet.
    pub fn new(voting: Voting, metrics: Arc<Metrics>, reconcile_every: Duration) -> Self {
        Self {
            voting,
            metrics,
            reconcile_every,
            tallies: Mutex::default(),
            campaigns: Mutex::default(),
            next_send_at: Mutex::default(),
            cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
            renewals: Semaphore::new(RENEWALS),
        }
    }

    /// Number of subscribers of a campaign's tally; `None` when it is not counted any more.
    pub fn tally_subscribers(&self, guild: GuildId, campaign: CampaignId) -> Option<usize> {
        self.tallies.lock().get(&(guild, campaign)).map(|feed| feed.subscribers())
    }

    /// Number of subscribers of a guild's campaigns.
    pub fn campaign_subscribers(&self, guild: GuildId) -> usize {
        self.campaigns.lock().get(&guild).map_or(0, |feed| feed.subscribers())
    }

    /// Number of subscribers of tallies, and of campaigns.
    pub fn subscriber_counts(&self) -> (usize, usize) {
        let tallies = self.tallies.lock().values().map(|feed| feed.subscribers()).sum();
        let campaigns = self.campaigns.lock().values().map(|feed| feed.subscribers()).sum();
        (tallies, campaigns)
    }

    /// A permit to look a subscriber up again.
    pub async fn refresh_permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.renewals.acquire().await.ok()
    }

    /// The guilds whose campaigns are watched.
    pub(super) fn guilds_with_subscribers(&self) -> Vec<GuildId> {
        self.campaigns.lock().keys().copied().collect()
    }

    /// Compares what subscribers know of campaigns with what was found of them.
    pub(super) fn compare_campaigns(&self, found: &[(GuildId, CampaignId, CampaignStatus)]) {
        let mut by_guild: HashMap<GuildId, HashMap<CampaignId, CampaignStatus>> = HashMap::new();
        for (guild, campaign, status) in found {
            by_guild.entry(*guild).or_default().insert(*campaign, *status);
        }
        for (guild, feed) in self.campaigns.lock().iter() {
            feed.compare(by_guild.get(guild).unwrap_or(&HashMap::new()));
        }
    }

    /// The watched tallies, and the revision of each that was sent last.
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
                    feed.changed(campaign);
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
