//! Defines each setting once, with its flag, variable, default and help. `guildhall help` and docs/settings.md show
//! them. `api_settings.rs` has those of the API.
//!
//! In a doc comment, a paragraph that starts with "Default:" describes a default that clap does not know. The page
//! shows it in its own column. The help heading of a setting is its section of the page.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::Path,
    time::Duration,
};

use clap::Args;
use ipnet::IpNet;

use super::open_databases::OpenDatabases;
use crate::{
    auth::{self, Keys, Lifetimes, MIN_SECRET, load_or_create_secret, load_secret},
    db::{self, DatabaseUrl},
    discord::Bot,
    identity,
    kernel::{clock::Clock, public_url::PublicUrl},
    privacy::Retention,
};

/// Where the data is stored.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Database")]
pub struct DatabaseSettings {
    /// The database: `sqlite://FILE` (embedded, created if missing) or `postgres://USER:PASSWORD@HOST/NAME`.
    ///
    /// A PostgreSQL URL takes `sslmode` and `sslrootcert`, as libpq does. See docs/postgresql.md.
    ///
    /// Default: `sqlite://guildhall.db` (demo: `sqlite://guildhall-demo.db`)
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub database_url: Option<DatabaseUrl>,

    /// The same PostgreSQL without the connection pooler, if `DATABASE_URL` goes through one.
    ///
    /// A pooler in transaction mode requires it: servers notify each other over this connection, and migrations run
    /// over it.
    #[arg(long, env = "GUILDHALL_DIRECT_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub direct_url: Option<DatabaseUrl>,

    /// Maximum number of connections to PostgreSQL, or of readers of SQLite: 2 to 1,000.
    #[arg(long, env = "GUILDHALL_MAX_CONNECTIONS", value_name = "N", default_value_t = 12, global = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub max_connections: u32,

    /// The databases that the command has opened.
    #[arg(skip)]
    pub(super) opened: OpenDatabases,
}

impl DatabaseSettings {
    /// The URL of the database, or `default` if none is set.
    pub fn url_or(&self, default: &str) -> Result<DatabaseUrl, String> {
        let url = self.database_url.clone().map_or_else(|| default.parse(), Ok)?;
        match &self.direct_url {
            Some(direct) => url.with_direct(direct),
            None => Ok(url),
        }
    }
}

/// The secret that signs access tokens.
#[derive(Args, Clone)]
#[command(next_help_heading = "Accounts")]
pub struct SigningSettings {
    /// Secret that signs access tokens: at least 32 bytes, the same on all servers.
    ///
    /// Required on PostgreSQL, except by the demo. `openssl rand -base64 48` generates one.
    ///
    /// Default: on SQLite, generated once and stored in `FILE.key`, readable by its owner only
    #[arg(
        long,
        env = "GUILDHALL_JWT_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        allow_hyphen_values = true
    )]
    pub jwt_secret: Option<String>,
}

impl SigningSettings {
    /// The keys of the secret, or of the one stored next to the SQLite database, which is created if it is missing.
    ///
    /// # Errors
    /// A message that says what is missing, and what to do.
    pub fn keys(&self, database: &DatabaseUrl) -> Result<Keys, String> {
        self.keys_of(database, load_or_create_secret)
    }

    /// Checks the secret, without creating one.
    ///
    /// # Errors
    /// As for [`Self::keys`].
    pub fn check(&self, database: &DatabaseUrl) -> Result<(), String> {
        let load = |key: &Path| if key.exists() { load_secret(key) } else { Ok(vec![0; MIN_SECRET]) };
        self.keys_of(database, load).map(|_| ())
    }

    fn keys_of(&self, database: &DatabaseUrl, load: impl Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Keys, String> {
        match (&self.jwt_secret, database.file()) {
            (Some(secret), _) if secret.len() < MIN_SECRET => {
                Err(format!("GUILDHALL_JWT_SECRET must have at least {MIN_SECRET} bytes."))
            }
            (Some(secret), _) => Ok(Keys::new(secret.as_bytes())),
            (None, Some(file)) => {
                let key = db::file::with_suffix(&file, ".key");
                let secret = load(&key)
                    .map_err(|error| format!("cannot use the signing secret in {}: {error}", key.display()))?;
                Ok(Keys::new(&secret))
            }
            (None, None) => Err("GUILDHALL_JWT_SECRET is needed on PostgreSQL, the same on all servers. \
                Generate one with: openssl rand -base64 48"
                .to_owned()),
        }
    }
}

/// The address that the server listens on.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP server")]
pub struct ListenSettings {
    /// Address and port to listen on.
    #[arg(long, env = "GUILDHALL_BIND", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    #[arg(value_parser = address_and_port)]
    pub bind: SocketAddr,
}

/// How a server interprets requests.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP server")]
pub struct HttpSettings {
    /// Slug of the guild that serves requests which name no guild.
    ///
    /// The server does not start without this guild, unless the database has no guild yet.
    ///
    /// Default: the oldest guild
    #[arg(long, env = "GUILDHALL_DEFAULT_GUILD", value_name = "SLUG", value_parser = guild_slug)]
    pub default_guild: Option<String>,

    /// Address of the site, with which links in messages begin: an `https` origin, or `http` on loopback.
    ///
    /// For example `https://guild.example`. Without it, messages have no links to the site.
    #[arg(long, env = "GUILDHALL_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Networks of the reverse proxies in front of the server, such as `127.0.0.1/32,10.0.0.0/8`.
    ///
    /// The server trusts the `X-Forwarded-For` and `X-Forwarded-Host` headers of these proxies, and `Forwarded` if
    /// there is no `X-Forwarded-For`.
    #[arg(long, env = "GUILDHALL_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',')]
    #[arg(value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
}

/// Lifetimes of tokens and codes, and limits on attempts.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Accounts")]
pub struct AccountSettings {
    /// How long an access token stays valid.
    #[arg(long, env = "GUILDHALL_ACCESS_TTL", value_name = "TIME", default_value = "15m")]
    #[arg(value_parser = lifetime)]
    pub access_ttl: Duration,

    /// How long a refresh token stays valid.
    #[arg(long, env = "GUILDHALL_REFRESH_TTL", value_name = "TIME", default_value = "30d")]
    #[arg(value_parser = lifetime)]
    pub refresh_ttl: Duration,

    /// How long an invite code stays valid.
    #[arg(long, env = "GUILDHALL_INVITE_TTL", value_name = "TIME", default_value = "72h")]
    #[arg(value_parser = lifetime)]
    pub invite_ttl: Duration,

    /// How long a reset code stays valid.
    #[arg(long, env = "GUILDHALL_RESET_TTL", value_name = "TIME", default_value = "24h")]
    #[arg(value_parser = lifetime)]
    pub reset_ttl: Duration,

    /// Maximum number of failed attempts of one kind on an account from one address within `--account-window`, on all
    /// servers together.
    ///
    /// After that the server rejects such attempts on the account from this address, until the oldest failure is older
    /// than the window. The kinds are: signing in, registering, resetting the password and changing it.
    #[arg(long, env = "GUILDHALL_ACCOUNT_FAILURES", value_name = "N", default_value = "10")]
    pub account_failures: NonZeroU32,

    /// Maximum number of failed attempts of one kind on an account from all addresses within `--account-window`, on all
    /// servers together.
    ///
    /// After that the server rejects such attempts on the account from all addresses where its member did not sign in
    /// within the last 90 days.
    #[arg(long, env = "GUILDHALL_ACCOUNT_TOTAL_FAILURES", value_name = "N", default_value = "100")]
    pub account_total_failures: NonZeroU32,

    /// Time within which failed attempts on an account count.
    #[arg(long, env = "GUILDHALL_ACCOUNT_WINDOW", value_name = "TIME", default_value = "15m")]
    #[arg(value_parser = lifetime)]
    pub account_window: Duration,

    /// Maximum number of attempts to sign in, register, refresh a session, reset or change a password per minute from
    /// one address.
    ///
    /// Successful attempts count too. Each server counts its own. For IPv6, an address is a /64 network.
    #[arg(long, env = "GUILDHALL_ADDRESS_ATTEMPTS", value_name = "N", default_value = "100")]
    pub address_attempts: NonZeroU32,
}

impl AccountSettings {
    /// How long tokens and codes stay valid.
    pub const fn lifetimes(&self) -> Lifetimes {
        Lifetimes { access: self.access_ttl, refresh: self.refresh_ttl, invite: self.invite_ttl, reset: self.reset_ttl }
    }

    /// How often clients may attempt to sign in.
    pub const fn login_limits(&self) -> auth::LoginLimits {
        auth::LoginLimits {
            per_address: self.address_attempts,
            per_pair: self.account_failures,
            per_account: self.account_total_failures,
            window: self.account_window,
        }
    }
}

/// How long personal data is kept.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Privacy")]
pub struct RetentionSettings {
    /// How long a session is kept after it has ended, with the name of its browser.
    #[arg(long, env = "GUILDHALL_SESSION_RETENTION", value_name = "TIME", default_value = "30d")]
    #[arg(value_parser = lifetime)]
    pub session_retention: Duration,

    /// How long an event of the audit log is kept.
    ///
    /// Default: as long as the guild
    #[arg(long, env = "GUILDHALL_AUDIT_RETENTION", value_name = "TIME", value_parser = lifetime)]
    pub audit_retention: Option<Duration>,
}

impl RetentionSettings {
    /// How long personal data is kept.
    pub const fn retention(&self) -> Retention {
        Retention { sessions: self.session_retention, audit: self.audit_retention }
    }
}

/// The Discord bot.
#[derive(Args, Clone)]
#[command(next_help_heading = "Discord")]
pub struct DiscordSettings {
    /// Token of the Discord bot, the same on all servers. Without a token there is no bot.
    ///
    /// See docs/discord.md.
    #[arg(long, env = "GUILDHALL_DISCORD_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub discord_token: Option<String>,

    /// Base URL of Discord's API: the part before `/api/v10`.
    ///
    /// Set it to use a proxy of the API, or a test server such as `http://127.0.0.1:9000`.
    #[arg(long, env = "GUILDHALL_DISCORD_API", value_name = "URL", default_value = "https://discord.com")]
    pub discord_api: String,
}

impl DiscordSettings {
    /// The bot, if a token is set.
    ///
    /// # Errors
    /// A message if the token or the URL is not valid.
    pub fn bot(&self, clock: &Clock) -> Result<Option<Bot>, String> {
        let Some(token) = self.discord_token.as_deref().map(str::trim).filter(|token| !token.is_empty()) else {
            return Ok(None);
        };
        if !self.discord_api.starts_with("http://") && !self.discord_api.starts_with("https://") {
            return Err("GUILDHALL_DISCORD_API must be an http or https URL.".to_owned());
        }
        Bot::new(token, &self.discord_api, clock).map(Some)
    }
}

/// Parses an address and a port such as `127.0.0.1:8080`.
fn address_and_port(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080")
}

/// Checks the slug of a guild. An empty one, as in `.env` files, is none.
fn guild_slug(text: &str) -> Result<String, String> {
    if !text.is_empty() {
        identity::check_slug(text).map_err(|refusal| refusal.to_string())?;
    }
    Ok(text.to_owned())
}

/// Parses a network such as `10.0.0.0/8`, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse().or_else(|_| text.parse().map(IpAddr::into)).map_err(|_| "expected ADDRESS or ADDRESS/BITS".to_owned())
}

/// Parses a time such as `15m`, `72h` or `30d`, from one second to ten years.
///
/// # Errors
/// A message if the text is not such a time.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    const TEN_YEARS: Duration = Duration::from_hours(87600);
    // It stands for months, and is easily written for minutes.
    if text.contains('M') {
        return Err("expected m for minutes, h for hours or d for days".to_owned());
    }
    let lifetime = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if lifetime < Duration::from_secs(1) || lifetime > TEN_YEARS {
        return Err("expected a time from one second to ten years".to_owned());
    }
    Ok(lifetime)
}
