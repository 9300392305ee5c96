//! The state that the HTTP handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{cors::Cors, rate_limit::RequestLimiter, response_memory::ConnectionMemory, web::WebApp};
use crate::{api::Graph, app::App, kernel::metrics::OpenGuard};

/// An open connection. A WebSocket keeps it after its connection is upgraded.
pub(super) struct OpenConnection {
    /// Counts towards the limit of connections.
    pub(super) _permit: Option<OwnedSemaphorePermit>,
    /// Counts in the metrics.
    pub(super) _open: OpenGuard,
    /// The memory for responses that the client has not read.
    pub(super) memory: ConnectionMemory,
}

/// The state that the handlers share.
#[derive(Clone)]
pub struct Server {
    /// The app.
    pub app: Arc<App>,
    /// The schema.
    pub graph: Graph,
    /// The networks of the trusted reverse proxies, which report the address of the client.
    pub proxies: Arc<[IpNet]>,
    /// The origins whose pages may call the API.
    pub cors: Cors,
    /// Maximum size of a request's body, in bytes.
    pub max_body: usize,
    /// Limits requests by address and by member.
    pub limiter: Arc<RequestLimiter>,
    /// The web app and the console.
    pub web: Arc<WebApp>,
    /// Becomes true when the server shuts down. Each connection has a receiver, so that the shutdown can wait for all
    /// of them.
    pub shutdown: watch::Receiver<bool>,
}

impl Server {
    /// Returns when the server shuts down.
    pub(super) async fn shutdown_requested(&mut self) {
        // Without a sender, the server never shuts down.
        if self.shutdown.wait_for(|shutdown| *shutdown).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl FromRef<Server> for Arc<App> {
    fn from_ref(server: &Server) -> Self {
        Self::clone(&server.app)
    }
}
