//! Databases for tests: each has the newest schema, no rows, and one test to itself.

pub mod cluster;
mod postgres;
mod sqlite;

use guildhall::db::DatabaseUrl;

/// A database that is removed when it goes out of scope.
pub struct Database {
    pub url: DatabaseUrl,
    _storage: Storage,
}

enum Storage {
    File {
        _folder: tempfile::TempDir,
    },
    /// On a server that the tests did not start.
    Server {
        _cleanup: postgres::DropDatabase,
    },
    /// The database is removed with its cluster.
    Cluster,
}

impl Database {
    /// A SQLite file in a folder of its own.
    pub async fn on_sqlite() -> Self {
        let (url, folder) = sqlite::copy_template().await;
        Self { url, _storage: Storage::File { _folder: folder } }
    }

    /// A database on the PostgreSQL server that the tests of this process share; `None` where there is no PostgreSQL.
    pub async fn on_postgres() -> Option<Self> {
        let (url, cleanup) = postgres::create_database().await?;
        let storage = cleanup.map_or(Storage::Cluster, |cleanup| Storage::Server { _cleanup: cleanup });
        Some(Self { url, _storage: storage })
    }
}
