//! Responses that all subscribers of one operation share.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

/// A hash of the document, the operation's name and the values of its variables.
pub type ResponseKey = [u8; 32];

/// Maximum number of operations whose response to one event is cached. Further operations are executed for each
/// subscriber.
const MAX_OPERATIONS: usize = 256;
/// Longest response that is cached, in bytes.
const MAX_BYTES: usize = 64 * 1_024;
/// How long a response is shared: its other fields may change while the event stays the same.
const MAX_AGE: Duration = Duration::from_secs(1);

/// The responses to one event. It is dropped with the event.
#[derive(Default)]
pub struct ResponseCache(Mutex<HashMap<ResponseKey, CacheEntry>>);

/// The start of the execution, and its response.
type CacheEntry = (Instant, watch::Receiver<Option<CachedResponse>>);

/// The response of an execution.
#[derive(Clone)]
pub enum CachedResponse {
    /// The response is the same for every viewer.
    ForAll(Arc<str>),
    /// The response depends on the viewer, or is too long to share.
    Personal,
}

impl CachedResponse {
    /// A response; `is_for_all` if it is the same for every viewer.
    pub fn new(response: &Arc<str>, is_for_all: bool) -> Self {
        if is_for_all && response.len() <= MAX_BYTES { Self::ForAll(Arc::clone(response)) } else { Self::Personal }
    }
}

/// How a subscriber gets the response to an event.
pub enum CacheSlot {
    /// Execute the operation, and send the response to the other subscribers.
    Execute(watch::Sender<Option<CachedResponse>>),
    /// Wait for the subscriber that executes the operation.
    Wait(watch::Receiver<Option<CachedResponse>>),
    /// Execute the operation for this subscriber only.
    Uncached,
}

impl ResponseCache {
    /// The slot of an operation's response.
    pub fn slot(&self, key: &ResponseKey) -> CacheSlot {
        let mut responses = self.0.lock();
        let cached = responses.get(key).filter(|(since, _)| since.elapsed() < MAX_AGE);
        if let Some((_, response)) = cached {
            return CacheSlot::Wait(response.clone());
        }
        if responses.len() >= MAX_OPERATIONS && !responses.contains_key(key) {
            return CacheSlot::Uncached;
        }
        let (sender, response) = watch::channel(None);
        responses.insert(*key, (Instant::now(), response));
        CacheSlot::Execute(sender)
    }
}
