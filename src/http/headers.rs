//! Headers, request ids and the response to an internal error.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::kernel::error;

/// The header of a request's id.
pub(super) const X_REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// Headers of a stream of responses, which proxies and browsers must not keep.
pub(super) const STREAM_HEADERS: [(header::HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Proxies must not buffer the responses.
    (header::HeaderName::from_static("x-accel-buffering"), "no"),
];

/// A new request id: 64 random bits.
pub(super) fn new_request_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// The response to a request that failed because of an internal error.
pub(super) fn internal(request_id: &str) -> Response {
    let body = serde_json::json!({ "errors": [error::internal_server_error(request_id)] });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}

/// A header's value, if it is text.
pub(super) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
