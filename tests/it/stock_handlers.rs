//! Compares our transports with async-graphql-axum's handlers, over the same schema.
//!
//! Each comparison is a reason in `docs/decisions.md` for code of our own. It fails when a release of the library no
//! longer behaves as described there; then read the section again, and consider dropping our code.

use std::{
    fmt::Debug,
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use async_graphql::{Data, Executor, Request, Response, Schema};
use async_graphql_axum::{GraphQL, GraphQLProtocol, GraphQLSubscription, GraphQLWebSocket};
use axum::{Router, extract::FromRequestParts};
use futures_util::{
    FutureExt, StreamExt, sink,
    stream::{self, BoxStream},
};
use guildhall::{
    api::{
        self, Mutation, Query, Subscription,
        auth_context::{AuthContext, Credentials},
        context::RequestContext,
    },
    engine::Origin,
};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::{
    Socket, TestApp, TestCampaign, TestGuild, TestServer,
    documents::{GUILD_SLUG, UNKNOWN_FIELD, WATCH_REVISION},
};

const DECISIONS: &str = include_str!("../../docs/decisions.md");
const JSON: &str = "application/json";
const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// Executes with the library alone, always for the same client.
#[derive(Clone)]
struct StockExecutor {
    schema: Schema<Query, Mutation, Subscription>,
    auth: AuthContext,
}

impl Executor for StockExecutor {
    async fn execute(&self, request: Request) -> Response {
        let context = Arc::new(RequestContext::new(&self.auth, true));
        context.run(self.schema.execute(request.data(Arc::clone(&context)))).await
    }

    fn execute_stream(&self, request: Request, _: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        // Our subscriptions do not run on the library's executor. A stream without events replaces them.
        if request.query.starts_with("subscription") {
            return stream::pending().boxed();
        }
        let executor = self.clone();
        async move { executor.execute(request).await }.into_stream().boxed()
    }
}

/// The library's handlers and ours, each on a socket, with the same client.
struct Servers {
    stock: StockExecutor,
    stock_address: SocketAddr,
    ours: TestServer,
    authorization: Option<String>,
    _tasks: JoinSet<()>,
}

impl Servers {
    /// Serves the guild to a member, or to a client who is not signed in.
    async fn start(app: &TestApp, guild: &TestGuild<'_>, token: Option<&str>) -> Self {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let credentials = Credentials { guild: Some(&guild.slug), authorization: authorization.as_deref() };
        let origin = Origin::default();
        let auth = AuthContext::authenticate(&app.app, credentials, origin).await.unwrap();
        let stock = StockExecutor { schema: api::schema().finish(), auth };
        let router = Router::new()
            .route_service("/graphql", GraphQL::new(stock.clone()))
            .route_service("/ws", GraphQLSubscription::new(stock.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stock_address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { stock, stock_address, ours: app.serve().await, authorization, _tasks: tasks }
    }

    /// The library's server, then ours.
    fn urls(&self) -> [String; 2] {
        [format!("http://{}/graphql", self.stock_address), self.ours.url("/graphql")]
    }

    async fn reply(&self, mut request: RequestBuilder) -> Reply {
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        Reply::of(request).await
    }

    /// Sends a request to the library's server, then to ours.
    async fn send(&self, request: impl Fn(&reqwest::Client, String) -> RequestBuilder) -> [Reply; 2] {
        let [stock, ours] = self.urls().map(|url| request(&self.ours.client, url));
        [self.reply(stock).await, self.reply(ours).await]
    }

    /// Sends an operation as JSON.
    async fn post(&self, accept: &str, body: &Value) -> [Reply; 2] {
        self.send(|client, url| client.post(url).header("accept", accept).json(body)).await
    }

    /// Opens a WebSocket to the library's server, then to ours.
    async fn sockets(&self) -> [Socket; 2] {
        let stock = Socket::open(&format!("ws://{}/ws", self.stock_address), "graphql-transport-ws").await.unwrap();
        [stock, self.ours.connect().await]
    }
}

struct Reply {
    status: StatusCode,
    content_type: String,
    text: String,
}

impl Reply {
    async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let content_type = response.headers().get("content-type").map_or("", |it| it.to_str().unwrap());
        let media_type = content_type.split(';').next().unwrap().to_owned();
        Self { status: response.status(), content_type: media_type, text: response.text().await.unwrap() }
    }

    fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    fn has_errors(&self) -> bool {
        self.body().get("errors").is_some()
    }
}

/// Asserts what the library's handlers do and what ours do instead, for the reason in a section of `docs/decisions.md`.
#[track_caller]
fn compare<T: Debug + PartialEq>(section: &str, stock: (T, T), ours: (T, T)) {
    assert!(DECISIONS.contains(&format!("\n## {section}\n")), "docs/decisions.md has no section {section:?}");
    let ((stock, stock_expected), (ours, ours_expected)) = (stock, ours);
    assert_eq!(ours, ours_expected, "our server");
    assert_eq!(stock, stock_expected, "async-graphql-axum has changed: read {section:?} in docs/decisions.md again");
}

#[tokio::test]
async fn the_library_ignores_media_types_methods_and_status_codes() {
    const SECTION: &str = "HTTP: media types and status codes";
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let servers = Servers::start(&app, &guild, guild.leader().await.token.as_deref()).await;

    let [stock, ours] = servers.post(GRAPHQL_JSON, &json!({ "query": UNKNOWN_FIELD })).await;
    compare(SECTION, (stock.status, StatusCode::OK), (ours.status, StatusCode::BAD_REQUEST));
    compare(SECTION, (stock.body().get("data"), Some(&Value::Null)), (ours.body().get("data"), None));

    let [stock, ours] = servers.post(JSON, &json!({ "query": GUILD_SLUG })).await;
    compare(SECTION, (&*stock.content_type, GRAPHQL_JSON), (&*ours.content_type, JSON));

    let create = |name: &str| {
        format!("mutation {{ createMember(input: {{ discordUsername: \"{name}\" }}) {{ member {{ id }} }} }}")
    };
    let members = app.count_rows("members").await;
    let by_get = create("by_get");
    let [stock, ours] = servers.send(|client, url| client.get(url).query(&[("query", &by_get)])).await;
    compare(SECTION, (stock.status, StatusCode::OK), (ours.status, StatusCode::METHOD_NOT_ALLOWED));
    assert_eq!(app.count_rows("members").await, members + 1, "the library has executed the mutation");

    let as_text = json!({ "query": create("as_text") }).to_string();
    let post =
        |client: &reqwest::Client, url| client.post(url).header("content-type", "text/plain").body(as_text.clone());
    let [stock, ours] = servers.send(post).await;
    compare(SECTION, (stock.status, StatusCode::OK), (ours.status, StatusCode::UNSUPPORTED_MEDIA_TYPE));
    assert_eq!(app.count_rows("members").await, members + 2, "the library has executed the mutation");

    let [stock, ours] = servers.send(|client, url| client.post(url).header("content-type", JSON).body("{")).await;
    let is_json = |reply: &Reply| serde_json::from_str::<Value>(&reply.text).is_ok();
    compare(SECTION, (is_json(&stock), false), (is_json(&ours), true));
}

#[tokio::test]
async fn the_library_accepts_batches_and_forms() {
    const SECTION: &str = "Multipart: uploads, incremental delivery and batches";
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let servers = Servers::start(&app, &guild, None).await;

    let query = json!({ "query": GUILD_SLUG });
    let [stock, ours] = servers.post(GRAPHQL_JSON, &json!([query, query])).await;
    compare(SECTION, (stock.status, StatusCode::OK), (ours.status, StatusCode::BAD_REQUEST));

    let part =
        |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let form = format!("{}{}--x--\r\n", part("operations", &query.to_string()), part("map", "{}"));
    let post = |client: &reqwest::Client, url| {
        client.post(url).header("content-type", "multipart/form-data; boundary=x").body(form.clone())
    };
    let [stock, ours] = servers.send(post).await;
    compare(SECTION, (stock.status, StatusCode::OK), (ours.status, StatusCode::UNSUPPORTED_MEDIA_TYPE));
}

#[tokio::test]
async fn the_library_leaves_responses_incomplete_and_unordered() {
    const SECTION: &str = "Response completion";
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let closed = TestCampaign::live(&leader, 2, json!({})).await;
    closed.close(&leader).await;
    let servers = Servers::start(&app, &guild, None).await;

    let [stock, ours] = servers.post(JSON, &json!({ "query": "{ guild { memberCount } __typename }" })).await;
    let data = |first: &str| format!("{{\"data\":{{\"{first}\":");
    compare(
        SECTION,
        (stock.text.starts_with(&data("__typename")), true),
        (ours.text.starts_with(&data("guild")), true),
    );

    let [stock, ours] = servers.post(JSON, &json!({ "query": "{ ranks { name discordRoleId } }" })).await;
    let refused = |reply: &Reply| reply.body()["data"]["ranks"][0].get("discordRoleId").cloned();
    compare(SECTION, (refused(&stock), None), (refused(&ours), Some(Value::Null)));

    let query = "query($id: ID!) { campaign(id: $id) { ballotBox { __typename ballots(first: 0) { totalCount } } } }";
    let [stock, ours] = servers.post(JSON, &json!({ "query": query, "variables": closed.vars() })).await;
    let ballot_box = |reply: &Reply| reply.body()["data"]["campaign"]["ballotBox"].clone();
    let incomplete = json!({ "__typename": "BallotBox" });
    compare(SECTION, (ballot_box(&stock), incomplete), (ballot_box(&ours), Value::Null));
}

#[tokio::test]
async fn the_library_executes_fields_twice_and_without_all_checks() {
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let servers = Servers::start(&app, &guild, guild.leader().await.token.as_deref()).await;

    let create = "createCampaign(input: { title: \"x\", durationHours: 1, minRankLevelToVote: 1 })";
    let twice = format!("mutation {{ a: {create} {{ campaign {{ id }} }} a: {create} {{ campaign {{ title }} }} }}");
    let twice = json!({ "query": twice });
    let mut created = Vec::new();
    for url in servers.urls() {
        let before = app.count_rows("campaigns").await;
        assert!(!servers.reply(servers.ours.client.post(url).json(&twice)).await.has_errors());
        created.push(app.count_rows("campaigns").await - before);
    }
    compare("Merged selections", (created[0], 2), (created[1], 1));

    // Two different fields under one key, within two selections that are merged.
    let query = "{ guild { key: slug } guild { key: name } }";
    let [stock, ours] = servers.post(JSON, &json!({ "query": query })).await;
    compare("Validation", (stock.has_errors(), false), (ours.has_errors(), true));

    let members = app.count_rows("members").await;
    for (number, variables) in [json!({}), json!({ "start": "yesterday" })].iter().enumerate() {
        let query = format!(
            "mutation($start: DateTime!) {{
                createMember(input: {{ discordUsername: \"coerced{number}\" }}) {{ member {{ id }} }}
                createCampaign(input: {{ title: \"x\", durationHours: 1, minRankLevelToVote: 1, startAt: $start }}) {{
                    campaign {{ id }}
                }}
            }}"
        );
        let [stock, ours] = servers.post(JSON, &json!({ "query": query, "variables": variables })).await;
        let is_executed = |reply: &Reply| reply.body()["data"]["createMember"].is_object();
        compare("Variable coercion", (is_executed(&stock), true), (is_executed(&ours), false));
        assert!(stock.has_errors() && ours.has_errors());
    }
    assert_eq!(app.count_rows("members").await, members + 2, "the library has executed the mutations in part");
}

#[tokio::test]
async fn the_library_closes_sockets_with_other_codes_or_not_at_all() {
    const SECTION: &str = "WebSocket";
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let servers = Servers::start(&app, &guild, None).await;
    let closed = |code: u16| json!({ "close": code });

    let [mut stock, mut ours] = servers.sockets().await;
    stock.send_text("nonsense").await;
    ours.send_text("nonsense").await;
    compare(SECTION, (stock.receive().await, closed(1002)), (ours.receive().await, closed(4400)));

    let [mut stock, mut ours] = servers.sockets().await;
    stock.subscribe("1", GUILD_SLUG, json!({})).await;
    ours.subscribe("1", GUILD_SLUG, json!({})).await;
    compare(SECTION, (stock.receive().await, closed(1011)), (ours.receive().await, closed(4401)));

    // A second operation with an id that is in use, and then a query with another.
    let mut last = Vec::new();
    for mut socket in servers.sockets().await {
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.receive().await["type"], "connection_ack");
        for _ in 0..2 {
            socket.subscribe("1", WATCH_REVISION, campaign.vars()).await;
        }
        socket.subscribe("2", GUILD_SLUG, json!({})).await;
        loop {
            let message = socket.receive().await;
            if message["id"] != "1" {
                last.push(message);
                break;
            }
        }
    }
    let [stock, ours] = last.try_into().unwrap();
    let answered = json!({ "type": "next", "id": "2", "payload": { "data": { "guild": { "slug": "gg" } } } });
    compare(SECTION, (stock, answered), (ours, closed(4409)));

    // The sub-protocol that graphql-transport-ws has replaced.
    let stock = Socket::open(&format!("ws://{}/ws", servers.stock_address), "graphql-ws").await.is_ok();
    compare(SECTION, (stock, true), (servers.ours.try_connect("graphql-ws").await.is_ok(), false));
}

/// Ours closes with 4408 after ten seconds, which is too long to wait for here.
#[tokio::test]
async fn the_library_waits_for_connection_init_without_a_limit() {
    struct Unused;

    impl Wake for Unused {
        fn wake(self: Arc<Self>) {}
    }

    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let servers = Servers::start(&app, &guild, None).await;
    let upgrade =
        axum::http::Request::builder().header("sec-websocket-protocol", "graphql-transport-ws").body(()).unwrap();
    let protocol = GraphQLProtocol::from_request_parts(&mut upgrade.into_parts().0, &()).await.unwrap();
    let executor = servers.stock.clone();
    let mut silent =
        pin!(GraphQLWebSocket::new_with_pair(sink::drain(), stream::pending(), executor, protocol).serve());
    let unused = Arc::new(Unused);
    let waits = silent.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&unused)))) == Poll::Pending;
    // A timer would hold the waker. The silent client does not.
    let has_timer = Arc::strong_count(&unused) > 1;
    assert!(waits && !has_timer, "async-graphql-axum has changed: read \"WebSocket\" in docs/decisions.md again");
}

#[tokio::test]
async fn the_library_has_no_server_sent_events() {
    const SECTION: &str = "Server-sent events";
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let servers = Servers::start(&app, &guild, None).await;
    let [stock, ours] = servers.post("text/event-stream", &json!({ "query": GUILD_SLUG })).await;
    compare(SECTION, (&*stock.content_type, GRAPHQL_JSON), (&*ours.content_type, "text/event-stream"));
}
