//! Limits the memory for responses that clients have not read, of all connections together.
//!
//! A response is charged when it is made and released when the client has read it. While there is no room, new
//! responses wait, and clients that have not read for a while are cut off, the slowest first.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::kernel::{
    clock::Clock,
    error::{Code, Refusal},
    metrics::Metrics,
};

/// Maximum memory for unread responses, in bytes. With [`MAX_WAITING`], 64 MiB.
pub const MAX_UNREAD: usize = 48 * 1_024 * 1_024;
/// Maximum memory for responses that wait for room, in bytes. A response is refused if its size is unknown before it is
/// made and it does not fit.
const MAX_WAITING: usize = 16 * 1_024 * 1_024;
/// Part of [`MAX_UNREAD`] that only small responses may use, so that most requests work while others wait.
const RESERVED: usize = 8 * 1_024 * 1_024;
/// Largest response that may use [`RESERVED`], in bytes.
const SMALL: usize = 64 * 1_024;
/// How long a client may read nothing before it can be cut off.
const STALLED: Duration = Duration::from_secs(2);
/// How long a response may wait for room: longer than [`STALLED`], so that it gets the room of a stalled client.
const MAX_WAIT: Duration = Duration::from_secs(4);
/// Time between two searches for stalled clients.
const CHECK_INTERVAL: Duration = Duration::from_millis(250);

/// The memory for responses that clients have not read.
pub struct ResponseMemory {
    clock: Clock,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    /// Notified when memory is released.
    freed: Notify,
}

#[derive(Default)]
struct State {
    charged: usize,
    waiting: usize,
    readers: HashMap<u64, Arc<Reader>>,
    last_id: u64,
}

/// The client of a connection.
struct Reader {
    charged: AtomicUsize,
    /// When the client last read something, in milliseconds of the clock.
    read_at: AtomicU64,
    is_cut_off: AtomicBool,
    cut_off: Notify,
}

/// The part of one connection.
pub struct ConnectionMemory {
    memory: Arc<ResponseMemory>,
    id: u64,
    reader: Arc<Reader>,
    /// Responses that are in the connection's buffers, until these are flushed.
    unflushed: Mutex<Vec<Charge>>,
}

/// Memory of a response, until dropped.
pub struct Charge {
    memory: Arc<ResponseMemory>,
    reader: Arc<Reader>,
    bytes: usize,
}

impl ResponseMemory {
    /// Nothing is charged yet.
    pub fn new(clock: &Clock, metrics: &Arc<Metrics>) -> Arc<Self> {
        let (clock, metrics) = (clock.clone(), Arc::clone(metrics));
        Arc::new(Self { clock, metrics, state: Mutex::default(), freed: Notify::new() })
    }

    /// Adds a connection.
    pub fn connect(self: &Arc<Self>) -> ConnectionMemory {
        let (charged, read_at) = (AtomicUsize::new(0), AtomicU64::new(self.now()));
        let reader = Reader { charged, read_at, is_cut_off: AtomicBool::new(false), cut_off: Notify::new() };
        let reader = Arc::new(reader);
        let mut state = self.state.lock();
        state.last_id += 1;
        let id = state.last_id;
        state.readers.insert(id, Arc::clone(&reader));
        drop(state);
        ConnectionMemory { memory: Arc::clone(self), id, reader, unflushed: Mutex::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Cuts off clients that have read nothing for a while, the slowest first, until there is room.
    fn cut_off_stalled(&self) {
        let now = self.now();
        let stalled = u64::try_from(STALLED.as_millis()).unwrap_or(u64::MAX);
        let readers = self.state.lock().readers.values().cloned().collect::<Vec<_>>();
        let is_stalled = |reader: &&Arc<Reader>| {
            reader.charged.load(Ordering::Relaxed) > 0
                && now.saturating_sub(reader.read_at.load(Ordering::Relaxed)) >= stalled
        };
        let mut slowest: Vec<_> = readers.iter().filter(is_stalled).collect();
        slowest.sort_by_key(|reader| reader.read_at.load(Ordering::Relaxed));
        let mut freed = 0;
        for reader in slowest {
            if freed >= MAX_WAITING {
                break;
            }
            freed += reader.charged.load(Ordering::Relaxed);
            // Its memory is released a moment later.
            if !reader.is_cut_off.swap(true, Ordering::Relaxed) {
                reader.cut_off.notify_one();
                self.metrics.clients_cut_off.inc();
            }
        }
    }
}

impl ConnectionMemory {
    /// Charges a response of this size that has been made. It waits for room, if there is none.
    ///
    /// # Errors
    /// `RATE_LIMITED` if there is no room for too long, or too many responses wait already.
    pub async fn charge(&self, bytes: usize) -> Result<Charge, Refusal> {
        if let Some(charge) = self.try_charge(bytes) {
            return Ok(charge);
        }
        let memory = &self.memory;
        let charged = if let Some(_waiting) = Waiting::start(memory, bytes) {
            memory.clock.timeout(MAX_WAIT, self.charge_event(bytes)).await
        } else {
            memory.cut_off_stalled();
            None
        };
        charged.ok_or_else(|| {
            memory.metrics.responses_refused.inc();
            let message = "The server has too many responses that clients have not read yet, so it dropped this one. A \
                mutation was executed: check its result before you send it again.";
            Refusal { retry_after_seconds: Some(1), ..Refusal::new(Code::RateLimited, message) }
        })
    }

    /// Charges a response to an event, which is made only when there is room.
    pub async fn charge_event(&self, bytes: usize) -> Charge {
        let memory = &self.memory;
        loop {
            let freed = memory.freed.notified();
            if let Some(charge) = self.try_charge(bytes) {
                return charge;
            }
            memory.cut_off_stalled();
            tokio::select! {
                () = freed => {}
                () = memory.clock.sleep(CHECK_INTERVAL) => {}
            }
        }
    }

    fn try_charge(&self, bytes: usize) -> Option<Charge> {
        let limit = if bytes <= SMALL { MAX_UNREAD } else { MAX_UNREAD - RESERVED };
        // A response that is larger than the limit is the only large one.
        let bytes = bytes.min(limit);
        let mut state = self.memory.state.lock();
        if state.charged + bytes > limit {
            return None;
        }
        state.charged += bytes;
        drop(state);
        if self.reader.charged.fetch_add(bytes, Ordering::Relaxed) == 0 {
            self.has_read();
        }
        self.memory.metrics.unread_bytes.inc_by(i64::try_from(bytes).unwrap_or(i64::MAX));
        Some(Charge { memory: Arc::clone(&self.memory), reader: Arc::clone(&self.reader), bytes })
    }

    /// Records that the client has read something.
    pub fn has_read(&self) {
        self.reader.read_at.store(self.memory.now(), Ordering::Relaxed);
    }

    /// Releases a charge when the connection's buffers are flushed.
    pub fn release_when_flushed(&self, charge: Charge) {
        self.unflushed.lock().push(charge);
    }

    /// Records that the connection's buffers are flushed.
    pub fn has_flushed(&self) {
        self.unflushed.lock().clear();
    }

    /// Returns when the connection must be dropped, because its client does not read.
    pub async fn cut_off(&self) {
        self.reader.cut_off.notified().await;
    }
}

impl Drop for ConnectionMemory {
    fn drop(&mut self) {
        self.memory.state.lock().readers.remove(&self.id);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.state.lock().charged -= self.bytes;
        self.reader.charged.fetch_sub(self.bytes, Ordering::Relaxed);
        self.memory.metrics.unread_bytes.dec_by(i64::try_from(self.bytes).unwrap_or(i64::MAX));
        self.memory.freed.notify_waiters();
    }
}

/// A response that waits for room, until dropped.
struct Waiting<'m> {
    memory: &'m ResponseMemory,
    bytes: usize,
}

impl<'m> Waiting<'m> {
    /// `None` if too many responses wait already.
    fn start(memory: &'m ResponseMemory, bytes: usize) -> Option<Self> {
        let mut state = memory.state.lock();
        (state.waiting + bytes <= MAX_WAITING).then(|| {
            state.waiting += bytes;
            Self { memory, bytes }
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.memory.state.lock().waiting -= self.bytes;
    }
}
