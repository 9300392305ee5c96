//! What a request asks of the database.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use diesel::connection::{Instrumentation, InstrumentationEvent};

tokio::task_local! {
    static OF_REQUEST: Arc<Usage>;
}

/// What a request has asked of the database so far, and what it waits for. Belongs to whatever runs within
/// [`Usage::scope`], but for what that spawns.
#[derive(Debug, Default)]
pub struct Usage {
    statements: AtomicU64,
    waiting: AtomicUsize,
    /// Whether it has waited for the database in vain.
    is_gone: AtomicBool,
}

impl Usage {
    /// That of the present request; a new one outside of any.
    pub fn current() -> Arc<Self> {
        OF_REQUEST.try_with(Arc::clone).unwrap_or_default()
    }

    /// Runs what is part of the request.
    pub async fn scope<T>(self: Arc<Self>, part: impl Future<Output = T>) -> T {
        OF_REQUEST.scope(self, part).await
    }

    /// How many statements have been sent for it.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Whether it waits for nothing of the database.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == 0
    }

    /// Whether it has waited for a connection in vain before: once is enough.
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }

    /// Notes that it has waited for a connection in vain.
    pub(super) fn gone(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
    }

    pub(super) fn begin_wait(self: &Arc<Self>) -> DatabaseWait {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        DatabaseWait(Arc::clone(self))
    }
}

/// Counts a request as waiting for the database until it is dropped.
pub(super) struct DatabaseWait(Arc<Usage>);

impl Drop for DatabaseWait {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a connection's statements.
pub(super) struct StatementCounter {
    /// Of all requests.
    pub(super) all: Arc<AtomicU64>,
    /// Of the one that the connection serves.
    pub(super) request: Arc<Usage>,
}

impl Instrumentation for StatementCounter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            self.all.fetch_add(1, Ordering::Relaxed);
            self.request.statements.fetch_add(1, Ordering::Relaxed);
        }
    }
}
