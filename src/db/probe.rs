//! Inspects a database for `doctor`, without creating, migrating or changing anything.

use std::{pin::pin, time::Duration};

use diesel::{
    ConnectionError, ConnectionResult, QueryResult, QueryableByName,
    result::{DatabaseErrorKind, Error},
    sql_types::Text,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{conn::SqliteConn, migrate, postgres_url::NewConnection, url::DatabaseUrl};
use crate::kernel::error::{self, Code, Refusal};

/// Longest time that a statement may take on PostgreSQL. SQLite may take longer, because its check reads the whole
/// file.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection outside the pools.
#[expect(clippy::large_enum_variant, reason = "one or two at a time")]
pub enum Probe {
    /// To PostgreSQL.
    Postgres {
        /// The connection.
        conn: AsyncPgConnection,
        /// Whether it is encrypted.
        is_encrypted: bool,
    },
    /// To an existing SQLite file.
    Sqlite(SqliteConn),
}

/// A database's schema, compared with the embedded migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// The database has no schema yet.
    Missing,
    /// All migrations have been applied.
    Current,
    /// These migrations are pending.
    Outdated(Vec<String>),
    /// A newer release has applied these migrations, which this release doesn't know.
    Newer(Vec<String>),
}

#[derive(QueryableByName)]
struct ValueRow {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn with_timeout<T>(statement: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    let timed_out = |_| {
        let message = format!("no response within {} seconds", STATEMENT_TIMEOUT.as_secs());
        Err(Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message)))
    };
    tokio::time::timeout(STATEMENT_TIMEOUT, statement).await.unwrap_or_else(timed_out)
}

impl Probe {
    /// Connects. With `bypass_pooler`, uses PostgreSQL's direct URL if there is one.
    ///
    /// # Errors
    /// If the database doesn't exist or cannot be reached.
    pub async fn open(url: &DatabaseUrl, bypass_pooler: bool) -> ConnectionResult<Self> {
        match url {
            DatabaseUrl::Postgres { url, direct } => {
                let url = direct.as_ref().filter(|_| bypass_pooler).unwrap_or(url);
                let NewConnection { conn, is_encrypted } = url.connect_with_timeout().await?;
                Ok(Self::Postgres { conn, is_encrypted })
            }
            DatabaseUrl::Sqlite(path) => {
                // Unlike a plain path, this URI doesn't create a missing file.
                let uri = format!("file:{}?mode=rw", utf8_percent_encode(path, NON_ALPHANUMERIC));
                let mut conn = SqliteConn::establish(&uri).await?;
                conn.batch_execute("PRAGMA busy_timeout = 5000")
                    .await
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Sqlite(conn))
            }
        }
    }

    /// Returns the result of a query with one text column named `value`.
    ///
    /// # Errors
    /// A database error.
    pub async fn values(&mut self, query: &str) -> QueryResult<Vec<String>> {
        let query = diesel::sql_query(query);
        let rows: Vec<ValueRow> = match self {
            Self::Postgres { conn, .. } => with_timeout(query.load(conn)).await?,
            Self::Sqlite(conn) => query.load(conn).await?,
        };
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// Compares the schema with the embedded migrations.
    ///
    /// # Errors
    /// A database error.
    pub async fn schema(&mut self) -> QueryResult<SchemaState> {
        let (find_table, embedded) = match self {
            Self::Postgres { .. } => (
                "SELECT 'yes' AS value WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL",
                migrate::postgres_versions(),
            ),
            Self::Sqlite(_) => (
                "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
                migrate::sqlite_versions(),
            ),
        };
        let embedded = embedded.map_err(Error::QueryBuilderError)?;
        if self.values(find_table).await?.is_empty() {
            return Ok(SchemaState::Missing);
        }
        let applied = self.values("SELECT version AS value FROM __diesel_schema_migrations ORDER BY version").await?;
        let difference = |versions: &[String], others: &[String]| -> Vec<String> {
            versions.iter().filter(|version| !others.contains(version)).cloned().collect()
        };
        let (pending, unknown) = (difference(&embedded, &applied), difference(&applied, &embedded));
        Ok(match (applied.is_empty(), pending.is_empty(), unknown.is_empty()) {
            (true, ..) => SchemaState::Missing,
            (_, _, false) => SchemaState::Newer(unknown),
            (_, false, _) => SchemaState::Outdated(pending),
            _ => SchemaState::Current,
        })
    }

    /// Checks whether this connection to PostgreSQL receives the notifications that another sends.
    ///
    /// # Errors
    /// A database error.
    pub async fn receives_from(&mut self, other: &mut Self) -> QueryResult<bool> {
        let (Self::Postgres { conn: listener, .. }, Self::Postgres { conn: sender, .. }) = (self, other) else {
            return Ok(false);
        };
        with_timeout(listener.batch_execute("LISTEN guildhall_doctor")).await?;
        with_timeout(sender.batch_execute("NOTIFY guildhall_doctor")).await?;
        let received = async { pin!(listener.notifications_stream()).next().await };
        let received = tokio::time::timeout(Duration::from_secs(2), received).await;
        Ok(matches!(received, Ok(Some(Ok(_)))))
    }
}

/// Checks that a database exists and has a schema, for commands that must not create one.
///
/// # Errors
/// If there is no such database, or it has no schema or cannot be reached.
pub async fn check_existence(url: &DatabaseUrl) -> error::Result<()> {
    let missing = |problem| Refusal::new(Code::NotFound, format!("{url} {problem}: check --database-url"));
    if url.file().is_some_and(|file| !file.exists()) {
        return Err(missing("does not exist").into());
    }
    let mut probe = Probe::open(url, true).await.map_err(error::Error::internal)?;
    if probe.schema().await? == SchemaState::Missing {
        return Err(missing("is not a Guildhall database").into());
    }
    Ok(())
}
