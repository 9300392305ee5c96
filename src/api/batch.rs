//! Dispatches the batches of an execution, level by level.
//!
//! A data loader waits a fixed time for more keys, so its batches depend on timing. Here the end of a level is known:
//! once polling makes no progress and no query is in flight, all keys of the level are collected and its batches are
//! dispatched. So an operation always has the same number of statements.

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
    /// The level that currently collects keys.
    level: u64,
    /// Number of batches that wait for the dispatch of this level.
    waiting: usize,
    /// Number of batches of earlier levels that are still loading.
    loading: usize,
}

/// Registers a batch in a level until it is dropped, which marks the batch as loaded.
pub(super) struct BatchTicket {
    shared: Arc<SharedBatches>,
    level: u64,
}

impl BatchScheduler {
    /// Adds a batch to the current level and returns when the level is dispatched. Call it only inside
    /// [`BatchScheduler::run`].
    pub(super) async fn enqueue(&self) -> BatchTicket {
        let (ticket, dispatched) = {
            let mut state = self.0.lock();
            state.waiting += 1;
            (BatchTicket { shared: Arc::clone(&self.0), level: state.level }, self.0.dispatched.notified())
        };
        dispatched.await;
        ticket
    }

    /// Polls an execution to its end and dispatches its batches.
    pub(super) async fn run<T>(&self, execution: impl Future<Output = T>) -> T {
        let usage = Usage::current();
        let progress = Arc::new(ProgressWaker::default());
        let waker = Waker::from(Arc::clone(&progress));
        // Unconstrained: tokio's budget would interrupt the poll within a level, and the level would look complete.
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

    /// Dispatches the level if batches wait for it and no batch of an earlier level is loading.
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

/// Wakes the task and records that it did, which shows whether another poll can make progress.
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
