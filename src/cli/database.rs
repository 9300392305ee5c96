//! Opens the database of a command.

use super::{output::BoxError, settings::DatabaseSettings};
use crate::{
    db::{self, DatabaseUrl, Db},
    kernel::error::Result,
};

/// Locks a SQLite file, until the process ends, for the only server that may use it.
pub(super) fn lock_for_server(url: &DatabaseUrl) -> Result<(), BoxError> {
    url.file().map_or(Ok(()), |file| db::lock_for_server(&file))
}

impl DatabaseSettings {
    /// Opens a database and migrates it. Creates a missing SQLite file.
    pub(super) async fn open(&self, url: &DatabaseUrl) -> Result<Db> {
        Ok(self.opened.add(Db::open(url, self.max_connections).await?))
    }

    /// Opens a database that exists, and migrates it.
    pub(super) async fn open_existing(&self, url: &DatabaseUrl) -> Result<Db> {
        Ok(self.opened.add(Db::open_existing(url, self.max_connections).await?))
    }

    /// Opens a database with empty tables.
    pub(super) async fn open_fresh(&self, url: &DatabaseUrl) -> Result<Db> {
        Ok(self.opened.add(Db::open_fresh(url, self.max_connections).await?))
    }
}
