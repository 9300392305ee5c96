//! The server's parts for a command that serves nobody.

use super::{output::BoxError, settings::DatabaseSettings};
use crate::{
    app::{App, Options},
    auth::{Hasher, Keys},
    db::Db,
    kernel::clock::Clock,
};

/// The database of a server without settings of its own.
pub(super) const DEFAULT_DATABASE: &str = "sqlite://guildhall.db";

/// The server's parts for a command that serves nobody.
pub(super) async fn offline_app(database: &DatabaseSettings, keys: Keys, options: Options) -> Result<App, BoxError> {
    let db = Db::open(&database.url_or(DEFAULT_DATABASE)?, database.max_connections).await?;
    // A server may be running beside it.
    let options = Options { has_peers: Some(true), ..options };
    Ok(App::with(db, Clock::system(), keys, Hasher::owasp()?, options))
}
