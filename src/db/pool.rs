//! Connection pools.

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod, bb8::Pool},
};

use futures_util::FutureExt;
use tokio::runtime::Handle;

use super::conn::SqliteConn;
use crate::kernel::error::{Error, Result};

/// Settings of each pooled connection to PostgreSQL, besides those of every connection. JIT compilation takes longer
/// than any statement here. PostgreSQL would use it, because disabling nested loops adds a huge cost to the unavoidable
/// ones.
pub(super) const POSTGRES_SET_UP: &str = "SET idle_in_transaction_session_timeout = '60s'; SET jit = off;";
/// Settings of each connection to SQLite. The limit makes `ANALYZE` read a few hundred rows of an index, not all.
const SQLITE_SET_UP: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192; PRAGMA analysis_limit = 400;";

/// Longest wait for a connection from the pool. Shorter than clients' timeouts, so that they receive an error.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// One writer, because SQLite allows only one, and several readers, which see the last commit.
#[derive(Clone)]
pub(super) struct SqlitePools {
    pub(super) writer: Pool<SqliteConn>,
    pub(super) readers: Pool<SqliteConn>,
}

impl SqlitePools {
    pub(super) async fn open(path: &str, max_readers: u32) -> Result<Self> {
        let connect = |path: &str| {
            let path = path.to_owned();
            move || {
                let path = path.clone();
                async move { SqliteConn::establish(&path).await }
            }
        };
        let read_only = format!("{SQLITE_SET_UP} PRAGMA query_only = ON;");
        Ok(Self {
            writer: pool(connect(path), SQLITE_SET_UP, 1).await?,
            readers: pool(connect(path), &read_only, max_readers).await?,
        })
    }

    /// Returns each pool's name, maximal number of connections and state.
    pub(super) fn states(&self, max_readers: u32) -> [(&'static str, u32, bb8::State); 2] {
        [("writer", 1, self.writer.state()), ("readers", max_readers, self.readers.state())]
    }
}

/// Creates a pool whose connections are opened by `connect` and then run the SQL `set_up`.
pub(super) async fn pool<C, F>(
    connect: impl Fn() -> F + Send + Sync + 'static,
    set_up: &str,
    max_size: u32,
) -> Result<Pool<C>>
where
    F: Future<Output = ConnectionResult<C>> + Send + 'static,
    C: PoolableConnection + AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>:
        bb8::ManageConnection<Connection = C, Error = diesel_async::pooled_connection::PoolError>,
{
    let set_up = set_up.to_owned();
    let mut config = ManagerConfig::<C>::default();
    // Checks only the connection's state. The default check runs a statement, which would double the cost of short
    // queries.
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| {
        let result = if conn.is_broken() { Err(diesel::result::Error::BrokenTransactionManager) } else { Ok(()) };
        Box::pin(std::future::ready(result))
    }));
    config.custom_setup = Box::new(move |_| {
        let (set_up, connected, runtime) = (set_up.clone(), connect(), Handle::current());
        let connect = async move {
            let mut conn = connected.await?;
            conn.batch_execute(&set_up).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        };
        // Opening a SQLite file blocks the thread.
        let connected = tokio::task::spawn_blocking(move || runtime.block_on(connect));
        connected.map(|it| it.map_err(|panic| ConnectionError::BadConnection(panic.to_string()))?).boxed()
    });
    Pool::builder()
        .max_size(max_size)
        .min_idle(1)
        .connection_timeout(CONNECTION_TIMEOUT)
        .build(AsyncDieselConnectionManager::new_with_config("", config))
        .await
        .map_err(Error::internal)
}
