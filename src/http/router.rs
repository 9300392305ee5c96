//! The routes, and the middleware of all requests.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{any, get},
};
use futures_util::FutureExt;
use opentelemetry_http::HeaderExtractor;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    build::X_GUILDHALL_BUILD,
    console, endpoint,
    headers::{X_REQUEST_ID, internal, new_request_id},
    health, metrics, page,
    server::Server,
    web::WebApp,
};
use crate::api::operation_log::millis;

/// Longest request id that is accepted from a client, in bytes.
const MAX_REQUEST_ID: usize = 64;

/// All routes.
pub(super) fn router(server: Server) -> Router {
    let graphql = match server.cors.layer() {
        Some(cors) => any(endpoint::graphql).layer(cors),
        None => any(endpoint::graphql),
    };
    let graphql = graphql.layer(from_fn_with_state(server.clone(), warn_of_refused_origin));
    let web = Arc::clone(&server.web);
    Router::new()
        .route("/graphql", graphql)
        .route("/graphiql", get(console::console))
        .route("/health/live", get(|| async { "live" }))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .fallback(page::page_or_file)
        .with_state(server)
        .layer(from_fn_with_state(web, observe))
}

/// Warns the operator of pages that may not call the API.
async fn warn_of_refused_origin(State(server): State<Server>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    server.cors.warn_of_refused_origin(&server.proxies, &parts);
    next.run(Request::from_parts(parts, body)).await
}

/// Runs a request in a span, so that its log events have the request id. If the request panics, responds with an
/// internal error. Each response has the request id, and each of the API names the build.
async fn observe(State(web): State<Arc<WebApp>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id_header = request_id(request.headers_mut());
    let id = id_header.to_str().unwrap_or("-");
    let is_api = request.uri().path() == "/graphql";
    let span = tracing::info_span!("request", request_id = id, "otel.kind" = "server");
    set_parent(&span, request.headers());
    let logged =
        tracing::enabled!(tracing::Level::DEBUG).then(|| (request.method().clone(), request.uri().path().to_owned()));
    let result = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let mut response = result.unwrap_or_else(|_| internal(id));
    response.headers_mut().insert(X_REQUEST_ID, id_header.clone());
    if is_api {
        response.headers_mut().insert(X_GUILDHALL_BUILD, web.build.header.clone());
    }
    if let Some((method, path)) = logged {
        let (status, ms) = (response.status().as_u16(), millis(started.elapsed()));
        span.in_scope(|| tracing::debug!(%method, path, status, ms, "request"));
    }
    response
}

/// The id of a request, which the handlers read from its headers: the client's, or a new one if that is missing, long or
/// not printable, because it appears in the log.
fn request_id(headers: &mut HeaderMap) -> HeaderValue {
    let is_valid = |id: &&HeaderValue| {
        let id = id.as_bytes();
        (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c))
    };
    if let Some(id) = headers.get(X_REQUEST_ID).filter(is_valid) {
        return id.clone();
    }
    let id = HeaderValue::try_from(new_request_id()).unwrap_or(HeaderValue::from_static("-"));
    headers.insert(X_REQUEST_ID, id.clone());
    id
}

/// Continues the client's trace, if the request has one.
fn set_parent(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let parent = opentelemetry::global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(headers)));
        // Fails if traces are not configured.
        let _ = span.set_parent(parent);
    }
}
