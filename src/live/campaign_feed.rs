//! A guild's campaigns with subscribers.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};

use super::response_cache::ResponseCache;
use crate::{
    kernel::id::CampaignId,
    voting::{Campaign, CampaignStatus},
};

/// A change of a campaign.
#[derive(Clone)]
pub struct CampaignUpdate {
    /// The changed campaign.
    pub id: CampaignId,
    /// The campaign after the change; `None` if it was deleted.
    pub campaign: Option<Arc<Campaign>>,
    /// The responses to it that subscribers share.
    pub responses: Arc<ResponseCache>,
}

/// The campaigns of a guild, for its subscribers.
pub(super) struct CampaignFeed {
    pub(super) changes: broadcast::Sender<CampaignUpdate>,
    /// The campaigns to load again.
    pub(super) stale: Mutex<Stale>,
    pub(super) wake: Notify,
    /// The last sent status of each campaign that may still change; `None` until the campaigns are loaded for the first
    /// time.
    pub(super) sent: watch::Sender<Option<HashMap<CampaignId, CampaignStatus>>>,
}

/// The campaigns that may have changed since they were loaded.
#[derive(Default)]
pub(super) struct Stale {
    pub(super) campaigns: HashSet<CampaignId>,
    pub(super) all: bool,
}

impl CampaignFeed {
    pub(super) fn mark_stale(&self, campaign: CampaignId) {
        self.stale.lock().campaigns.insert(campaign);
        self.wake.notify_one();
    }

    /// Number of subscribers; 0 until the campaigns are loaded for the first time.
    pub(super) fn subscribers(&self) -> usize {
        if self.sent.borrow().is_some() { self.changes.receiver_count() } else { 0 }
    }

    /// Marks the campaigns as stale whose stored status differs from the last sent one.
    pub(super) fn compare(&self, stored: &HashMap<CampaignId, CampaignStatus>) {
        let sent = self.sent.borrow();
        let Some(sent) = sent.as_ref() else { return };
        let differs = |a: &HashMap<_, _>, b: &HashMap<CampaignId, CampaignStatus>| {
            a.iter().filter(|(id, status)| b.get(id) != Some(status)).map(|(id, _)| *id).collect::<Vec<_>>()
        };
        differs(sent, stored).into_iter().chain(differs(stored, sent)).for_each(|id| self.mark_stale(id));
    }

    pub(super) fn retry(&self, failed: Stale) {
        let mut stale = self.stale.lock();
        stale.campaigns.extend(failed.campaigns);
        stale.all |= failed.all;
        self.wake.notify_one();
    }

    pub(super) fn mark_all_stale(&self) {
        self.stale.lock().all = true;
        self.wake.notify_one();
    }
}
