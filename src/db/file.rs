//! The embedded database as a file: whether it is sound and ours, and how copies of it are made and put in place.

use std::{
    fs::{self, File, Permissions},
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tempfile::TempPath;

use super::migrate;
use crate::kernel::error::BoxError;

/// What stands for itself in the path of an address.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The file of this name with `suffix` behind it: SQLite's log, or our key.
pub fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// How a file is opened; it is never made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// To be read, and not written to even by SQLite's own housekeeping.
    Read,
    /// To be read and written.
    Write,
}

/// Opens a database that is there.
///
/// # Errors
/// When it is not, or cannot be opened.
pub fn open(file: &Path, mode: OpenMode) -> Result<SqliteConnection, BoxError> {
    let displayed = file.display();
    fs::metadata(file).map_err(|error| format!("{displayed}: {error}"))?;
    let path = utf8(&std::path::absolute(file)?)?;
    let mode = if mode == OpenMode::Read { "ro" } else { "rw" };
    let mut conn = SqliteConnection::establish(&format!("file:{}?mode={mode}", utf8_percent_encode(&path, &PATH)))
        .map_err(|error| format!("{displayed}: {error}"))?;
    conn.batch_execute("PRAGMA busy_timeout = 10000").map_err(|error| format!("{displayed}: {error}"))?;
    Ok(conn)
}

/// Why a database cannot be had alone.
#[derive(Debug, thiserror::Error)]
pub enum OpenExclusiveError {
    /// A server or a command has it open.
    #[error("{} is in use: end the server first (or the command that has it open)", .0.display())]
    InUse(PathBuf),
    /// It is no SQLite database, or damaged in its first page.
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
}

/// Opens a database so that nobody else has it open, or gets to open it, for as long as the connection stands.
///
/// # Errors
/// When somebody has, or it cannot be read.
pub fn open_exclusive(file: &Path) -> Result<SqliteConnection, OpenExclusiveError> {
    let unreadable = |error: String| OpenExclusiveError::Unreadable(file.to_owned(), error);
    let mut conn = open(file, OpenMode::Write).map_err(|error| unreadable(error.to_string()))?;
    // Whoever has a database in WAL mode open holds a shared lock on the file. In this mode ours is not given back with the
    // transaction that took it.
    let lock = "PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
    conn.batch_execute(lock).map_err(|error| match error.to_string() {
        locked if locked.contains("locked") => OpenExclusiveError::InUse(file.to_owned()),
        other => unreadable(other),
    })?;
    Ok(conn)
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

/// How many rows a query that counts them as `number` finds.
fn number(conn: &mut SqliteConnection, query: &str) -> diesel::QueryResult<i64> {
    Ok(sql_query(query).get_result::<NumberRow>(conn)?.number)
}

/// Makes sure that a database is one of ours, no newer than we know, and whole: every page, index and reference.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check(conn: &mut SqliteConnection, file: &Path) -> Result<(), BoxError> {
    let displayed = file.display();
    let unreadable = |error: diesel::result::Error| format!("{displayed} cannot be read: {error}");
    let foreign = || format!("{displayed} is no database of Guildhall's");
    let versions = "SELECT count(*) AS number FROM sqlite_master WHERE name = '__diesel_schema_migrations'";
    if number(conn, versions).map_err(unreadable)? == 0 {
        return Err(foreign().into());
    }
    let versions = sql_query("SELECT version AS line FROM __diesel_schema_migrations ORDER BY version");
    let applied: Vec<String> =
        versions.load::<LineRow>(conn).map_err(unreadable)?.into_iter().map(|it| it.line).collect();
    let known = migrate::on_sqlite()?;
    if applied.first() != known.first() {
        return Err(foreign().into());
    }
    if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
        return Err(format!(
            "{displayed} was written by a newer Guildhall than this (its schema has the version {newer}): use that one"
        )
        .into());
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

/// Whether anyone would miss what is in a database: guilds, or tables that are not ours.
///
/// # Errors
/// The database's.
pub fn has_data(conn: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    let tables = "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table'";
    let guilds = "SELECT count(*) AS number FROM sqlite_master WHERE type = 'table' AND name = 'guilds'";
    if number(conn, guilds)? == 0 {
        return Ok(number(conn, tables)? > 0);
    }
    Ok(number(conn, "SELECT count(*) AS number FROM guilds")? > 0)
}

/// Brings the database to the newest schema.
///
/// # Errors
/// The database's.
pub fn migrate(conn: &mut SqliteConnection) -> Result<(), BoxError> {
    migrate::bring_up(conn)
}

/// Copies the database as it is at this moment, whoever writes to it meanwhile, to a file that is not there or empty.
///
/// # Errors
/// The database's, and those of writing.
pub fn copy(conn: &mut SqliteConnection, to: &Path) -> Result<(), BoxError> {
    sql_query("VACUUM INTO ?").bind::<Text, _>(utf8(&std::path::absolute(to)?)?).execute(conn)?;
    Ok(())
}

/// An empty file beside the one that it is to become; gone again unless it does.
///
/// # Errors
/// When it cannot be made.
pub fn create_temporary(of: &Path, mode: u32) -> Result<TempPath, BoxError> {
    let name = of.file_name().ok_or_else(|| format!("{}: not the name of a file", of.display()))?;
    let mut prefix = name.to_owned();
    prefix.push(".");
    let draft = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".partial")
        .permissions(Permissions::from_mode(mode & 0o777))
        .tempfile_in(folder_of(of))
        .map_err(|error| format!("{}: {error}", of.display()))?;
    Ok(draft.into_temp_path())
}

/// Flushes a draft to the disk, so that publishing it cannot fail for lack of space.
///
/// # Errors
/// When it cannot be written.
pub fn sync(draft: &Path) -> Result<(), BoxError> {
    Ok(File::open(draft)?.sync_all()?)
}

/// Gives a draft, once it is on the disk, its name; in the place of another file of that name only if `replace`.
///
/// # Errors
/// When it cannot be done; then the other file stands as it was.
pub fn persist(draft: TempPath, file: &Path, replace: bool) -> Result<(), BoxError> {
    let named = if replace { draft.persist(file) } else { draft.persist_noclobber(file) };
    named.map_err(|failed| format!("{}: {}", file.display(), failed.error))?;
    // The name, too.
    Ok(File::open(folder_of(file))?.sync_all()?)
}

/// Writes what the log of a held database holds into the file, and does without a log from then on.
///
/// # Errors
/// The database's.
pub fn disable_wal(held: &mut SqliteConnection) -> Result<(), BoxError> {
    Ok(held.batch_execute("PRAGMA journal_mode = DELETE")?)
}

/// Removes what SQLite keeps beside a database. What is left of another one would be taken for the next one's.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_side_files(file: &Path) -> Result<(), BoxError> {
    for suffix in SIDE_FILE_SUFFIXES {
        match fs::remove_file(with_suffix(file, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// What SQLite keeps beside a database that is open, or was not closed.
pub const SIDE_FILE_SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn utf8(path: &Path) -> Result<String, BoxError> {
    Ok(path.to_str().ok_or_else(|| format!("{}: SQLite takes only names in UTF-8", path.display()))?.to_owned())
}
