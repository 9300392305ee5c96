//! Opens the database of a command.

use super::{output::BoxError, settings::DatabaseSettings};
use crate::{
    db::{self, DatabaseUrl, Db, Probe, SchemaState},
    identity,
    kernel::error::Result,
};

/// Locks a SQLite file, until the process ends, for the only server that may use it.
pub(super) fn lock_for_server(url: &DatabaseUrl) -> Result<(), BoxError> {
    url.file().map_or(Ok(()), |file| db::lock_for_server(&file))
}

impl DatabaseSettings {
    /// Opens a database and migrates it to the newest schema. Creates a missing SQLite file.
    ///
    /// After a migration, the database may contain keys of names as a former release stored them. They are brought up to
    /// date before anything looks for them.
    pub(super) async fn open(&self, url: &DatabaseUrl) -> Result<Db> {
        let is_current = match Probe::open(url, true).await {
            Ok(mut probe) => matches!(probe.schema().await, Ok(SchemaState::Current)),
            Err(_) => false,
        };
        let db = self.opened.add(Db::open(url, self.max_connections).await?);
        if !is_current {
            identity::refresh_keys(&db).await?;
        }
        Ok(db)
    }

    /// Like [`Self::open`], for a database that exists.
    pub(super) async fn open_existing(&self, url: &DatabaseUrl) -> Result<Db> {
        db::check_existence(url).await?;
        self.open(url).await
    }

    /// Opens a database with empty tables.
    pub(super) async fn open_fresh(&self, url: &DatabaseUrl) -> Result<Db> {
        Ok(self.opened.add(Db::open_fresh(url, self.max_connections).await?))
    }
}
