//! When a batch of loads is complete.
//!
//! A batching library waits a fixed time for more keys, and how many fields get to run in that time is a matter of chance. An
//! execution knows better: its fields load in levels. Once polling makes no progress and no query is in flight, all keys of
//! this level are known and the batch is dispatched. So a query has the same number of statements every time.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::db::Usage;

/// Dispatches the batches of an execution, one level after the other. Clones share the state.
#[derive(Clone, Default)]
pub(super) struct BatchScheduler(Arc<SharedBatches>);

#[derive(Default)]
struct SharedBatches {
    state: Mutex<BatchState>,
    dispatched: Notify,
}

#[derive(Default)]
struct BatchState {
    /// The level that collects keys now.
    level: u64,
    /// Batches that wait for this level's dispatch.
    waiting: usize,
    /// Batches of earlier levels that are still loading.
    loading: usize,
}

/// A batch's place in a level, held until the batch is loaded.
pub(super) struct BatchTicket {
    shared: Arc<SharedBatches>,
    level: u64,
}

impl BatchScheduler {
    /// Adds a batch to the present level and returns when that is dispatched: only ever inside [`BatchScheduler::run`].
    pub(super) async fn enqueue(&self) -> BatchTicket {
        let (ticket, dispatched) = {
            let mut state = self.0.lock();
            state.waiting += 1;
            (BatchTicket { shared: Arc::clone(&self.0), level: state.level }, self.0.dispatched.notified())
        };
        dispatched.await;
        ticket
    }

    /// Runs an execution and dispatches its batches.
    pub(super) async fn run<T>(&self, execution: impl Future<Output = T>) -> T {
        let usage = Usage::current();
        let progress = Arc::new(ProgressWaker::default());
        let waker = Waker::from(Arc::clone(&progress));
        // Unconstrained: a future that tokio's budget interrupts in the midst of a level would look as if all fields had asked.
        let mut execution = pin!(tokio::task::unconstrained(execution));
        std::future::poll_fn(|cx| {
            progress.task.register(cx.waker());
            loop {
                progress.was_woken.store(false, Ordering::Relaxed);
                if let Poll::Ready(value) = execution.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(value);
                }
                let continues = progress.was_woken.load(Ordering::Acquire) || (usage.is_idle() && self.dispatch());
                if !continues {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Dispatches the level if any batch waits for it and none of an earlier one is loading.
    fn dispatch(&self) -> bool {
        let mut state = self.0.lock();
        if state.waiting == 0 || state.loading > 0 {
            return false;
        }
        state.level += 1;
        state.loading = std::mem::take(&mut state.waiting);
        drop(state);
        self.0.dispatched.notify_waiters();
        true
    }
}

/// Wakes the task, and shows whether the poll itself made progress possible.
#[derive(Default)]
struct ProgressWaker {
    was_woken: AtomicBool,
    task: AtomicWaker,
}

impl Wake for ProgressWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.was_woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

impl Drop for BatchTicket {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        if self.level < state.level {
            state.loading -= 1;
        } else {
            state.waiting -= 1;
        }
    }
}

impl SharedBatches {
    fn lock(&self) -> MutexGuard<'_, BatchState> {
        self.state.lock()
    }
}
