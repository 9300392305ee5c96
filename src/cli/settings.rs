//! Settings: each once, with its flag, variable, default and meaning. `guildhall help` prints them.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use ipnet::IpNet;

use crate::{
    api,
    auth::{self, Keys, Lifetimes, MIN_SECRET, load_or_create_secret},
    db::{self, DatabaseUrl},
    discord::Bot,
    engine::Limits,
    http::CorsOrigin,
    http::RequestRates,
    kernel::clock::Clock,
};

/// Where the data is.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// <sqlite://FILE> (embedded, made when missing) or <postgres://USER:PASSWORD@HOST/NAME>.
    ///
    /// Default: <sqlite://guildhall.db>, and <sqlite://guildhall-demo.db> for the demo.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub database_url: Option<DatabaseUrl>,

    /// The same PostgreSQL without the pooler, where `DATABASE_URL` goes through one (in transaction mode): servers hear each
    /// other over it, and migrations are run over it.
    #[arg(long, env = "GUILDHALL_DIRECT_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub direct_url: Option<DatabaseUrl>,

    /// Most connections to PostgreSQL, or most readers of SQLite.
    #[arg(long, env = "GUILDHALL_MAX_CONNECTIONS", value_name = "N", default_value_t = 12, global = true)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pub max_connections: u32,
}

impl DatabaseSettings {
    /// The database's URL, or this one unless given.
    pub fn url_or(&self, default: &str) -> Result<DatabaseUrl, String> {
        let url = self.database_url.clone().map_or_else(|| default.parse(), Ok)?;
        match &self.direct_url {
            Some(direct) => url.with_direct(direct),
            None => Ok(url),
        }
    }
}

/// What signs access tokens.
#[derive(Args, Clone)]
pub struct Signing {
    /// Signs access tokens: 32 bytes or more, the same on all servers. Needed on PostgreSQL; beside an embedded database
    /// one is made and kept in FILE.key.
    #[arg(long, env = "GUILDHALL_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<String>,
}

impl Signing {
    /// The keys; those kept beside the embedded database unless a secret is given.
    ///
    /// # Errors
    /// A sentence that says what is missing, and how to mend it.
    pub fn keys(&self, database: &DatabaseUrl) -> Result<Keys, String> {
        match (&self.jwt_secret, database.file()) {
            (Some(secret), _) if secret.len() < MIN_SECRET => {
                Err(format!("GUILDHALL_JWT_SECRET must have at least {MIN_SECRET} bytes."))
            }
            (Some(secret), _) => Ok(Keys::new(secret.as_bytes())),
            (None, Some(file)) => {
                let key = db::file::with_suffix(&file, ".key");
                let secret = load_or_create_secret(&key)
                    .map_err(|error| format!("The signing secret could not be kept in {}: {error}", key.display()))?;
                Ok(Keys::new(&secret))
            }
            (None, None) => Err("GUILDHALL_JWT_SECRET is needed on PostgreSQL, the same on all servers. \
                Make one with: openssl rand -base64 48"
                .to_owned()),
        }
    }
}

/// How the server listens.
#[derive(Args, Clone, Debug)]
pub struct Listen {
    /// The address to listen on.
    #[arg(long, env = "GUILDHALL_BIND", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub bind: SocketAddr,
}

/// What one request may ask for: the limits of a public API.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits of a request")]
pub struct RequestLimits {
    /// Most bytes of a request's body, and of a WebSocket message an eighth of it.
    #[arg(long, env = "GUILDHALL_MAX_BODY", value_name = "BYTES", default_value_t = Limits::DEFAULT.max_body)]
    pub max_body: usize,

    /// Most tokens of a document.
    #[arg(long, env = "GUILDHALL_MAX_TOKENS", value_name = "N", default_value_t = Limits::DEFAULT.max_tokens)]
    pub max_tokens: u64,

    /// Deepest nesting of fields. An introspection by the usual tools reaches 15.
    #[arg(long, env = "GUILDHALL_MAX_DEPTH", value_name = "N", default_value_t = Limits::DEFAULT.max_depth)]
    pub max_depth: u64,

    /// Most fields that may have to be answered, by an estimate: each field times the sizes of the lists it stands in.
    #[arg(long, env = "GUILDHALL_MAX_COMPLEXITY", value_name = "N", default_value_t = Limits::DEFAULT.max_complexity)]
    pub max_complexity: u64,

    /// Most fields at an operation's root, of a mutation a fifth of it.
    #[arg(long, env = "GUILDHALL_MAX_ROOT_FIELDS", value_name = "N", default_value_t = Limits::DEFAULT.max_root_fields)]
    pub max_root_fields: u64,

    /// Most aliases of an operation, its fragments put in.
    #[arg(long, env = "GUILDHALL_MAX_ALIASES", value_name = "N", default_value_t = Limits::DEFAULT.max_aliases)]
    pub max_aliases: u64,

    /// Most directives of an operation, its fragments put in.
    #[arg(long, env = "GUILDHALL_MAX_DIRECTIVES", value_name = "N", default_value_t = Limits::DEFAULT.max_directives)]
    pub max_directives: u64,

    /// How long a query or a mutation may take.
    #[arg(long, env = "GUILDHALL_REQUEST_TIME", value_name = "TIME", default_value = "30s")]
    #[arg(value_parser = lifetime)]
    pub request_time: Duration,
}

impl RequestLimits {
    /// The limits as the engine takes them.
    pub const fn limits(&self) -> Limits {
        let Self {
            max_body,
            max_tokens,
            max_depth,
            max_complexity,
            max_root_fields,
            max_aliases,
            max_directives,
            request_time,
        } = *self;
        Limits {
            max_body,
            max_tokens,
            max_depth,
            max_complexity,
            max_root_fields,
            max_aliases,
            max_directives,
            request_timeout: request_time,
        }
    }
}

/// Which documents are run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Documents")]
pub struct DocumentSettings {
    /// Whether the schema may be asked for (`__schema`, `__type`). The console needs it.
    #[arg(long, env = "GUILDHALL_INTROSPECTION", value_name = "on|off", default_value = "on")]
    pub introspection: Switch,

    /// Whether refusals of unknown fields suggest known ones, which tells those who may not introspect.
    #[arg(long, env = "GUILDHALL_SUGGESTIONS", value_name = "on|off", default_value = "off")]
    pub suggestions: Switch,

    /// Run only the documents of this manifest: JSON of `{"ID": "DOCUMENT", …}`, as GraphQL Code Generator and Relay write it,
    /// or Apollo's persisted query manifest.
    #[arg(long, env = "GUILDHALL_TRUSTED_DOCUMENTS", value_name = "FILE")]
    pub trusted_documents: Option<PathBuf>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

impl Switch {
    /// Whether it is on.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// Who may call the server from a page.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Browsers")]
pub struct Browsers {
    /// Origins of other servers' pages that may call /graphql, by HTTP and by WebSocket, such as
    /// <https://guild.example>,<http://localhost:5173>; or * for all. Only its own unless given.
    #[arg(long, env = "GUILDHALL_CORS_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<CorsOrigin>,
}

/// What a public API allows.
#[derive(Args, Clone, Debug)]
pub struct PublicApi {
    /// What one request may ask for.
    #[command(flatten)]
    pub limits: RequestLimits,
    /// Which documents are run.
    #[command(flatten)]
    pub documents: DocumentSettings,
    /// How many requests are taken.
    #[command(flatten)]
    pub budgets: RequestBudgets,
    /// Who may call it from a page.
    #[command(flatten)]
    pub browsers: Browsers,
}

impl PublicApi {
    /// How the schema is served.
    ///
    /// # Errors
    /// A sentence that says why the manifest cannot be read.
    pub fn settings(&self) -> Result<api::Settings, String> {
        let read = |file: &PathBuf| {
            std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
        };
        let DocumentSettings { introspection, suggestions, trusted_documents } = &self.documents;
        Ok(api::Settings {
            limits: self.limits.limits(),
            introspection: introspection.is_on(),
            suggestions: suggestions.is_on(),
            manifest: trusted_documents.as_ref().map(read).transpose()?,
            clock: Clock::system(),
        })
    }
}

/// How many requests are taken.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Budgets")]
pub struct RequestBudgets {
    /// Most operations and connections of one address (of IPv6, one /64 network) a minute, at each server. Unbounded unless
    /// given.
    #[arg(long, env = "GUILDHALL_ADDRESS_REQUESTS", value_name = "N")]
    pub address_requests: Option<NonZeroU32>,

    /// Most operations of one member a minute, at each server. Unbounded unless given.
    #[arg(long, env = "GUILDHALL_MEMBER_REQUESTS", value_name = "N")]
    pub member_requests: Option<NonZeroU32>,
}

impl RequestBudgets {
    /// The limits, for the HTTP server.
    pub const fn rates(&self) -> RequestRates {
        RequestRates { per_address: self.address_requests, per_member: self.member_requests }
    }
}

/// How the server serves.
#[derive(Args, Clone, Debug)]
pub struct Serving {
    /// The slug of the guild that serves requests which name none; the oldest guild unless given.
    #[arg(long, env = "GUILDHALL_DEFAULT_GUILD", value_name = "SLUG")]
    pub default_guild: Option<String>,

    /// How long an access token is good for.
    #[arg(long, env = "GUILDHALL_ACCESS_TTL", value_name = "TIME", default_value = "15m")]
    #[arg(value_parser = lifetime)]
    pub access_ttl: Duration,

    /// How long a refresh token is good for.
    #[arg(long, env = "GUILDHALL_REFRESH_TTL", value_name = "TIME", default_value = "30d")]
    #[arg(value_parser = lifetime)]
    pub refresh_ttl: Duration,

    /// How long an invite code is good for.
    #[arg(long, env = "GUILDHALL_INVITE_TTL", value_name = "TIME", default_value = "72h")]
    #[arg(value_parser = lifetime)]
    pub invite_ttl: Duration,

    /// How long a reset code is good for.
    #[arg(long, env = "GUILDHALL_RESET_TTL", value_name = "TIME", default_value = "24h")]
    #[arg(value_parser = lifetime)]
    pub reset_ttl: Duration,

    /// Most failed attempts of one kind on an account within the window: to sign in, to register, to renew a session, to
    /// reset the password, to change it.
    #[arg(long, env = "GUILDHALL_ACCOUNT_FAILURES", value_name = "N", default_value = "10")]
    pub account_failures: NonZeroU32,

    /// The window within which failed attempts on an account count.
    #[arg(long, env = "GUILDHALL_ACCOUNT_WINDOW", value_name = "TIME", default_value = "15m")]
    #[arg(value_parser = lifetime)]
    pub account_window: Duration,

    /// Most attempts to sign in, register, renew a session, reset or change a password from one address a minute, at each
    /// server.
    #[arg(long, env = "GUILDHALL_ADDRESS_ATTEMPTS", value_name = "N", default_value = "100")]
    pub address_attempts: NonZeroU32,

    /// Networks of the reverse proxies in front, such as 127.0.0.1/32,10.0.0.0/8: their X-Forwarded-For and X-Forwarded-Host are
    /// believed.
    #[arg(long, env = "GUILDHALL_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',')]
    #[arg(value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
}

impl Serving {
    /// How long tokens and codes are good for.
    pub const fn lifetimes(&self) -> Lifetimes {
        Lifetimes { access: self.access_ttl, refresh: self.refresh_ttl, invite: self.invite_ttl, reset: self.reset_ttl }
    }

    /// How often someone may try to sign in.
    pub const fn attempts(&self) -> auth::LoginLimits {
        auth::LoginLimits {
            per_address: self.address_attempts,
            per_account: self.account_failures,
            window: self.account_window,
        }
    }
}

/// The Discord bot.
#[derive(Args, Clone)]
#[command(next_help_heading = "Discord")]
pub struct DiscordSettings {
    /// The token of the Discord bot, the same on all servers. There is no bot unless given.
    #[arg(long, env = "GUILDHALL_DISCORD_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub discord_token: Option<String>,

    /// Where Discord's API is: what stands before /api/v10. To be set for a proxy of it, or a stand-in.
    #[arg(long, env = "GUILDHALL_DISCORD_API", value_name = "URL", default_value = "https://discord.com")]
    pub discord_api: String,
}

impl DiscordSettings {
    /// The bot, if there is to be one.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
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

/// A network such as `10.0.0.0/8`, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse().or_else(|_| text.parse().map(IpAddr::into)).map_err(|_| "expected ADDRESS or ADDRESS/BITS".to_owned())
}

/// A lifetime such as `15m`, `72h` or `30d`: from a second to ten years.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn lifetime(text: &str) -> Result<Duration, String> {
    const TEN_YEARS: Duration = Duration::from_hours(87600);
    let lifetime = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if lifetime < Duration::from_secs(1) || lifetime > TEN_YEARS {
        return Err("a lifetime is from a second to ten years".to_owned());
    }
    Ok(lifetime)
}
