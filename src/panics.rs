//! Panics: faults of ours that are contained and counted. A request's are answered as internal errors; whatever goes on
//! beside the requests begins again.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::FutureExt;

/// How long to wait before beginning again what has panicked.
const PAUSE: Duration = Duration::from_secs(1);

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts the process's panics from now on, beside what else is done about them.
pub fn count() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(panic);
    }));
}

/// How many there were since they are counted.
pub fn counted() -> u64 {
    PANICS.load(Ordering::Relaxed)
}

/// Does what is never to end but by itself, over and over while it panics.
pub(crate) async fn begin_again<F: Future<Output = ()>>(what: &'static str, work: impl Fn() -> F) {
    while AssertUnwindSafe(work()).catch_unwind().await.is_err() {
        tracing::error!(what, "came to an end by a fault of ours; beginning again");
        tokio::time::sleep(PAUSE).await;
    }
}
