//! Responses that all subscribers of one operation share.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

/// A hash of the document, the operation's name and the values of its variables.
pub type ResponseKey = [u8; 32];

/// Maximum number of operations whose response to one event is cached. Further operations are executed for each
/// subscriber.
const MAX_OPERATIONS: usize = 256;
/// Longest response that is cached, in bytes. The comparisons of 200 entries need about 500 KiB.
const MAX_BYTES: usize = 1_024 * 1_024;
/// Maximum size of all cached responses to one event, in bytes. Further responses are executed for each subscriber.
const MAX_TOTAL_BYTES: usize = 16 * 1_024 * 1_024;
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
    fn bytes(&self) -> usize {
        match self {
            Self::ForAll(response) => response.len(),
            Self::Personal => 0,
        }
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

    /// Passes a response that is the same for every viewer to the subscribers that wait for it, if there is room for
    /// it. Without one, they execute the operation themselves.
    pub fn share(&self, sender: &watch::Sender<Option<CachedResponse>>, response: Option<&Arc<str>>) {
        let cached = |slot: &CacheEntry| slot.1.borrow().as_ref().map_or(0, CachedResponse::bytes);
        let has_room = |response: &&Arc<str>, total: usize| {
            response.len() <= MAX_BYTES && total + response.len() <= MAX_TOTAL_BYTES
        };
        // Locked until the response is sent, so that two responses never take the same room.
        let responses = self.0.lock();
        let total: usize = responses.values().map(cached).sum();
        let shared = response.filter(|response| has_room(response, total)).cloned();
        sender.send_replace(Some(shared.map_or(CachedResponse::Personal, CachedResponse::ForAll)));
    }
}
