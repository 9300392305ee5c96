//! Signals within one server, between the tasks that queue messages and the task that delivers them.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::kernel::id::MessageId;

/// Wakes the delivery after a commit, and reports what became of a message.
#[derive(Default)]
pub struct DeliverySignals {
    wake: Notify,
    /// Callers that wait for the outcome of a message.
    waiting: Mutex<HashMap<MessageId, oneshot::Sender<bool>>>,
    delivered: AtomicU64,
    given_up: AtomicU64,
}

impl DeliverySignals {
    /// Wakes the delivery, because a message may have been queued.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Returns when the delivery was woken.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The outcome of a message that is about to be queued: true when it was sent, false when it was given up.
    pub fn subscribe(&self, message: MessageId) -> oneshot::Receiver<bool> {
        let (sender, outcome) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        waiting.retain(|_, sender| !sender.is_closed());
        waiting.insert(message, sender);
        outcome
    }

    /// Counts a message that was sent or given up, and notifies the caller that waits for it.
    pub fn finish(&self, message: MessageId, was_sent: bool) {
        let count = if was_sent { &self.delivered } else { &self.given_up };
        count.fetch_add(1, Ordering::Relaxed);
        let waiting = self.waiting.lock().remove(&message);
        if let Some(waiting) = waiting {
            // Fails only when the caller has stopped waiting.
            let _ = waiting.send(was_sent);
        }
    }

    /// Messages that this server has delivered, and that it has given up, since it started.
    pub fn totals(&self) -> (u64, u64) {
        (self.delivered.load(Ordering::Relaxed), self.given_up.load(Ordering::Relaxed))
    }
}
