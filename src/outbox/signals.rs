//! Signals between the tasks that queue messages and the task that delivers them, within one server.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::kernel::id::MessageId;

/// Wakes the delivery task after a commit, and reports the outcome of messages.
#[derive(Default)]
pub struct DeliverySignals {
    wake: Notify,
    /// The subscribers to the outcomes of messages.
    subscribers: Mutex<HashMap<MessageId, oneshot::Sender<bool>>>,
    delivered: AtomicU64,
    given_up: AtomicU64,
}

impl DeliverySignals {
    /// Wakes the delivery task, because a message may have been queued.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until [`Self::wake`] is called.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Returns a receiver for the outcome of a message that is about to be queued: true if it was sent, false if it was
    /// given up.
    pub fn subscribe(&self, message: MessageId) -> oneshot::Receiver<bool> {
        let (sender, receiver) = oneshot::channel();
        let mut subscribers = self.subscribers.lock();
        subscribers.retain(|_, sender| !sender.is_closed());
        subscribers.insert(message, sender);
        receiver
    }

    /// Counts a message that was sent or given up, and notifies its subscriber.
    pub fn finish(&self, message: MessageId, was_sent: bool) {
        let count = if was_sent { &self.delivered } else { &self.given_up };
        count.fetch_add(1, Ordering::Relaxed);
        let subscriber = self.subscribers.lock().remove(&message);
        if let Some(subscriber) = subscriber {
            // Fails only if the receiver was dropped.
            let _ = subscriber.send(was_sent);
        }
    }

    /// Notifies the subscriber of a message that was not needed any more.
    pub fn cancel(&self, message: MessageId) {
        if let Some(subscriber) = self.subscribers.lock().remove(&message) {
            // Fails only if the receiver was dropped.
            let _ = subscriber.send(false);
        }
    }

    /// The numbers of messages that this server has delivered and given up since it started.
    pub fn totals(&self) -> (u64, u64) {
        (self.delivered.load(Ordering::Relaxed), self.given_up.load(Ordering::Relaxed))
    }
}
