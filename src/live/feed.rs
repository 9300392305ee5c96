//! The newest state of a watched campaign, and its subscribers.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::response_cache::ResponseCache;
use crate::kernel::id::{CampaignId, GuildId};

/// Number of subscribers that are notified together. The server can do other work between two cohorts.
const COHORT_SIZE: usize = 128;

/// A campaign of a guild.
pub(super) type CampaignKey = (GuildId, CampaignId);

/// The feeds of one kind, by campaign.
pub(super) type Feeds<T> = Mutex<HashMap<CampaignKey, Arc<Feed<T>>>>;

/// A new state of a campaign, and the responses that its subscribers share.
pub struct FeedUpdate<T> {
    /// The state; `None` if the campaign was deleted.
    pub state: Option<Arc<T>>,
    /// The responses to it that subscribers share.
    pub responses: Arc<ResponseCache>,
    /// Number of the update in its feed. Later updates have a higher one.
    pub(super) number: u64,
}

impl<T> Clone for FeedUpdate<T> {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), responses: Arc::clone(&self.responses), number: self.number }
    }
}

pub(super) type Newest<T> = Option<FeedUpdate<T>>;

/// A campaign with subscribers.
pub(super) struct Feed<T> {
    /// Its newest state.
    pub(super) newest: watch::Sender<Newest<T>>,
    /// The cohorts of subscribers. They are notified one after the other, each with the state that is newest by then.
    cohorts: Mutex<Vec<watch::Sender<Newest<T>>>>,
    /// Notified when a newer state is needed.
    pub(super) stale: Notify,
    /// How often a newer state was requested since the last read.
    pub(super) requests: AtomicU64,
    /// Notified when there is a newer state.
    pub(super) fresh: Notify,
}

impl<T> Feed<T> {
    pub(super) fn new() -> Self {
        Self {
            newest: watch::Sender::new(None),
            cohorts: Mutex::default(),
            stale: Notify::new(),
            requests: AtomicU64::new(0),
            fresh: Notify::new(),
        }
    }

    /// Requests a newer state.
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.stale.notify_one();
    }

    /// Number of subscribers.
    pub(super) fn subscribers(&self) -> usize {
        self.newest.receiver_count()
    }

    /// The newest update, if there is one.
    pub(super) fn newest(&self) -> Newest<T> {
        self.newest.borrow().clone()
    }

    /// Sets the newest state.
    pub(super) fn publish(&self, state: Option<T>) {
        self.newest.send_modify(|newest| {
            let number = newest.as_ref().map_or(0, |newest| newest.number + 1);
            *newest = Some(FeedUpdate { state: state.map(Arc::new), responses: Arc::default(), number });
        });
        self.fresh.notify_one();
    }

    /// Adds a subscriber to a cohort.
    pub(super) fn join_cohort(&self) -> watch::Receiver<Newest<T>> {
        let mut cohorts = self.cohorts.lock();
        if let Some(cohort) = cohorts.iter().find(|cohort| cohort.receiver_count() < COHORT_SIZE) {
            return cohort.subscribe();
        }
        let (cohort, receiver) = watch::channel(None);
        cohorts.push(cohort);
        receiver
    }

    pub(super) fn cohort(&self, number: usize) -> Option<watch::Sender<Newest<T>>> {
        self.cohorts.lock().get(number).cloned()
    }
}
