//! Database URLs, and connections to PostgreSQL.

use std::{error::Error as _, fmt, path::PathBuf, str::FromStr, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio_postgres::{Config, NoTls, config::Host};

/// Longest time to connect to PostgreSQL outside a pool. A URL can name several hosts, of which the first may be down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// PostgreSQL's port if the URL names none.
const DEFAULT_PORT: u16 = 5432;

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

/// The URL of a PostgreSQL server. Displayed without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    text: String,
    config: Box<Config>,
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

impl PostgresUrl {
    /// Returns the URL with its password, for another process of Guildhall.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses the connection.
    pub(super) async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let failed = |error: tokio_postgres::Error| {
            let refusal = error.as_db_error().map(|refusal| refusal.message().to_owned());
            ConnectionError::BadConnection(refusal.unwrap_or_else(|| error.to_string()))
        };
        let (client, connection) = self.config.connect(NoTls).await.map_err(failed)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }

    /// Opens a connection within [`CONNECT_TIMEOUT`].
    ///
    /// # Errors
    /// If the server cannot be reached, refuses the connection or does not respond.
    pub(super) async fn connect_with_timeout(&self) -> ConnectionResult<AsyncPgConnection> {
        let timed_out = |_| Err(ConnectionError::BadConnection("the server does not respond".to_owned()));
        tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await.unwrap_or_else(timed_out)
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let config = url.parse::<Config>().map_err(|error| match error.source() {
            // With a second @, the first is probably part of the password, and the reason could quote the rest of it.
            Some(reason) if url.matches('@').count() < 2 => format!("the PostgreSQL URL is not valid: {reason}"),
            _ => "the PostgreSQL URL is not valid: write special characters of the password as %40 for @".to_owned(),
        })?;
        Ok(Self { text: url.to_owned(), config: Box::new(with_timeouts(config)) })
    }
}

/// Sets timeouts that the URL does not set, to detect a server that disappeared without closing the connection. A
/// timeout of 0 or keepalives after 7,200 seconds in the URL count as not set, because these are the defaults.
fn with_timeouts(mut config: Config) -> Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(30));
    }
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(Duration::from_secs(15));
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(Duration::from_secs(5));
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(3);
    }
    config
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres { url: url.parse()?, direct: None });
        }
        match url.strip_prefix("sqlite://") {
            Some("" | ":memory:") => Err("SQLite needs a file, such as sqlite://guildhall.db".to_owned()),
            Some(path) => Ok(Self::Sqlite(path.to_owned())),
            None => Err("the database is sqlite://FILE or postgres://…".to_owned()),
        }
    }
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

/// Only the hosts and the database. If the password contains an `@` that is not percent-encoded, parts of it were
/// parsed as another component. So a component is not shown if it could contain a part of the password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, password) = (self.config.get_user(), self.config.get_password());
        let database = self.config.get_dbname();
        // The parser ends the credentials at the first `@`, even if it is in the query.
        let is_misread = user.is_some_and(|user| user.contains(['?', '@']))
            || password.is_some_and(|password| password.contains(&b'?'))
            || database.is_some_and(|database| database.contains('@'));
        if is_misread {
            return f.write_str("postgres://…");
        }
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first().filter(|_| ports.len() == 1));
        let addresses = hosts.into_iter().enumerate().map(|(index, host)| match port(index) {
            Some(port) if *port != DEFAULT_PORT => format!("{host}:{port}"),
            _ => host,
        });
        let addresses = addresses.collect::<Vec<_>>().join(",");
        let addresses = addresses.rsplit_once('@').map_or(&*addresses, |(_, rest)| rest);
        write!(f, "postgres://{addresses}/{}", database.unwrap_or_default())
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) if name.contains(':') => format!("[{name}]"),
        Host::Tcp(name) => name.clone(),
        Host::Unix(directory) => utf8_percent_encode(&directory.to_string_lossy(), NON_ALPHANUMERIC).to_string(),
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
