//! Real sockets: an HTTP client and a WebSocket client against a server on loopback.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use guildhall::{
    api::{self, Graph},
    app::App,
    http,
    http::RequestRates,
};
use ipnet::IpNet;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

/// A server that ends with the test.
pub struct Http {
    pub address: SocketAddr,
    pub client: reqwest::Client,
    /// Tells the server to end.
    pub end: watch::Sender<bool>,
    _tasks: JoinSet<()>,
}

impl Http {
    pub async fn serve(app: Arc<App>) -> Self {
        Self::serve_with(app, &api::Settings::default(), RequestRates::default()).await
    }

    pub async fn serve_with(app: Arc<App>, settings: &api::Settings, rates: RequestRates) -> Self {
        Self::start(app, settings, rates, http::Cors::default(), &[], None).await
    }

    /// Serves no more than so many connections at once.
    pub async fn serve_with_limit(app: Arc<App>, connections: usize) -> Self {
        let settings = api::Settings::default();
        Self::start(app, &settings, RequestRates::default(), http::Cors::default(), &[], Some(connections)).await
    }

    /// Serves pages of these origins, too, with these proxies before it.
    pub async fn serve_pages(app: Arc<App>, origins: &[&str], proxies: &[&str]) -> Self {
        let origins: Vec<_> = origins.iter().map(|it| it.parse().unwrap()).collect();
        let proxies: Vec<IpNet> = proxies.iter().map(|it| it.parse().unwrap()).collect();
        let settings = api::Settings::default();
        Self::start(app, &settings, RequestRates::default(), http::Cors::new(&origins), &proxies, None).await
    }

    async fn start(
        app: Arc<App>,
        settings: &api::Settings,
        rates: RequestRates,
        cors: http::Cors,
        proxies: &[IpNet],
        most: Option<usize>,
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
            shutdown,
        };
        match most {
            Some(most) => tasks.spawn(http::serve_with_limit(most, listener, server)),
            None => tasks.spawn(http::serve(listener, server)),
        };
        Self { address, client: reqwest::Client::new(), end, _tasks: tasks }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn post(&self, body: &Value) -> RequestBuilder {
        self.client.post(self.url("/graphql")).json(body)
    }

    /// Opens a socket that speaks this sub-protocol, if the server agrees to it.
    pub async fn connect(&self, protocol: &str) -> Result<Socket, tokio_tungstenite::tungstenite::Error> {
        Socket::open(&format!("ws://{}/graphql", self.address), protocol).await
    }

    /// Opens a socket that speaks this sub-protocol.
    pub async fn socket(&self, protocol: &str) -> Socket {
        self.connect(protocol).await.unwrap()
    }

    /// Opens a socket and is let in.
    pub async fn let_in(&self, payload: Value) -> Socket {
        let mut socket = self.socket("graphql-transport-ws").await;
        socket.say(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
        socket
    }
}

/// A WebSocket as a client has it.
pub struct Socket(pub WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Socket {
    pub async fn open(url: &str, protocol: &str) -> Result<Self, tokio_tungstenite::tungstenite::Error> {
        let mut request = url.into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
        Ok(Self(connect_async(request).await?.0))
    }

    pub async fn say(&mut self, message: Value) {
        self.say_raw(&message.to_string()).await;
    }

    pub async fn say_raw(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    /// Closes the socket; the code the server answers with.
    pub async fn close(mut self) -> u16 {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        self.0.send(Message::Close(Some(frame))).await.unwrap();
        loop {
            match self.0.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("the close was not answered: {other:?}"),
            }
        }
    }

    /// The next message of the protocol; a close as `{"close": CODE}`.
    pub async fn receive(&mut self) -> Value {
        loop {
            let heard = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
            match heard.expect("nothing was heard for 20 seconds") {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Close(Some(frame)))) => return json!({ "close": u16::from(frame.code) }),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("the socket ended with {other:?}"),
            }
        }
    }
}
