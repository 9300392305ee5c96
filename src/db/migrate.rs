//! Runs the embedded migrations.

use std::path::Path;

use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    migration::MigrationSource,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    open_file::{self, OpenMode},
    url::DatabaseUrl,
};
use crate::kernel::{
    error::{BoxError, Code, Error, Refusal, Result},
    private_file,
};

const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// Makes servers that start together migrate one after the other. The key is "guild" in ASCII. The timeout is for a
/// pooler that keeps the lock of a server that has crashed; migrations themselves take as long as they need.
const ADVISORY_LOCK: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
    SET lock_timeout = '2min'; SELECT pg_advisory_lock(444234722404); SET lock_timeout = 0";

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
            let url = direct.as_ref().unwrap_or(url);
            let conn = url.connect_with_timeout().await.map_err(Error::internal)?.conn;
            let work = move || {
                let mut conn = AsyncConnectionWrapper::<AsyncPgConnection>::from(conn);
                // Closing the connection releases the lock.
                conn.batch_execute(ADVISORY_LOCK)?;
                check_postgres(&mut conn)?;
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
    let result = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    result.map_err(|error| match error.downcast::<Refusal>() {
        Ok(refusal) => Error::from(*refusal),
        Err(error) => Error::internal(error),
    })
}

fn migrate_sqlite_file(path: &str, mode: Mode) -> Result<(), BoxError> {
    let refused = |problem: &str| Refusal::new(Code::Conflict, format!("sqlite://{path} {problem}"));
    if Path::new(path).is_dir() {
        return Err(refused("is a directory: name a file in it").into());
    }
    private_file::create_if_missing(path.as_ref()).map_err(|error| format!("{path}: {error}"))?;
    let mut conn = open_file::open(path.as_ref(), OpenMode::Write)?;
    if is_foreign(&mut conn).map_err(|error| refused(&format!("cannot be read: {error}")))? {
        return Err(refused("is the database of another program").into());
    }
    conn.batch_execute("PRAGMA journal_mode = WAL")?;
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

#[derive(QueryableByName)]
struct ServerRow {
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Bool)]
    may_create: bool,
    #[diesel(sql_type = Bool)]
    is_read_only: bool,
}

/// Refuses a database that cannot store every name, cannot be changed, or in which the user cannot create tables.
fn check_postgres(conn: &mut AsyncConnectionWrapper<AsyncPgConnection>) -> Result<(), BoxError> {
    let server: ServerRow = diesel::sql_query(
        "SELECT current_setting('server_encoding') AS encoding,
            coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
            current_setting('transaction_read_only')::boolean AS is_read_only",
    )
    .get_result(conn)?;
    let problem = if server.encoding != "UTF8" {
        format!("the database's encoding is {}: create one with ENCODING 'UTF8' TEMPLATE template0", server.encoding)
    } else if server.is_read_only {
        "this PostgreSQL is read-only: name the primary, or all hosts with ?target_session_attrs=read-write".to_owned()
    } else if server.may_create {
        return Ok(());
    } else {
        let remedy = "let the user own the database, or GRANT CREATE ON SCHEMA public TO it";
        format!("the database's user cannot create tables: {remedy}")
    };
    Err(Refusal::new(Code::Conflict, problem).into())
}

/// Whether a database contains tables, but not those of Guildhall.
fn is_foreign(conn: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    let has_only_others = "count(*) > 0 AND count(*) FILTER (WHERE name = '__diesel_schema_migrations') = 0
        FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(has_only_others)).get_result(conn)
}

fn migrate<C, B>(conn: &mut C, migrations: fn() -> EmbeddedMigrations, mode: Mode) -> Result<(), BoxError>
where
    B: diesel::backend::Backend,
    C: MigrationHarness<B>,
    EmbeddedMigrations: diesel::migration::MigrationSource<B>,
{
    let known = versions::<B>(&migrations())?;
    let applied: Vec<String> = conn.applied_migrations()?.iter().map(ToString::to_string).collect();
    if let Some(newer) = newer_version(&applied, &known) {
        let message = format!("the database {}", newer_release(newer));
        return Err(Refusal::new(Code::Conflict, message).into());
    }
    if mode == Mode::RevertFirst {
        conn.revert_all_migrations(migrations())?;
    }
    conn.run_pending_migrations(migrations())?;
    Ok(())
}

/// Returns an applied version that this release doesn't know, if there is one.
pub(super) fn newer_version<'a>(applied: &'a [String], known: &[String]) -> Option<&'a String> {
    applied.iter().find(|version| !known.contains(version))
}

/// Says that a database, named before this, has a version that this release doesn't know.
pub(super) fn newer_release(version: &str) -> String {
    format!("was written by a newer release (its schema has the version {version}): use that release")
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
