//! Subscriptions as `multipart/mixed`, in Apollo's protocol.

use std::time::Duration;

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    TestApp, TestCampaign, TestServer,
    documents::{GUILD_SLUG, UNKNOWN_FIELD, WATCH_REVISION, WATCH_TURNOUT},
    on_both,
};

const ACCEPT: &str = "multipart/mixed;subscriptionSpec=1.0, application/json";

/// The parts of a response, read as Apollo Client reads them: a part is complete when the next boundary has arrived.
struct Parts {
    response: Response,
    buffer: String,
}

impl Parts {
    async fn open(request: RequestBuilder) -> Self {
        let response = request.header("accept", ACCEPT).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let content_type = response.headers()["content-type"].to_str().unwrap();
        assert!(content_type.starts_with("multipart/mixed;") && content_type.contains("boundary=\"graphql\""));
        assert!(content_type.contains("subscriptionSpec=1.0"), "{content_type}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, buffer: String::new() }
    }

    /// The next part that is not a heartbeat; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some((part, rest)) = self.buffer.split_once("\r\n--graphql") {
                let part = part.to_owned();
                let rest = rest.to_owned();
                self.buffer = rest;
                let Some((headers, body)) = part.split_once("\r\n\r\n") else {
                    assert_eq!(part, "", "only the first boundary follows nothing");
                    continue;
                };
                assert_eq!(headers.trim(), "content-type: application/json");
                let body: Value = serde_json::from_str(body).unwrap();
                if body != json!({}) {
                    return Some(body);
                }
            }
            match self.response.chunk().await.unwrap() {
                Some(chunk) => self.buffer += std::str::from_utf8(&chunk).unwrap(),
                None => return None,
            }
        }
    }

    /// Reads the end of the response. Returns what follows the last part.
    async fn end(mut self) -> String {
        assert_eq!(self.next().await, None);
        self.buffer
    }
}

fn watch(http: &TestServer, campaign: &TestCampaign) -> RequestBuilder {
    http.post(&json!({ "query": WATCH_TURNOUT, "variables": campaign.vars() }))
}

fn tally(voted: i64, is_final: bool) -> Value {
    json!({ "payload": { "data": { "voteTally": { "turnout": { "voted": voted }, "isFinal": is_final } } } })
}

#[on_both]
async fn a_tally_is_sent_in_parts_until_its_result(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut parts = Parts::open(watch(&http, &campaign)).await;
    assert_eq!(parts.next().await, Some(tally(0, false)));
    campaign.vote(&guild.member("a", "Member").await, &[0]).await;
    assert_eq!(parts.next().await, Some(tally(1, false)));
    let query = [("query", WATCH_TURNOUT), ("variables", &campaign.vars().to_string())];
    let mut by_get = Parts::open(http.client.get(http.url("/graphql")).query(&query)).await;
    assert_eq!(by_get.next().await, Some(tally(1, false)));
    campaign.close(&officer).await;
    for mut parts in [parts, by_get] {
        assert_eq!(parts.next().await, Some(tally(1, true)));
        assert_eq!(parts.end().await, "--\r\n");
    }
}

/// The response starts with a heartbeat, so that the client receives its headers immediately.
#[on_both]
async fn a_quiet_stream_has_heartbeats(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let query = json!({ "query": "subscription { campaignChanged { id } }" });
    let mut response = http.post(&query).header("accept", ACCEPT).send().await.unwrap();
    let first = response.chunk().await.unwrap().unwrap();
    assert_eq!(first, "\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql");
    let heartbeat = tokio::time::timeout(Duration::from_secs(20), response.chunk()).await.unwrap().unwrap().unwrap();
    assert_eq!(heartbeat, "\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql");
}

#[on_both]
async fn errors_before_and_during_a_subscription_are_told_apart(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let hidden = TestCampaign::live(&officer, 2, json!({})).await;
    let open = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut parts = Parts::open(watch(&http, &hidden)).await;
    let refused = parts.next().await.unwrap();
    assert_eq!(refused["payload"]["errors"][0]["extensions"]["reason"], "STANDINGS_HIDDEN", "{refused}");
    assert_eq!((refused["payload"].get("data"), refused.get("errors")), (Some(&Value::Null), None));
    assert_eq!(parts.end().await, "--\r\n");

    let token = guild.login("officer").await["accessToken"].as_str().unwrap().to_owned();
    let mut parts = Parts::open(watch(&http, &open).bearer_auth(&token)).await;
    assert_eq!(parts.next().await, Some(tally(0, false)));
    app.clock.advance(Duration::from_mins(15));
    let ended = parts.next().await.unwrap();
    assert_eq!(ended["payload"], Value::Null);
    assert_eq!(ended["errors"][0]["extensions"], json!({ "code": "UNAUTHENTICATED", "reason": "INVALID_TOKEN" }));
    assert_eq!(parts.end().await, "--\r\n");
}

#[on_both]
async fn only_subscriptions_that_can_run_are_sent_in_parts(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let send = async |request: RequestBuilder, accept: &str| {
        let response = request.header("accept", accept).send().await.unwrap();
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status(), content_type, response.json::<Value>().await.unwrap())
    };
    let json_type = "application/json; charset=utf-8".to_owned();
    // A query has one response.
    let (status, content_type, body) = send(http.post(&json!({ "query": GUILD_SLUG })), ACCEPT).await;
    assert_eq!((status, content_type), (StatusCode::OK, json_type.clone()));
    assert_eq!(body["data"]["guild"]["slug"], "gg");
    let only = "multipart/mixed;subscriptionSpec=1.0";
    for (request, accept, expected) in [
        (http.post(&json!({ "query": UNKNOWN_FIELD })), ACCEPT, StatusCode::OK),
        (watch(&http, &campaign).header("X-Guild", "nowhere"), ACCEPT, StatusCode::NOT_FOUND),
        (watch(&http, &campaign).bearer_auth("nonsense"), ACCEPT, StatusCode::UNAUTHORIZED),
        (watch(&http, &campaign), "application/json", StatusCode::NOT_ACCEPTABLE),
        (watch(&http, &campaign), "multipart/mixed;subscriptionSpec=2.0, application/json", StatusCode::NOT_ACCEPTABLE),
        (http.post(&json!({ "query": GUILD_SLUG })), only, StatusCode::NOT_ACCEPTABLE),
        (http.post(&json!({ "query": "mutation { logout { success } }" })), only, StatusCode::NOT_ACCEPTABLE),
    ] {
        let (status, content_type, body) = send(request, accept).await;
        assert_eq!((status, content_type), (expected, json_type.clone()), "{body}");
        assert!(body["errors"][0]["extensions"]["code"].is_string(), "{body}");
    }
}

#[on_both]
async fn shutdown_ends_a_stream_without_its_last_boundary(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let query = http.post(&json!({ "query": WATCH_REVISION, "variables": campaign.vars() }));
    let mut parts = Parts::open(query).await;
    assert!(parts.next().await.is_some());
    http.shutdown.send_replace(true);
    assert_eq!(parts.end().await, "");
    http.shutdown.closed().await;
}
