//! Real failures of the database, the disk and the server: it reports them in bounded time, and recovers afterwards.

use std::{any::Any, io::Write, path::Path, process::Command, time::Duration};

use chrono::NaiveDateTime;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use guildhall::{
    api::Settings,
    db::{DatabaseUrl, Db},
    engine::Limits,
    http::RequestRates,
    kernel::{id::CampaignId, supervise},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, TestApp, TestCampaign, TestServer,
    databases::cluster::Cluster,
    documents::{CAMPAIGN_STATUS, CAST_BALLOT, CREATE_MEMBER, LOGIN, NAMED_ROSTER},
    on_both,
    process::{ServerProcess, run, stdout},
    sql, test_options, while_time_passes,
};

const RENAME: &str = "mutation Rename($name: String!) { updateGuild(input: { name: $name }) { guild { name } } }";
const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { turnout { voted } } }";

/// Time limit of a request to [`serve_with_time_limit`], on the server's clock.
const REQUEST_TIME: Duration = Duration::from_secs(1);

/// Serves an app whose requests are limited to [`REQUEST_TIME`].
async fn serve_with_time_limit(app: &TestApp) -> TestServer {
    let limits = Limits { request_timeout: REQUEST_TIME, ..Limits::DEFAULT };
    let settings = Settings { limits, clock: app.clock.clone(), ..Settings::default() };
    TestServer::start_with(app.app.clone(), &settings, RequestRates::default()).await
}

async fn post(http: &TestServer, token: Option<&String>, query: &str, variables: Value) -> (StatusCode, Value) {
    let mut request = http.post(&json!({ "query": query, "variables": variables }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

/// The code and the reason of a response's first error.
fn code_and_reason(response: &Value) -> (&str, &str) {
    let extensions = &response["errors"][0]["extensions"];
    (extensions["code"].as_str().unwrap_or("none"), extensions["reason"].as_str().unwrap_or("none"))
}

async fn status(http: &TestServer, path: &str) -> StatusCode {
    http.client.get(http.url(path)).send().await.unwrap().status()
}

async fn metrics(http: &TestServer) -> String {
    let response = http.client.get(http.url("/metrics")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_reconnects_to_a_restarted_database() {
    let Some(cluster) = Cluster::start().await else { return };
    let app = TestApp::on_cluster(&cluster).await;
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let voters = [guild.member("one", "Member").await, guild.member("two", "Member").await];
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut socket =
        http.socket(json!({ "authorization": format!("Bearer {}", voters[0].token.as_ref().unwrap()) })).await;
    socket.subscribe("1", WATCH, json!({ "id": campaign.id })).await;
    assert_eq!(socket.receive().await["payload"]["data"]["voteTally"]["turnout"]["voted"], 0);
    assert_eq!(status(&http, "/health/ready").await, StatusCode::OK);

    cluster.stop();
    assert_eq!(status(&http, "/health/ready").await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(status(&http, "/health/live").await, StatusCode::OK);
    let response = http.post(&json!({ "query": NAMED_ROSTER })).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    let response: Value = response.json().await.unwrap();
    assert_eq!(code_and_reason(&response), ("INTERNAL", "UNAVAILABLE"));
    let text = response.to_string();
    assert!(!text.contains("connect") && text.contains("request id"), "the cause stays in the log: {text}");
    let metrics = metrics(&http).await;
    assert!(metrics.contains("guildhall_database_up 0"), "{metrics}");

    cluster.restart("");
    assert_eq!(
        post(&http, None, NAMED_ROSTER, json!({})).await,
        (StatusCode::OK, json!({ "data": { "members": { "totalCount": 4 } } }))
    );
    assert_eq!(status(&http, "/health/ready").await, StatusCode::OK);
    // The subscription continues.
    let (_, cast) = post(&http, voters[0].token.as_ref(), CAST_BALLOT, campaign.ballot(&[0])).await;
    assert_eq!(cast.get("errors"), None, "{cast}");
    loop {
        let message = socket.receive().await;
        if message["payload"]["data"]["voteTally"]["turnout"]["voted"] == 1 {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_time_out_when_the_database_hangs() {
    let Some(cluster) = Cluster::start().await else { return };
    // No cached viewer is valid, so each request with a token needs the database.
    let app = TestApp::on_cluster(&cluster).await.with_options(|options| options.lease = Duration::ZERO).await;
    let leader = app.guild("gg").await.leader().await;
    let bearer = json!({ "authorization": format!("Bearer {}", leader.token.as_ref().unwrap()) });
    let http = serve_with_time_limit(&app).await;
    assert_eq!(post(&http, None, NAMED_ROSTER, json!({})).await.0, StatusCode::OK);
    let mut open = http.socket(bearer.clone()).await;
    let mut connecting = http.connect().await;
    cluster.pause();
    // The database does not respond, so each request reaches its limit as soon as the clock moves.
    let query = post(&http, None, NAMED_ROSTER, json!({}));
    let (status_of_query, response) = while_time_passes(&app.clock, 1, REQUEST_TIME, query).await;
    let signed_in = post(&http, leader.token.as_ref(), NAMED_ROSTER, json!({}));
    let (status_of_signed_in, response_to_signed_in) = while_time_passes(&app.clock, 1, REQUEST_TIME, signed_in).await;
    open.subscribe("1", NAMED_ROSTER, json!({})).await;
    let over_a_socket = while_time_passes(&app.clock, 1, REQUEST_TIME, open.receive()).await;
    connecting.send(json!({ "type": "connection_init", "payload": bearer })).await;
    let closed = while_time_passes(&app.clock, 1, REQUEST_TIME, connecting.receive()).await;
    let ready = status(&http, "/health/ready").await;
    let live = status(&http, "/health/live").await;
    cluster.resume();
    assert_eq!(
        (status_of_query, code_and_reason(&response)),
        (StatusCode::SERVICE_UNAVAILABLE, ("INTERNAL", "UNAVAILABLE"))
    );
    assert_eq!(
        (status_of_signed_in, code_and_reason(&response_to_signed_in)),
        (StatusCode::SERVICE_UNAVAILABLE, ("INTERNAL", "UNAVAILABLE"))
    );
    assert_eq!(
        (&over_a_socket["type"], &over_a_socket["payload"][0]["extensions"]["reason"]),
        (&json!("error"), &json!("UNAVAILABLE"))
    );
    assert_eq!(closed, json!({ "close": 1011 }));
    assert_eq!((ready, live), (StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK));
    assert_eq!(post(&http, None, NAMED_ROSTER, json!({})).await.0, StatusCode::OK);
    assert_eq!(status(&http, "/health/ready").await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ballot_whose_lock_wait_is_cancelled_leaves_a_usable_connection() {
    #[derive(diesel::QueryableByName)]
    struct Cancelled {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        done: bool,
    }
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let draft = TestCampaign::live(&officer, 2, json!({})).await;
    let only_one = Db::connect(&app.database, 1).await.unwrap();
    let server = app.another_server_on(only_one, test_options());
    let DatabaseUrl::Postgres { url, .. } = &app.database else { panic!("not PostgreSQL") };
    let mut closing = AsyncPgConnection::establish(url.reveal()).await.unwrap();
    let campaign = CampaignId::try_from(&async_graphql::ID(draft.id.clone())).unwrap();
    let lock_key = guild.id.0 ^ campaign.0;
    closing.batch_execute(&format!("BEGIN; SELECT pg_advisory_xact_lock({lock_key})")).await.unwrap();
    let cancel_wait = async {
        let cancel = "SELECT pg_cancel_backend(pid) AS done FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        while !diesel::sql_query(cancel).load::<Cancelled>(&mut closing).await.unwrap().iter().any(|it| it.done) {}
    };
    let (cast, ()) = tokio::join!(voter.run_on(&server, CAST_BALLOT, draft.ballot(&[0])), cancel_wait);
    assert_eq!(code_and_reason(&cast).0, "INTERNAL", "{cast}");
    closing.batch_execute("COMMIT").await.unwrap();
    let cast = voter.run_on(&server, CAST_BALLOT, draft.ballot(&[0])).await;
    assert_eq!(cast["errors"], Value::Null, "{cast}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_database_still_serves_queries() {
    let Some(cluster) = Cluster::start().await else { return };
    let app = TestApp::on_cluster(&cluster).await;
    let leader = app.guild("gg").await.leader().await;
    let http = app.serve().await;
    cluster.stop();
    cluster.restart("-c default_transaction_read_only=on");
    assert_eq!(post(&http, leader.token.as_ref(), NAMED_ROSTER, json!({})).await.0, StatusCode::OK);
    let (status, response) = post(&http, leader.token.as_ref(), RENAME, json!({ "name": "Other" })).await;
    assert_eq!((status, code_and_reason(&response)), (StatusCode::SERVICE_UNAVAILABLE, ("INTERNAL", "UNAVAILABLE")));
    cluster.stop();
    cluster.restart("");
    assert_eq!(post(&http, leader.token.as_ref(), RENAME, json!({ "name": "Other" })).await.0, StatusCode::OK);
}

/// Blocks every change of a guild until the returned connection is dropped.
async fn block_writes(database: &DatabaseUrl) -> Box<dyn Any + Send> {
    match database {
        DatabaseUrl::Sqlite(path) => {
            let mut conn = <diesel::SqliteConnection as diesel::Connection>::establish(path).unwrap();
            diesel::connection::SimpleConnection::batch_execute(&mut conn, "BEGIN IMMEDIATE").unwrap();
            Box::new(conn)
        }
        DatabaseUrl::Postgres { url, .. } => {
            let mut conn = AsyncPgConnection::establish(url.reveal()).await.unwrap();
            conn.batch_execute("BEGIN; SELECT id FROM guilds FOR UPDATE").await.unwrap();
            Box::new(conn)
        }
    }
}

/// Whether a transaction waits for the lock of [`block_writes`].
async fn is_writing(app: &TestApp) -> bool {
    if app.app.db.is_shared() {
        return sql::lock_waiters(&app.app).await > 0;
    }
    let pools = app.app.db.pools();
    pools.iter().any(|(name, _, pool)| *name == "writer" && pool.idle_connections < pool.connections)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_waits_for_mutations_of_disconnected_clients() {
    let Some(app) = TestApp::on_postgres().await else { return };
    // The server's process uses the system's clock.
    app.clock.set(guildhall::kernel::clock::Clock::system().now());
    let leader = app.guild("gg").await.leader().await;
    let folder = tempfile::tempdir().unwrap();
    let flags = app.flags();
    let mut serve = vec!["serve", "--bind", "127.0.0.1:0"];
    serve.extend(flags.iter().map(String::as_str));
    let mut served = ServerProcess::start(folder.path(), &serve);
    let blocker = block_writes(&app.database).await;
    let body = json!({ "query": RENAME, "variables": { "name": "Gone" } });
    let request = reqwest::Client::new().post(&served.url).bearer_auth(leader.token.as_ref().unwrap());
    let sent = tokio::spawn(request.json(&body).send());
    let has_started = async {
        let waiting = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while app.count_rows(waiting).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), has_started).await.expect("the mutation did not start");
    sent.abort();
    assert!(sent.await.is_err());
    served.terminate();
    served.wait_for_log("shutting down");
    drop(blocker);
    let ended = tokio::task::spawn_blocking(move || served.child.wait().unwrap()).await.unwrap();
    assert!(ended.success());
    let name = leader.ok("{ guild { name } }", json!({})).await;
    assert_eq!(name["guild"]["name"], "Gone");
}

#[on_both]
async fn a_mutation_on_a_slow_database_times_out_and_still_completes(app: TestApp) {
    let leader = app.guild("gg").await.leader().await;
    let http = serve_with_time_limit(&app).await;
    let blocker = block_writes(&app.database).await;
    let time_out = async {
        // Not earlier, because authentication has the same time limit.
        while !is_writing(&app).await {
            tokio::task::yield_now().await;
        }
        app.clock.advance(REQUEST_TIME);
    };
    let rename = post(&http, leader.token.as_ref(), RENAME, json!({ "name": "Late" }));
    let ((status, response), ()) = tokio::join!(rename, time_out);
    assert_eq!(
        (status, code_and_reason(&response)),
        (StatusCode::SERVICE_UNAVAILABLE, ("QUERY_TOO_COMPLEX", "OUT_OF_TIME"))
    );
    drop(blocker);
    // As the error says, the mutation continues.
    let name = "query { guild { name } }";
    let renamed = async {
        while post(&http, None, name, json!({})).await.1["data"]["guild"]["name"] != "Late" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renamed).await.expect("the mutation did not complete");
}

#[on_both]
async fn shutdown_completes_the_running_operations_of_sockets_and_starts_no_more(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut socket =
        http.socket(json!({ "authorization": format!("Bearer {}", leader.token.as_ref().unwrap()) })).await;
    socket.subscribe("watch", WATCH, json!({ "id": campaign.id })).await;
    assert_eq!(socket.receive().await["type"], "next");
    let blocker = block_writes(&app.database).await;
    socket.subscribe("rename", RENAME, json!({ "name": "In the end" })).await;
    // The pong shows that the server has read the messages before the ping.
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await["type"], "pong");
    http.shutdown.send_replace(true);
    socket.subscribe("too late", RENAME, json!({ "name": "Too late" })).await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await["type"], "pong");
    drop(blocker);
    let response = socket.receive().await;
    assert_eq!(
        (&response["id"], &response["payload"]["data"]["updateGuild"]["guild"]["name"]),
        (&json!("rename"), &json!("In the end"))
    );
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "rename" }));
    assert_eq!(socket.receive().await, json!({ "close": 1001 }));
    drop(socket);
    http.shutdown.closed().await;
    app.app.mutations.closed().await;
    let name = leader.ok("{ guild { name } }", json!({})).await;
    assert_eq!(name["guild"]["name"], "In the end");
}

// On one database, since panics are counted for the whole process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_gets_a_response_is_counted_and_leaves_the_server_running() {
    supervise::count_panics();
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let http = app.serve().await;
    let counted = async || {
        let metrics = metrics(&http).await;
        let line = metrics.lines().find_map(|line| line.strip_prefix("guildhall_panics_total ")).unwrap();
        line.parse::<u64>().unwrap()
    };
    let until_more_than = async |before: u64| {
        let more = async {
            while counted().await <= before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), more).await.expect("nothing has panicked");
    };
    let (now, before) = (app.now(), counted().await);
    // At the largest possible time, the background tasks cannot compute their next run. They panic, and panic again
    // after a restart.
    app.clock.set(NaiveDateTime::MAX);
    until_more_than(before).await;
    until_more_than(counted().await).await;
    let credentials = json!({ "name": "officer", "password": PASSWORD });
    let (status, response) = post(&http, None, LOGIN, credentials.clone()).await;
    assert_eq!(
        (status, code_and_reason(&response)),
        (StatusCode::INTERNAL_SERVER_ERROR, ("INTERNAL", "none")),
        "{response}"
    );
    app.clock.set(now);
    let (_, response) = post(&http, None, LOGIN, credentials.clone()).await;
    assert_eq!(response.get("errors"), None, "{response}");
    // The background tasks work again.
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    app.clock.advance(Duration::from_hours(24 * 365));
    let closed = async {
        while post(&http, None, CAMPAIGN_STATUS, json!({ "id": campaign.id })).await.1["data"]["campaign"]["status"]
            != "CLOSED"
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.expect("the vote was not closed at its end");
}

/// A file system of 8 MiB, which the test fills.
struct SmallFileSystem<'f>(&'f Path);

impl<'f> SmallFileSystem<'f> {
    /// `None` if this process may not mount one.
    fn mount(folder: &'f Path) -> Option<Self> {
        let arguments = ["-t", "tmpfs", "-o", "size=8m", "tmpfs"];
        let mounted = Command::new("mount").args(arguments).arg(folder).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallFileSystem<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_until_space_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = SmallFileSystem::mount(folder.path()) else {
        let _ = writeln!(
            std::io::stderr(),
            "note: a full disk is not tested, because this process may not mount a file system: run as root."
        );
        return;
    };
    let bootstrap = ["bootstrap", "--guild", "gg", "--guild-name", "GG", "--leader", "leader"];
    stdout(&run(small.0, &bootstrap));
    let served = ServerProcess::start(small.0, &["serve", "--bind", "127.0.0.1:0"]);
    let token = run(small.0, &["token", "--guild", "gg", "--member", "leader"]);
    let token = stdout(&token).split_whitespace().nth(1).unwrap().to_owned();
    let full = small.0.join("filling");
    // The write fails once the file system is full.
    let _ = std::fs::write(&full, vec![0; 16 * 1_024 * 1_024]);
    let client = reqwest::Client::new();
    let add_member = async |number: usize| {
        let input = json!({ "discordUsername": format!("member{number}") });
        let body = json!({ "query": CREATE_MEMBER, "variables": { "input": input } });
        let response = client.post(&served.url).bearer_auth(&token).json(&body).send().await.unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let mut added = 0;
    let refused = loop {
        let (status, response) = add_member(added).await;
        if status != StatusCode::OK {
            break (status, response);
        }
        assert_eq!(response.get("errors"), None, "{response}");
        added += 1;
        assert!(added < 10_000, "the disk never filled up");
    };
    assert_eq!(
        (refused.0, code_and_reason(&refused.1)),
        (StatusCode::SERVICE_UNAVAILABLE, ("INTERNAL", "UNAVAILABLE"))
    );
    let count = "{ members { totalCount } }";
    let counted = served.post(None, count, json!({})).await.unwrap();
    assert_eq!(counted["data"]["members"]["totalCount"], added + 1, "what was acknowledged, and nothing else");
    std::fs::remove_file(full).unwrap();
    let (status, response) = add_member(added).await;
    assert_eq!((status, response.get("errors")), (StatusCode::OK, None), "{response}");
}
