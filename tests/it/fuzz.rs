//! Whatever comes in: requests, ids, cursors, rosters and frames that nobody sends on purpose are refused in words, and
//! the server goes on. `PROPTEST_CASES` says how many are tried of each.
//!
//! They grow from `tests/corpus`, a file each: what is usual, what is near to going wrong, and whatever once did.

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

/// How many are tried of each unless the environment says otherwise.
const CASES: u32 = 48;

type Bytes = Vec<u8>;

/// What is kept of a kind.
fn corpus(kind: &str) -> Vec<Bytes> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// One of these, changed at a few places.
fn near(seeds: Vec<Bytes>) -> impl Strategy<Value = Bytes> {
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

/// Tries what is kept as it stands, and then what is near to it.
fn try_all(seeds: Vec<Bytes>, attempt: impl AsyncFn(Bytes) -> Result<(), TestCaseError>) {
    let handle = Handle::current();
    tokio::task::block_in_place(|| {
        for seed in &seeds {
            let tried = handle.block_on(attempt(seed.clone()));
            tried.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(seed)));
        }
        let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
        let mut runner =
            TestRunner::new(Config { cases, max_shrink_iters: 500, failure_persistence: None, ..Config::default() });
        let tried = runner.run(&near(seeds), |bytes| handle.block_on(attempt(bytes)));
        tried.unwrap_or_else(|error| panic!("{error}"));
    });
}

/// Holds an answer against what every answer is: data, or errors that say whose fault it is, and never ours.
fn well_answered(answer: &Value) -> Result<(), TestCaseError> {
    prop_assert!(answer.get("data").is_some() || answer.get("errors").is_some(), "{answer}");
    for error in answer["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        prop_assert!(!code.is_empty() && code != "INTERNAL", "{answer}");
        prop_assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    }
    Ok(())
}

async fn asked(client: &Client<'_>, query: &str, variables: Value) -> Result<Value, TestCaseError> {
    let answer = client.run(query, variables).await;
    well_answered(&answer)?;
    Ok(answer)
}

async fn is_well(http: &TestServer) -> bool {
    let answer = http.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap();
    answer.json::<Value>().await.unwrap() == json!({ "data": { "guild": { "slug": "gg" } } })
}

async fn served(app: &TestApp) -> TestServer {
    app.guild("gg").await;
    app.serve().await
}

#[on_both]
async fn a_body_of_any_kind_is_answered(app: TestApp) {
    let http = served(&app).await;
    try_all(corpus("bodies"), async |body| {
        let answer = http
            .client
            .post(http.url("/graphql"))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        prop_assert!(status == StatusCode::OK || status == StatusCode::BAD_REQUEST, "{status}");
        well_answered(&answer.json().await.unwrap())
    });
    assert!(is_well(&http).await);
}

#[on_both]
async fn an_id_of_any_kind_is_known_or_not(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("someone", "Member").await;
    let mut seeds = corpus("ids");
    seeds.push(member.id.clone().into_bytes());
    try_all(seeds, async |id| {
        let id = String::from_utf8_lossy(&id).into_owned();
        let answer = asked(&member, NODE_ID, json!({ "id": id })).await?;
        prop_assert!(answer["data"]["node"].is_null() || answer["data"]["node"]["id"] == id, "{answer}");
        let answer = asked(&member, DELETE_CHARACTER, json!({ "id": id })).await?;
        prop_assert_eq!(&answer["errors"][0]["extensions"]["code"], "NOT_FOUND");
        Ok(())
    });
}

#[on_both]
async fn a_cursor_of_any_kind_is_taken_or_refused_by_name(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let page = "query($after: String) { members(first: 1, after: $after) { pageInfo { endCursor } } }";
    let first = guild.anonymous().ok(page, json!({})).await;
    let ours = first["members"]["pageInfo"]["endCursor"].as_str().unwrap().as_bytes().to_vec();
    // The same position, under a mark that is not ours.
    let forged = [if ours[0] == b'A' { b"B" } else { b"A" }, &ours[1..]].concat();
    let mut seeds = corpus("cursors");
    seeds.extend([forged, ours]);
    try_all(seeds.clone(), async |cursor| {
        let (ours, cursor) =
            (String::from_utf8_lossy(seeds.last().unwrap()), String::from_utf8_lossy(&cursor).into_owned());
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
        let answer = asked(&guild.anonymous(), page, json!({ "after": cursor })).await?;
        let refused = &answer["errors"][0]["extensions"]["field"];
        if cursor == ours {
            prop_assert!(answer.get("errors").is_none(), "{answer}");
        } else if bytes(&cursor).is_none() || bytes(&cursor) != bytes(&ours) {
            prop_assert!(refused == "after", "{answer}");
        }
        Ok(())
    });
}

#[on_both]
async fn a_roster_of_any_kind_is_read_or_refused_by_row(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let import =
        "mutation($input: ImportRosterInput!) { importRoster(input: $input) { imported problems { place message } } }";
    try_all(corpus("rosters"), async |data| {
        let data = String::from_utf8_lossy(&data).into_owned();
        for (format, skip) in [("CSV", false), ("JSON", true)] {
            let input = json!({ "format": format, "data": data, "skipBad": skip });
            let answer = asked(&leader, import, json!({ "input": input })).await?;
            let done = &answer["data"]["importRoster"];
            let problems = done["problems"].as_array().map_or(0, Vec::len);
            prop_assert!(answer.get("errors").is_some() || skip || done["imported"] == (problems == 0), "{answer}");
        }
        Ok(())
    });
}

#[on_both]
async fn frames_of_any_kind_end_a_socket_at_the_most(app: TestApp) {
    let http = served(&app).await;
    try_all(corpus("frames"), async |frame| {
        let mut socket = http.socket(json!({})).await;
        let sent = frame.clone();
        let text = String::from_utf8(frame.clone()).map_or_else(|_| Message::binary(frame), Message::text);
        let _ = socket.0.send(text).await;
        let last = json!({ "type": "subscribe", "id": "the last", "payload": { "query": GUILD_SLUG } });
        // It may be sent away already.
        let _ = socket.0.send(Message::text(last.to_string())).await;
        // What may be a subscription has nothing to say.
        let asked: Value = serde_json::from_slice(&sent).unwrap_or_default();
        let is_subscription = String::from_utf8_lossy(&sent).contains("subscription");
        let mut awaited: Vec<Value> = vec![json!("the last")];
        awaited.extend((asked["type"] == "subscribe" && !is_subscription).then(|| asked["id"].clone()));
        // Until all is answered, or the client sent away.
        while !awaited.is_empty() {
            match tokio::time::timeout(Duration::from_secs(20), socket.0.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => {
                    let said: Value = serde_json::from_str(&text).unwrap();
                    match said["type"].as_str() {
                        Some("next") => well_answered(&said["payload"])?,
                        Some("error") => well_answered(&json!({ "errors": said["payload"] }))?,
                        _ => {}
                    }
                    if said["type"] == "complete" || said["type"] == "error" {
                        awaited.retain(|id| *id != said["id"]);
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
    assert!(is_well(&http).await);
}
