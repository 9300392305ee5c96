//! The database: SQLite or PostgreSQL, chosen at run time by its URL.
//!
//! Stores are functions over a [`Conn`]; inside, [`on!`] expands a query once for each backend, so that each is
//! type-checked against its own connection and all of diesel's query language stays usable. [`on_rows!`] does so for wide rows,
//! at a fraction of the compile time. Whole operations run in [`Db::read`], [`Db::snapshot`] or [`Db::write`].

mod campaign_status;
pub(crate) mod conn;
pub mod file;
pub(crate) mod insert;
mod migrate;
mod pool;
mod probe;
pub(crate) mod rows;
#[expect(missing_docs, reason = "generated; the migrations tell what the columns are")]
pub mod schema;
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
        /// Around the pooler, if there is one.
        direct: PostgresUrl,
    },
    /// One writer, since SQLite has only one; several readers, which see what was last committed.
    Sqlite { writer: Pool<SqliteConn>, readers: Pool<SqliteConn> },
}

/// Something for the other servers to hear.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Who listens on this channel hears it.
    pub channel: &'static str,
    /// What is said.
    pub payload: String,
}

/// An `async |conn| …` closure whose future may move between threads. Bounds on the future of an `AsyncFnOnce` cannot be
/// written yet; this trait is how to say it meanwhile (as diesel-async does).
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

/// What [`Db::run`] makes of a caller's work: it stores the result itself and returns the notice to publish.
type BoxedWork = Box<dyn for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<Option<Notification>>> + Send>;

impl Db {
    /// Opens the database, creating a SQLite file that is not there and migrating to the newest schema.
    ///
    /// # Errors
    /// When it cannot be reached, created or migrated.
    pub async fn open(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::run_pending(url).await?;
        let db = Self::connect(url, max_connections).await?;
        if let Err(error) = db.maintain().await {
            // A full disk, for one: it is read all the same.
            tracing::warn!(%error, "could not maintain the database");
        }
        Ok(db)
    }

    /// Opens a database of nothing but empty tables: whatever ours were there are dropped.
    ///
    /// # Errors
    /// When it cannot be reached, created or migrated.
    pub async fn open_fresh(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::start_over(url).await?;
        Self::connect(url, max_connections).await
    }

    /// Opens a database that is migrated already.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn connect(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        let pools = match url {
            DatabaseUrl::Postgres { url, direct } => {
                // To compile a statement takes longer than any of ours; and without nested loops the planner thinks all
                // the world of what the unavoidable ones cost.
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

    /// Keeps the database up to what it holds by now: to be called from time to time.
    ///
    /// # Errors
    /// The database's.
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

    /// The pools by name: the most connections of each, and how it stands.
    pub fn pools(&self) -> Vec<(&'static str, u32, bb8::State)> {
        match &self.pools {
            Pools::Postgres { pool, .. } => vec![("postgres", self.max_connections, pool.state())],
            Pools::Sqlite { writer, readers } => {
                vec![("writer", 1, writer.state()), ("readers", self.max_connections, readers.state())]
            }
        }
    }

    /// How many statements have been sent since the database was opened.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs `work` on a connection for reading. Each statement sees what is committed when it starts.
    ///
    /// # Errors
    /// Those of `work`; `INTERNAL` (`UNAVAILABLE`) when no connection is available.
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

    /// Runs `work` on a connection whose statements all see the database at one moment.
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

    /// As [`Db::write`], holding `lock` before anything is read.
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

    /// As [`Db::write`]; the commit also publishes the notice that `notice` makes of the result.
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

    /// The generic part of every access, kept as small as possible: it is compiled once for each of some 150 calls.
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
                // Received only after the commit. A caller that has gone receives nothing.
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

    /// Takes a connection and runs `work` as a task of its own, on SQLite on a blocking thread. The task outlives a caller
    /// that goes away (a client that disconnects), so that no transaction stays open and no statement is interrupted.
    fn run_boxed(&self, access: AccessMode, work: BoxedWork) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let request = Usage::current();
            let _in_flight = request.begin_wait();
            let span = tracing::debug_span!("database", access = %access, "otel.kind" = "client");
            if request.is_gone() {
                return Err(Error::unavailable("the request has waited for a connection before"));
            }
            let taken = self.pools.get(access).instrument(span.clone()).await;
            let mut conn = taken.inspect_err(|_| request.gone())?;
            conn.count_by(StatementCounter { all: Arc::clone(&self.statements), request });
            let blocks = matches!(conn, Conn::Sqlite(_));
            let task = in_transaction(conn, access, work).instrument(span);
            let done = if blocks {
                let runtime = Handle::current();
                tokio::task::spawn_blocking(move || runtime.block_on(task))
            } else {
                tokio::spawn(task)
            };
            done.await.map_err(Error::internal)?
        })
    }

    /// A connection outside the pool that hears what [`Conn::notify`] says; `None` on SQLite, which one server has alone.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn listener(&self, channel: &str) -> Result<Option<AsyncPgConnection>> {
        let Pools::Postgres { direct, .. } = &self.pools else { return Ok(None) };
        let mut conn = direct.connect().await.map_err(Error::unavailable)?;
        conn.batch_execute(&format!("LISTEN {channel}")).await?;
        Ok(Some(conn))
    }
}

/// Opens a SQLite file, creating it if it is missing.
fn open_file(path: &str) -> impl Fn() -> BoxFuture<'static, ConnectionResult<SqliteConn>> + Send + Sync + 'static {
    let path = path.to_owned();
    move || {
        let path = path.clone();
        Box::pin(async move { SqliteConn::establish(&path).await })
    }
}

/// Runs `work` between `BEGIN` and `COMMIT`; for [`AccessMode::Read`], without a transaction.
async fn in_transaction(mut conn: Conn, access: AccessMode, work: BoxedWork) -> Result<()> {
    if access == AccessMode::Read {
        return work(&mut conn).await.map(|_| ());
    }
    conn.begin(access).await?;
    let result = match work(&mut conn).await {
        Ok(Some(Notification { channel, payload })) => conn.notify(channel, vec![payload]).await.map_err(Error::from),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match &result {
        Ok(()) => conn.commit().await?,
        // A connection that can't roll back is broken, and the pool drops it. The first error says more.
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
