//! Rounds: when a batch of loads is complete.
//!
//! A batching library can only wait a little for more keys, and how many fields get their turn in that time is a matter
//! of luck. An execution knows better: its fields ask in rounds, those of one level together. When it has been polled until
//! it neither ends nor goes on by itself, and waits for nothing of the database, then whoever could ask has asked, and the
//! round opens. That makes the number of statements of a query the same every time.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use crate::db::Usage;

/// The rounds of an execution. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Rounds(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// A round has opened.
    opened: Notify,
}

#[derive(Default)]
struct State {
    /// The round that fields ask in now.
    round: u64,
    /// Who waits for this round to open.
    waiting: usize,
    /// Who was let go by an earlier round and has no answer yet.
    outstanding: usize,
}

/// A field's place in a round, held until it has its answer.
pub(super) struct Place {
    shared: Arc<Shared>,
    round: u64,
}

impl Rounds {
    /// Takes part in the present round, and returns when it opens: only ever within what is [driven](Self::drive).
    pub(super) async fn join(&self) -> Place {
        let (place, opened) = {
            let mut state = self.0.lock();
            state.waiting += 1;
            (Place { shared: Arc::clone(&self.0), round: state.round }, self.0.opened.notified())
        };
        opened.await;
        place
    }

    /// Runs an execution, and opens its rounds.
    pub(super) async fn drive<T>(&self, execution: impl Future<Output = T>) -> T {
        let usage = Usage::of_request();
        let stirred = Arc::new(Stirred::default());
        let waker = Waker::from(Arc::clone(&stirred));
        // Unconstrained: made to give way in the midst of a level, it would look as if all had asked.
        let mut execution = pin!(tokio::task::unconstrained(execution));
        std::future::poll_fn(|cx| {
            stirred.task.register(cx.waker());
            loop {
                stirred.can_go_on.store(false, Ordering::Relaxed);
                if let Poll::Ready(value) = execution.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(value);
                }
                let goes_on = stirred.can_go_on.load(Ordering::Acquire) || (usage.is_idle() && self.open());
                if !goes_on {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Opens the round if it is complete and anyone waits for it.
    fn open(&self) -> bool {
        let mut state = self.0.lock();
        if state.waiting == 0 || state.outstanding > 0 {
            return false;
        }
        state.round += 1;
        state.outstanding = std::mem::take(&mut state.waiting);
        drop(state);
        self.0.opened.notify_waiters();
        true
    }
}

/// Wakes the task, and tells what a poll stirred itself from what waits for others.
#[derive(Default)]
struct Stirred {
    can_go_on: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Stirred {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.can_go_on.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if self.round < state.round {
            state.outstanding -= 1;
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
