//! A client that requests a page at a person's pace, on a thread of its own, and measures its latency.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use guildhall::cli::BoxError;
use tokio::runtime;

use crate::{
    percentile,
    server::{HttpConnection, PreparedRequest},
};

/// The roster page that other benchmarks request while a server has something else to do.
pub(crate) const ROSTER: &str = "query Roster { members(first: 50) { totalCount pageInfo { hasNextPage endCursor } nodes { \
    id displayName createdAt rank { name level } mainCharacter { name realm class spec role armoryUrl } } } }";

/// Pause between two requests, so that the page is one of many clients' and not a second load.
const PAUSE: Duration = Duration::from_millis(10);

/// The client. Its thread does not share the runtime of the other clients, whose work would delay it.
pub(crate) struct PageClient {
    latencies: mpsc::Receiver<Duration>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), String>>,
}

/// The latencies of a page, shortest first.
pub(crate) struct Latencies(Vec<Duration>);

impl PageClient {
    /// Requests this page from the server at this address until [`PageClient::stop`].
    pub(crate) fn start(address: String, page: PreparedRequest) -> Self {
        let (sender, latencies) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let request = async move || {
            let mut connection = HttpConnection::open_to(&address).await?;
            while !stopped.load(Ordering::Relaxed) {
                let sent = Instant::now();
                connection.data(page.clone()).await?;
                if sender.send(sent.elapsed()).is_err() {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Ok::<_, BoxError>(())
        };
        let thread = std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| error.to_string())?.block_on(request()).map_err(|error| error.to_string())
        });
        Self { latencies, stop, thread }
    }

    /// The latencies since the last call.
    pub(crate) fn take(&self) -> Latencies {
        let mut latencies: Vec<Duration> = self.latencies.try_iter().collect();
        latencies.sort_unstable();
        Latencies(latencies)
    }

    /// Ends the requests. Fails if one of them failed.
    pub(crate) fn stop(self) -> Result<(), BoxError> {
        self.stop.store(true, Ordering::Relaxed);
        Ok(self.thread.join().map_err(|_| "the page's client panicked")??)
    }
}

impl Latencies {
    /// Cells of a table: number of requests, p50, p99 and maximum in milliseconds.
    pub(crate) fn cells(&self) -> String {
        let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&self.0, percent));
        format!("{} | {p50:.1} | {p99:.1} | {max:.1}", self.0.len())
    }

    /// The 99th percentile, in milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        percentile(&self.0, 99)
    }
}
