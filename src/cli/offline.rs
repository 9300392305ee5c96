//! The parts of a server, for commands that work on the database without serving.

use super::{output::BoxError, settings::DatabaseSettings};
use crate::{
    app::{App, Options},
    auth::{Hasher, Keys},
    db::Db,
    kernel::clock::Clock,
};

/// The database if no other is set.
pub(super) const DEFAULT_DATABASE: &str = "sqlite://guildhall.db";

/// Opens the existing database and builds the parts of a server.
pub(super) async fn offline_app(database: &DatabaseSettings, keys: Keys, options: Options) -> Result<App, BoxError> {
    offline_app_on(database.open_existing(&database.url_or(DEFAULT_DATABASE)?).await?, keys, options)
}

/// Builds the parts of a server on an open database.
pub(super) fn offline_app_on(db: Db, keys: Keys, options: Options) -> Result<App, BoxError> {
    // A server may be running on the same database.
    let options = Options { has_peers: Some(true), ..options };
    Ok(App::with(db, Clock::system(), keys, Hasher::owasp()?, options))
}
