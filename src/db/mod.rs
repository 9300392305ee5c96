//! The database: SQLite or PostgreSQL, chosen at run time by its URL.
//!
//! Stores are functions that take a [`Conn`]. Inside, [`on!`] expands a query once for each backend. So each query is
//! type-checked against its own connection, and all of diesel's query language can be used. [`on_rows!`] does the same
//! for wide rows, and compiles much faster. Operations run in [`Db::read`], [`Db::snapshot`] or [`Db::write`].

mod any_of;
mod campaign_status;
pub(crate) mod conn;
mod database_files;
pub mod file;
mod guild_tables;
pub(crate) mod insert;
mod migrate;
mod open_file;
mod pool;
mod postgres_url;
mod probe;
pub(crate) mod rows;
#[expect(missing_docs, reason = "generated; the migrations describe the columns")]
pub mod schema;
mod search;
mod server_certificate;
mod server_lock;
mod sqlite_log;
mod tables;
pub(crate) mod text;
mod tls;
mod transaction;
mod transfer;
mod unique;
mod url;
mod usage;
mod x509;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection, pooled_connection::bb8::Pool};
use futures_util::future::BoxFuture;
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tracing::Instrument;

pub(crate) use self::{
    any_of::{AnyOf, IsAnyOf},
    conn::{first_locked, on},
    insert::{insert_all, insert_few},
    rows::{in_order, on_rows, wide_row},
    text::{known_values, stored_as_text, text_enum},
};
pub use self::{
    campaign_status::CampaignStatus,
    conn::{AdvisoryLock, Conn, LockMode, SqliteConn},
    database_files::DatabaseFiles,
    guild_tables::{GuildRows, delete_guild_rows, export_guild_rows, import_guild_rows},
    postgres_url::PostgresUrl,
    probe::{Probe, SchemaState, check_existence},
    search::{NameContains, SearchScope},
    server_lock::lock_for_server,
    text::{KnownValues, warn_of_unknown_values},
    transaction::Notification,
    transfer::{TransferredTable, transfer},
    unique::violated_constraint,
    url::DatabaseUrl,
    usage::{ClientKey, Usage},
};
use self::{
    conn::AccessMode,
    pool::{POSTGRES_SET_UP, SqlitePools, pool},
    transaction::BoxedWork,
    usage::{ClientShares, StatementCounter},
};
use crate::kernel::error::{Error, Result};

/// A handle on the database. Clones share the connections.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    max_connections: u32,
    statements: Arc<AtomicU64>,
    shares: Arc<ClientShares>,
}

#[derive(Clone)]
enum Pools {
    Postgres {
        pool: Pool<AsyncPgConnection>,
        /// For connections outside the pool. Bypasses the pooler, if there is one.
        direct: PostgresUrl,
    },
    Sqlite {
        path: String,
        /// `None` once the database is closed.
        pools: Arc<RwLock<Option<SqlitePools>>>,
    },
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
                let direct = direct.as_ref().unwrap_or(url).clone();
                let url = url.clone();
                let connect = move || {
                    let url = url.clone();
                    async move { Ok(url.connect().await?.conn) }
                };
                Pools::Postgres { pool: pool(connect, POSTGRES_SET_UP, max_connections).await?, direct }
            }
            DatabaseUrl::Sqlite(path) => {
                let pools = SqlitePools::open(path, max_connections).await?;
                Pools::Sqlite { path: path.clone(), pools: Arc::new(RwLock::new(Some(pools))) }
            }
        };
        let shares = Arc::new(ClientShares::new(max_connections));
        Ok(Self { pools, max_connections, statements: Arc::default(), shares })
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
            Pools::Sqlite { pools, .. } => pools.read().iter().flat_map(|it| it.states(self.max_connections)).collect(),
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
        let mut work = Some(work);
        self.run(AccessMode::Read, |_| None, move || work.take())
    }

    /// Like [`Db::read`], for a search or a count that may read a whole guild. On SQLite, which reads on the server's own
    /// cores, a client runs at most as many at a time as half the cores.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub fn scan<R, F>(&self, work: F) -> impl Future<Output = Result<R>> + Send + use<'_, R, F>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        let mut work = Some(work);
        self.run(AccessMode::Scan, |_| None, move || work.take())
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
            + Clone
            + Send
            + 'static,
    {
        self.run(AccessMode::Snapshot, |_| None, move || Some(work.clone()))
    }

    /// Runs `work` in a transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// A transaction that PostgreSQL aborts because of a conflict with another one is repeated as a whole, from a copy of
    /// `work`. So `work` must have no effects but on the database and its result.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub fn write<R, F>(&self, work: F) -> impl Future<Output = Result<R>> + Send + use<'_, R, F>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Clone
            + Send
            + 'static,
    {
        self.run(AccessMode::Write(None), |_| None, move || Some(work.clone()))
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
            + Clone
            + Send
            + 'static,
    {
        self.run(AccessMode::Write(Some(lock)), |_| None, move || Some(work.clone()))
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
            + Clone
            + Send
            + 'static,
        N: Fn(&R) -> Option<Notification> + Clone + Send + 'static,
    {
        self.run(AccessMode::Write(None), notification, move || Some(work.clone()))
    }

    /// The generic part of every access. It is small because it is compiled for each of about 150 calls. `next` returns
    /// the work of each attempt, or `None` if it cannot be repeated.
    fn run<R, F, N, G>(
        &self,
        access: AccessMode,
        notification: N,
        mut next: G,
    ) -> impl Future<Output = Result<R>> + Send + use<'_, R, F, N, G>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
        N: Fn(&R) -> Option<Notification> + Clone + Send + 'static,
        G: FnMut() -> Option<F> + Send + 'static,
    {
        let result = Arc::new(Mutex::new(None));
        let last_result = Arc::clone(&result);
        let work: BoxedWork = Box::new(move |conn| {
            let (work, notification, last_result) = (next(), notification.clone(), Arc::clone(&last_result));
            Box::pin(async move {
                let work = work.ok_or_else(|| Error::internal("this work cannot be repeated"))?;
                let result = work(conn).await?;
                let notification = notification(&result);
                *last_result.lock() = Some(result);
                Ok(notification)
            })
        });
        let done = self.run_boxed(access, work);
        async move {
            done.await?;
            // Read only after the commit.
            let result = result.lock().take();
            result.ok_or_else(|| Error::internal("the work of a transaction has no result"))
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
            let is_limited = access == AccessMode::Scan && !self.is_shared();
            let permit = self.shares.acquire(&usage, is_limited).await?;
            let conn = self.pools.get(access).instrument(span.clone()).await;
            let mut conn = conn.inspect_err(|_| usage.record_pool_failure())?;
            conn.set_statement_counter(StatementCounter { total: Arc::clone(&self.statements), usage });
            let blocks = matches!(conn, Conn::Sqlite(_));
            let task = async move {
                // Held as long as the connection, even if the client disconnects.
                let _permit = permit;
                transaction::run(conn, access, work).await
            };
            let task = task.instrument(span);
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
        let mut conn = direct.connect().await.map_err(Error::unavailable)?.conn;
        conn.batch_execute(&format!("LISTEN {channel}")).await?;
        Ok(Some(conn))
    }
}

impl Pools {
    async fn get(&self, access: AccessMode) -> Result<Conn> {
        Ok(match self {
            Self::Postgres { pool, .. } => Conn::Postgres(pool.get_owned().await.map_err(Error::unavailable)?),
            Self::Sqlite { pools, .. } => {
                let open = pools.read().clone().ok_or_else(|| Error::unavailable("the database is closed"))?;
                let pool = if matches!(access, AccessMode::Write(_)) { open.writer } else { open.readers };
                Conn::Sqlite(pool.get_owned().await.map_err(Error::unavailable)?)
            }
        })
    }
}
