//! SQLite files: checking and copying them, and replacing a file atomically.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use tempfile::TempPath;

pub use super::open_file::{OpenExclusiveError, OpenMode, open, open_exclusive};
use super::{migrate, open_file::utf8};
use crate::kernel::{
    error::BoxError,
    private_file::{self, folder_of},
};

/// The first bytes of a SQLite database: <https://www.sqlite.org/fileformat.html#the_database_header>.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Appends a suffix to a file's name: for SQLite's log, or the signing key.
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[derive(QueryableByName)]
struct LineRow {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The row of a query that selects one `number`.
#[derive(QueryableByName)]
pub(super) struct NumberRow {
    #[diesel(sql_type = BigInt)]
    pub(super) number: i64,
}

/// Returns the result of a query that selects one `number`.
fn number(conn: &mut SqliteConnection, query: &str) -> diesel::QueryResult<i64> {
    Ok(sql_query(query).get_result::<NumberRow>(conn)?.number)
}

/// Checks that a file is a Guildhall database, is not from a newer release, and has intact pages, indexes and
/// references.
///
/// # Errors
/// A message that says what is wrong with the file.
pub fn check(conn: &mut SqliteConnection, file: &Path) -> Result<(), BoxError> {
    let displayed = file.display();
    let unreadable = |error: diesel::result::Error| format!("{displayed} cannot be read: {error}");
    let foreign = || format!("{displayed} is not a Guildhall database");
    let versions = "SELECT count(*) AS number FROM sqlite_master WHERE name = '__diesel_schema_migrations'";
    if number(conn, versions).map_err(unreadable)? == 0 {
        return Err(foreign().into());
    }
    let versions = sql_query("SELECT version AS line FROM __diesel_schema_migrations ORDER BY version");
    let applied: Vec<String> =
        versions.load::<LineRow>(conn).map_err(unreadable)?.into_iter().map(|it| it.line).collect();
    let known = migrate::sqlite_versions()?;
    if applied.first() != known.first() {
        return Err(foreign().into());
    }
    if let Some(newer) = migrate::newer_version(&applied, &known) {
        return Err(format!("{displayed} {}", migrate::newer_release(newer)).into());
    }
    let mut problems: Vec<String> = sql_query("SELECT integrity_check AS line FROM pragma_integrity_check LIMIT 10")
        .load::<LineRow>(conn)
        .map_err(unreadable)?
        .into_iter()
        .map(|it| it.line)
        .filter(|line| line != "ok")
        .collect();
    let dangling = "SELECT DISTINCT \"table\" || ' refers to missing ' || parent AS line FROM pragma_foreign_key_check";
    problems.extend(sql_query(dangling).load::<LineRow>(conn).map_err(unreadable)?.into_iter().map(|it| it.line));
    if !problems.is_empty() {
        return Err(format!("{displayed} is damaged:\n{}", problems.join("\n")).into());
    }
    Ok(())
}

/// Whether a file is empty or starts like a SQLite database.
///
/// # Errors
/// If it cannot be read.
pub fn may_be_database(file: &Path) -> Result<bool, BoxError> {
    let mut start = Vec::new();
    File::open(file).and_then(|file| file.take(HEADER.len() as u64).read_to_end(&mut start))?;
    Ok(start.is_empty() || start == HEADER)
}

/// Whether a database contains data worth keeping: a guild, or another program's tables.
///
/// # Errors
/// A database error.
pub fn has_data(conn: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    let tables = "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table'";
    let guilds = "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table' AND name = 'guilds'";
    if number(conn, guilds)? == 0 {
        return Ok(number(conn, tables)? > 0);
    }
    Ok(number(conn, "SELECT count(*) AS number FROM guilds")? > 0)
}

/// Migrates the database to the newest schema.
///
/// # Errors
/// A database error.
pub fn migrate(conn: &mut SqliteConnection) -> Result<(), BoxError> {
    migrate::migrate_connection(conn)
}

/// Copies a snapshot of the database to a missing or empty file, even while it is written to.
///
/// # Errors
/// If the database cannot be read or the copy cannot be written.
pub fn copy(conn: &mut SqliteConnection, to: &Path) -> Result<(), BoxError> {
    sql_query("VACUUM INTO ?").bind::<Text, _>(utf8(&std::path::absolute(to)?)?).execute(conn)?;
    Ok(())
}

/// Creates an empty private file in the folder of `file`, for [`persist`]. Dropping the path deletes it.
///
/// # Errors
/// If it cannot be created.
pub fn create_temporary(file: &Path) -> Result<TempPath, BoxError> {
    let temporary = private_file::create_temporary(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(temporary.into_temp_path())
}

/// Flushes a temporary file to the disk, so that [`persist`] cannot fail for lack of space.
///
/// # Errors
/// If it cannot be written.
pub fn sync(temporary: &Path) -> Result<(), BoxError> {
    Ok(File::open(temporary)?.sync_all()?)
}

/// Renames a flushed temporary file to `file`. Replaces an existing file only if `replace` is set.
///
/// # Errors
/// If it cannot be renamed. An existing file is then unchanged.
pub fn persist(temporary: TempPath, file: &Path, replace: bool) -> Result<(), BoxError> {
    let renamed = if replace { temporary.persist(file) } else { temporary.persist_noclobber(file) };
    renamed.map_err(|failed| format!("{}: {}", file.display(), failed.error))?;
    // Flushes the folder too, which contains the file's name.
    Ok(File::open(folder_of(file))?.sync_all()?)
}

/// Writes the write-ahead log of a database into its file, and truncates the log unless others still use it after this
/// time.
///
/// # Errors
/// A database error.
pub fn truncate_log(file: &Path, patience: Duration) -> Result<(), BoxError> {
    let mut conn = open(file, OpenMode::Write)?;
    // The first checkpoint does most of the work without blocking writers.
    let checkpoint = "PRAGMA wal_checkpoint(PASSIVE); PRAGMA wal_checkpoint(TRUNCATE)";
    Ok(conn.batch_execute(&format!("PRAGMA busy_timeout = {}; {checkpoint}", patience.as_millis()))?)
}

/// Writes the write-ahead log of a database into its file and disables the log. Needs a connection by
/// [`open_exclusive`].
///
/// # Errors
/// A database error.
pub fn disable_wal(conn: &mut SqliteConnection) -> Result<(), BoxError> {
    Ok(conn.batch_execute("PRAGMA journal_mode = DELETE")?)
}

/// Deletes the files that SQLite keeps next to a database. SQLite would apply leftovers to a database that replaces it.
///
/// # Errors
/// If one cannot be deleted.
pub fn remove_side_files(file: &Path) -> Result<(), BoxError> {
    for suffix in SIDE_FILE_SUFFIXES {
        match fs::remove_file(with_suffix(file, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Suffixes of the files that SQLite keeps next to a database that is open or was not closed.
pub const SIDE_FILE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];
