//! SQLite's write-ahead log: keeps it small, and writes it into the file when the database is closed.

use std::time::Duration;

use super::{Db, Pools, file};

/// How long closing the database waits for a write in progress, and then for other processes that use the log.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(2);
/// How often the size of SQLite's log is checked.
const LOG_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Size of the log from which it is truncated, in bytes. SQLite itself starts to reuse the log at 1,000 pages, which are
/// less.
const MAX_LOG: u64 = 4 * 1_024 * 1_024;

impl Db {
    /// Closes SQLite's connections and moves the write-ahead log into the file, so that the file alone has everything.
    /// Later accesses fail. A transaction in progress ends first.
    pub async fn close(&self) {
        let Pools::Sqlite { path, pools } = &self.pools else { return };
        let Some(open) = pools.write().take() else { return };
        // Waits for a write in progress. If that takes too long, the next start writes the log into the file.
        let writer = tokio::time::timeout(CLOSING_TIMEOUT, open.writer.get_owned()).await;
        let path = path.clone();
        let close = move || {
            drop((writer, open));
            file::truncate_log(path.as_ref(), CLOSING_TIMEOUT)
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(close).await {
            tracing::warn!(%error, "could not move SQLite's log into the file");
        }
    }

    /// Keeps SQLite's write-ahead log small. While a transaction reads, SQLite can't reuse the log, and never shrinks it
    /// afterwards.
    pub async fn keep_log_small(&self) {
        let Pools::Sqlite { path, .. } = &self.pools else { return };
        // SQLite keeps the log next to the file that a symbolic link points to.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
        let log = file::with_suffix(&target, "-wal");
        loop {
            tokio::time::sleep(LOG_CHECK_INTERVAL).await;
            if std::fs::metadata(&log).is_ok_and(|log| log.len() > MAX_LOG) {
                let path = path.clone();
                // Doesn't wait for readers and writers, because those would have to wait for the checkpoint then.
                let truncate = move || file::truncate_log(path.as_ref(), Duration::ZERO);
                if let Ok(Err(error)) = tokio::task::spawn_blocking(truncate).await {
                    tracing::warn!(%error, "could not shrink SQLite's log");
                }
            }
        }
    }
}
