//! Rounds: when a batch of loads is complete.
//!
//! A batching library can only wait a little for more keys, and how many fields get their turn in that time is a matter
//! of luck. A request knows better: its fields ask in rounds, those of one level together, and whoever could still ask is
//! either waiting for an answer of the round before or has just got one. So a round opens when nothing of the round
//! before is outstanding and no field has asked for a moment. That makes the number of statements of a query the same
//! every time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How many times in a row the request's task is polled without any field asking before a round opens. A poll does not
/// always reach every field: joined futures give way when they wake each other.
const QUIET: usize = 16;

/// The rounds of a request. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Rounds(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A round has opened.
    opened: Notify,
    /// Nothing is outstanding any more.
    answered: Notify,
}

#[derive(Default)]
struct State {
    /// The round that fields ask in now.
    round: u64,
    /// How often fields have asked, in all rounds.
    asked: u64,
    /// Who waits for this round to open.
    waiting: usize,
    /// Who was let go by an earlier round and has no answer yet.
    outstanding: usize,
    /// Whether someone watches for the moment to open.
    led: bool,
}

/// A field's place in a round, held until it has its answer.
pub(super) struct Place {
    shared: Arc<Shared>,
    round: u64,
}

impl Rounds {
    /// Takes part in the present round, and returns when it opens.
    pub(super) async fn join(&self) -> Place {
        let shared = &self.0;
        let (place, opened, leads) = {
            let mut state = shared.lock();
            state.asked += 1;
            state.waiting += 1;
            let place = Place { shared: Arc::clone(shared), round: state.round };
            (place, shared.opened.notified(), !std::mem::replace(&mut state.led, true))
        };
        if leads {
            let leader = Leader(shared);
            leader.wait_until_all_have_asked().await;
        } else {
            opened.await;
        }
        place
    }
}

/// Watches for the moment to open a round. If it goes away before (its field was given up), the round opens at once.
struct Leader<'s>(&'s Shared);

impl Leader<'_> {
    async fn wait_until_all_have_asked(&self) {
        loop {
            loop {
                let answered = self.0.answered.notified();
                if self.0.lock().outstanding == 0 {
                    break;
                }
                answered.await;
            }
            let asked = self.0.lock().asked;
            for _ in 0..QUIET {
                tokio::task::yield_now().await;
            }
            let state = self.0.lock();
            if state.asked == asked && state.outstanding == 0 {
                return;
            }
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.round += 1;
        state.led = false;
        state.outstanding += std::mem::take(&mut state.waiting);
        drop(state);
        self.0.opened.notify_waiters();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if self.round < state.round {
            state.outstanding -= 1;
            if state.outstanding == 0 {
                self.shared.answered.notify_waiters();
            }
        } else {
            state.waiting -= 1;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
