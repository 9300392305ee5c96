//! A campaign's newest tally, and its subscribers.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::response_cache::ResponseCache;
use crate::voting::Tally;

/// Number of subscribers that are notified together. The server can do other work between two cohorts.
const COHORT_SIZE: usize = 128;

/// A new tally, and the responses that its subscribers share.
#[derive(Clone)]
pub struct TallyUpdate {
    /// The tally.
    pub tally: Arc<Tally>,
    /// The responses to it that subscribers share.
    pub responses: Arc<ResponseCache>,
}

pub(super) type Newest = Option<TallyUpdate>;

/// A campaign with subscribers.
pub(super) struct TallyFeed {
    /// Its newest tally.
    pub(super) newest: watch::Sender<Newest>,
    /// The cohorts of subscribers. They are notified one after the other, each with the tally that is newest by then.
    cohorts: Mutex<Vec<watch::Sender<Newest>>>,
    /// Notified when a newer tally is needed.
    pub(super) stale: Notify,
    /// How often a newer tally was requested since the last count.
    pub(super) requests: AtomicU64,
    /// Notified when there is a newer tally.
    pub(super) fresh: Notify,
}

impl TallyFeed {
    pub(super) fn new() -> Self {
        Self {
            newest: watch::Sender::new(None),
            cohorts: Mutex::default(),
            stale: Notify::new(),
            requests: AtomicU64::new(0),
            fresh: Notify::new(),
        }
    }

    /// Requests a newer tally.
    pub(super) fn recount(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.stale.notify_one();
    }

    /// Number of subscribers.
    pub(super) fn subscribers(&self) -> usize {
        self.newest.receiver_count()
    }

    /// The revision of the newest tally, if there is one.
    pub(super) fn revision(&self) -> Option<i64> {
        self.newest.borrow().as_ref().map(|counted| counted.tally.revision)
    }

    /// Adds a subscriber to a cohort.
    pub(super) fn join_cohort(&self) -> watch::Receiver<Newest> {
        let mut cohorts = self.cohorts.lock();
        if let Some(cohort) = cohorts.iter().find(|cohort| cohort.receiver_count() < COHORT_SIZE) {
            return cohort.subscribe();
        }
        let (cohort, receiver) = watch::channel(None);
        cohorts.push(cohort);
        receiver
    }

    pub(super) fn cohort(&self, number: usize) -> Option<watch::Sender<Newest>> {
        self.cohorts.lock().get(number).cloned()
    }
}
