//! A database looked at as it is: nothing is made, migrated or set.

use std::{pin::pin, time::Duration};

use diesel::{
    ConnectionError, ConnectionResult, QueryResult, QueryableByName,
    result::{DatabaseErrorKind, Error},
    sql_types::Text,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::StreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{conn::SqliteConn, migrate, url::DatabaseUrl};

/// How long PostgreSQL may take over a statement. SQLite may take longer: it looks through the whole file.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection of its own, outside any pool.
#[expect(clippy::large_enum_variant, reason = "one or two at a time")]
pub enum Probe {
    /// To PostgreSQL.
    Postgres(AsyncPgConnection),
    /// To a SQLite file that is there.
    Sqlite(SqliteConn),
}

/// How a database's schema stands to the migrations that are embedded here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing has been migrated.
    Missing,
    /// All has been.
    Current,
    /// These migrations are yet to come.
    Outdated(Vec<String>),
    /// These are not known here: a newer program has been there.
    Newer(Vec<String>),
}

#[derive(QueryableByName)]
struct ValueRow {
    #[diesel(sql_type = Text)]
    value: String,
}

/// Runs a statement on PostgreSQL, with a deadline.
async fn with_timeout<T>(statement: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    let late = |_| {
        let message = format!("there is no answer within {} seconds", STATEMENT_TIMEOUT.as_secs());
        Err(Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message)))
    };
    tokio::time::timeout(STATEMENT_TIMEOUT, statement).await.unwrap_or_else(late)
}

impl Probe {
    /// Connects; with PostgreSQL around the pooler, if that is wanted and there is one.
    ///
    /// # Errors
    /// When there is no such database, or no way to it.
    pub async fn open(url: &DatabaseUrl, around_the_pooler: bool) -> ConnectionResult<Self> {
        match url {
            DatabaseUrl::Postgres { url, direct } => {
                let url = direct.as_ref().filter(|_| around_the_pooler).unwrap_or(url);
                Ok(Self::Postgres(url.connect_in_time().await?))
            }
            DatabaseUrl::Sqlite(path) => {
                // Other than by its bare path, a file that is not there is not made.
                let uri = format!("file:{}?mode=rw", utf8_percent_encode(path, NON_ALPHANUMERIC));
                let mut conn = SqliteConn::establish(&uri).await?;
                conn.batch_execute("PRAGMA busy_timeout = 5000")
                    .await
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(Self::Sqlite(conn))
            }
        }
    }

    /// What a query finds in its one column, the text `value`.
    ///
    /// # Errors
    /// The database's.
    pub async fn values(&mut self, query: &str) -> QueryResult<Vec<String>> {
        let query = diesel::sql_query(query);
        let rows: Vec<ValueRow> = match self {
            Self::Postgres(conn) => with_timeout(query.load(conn)).await?,
            Self::Sqlite(conn) => query.load(conn).await?,
        };
        Ok(rows.into_iter().map(|row| row.value).collect())
    }

    /// How the schema stands.
    ///
    /// # Errors
    /// The database's.
    pub async fn schema(&mut self) -> QueryResult<SchemaState> {
        let (is_there, embedded) = match self {
            Self::Postgres(_) => (
                "SELECT 'yes' AS value WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL",
                migrate::on_postgres(),
            ),
            Self::Sqlite(_) => (
                "SELECT name AS value FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
                migrate::on_sqlite(),
            ),
        };
        let embedded = embedded.map_err(Error::QueryBuilderError)?;
        if self.values(is_there).await?.is_empty() {
            return Ok(SchemaState::Missing);
        }
        let applied = self.values("SELECT version AS value FROM __diesel_schema_migrations ORDER BY version").await?;
        let beyond = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|version| !those.contains(version)).cloned().collect()
        };
        let (pending, unknown) = (beyond(&embedded, &applied), beyond(&applied, &embedded));
        Ok(match (applied.is_empty(), pending.is_empty(), unknown.is_empty()) {
            (true, ..) => SchemaState::Missing,
            (_, _, false) => SchemaState::Newer(unknown),
            (_, false, _) => SchemaState::Outdated(pending),
            _ => SchemaState::Current,
        })
    }

    /// Whether this connection to PostgreSQL receives the notifications of another.
    ///
    /// # Errors
    /// The database's.
    pub async fn receives_from(&mut self, other: &mut Self) -> QueryResult<bool> {
        let (Self::Postgres(here), Self::Postgres(there)) = (self, other) else { return Ok(false) };
        with_timeout(here.batch_execute("LISTEN guildhall_doctor")).await?;
        with_timeout(there.batch_execute("NOTIFY guildhall_doctor")).await?;
        let heard =
            tokio::time::timeout(Duration::from_secs(2), async { pin!(here.notifications_stream()).next().await });
        Ok(matches!(heard.await, Ok(Some(Ok(_)))))
    }
}
