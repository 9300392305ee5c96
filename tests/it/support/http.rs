//! A server under test on a loopback port, and an HTTP client.

use std::{net::SocketAddr, sync::Arc};

use guildhall::{
    api::{self, Graph},
    app::App,
    http::{self, RequestRates},
};
use ipnet::IpNet;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_tungstenite::tungstenite;

use super::{Socket, web::WEB};

/// A server that ends with the test.
pub struct TestServer {
    pub address: SocketAddr,
    pub client: reqwest::Client,
    /// Sending `true` shuts the server down.
    pub shutdown: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl TestServer {
    pub async fn start(app: Arc<App>) -> Self {
        Self::start_with(app, &api::Settings::default(), RequestRates::default()).await
    }

    pub async fn start_with(app: Arc<App>, settings: &api::Settings, rates: RequestRates) -> Self {
        Self::bind(app, settings, rates, http::Cors::default(), &[], None).await
    }

    /// Accepts at most this many connections at once.
    pub async fn with_max_connections(app: Arc<App>, connections: usize) -> Self {
        let settings = api::Settings::default();
        Self::bind(app, &settings, RequestRates::default(), http::Cors::default(), &[], Some(connections)).await
    }

    /// Accepts requests from pages of these origins, and trusts these proxies.
    pub async fn with_origins(app: Arc<App>, origins: &[&str], proxies: &[&str]) -> Self {
        let origins: Vec<_> = origins.iter().map(|it| it.parse().unwrap()).collect();
        let proxies: Vec<IpNet> = proxies.iter().map(|it| it.parse().unwrap()).collect();
        let settings = api::Settings::default();
        Self::bind(app, &settings, RequestRates::default(), http::Cors::new(&origins), &proxies, None).await
    }

    async fn bind(
        app: Arc<App>,
        settings: &api::Settings,
        rates: RequestRates,
        cors: http::Cors,
        proxies: &[IpNet],
        max_connections: Option<usize>,
    ) -> Self {
        let mut tasks = guildhall::bot::start(&app);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, shutdown) = watch::channel(false);
        let server = http::Server {
            limiter: Arc::new(http::RequestLimiter::new(rates, &app.clock)),
            app,
            graph: Graph::with(settings).unwrap(),
            proxies: proxies.into(),
            cors,
            max_body: settings.limits.max_body,
            web: Arc::new(http::WebApp::new(&WEB).unwrap()),
            shutdown,
        };
        match max_connections {
            Some(most) => tasks.spawn(http::serve_with_limit(most, listener, server)),
            None => tasks.spawn(http::serve(listener, server)),
        };
        Self { address, client: reqwest::Client::new(), shutdown: end, _tasks: tasks }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A POST request to `/graphql` with a JSON body.
    pub fn post(&self, body: &Value) -> RequestBuilder {
        self.client.post(self.url("/graphql")).json(body)
    }

    /// Opens a WebSocket with this sub-protocol; an error if the server declines it.
    pub async fn try_connect(&self, protocol: &str) -> Result<Socket, tungstenite::Error> {
        Socket::open(&format!("ws://{}/graphql", self.address), protocol).await
    }

    /// Opens a WebSocket for GraphQL with these headers in its upgrade.
    pub async fn connect_with(&self, headers: &[(&'static str, &str)]) -> Socket {
        Socket::open_with(&format!("ws://{}/graphql", self.address), "graphql-transport-ws", headers).await.unwrap()
    }

    /// Opens a WebSocket for GraphQL that has not sent `connection_init` yet.
    pub async fn connect(&self) -> Socket {
        self.try_connect("graphql-transport-ws").await.unwrap()
    }

    /// Opens a WebSocket for GraphQL, and sends `connection_init` with this payload.
    pub async fn socket(&self, payload: Value) -> Socket {
        let mut socket = self.connect().await;
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await["type"], "connection_ack");
        socket
    }
}
