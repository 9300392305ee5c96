//! The media type and the status of a response.
//!
//! Follows the GraphQL-over-HTTP specification: <https://graphql.github.io/graphql-over-http/draft/>.

use async_graphql::{Response as GraphResponse, ServerError, Value};
use axum::{
    Extension,
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    accept::{Accepted, EVENT_STREAM, GRAPHQL_JSON, MULTIPART, PLAIN_JSON},
    headers::internal,
    request::RequestError,
    response_body::{OwnedBytes, PartsBody},
};
use crate::{
    api::{
        OUT_OF_TIME, is_refused,
        operation_log::{OperationLog, OutcomeCode},
        response_json::ResponseJson,
    },
    kernel::error::{Code, Error, Refusal, UNAVAILABLE},
};

/// `Retry-After` of an error that may be temporary, in seconds.
const RETRY_AFTER: u32 = 1;

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
        if self.accepted.json.is_some() || self.accepted.stream.is_some() {
            return Ok(());
        }
        let message = format!("Accept {GRAPHQL_JSON}, {PLAIN_JSON}, {EVENT_STREAM} or {MULTIPART}.");
        Err(RequestError::new(StatusCode::NOT_ACCEPTABLE, Refusal::new(Code::BadUserInput, message)))
    }

    /// The response to a request error.
    pub(super) fn reject(self, error: RequestError) -> Response {
        let retry_after = error.refusal.retry_after_seconds;
        let mut response = self.errors(error.status, &[error.refusal.into_server_error()]);
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
            Some(Code::Forbidden) => StatusCode::FORBIDDEN,
            Some(Code::NotFound) => StatusCode::NOT_FOUND,
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let error = error.into_sanitized(self.log.request_id());
        if is_outage {
            return self.unavailable(&[error]);
        }
        let mut response = self.errors(status, &[error]);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The response to a document that is not executed.
    pub(super) fn request_errors(self, errors: &[ServerError]) -> Response {
        // For application/json the specification keeps 200 for well-formed requests, because older clients expect it.
        let is_modern = self.media_type() == GRAPHQL_JSON;
        self.errors(if is_modern { StatusCode::BAD_REQUEST } else { StatusCode::OK }, errors)
    }

    /// The response with an execution's result.
    pub(super) fn response(self, response: &GraphResponse) -> Response {
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
            return self.unavailable(&response.errors);
        }
        if !is_refused(response) {
            return self.json(StatusCode::OK, ResponseJson::new(response));
        }
        if response.errors.iter().any(is_internal) {
            return self.errors(StatusCode::INTERNAL_SERVER_ERROR, &response.errors);
        }
        self.request_errors(&response.errors)
    }

    fn unavailable(self, errors: &[ServerError]) -> Response {
        let mut response = self.errors(StatusCode::SERVICE_UNAVAILABLE, errors);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
        response
    }

    fn errors(mut self, status: StatusCode, errors: &[ServerError]) -> Response {
        self.log.set_outcome(OutcomeCode::of(errors));
        self.json(status, ResponseJson::of_errors(errors))
    }

    fn json(&self, status: StatusCode, body: serde_json::Result<ResponseJson>) -> Response {
        match body {
            Ok(body) => {
                let content_type = format!("{}; charset=utf-8", self.media_type());
                let headers = [
                    (header::CONTENT_TYPE, content_type.as_str()),
                    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                    (header::CACHE_CONTROL, "no-store"),
                    (header::VARY, "Accept, Authorization, X-Guild"),
                ];
                let owned = OwnedBytes(body.owned);
                (status, headers, Extension(owned), Body::new(PartsBody::new(body.parts))).into_response()
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
