//! Clients that do not read what the server sends, and requests that the server refuses before it has read them.

use std::{sync::Arc, time::Duration};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use crate::support::{
    Socket, TestApp, TestCampaign, TestServer,
    documents::{GUILD_SLUG, WATCH_REVISION},
    on_both, while_time_passes,
};

const FILE: &str = "query($id: ID!) { campaign(id: $id) { ballotBox { count digest file } } }";

/// A closed vote with some ballots.
async fn closed_vote(app: &TestApp) -> TestCampaign {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 3, json!({ "title": "Ein \"Titel\"\n".trim() })).await;
    let mut rows = Vec::new();
    for number in 0..10 {
        rows.push(guild.member_row(&format!("voter{number}"), "Member", true).await);
    }
    for (number, voter) in guild.add_members(rows).await.iter().enumerate() {
        campaign.vote(voter, &[number % 3]).await;
    }
    campaign.close(&leader).await;
    campaign
}

#[on_both]
async fn a_ballot_box_is_loaded_once_for_all_requests(app: TestApp) {
    let campaign = closed_vote(&app).await;
    let guild = app.guild("other").await;
    let (stranger, http) = (guild.anonymous(), app.serve().await);
    let operation = json!({ "query": FILE, "variables": campaign.vars() });
    let get = async || {
        let response = http.post(&operation).header("X-Guild", "gg").send().await.unwrap();
        let length = response.content_length().unwrap();
        let text = response.text().await.unwrap();
        assert_eq!(length, text.len() as u64);
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let first = get().await;
    let statements = app.app.db.statements();
    let second = get().await;
    let repeated = app.app.db.statements() - statements;
    assert_eq!(first, second);
    let file: Value = serde_json::from_str(first["data"]["campaign"]["ballotBox"]["file"].as_str().unwrap()).unwrap();
    assert_eq!((&file["title"], file["ballots"].as_array().unwrap().len()), (&json!("Ein \"Titel\""), 10));
    assert!(repeated <= 4, "{repeated} statements for a cached ballot box");
    // The file is the same over other transports, and another guild cannot read it.
    let events = http.post(&operation).header("X-Guild", "gg").header("Accept", "text/event-stream");
    let events = events.send().await.unwrap().text().await.unwrap();
    let data = events.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), first);
    let mut socket = http.socket(json!({ "guild": "gg" })).await;
    socket.subscribe("1", FILE, campaign.vars()).await;
    assert_eq!(socket.receive().await["payload"], first);
    assert_eq!(stranger.ok(FILE, campaign.vars()).await, json!({ "campaign": null }));
}

/// A box must not be too large for the cache's share of memory: large ones take the most time to load.
#[on_both]
async fn a_large_ballot_box_is_cached_too(app: TestApp) {
    const BALLOTS: usize = 12_000;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 2, json!({})).await;
    let mut rows = Vec::new();
    for number in 0..BALLOTS {
        rows.push(guild.member_row(&format!("voter{number}"), "Initiate", false).await);
    }
    guild.add_members(rows).await;
    app.execute_sql(
        "INSERT INTO ballots (guild_id, campaign_id, member_id, cast_at, nonce)
            SELECT members.guild_id, campaigns.id, members.id, members.created_at, CAST(members.id AS TEXT)
            FROM members, campaigns WHERE members.registered_at IS NULL;
        INSERT INTO picks (guild_id, campaign_id, member_id, position, entry_id)
            SELECT guild_id, campaign_id, member_id, 1, (SELECT min(id) FROM entries) FROM ballots;",
    )
    .await;
    campaign.close(&leader).await;
    let read = async || {
        let before = app.app.db.statements();
        let found = leader.ok("query($id: ID!) { campaign(id: $id) { ballotBox { count digest } } }", campaign.vars());
        let ballot_box = found.await["campaign"]["ballotBox"].clone();
        (ballot_box, app.app.db.statements() - before)
    };
    let (first, loaded) = read().await;
    let (second, repeated) = read().await;
    assert_eq!(first["count"], BALLOTS);
    assert_eq!(first, second);
    assert!(repeated + 4 <= loaded, "{repeated} statements for a cached ballot box, {loaded} before");
}

/// Sends requests and reads nothing. The operating system keeps only a part of the responses.
async fn send_requests(http: &TestServer, body: &Value) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(http.address).await.unwrap();
    let body = body.to_string();
    let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length:";
    // Three times, because the server's operating system may keep the first two responses.
    let request = format!("{head} {}\r\n\r\n{body}", body.len()).repeat(3);
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn unread_bytes(http: &TestServer) -> f64 {
    let metrics = http.client.get(http.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = metrics.lines().find_map(|line| line.strip_prefix("guildhall_unread_response_bytes "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

/// Each response is several megabytes.
#[on_both]
async fn unread_responses_have_bounded_memory(app: TestApp) {
    app.guild("gg").await;
    let mut http = app.serve().await;
    // A connection for each request: the clock moves so fast that an idle one may seem to be stalled.
    http.client = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let fields: Vec<String> = (0..50).map(|n| format!("{}{n}: __schema {{ ...S }}", "a".repeat(10))).collect();
    let query = format!(
        "{{ {} }} fragment S on __Schema {{ types {{ name description fields {{ name description }} }} }}",
        fields.join(" ")
    );
    let operation = json!({ "query": query });
    let whole = http.post(&operation).send().await.unwrap().bytes().await.unwrap().len();
    assert!(whole > 2_000_000, "{whole}");
    let mut unread = Vec::new();
    for _ in 0..30 {
        unread.push(send_requests(&http, &operation).await);
    }
    // Other clients are served meanwhile, and their large responses replace those of clients that do not read.
    let served = async {
        let mut most = 0.0;
        while most < 16e6 {
            let used = unread_bytes(&http).await;
            assert!(used <= 48.0 * 1_024.0 * 1_024.0, "{used}");
            most = f64::max(most, used);
            let small: Value = http.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap().json().await.unwrap();
            assert_eq!(small["data"]["guild"]["slug"], "gg");
        }
        loop {
            let response = http.post(&operation).send().await.unwrap();
            if response.status() == StatusCode::OK {
                assert_eq!(response.bytes().await.unwrap().len(), whole);
                return;
            }
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()["retry-after"], "1");
            let refused: Value = response.json().await.unwrap();
            assert_eq!(refused["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        }
    };
    let served = while_time_passes(&app.clock, 1, Duration::from_secs(5), served);
    tokio::time::timeout(Duration::from_mins(3), served).await.expect("no large response was sent");
    drop(unread);
}

#[on_both]
async fn a_client_reads_its_refusal_even_if_it_is_still_sending(app: TestApp) {
    app.guild("gg").await;
    let http = TestServer::start(Arc::clone(&app.app)).await;
    let body = vec![b' '; 10 * 1_024 * 1_024];
    let json = "Content-Type: application/json\r\n";
    let length = format!("Content-Length: {}\r\n", body.len());
    for (head, status) in [
        (format!("POST /graphql HTTP/1.1\r\nHost: x\r\n{json}{length}\r\n"), "413"),
        (format!("PUT /graphql HTTP/1.1\r\nHost: x\r\n{json}{length}\r\n"), "405"),
        (format!("POST /graphiql HTTP/1.1\r\nHost: x\r\n{length}\r\n"), "405"),
        (format!("POST /nowhere HTTP/1.1\r\nHost: x\r\n{length}\r\n"), "404"),
        (format!("POST /graphql HTTP/1.1\r\n{json}{length}\r\n"), "400"),
        (format!("POST /graphql HTTP/1.1\r\nHost: x\r\nX-Long: {}", "a".repeat(300_000)), "431"),
    ] {
        let mut stream = TcpStream::connect(http.address).await.unwrap();
        let name = head.get(..40).unwrap().to_owned();
        stream.write_all(head.as_bytes()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        if status != "431" {
            stream.write_all(&body).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let response = String::from_utf8(response).unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {response:.100}");
    }
}

#[on_both]
async fn variables_count_towards_the_limit_of_a_socket(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    // All subscriptions of a socket start, one after the other.
    for number in 0..100 {
        socket.subscribe(&number.to_string(), WATCH_REVISION, campaign.vars()).await;
    }
    for _ in 0..100 {
        assert_eq!(socket.receive().await["type"], "next");
    }
    let long = json!({ "id": "x".repeat(20_000) });
    let mut socket = http.socket(json!({})).await;
    socket.subscribe("long", WATCH_REVISION, long.clone()).await;
    let refused = socket.receive().await;
    assert_eq!(refused["payload"][0]["extensions"]["code"], "QUERY_TOO_COMPLEX", "{refused}");
    // Sixteen KiB each, of 256.
    let query = "subscription($id: ID!, $text: String!) {
        voteTally(campaignId: $id) { campaign { ballotBox { ballot(receipt: $text) { receipt } } } }
    }";
    let mut refused = 0;
    for number in 0..20 {
        let variables = json!({ "id": campaign.id, "text": "x".repeat(15_000) });
        socket.subscribe(&number.to_string(), query, variables).await;
        let response = socket.receive().await;
        refused += usize::from(response["payload"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX");
    }
    assert_eq!(refused, 4);
}

/// A parsed document takes many times the memory of its text, but subscriptions of the same document share it.
#[on_both]
async fn different_documents_count_towards_the_limit_of_a_socket(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    // About 79 KB each, of 1 MB.
    let document = |number: usize| format!("{WATCH_REVISION}{}", " ".repeat(900 + number));
    let subscribe = async |socket: &mut Socket, id: usize, document: &str| {
        socket.subscribe(&id.to_string(), document, campaign.vars()).await;
        let response = socket.receive().await;
        let code = &response["payload"][0]["extensions"]["code"];
        assert!(response["type"] == "next" || code == "QUERY_TOO_COMPLEX", "{response}");
        response["type"] == "next"
    };
    let mut started = 0;
    for number in 0..20 {
        started += usize::from(subscribe(&mut socket, number, &document(number)).await);
    }
    assert_eq!(started, 12);
    assert!(subscribe(&mut socket, 50, &document(0)).await, "another subscription of the same document");
    // The document is in use until the last of its subscriptions ends.
    socket.send(json!({ "type": "complete", "id": "0" })).await;
    assert!(!subscribe(&mut socket, 51, &document(30)).await);
    socket.send(json!({ "type": "complete", "id": "50" })).await;
    assert!(subscribe(&mut socket, 52, &document(30)).await);
}
