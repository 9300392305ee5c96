//! The database: SQLite or PostgreSQL, chosen at run time by its URL.
//!
//! Stores are functions over a [`Conn`]; inside, [`on!`] expands a query once for each backend, so that each is
//! type-checked against its own connection and all of diesel's query language stays usable. Whole operations run in
//! [`Db::read`], [`Db::snapshot`] or [`Db::write`].

pub mod file;
mod migrate;
mod outage;
mod pool;
mod probe;
#[expect(missing_docs, reason = "generated; the migrations tell what the columns are")]
pub mod schema;
mod text;
mod transfer;
mod unique;
mod url;
mod usage;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use diesel::SqliteConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::bb8::{Pool, PooledConnection},
    sync_connection_wrapper::SyncConnectionWrapper,
};
use tracing::Instrument;

pub(crate) use self::text::{stored_as_text, text_enum};
pub use self::{
    outage::is_outage,
    probe::{Probe, Schema},
    transfer::{Transferred, transfer},
    unique::violated,
    url::DatabaseUrl,
    usage::Usage,
};
use self::{pool::pool, url::bounded, usage::StatementCounter};
use crate::error::{Error, Result};

/// SQLite's connection: each statement runs on a blocking thread.
pub type SqliteConn = SyncConnectionWrapper<SqliteConnection>;

/// A connection to whichever database this is.
#[expect(clippy::large_enum_variant, reason = "one at a time, and never moved once it is taken from the pool")]
pub enum Conn {
    /// PostgreSQL.
    Postgres(PooledConnection<'static, AsyncPgConnection>),
    /// SQLite.
    Sqlite(PooledConnection<'static, SqliteConn>),
}

/// Runs a query on whichever database `conn` is: `on!(conn, c => query.load(c))` expands to the same query for both.
macro_rules! on {
    ($conn:expr, $c:ident => $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(conn) => {
                let $c: &mut diesel_async::AsyncPgConnection = &mut *conn;
                $query.await
            }
            $crate::db::Conn::Sqlite(conn) => {
                let $c: &mut $crate::db::SqliteConn = &mut *conn;
                $query.await
            }
        }
    };
}
pub(crate) use on;

/// Loads the first row of a query and locks it until the transaction ends. On SQLite a writer is alone anyway.
macro_rules! first_locked {
    ($conn:expr, $lock:expr, $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(conn) => match $lock {
                $crate::db::Lock::Shared => $query.for_share().first(&mut **conn).await,
                $crate::db::Lock::Exclusive => $query.for_no_key_update().first(&mut **conn).await,
            },
            $crate::db::Conn::Sqlite(conn) => $query.first(&mut **conn).await,
        }
    };
}
pub(crate) use first_locked;

/// Inserts many rows of `$columns` columns each, in as few statements as the database takes.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr, columns = $columns:literal) => {{
        let rows = $rows;
        match $conn {
            $crate::db::Conn::Postgres(conn) => {
                // PostgreSQL binds at most 65,535 values in a statement.
                for chunk in rows.chunks(65_535 / $columns) {
                    diesel_async::RunQueryDsl::execute(diesel::insert_into($table).values(chunk), &mut **conn).await?;
                }
            }
            $crate::db::Conn::Sqlite(conn) => {
                conn.spawn_blocking(move |conn| {
                    diesel::RunQueryDsl::execute(diesel::insert_into($table).values(&rows), conn)
                })
                .await?;
            }
        }
        Ok::<(), diesel::result::Error>(())
    }};
}
pub(crate) use insert_all;

/// How firmly [`first_locked!`] holds a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Others may hold it shared too; nobody may change it.
    Shared,
    /// Nobody else may hold it in either way.
    Exclusive,
}

/// PostgreSQL takes a guild younger than its statistics to have a row or two, and then compares every row of a table with
/// every row of another, by nested loops or by merging on what is equal in all. Without these plans it hashes them, which
/// is as good for few rows, and no worse for many.
const JOIN_IN_BULK: &str = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off";

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
        direct: Arc<str>,
    },
    /// One writer, since SQLite has only one; several readers, which see what was last committed.
    Sqlite { writer: Pool<SqliteConn>, readers: Pool<SqliteConn> },
}

/// Something for the other servers to hear.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Who listens on this channel hears it.
    pub channel: &'static str,
    /// What is said.
    pub payload: String,
}

#[derive(Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
enum Access {
    Read,
    Snapshot,
    Write,
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

impl Db {
    /// Opens the database, creating a SQLite file that is not there and migrating to the newest schema.
    ///
    /// # Errors
    /// When it cannot be reached, created or migrated.
    pub async fn open(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::run_pending(url).await?;
        Self::connect(url, max_connections).await
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
                let pool = pool(&bounded(url), set_up, max_connections).await?;
                Pools::Postgres { pool, direct: bounded(direct.as_ref().unwrap_or(url)).into() }
            }
            DatabaseUrl::Sqlite(path) => {
                let set_up = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;";
                let read_only = format!("{set_up} PRAGMA query_only = ON;");
                Pools::Sqlite {
                    writer: pool(path, set_up, 1).await?,
                    readers: pool(path, &read_only, max_connections).await?,
                }
            }
        };
        Ok(Self { pools, max_connections, statements: Arc::default() })
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

    /// Runs `work` on a connection for reading, each statement by itself.
    ///
    /// # Errors
    /// Those of `work`; internal when there is no connection to be had.
    pub async fn read<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Read, |_| None, work).await
    }

    /// Runs `work` on a connection whose statements all see the database at one and the same moment.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn snapshot<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Snapshot, |_| None, work).await
    }

    /// Runs `work` in a transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn write<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Write, |_| None, work).await
    }

    /// As [`Db::write`], and the servers that listen hear what `tell` makes of the result, if and as soon as it is committed.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn write_and_tell<R, F>(
        &self,
        tell: impl FnOnce(&R) -> Option<Notice> + Send + 'static,
        work: F,
    ) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Write, tell, work).await
    }

    /// Always on a task of its own: whoever waits may go away (a client that hangs up), the work still comes to its end,
    /// so that no transaction is left open and no connection is torn from a statement.
    async fn run<R, F>(
        &self,
        access: Access,
        tell: impl FnOnce(&R) -> Option<Notice> + Send + 'static,
        work: F,
    ) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        let (pools, request) = (self.pools.clone(), Usage::of_request());
        let _under_way = request.begin();
        let counter = StatementCounter { all: Arc::clone(&self.statements), request };
        let task = async move {
            let mut conn = pools.get(access).await?;
            conn.count_by(counter);
            if access == Access::Read {
                return work(&mut conn).await;
            }
            conn.begin(access).await?;
            let mut result = work(&mut conn).await;
            if let Some(Notice { channel, payload }) = result.as_ref().ok().and_then(tell)
                && let Err(error) = conn.notify(channel, vec![payload]).await
            {
                result = Err(error.into());
            }
            match &result {
                Ok(_) => conn.commit().await?,
                // A connection that cannot roll back is broken, and the pool drops it; the first error says more.
                Err(_) => conn.roll_back().await.unwrap_or_else(|error| tracing::warn!(%error, "rollback failed")),
            }
            result
        };
        let span = tracing::debug_span!("database", access = %access, "otel.kind" = "client");
        tokio::spawn(task.instrument(span)).await.map_err(Error::internal)?
    }

    /// A connection outside the pool that hears what [`Conn::notify`] says; `None` on SQLite, which one server has alone.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn listener(&self, channel: &str) -> Result<Option<AsyncPgConnection>> {
        let Pools::Postgres { direct, .. } = &self.pools else { return Ok(None) };
        let mut conn = AsyncPgConnection::establish(direct).await.map_err(Error::unavailable)?;
        conn.batch_execute(&format!("LISTEN {channel}")).await?;
        Ok(Some(conn))
    }
}

impl Pools {
    async fn get(&self, access: Access) -> Result<Conn> {
        Ok(match (self, access) {
            (Self::Postgres { pool, .. }, _) => Conn::Postgres(pool.get_owned().await.map_err(Error::unavailable)?),
            (Self::Sqlite { writer, .. }, Access::Write) => {
                Conn::Sqlite(writer.get_owned().await.map_err(Error::unavailable)?)
            }
            (Self::Sqlite { readers, .. }, _) => Conn::Sqlite(readers.get_owned().await.map_err(Error::unavailable)?),
        })
    }
}

impl Conn {
    fn count_by(&mut self, counter: StatementCounter) {
        match self {
            Self::Postgres(conn) => conn.set_instrumentation(counter),
            Self::Sqlite(conn) => conn.set_instrumentation(counter),
        }
    }

    async fn begin(&mut self, access: Access) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => {
                let sql = match access {
                    Access::Snapshot => format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {JOIN_IN_BULK}"),
                    _ => "BEGIN".to_owned(),
                };
                AnsiTransactionManager::begin_transaction_sql(&mut **conn, &sql).await
            }
            Self::Sqlite(conn) => {
                // A deferred transaction reads one snapshot; an immediate one is the only writer from the start, so
                // that it never has to give up half-way.
                let sql = if access == Access::Write { "BEGIN IMMEDIATE" } else { "BEGIN DEFERRED" };
                conn.spawn_blocking(move |conn| {
                    diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, sql)
                })
                .await
            }
        }
    }

    async fn commit(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => AnsiTransactionManager::commit_transaction(&mut **conn).await,
            Self::Sqlite(conn) => {
                <SqliteConn as AsyncConnection>::TransactionManager::commit_transaction(&mut **conn).await
            }
        }
    }

    async fn roll_back(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => AnsiTransactionManager::rollback_transaction(&mut **conn).await,
            Self::Sqlite(conn) => {
                <SqliteConn as AsyncConnection>::TransactionManager::rollback_transaction(&mut **conn).await
            }
        }
    }

    /// Lets PostgreSQL join tables as a whole for the rest of the transaction, as a snapshot does: for statements over all
    /// members or ballots.
    ///
    /// # Errors
    /// The database's.
    pub async fn join_in_bulk(&mut self) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute(JOIN_IN_BULK).await
    }

    /// Has PostgreSQL plan each statement for its values for the rest of the transaction: for statements over long lists, of
    /// which a plan for any values knows nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn plan_afresh(&mut self) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute("SET LOCAL plan_cache_mode = force_custom_plan").await
    }

    /// Takes a lock on a number until the transaction ends. Other than a row's, it is queued for: those who share it do not
    /// overtake whoever waits to have it alone. On SQLite a writer is alone anyway.
    ///
    /// # Errors
    /// The database's.
    pub async fn queue_for(&mut self, key: i64, lock: Lock) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        let take = match lock {
            Lock::Shared => "pg_advisory_xact_lock_shared",
            Lock::Exclusive => "pg_advisory_xact_lock",
        };
        conn.batch_execute(&format!("SELECT {take}({key})")).await
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn ping(&mut self) -> diesel::QueryResult<()> {
        on!(self, c => c.batch_execute("SELECT 1"))
    }

    /// Says `payloads` to every server that listens on `channel`; on SQLite there is none but this.
    ///
    /// # Errors
    /// The database's.
    pub async fn notify(&mut self, channel: &str, payloads: Vec<String>) -> diesel::QueryResult<()> {
        if let Self::Postgres(conn) = self {
            use diesel::sql_types::{Array, Text};
            let query = diesel::sql_query("SELECT pg_notify($1, payload) FROM unnest($2) AS payload")
                .bind::<Text, _>(channel)
                .bind::<Array<Text>, _>(payloads);
            diesel_async::RunQueryDsl::execute(query, &mut **conn).await?;
        }
        Ok(())
    }
}
