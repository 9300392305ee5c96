//! Database URLs.

use std::{fmt, path::PathBuf, str::FromStr};

use super::postgres_url::PostgresUrl;

/// `sqlite://guildhall.db` (a path, relative or absolute) or `postgres://user:password@host/database`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A PostgreSQL server.
    Postgres {
        /// The URL for the pool.
        url: PostgresUrl,
        /// The URL that bypasses the pooler, if there is one: `LISTEN` and the migrations' session lock need a direct
        /// connection.
        direct: Option<PostgresUrl>,
    },
    /// The file's path.
    Sqlite(String),
}

impl DatabaseUrl {
    /// Returns the path of the SQLite file, or `None` for PostgreSQL.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Postgres { .. } => None,
            Self::Sqlite(path) => Some(PathBuf::from(path)),
        }
    }

    /// Sets the URL that bypasses the pooler.
    ///
    /// # Errors
    /// A message if one of the URLs is not a PostgreSQL URL.
    pub fn with_direct(self, direct: &Self) -> Result<Self, String> {
        match (self, direct) {
            (Self::Postgres { url, .. }, Self::Postgres { url: direct, .. }) => {
                Ok(Self::Postgres { url, direct: Some(direct.clone()) })
            }
            _ => Err("a direct URL is for PostgreSQL behind a pooler".to_owned()),
        }
    }

    /// Returns the URL with its password, for another process of Guildhall.
    pub fn reveal(&self) -> String {
        match self {
            Self::Postgres { url, .. } => url.reveal().to_owned(),
            Self::Sqlite(path) => format!("sqlite://{path}"),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        // A secret that is read from a file often ends with a line break.
        let trimmed = url.trim();
        if trimmed.starts_with("postgres://") || trimmed.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: trimmed.parse()?, direct: None });
        }
        match url.strip_prefix("sqlite://") {
            Some(path) => check_sqlite_path(path).map(|()| Self::Sqlite(path.to_owned())),
            None => Err("the database is sqlite://FILE or postgres://…".to_owned()),
        }
    }
}

/// Rejects what is not the path of a file as it is written.
fn check_sqlite_path(path: &str) -> Result<(), String> {
    let is_encoded =
        |at: usize| path.as_bytes().get(at + 1..at + 3).is_some_and(|it| it.iter().all(u8::is_ascii_hexdigit));
    let problem = if path.is_empty() || path.starts_with(":memory:") || path.ends_with(['/', '.']) {
        "SQLite needs a file"
    } else if path.contains('?') {
        "a SQLite URL has no parameters"
    } else if path.match_indices('%').any(|(at, _)| is_encoded(at)) {
        "the path of a SQLite URL is not percent-encoded"
    } else if path.starts_with("file:") || path.contains("://") || path.trim() != path {
        "the path of a SQLite URL is the name of a file"
    } else {
        return Ok(());
    };
    Err(format!("{problem}: write it like sqlite://guildhall.db or sqlite:///var/lib/guildhall/guildhall.db"))
}

/// The URL without its password, for logs and messages.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres { url, .. } => url.fmt(f),
            Self::Sqlite(path) => write!(f, "sqlite://{path}"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
