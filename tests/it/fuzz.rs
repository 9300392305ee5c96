//! Fuzz tests: malformed requests, ids, cursors, rosters and frames get errors, and the server keeps working.
//! `PROPTEST_CASES` sets the number of cases for each.
//!
//! The cases are mutations of the files in `tests/corpus`: usual inputs, edge cases, and inputs that once failed.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestCaseError, TestRunner},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Client, TestApp, TestServer,
    documents::{DELETE_CHARACTER, GUILD_SLUG, NODE_ID},
    on_both,
};

/// Number of cases for each test, unless the environment sets it.
const CASES: u32 = 48;

type Bytes = Vec<u8>;

/// The files of a kind in the corpus.
fn corpus(kind: &str) -> Vec<Bytes> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// A seed with up to five random changes.
fn mutated(seeds: Vec<Bytes>) -> impl Strategy<Value = Bytes> {
    let change = (0..5_u8, any::<Index>(), any::<Index>(), any::<u8>());
    (select(seeds.clone()), select(seeds), proptest::collection::vec(change, 0..6)).prop_map(
        |(mut bytes, other, changes)| {
            for (kind, from, to, byte) in changes {
                let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
                let (from, to) = (from.min(to), from.max(to));
                match kind {
                    0 => bytes.insert(from, byte),
                    1 => drop(bytes.drain(from..to)),
                    2 if from < bytes.len() => bytes[from] = byte,
                    3 => drop(bytes.splice(from..from, bytes[from..to].to_vec())),
                    _ => drop(bytes.splice(from..to, other.iter().copied())),
                }
                bytes.truncate(16 * 1_024);
            }
            bytes
        },
    )
}

/// Tries each seed, and then random mutations of the seeds.
fn try_all(seeds: Vec<Bytes>, attempt: impl AsyncFn(Bytes) -> Result<(), TestCaseError>) {
    let handle = Handle::current();
    tokio::task::block_in_place(|| {
        for seed in &seeds {
            let outcome = handle.block_on(attempt(seed.clone()));
            outcome.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(seed)));
        }
        let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
        let mut runner =
            TestRunner::new(Config { cases, max_shrink_iters: 500, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&mutated(seeds), |bytes| handle.block_on(attempt(bytes)));
        outcome.unwrap_or_else(|error| panic!("{error}"));
    });
}

/// Checks that a response has data, or errors with a message and a code other than `INTERNAL`.
fn check_response(response: &Value) -> Result<(), TestCaseError> {
    prop_assert!(response.get("data").is_some() || response.get("errors").is_some(), "{response}");
    for error in response["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        prop_assert!(!code.is_empty() && code != "INTERNAL", "{response}");
        prop_assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{response}");
    }
    Ok(())
}

async fn run_checked(client: &Client<'_>, query: &str, variables: Value) -> Result<Value, TestCaseError> {
    let response = client.run(query, variables).await;
    check_response(&response)?;
    Ok(response)
}

async fn is_serving(http: &TestServer) -> bool {
    let response = http.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap();
    response.json::<Value>().await.unwrap() == json!({ "data": { "guild": { "slug": "gg" } } })
}

async fn serve(app: &TestApp) -> TestServer {
    app.guild("gg").await;
    app.serve().await
}

#[on_both]
async fn arbitrary_bodies_get_a_response(app: TestApp) {
    let http = serve(&app).await;
    try_all(corpus("bodies"), async |body| {
        let response = http
            .client
            .post(http.url("/graphql"))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = response.status();
        prop_assert!(status == StatusCode::OK || status == StatusCode::BAD_REQUEST, "{status}");
        check_response(&response.json().await.unwrap())
    });
    assert!(is_serving(&http).await);
}

#[on_both]
async fn arbitrary_ids_are_found_or_not_found(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("someone", "Member").await;
    let mut seeds = corpus("ids");
    seeds.push(member.id.clone().into_bytes());
    try_all(seeds, async |id| {
        let id = String::from_utf8_lossy(&id).into_owned();
        let response = run_checked(&member, NODE_ID, json!({ "id": id })).await?;
        prop_assert!(response["data"]["node"].is_null() || response["data"]["node"]["id"] == id, "{response}");
        let response = run_checked(&member, DELETE_CHARACTER, json!({ "id": id })).await?;
        prop_assert_eq!(&response["errors"][0]["extensions"]["code"], "NOT_FOUND");
        Ok(())
    });
}

#[on_both]
async fn arbitrary_cursors_are_accepted_or_refused_with_the_field(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let page = "query($after: String) { members(first: 1, after: $after) { pageInfo { endCursor } } }";
    let first = guild.anonymous().ok(page, json!({})).await;
    let ours = first["members"]["pageInfo"]["endCursor"].as_str().unwrap().as_bytes().to_vec();
    // The same position with a forged tag.
    let forged = [if ours[0] == b'A' { b"B" } else { b"A" }, &ours[1..]].concat();
    let mut seeds = corpus("cursors");
    seeds.extend([forged, ours]);
    try_all(seeds.clone(), async |cursor| {
        let (ours, cursor) =
            (String::from_utf8_lossy(seeds.last().unwrap()), String::from_utf8_lossy(&cursor).into_owned());
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let response = run_checked(&guild.anonymous(), page, json!({ "after": cursor })).await?;
        let refused = &response["errors"][0]["extensions"]["field"];
        if cursor == ours {
            prop_assert!(response.get("errors").is_none(), "{response}");
        } else if bytes(&cursor).is_none() || bytes(&cursor) != bytes(&ours) {
            prop_assert!(refused == "after", "{response}");
        }
        Ok(())
    });
}

#[on_both]
async fn arbitrary_rosters_are_read_or_refused_by_row(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let import =
        "mutation($input: ImportRosterInput!) { importRoster(input: $input) { imported problems { place message } } }";
    try_all(corpus("rosters"), async |data| {
        let data = String::from_utf8_lossy(&data).into_owned();
        for (format, skip) in [("CSV", false), ("JSON", true)] {
            let input = json!({ "format": format, "data": data, "skipBad": skip });
            let response = run_checked(&leader, import, json!({ "input": input })).await?;
            let done = &response["data"]["importRoster"];
            let problems = done["problems"].as_array().map_or(0, Vec::len);
            prop_assert!(response.get("errors").is_some() || skip || done["imported"] == (problems == 0), "{response}");
        }
        Ok(())
    });
}

#[on_both]
async fn arbitrary_frames_close_at_most_their_own_socket(app: TestApp) {
    let http = serve(&app).await;
    try_all(corpus("frames"), async |frame| {
        let mut socket = http.socket(json!({})).await;
        let sent = frame.clone();
        let text = String::from_utf8(frame.clone()).map_or_else(|_| Message::binary(frame), Message::text);
        let _ = socket.0.send(text).await;
        let last = json!({ "type": "subscribe", "id": "the last", "payload": { "query": GUILD_SLUG } });
        // The server may have closed the socket already.
        let _ = socket.0.send(Message::text(last.to_string())).await;
        // A subscription may never send a response, so none is awaited.
        let message: Value = serde_json::from_slice(&sent).unwrap_or_default();
        let is_subscription = String::from_utf8_lossy(&sent).contains("subscription");
        let mut awaited: Vec<Value> = vec![json!("the last")];
        awaited.extend((message["type"] == "subscribe" && !is_subscription).then(|| message["id"].clone()));
        // Until every operation has ended, or the server closes the socket.
        while !awaited.is_empty() {
            match tokio::time::timeout(Duration::from_secs(20), socket.0.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let received: Value = serde_json::from_str(&text).unwrap();
                    match received["type"].as_str() {
                        Some("next") => check_response(&received["payload"])?,
                        Some("error") => check_response(&json!({ "errors": received["payload"] }))?,
                        _ => {}
                    }
                    if received["type"] == "complete" || received["type"] == "error" {
                        awaited.retain(|id| *id != received["id"]);
                    }
                }
                Ok(Some(Ok(Message::Close(Some(close))))) => {
                    let code = u16::from(close.code);
                    prop_assert!((4_400..4_500).contains(&code), "{code}");
                    return Ok(());
                }
                Ok(Some(Ok(_))) => {}
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            }
        }
        Ok(())
    });
    assert!(is_serving(&http).await);
}
