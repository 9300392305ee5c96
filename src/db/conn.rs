//! A connection to either database, and macros to write a query once for both.

use diesel::SqliteConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::bb8::PooledConnection,
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use futures_util::future::{BoxFuture, FutureExt, ready};

use super::usage::StatementCounter;

/// A connection to SQLite. [`super::Db`] runs each transaction on a blocking thread, so each statement runs on the
/// current thread.
pub type SqliteConn = SyncConnectionWrapper<SqliteConnection, RunInline>;

/// Runs blocking tasks on the current thread.
pub struct RunInline;

impl SpawnBlocking for RunInline {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn std::error::Error + Send + Sync>>> {
        ready(Ok(task())).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A connection to either database.
#[expect(clippy::large_enum_variant, reason = "few exist, and they are not moved after they are taken from the pool")]
pub enum Conn {
    /// PostgreSQL.
    Postgres(PooledConnection<'static, AsyncPgConnection>),
    /// SQLite.
    Sqlite(PooledConnection<'static, SqliteConn>),
}

/// Runs a query on either database: `on!(conn, c => query.load(c))` expands the query once for each.
macro_rules! on {
    ($conn:expr, $c:ident => $query:expr) => {
        match $conn {
            $crate::db::conn::Conn::Postgres(conn) => {
                let $c: &mut diesel_async::AsyncPgConnection = &mut *conn;
                $query.await
            }
            $crate::db::conn::Conn::Sqlite(conn) => {
                let $c: &mut $crate::db::conn::SqliteConn = &mut *conn;
                $query.await
            }
        }
    };
}
pub(crate) use on;

/// Loads the first row of a query and locks it until the transaction ends. SQLite needs no lock: it has only one
/// writer.
macro_rules! first_locked {
    ($conn:expr, $lock:expr, $query:expr) => {
        match $conn {
            $crate::db::conn::Conn::Postgres(conn) => match $lock {
                $crate::db::conn::LockMode::Shared => $query.for_share().first(&mut **conn).await,
                $crate::db::conn::LockMode::Exclusive => $query.for_no_key_update().first(&mut **conn).await,
            },
            $crate::db::conn::Conn::Sqlite(conn) => $query.first(&mut **conn).await,
        }
    };
}
pub(crate) use first_locked;

/// The mode of a row lock or of an [`AdvisoryLock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Allows other shared locks, but no exclusive one. A locked row cannot be changed.
    Shared,
    /// Allows no other lock.
    Exclusive,
}

/// Makes PostgreSQL use hash joins. For a new guild, which its statistics do not include yet, it expects only one or
/// two rows. It then compares every pair of rows of two tables, by nested loops or by a merge join on a column that is
/// equal in all rows. Hash joins are as fast for few rows, and never slower for many.
const PREFER_HASH_JOINS: &str = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off";

/// Starts a transaction that changes something. Each statement sees the commits before it, on which row locks and unique
/// constraints rely. The database's default may be another isolation level.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// How a connection is used.
#[derive(Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(super) enum AccessMode {
    Read,
    Scan,
    Snapshot,
    Write(Option<AdvisoryLock>),
}

/// An advisory lock of PostgreSQL, held until the transaction ends. Unlike a row lock, it is fair: new shared locks
/// wait behind an exclusive one that is waiting. SQLite needs no lock: it has only one writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvisoryLock {
    /// The number that identifies the lock.
    pub key: i64,
    /// Whether the lock is shared or exclusive.
    pub mode: LockMode,
}

impl AdvisoryLock {
    fn sql(self) -> String {
        let function = match self.mode {
            LockMode::Shared => "pg_advisory_xact_lock_shared",
            LockMode::Exclusive => "pg_advisory_xact_lock",
        };
        format!("SELECT {function}({})", self.key)
    }
}

impl Conn {
    pub(super) fn set_statement_counter(&mut self, counter: StatementCounter) {
        match self {
            Self::Postgres(conn) => conn.set_instrumentation(counter),
            Self::Sqlite(conn) => conn.set_instrumentation(counter),
        }
    }

    pub(super) async fn begin_transaction(&mut self, access: AccessMode) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => {
                let sql = match access {
                    AccessMode::Snapshot => {
                        format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PREFER_HASH_JOINS}")
                    }
                    AccessMode::Write(Some(lock)) => format!("{BEGIN_WRITE}; {}", lock.sql()),
                    AccessMode::Read | AccessMode::Scan | AccessMode::Write(None) => BEGIN_WRITE.to_owned(),
                };
                let result = AnsiTransactionManager::begin_transaction_sql(&mut **conn, &sql).await;
                if result.is_err() {
                    // `BEGIN` may have succeeded, and only the lock failed, for example by a timeout.
                    let rolled_back = conn.batch_execute("ROLLBACK").await;
                    rolled_back.unwrap_or_else(|error| tracing::warn!(%error, "rollback failed"));
                }
                result
            }
            Self::Sqlite(conn) => {
                // A deferred transaction reads one snapshot. An immediate one takes the write lock as it begins, so
                // that it can't fail half-way because another writer has the lock.
                let sql = if matches!(access, AccessMode::Write(_)) { "BEGIN IMMEDIATE" } else { "BEGIN DEFERRED" };
                conn.spawn_blocking(move |conn| {
                    diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, sql)
                })
                .await
            }
        }
    }

    pub(super) async fn commit(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => AnsiTransactionManager::commit_transaction(&mut **conn).await,
            Self::Sqlite(conn) => {
                <SqliteConn as AsyncConnection>::TransactionManager::commit_transaction(&mut **conn).await
            }
        }
    }

    pub(super) async fn roll_back(&mut self) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => AnsiTransactionManager::rollback_transaction(&mut **conn).await,
            Self::Sqlite(conn) => {
                <SqliteConn as AsyncConnection>::TransactionManager::rollback_transaction(&mut **conn).await
            }
        }
    }

    /// Makes PostgreSQL use hash joins for the rest of the transaction, as snapshots always do. For statements that
    /// read all members or ballots.
    ///
    /// # Errors
    /// A database error.
    pub async fn prefer_hash_joins(&mut self) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute(PREFER_HASH_JOINS).await
    }

    /// Makes PostgreSQL plan each statement with its bound values for the rest of the transaction. For statements that
    /// bind long lists, whose length a generic plan doesn't know.
    ///
    /// # Errors
    /// A database error.
    pub async fn force_custom_plans(&mut self) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute("SET LOCAL plan_cache_mode = force_custom_plan").await
    }

    /// Waits for a lock. [`super::Db::write_locked`] takes one together with `BEGIN`, which saves a round trip.
    ///
    /// # Errors
    /// A database error.
    pub async fn lock(&mut self, lock: AdvisoryLock) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute(&lock.sql()).await
    }

    /// Updates SQLite's statistics of tables that have changed a lot. Without statistics, SQLite expects small tables,
    /// and reads a guild's whole table where it needs a few rows. PostgreSQL updates its statistics automatically.
    ///
    /// # Errors
    /// A database error.
    pub(super) async fn optimize(&mut self) -> diesel::QueryResult<()> {
        let Self::Sqlite(conn) = self else { return Ok(()) };
        // 0x10000 includes tables that this connection hasn't queried. The connection's `analysis_limit` bounds the time:
        // https://www.sqlite.org/pragma.html#pragma_optimize
        conn.batch_execute("PRAGMA optimize = 0x10002").await
    }

    /// Checks that the database responds.
    ///
    /// # Errors
    /// A database error.
    pub async fn ping(&mut self) -> diesel::QueryResult<()> {
        on!(self, c => c.batch_execute("SELECT 1"))
    }

    /// Sends `payloads` to every server that listens on `channel`. Does nothing on SQLite, which only one server uses.
    ///
    /// # Errors
    /// A database error.
    pub async fn notify(&mut self, channel: &str, payloads: Vec<String>) -> diesel::QueryResult<()> {
        if let Self::Postgres(conn) = self {
            let query = diesel::select(pg_notify(channel, unnest(payloads)));
            diesel_async::RunQueryDsl::execute(query, &mut **conn).await?;
        }
        Ok(())
    }
}

// As functions of the query builder, because a connection prepares a text of its own again each time.
#[diesel::declare_sql_function]
extern "SQL" {
    /// Notifies the listeners of a channel. PostgreSQL declares no result.
    fn pg_notify(channel: diesel::sql_types::Text, payload: diesel::sql_types::Text) -> diesel::sql_types::Text;
    /// A row for each item.
    fn unnest(items: diesel::sql_types::Array<diesel::sql_types::Text>) -> diesel::sql_types::Text;
}
