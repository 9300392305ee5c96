//! Background tasks that restart when they panic, and the number of panics.
//!
//! A panic is a bug that is contained and counted: a request's is answered as an internal error, a background task restarts.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::task::JoinSet;

/// Pause before a task that panicked restarts, so that a task that always panics doesn't keep a core busy.
const PAUSE: Duration = Duration::from_secs(1);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts the process's panics from now on, in addition to the present panic hook.
pub fn count_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(panic);
    }));
}

/// Number of panics since [`count_panics`].
pub fn panic_count() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Spawns background work that runs until the set is dropped, and restarts it when it panics.
pub fn spawn_supervised<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut JoinSet<()>,
    what: &'static str,
    work: impl Fn() -> F + Send + 'static,
) {
    tasks.spawn(async move { restart_on_panic(what, work).await });
}

/// Runs background work until it ends, and restarts it when it panics.
pub async fn restart_on_panic<F: Future<Output = ()>>(what: &'static str, work: impl Fn() -> F) {
    while AssertUnwindSafe(work()).catch_unwind().await.is_err() {
        tracing::error!(what, "came to an end by a fault of ours; beginning again");
        tokio::time::sleep(PAUSE).await;
    }
}
