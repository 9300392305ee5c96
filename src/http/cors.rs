//! Decides which pages may call `/graphql`: pages of the server's own origin and of `GUILDHALL_CORS_ORIGINS`.
//!
//! Browsers keep other pages from reading responses. CORS does not apply to a WebSocket, so the server checks the
//! origin of an upgrade itself. There are no cookies, and clients send their token explicitly, so the server never
//! sends `Access-Control-Allow-Credentials`. Native clients send no origin and are not restricted.

use std::{
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{HeaderValue, Method, header, request::Parts, uri::Authority};
use ipnet::IpNet;
use parking_lot::Mutex;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use super::{
    build::X_GUILDHALL_BUILD,
    headers::{X_REQUEST_ID, text},
    origin::host,
};

/// Schemes that are never the origin of a page: the origin of a file is `null`.
const SCHEMES_WITHOUT_PAGES: [&str; 5] = ["data", "file", "ftp", "ws", "wss"];
/// Least time between two warnings about refused origins, which any page can cause.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);
/// Longest part of a refused origin that is logged, in characters.
const MAX_LOGGED: usize = 100;
/// How long a browser may cache the response to a preflight request. Chromium caches it no longer than this.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_hours(2);

/// An allowed origin: `scheme://host[:port]`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigin {
    /// Every origin.
    Any,
    /// This origin, in the spelling of browsers.
    Exactly(HeaderValue),
}

impl FromStr for CorsOrigin {
    type Err = &'static str;

    /// # Errors
    /// A message that says what is expected.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected an origin, SCHEME://HOST or SCHEME://HOST:PORT without a path, such as https://guild.example or capacitor://localhost; or *";
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let (scheme, authority) = parse(text).ok_or(EXPECTED)?;
        HeaderValue::from_str(&format!("{scheme}://{authority}")).map(Self::Exactly).map_err(|_| EXPECTED)
    }
}

/// The allowed origins besides the server's own.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Arc<[CorsOrigin]>,
    /// When the last warning about a refused origin was logged.
    warned_at: Arc<Mutex<Option<Instant>>>,
}

impl Cors {
    /// Allows these origins.
    pub fn new(origins: &[CorsOrigin]) -> Self {
        Self { origins: origins.into(), warned_at: Arc::default() }
    }

    /// The layer that sends CORS headers; `None` if only the server's own origin is allowed.
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        let layer = CorsLayer::new()
            .allow_methods([Method::GET, Method::POST])
            // Clients and their tools add headers that mean nothing here, such as `traceparent`.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers([X_REQUEST_ID, X_GUILDHALL_BUILD, header::RETRY_AFTER])
            .max_age(PREFLIGHT_MAX_AGE);
        if self.origins.is_empty() {
            None
        } else if self.origins.contains(&CorsOrigin::Any) {
            Some(layer.allow_origin(Any).vary([]))
        } else {
            let exact = self.origins.iter().filter_map(|it| match it {
                CorsOrigin::Exactly(origin) => Some(origin.clone()),
                CorsOrigin::Any => None,
            });
            Some(layer.allow_origin(exact.collect::<Vec<_>>()).vary([header::ORIGIN]))
        }
    }

    /// Whether a page may open a WebSocket. Only browsers send an origin; that of a file or a sandboxed frame is
    /// `null`.
    pub(super) fn allows(&self, proxies: &[IpNet], parts: &Parts) -> bool {
        let mut origins = parts.headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                let is_listed = |it: &CorsOrigin| match it {
                    CorsOrigin::Any => true,
                    CorsOrigin::Exactly(listed) => listed == origin,
                };
                self.origins.iter().any(is_listed) || is_own(origin, host(proxies, parts))
            }
            _ => false,
        }
    }

    /// Warns the operator of a page that may not read the response, at most once a minute: the page sees only that its
    /// request failed.
    pub(super) fn warn_of_refused_origin(&self, proxies: &[IpNet], parts: &Parts) {
        // The origin of a file or a sandboxed frame can't be allowed by its name.
        let Some(origin) = text(&parts.headers, header::ORIGIN).filter(|origin| *origin != "null") else { return };
        if self.allows(proxies, parts) {
            return;
        }
        let mut warned_at = self.warned_at.lock();
        if warned_at.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
            *warned_at = Some(Instant::now());
            let origin: String = origin.chars().take(MAX_LOGGED).collect();
            tracing::warn!(origin, "refused a page of another origin; GUILDHALL_CORS_ORIGINS names the allowed ones");
        }
    }
}

/// Whether an origin is the server's own: it has the host of the request. The scheme is not compared, because the proxy
/// in front of the server terminates TLS.
fn is_own(origin: &HeaderValue, host: Option<&str>) -> bool {
    let origin = origin.to_str().ok().and_then(parse);
    let Some((scheme, origin)) = origin.filter(|(scheme, _)| matches!(scheme.as_str(), "http" | "https")) else {
        return false;
    };
    host.and_then(|host| normalize(&scheme, host)).is_some_and(|host| host == origin)
}

/// An origin's scheme, and its host and port. Apps on phones and desktops have schemes of their own, such as
/// `capacitor://localhost`.
fn parse(origin: &str) -> Option<(String, String)> {
    let (scheme, authority) = origin.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c));
    if !is_scheme || SCHEMES_WITHOUT_PAGES.contains(&scheme.as_str()) {
        return None;
    }
    let authority = normalize(&scheme, authority)?;
    Some((scheme, authority))
}

/// A host and its port in the spelling of browsers: in lower case, without the scheme's default port.
fn normalize(scheme: &str, authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    let (host, port) = (authority.host().to_ascii_lowercase(), authority.port_u16());
    let default_port = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let normalized = match port.filter(|port| Some(*port) != default_port) {
        Some(port) => format!("{host}:{port}"),
        None => host.clone(),
    };
    // Rejects user names, invalid ports and wildcards.
    let whole = port.map_or(host.clone(), |port| format!("{host}:{port}"));
    let is_host = !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._[:]".contains(&c));
    (is_host && authority.as_str().eq_ignore_ascii_case(&whole)).then_some(normalized)
}
