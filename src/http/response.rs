//! The media type and the status of a response.
//!
//! Follows the GraphQL-over-HTTP specification: <https://graphql.github.io/graphql-over-http/draft/>.

use async_graphql::{Response as GraphResponse, ServerError, Value};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{headers::internal, request::RequestError};
use crate::{
    api::{
        OUT_OF_TIME, is_refused,
        operation_log::{OperationLog, OutcomeCode},
    },
    kernel::error::{Code, Error, Refusal, UNAVAILABLE},
};

const GRAPHQL_JSON: &str = "application/graphql-response+json";
const PLAIN_JSON: &str = "application/json";
/// `Retry-After` of an error that may be temporary, in seconds.
const RETRY_AFTER: u32 = 1;
const EVENT_STREAM: &str = "text/event-stream";

/// The response formats that a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The media type of a single response; `None` if the client accepts none that the server offers.
    pub json: Option<&'static str>,
    /// Whether the client accepts a stream of events.
    pub events: bool,
    /// Whether the client prefers a stream of events to a single response.
    pub prefers_events: bool,
}

impl Accepted {
    /// Reads the `Accept` headers. A client that sends none gets plain JSON.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::ACCEPT).iter().peekable();
        if values.peek().is_none() {
            return Self { json: Some(PLAIN_JSON), events: false, prefers_events: false };
        }
        let ranges: Vec<(String, f32)> =
            values.filter_map(|value| value.to_str().ok()).flat_map(items).filter_map(media_range).collect();
        let quality = |media_type: &str| {
            let (kind, _) = media_type.split_once('/')?;
            let exact = ranges.iter().find(|(range, _)| range == media_type);
            let kind = || ranges.iter().find(|(range, _)| range.strip_suffix("/*") == Some(kind));
            // The most specific range takes precedence (RFC 9110, section 12.5.1).
            exact.or_else(kind).or_else(|| ranges.iter().find(|(range, _)| range == "*/*")).map(|(_, quality)| *quality)
        };
        let is_named = |media_type: &str| ranges.iter().any(|(range, _)| range == media_type);
        let quality_of = |media_type: &str| quality(media_type).unwrap_or(0.0);
        let (modern, older) = (quality_of(GRAPHQL_JSON), quality_of(PLAIN_JSON));
        // Without a preference, use the type that every client understands, unless the client names the newer one.
        let prefers_modern = modern > older || (modern >= older && is_named(GRAPHQL_JSON));
        let json = if prefers_modern { (GRAPHQL_JSON, modern) } else { (PLAIN_JSON, older) };
        // A wildcard does not select the stream: a client that does not name it might not handle an endless response.
        let events = if is_named(EVENT_STREAM) { quality_of(EVENT_STREAM) } else { 0.0 };
        Self { json: (json.1 > 0.0).then_some(json.0), events: events > 0.0, prefers_events: events > json.1 }
    }
}

/// Splits a header's list at its commas, except in quoted strings.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    list.split(move |c| {
        in_quotes ^= c == '"';
        c == ',' && !in_quotes
    })
}

/// Parses one item of an `Accept` header into a media range in lower case and its quality.
fn media_range(item: &str) -> Option<(String, f32)> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().filter(|range| range.contains('/'))?.to_ascii_lowercase();
    let mut quality = 1.0;
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = value.trim().parse().unwrap_or(0.0),
            // The server sends only UTF-8.
            "charset" if !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") => return None,
            _ => {}
        }
    }
    Some((range, quality))
}

/// Builds the response to a request, and records its outcome in the operation log.
pub(super) struct Responder {
    pub(super) accepted: Accepted,
    pub(super) log: OperationLog,
}

impl Responder {
    pub(super) fn new(headers: &HeaderMap, log: OperationLog) -> Self {
        Self { accepted: Accepted::from_headers(headers), log }
    }

    /// Rejects a client that accepts none of the server's formats.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        if self.accepted.json.is_some() || self.accepted.events {
            return Ok(());
        }
        let message = format!("Accept {GRAPHQL_JSON}, {PLAIN_JSON} or {EVENT_STREAM}.");
        Err(RequestError::new(StatusCode::NOT_ACCEPTABLE, Refusal::new(Code::BadUserInput, message)))
    }

    /// The response to a request error.
    pub(super) fn reject(self, error: RequestError) -> Response {
        let retry_after = error.refusal.retry_after_seconds;
        let mut response = self.errors(error.status, vec![error.refusal.into_server_error()]);
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
        }
        response
    }

    /// The response to a client that could not be authenticated.
    pub(super) fn error(self, error: Error) -> Response {
        let is_outage = matches!(error, Error::Unavailable(_));
        let status = match error.refusal().map(|refusal| refusal.code) {
            Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
            Some(Code::NotFound) => StatusCode::NOT_FOUND,
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let error = error.into_sanitized(self.log.request_id());
        if is_outage {
            return self.unavailable(vec![error]);
        }
        let mut response = self.errors(status, vec![error]);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The response to a document that is not executed.
    pub(super) fn request_errors(self, errors: Vec<ServerError>) -> Response {
        // For application/json the specification keeps 200 for well-formed requests, because older clients expect it.
        let is_modern = self.media_type() == GRAPHQL_JSON;
        self.errors(if is_modern { StatusCode::BAD_REQUEST } else { StatusCode::OK }, errors)
    }

    /// The response with an execution's result.
    pub(super) fn response(self, response: GraphResponse) -> Response {
        let is_internal = |error: &ServerError| Code::of(error) == Some(Code::Internal);
        let is_temporary = |error: &ServerError| {
            let reason = error.extensions.as_ref().and_then(|it| it.get("reason"));
            reason.is_some_and(|reason| [UNAVAILABLE, OUT_OF_TIME].iter().any(|it| *reason == Value::from(*it)))
        };
        // A 503 lets load balancers and clients retry. A response with partial data keeps its 200.
        let has_data = match &response.data {
            Value::Object(fields) => fields.values().any(|value| *value != Value::Null),
            data => *data != Value::Null,
        };
        if !has_data && response.errors.iter().any(is_temporary) {
            return self.unavailable(response.errors);
        }
        if !is_refused(&response) {
            return self.json(StatusCode::OK, &response);
        }
        if response.errors.iter().any(is_internal) {
            return self.errors(StatusCode::INTERNAL_SERVER_ERROR, response.errors);
        }
        self.request_errors(response.errors)
    }

    fn unavailable(self, errors: Vec<ServerError>) -> Response {
        let mut response = self.errors(StatusCode::SERVICE_UNAVAILABLE, errors);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        response
    }

    fn errors(mut self, status: StatusCode, errors: Vec<ServerError>) -> Response {
        #[derive(serde::Serialize)]
        struct Errors {
            errors: Vec<ServerError>,
        }
        self.log.set_outcome(OutcomeCode::of(&errors));
        self.json(status, &Errors { errors })
    }

    fn json(&self, status: StatusCode, body: &impl serde::Serialize) -> Response {
        match serde_json::to_vec(body) {
            Ok(body) => {
                let content_type = format!("{}; charset=utf-8", self.media_type());
                let headers = [
                    (header::CONTENT_TYPE, content_type.as_str()),
                    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                    (header::CACHE_CONTROL, "no-store"),
                    (header::VARY, "Accept, Authorization, X-Guild"),
                ];
                (status, headers, body).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "could not serialize the response");
                internal(self.log.request_id())
            }
        }
    }

    fn media_type(&self) -> &'static str {
        self.accepted.json.unwrap_or(PLAIN_JSON)
    }
}
