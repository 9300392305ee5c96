//! Which database, from its URL.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnection, AsyncPgConnection};

/// How long PostgreSQL may take to let someone in: where a URL names several hosts, the first may be gone.
const REACHED_WITHIN: Duration = Duration::from_secs(10);

/// `sqlite://guildhall.db` (a path, relative or absolute) or `postgres://user:password@host/database`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A PostgreSQL.
    Postgres {
        /// The whole URL, as PostgreSQL's clients take it.
        url: String,
        /// The same database without the pooler in between, where there is one: to listen, which needs a connection to
        /// itself, and to migrate, which locks for a session.
        direct: Option<String>,
    },
    /// The file's path.
    Sqlite(String),
}

impl DatabaseUrl {
    /// The file of the embedded database, or `None` on PostgreSQL.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Postgres { .. } => None,
            Self::Sqlite(path) => Some(PathBuf::from(path)),
        }
    }

    /// The same database, with a way around the pooler.
    ///
    /// # Errors
    /// A sentence that says why that cannot be.
    pub fn with_direct(self, direct: &Self) -> Result<Self, String> {
        match (self, direct) {
            (Self::Postgres { url, .. }, Self::Postgres { url: direct, .. }) => {
                Ok(Self::Postgres { url, direct: Some(direct.clone()) })
            }
            _ => Err("a direct URL is for PostgreSQL behind a pooler".to_owned()),
        }
    }

    /// The URL with its password, for another process of ours.
    pub fn reveal(&self) -> String {
        match self {
            Self::Postgres { url, .. } => url.clone(),
            Self::Sqlite(path) => format!("sqlite://{path}"),
        }
    }
}

/// A PostgreSQL URL, with bounds on how long a server that is gone without a word is waited for, unless it has its own.
pub(super) fn bounded(url: &str) -> String {
    const BOUNDS: [(&str, u32); 5] = [
        ("connect_timeout", 5),
        ("tcp_user_timeout", 30),
        ("keepalives_idle", 15),
        ("keepalives_interval", 5),
        ("keepalives_retries", 3),
    ];
    let (mut bounded, mut joint) = (url.to_owned(), if url.contains('?') { '&' } else { '?' });
    for (name, seconds) in BOUNDS.iter().filter(|(name, _)| !url.contains(&format!("{name}="))) {
        bounded.extend([format!("{joint}{name}={seconds}")]);
        joint = '&';
    }
    bounded
}

/// A connection to PostgreSQL of its own, outside any pool.
///
/// # Errors
/// When there is no such database, or no way to it, or no answer.
pub(super) async fn reach(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let late = |_| Err(ConnectionError::BadConnection("there is no answer".to_owned()));
    tokio::time::timeout(REACHED_WITHIN, AsyncPgConnection::establish(&bounded(url))).await.unwrap_or_else(late)
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: url.to_owned(), direct: None });
        }
        match url.strip_prefix("sqlite://") {
            Some("" | ":memory:") => Err("an embedded database needs a file: sqlite://guildhall.db".to_owned()),
            Some(path) => Ok(Self::Sqlite(path.to_owned())),
            None => Err("the database is sqlite://FILE or postgres://…".to_owned()),
        }
    }
}

/// Without the password: it is for logs and messages.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It may stand among the parameters too.
            Self::Postgres { url, .. } if url.contains("password") => f.write_str("postgres://…"),
            Self::Postgres { url, .. } => match (url.split_once("://"), url.rsplit_once('@')) {
                (Some((scheme, _)), Some((_, host))) => write!(f, "{scheme}://{host}"),
                _ => f.write_str(url),
            },
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
