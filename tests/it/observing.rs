//! The server's log, metrics and traces.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_graphql::ID;
use axum::{Router, body::Bytes, extract::State, routing::post};
use guildhall::kernel::id::EntryId;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{
    Client, PASSWORD, Socket, TestApp, TestCampaign, TestServer,
    documents::{CAST_BALLOT, GUILD_SLUG, NAMED_ROSTER, REFRESH_SESSION, SEND_INVITE},
    on_both,
    process::{ServerProcess, run, stdout},
};

const LOGIN: &str = "mutation SignIn($password: String!) {
    login(input: { discordUsername: \"voter\", password: $password }) { accessToken refreshToken }
}";

/// Posts an operation with a request id. Returns the response's request id and body.
async fn send(served: &ServerProcess, id: &str, token: Option<&str>, query: &str, variables: Value) -> (String, Value) {
    let body = json!({ "query": query, "variables": variables });
    let mut request = reqwest::Client::new().post(&served.url).header("x-request-id", id).json(&body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    (id, response.json().await.unwrap())
}

/// The forms in which a log could contain a secret: as text, as a list of bytes, and in hexadecimal.
fn spellings(secret: &str) -> [String; 3] {
    let bytes = secret.as_bytes();
    [secret.to_owned(), format!("{bytes:?}").replace(['[', ']'], ""), base16ct::lower::encode_string(bytes)]
}

/// The forms in which a log could contain a picked entry: the number in the database, and its bytes.
fn entry_spellings(entry: &str) -> [String; 3] {
    let EntryId(number) = EntryId::try_from(&ID::from(entry)).unwrap();
    let bytes = number.to_be_bytes();
    [number.to_string(), format!("{bytes:?}").replace(['[', ']'], ""), base16ct::lower::encode_string(&bytes)]
}

#[on_both]
async fn each_request_is_logged_without_secrets(app: TestApp) {
    // The server's process uses the system's clock.
    app.clock.set(guildhall::kernel::clock::Clock::system().now());
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let second = guild.member("second", "Member").await;
    let invited = guild.unregistered("invited", "Member").await;
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let flags = app.flags();
    let mut serve = vec!["serve", "--bind", "127.0.0.1:0"];
    serve.extend(flags.iter().map(String::as_str));
    // The most verbose log.
    let served = ServerProcess::start_with_env(folder.path(), &serve, &[("RUST_LOG", "trace")]);
    let token = |client: &Client<'_>| client.token.clone().unwrap();
    let mut secrets = vec![
        flags[3].clone(),
        PASSWORD.to_owned(),
        "wrong horse".to_owned(),
        token(&officer),
        token(&voter),
        token(&second),
    ];

    send(&served, "refused", None, LOGIN, json!({ "password": "wrong horse" })).await;
    let (_, response) = send(&served, "signed-in", None, LOGIN, json!({ "password": PASSWORD })).await;
    for name in ["accessToken", "refreshToken"] {
        secrets.push(response["data"]["login"][name].as_str().unwrap().to_owned());
    }
    let (_, response) = send(&served, "renewed", None, REFRESH_SESSION, json!({ "token": secrets.last() })).await;
    secrets.push(response["data"]["refreshSession"]["refreshToken"].as_str().unwrap().to_owned());
    let (_, response) =
        send(&served, "invited", Some(&token(&officer)), SEND_INVITE, json!({ "id": invited.id })).await;
    secrets.push(response["data"]["sendInvite"]["code"].as_str().unwrap().to_owned());
    let register = "mutation($code: String!, $password: String!) {
        register(input: { inviteCode: $code, discordUsername: \"invited\", password: $password }) { accessToken }
    }";
    let variables = json!({ "code": secrets.last(), "password": "a fresh password" });
    let (_, response) = send(&served, "registered", None, register, variables).await;
    secrets.extend([
        "a fresh password".to_owned(),
        response["data"]["register"]["accessToken"].as_str().unwrap().to_owned(),
    ]);
    let ballot = CAST_BALLOT.replace("mutation(", "mutation Vote(");
    let (_, response) = send(&served, "voted", Some(&token(&voter)), &ballot, campaign.ballot(&[0])).await;
    assert_eq!(response.get("errors"), None, "{response}");
    secrets.push(campaign.entries[0].clone());
    let mut socket = Socket::open(&served.url.replace("http", "ws"), "graphql-transport-ws").await.unwrap();
    socket
        .send(
            json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {}", token(&second)) } }),
        )
        .await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    for (id, query, variables) in
        [("1", LOGIN, json!({ "password": PASSWORD })), ("2", CAST_BALLOT, campaign.ballot(&[1]))]
    {
        socket.subscribe(id, query, variables).await;
        let response = socket.receive().await;
        assert!(response["payload"]["data"].is_object(), "{response}");
        secrets.extend(response["payload"]["data"]["login"]["accessToken"].as_str().map(str::to_owned));
        assert_eq!(socket.receive().await["type"], "complete");
    }
    drop(socket);
    secrets.push(campaign.entries[1].clone());
    // The prefix of stored password hashes.
    secrets.push("$argon2".to_owned());
    let by_get = format!(
        "{}?query=query%20Mine%7Bme%7Bid%7D%7D&variables=%7B%22secret%22%3A%22in%20the%20query%22%7D",
        served.url
    );
    reqwest::get(by_get).await.unwrap();
    secrets.push("in%20the%20query".to_owned());
    let (id, _) = send(&served, "not sane, at all", None, GUILD_SLUG, json!({})).await;
    assert!(!id.contains(' ') && !id.is_empty(), "{id}");
    send(&served, "long", None, &format!("query {} {{ guild {{ slug }} }}", "N".repeat(100)), json!({})).await;
    send(&served, "malformed", None, "{ guild { slug }", json!({})).await;

    let log = served.stop();
    let picks = campaign.entries.iter().map(|entry| entry_spellings(entry));
    for secret in secrets.iter().map(|secret| spellings(secret)).chain(picks).flatten() {
        let leak = log.iter().find(|line| line.contains(&secret));
        assert_eq!(leak, None, "{secret} is in the log");
    }
    let lines: Vec<Value> =
        log.iter().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let log_of =
        |id: &str| lines.iter().find(|line| line["request_id"] == id && line["message"] == "answered").unwrap();
    let voted = log_of("voted");
    assert_eq!(
        [&voted["operation"], &voted["kind"], &voted["transport"], &voted["outcome"]],
        ["Vote", "mutation", "http", "OK"]
    );
    assert!(voted["viewer"].is_i64() && voted["guild"].is_i64() && voted["ms"].as_f64() > Some(0.0), "{voted}");
    assert!(voted["statements"].as_u64() > Some(3), "{voted}");
    assert_eq!(log_of("refused")["outcome"], "UNAUTHENTICATED");
    assert_eq!(log_of("long")["operation"], "N".repeat(64));
    let malformed = log_of("malformed");
    assert_eq!(
        [&malformed["outcome"], &malformed["operation"], &malformed["kind"]],
        ["BAD_USER_INPUT", "-", "refused"]
    );
    assert!(lines.iter().any(|line| line["request_id"] == id.as_str()), "the server replaces an invalid request id");
    // Lines that are logged during the request have its id too.
    let in_request = |line: &Value| {
        line["spans"].as_array().is_some_and(|spans| spans.iter().any(|span| span["request_id"] == "voted"))
    };
    assert!(lines.iter().any(in_request));
}

#[on_both]
async fn metrics_count_requests_failures_and_subscribers(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let send = async |query: &str, variables: Value| {
        http.post(&json!({ "query": query, "variables": variables })).send().await.unwrap().bytes().await.unwrap()
    };
    // Operation names of anonymous clients do not count towards the limit on names of signed-in members.
    for number in 0..201 {
        send(&format!("query A{number} {{ __typename }}"), json!({})).await;
    }
    for _ in 0..2 {
        let roster = http.post(&json!({ "query": NAMED_ROSTER }));
        roster.bearer_auth(voter.token.as_ref().unwrap()).send().await.unwrap().bytes().await.unwrap();
    }
    send("query Roster { nonsense }", json!({})).await;
    send("mutation Bad { castBallot(input: { campaignId: \"x\", picks: [] }) { ballot { id } } }", json!({})).await;
    send(LOGIN, json!({ "password": "wrong horse" })).await;
    let bearer = format!("Bearer {}", voter.token.as_ref().unwrap());
    let mut socket = http.socket(json!({ "authorization": bearer })).await;
    socket
        .subscribe(
            "1",
            "subscription Moves($id: ID!) { voteTally(campaignId: $id) { turnout { voted } } }",
            json!({ "id": campaign.id }),
        )
        .await;
    socket.receive().await;
    let metrics = metrics(&http).await;
    for expected in [
        r#"guildhall_requests_total{operation="Roster",kind="query",transport="http",outcome="OK"} 2"#,
        r#"guildhall_requests_total{operation="-",kind="query",transport="http",outcome="OK"} 201"#,
        r#"guildhall_requests_total{operation="-",kind="refused",transport="http",outcome="BAD_USER_INPUT"} 1"#,
        r#"guildhall_requests_total{operation="-",kind="mutation",transport="http",outcome="UNAUTHENTICATED"} 2"#,
        r#"guildhall_request_seconds_count{operation="Roster",kind="query"} 2"#,
        r#"guildhall_failed_attempts_total{attempt="login"} 1"#,
        r#"guildhall_subscribers{of="tally"} 1"#,
        r#"guildhall_subscribers{of="turnout"} 0"#,
        r#"guildhall_subscribers{of="campaigns"} 0"#,
        "guildhall_database_up 1",
        "guildhall_build_info{version=",
        "guildhall_pool_connections{pool=",
        "guildhall_pool_wait_seconds_total{pool=",
        "guildhall_tallies_coalesced_total ",
        "guildhall_panics_total ",
    ] {
        assert!(metrics.contains(expected), "{expected} is not in\n{metrics}");
    }
    let counted = value(&metrics, "guildhall_tallies_counted_total");
    assert!(counted >= 1.0, "{metrics}");
    assert!(
        value(&metrics, r#"guildhall_request_statements_total{operation="Roster",kind="query"}"#) >= 2.0,
        "{metrics}"
    );
    // A tally is counted before it is sent.
    campaign.vote(&voter, &[0]).await;
    socket.receive().await;
    let metrics = self::metrics(&http).await;
    assert!(value(&metrics, "guildhall_tallies_counted_total") > counted, "{metrics}");
}

#[on_both]
async fn metrics_have_the_requested_format_and_those_of_the_process(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let socket = http.socket(json!({})).await;
    let get = async |accept: Option<&str>| {
        let request = http.client.get(http.url("/metrics"));
        let request = accept.into_iter().fold(request, |request, accept| request.header("Accept", accept));
        let response = request.send().await.unwrap();
        (response.headers()["content-type"].to_str().unwrap().to_owned(), response.text().await.unwrap())
    };
    for accept in [None, Some("text/plain;version=0.0.4"), Some("*/*")] {
        let (content_type, text) = get(accept).await;
        assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
        assert!(text.contains("\n# TYPE guildhall_panics_total counter\nguildhall_panics_total "), "{text}");
        assert!(text.contains("\n# TYPE guildhall_build_info gauge\nguildhall_build_info{version="), "{text}");
        assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    }
    let (content_type, text) = get(Some("application/openmetrics-text;version=1.0.0")).await;
    assert_eq!(content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(text.contains("\n# TYPE guildhall_panics counter\nguildhall_panics_total ") && text.ends_with("# EOF\n"));
    for (name, least) in [
        ("process_cpu_seconds_total", 0.001),
        ("process_resident_memory_bytes", 1e6),
        ("process_virtual_memory_bytes", 1e6),
        ("process_start_time_seconds", 1.6e9),
        ("process_open_fds", 3.0),
        ("process_max_fds", 16.0),
        ("process_threads", 2.0),
        ("guildhall_connections", 2.0),
        ("guildhall_websockets", 1.0),
    ] {
        let found = value(&text, &format!("{name} "));
        assert!(found >= least, "{name} is {found}");
    }
    socket.close().await;
}

async fn metrics(http: &TestServer) -> String {
    http.client.get(http.url("/metrics")).send().await.unwrap().text().await.unwrap()
}

fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {metrics}"));
    line.trim().parse().unwrap()
}

type Received = Arc<Mutex<Vec<u8>>>;

async fn receive(State(received): State<Received>, body: Bytes) {
    received.lock().unwrap().extend_from_slice(&body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_are_sent_to_a_configured_collector() {
    let received = Received::default();
    let collector = Router::new().route("/v1/traces", post(receive)).with_state(Arc::clone(&received));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collecting = tokio::spawn(async move { axum::serve(listener, collector).await });
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = ["bootstrap", "--guild", "gg", "--guild-name", "GG", "--leader", "leader"];
    stdout(&run(folder.path(), &bootstrap));
    let serve = ["serve", "--bind", "127.0.0.1:0"];
    let served = ServerProcess::start_with_env(folder.path(), &serve, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let body = json!({ "query": NAMED_ROSTER });
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let response =
        reqwest::Client::new().post(&served.url).header("traceparent", parent).json(&body).send().await.unwrap();
    assert!(response.status().is_success());
    // The remaining traces are sent at shutdown.
    tokio::task::spawn_blocking(move || served.stop()).await.unwrap();
    let received = received.lock().unwrap().clone();
    let holds = |needle: &[u8]| received.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"guildhall") && holds(b"query Roster"), "the service and the request");
    assert!(holds(b"database"), "the database queries");
    assert!(
        holds(&[0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c]),
        "the client's trace id"
    );
    collecting.abort();
}

/// Never responds to the first request, and records the bodies of the others.
async fn receive_later(State((received, first)): State<(Received, Arc<AtomicBool>)>, body: Bytes) {
    if first.swap(false, Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
    received.lock().unwrap().extend_from_slice(&body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_are_sent_again_after_a_collector_timed_out() {
    let (received, first) = (Received::default(), Arc::new(AtomicBool::new(true)));
    let state = (Arc::clone(&received), Arc::clone(&first));
    let collector = Router::new().route("/v1/traces", post(receive_later)).with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collecting = tokio::spawn(async move { axum::serve(listener, collector).await });
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = ["bootstrap", "--guild", "gg", "--guild-name", "GG", "--leader", "leader"];
    stdout(&run(folder.path(), &bootstrap));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ];
    let served = ServerProcess::start_with_env(folder.path(), &["serve", "--bind", "127.0.0.1:0"], &variables);
    let sent = async {
        while first.load(Ordering::Relaxed) {
            send(&served, "before", None, "query Before { guild { slug } }", json!({})).await;
        }
        let holds = |needle: &[u8]| received.lock().unwrap().windows(needle.len()).any(|window| window == needle);
        while !holds(b"query After") {
            send(&served, "after", None, "query After { guild { slug } }", json!({})).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), sent).await.expect("no more traces were sent");
    collecting.abort();
}
