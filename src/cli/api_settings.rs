//! The settings of the API, in the form of [`super::settings`]: which pages may call it, which documents it runs, and
//! the limits of requests.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::{Args, builder::RangedU64ValueParser};

use super::settings::lifetime;
use crate::{
    api,
    engine::Limits,
    http::{CorsOrigin, RequestRates},
    kernel::clock::Clock,
};

/// Which pages may call the API.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP server")]
pub struct CorsSettings {
    /// Origins of other sites whose pages may call `/graphql` by HTTP and by WebSocket, or `*` for all.
    ///
    /// For example `https://guild.example,http://localhost:5173,capacitor://localhost`. See docs/protocols.md#browsers.
    ///
    /// Default: only the server's own origin
    #[arg(long, env = "GUILDHALL_CORS_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<CorsOrigin>,
}

/// Limits of one request.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits of a request")]
pub struct RequestLimits {
    /// Maximum size of a request's body, in bytes. A WebSocket message may have an eighth of it.
    #[arg(long, env = "GUILDHALL_MAX_BODY", value_name = "BYTES", default_value_t = Limits::DEFAULT.max_body)]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub max_body: usize,

    /// Maximum number of tokens of a document. Its text may have 32 times as many bytes.
    #[arg(long, env = "GUILDHALL_MAX_TOKENS", value_name = "N", default_value_t = Limits::DEFAULT.max_tokens)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub max_tokens: u64,

    /// Deepest nesting of fields. The introspection query of the usual tools has 15 levels.
    #[arg(long, env = "GUILDHALL_MAX_DEPTH", value_name = "N", default_value_t = Limits::DEFAULT.max_depth)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub max_depth: u64,

    /// Maximum cost of an operation, as estimated from the document: the number of fields in its response, and 5,000 for
    /// each search and 2,000 for each count of a list.
    ///
    /// The count of a search costs 5,000 too. Each field counts once, multiplied by the sizes of the lists that contain
    /// it. The size of a list is `first`, `last` or the number of `ids`; otherwise 25 for a page and 10 for other lists.
    #[arg(long, env = "GUILDHALL_MAX_COMPLEXITY", value_name = "N", default_value_t = Limits::DEFAULT.max_complexity)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub max_complexity: u64,

    /// Maximum number of fields at the root of a query. A mutation may have a fifth of them, a subscription one.
    #[arg(long, env = "GUILDHALL_MAX_ROOT_FIELDS", value_name = "N", default_value_t = Limits::DEFAULT.max_root_fields)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub max_root_fields: u64,

    /// Maximum number of aliases of an operation, after its fragments are expanded.
    #[arg(long, env = "GUILDHALL_MAX_ALIASES", value_name = "N", default_value_t = Limits::DEFAULT.max_aliases)]
    pub max_aliases: u64,

    /// Maximum number of directives of an operation, after its fragments are expanded.
    #[arg(long, env = "GUILDHALL_MAX_DIRECTIVES", value_name = "N", default_value_t = Limits::DEFAULT.max_directives)]
    pub max_directives: u64,

    /// Longest time that a query or a mutation may take.
    #[arg(long, env = "GUILDHALL_REQUEST_TIME", value_name = "TIME", default_value = "30s")]
    #[arg(value_parser = lifetime)]
    pub request_time: Duration,
}

impl RequestLimits {
    /// The limits, for the engine.
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

/// Which documents the server runs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "GraphQL documents")]
pub struct DocumentSettings {
    /// Whether clients may introspect the schema (`__schema`, `__type`).
    ///
    /// If off, the server rejects such queries, and the console shows no documentation.
    #[arg(long, env = "GUILDHALL_INTROSPECTION", value_name = "on|off", default_value = "on")]
    pub introspection: Switch,

    /// Whether the error about an unknown field suggests similar fields.
    ///
    /// Suggestions reveal parts of the schema even to clients that cannot introspect it.
    #[arg(long, env = "GUILDHALL_SUGGESTIONS", value_name = "on|off", default_value = "off")]
    pub suggestions: Switch,

    /// Manifest of the trusted documents: the server runs no others, except those of the web app.
    ///
    /// A JSON file of `{"ID": "DOCUMENT", …}`, as GraphQL Code Generator and Relay write it, or Apollo's persisted
    /// query manifest. See docs/clients.md#trusted-documents.
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

/// Limits and options of the public API.
#[derive(Args, Clone, Debug)]
pub struct ApiSettings {
    /// Which pages may call the API.
    #[command(flatten)]
    pub cors: CorsSettings,
    /// Limits of one request.
    #[command(flatten)]
    pub limits: RequestLimits,
    /// Which documents the server runs.
    #[command(flatten)]
    pub documents: DocumentSettings,
    /// Limits on requests per minute.
    #[command(flatten)]
    pub rates: RateSettings,
}

impl ApiSettings {
    /// The settings of the schema.
    ///
    /// # Errors
    /// A message if the manifest cannot be read.
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
            app_documents: None,
            clock: Clock::system(),
        })
    }
}

/// Limits on requests per minute.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Rate limits")]
pub struct RateSettings {
    /// Maximum number of operations and connections per minute from one address (IPv6: one /64 network), on each
    /// server.
    ///
    /// About 600 suit a public site.
    ///
    /// Default: no limit
    #[arg(long, env = "GUILDHALL_ADDRESS_REQUESTS", value_name = "N")]
    pub address_requests: Option<NonZeroU32>,

    /// Maximum number of operations per minute of one member, on each server.
    ///
    /// About 300 suit a public site.
    ///
    /// Default: no limit
    #[arg(long, env = "GUILDHALL_MEMBER_REQUESTS", value_name = "N")]
    pub member_requests: Option<NonZeroU32>,
}

impl RateSettings {
    /// The limits, for the HTTP server.
    pub const fn rates(&self) -> RequestRates {
        RequestRates { per_address: self.address_requests, per_member: self.member_requests }
    }
}
