//! GraphQL over HTTP, on real sockets.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::{
    TestApp, TestCampaign, TestServer,
    documents::{CAMPAIGN_VOTED, CAST_BALLOT, CREATE_CAMPAIGN, GUILD_SLUG, LOGIN, UNKNOWN_FIELD, WATCH_REVISION},
    on_both, refusal_in,
};

const GRAPHQL_JSON: &str = "application/graphql-response+json";

/// The code of a refused request's first error.
fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap_or("none")
}

#[on_both]
async fn queries_are_accepted_by_post_and_get(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let query = "query Q($first: Int) { guild { slug } members(first: $first) { totalCount } }";
    let body = json!({ "query": query, "operationName": "Q", "variables": { "first": 1 } });
    let posted = http.post(&body).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::OK);
    assert_eq!(posted.headers()["content-type"], "application/json; charset=utf-8");
    let expected = json!({ "data": { "guild": { "slug": "gg" }, "members": { "totalCount": 1 } } });
    assert_eq!(posted.json::<Value>().await.unwrap(), expected);
    let url = http.url(
        "/graphql?query=query(%24first%3AInt)%7Bguild%7Bslug%7Dmembers(first%3A%24first)%7BtotalCount%7D%7D\
         &variables=%7B%22first%22%3A1%7D",
    );
    let got = http.client.get(url).header("accept", GRAPHQL_JSON).send().await.unwrap();
    assert_eq!(
        (got.status(), got.headers()["content-type"].to_str().unwrap()),
        (StatusCode::OK, "application/graphql-response+json; charset=utf-8")
    );
    assert_eq!(got.json::<Value>().await.unwrap(), expected);
}

#[on_both]
async fn a_request_names_its_guild_and_its_token(app: TestApp) {
    let (one, two) = (app.guild("one").await, app.guild("two").await);
    let member = two.member("someone", "Member").await;
    let http = app.serve().await;
    let operation = json!({ "query": "{ guild { slug } me { displayName } }" });
    let oldest: Value = http.post(&operation).send().await.unwrap().json().await.unwrap();
    assert_eq!(oldest["data"], json!({ "guild": { "slug": "one" }, "me": null }));
    let bearer = format!("Bearer {}", member.token.as_ref().unwrap());
    let named: Value = http
        .post(&operation)
        .header("X-Guild", "two")
        .header("Authorization", &bearer)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(named["data"], json!({ "guild": { "slug": "two" }, "me": { "displayName": "someone" } }));
    let twice = http.post(&operation).header("X-Guild", "one").header("X-Guild", "two").send().await.unwrap();
    assert_eq!(twice.status(), StatusCode::BAD_REQUEST);
    for (guild, authorization, status, expected) in [
        ("TWO", None, StatusCode::NOT_FOUND, "NOT_FOUND"),
        ("three", None, StatusCode::NOT_FOUND, "NOT_FOUND"),
        ("two", Some("Bearer nonsense"), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        ("two", Some("Basic abc"), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        ("one", Some(bearer.as_str()), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
    ] {
        let mut request = http.post(&operation).header("X-Guild", guild);
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        let body: Value = response.json().await.unwrap();
        assert_eq!(code(&body), expected);
        assert_eq!(body.get("data"), None);
    }
    drop(one);
}

#[on_both]
async fn malformed_requests_are_refused_with_a_code(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let post = |body: &str| {
        http.client.post(http.url("/graphql")).header("content-type", "application/json").body(body.to_owned())
    };
    for body in [
        "",
        "{",
        "nonsense",
        "[]",
        "[{\"query\":\"{guild{slug}}\"}]",
        "{}",
        "{\"query\":1}",
        "{\"query\":\"{guild{slug}}\",\"variables\":[]}",
        "{\"query\":\"{guild{slug}}\",\"operationName\":1}",
        "{\"query\":\"{guild{slug}}\",\"extensions\":1}",
        "{\"query\":\"{guild{slug}}\",\"query\":\"{guild{name}}\"}",
        "{\"query\":\"{guild{slug}}\",\"variables\":{},\"variables\":{}}",
        "{\"query\":\"{guild{slug}}\",\"variables\":{\"a\":[{\"b\":1,\"b\":2}]}}",
    ] {
        let response = post(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(code(&response.json().await.unwrap()), "BAD_USER_INPUT", "{body}");
    }
    for (body, expected) in [
        ("{\"query\":1", "The body is not valid JSON: it ends too early (line 1, column 10)."),
        ("{'query':1}", "The body is not valid JSON: it is malformed, or nests too deep (line 1, column 2)."),
        ("{\"query\":1,\"query\":1}", "The body is not valid JSON: an object has \"query\" more than once."),
    ] {
        let response: Value = post(body).send().await.unwrap().json().await.unwrap();
        assert_eq!(response["errors"][0]["message"], expected, "{body}");
    }
    let slug = "query=%7Bguild%7Bslug%7D%7D";
    for parameters in [format!("{slug}&{slug}"), format!("{slug}&variables=%7B%22a%22:1,%22a%22:2%7D")] {
        let response = http.client.get(http.url(&format!("/graphql?{parameters}"))).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{parameters}");
    }
    let unfinished: Value = post("{\"query\":\"{ guild \"}").send().await.unwrap().json().await.unwrap();
    let message = unfinished["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("The document does not parse: expected ") && !message.contains('_'), "{message}");
    for (query, expected) in [
        ("{ guild ", "BAD_USER_INPUT"),
        (UNKNOWN_FIELD, "BAD_USER_INPUT"),
        ("{ member(id: 1.5) { id } }", "BAD_USER_INPUT"),
        ("query A { guild { slug } } query B { guild { slug } }", "BAD_USER_INPUT"),
        ("{ ...A } fragment A on Query { ...A }", "BAD_USER_INPUT"),
        (&format!("{{ {} }}", "guild { slug } ".repeat(60)), "QUERY_TOO_COMPLEX"),
        (&format!("mutation {{ {} }}", "logout { success } ".repeat(11)), "QUERY_TOO_COMPLEX"),
        (&format!("{}{{ __typename }}{}", "{ ... on Query ".repeat(70), "}".repeat(70)), "QUERY_TOO_COMPLEX"),
    ] {
        let body = json!({ "query": query }).to_string();
        let strict = post(&body).header("accept", GRAPHQL_JSON).send().await.unwrap();
        assert_eq!(strict.status(), StatusCode::BAD_REQUEST, "{query:.60}");
        assert_eq!(code(&strict.json().await.unwrap()), expected, "{query:.60}");
        let older = post(&body).send().await.unwrap();
        assert_eq!((older.status(), code(&older.json().await.unwrap())), (StatusCode::OK, expected), "{query:.60}");
    }
    let nested = format!("{}{{ __typename }}{}", "{ ... on Query ".repeat(60), "}".repeat(60));
    let response: Value = post(&json!({ "query": nested }).to_string()).send().await.unwrap().json().await.unwrap();
    assert_eq!(response["data"]["__typename"], "Query", "{response}");
    let mutation = http.client.get(http.url("/graphql?query=mutation%7Blogout%7Bsuccess%7D%7D")).send().await.unwrap();
    assert_eq!(mutation.status(), StatusCode::METHOD_NOT_ALLOWED);
    let put = http.client.put(http.url("/graphql")).body("{}").send().await.unwrap();
    assert_eq!((put.status(), put.headers()["allow"].to_str().unwrap()), (StatusCode::METHOD_NOT_ALLOWED, "GET, POST"));
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
    ] {
        let response = http
            .client
            .post(http.url("/graphql"))
            .header("content-type", content_type)
            .body("{\"query\":\"mutation{logout{success}}\"}")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
    }
    let huge = post(&json!({ "query": " ".repeat(2_000_000) }).to_string()).send().await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code(&huge.json().await.unwrap()), "BAD_USER_INPUT");
}

#[on_both]
async fn parameters_without_a_meaning_have_no_effect(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let body = json!({ "query": GUILD_SLUG }).to_string();
    let send = async |content_type: &str, accept: &str, body: &str| {
        let request = http.client.post(http.url("/graphql")).header("content-type", content_type);
        let response = request.header("accept", accept).body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{content_type}, {accept}");
        let response: Value = response.json().await.unwrap();
        assert_eq!(response["data"]["guild"]["slug"], "gg", "{content_type}, {accept}");
    };
    for content_type in [
        "application/json; charset=utf8",
        "application/json;charset=UTF-8",
        "application/json; charset=\"utf8\"",
        "application/json; charset='utf-8'",
        "application/json; charset=us-ascii",
        "application/json; charset=",
        "application/json;",
        "Application/JSON; boundary=x; version=2; charset",
    ] {
        send(content_type, "*/*", &body).await;
    }
    for accept in ["application/json; charset=utf8", "application/json;charset=iso-8859-1", "application/json;q=x", ""]
    {
        send("application/json", accept, &body).await;
    }
    send("application/json", "*/*", &format!("\u{feff}{body}")).await;
    send("application/json", "*/*", &json!({ "query": format!("\u{feff}{GUILD_SLUG}") }).to_string()).await;
    let plain = http.client.post(http.url("/graphql")).header("content-type", "application/json");
    for coding in ["identity", ""] {
        let request = plain.try_clone().unwrap().header("content-encoding", coding).body(body.clone());
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{coding}");
    }
    let mut socket = http.socket(json!({})).await;
    let message = json!({ "type": "subscribe", "id": "1", "payload": { "query": GUILD_SLUG } });
    socket.send_text(&format!("\u{feff}{message}")).await;
    assert_eq!(socket.receive().await["payload"]["data"]["guild"]["slug"], "gg");
}

#[on_both]
async fn values_that_no_database_can_store_are_not_internal_errors(app: TestApp) {
    let guild = app.guild("gg").await;
    let http = app.serve().await;
    let nul = "a\u{0}b";
    let login = json!({ "query": LOGIN, "variables": { "name": nul, "password": nul } });
    assert_eq!(
        refusal_in(&http.post(&login).send().await.unwrap().json().await.unwrap()),
        "UNAUTHENTICATED BAD_CREDENTIALS"
    );
    let search = "query($n: String!) {
        members(filter: { search: $n }) { totalCount nodes { id } }
        characters(filter: { search: $n }) { totalCount }
    }";
    let search = json!({ "query": search, "variables": { "n": nul } });
    let found: Value = http.post(&search).send().await.unwrap().json().await.unwrap();
    assert_eq!(found["data"]["members"]["totalCount"], 0);
    let officer = guild.member("officer", "Officer").await;
    let far = json!({ "input": {
        "title": "x", "minRankLevelToVote": 1, "durationHours": 1, "startAt": "+12026-01-01T00:00:00Z",
    } });
    assert_eq!(officer.refusal(CREATE_CAMPAIGN, far).await, "BAD_USER_INPUT startAt");
}

#[on_both]
async fn every_response_has_a_request_id(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let operation = json!({ "query": GUILD_SLUG });
    let given = http.post(&operation).header("X-Request-Id", "abc-1").send().await.unwrap();
    assert_eq!(given.headers()["x-request-id"], "abc-1");
    for odd in ["", "two words", &"x".repeat(65), "<script>"] {
        let replaced = http.post(&operation).header("X-Request-Id", odd).send().await.unwrap();
        let id = replaced.headers()["x-request-id"].to_str().unwrap();
        assert!(id.len() == 16 && id != odd, "{id}");
    }
}

#[on_both]
async fn fields_keep_the_requested_order_and_errors_leave_nulls(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    TestCampaign::live(&officer, 2, json!({})).await;
    let http = app.serve().await;
    let operation = json!({ "query": "
        query { campaigns { totalCount nodes { title ...E status } } ...Q me { id } ranks { name discordRoleId level } }
        fragment E on Campaign { entries { sortOrder name } }
        fragment Q on Query { guild { memberCount slug } }" });
    let text = http.post(&operation).send().await.unwrap().text().await.unwrap();
    let order: Vec<usize> = [
        "campaigns",
        "totalCount",
        "nodes",
        "title",
        "entries",
        "sortOrder",
        "\"status\"",
        "guild",
        "memberCount",
        "slug",
        "\"me\"",
        "ranks",
        "discordRoleId",
        "level",
    ]
    .iter()
    .map(|name| text.find(name).unwrap_or_else(|| panic!("no {name} in {text}")))
    .collect();
    assert!(order.is_sorted(), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["data"]["ranks"][0].get("discordRoleId"), Some(&json!(null)));
    // Refused fields beyond the limit on reported errors are null too.
    let names: Vec<String> = (0..6).map(|number| format!("a{number}")).collect();
    let fields: Vec<String> = names.iter().map(|name| format!("{name}: discordRoleId")).collect();
    let operation = json!({ "query": format!("{{ ranks {{ {} }} }}", fields.join(" ")) });
    let body: Value = http.post(&operation).send().await.unwrap().json().await.unwrap();
    let nulls: Value = names.iter().map(|name| (name.clone(), Value::Null)).collect::<serde_json::Map<_, _>>().into();
    assert_eq!(
        (&body["data"]["ranks"], body["errors"].as_array().unwrap().len()),
        (&json!([nulls, nulls, nulls, nulls, nulls]), 20)
    );
    // An error in a non-null field makes its nearest nullable parent null.
    let operation = json!({ "query": "{ guild { slug } campaigns(first: 0) { totalCount } }" });
    let body: Value = http.post(&operation).send().await.unwrap().json().await.unwrap();
    assert_eq!(body["data"], json!(null), "{body}");
    let query = "{ me { displayName participation { voted campaigns(first: 0) { totalCount } } } }";
    let body = officer.run(query, json!({})).await;
    assert_eq!(body["data"], json!({ "me": { "displayName": "officer", "participation": null } }), "{body}");
}

#[on_both]
async fn a_disconnect_leaves_a_whole_ballot_or_none_and_no_open_transaction(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let draft = TestCampaign::live(&officer, 2, json!({ "earlyCloseIfAllVoted": false })).await;
    let http = app.serve().await;
    let mut rows = Vec::new();
    for number in 0..20 {
        rows.push(guild.member_row(&format!("voter{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    for voter in &voters {
        // The client sends the whole request and disconnects before the response.
        let body = json!({ "query": CAST_BALLOT, "variables": draft.ballot(&[0]) }).to_string();
        let mut socket = tokio::net::TcpStream::connect(http.address).await.unwrap();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            voter.token.as_ref().unwrap(),
            body.len(),
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        drop(socket);
    }
    // Voters whose ballots were not stored can still cast them. Then each voter has exactly one.
    for voter in &voters {
        let response = voter.run(CAST_BALLOT, draft.ballot(&[0])).await;
        assert!(response.get("errors").is_none() || refusal_in(&response) == "CONFLICT ALREADY_VOTED", "{response}");
    }
    let counted = officer.ok(CAMPAIGN_VOTED, draft.vars()).await;
    assert_eq!(counted["campaign"]["turnout"]["voted"], 20);
}

#[on_both]
async fn health_is_reported(app: TestApp) {
    let http = app.serve().await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(http.client.get(http.url(path)).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
}

/// The client stays connected after half a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_sent_request_does_not_block_others() {
    let app = TestApp::on_sqlite().await;
    app.guild("gg").await;
    let http = app.serve().await;
    let mut half = tokio::net::TcpStream::connect(http.address).await.unwrap();
    half.write_all(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
    )
    .await
    .unwrap();
    let response: Value = http.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap().json().await.unwrap();
    assert_eq!(response["data"]["guild"]["slug"], "gg");
}

/// The build's name in the headers of a response.
fn build(headers: &reqwest::header::HeaderMap) -> String {
    headers.get("x-guildhall-build").map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[on_both]
async fn every_response_names_the_build(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    campaign.close(&guild.leader().await).await;
    let http = TestServer::with_origins(Arc::clone(&app.app), &["https://app.example"], &[]).await;
    let name = build(http.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap().headers());
    let (version, digest) = name.split_once('+').expect("a version and a digest");
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert!(digest.len() == 12 && digest.bytes().all(|c| c.is_ascii_hexdigit()), "{name}");
    let watch = json!({ "query": WATCH_REVISION, "variables": campaign.vars() });
    for request in [
        http.post(&json!({ "query": UNKNOWN_FIELD })),
        http.post(&json!({ "query": GUILD_SLUG })).header("X-Guild", "nowhere"),
        http.post(&json!({ "query": GUILD_SLUG })).bearer_auth("nonsense"),
        http.client.post(http.url("/graphql")).body("{"),
        http.client.put(http.url("/graphql")),
        http.client.get(http.url("/graphql?query=%7Bguild%7Bslug%7D%7D")),
        http.post(&watch).header("Accept", "text/event-stream"),
        http.post(&watch).header("Accept", "multipart/mixed;subscriptionSpec=1.0"),
        http.client
            .request(Method::OPTIONS, http.url("/graphql"))
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", "POST"),
    ] {
        let response = request.header("Origin", "https://app.example").send().await.unwrap();
        assert_eq!(build(response.headers()), name, "{response:?}");
    }
    // A page belongs to the build that it was loaded from.
    let page = http.client.get(http.url("/")).header("Accept", "text/html").send().await.unwrap().text().await.unwrap();
    assert!(page.contains(&format!("<meta name=\"guildhall-build\" content=\"{name}\">")), "{page}");
    // Other paths are not the API's.
    assert_eq!(build(http.client.get(http.url("/health/live")).send().await.unwrap().headers()), "");
    let mut socket = http.connect().await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "connection_ack", "payload": { "build": name } }));
    let url = http.url("/graphql").replacen("http", "ws", 1);
    let (_socket, upgrade) = tokio_tungstenite::connect_async(url).await.unwrap();
    assert_eq!(upgrade.headers().get("x-guildhall-build").unwrap(), name.as_str());
}
