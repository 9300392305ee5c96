//! Opens SQLite files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::kernel::error::BoxError;

/// The characters to percent-encode in the path of a `file:` URI.
const PATH_ENCODE_SET: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// How to open an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// For reading. Even SQLite itself, such as by a checkpoint, cannot write to the file.
    Read,
    /// For reading and writing.
    Write,
}

/// Opens an existing database.
///
/// # Errors
/// If it doesn't exist or cannot be opened.
pub fn open(file: &Path, mode: OpenMode) -> Result<SqliteConnection, BoxError> {
    let displayed = file.display();
    fs::metadata(file).map_err(|error| format!("{displayed}: {error}"))?;
    let path = utf8(&std::path::absolute(file)?)?;
    let mode = if mode == OpenMode::Read { "ro" } else { "rw" };
    // The host is empty. Without it, SQLite would take one from a path that starts with two slashes.
    let mut conn =
        SqliteConnection::establish(&format!("file://{}?mode={mode}", utf8_percent_encode(&path, &PATH_ENCODE_SET)))
            .map_err(|error| format!("{displayed}: {error}"))?;
    // A connection that closes locks the file while it empties the log.
    conn.batch_execute("PRAGMA busy_timeout = 10000").map_err(|error| format!("{displayed}: {error}"))?;
    Ok(conn)
}

/// Why [`open_exclusive`] failed.
#[derive(Debug, thiserror::Error)]
pub enum OpenExclusiveError {
    /// A server or a command has the file open.
    #[error("{} is in use: stop the server first (or the command that has it open)", .0.display())]
    InUse(PathBuf),
    /// The file is not a SQLite database, or its first page is damaged.
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
}

/// Opens a database exclusively: as long as the connection is open, no other process can open it.
///
/// # Errors
/// If another process has it open, or it cannot be read.
pub fn open_exclusive(file: &Path) -> Result<SqliteConnection, OpenExclusiveError> {
    let unreadable = |error: String| OpenExclusiveError::Unreadable(file.to_owned(), error);
    let mut conn = open(file, OpenMode::Write).map_err(|error| unreadable(error.to_string()))?;
    // Each connection to a database in WAL mode holds a shared lock on the file. In exclusive locking mode, this
    // connection keeps its exclusive lock after the transaction.
    let lock = "PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT";
    conn.batch_execute(lock).map_err(|error| match error.to_string() {
        locked if locked.contains("locked") => OpenExclusiveError::InUse(file.to_owned()),
        other => unreadable(other),
    })?;
    Ok(conn)
}

/// Returns a path as text.
pub(super) fn utf8(path: &Path) -> Result<String, BoxError> {
    Ok(path.to_str().ok_or_else(|| format!("{}: SQLite accepts only names in UTF-8", path.display()))?.to_owned())
}
