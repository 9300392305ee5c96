//! The lock of a server on its SQLite file.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::kernel::{error::BoxError, private_file};

/// Locks the database for a server, until the process ends. SQLite supports one server: others would not notice its
/// changes. Other commands don't need the lock.
///
/// # Errors
/// If another server has the lock, or the file cannot be created.
pub fn lock_for_server(file: &Path) -> Result<(), BoxError> {
    let displayed = file.display();
    private_file::create_if_missing(file).map_err(|error| format!("{displayed}: {error}"))?;
    if file.is_dir() {
        return Err(format!("{displayed} is a directory: name a file in it").into());
    }
    let locked = File::open(file).map_err(|error| format!("{displayed}: {error}"))?;
    match locked.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let remedy = "stop that server first, or use PostgreSQL for several servers";
            return Err(format!("{displayed} is served by another process: {remedy}").into());
        }
        // The file system has no such locks.
        Err(TryLockError::Error(error)) => tracing::warn!(%error, "cannot check whether another server runs"),
    }
    // Closing the file would also release the locks that SQLite holds in this process.
    std::mem::forget(locked);
    Ok(())
}
