//! The server's HTTP: `/graphql`, the console, health, metrics.

mod answer;
mod budget;
mod console;
mod cors;
mod endpoint;
mod figures;
mod health;
mod listen;
mod origin;
mod request;
mod sse;
mod ws;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, map_request},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use futures_util::FutureExt;
use ipnet::IpNet;
use opentelemetry_http::HeaderExtractor;
use tokio::sync::watch;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub use self::{
    budget::Budget,
    cors::{Cors, CorsOrigin},
    listen::{serve, serve_at_most},
};
use crate::{
    api::{Graph, operation_log::millis},
    app::App,
    kernel::error,
};

/// Longest request id that is taken from a client.
const MAX_REQUEST_ID: usize = 64;
const X_REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// What the handlers share.
#[derive(Clone)]
pub struct Server {
    /// The app.
    pub app: Arc<App>,
    /// The schema.
    pub graph: Graph,
    /// The networks of the reverse proxies before it, whose word is taken for where a request comes from.
    pub proxies: Arc<[IpNet]>,
    /// Of which other origins pages are let in.
    pub cors: Cors,
    /// Most bytes of a request's body.
    pub max_body: usize,
    /// How many requests each may make.
    pub budget: Arc<Budget>,
    /// Turns true when the server is to end. Each connection holds one, so that it is known when all are gone.
    pub ending: watch::Receiver<bool>,
}

impl Server {
    /// Returns when the server is to end.
    async fn told_to_end(&mut self) {
        // Without anyone to tell it, it goes on.
        if self.ending.wait_for(|ending| *ending).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// All routes.
fn router(server: Server) -> Router {
    let graphql = match server.cors.layer() {
        Some(cors) => any(endpoint::graphql).layer(cors),
        None => any(endpoint::graphql),
    };
    Router::new()
        .route("/graphql", graphql)
        .route("/graphiql", get(console::console))
        .route("/graphiql/{asset}", get(console::console_asset))
        .route("/health/live", get(|| async { "live" }))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(figures::metrics))
        .with_state(server)
        .layer(from_fn(observe))
        .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
        .layer(SetRequestIdLayer::new(X_REQUEST_ID, NewRequestId))
        .layer(map_request(sane_request_id))
}

#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&new_request_id()).ok().map(RequestId::new)
    }
}

fn new_request_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Drops a client's request id that is not short and printable: it is going to stand in our logs.
async fn sane_request_id(mut request: Request) -> Request {
    let is_sane = |id: &HeaderValue| {
        let id = id.as_bytes();
        (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c))
    };
    if request.headers().get(X_REQUEST_ID).is_some_and(|id| !is_sane(id)) {
        request.headers_mut().remove(X_REQUEST_ID);
    }
    request
}

/// Gives a request the span that each line of the log within it names, and an answer also if it panics.
async fn observe(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = text(request.headers(), X_REQUEST_ID).unwrap_or("-").to_owned();
    let span = tracing::info_span!("request", request_id = id, "otel.kind" = "server");
    follow(&span, request.headers());
    let what =
        tracing::enabled!(tracing::Level::DEBUG).then(|| (request.method().clone(), request.uri().path().to_owned()));
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone()).await;
    let response = answered.unwrap_or_else(|_| internal(&id));
    if let Some((method, path)) = what {
        let (status, ms) = (response.status().as_u16(), millis(begun.elapsed()));
        span.in_scope(|| tracing::debug!(%method, path, status, ms, "request"));
    }
    response
}

/// Makes a request's trace part of its client's, if that has one.
fn follow(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let of_client = opentelemetry::global::get_text_map_propagator(|it| it.extract(&HeaderExtractor(headers)));
        // Without traces there is nothing it could be part of.
        let _ = span.set_parent(of_client);
    }
}

fn internal(request_id: &str) -> Response {
    let body = serde_json::json!({ "errors": [error::internal_server_error(request_id)] });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
