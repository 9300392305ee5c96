//! The embedded migrations, run at start.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection, migration::MigrationSource};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::url::DatabaseUrl;
use crate::kernel::error::{BoxError, Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// "guild" in ASCII: servers that start together migrate one after the other.
/// A pooler may keep the lock of a server that is gone.
const ADVISORY_LOCK: &str = "SET lock_timeout = '2min'; SELECT pg_advisory_lock(444234722404); SET lock_timeout = 0";

/// Brings the database to the newest schema.
pub(super) async fn run_pending(url: &DatabaseUrl) -> Result<()> {
    bring(url, false).await
}

/// Brings the database behind a connection to the newest schema.
pub(super) fn bring_up(conn: &mut SqliteConnection) -> Result<(), BoxError> {
    migrate(conn, || SQLITE, false)
}

/// Drops all that the migrations made, then makes it anew.
pub(super) async fn start_over(url: &DatabaseUrl) -> Result<()> {
    bring(url, true).await
}

async fn bring(url: &DatabaseUrl, afresh: bool) -> Result<()> {
    match url {
        DatabaseUrl::Postgres { url, direct } => {
            let conn = direct.as_ref().unwrap_or(url).connect_in_time().await.map_err(Error::internal)?;
            let work = move || {
                let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
                conn.batch_execute(ADVISORY_LOCK)?;
                // The lock goes with the connection.
                migrate(&mut conn, || POSTGRES, afresh)
            };
            on_blocking_thread(work).await
        }
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            on_blocking_thread(move || on_sqlite_file(&path, afresh)).await
        }
    }
}

async fn on_blocking_thread(work: impl FnOnce() -> Result<(), BoxError> + Send + 'static) -> Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?.map_err(Error::internal)
}

fn on_sqlite_file(path: &str, afresh: bool) -> Result<(), BoxError> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")?;
    let mut failure = None;
    let outcome = conn.exclusive_transaction(|conn| {
        migrate(conn, || SQLITE, afresh).map_err(|error| {
            failure = Some(error);
            diesel::result::Error::RollbackTransaction
        })
    });
    match failure {
        Some(failure) => Err(failure),
        None => Ok(outcome?),
    }
}

fn migrate<C, B>(conn: &mut C, migrations: fn() -> EmbeddedMigrations, afresh: bool) -> Result<(), BoxError>
where
    B: diesel::backend::Backend,
    C: MigrationHarness<B>,
    EmbeddedMigrations: diesel::migration::MigrationSource<B>,
{
    if afresh {
        conn.revert_all_migrations(migrations())?;
    }
    conn.run_pending_migrations(migrations())?;
    Ok(())
}

/// The versions of SQLite's migrations, oldest first, as a database lists those it has had.
pub(super) fn on_sqlite() -> Result<Vec<String>, BoxError> {
    versions::<diesel::sqlite::Sqlite>(&SQLITE)
}

/// The versions of PostgreSQL's migrations.
pub(super) fn on_postgres() -> Result<Vec<String>, BoxError> {
    versions::<diesel::pg::Pg>(&POSTGRES)
}

fn versions<B: diesel::backend::Backend>(of: &impl MigrationSource<B>) -> Result<Vec<String>, BoxError> {
    let mut versions: Vec<String> = of.migrations()?.iter().map(|it| it.name().version().to_string()).collect();
    versions.sort();
    Ok(versions)
}
