//! The database: SQLite or PostgreSQL, chosen at run time by its URL.
//!
//! Stores are functions that take a [`Conn`]. Inside, [`on!`] expands a query once for each backend. So each query is
//! type-checked against its own connection, and all of diesel's query language can be used. [`on_rows!`] does the same
//! for wide rows, and compiles much faster. Operations run in [`Db::read`], [`Db::snapshot`] or [`Db::write`].

mod campaign_status;
pub(crate) mod conn;
pub mod file;
pub(crate) mod insert;
mod migrate;
mod pool;
mod probe;
pub(crate) mod rows;
#[expect(missing_docs, reason = "generated; the migrations describe the columns")]
pub mod schema;
mod search;
pub(crate) mod text;
mod transfer;
mod unique;
mod url;
mod usage;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use diesel::ConnectionResult;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, pooled_connection::bb8::Pool};
use futures_util::future::BoxFuture;
use tokio::{runtime::Handle, sync::oneshot};
use tracing::Instrument;

pub use self::{
    campaign_status::CampaignStatus,
    conn::{AdvisoryLock, Conn, LockMode, SqliteConn},
    probe::{Probe, SchemaState},
    search::{NameContains, SearchScope},
    text::{KnownValues, warn_of_unknown_values},
    transfer::{TransferredTable, transfer},
    unique::violated_constraint,
    url::{DatabaseUrl, PostgresUrl},
    usage::Usage,
};
use self::{conn::AccessMode, pool::pool, usage::StatementCounter};
pub(crate) use self::{
    conn::{first_locked, on},
    insert::{insert_all, insert_few},
    rows::{on_rows, wide_row},
    text::{known_values, stored_as_text, text_enum},
};
use crate::kernel::error::{Error, Result};

/// A handle on the database. Clones share the connections.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    max_connections: u32,
    statements: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Pools {
    Postgres {
        pool: Pool<AsyncPgConnection>,
        /// For connections outside the pool. Bypasses the pooler, if there is one.
        direct: PostgresUrl,
    },
    /// One writer, because SQLite allows only one, and several readers, which see the last commit.
    Sqlite { writer: Pool<SqliteConn>, readers: Pool<SqliteConn> },
}

/// A notification to the other servers, which PostgreSQL delivers by `NOTIFY`.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The channel on which the servers listen.
    pub channel: &'static str,
    /// The text to send.
    pub payload: String,
}

/// An `async |conn| …` closure whose future has a name, so that it can be required to be `Send`. Rust has no bound on
/// the future of an `AsyncFnOnce` yet. diesel-async has the same workaround.
pub trait Work<T, R>: AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as Work<T, R>>::Fut {
    /// The closure's future.
    type Fut: Future<Output = R>;
}

impl<F, T, Fut, R> Work<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// The work of [`Db::run`] without its result's type. It sends the result itself and returns the notification to
/// publish.
type BoxedWork = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<Option<Notification>>> + Send>;

impl Db {
    /// Opens the database and migrates it to the newest schema. Creates a missing SQLite file.
    ///
    /// # Errors
    /// If it cannot be reached, created or migrated.
    pub async fn open(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::run_pending(url).await?;
        let db = Self::connect(url, max_connections).await?;
        if let Err(error) = db.maintain().await {
            // The database may still be readable, for example if its disk is full.
            tracing::warn!(%error, "could not update the database's statistics");
        }
        Ok(db)
    }

    /// Opens the database with empty tables: drops the tables of all migrations and creates them again.
    ///
    /// # Errors
    /// If it cannot be reached, created or migrated.
    pub async fn open_fresh(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::revert_and_run_all(url).await?;
        Self::connect(url, max_connections).await
    }

    /// Opens a database without migrating it.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn connect(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        let pools = match url {
            DatabaseUrl::Postgres { url, direct } => {
                // JIT compilation takes longer than any statement here. PostgreSQL would use it, because disabling
                // nested loops adds a huge cost to the unavoidable ones.
                let set_up =
                    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off;";
                let direct = direct.as_ref().unwrap_or(url).clone();
                let url = url.clone();
                let connect = move || {
                    let url = url.clone();
                    async move { url.connect().await }
                };
                Pools::Postgres { pool: pool(connect, set_up, max_connections).await?, direct }
            }
            DatabaseUrl::Sqlite(path) => {
                let set_up = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;";
                let read_only = format!("{set_up} PRAGMA query_only = ON;");
                Pools::Sqlite {
                    writer: pool(open_file(path), set_up, 1).await?,
                    readers: pool(open_file(path), &read_only, max_connections).await?,
                }
            }
        };
        Ok(Self { pools, max_connections, statements: Arc::default() })
    }

    /// Updates SQLite's statistics, which change with its contents. Call it regularly.
    ///
    /// # Errors
    /// A database error.
    pub async fn maintain(&self) -> Result<()> {
        if self.is_shared() {
            return Ok(());
        }
        self.write(async move |conn| Ok(conn.optimize().await?)).await
    }

    /// Whether several servers can share this database.
    pub const fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// Returns each pool's name, maximal number of connections and state.
    pub fn pools(&self) -> Vec<(&'static str, u32, bb8::State)> {
        match &self.pools {
            Pools::Postgres { pool, .. } => vec![("postgres", self.max_connections, pool.state())],
            Pools::Sqlite { writer, readers } => {
                vec![("writer", 1, writer.state()), ("readers", self.max_connections, readers.state())]
            }
        }
    }

    /// Returns the number of statements since the database was opened.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs `work` on a connection for reading, without a transaction. Each statement sees the commits before it.
    ///
    /// # Errors
    /// Those of `work`; `INTERNAL` (`UNAVAILABLE`) if no connection is available.
    pub fn read<R, F>(&self, work: F) -> impl Future<Output = Result<R>> + Send + use<'_, R, F>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(AccessMode::Read, |_| None, work)
    }

    /// Runs `work` in a read-only transaction whose statements all see one snapshot of the database.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub fn snapshot<R, F>(&self, work: F) -> impl Future<Output = Result<R>> + Send + use<'_, R, F>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(AccessMode::Snapshot, |_| None, work)
    }

    /// Runs `work` in a transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub fn write<R, F>(&self, work: F) -> impl Future<Output = Result<R>> + Send + use<'_, R, F>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(AccessMode::Write(None), |_| None, work)
    }

    /// Like [`Db::write`], but takes `lock` before anything is read.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub fn write_locked<R, F>(
        &self,
        lock: AdvisoryLock,
        work: F,
    ) -> impl Future<Output = Result<R>> + Send + use<'_, R, F>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(AccessMode::Write(Some(lock)), |_| None, work)
    }

    /// Like [`Db::write`], but the commit also publishes the notification that `notification` returns for the result.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub fn write_and_notify<R, F, N>(
        &self,
        notification: N,
        work: F,
    ) -> impl Future<Output = Result<R>> + Send + use<'_, R, F, N>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
        N: FnOnce(&R) -> Option<Notification> + Send + 'static,
    {
        self.run(AccessMode::Write(None), notification, work)
    }

    /// The generic part of every access. It is small because it is compiled for each of about 150 calls.
    fn run<R, F, N>(
        &self,
        access: AccessMode,
        notification: N,
        work: F,
    ) -> impl Future<Output = Result<R>> + Send + use<'_, R, F, N>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
        N: FnOnce(&R) -> Option<Notification> + Send + 'static,
    {
        let (sender, mut receiver) = oneshot::channel();
        let work: BoxedWork = Box::new(move |conn| {
            Box::pin(async move {
                let result = work(conn).await?;
                let notification = notification(&result);
                // Received only after the commit. Fails if the future of this access was dropped.
                let _ = sender.send(result);
                Ok(notification)
            })
        });
        let done = self.run_boxed(access, work);
        async move {
            done.await?;
            receiver.try_recv().map_err(Error::internal)
        }
    }

    /// Takes a connection and runs `work` as a task of its own, which for SQLite is on a blocking thread. The task
    /// continues if the client disconnects, so that no transaction stays open and no statement is interrupted.
    fn run_boxed(&self, access: AccessMode, work: BoxedWork) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let usage = Usage::current();
            let _in_flight = usage.track_access();
            let span = tracing::debug_span!("database", access = %access, "otel.kind" = "client");
            if usage.pool_has_failed() {
                return Err(Error::unavailable("the request could not get a connection before"));
            }
            let conn = self.pools.get(access).instrument(span.clone()).await;
            let mut conn = conn.inspect_err(|_| usage.record_pool_failure())?;
            conn.set_statement_counter(StatementCounter { total: Arc::clone(&self.statements), usage });
            let blocks = matches!(conn, Conn::Sqlite(_));
            let task = in_transaction(conn, access, work).instrument(span);
            let task = if blocks {
                let runtime = Handle::current();
                tokio::task::spawn_blocking(move || runtime.block_on(task))
            } else {
                tokio::spawn(task)
            };
            task.await.map_err(Error::internal)?
        })
    }

    /// Opens a connection outside the pool that receives the notifications of [`Conn::notify`]. Returns `None` on
    /// SQLite, which only one server uses.
    ///
    /// # Errors
    /// If PostgreSQL cannot be reached.
    pub async fn listener(&self, channel: &str) -> Result<Option<AsyncPgConnection>> {
        let Pools::Postgres { direct, .. } = &self.pools else { return Ok(None) };
        let mut conn = direct.connect().await.map_err(Error::unavailable)?;
        conn.batch_execute(&format!("LISTEN {channel}")).await?;
        Ok(Some(conn))
    }
}

/// Opens a SQLite file, or creates it if it is missing.
fn open_file(path: &str) -> impl Fn() -> BoxFuture<'static, ConnectionResult<SqliteConn>> + Send + Sync + 'static {
    let path = path.to_owned();
    move || {
        let path = path.clone();
        Box::pin(async move { SqliteConn::establish(&path).await })
    }
}

/// Runs `work` in a transaction, except for [`AccessMode::Read`].
async fn in_transaction(mut conn: Conn, access: AccessMode, work: BoxedWork) -> Result<()> {
    if access == AccessMode::Read {
        return work(&mut conn).await.map(|_| ());
    }
    conn.begin_transaction(access).await?;
    let result = match work(&mut conn).await {
        Ok(Some(Notification { channel, payload })) => conn.notify(channel, vec![payload]).await.map_err(Error::from),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match &result {
        Ok(()) => conn.commit().await?,
        // If the rollback fails, the pool drops the connection as broken. The first error is more useful.
        Err(_) => conn.roll_back().await.unwrap_or_else(|error| tracing::warn!(%error, "rollback failed")),
    }
    result
}

impl Pools {
    async fn get(&self, access: AccessMode) -> Result<Conn> {
        Ok(match (self, access) {
            (Self::Postgres { pool, .. }, _) => Conn::Postgres(pool.get_owned().await.map_err(Error::unavailable)?),
            (Self::Sqlite { writer, .. }, AccessMode::Write(_)) => {
                Conn::Sqlite(writer.get_owned().await.map_err(Error::unavailable)?)
            }
            (Self::Sqlite { readers, .. }, _) => Conn::Sqlite(readers.get_owned().await.map_err(Error::unavailable)?),
        })
    }
}
