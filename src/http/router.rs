//! The routes, and the middleware of all requests.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue},
    middleware::{Next, from_fn, from_fn_with_state, map_request},
    response::Response,
    routing::{any, get},
};
use futures_util::FutureExt;
use opentelemetry_http::HeaderExtractor;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    build::X_GUILDHALL_BUILD,
    console, endpoint,
    headers::{X_REQUEST_ID, internal, new_request_id, text},
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
        .layer(from_fn(observe))
        // Around `observe`, which responds to requests that panic.
        .layer(from_fn_with_state(web, name_build))
        .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
        .layer(SetRequestIdLayer::new(X_REQUEST_ID, NewRequestId))
        .layer(map_request(drop_invalid_request_id))
}

/// Names the build in every response of the API.
async fn name_build(State(web): State<Arc<WebApp>>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path() == "/graphql";
    let mut response = next.run(request).await;
    if is_api {
        response.headers_mut().insert(X_GUILDHALL_BUILD, web.build.header.clone());
    }
    response
}

/// Warns the operator of pages that may not call the API.
async fn warn_of_refused_origin(State(server): State<Server>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    server.cors.warn_of_refused_origin(&server.proxies, &parts);
    next.run(Request::from_parts(parts, body)).await
}

#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&new_request_id()).ok().map(RequestId::new)
    }
}

/// Removes a client's request id that is long or not printable, because the id appears in the log.
async fn drop_invalid_request_id(mut request: Request) -> Request {
    let is_valid = |id: &HeaderValue| {
        let id = id.as_bytes();
        (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c))
    };
    if request.headers().get(X_REQUEST_ID).is_some_and(|id| !is_valid(id)) {
        request.headers_mut().remove(X_REQUEST_ID);
    }
    request
}

/// Runs a request in a span, so that its log events have the request id. If the request panics, responds with an
/// internal error.
async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = text(request.headers(), X_REQUEST_ID).unwrap_or("-").to_owned();
    let span = tracing::info_span!("request", request_id = id, "otel.kind" = "server");
    set_parent(&span, request.headers());
    let logged =
        tracing::enabled!(tracing::Level::DEBUG).then(|| (request.method().clone(), request.uri().path().to_owned()));
    let result = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let response = result.unwrap_or_else(|_| internal(&id));
    if let Some((method, path)) = logged {
        let (status, ms) = (response.status().as_u16(), millis(started.elapsed()));
        span.in_scope(|| tracing::debug!(%method, path, status, ms, "request"));
    }
    response
}

/// Continues the client's trace, if the request has one.
fn set_parent(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let parent = opentelemetry::global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(headers)));
        // Fails if traces are not configured.
        let _ = span.set_parent(parent);
    }
}
