//! A connection of either kind, and how a query is written once for both.

use diesel::SqliteConnection;
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::bb8::PooledConnection,
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use futures_util::future::{BoxFuture, FutureExt, ready};

use super::usage::StatementCounter;

/// SQLite's connection. A whole access is on a thread that may block ([`super::Db::read`] and the like see to it), so each
/// statement runs where it is asked for.
pub type SqliteConn = SyncConnectionWrapper<SqliteConnection, OnTheSpot>;

/// Blocks whoever asks.
pub struct OnTheSpot;

impl SpawnBlocking for OnTheSpot {
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

/// Loads the first row of a query and locks it until the transaction ends. On SQLite a writer is alone anyway.
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

/// How firmly [`first_locked!`] holds a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// Others may hold it shared too; nobody may change it.
    Shared,
    /// Nobody else may hold it in either way.
    Exclusive,
}

/// PostgreSQL takes a guild younger than its statistics to have a row or two, and then compares every row of a table with
/// every row of another, by nested loops or by merging on what is equal in all. Without these plans it hashes them, which
/// is as good for few rows, and no worse for many.
const PREFER_HASH_JOINS: &str = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off";

/// What a connection is taken for.
#[derive(Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(super) enum AccessMode {
    Read,
    Snapshot,
    Write(Option<AdvisoryLock>),
}

/// A place in the queue for a number, held until the transaction ends. Other than with a row's lock, those who share it do
/// not overtake whoever waits to have it alone. On SQLite a writer is alone anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdvisoryLock {
    /// What is queued for.
    pub key: i64,
    /// Whether it is shared.
    pub mode: LockMode,
}

impl AdvisoryLock {
    fn sql(self) -> String {
        let take = match self.mode {
            LockMode::Shared => "pg_advisory_xact_lock_shared",
            LockMode::Exclusive => "pg_advisory_xact_lock",
        };
        format!("SELECT {take}({})", self.key)
    }
}

impl Conn {
    pub(super) fn count_by(&mut self, counter: StatementCounter) {
        match self {
            Self::Postgres(conn) => conn.set_instrumentation(counter),
            Self::Sqlite(conn) => conn.set_instrumentation(counter),
        }
    }

    pub(super) async fn begin(&mut self, access: AccessMode) -> diesel::QueryResult<()> {
        match self {
            Self::Postgres(conn) => {
                let sql = match access {
                    AccessMode::Snapshot => {
                        format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {PREFER_HASH_JOINS}")
                    }
                    AccessMode::Write(Some(turn)) => format!("BEGIN; {}", turn.sql()),
                    AccessMode::Read | AccessMode::Write(None) => "BEGIN".to_owned(),
                };
                let begun = AnsiTransactionManager::begin_transaction_sql(&mut **conn, &sql).await;
                if begun.is_err() {
                    // It may have begun all the same, and then waited for its turn in vain.
                    let ended = conn.batch_execute("ROLLBACK").await;
                    ended.unwrap_or_else(|error| tracing::warn!(%error, "rollback failed"));
                }
                begun
            }
            Self::Sqlite(conn) => {
                // A deferred transaction reads one snapshot; an immediate one is the only writer from the start, so
                // that it never has to give up half-way.
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

    /// Lets PostgreSQL join tables as a whole for the rest of the transaction, as a snapshot does: for statements over all
    /// members or ballots.
    ///
    /// # Errors
    /// The database's.
    pub async fn prefer_hash_joins(&mut self) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute(PREFER_HASH_JOINS).await
    }

    /// Has PostgreSQL plan each statement for its values for the rest of the transaction: for statements over long lists, of
    /// which a plan for any values knows nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn force_custom_plans(&mut self) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute("SET LOCAL plan_cache_mode = force_custom_plan").await
    }

    /// Waits for its turn. [`super::Db::write_locked`] does so as it begins, which is a message less.
    ///
    /// # Errors
    /// The database's.
    pub async fn lock(&mut self, turn: AdvisoryLock) -> diesel::QueryResult<()> {
        let Self::Postgres(conn) = self else { return Ok(()) };
        conn.batch_execute(&turn.sql()).await
    }

    /// Has SQLite look at how its tables are filled, where that has changed much: what it knows nothing of it takes for small,
    /// and reads a guild's whole table where it needs a few rows. PostgreSQL does so by itself.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn optimize(&mut self) -> diesel::QueryResult<()> {
        let Self::Sqlite(conn) = self else { return Ok(()) };
        // All tables, and whatever is needed.
        conn.batch_execute("PRAGMA optimize = 0x10002").await
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
