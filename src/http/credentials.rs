//! The guild and the token that a client sends: in headers, or in the payload of a WebSocket's `connection_init`.
//!
//! A credential that was sent is never ignored: values that contradict each other are refused, and so is a token in the
//! URL, where proxies would log it.

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value as Json};

use super::request::RequestError;
use crate::{
    api::auth_context::{Credentials, bearer_token},
    kernel::error::{Code, Refusal},
};

const X_GUILD: &str = "x-guild";
const AUTHORIZATION: &str = "authorization";
/// The name of the guild in the payload of `connection_init`, besides the header's.
const GUILD: &str = "guild";
/// The object of headers in the payload of `connection_init`, as some clients send it.
const HEADERS: &str = "headers";
/// Parameters of a URL that name a token (RFC 6750, section 2.3) or a guild.
const URL_PARAMETERS: [&str; 5] = ["access_token", "token", AUTHORIZATION, GUILD, X_GUILD];
/// Other names of a token in the payload of `connection_init`, without `_` and `-`, which servers of other makers read.
const OTHER_TOKEN_NAMES: [&str; 5] = ["token", "accesstoken", "authtoken", "bearer", "jwt"];

/// The guild and the token that a client sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentCredentials {
    guild: Option<String>,
    authorization: Option<String>,
}

impl SentCredentials {
    /// Reads the headers of a request. A header that occurs twice or is not text is rejected, because it is ambiguous.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self, RequestError> {
        let single = |name: &'static str| {
            let mut values = headers.get_all(name).iter().map(|value| value.to_str());
            match (values.next(), values.next()) {
                (None, _) => Ok(None),
                (Some(Ok(value)), None) => Ok(Some(value.to_owned())),
                _ => Err(RequestError::malformed(format!("Send {name} once, in plain text."))),
            }
        };
        Ok(Self { guild: single(X_GUILD)?, authorization: single(AUTHORIZATION)? })
    }

    /// Adds the payload of `connection_init`: `guild`, `x-guild` and `authorization` in any case, also in an object
    /// `headers`. Returns `None` if a value is not text or contradicts another one, or a token has another name.
    pub fn with_payload(self, payload: &Map<String, Json>) -> Option<Self> {
        self.with_values(payload, true)
    }

    fn with_values(mut self, values: &Map<String, Json>, may_nest: bool) -> Option<Self> {
        for (name, value) in values {
            let name = name.trim().to_ascii_lowercase();
            self = match (name.as_str(), value) {
                (GUILD | X_GUILD | AUTHORIZATION, Json::Null) => self,
                (GUILD | X_GUILD, Json::String(slug)) => self.with_guild(slug)?,
                (AUTHORIZATION, Json::String(authorization)) => self.with_authorization(authorization)?,
                (HEADERS, Json::Null) if may_nest => self,
                (HEADERS, Json::Object(headers)) if may_nest => self.with_values(headers, false)?,
                (HEADERS, _) if may_nest => return None,
                (GUILD | X_GUILD | AUTHORIZATION, _) => return None,
                (name, value) if !value.is_null() && is_other_token_name(name) => return None,
                _ => self,
            };
        }
        Some(self)
    }

    fn with_guild(self, slug: &str) -> Option<Self> {
        match &self.guild {
            Some(guild) if guild.trim() != slug.trim() => None,
            Some(_) => Some(self),
            None => Some(Self { guild: Some(slug.trim().to_owned()), ..self }),
        }
    }

    fn with_authorization(self, authorization: &str) -> Option<Self> {
        match &self.authorization {
            Some(sent) if bearer_token(sent).ok() != bearer_token(authorization).ok() => None,
            Some(_) => Some(self),
            None => Some(Self { authorization: Some(authorization.to_owned()), ..self }),
        }
    }

    /// The credentials to authenticate.
    pub fn credentials(&self) -> Credentials<'_> {
        Credentials { guild: self.guild.as_deref(), authorization: self.authorization.as_deref() }
    }
}

/// Whether a client calls a token so that the server would not read it.
fn is_other_token_name(name: &str) -> bool {
    OTHER_TOKEN_NAMES.contains(&name.replace(['_', '-'], "").as_str())
}

/// Rejects a URL whose query names a guild or a token. The server reads them from headers, so it would serve the
/// request for another guild, or as anonymous.
pub(super) fn check_url(query: &str) -> Result<(), RequestError> {
    let names = query.split('&').map(|parameter| parameter.split('=').next().unwrap_or_default());
    let mut names = names.map(|name| percent_encoding::percent_decode_str(name).decode_utf8_lossy().to_lowercase());
    let Some(name) = names.find(|name| URL_PARAMETERS.contains(&name.as_str())) else { return Ok(()) };
    let is_guild = matches!(name.as_str(), GUILD | X_GUILD);
    let (status, code, header) = if is_guild {
        (StatusCode::BAD_REQUEST, Code::BadUserInput, "X-Guild")
    } else {
        (StatusCode::UNAUTHORIZED, Code::Unauthenticated, "Authorization")
    };
    let message = format!("Send the header {header} instead of {name} in the URL.");
    let refusal = Refusal::new(code, message);
    Err(RequestError::new(status, if is_guild { refusal } else { refusal.because("INVALID_TOKEN") }))
}
