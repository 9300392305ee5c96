//! Caches the ballot boxes of campaigns that are over, with their files. They never change.

use std::{collections::HashMap, sync::Arc};

use quick_cache::{Weighter, sync::Cache};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::ballot_box::BallotBox;
use crate::kernel::id::{CampaignId, GuildId};

/// Maximum memory for cached boxes and their files, in bytes, as estimated by [`BoxWeighter`].
const MAX_BYTES: u64 = 48_000_000;
/// Expected number of cached boxes. With more, the cache would divide its memory among several tables, and a large box
/// would fit into none of them.
const EXPECTED_BOXES: usize = 32;
/// Maximum number of requests that load boxes at once, each of which may be large.
const MAX_LOADS: usize = 2;

/// The cache.
pub struct BallotBoxCache {
    boxes: Cache<CampaignId, Arc<BallotBox>, BoxWeighter>,
    loads: Semaphore,
}

#[derive(Clone)]
struct BoxWeighter;

impl Weighter<CampaignId, Arc<BallotBox>> for BoxWeighter {
    fn weight(&self, _: &CampaignId, ballot_box: &Arc<BallotBox>) -> u64 {
        // Measured: a ballot and its part of the file take about 500 bytes, and each pick about 40.
        let ballots: usize = ballot_box.ballots.iter().map(|ballot| 500 + 40 * ballot.picks.len()).sum();
        let standings: usize = ballot_box.outcome.standings.iter().map(|row| 200 + 8 * row.pick_counts.len()).sum();
        (4_000 + ballots + standings + 1_000 * ballot_box.entries.len() + 8 * ballot_box.outcome.table_size()) as u64
    }
}

impl Default for BallotBoxCache {
    fn default() -> Self {
        Self { boxes: Cache::with_weighter(EXPECTED_BOXES, MAX_BYTES, BoxWeighter), loads: Semaphore::new(MAX_LOADS) }
    }
}

impl BallotBoxCache {
    /// The cached boxes of these campaigns of a guild.
    pub(super) fn find(&self, guild: GuildId, campaigns: &[CampaignId]) -> HashMap<CampaignId, Arc<BallotBox>> {
        let find = |id: &CampaignId| Some((*id, self.boxes.get(id).filter(|it| it.campaign.guild_id == guild)?));
        campaigns.iter().filter_map(find).collect()
    }

    /// Caches a box.
    pub(super) fn insert(&self, ballot_box: &Arc<BallotBox>) {
        self.boxes.insert(ballot_box.campaign.id, Arc::clone(ballot_box));
    }

    /// Waits until this request may load boxes.
    pub(super) async fn start_load(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.loads.acquire().await.ok()
    }
}
