//! Each request's use of the database.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use diesel::connection::{Instrumentation, InstrumentationEvent};

tokio::task_local! {
    static CURRENT: Arc<Usage>;
}

/// A request's use of the database: its statements, and its accesses that are in flight. Belongs to the future that
/// runs in [`Usage::scope`], but not to tasks that it spawns.
#[derive(Debug, Default)]
pub struct Usage {
    statements: AtomicU64,
    in_flight: AtomicUsize,
    pool_failed: AtomicBool,
}

impl Usage {
    /// Returns the current request's usage, or a new one outside of a request.
    pub fn current() -> Arc<Self> {
        CURRENT.try_with(Arc::clone).unwrap_or_default()
    }

    /// Runs a future as part of the request.
    pub async fn scope<T>(self: Arc<Self>, future: impl Future<Output = T>) -> T {
        CURRENT.scope(self, future).await
    }

    /// Returns the number of statements so far.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether no access is in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) == 0
    }

    /// Whether the request has failed to get a connection before. Its further accesses then fail immediately instead of
    /// waiting.
    pub(super) fn pool_has_failed(&self) -> bool {
        self.pool_failed.load(Ordering::Relaxed)
    }

    /// Records that the request could not get a connection.
    pub(super) fn record_pool_failure(&self) {
        self.pool_failed.store(true, Ordering::Relaxed);
    }

    /// Counts an access as in flight until the guard is dropped.
    pub(super) fn track_access(self: &Arc<Self>) -> InFlightAccess {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlightAccess(Arc::clone(self))
    }
}

/// Counts an access as in flight until it is dropped.
pub(super) struct InFlightAccess(Arc<Usage>);

impl Drop for InFlightAccess {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a connection's statements.
pub(super) struct StatementCounter {
    /// The count of all requests.
    pub(super) total: Arc<AtomicU64>,
    /// The request that uses the connection.
    pub(super) usage: Arc<Usage>,
}

impl Instrumentation for StatementCounter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            self.total.fetch_add(1, Ordering::Relaxed);
            self.usage.statements.fetch_add(1, Ordering::Relaxed);
        }
    }
}
