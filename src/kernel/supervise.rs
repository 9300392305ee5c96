//! Background tasks that restart after a panic, and a count of panics.
//!
//! A panic is a bug. The server contains and counts it: a request fails with an internal error, a background task
//! restarts.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::task::JoinSet;

/// Delay before a task that panicked restarts, so that a task that always panics doesn't keep a core busy.
const RESTART_DELAY: Duration = Duration::from_secs(1);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Installs a panic hook that counts the process's panics and then calls the current hook.
pub fn count_panics() {
    let previous_hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        previous_hook(panic);
    }));
}

/// Returns the number of panics since [`count_panics`].
pub fn panic_count() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Spawns a background task that restarts when it panics. Dropping the set aborts it.
pub fn spawn_supervised<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut JoinSet<()>,
    name: &'static str,
    work: impl Fn() -> F + Send + 'static,
) {
    tasks.spawn(async move { restart_on_panic(name, work).await });
}

/// Runs background work until it returns, and restarts it when it panics.
pub async fn restart_on_panic<F: Future<Output = ()>>(name: &'static str, work: impl Fn() -> F) {
    while AssertUnwindSafe(work()).catch_unwind().await.is_err() {
        tracing::error!(task = name, "the background task panicked; restarting it");
        tokio::time::sleep(RESTART_DELAY).await;
    }
}
