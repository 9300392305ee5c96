//! What pages of other origins may do.
//!
//! A page may call `/graphql` from where the server is itself, and from the origins of `GUILDHALL_CORS_ORIGINS`. Browsers keep
//! all else from reading answers, but ask nobody before they open a WebSocket: that is refused here. There are no cookies, and
//! whoever has a token sends it by hand, so `Access-Control-Allow-Credentials` is never sent, and nothing here keeps native
//! clients out.

use std::{str::FromStr, sync::Arc, time::Duration};

use axum::http::{HeaderName, HeaderValue, Method, header, request::Parts, uri::Authority};
use ipnet::IpNet;
use tower_http::cors::{Any, CorsLayer};

use super::{headers::X_REQUEST_ID, origin::host};

/// How long a browser may keep the answer to a preflight. None keeps it for longer.
const PREFLIGHT: Duration = Duration::from_hours(2);

/// An origin by which browsers name a page's server: `scheme://host[:port]`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigin {
    /// Every one.
    Any,
    /// This one, spelt as browsers do.
    Exactly(HeaderValue),
}

impl FromStr for CorsOrigin {
    type Err = &'static str;

    /// # Errors
    /// A sentence that says what is expected.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected an origin, SCHEME://HOST or SCHEME://HOST:PORT without a path, such as https://guild.example; or *";
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        let (scheme, place) = parse(text).ok_or(EXPECTED)?;
        HeaderValue::from_str(&format!("{scheme}://{place}")).map(Self::Exactly).map_err(|_| EXPECTED)
    }
}

/// Whose pages are let in, beside the server's own.
#[derive(Clone, Debug, Default)]
pub struct Cors(Arc<[CorsOrigin]>);

impl Cors {
    /// Lets these in.
    pub fn new(origins: &[CorsOrigin]) -> Self {
        Self(origins.into())
    }

    /// The layer that tells browsers so; none if nobody else is let in.
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        let layer = CorsLayer::new()
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([
                header::ACCEPT,
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("x-guild"),
                X_REQUEST_ID,
            ])
            .expose_headers([X_REQUEST_ID])
            .max_age(PREFLIGHT);
        if self.0.is_empty() {
            None
        } else if self.0.contains(&CorsOrigin::Any) {
            Some(layer.allow_origin(Any).vary([]))
        } else {
            let exact = self.0.iter().filter_map(|it| match it {
                CorsOrigin::Exactly(origin) => Some(origin.clone()),
                CorsOrigin::Any => None,
            });
            Some(layer.allow_origin(exact.collect::<Vec<_>>()).vary([header::ORIGIN]))
        }
    }

    /// Whether the page that asks for a WebSocket may have one. Only browsers say of which origin they are; a page of none, such
    /// as a file or a sandboxed frame, says `null`.
    pub(super) fn allows(&self, proxies: &[IpNet], parts: &Parts) -> bool {
        let mut origins = parts.headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                let is_listed = |it: &CorsOrigin| match it {
                    CorsOrigin::Any => true,
                    CorsOrigin::Exactly(listed) => listed == origin,
                };
                self.0.iter().any(is_listed) || is_own(origin, host(proxies, parts))
            }
            _ => false,
        }
    }
}

/// Whether an origin is the server's own: of the host that it was asked for. The scheme is not compared, since it is the proxy
/// before the server that speaks TLS.
fn is_own(origin: &HeaderValue, host: Option<&str>) -> bool {
    let Some((scheme, origin)) = origin.to_str().ok().and_then(parse) else { return false };
    host.and_then(|host| place(scheme, host)).is_some_and(|host| host == origin)
}

/// An origin's scheme, and its host and port.
fn parse(origin: &str) -> Option<(&'static str, String)> {
    let (scheme, authority) = origin.split_once("://")?;
    let scheme = ["http", "https"].into_iter().find(|it| it.eq_ignore_ascii_case(scheme))?;
    Some((scheme, place(scheme, authority)?))
}

/// A host and its port as browsers spell them: in lower case, without the scheme's own port.
fn place(scheme: &str, authority: &str) -> Option<String> {
    let authority: Authority = authority.parse().ok()?;
    let (host, port) = (authority.host().to_ascii_lowercase(), authority.port_u16());
    let own_port = if scheme == "https" { 443 } else { 80 };
    let spelt = match port.filter(|port| *port != own_port) {
        Some(port) => format!("{host}:{port}"),
        None => host.clone(),
    };
    // Neither a user's name nor what is no port, and nothing that stands for several hosts.
    let whole = port.map_or(host.clone(), |port| format!("{host}:{port}"));
    let is_host = !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._[:]".contains(&c));
    (is_host && authority.as_str().eq_ignore_ascii_case(&whole)).then_some(spelt)
}
