//! URLs of PostgreSQL servers, and connections to them.

use std::{error::Error as _, fmt, net::IpAddr, str::FromStr, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use super::tls::{TlsConnector, TlsSettings};

/// Longest time to connect to PostgreSQL outside a pool. A URL can name several hosts, of which the first may be down.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Settings that the server relies on, whatever the defaults of the database and the user are: statements have time;
/// each sees the commits before it; an acknowledged commit is on disk; locks are waited for; idle connections stay open.
/// The query skips settings that an older PostgreSQL doesn't have.
const SESSION_SETTINGS: &str = "SET statement_timeout = '30s'; SELECT set_config(name, needed.setting, false)
    FROM pg_settings JOIN (VALUES ('default_transaction_isolation', 'read committed'), ('synchronous_commit', 'on'),
        ('lock_timeout', '0'), ('idle_session_timeout', '0'), ('transaction_timeout', '0')) AS needed (name, setting)
    USING (name) WHERE name <> 'synchronous_commit' OR pg_settings.setting = 'off'";
/// The databases that every PostgreSQL cluster has.
const MAINTENANCE_DATABASES: [&str; 3] = ["postgres", "template0", "template1"];
/// PostgreSQL's port if the URL names none.
const DEFAULT_PORT: u16 = 5432;

/// The URL of a PostgreSQL server. Displayed without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    text: String,
    config: Box<Config>,
    tls: TlsSettings,
}

/// A new connection.
pub(super) struct NewConnection {
    pub(super) conn: AsyncPgConnection,
    pub(super) is_encrypted: bool,
}

/// Why a connection failed.
struct ConnectFailure {
    message: String,
    /// Whether the server may accept a connection with another encryption.
    may_retry: bool,
}

impl PostgresUrl {
    /// Returns the URL with its password, for another process of Guildhall.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Returns the first host on another machine.
    pub fn remote_host(&self) -> Option<String> {
        let is_remote = |host: &&Host| match host {
            Host::Tcp(name) if name == "localhost" => false,
            Host::Tcp(name) => name.parse::<IpAddr>().map_or(true, |address| !address.is_loopback()),
            Host::Unix(_) => false,
        };
        self.config.get_hosts().iter().find(is_remote).map(host)
    }

    /// Whether the server's certificate is verified when the connection is encrypted.
    pub fn verifies_server(&self) -> bool {
        self.tls.verifies_server()
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses the connection.
    pub(super) async fn connect(&self) -> ConnectionResult<NewConnection> {
        let is_local = self.config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        // As in libpq, there is no TLS on Unix sockets.
        let (first, second) = if is_local { (SslMode::Disable, None) } else { self.tls.attempts() };
        let connector = || self.tls.connector(!is_local).map_err(ConnectionError::BadConnection);
        let mut connected = self.connect_once(first, &connector()?).await;
        if let (Err(failure), Some(second)) = (&mut connected, second)
            && failure.may_retry
        {
            let first_message = std::mem::take(&mut failure.message);
            connected = self.connect_once(second, &connector()?).await.map_err(|second| ConnectFailure {
                message: if second.message == first_message {
                    first_message
                } else {
                    format!("{first_message}; then, with another encryption: {}", second.message)
                },
                may_retry: false,
            });
        }
        let mut connected = connected.map_err(|failure| ConnectionError::BadConnection(failure.message))?;
        let settings = connected.conn.batch_execute(SESSION_SETTINGS).await;
        settings.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connected)
    }

    async fn connect_once(
        &self,
        encryption: SslMode,
        connector: &TlsConnector,
    ) -> Result<NewConnection, ConnectFailure> {
        let mut config = self.config.clone();
        config.ssl_mode(encryption);
        let (client, connection) = config.connect(connector.clone()).await.map_err(|error| {
            let refusal = error.as_db_error().map(|refusal| refusal.message().to_owned());
            ConnectFailure {
                may_retry: connector.was_used() || refusal.is_some() && encryption == SslMode::Disable,
                message: refusal.unwrap_or_else(|| match error.source() {
                    Some(source) => format!("{error}: {source}"),
                    None => error.to_string(),
                }),
            }
        })?;
        let conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        let conn = conn.map_err(|error| ConnectFailure { message: error.to_string(), may_retry: false })?;
        Ok(NewConnection { conn, is_encrypted: connector.was_used() })
    }

    /// Opens a connection within [`CONNECT_TIMEOUT`].
    ///
    /// # Errors
    /// If the server cannot be reached, refuses the connection or does not respond.
    pub(super) async fn connect_with_timeout(&self) -> ConnectionResult<NewConnection> {
        let timed_out = |_| Err(ConnectionError::BadConnection("the server does not respond".to_owned()));
        tokio::time::timeout(CONNECT_TIMEOUT, self.connect()).await.unwrap_or_else(timed_out)
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (url_without_tls, mode, roots) = split_tls_parameters(&encode_query(url));
        let tls = TlsSettings::new(mode.as_deref(), roots.as_deref())
            .map_err(|problem| format!("the PostgreSQL URL is not valid: {problem}"))?;
        let config = url_without_tls.parse::<Config>().map_err(|error| match error.source() {
            // With a second @, the first is probably part of the password, and the reason could quote the rest of it.
            Some(reason) if url.matches('@').count() < 2 => format!("the PostgreSQL URL is not valid: {reason}"),
            _ => "the PostgreSQL URL is not valid: write special characters of the password as %40 for @".to_owned(),
        })?;
        match config.get_dbname() {
            None | Some("") => {
                Err("the PostgreSQL URL names no database: postgres://USER:PASSWORD@HOST/NAME".to_owned())
            }
            Some(name) if MAINTENANCE_DATABASES.contains(&name) => Err(format!(
                "{name} is a database for PostgreSQL's own maintenance: create another (createdb guildhall)"
            )),
            Some(_) => Ok(Self { text: url.to_owned(), config: Box::new(with_defaults(config)), tls }),
        }
    }
}

/// Percent-encodes each `@` in the query of a URL without credentials. tokio-postgres would take what is before it for
/// credentials.
fn encode_query(url: &str) -> String {
    let encoded = || {
        let (path, query) = url.split_once('?')?;
        let (host, _) = path.split_once("://")?.1.split_once('/')?;
        let has_port = |port: &str| port.bytes().all(|digit| digit.is_ascii_digit());
        let is_host = !path.contains('@') && host.rsplit_once(':').is_none_or(|(_, port)| has_port(port));
        is_host.then(|| format!("{path}?{}", query.replace('@', "%40")))
    };
    encoded().unwrap_or_else(|| url.to_owned())
}

/// Takes `sslmode` and `sslrootcert` out of a URL, because tokio-postgres doesn't know all values. Returns the rest of the
/// URL and both values. Other parameters of libpq get tokio-postgres' name, or are left out if they change nothing.
fn split_tls_parameters(url: &str) -> (String, Option<String>, Option<String>) {
    // As for tokio-postgres, the credentials end at the first `@`, so a `?` before it is part of the password.
    let start = url.find('@').unwrap_or_default();
    let Some((path, query)) = url.split_at_checked(start).and_then(|(credentials, rest)| {
        let (path, query) = rest.split_once('?')?;
        Some((format!("{credentials}{path}"), query))
    }) else {
        return (url.to_owned(), None, None);
    };
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for parameter in query.split('&') {
        let decoded = |value: &str| Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
        match parameter.split_once('=') {
            Some(("sslmode", value)) => mode = decoded(value),
            // As JDBC has it.
            Some(("ssl", "true")) => mode = mode.or_else(|| Some("require".to_owned())),
            Some(("sslrootcert", value)) => roots = decoded(value),
            // What is not read-only is a primary.
            Some(("target_session_attrs", "primary")) => others.push("target_session_attrs=read-write".to_owned()),
            Some(("keepalives_count", value)) => others.push(format!("keepalives_retries={value}")),
            Some(("gssencmode", "disable" | "prefer")) => {}
            None if parameter.is_empty() => {}
            _ => others.push(parameter.to_owned()),
        }
    }
    let path = if others.iter().any(|it| it.starts_with("host=")) { without_host(&path, &mut others) } else { path };
    let others = others.join("&");
    (if others.is_empty() { path } else { format!("{path}?{others}") }, mode, roots)
}

/// Takes the host out of a URL without its parameters, because as in libpq the parameter `host` replaces it. The port
/// becomes a parameter.
fn without_host(url: &str, parameters: &mut Vec<String>) -> String {
    let start = url.find('@').map(|at| at + 1).or_else(|| url.find("://").map(|at| at + 3)).unwrap_or_default();
    let (before, rest) = url.split_at_checked(start).unwrap_or((url, ""));
    let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let is_port = !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit());
    if is_port && !parameters.iter().any(|it| it.starts_with("port=")) {
        parameters.push(format!("port={port}"));
    }
    format!("{before}{path}")
}

/// Names the hosts of a URL that has only their addresses, for TLS. Sets timeouts that the URL does not set, to detect a
/// server that disappeared without closing the connection. A timeout of 0 or keepalives after 7,200 seconds in the URL
/// count as not set, because these are the defaults.
fn with_defaults(mut config: Config) -> Config {
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
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

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
