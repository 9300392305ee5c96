//! Each request's use of the database.

use std::{
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kernel::{
    error::{Error, Result},
    id::MemberId,
    pruning_map::PruningMap,
};

/// Maximum number of connections that one request uses at a time. The fields of a level load at the same time.
const CONNECTIONS_PER_REQUEST: usize = 3;

tokio::task_local! {
    static CURRENT: Arc<Usage>;
}

/// A request's use of the database: its statements, and its accesses that are in flight. Belongs to the future that
/// runs in [`Usage::scope`], but not to tasks that it spawns.
#[derive(Debug)]
pub struct Usage {
    statements: AtomicU64,
    in_flight: AtomicUsize,
    pool_failed: AtomicBool,
    client: OnceLock<ClientKey>,
    connections: Arc<Semaphore>,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            statements: AtomicU64::default(),
            in_flight: AtomicUsize::default(),
            pool_failed: AtomicBool::default(),
            client: OnceLock::new(),
            connections: Arc::new(Semaphore::new(CONNECTIONS_PER_REQUEST)),
        }
    }
}

impl Usage {
    /// The use by a request of this client.
    pub fn of_client(client: Option<ClientKey>) -> Self {
        let usage = Self::default();
        usage.set_client(client);
        usage
    }

    /// Names the client whose request this is. The first name stays.
    pub fn set_client(&self, client: Option<ClientKey>) {
        if let Some(client) = client {
            self.client.get_or_init(|| client);
        }
    }

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

/// Whose use of the database a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// A member's, from any address.
    Member(MemberId),
    /// Everyone at this address who is not signed in.
    Address(IpAddr),
}

/// Gives each client at most a third of the connections, and half the cores for scans, so that one client's requests
/// leave some to the others.
pub(super) struct ClientShares {
    connections: usize,
    scans: usize,
    clients: Mutex<PruningMap<ClientKey, Arc<ClientShare>>>,
}

/// The connections and scans that a client may use.
struct ClientShare {
    connections: Arc<Semaphore>,
    scans: Arc<Semaphore>,
}

/// A request's place among its own accesses and among its client's. Dropping it frees both.
pub(super) struct ConnectionPermit {
    _request: OwnedSemaphorePermit,
    _client: Option<ClientPermit>,
}

/// A place among the accesses of a client, whose share is kept as long.
struct ClientPermit {
    _scan: Option<OwnedSemaphorePermit>,
    _connection: OwnedSemaphorePermit,
    _share: Arc<ClientShare>,
}

impl ClientShares {
    pub(super) fn new(max_connections: u32) -> Self {
        let connections = usize::try_from(max_connections.div_ceil(3)).unwrap_or(usize::MAX);
        let scans = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self { connections, scans, clients: Mutex::default() }
    }

    /// Waits until the request and its client may use another connection, for a scan if `is_scan`.
    pub(super) async fn acquire(&self, usage: &Usage, is_scan: bool) -> Result<ConnectionPermit> {
        let request = Arc::clone(&usage.connections).acquire_owned().await.map_err(Error::internal)?;
        let client = match usage.client.get() {
            Some(client) => Some(self.of(*client).acquire(is_scan).await?),
            None => None,
        };
        Ok(ConnectionPermit { _request: request, _client: client })
    }

    fn of(&self, client: ClientKey) -> Arc<ClientShare> {
        let mut clients = self.clients.lock();
        // A permit holds its share, and so does everyone who waits for one.
        let in_use = |share: &Arc<ClientShare>| Arc::strong_count(share) > 1;
        let create = || {
            let [connections, scans] = [self.connections, self.scans].map(|places| Arc::new(Semaphore::new(places)));
            Arc::new(ClientShare { connections, scans })
        };
        Arc::clone(clients.get_or_insert_with(client, in_use, create))
    }
}

impl ClientShare {
    async fn acquire(self: Arc<Self>, is_scan: bool) -> Result<ClientPermit> {
        // First the scan, so that scans that wait leave the connections to the client's other reads.
        let scan =
            if is_scan { Some(Arc::clone(&self.scans).acquire_owned().await.map_err(Error::internal)?) } else { None };
        let connection = Arc::clone(&self.connections).acquire_owned().await.map_err(Error::internal)?;
        Ok(ClientPermit { _scan: scan, _connection: connection, _share: self })
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
