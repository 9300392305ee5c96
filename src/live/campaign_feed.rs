//! A guild's watched campaigns, and their subscribers.

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
    /// The campaign after the change.
    pub campaign: Arc<Campaign>,
    /// Whether the campaign was deleted.
    pub is_deleted: bool,
    /// The responses to it that subscribers share.
    pub responses: Arc<ResponseCache>,
}

/// A guild's campaigns, watched.
pub(super) struct CampaignFeed {
    pub(super) changes: broadcast::Sender<CampaignUpdate>,
    /// What to look at.
    pub(super) stale: Mutex<Stale>,
    pub(super) wake: Notify,
    /// Where the campaigns are in their lives that something can still become of, as was told last; `None` until it is
    /// known how things were at the beginning.
    pub(super) sent: watch::Sender<Option<HashMap<CampaignId, CampaignStatus>>>,
}

#[derive(Default)]
pub(super) struct Stale {
    pub(super) campaigns: HashSet<CampaignId>,
    pub(super) all: bool,
}

impl CampaignFeed {
    pub(super) fn changed(&self, campaign: CampaignId) {
        self.stale.lock().campaigns.insert(campaign);
        self.wake.notify_one();
    }

    /// How many are told.
    pub(super) fn subscribers(&self) -> usize {
        if self.sent.borrow().is_some() { self.changes.receiver_count() } else { 0 }
    }

    /// Looks at what is elsewhere in its life than was told, of what was found of this guild.
    pub(super) fn compare(&self, found: &HashMap<CampaignId, CampaignStatus>) {
        let sent = self.sent.borrow();
        let Some(sent) = sent.as_ref() else { return };
        let differs = |a: &HashMap<_, _>, b: &HashMap<CampaignId, CampaignStatus>| {
            a.iter().filter(|(id, status)| b.get(id) != Some(status)).map(|(id, _)| *id).collect::<Vec<_>>()
        };
        differs(sent, found).into_iter().chain(differs(found, sent)).for_each(|id| self.changed(id));
    }

    pub(super) fn retry(&self, at: Stale) {
        let mut stale = self.stale.lock();
        stale.campaigns.extend(at.campaigns);
        stale.all |= at.all;
        self.wake.notify_one();
    }

    pub(super) fn mark_all_stale(&self) {
        self.stale.lock().all = true;
        self.wake.notify_one();
    }
}
