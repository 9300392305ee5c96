//! Runs the embedded migrations.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection, migration::MigrationSource};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::url::DatabaseUrl;
use crate::kernel::error::{BoxError, Error, Result};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Makes servers that start together migrate one after the other. The key is "guild" in ASCII. The timeout is for a
/// pooler that keeps the lock of a server that has crashed.
const ADVISORY_LOCK: &str = "SET lock_timeout = '2min'; SELECT pg_advisory_lock(444234722404); SET lock_timeout = 0";

/// Which migrations to run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The pending ones.
    Pending,
    /// Reverts all, then runs all.
    RevertFirst,
}

/// Migrates the database to the newest schema.
pub(super) async fn run_pending(url: &DatabaseUrl) -> Result<()> {
    migrate_url(url, Mode::Pending).await
}

/// Migrates an open SQLite database to the newest schema.
pub(super) fn migrate_connection(conn: &mut SqliteConnection) -> Result<(), BoxError> {
    migrate(conn, || SQLITE, Mode::Pending)
}

/// Drops the tables of all migrations, then creates them again.
pub(super) async fn revert_and_run_all(url: &DatabaseUrl) -> Result<()> {
    migrate_url(url, Mode::RevertFirst).await
}

async fn migrate_url(url: &DatabaseUrl, mode: Mode) -> Result<()> {
    match url {
        DatabaseUrl::Postgres { url, direct } => {
            let conn = direct.as_ref().unwrap_or(url).connect_with_timeout().await.map_err(Error::internal)?;
            let work = move || {
                let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
                // Closing the connection releases the lock.
                conn.batch_execute(ADVISORY_LOCK)?;
                migrate(&mut conn, || POSTGRES, mode)
            };
            on_blocking_thread(work).await
        }
        DatabaseUrl::Sqlite(path) => {
            let path = path.clone();
            on_blocking_thread(move || migrate_sqlite_file(&path, mode)).await
        }
    }
}

async fn on_blocking_thread(work: impl FnOnce() -> Result<(), BoxError> + Send + 'static) -> Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?.map_err(Error::internal)
}

fn migrate_sqlite_file(path: &str, mode: Mode) -> Result<(), BoxError> {
    let mut conn = SqliteConnection::establish(path)?;
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;")?;
    let mut failure = None;
    let outcome = conn.exclusive_transaction(|conn| {
        migrate(conn, || SQLITE, mode).map_err(|error| {
            failure = Some(error);
            diesel::result::Error::RollbackTransaction
        })
    });
    match failure {
        Some(failure) => Err(failure),
        None => Ok(outcome?),
    }
}

fn migrate<C, B>(conn: &mut C, migrations: fn() -> EmbeddedMigrations, mode: Mode) -> Result<(), BoxError>
where
    B: diesel::backend::Backend,
    C: MigrationHarness<B>,
    EmbeddedMigrations: diesel::migration::MigrationSource<B>,
{
    if mode == Mode::RevertFirst {
        conn.revert_all_migrations(migrations())?;
    }
    conn.run_pending_migrations(migrations())?;
    Ok(())
}

/// Returns the versions of SQLite's migrations, oldest first, in the format of the table `__diesel_schema_migrations`.
pub(super) fn sqlite_versions() -> Result<Vec<String>, BoxError> {
    versions::<diesel::sqlite::Sqlite>(&SQLITE)
}

/// Like [`sqlite_versions`], for PostgreSQL's migrations.
pub(super) fn postgres_versions() -> Result<Vec<String>, BoxError> {
    versions::<diesel::pg::Pg>(&POSTGRES)
}

fn versions<B: diesel::backend::Backend>(source: &impl MigrationSource<B>) -> Result<Vec<String>, BoxError> {
    let mut versions: Vec<String> = source.migrations()?.iter().map(|it| it.name().version().to_string()).collect();
    versions.sort();
    Ok(versions)
}
