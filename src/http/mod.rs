//! The server's HTTP: `/graphql`, the console, health, metrics.

mod answer;
mod budget;
mod console;
mod cors;
mod endpoint;
mod health;
mod listen;
mod origin;
mod request;
mod sse;
mod ws;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use ipnet::IpNet;
use tokio::sync::watch;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
};

pub use self::{
    budget::Budget,
    cors::{Cors, CorsOrigin},
    listen::serve,
};
use crate::{app::App, error, graphql::Graph};

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
        .route("/metrics", get(health::metrics))
        .with_state(server)
        .layer(CatchPanicLayer::custom(|_| internal("-")))
        .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
        .layer(SetRequestIdLayer::new(X_REQUEST_ID, NewRequestId))
        .layer(axum::middleware::map_request(sane_request_id))
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

fn internal(request_id: &str) -> Response {
    let body = serde_json::json!({ "errors": [error::internal_server_error(request_id)] });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
