//! What the HTTP handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::{cors::Cors, rate_limit::RequestLimiter};
use crate::{api::Graph, app::App};

/// The permit of an open connection. A socket keeps it after its connection is upgraded.
pub(super) type ConnectionPermit = Arc<Option<OwnedSemaphorePermit>>;

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
    /// Limits requests by address and by member.
    pub limiter: Arc<RequestLimiter>,
    /// Turns true when the server is to end. Each connection holds one, so that it is known when all are gone.
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
