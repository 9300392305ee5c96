//! The parts of a server, for commands that work on the database without serving.

use super::{output::BoxError, settings::DatabaseSettings};
use crate::{
    app::{App, Options},
    auth::{Hasher, Keys},
    db::{DatabaseUrl, Db, Probe, SchemaState},
    identity,
    kernel::clock::Clock,
};

/// The database if no other is set.
pub(super) const DEFAULT_DATABASE: &str = "sqlite://guildhall.db";

/// Opens the database and migrates it to the newest schema. After a migration, it may contain keys of names as a former
/// release stored them, which are brought up to date before anything looks for them.
pub(super) async fn open(url: &DatabaseUrl, max_connections: u32) -> Result<Db, BoxError> {
    let is_current = match Probe::open(url, true).await {
        Ok(mut probe) => matches!(probe.schema().await, Ok(SchemaState::Current)),
        Err(_) => false,
    };
    let db = Db::open(url, max_connections).await?;
    if !is_current {
        identity::refresh_keys(&db).await?;
    }
    Ok(db)
}

/// Opens the database and builds the parts of a server.
pub(super) async fn offline_app(database: &DatabaseSettings, keys: Keys, options: Options) -> Result<App, BoxError> {
    let db = open(&database.url_or(DEFAULT_DATABASE)?, database.max_connections).await?;
    // A server may be running on the same database.
    let options = Options { has_peers: Some(true), ..options };
    Ok(App::with(db, Clock::system(), keys, Hasher::owasp()?, options))
}
