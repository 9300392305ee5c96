//! Subscriptions as streams of server-sent events.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    TestApp, TestCampaign, TestServer,
    documents::{CAST_BALLOT, GUILD_SLUG, UNKNOWN_FIELD, WATCH_TURNOUT},
    on_both, while_time_passes,
};

/// The events of a response, as a client reads them.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    async fn open(request: RequestBuilder) -> Self {
        let response = request.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, buffer: String::new() }
    }

    /// The next event, as its name and data; `None` at the end. Comments are skipped.
    async fn next_event(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                // Like a browser's `EventSource`, skips events without data.
                let found = field("data:").map(|data| (field("event:").unwrap().to_owned(), data.to_owned()));
                self.buffer = rest.to_string();
                if let Some((name, data)) = found {
                    let data = if data.is_empty() { Value::Null } else { serde_json::from_str(&data).unwrap() };
                    return Some((name, data));
                }
            }
            let chunk = self.response.chunk().await.unwrap()?;
            self.buffer += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// The data of the next event, which must be a response.
    async fn response(&mut self) -> Value {
        let (name, data) = self.next_event().await.expect("the stream ended");
        assert_eq!(name, "next");
        data
    }

    async fn complete(&mut self) {
        assert_eq!(self.next_event().await, Some(("complete".to_owned(), Value::Null)));
        assert_eq!(self.next_event().await, None);
    }
}

fn watch(http: &TestServer, campaign: &TestCampaign) -> RequestBuilder {
    http.post(&json!({ "query": WATCH_TURNOUT, "variables": campaign.vars() }))
}

fn tally(voted: i64, is_final: bool) -> Value {
    json!({ "data": { "voteTally": { "turnout": { "voted": voted }, "isFinal": is_final } } })
}

#[on_both]
async fn a_tally_is_streamed_until_its_result_and_sent_at_once_on_reconnection(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut events = Events::open(watch(&http, &campaign)).await;
    assert_eq!(events.response().await, tally(0, false));
    campaign.vote(&guild.member("a", "Member").await, &[0]).await;
    assert_eq!(events.response().await, tally(1, false));
    drop(events);
    let query = [("query", WATCH_TURNOUT), ("variables", &campaign.vars().to_string())];
    let mut reconnected = Events::open(http.client.get(http.url("/graphql")).query(&query)).await;
    assert_eq!(reconnected.response().await, tally(1, false));
    campaign.close(&officer).await;
    assert_eq!(reconnected.response().await, tally(1, true));
    reconnected.complete().await;
}

#[on_both]
async fn queries_mutations_and_refusals_are_streamed_too(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    let http = app.serve().await;
    let bearer = officer.token.clone().unwrap();
    let mut events = Events::open(http.post(&json!({ "query": GUILD_SLUG }))).await;
    assert_eq!(events.response().await, json!({ "data": { "guild": { "slug": "gg" } } }));
    events.complete().await;
    let cast = http.post(&json!({ "query": CAST_BALLOT, "variables": campaign.ballot(&[0]) })).bearer_auth(&bearer);
    let mut events = Events::open(cast).await;
    assert_eq!(events.response().await["data"]["castBallot"]["campaign"]["turnout"]["voted"], 1);
    events.complete().await;
    let refused = watch(&http, &campaign);
    for (request, code) in [
        (http.post(&json!({ "query": UNKNOWN_FIELD })), "BAD_USER_INPUT"),
        (http.post(&json!({ "query": "{" })), "BAD_USER_INPUT"),
        (refused, "FORBIDDEN"),
    ] {
        let mut events = Events::open(request).await;
        let response = events.response().await;
        assert_eq!(
            (&response["errors"][0]["extensions"]["code"], response.get("data")),
            (&json!(code), None),
            "{response}"
        );
        events.complete().await;
    }
}

#[on_both]
async fn requests_that_are_refused_before_execution_get_no_stream(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let events = |request: RequestBuilder| request.header("accept", "text/event-stream");
    let mutation = http.client.get(http.url("/graphql?query=mutation%7Blogout%7Bsuccess%7D%7D"));
    for (request, status) in [
        (events(watch(&http, &campaign).bearer_auth("nonsense")), StatusCode::UNAUTHORIZED),
        (events(watch(&http, &campaign).header("X-Guild", "nowhere")), StatusCode::NOT_FOUND),
        (events(mutation), StatusCode::METHOD_NOT_ALLOWED),
        (events(http.client.post(http.url("/graphql")).body("{}")), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        // A subscription is refused unless the client accepts a stream.
        (watch(&http, &campaign), StatusCode::NOT_ACCEPTABLE),
        (watch(&http, &campaign).header("accept", "application/json"), StatusCode::NOT_ACCEPTABLE),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert!(body["errors"][0]["extensions"]["code"].is_string(), "{body}");
    }
    // A client that accepts both gets JSON for queries and a stream for subscriptions.
    let either = "application/graphql-response+json, application/json, text/event-stream";
    let query = http.post(&json!({ "query": GUILD_SLUG })).header("accept", either).send().await.unwrap();
    assert_eq!(query.headers()["content-type"], "application/graphql-response+json; charset=utf-8");
    let stream = watch(&http, &campaign).header("accept", either).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
}

#[on_both]
async fn a_disconnect_ends_the_subscription(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let http = app.serve().await;
    let follow = http
        .post(&json!({ "query": "subscription { campaignChanged { status } }" }))
        .bearer_auth(officer.token.clone().unwrap());
    let mut events = Events::open(follow).await;
    let draft = loop {
        // Changes from before the subscription starts are not sent.
        let draft = TestCampaign::draft(&officer, 2, json!({})).await;
        if app.app.live.campaign_subscribers(guild.id) > 0 {
            break draft;
        }
    };
    draft.activate(&officer).await;
    // Changes are collected for 100 ms of the server's clock.
    let is_live = async { while events.response().await["data"]["campaignChanged"]["status"] != "LIVE" {} };
    while_time_passes(&app.clock, 1, Duration::from_millis(100), is_live).await;
    drop(events);
    while app.app.live.campaign_subscribers(guild.id) > 0 {
        tokio::task::yield_now().await;
    }
}

/// Without the `complete` event, the client reconnects, to another server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_ends_streams_without_completing_them() {
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let response = watch(&http, &campaign).header("accept", "text/event-stream").send().await.unwrap();
    let mut stream = response.bytes_stream();
    stream.next().await.unwrap().unwrap();
    http.shutdown.send_replace(true);
    let mut rest = Vec::new();
    while let Some(Ok(chunk)) = stream.next().await {
        rest.extend(chunk);
    }
    assert!(!String::from_utf8(rest).unwrap().contains("complete"));
    http.shutdown.closed().await;
}
