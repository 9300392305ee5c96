//! Documents: persisted queries, manifests, limits, validation and rate limits.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use guildhall::{api::Settings, engine::Limits, http::RequestRates};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{
    TestApp, TestServer,
    documents::{GUILD_SLUG, LOGOUT, ME_ID, UNKNOWN_FIELD},
    on_both, refusal_in,
};

const COUNT_MEMBERS: &str = "query($f: MemberFilter) { members(filter: $f) { totalCount } }";

fn hash(query: &str) -> String {
    base16ct::lower::encode_string(&Sha256::digest(query))
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

async fn send(http: &TestServer, body: &Value) -> Value {
    http.post(body).send().await.unwrap().json().await.unwrap()
}

async fn serve(app: &TestApp, settings: &Settings) -> TestServer {
    TestServer::start_with(Arc::clone(&app.app), settings, RequestRates::default()).await
}

#[on_both]
async fn a_registered_query_can_be_sent_by_its_hash(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let query = "query($first: Int) { guild { slug } members(first: $first) { totalCount } }";
    let by_hash = json!({ "extensions": persisted(&hash(query)), "variables": { "first": 1 } });
    assert_eq!(refusal_in(&send(&http, &by_hash).await), "NOT_FOUND PERSISTED_QUERY_NOT_FOUND");
    // Running a query does not register it; only a request with its hash does.
    assert!(send(&http, &json!({ "query": query })).await.get("errors").is_none());
    let unknown = send(&http, &by_hash).await;
    assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
    let get =
        |extensions: &Value| http.client.get(http.url("/graphql")).query(&[("extensions", &extensions.to_string())]);
    let modern =
        get(&persisted(&hash(query))).header("accept", "application/graphql-response+json").send().await.unwrap();
    assert_eq!(modern.status(), StatusCode::BAD_REQUEST);
    let wrong = send(&http, &json!({ "query": query, "extensions": persisted(&hash(ME_ID)) })).await;
    assert_eq!(refusal_in(&wrong), "BAD_USER_INPUT extensions");
    assert_eq!(
        refusal_in(&send(&http, &by_hash).await),
        "NOT_FOUND PERSISTED_QUERY_NOT_FOUND",
        "a wrong hash registers nothing"
    );
    let registered =
        send(&http, &json!({ "query": query, "extensions": persisted(&hash(query).to_uppercase()) })).await;
    assert_eq!(registered["data"]["guild"]["slug"], "gg");
    assert_eq!(
        send(&http, &by_hash).await["data"],
        json!({ "guild": { "slug": "gg" }, "members": { "totalCount": 1 } })
    );
    let by_get: Value = get(&persisted(&hash(query))).send().await.unwrap().json().await.unwrap();
    assert_eq!(by_get["data"]["guild"]["slug"], "gg");
    for extensions in [
        json!({ "persistedQuery": { "version": 2, "sha256Hash": hash(query) } }),
        json!({ "persistedQuery": { "version": 1 } }),
        json!({ "persistedQuery": "x" }),
    ] {
        assert_eq!(
            refusal_in(&send(&http, &json!({ "query": query, "extensions": extensions })).await),
            "BAD_USER_INPUT extensions"
        );
    }
    // A mutation can be registered too, and GET with its hash is refused.
    send(&http, &json!({ "query": LOGOUT, "extensions": persisted(&hash(LOGOUT)) })).await;
    assert_eq!(get(&persisted(&hash(LOGOUT))).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[on_both]
async fn with_a_manifest_only_its_documents_run(app: TestApp) {
    app.guild("gg").await;
    let (slug, name) = (GUILD_SLUG, "query Name { guild { name } }");
    for manifest in [
        json!({ hash(slug): slug, "name-1": name }),
        json!({ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            { "id": hash(slug), "name": "Slug", "type": "query", "body": slug },
            { "id": "name-1", "name": "Name", "type": "query", "body": name },
        ] }),
    ] {
        let settings = Settings { manifest: Some(manifest.to_string()), ..Settings::default() };
        let http = serve(&app, &settings).await;
        for body in [
            json!({ "extensions": persisted(&hash(slug)) }),
            json!({ "documentId": hash(slug) }),
            json!({ "documentId": format!("sha256:{}", hash(slug)) }),
            json!({ "documentId": "name-1" }),
            json!({ "query": slug }),
            json!({ "query": slug, "extensions": persisted(&hash(slug)) }),
            // A client may format the text differently, or send an empty text.
            json!({ "query": "{\n  guild {\n    slug\n  }\n}", "extensions": persisted(&hash(slug)) }),
            json!({ "query": "", "documentId": "name-1" }),
        ] {
            assert!(send(&http, &body).await["data"]["guild"].is_object(), "{body}");
        }
        for body in [
            json!({ "query": ME_ID }),
            json!({ "query": format!("{slug} ") }),
            json!({ "documentId": "name-2" }),
            json!({ "extensions": persisted(&hash(ME_ID)) }),
            json!({ "query": ME_ID, "extensions": persisted(&hash(ME_ID)) }),
            json!({ "query": ME_ID, "extensions": persisted(&hash(slug)) }),
            json!({ "query": ME_ID, "documentId": "name-1" }),
            json!({ "query": "{ __schema { queryType { name } } }" }),
            json!({ "query": "{" }),
        ] {
            assert_eq!(refusal_in(&send(&http, &body).await), "FORBIDDEN UNTRUSTED_DOCUMENT", "{body}");
        }
    }
    for manifest in ["", "[]", "{\"a\": 1}", "{\"a\": \"{\"}"] {
        let settings = Settings { manifest: Some(manifest.to_owned()), ..Settings::default() };
        assert!(guildhall::api::Graph::with(&settings).is_err(), "{manifest}");
    }
}

#[on_both]
async fn introspection_and_suggestions_can_be_turned_on_and_off(app: TestApp) {
    app.guild("gg").await;
    let type_name = "query($n: String!) { ...Q } fragment Q on Query { __type(name: $n) { name } }";
    let introspect = json!({ "query": type_name, "variables": { "n": "Member" } });
    let (schema, name) = (
        json!({ "query": "{ __schema { queryType { name } } }" }),
        json!({ "query": "{ __typename guild { __typename } }" }),
    );
    let open = app.serve().await;
    assert_eq!(send(&open, &introspect).await["data"]["__type"]["name"], "Member");
    let one_of = json!({ "query": "{ __type(name: \"LoginInput\") {
        isOneOf specifiedByURL inputFields(includeDeprecated: true) { name }
    } }" });
    assert_eq!(send(&open, &one_of).await["data"]["__type"]["isOneOf"], false);
    let closed = serve(&app, &Settings { introspection: false, ..Settings::default() }).await;
    for body in [&introspect, &schema] {
        assert_eq!(refusal_in(&send(&closed, body).await), "FORBIDDEN INTROSPECTION_OFF");
    }
    assert_eq!(
        send(&closed, &name).await["data"],
        json!({ "__typename": "Query", "guild": { "__typename": "Guild" } })
    );
    let misspelt = json!({ "query": "{ gild { slug } }" });
    let without_suggestions = send(&open, &misspelt).await.to_string();
    assert!(
        !without_suggestions.contains("Did you mean") && !without_suggestions.contains("guild"),
        "{without_suggestions}"
    );
    let suggesting = serve(&app, &Settings { suggestions: true, ..Settings::default() }).await;
    assert!(send(&suggesting, &misspelt).await.to_string().contains("guild"));
}

#[on_both]
async fn each_limit_applies_as_set_and_is_named_in_the_error(app: TestApp) {
    app.guild("gg").await;
    let limits = Limits {
        max_tokens: 40,
        max_depth: 3,
        max_complexity: 60,
        max_root_fields: 5,
        max_aliases: 3,
        max_directives: 2,
        ..Limits::DEFAULT
    };
    let http = serve(&app, &Settings { limits, ..Settings::default() }).await;
    for (within, beyond, expected) in [
        (
            "{ guild { slug name slug name slug name } }",
            format!("{{ guild {{ {} }} }}", "slug ".repeat(36)),
            "at most 40 tokens",
        ),
        (
            "{ members(first: 1) { nodes { id } } }",
            "{ members(first: 1) { nodes { rank { id } } } }".to_owned(),
            "too deep: 4, of at most 3",
        ),
        (
            "{ members(first: 10) { nodes { id } } }",
            "{ members(first: 100) { nodes { id } } }".to_owned(),
            "is too complex",
        ),
        (
            "{ __typename __typename __typename __typename __typename }",
            "{ __typename __typename __typename __typename __typename __typename }".to_owned(),
            "fields at its root: 6, of at most 5",
        ),
        (
            "{ a: __typename guild { b: slug c: slug } }",
            "{ a: __typename ...F ...F } fragment F on Query { guild { b: slug c: slug } }".to_owned(),
            "aliases: 5, of at most 3",
        ),
        (
            "{ guild @skip(if: false) { slug @include(if: true) } }",
            "{ guild @skip(if: false) { slug @include(if: true) name @skip(if: false) } }".to_owned(),
            "directives: 3, of at most 2",
        ),
    ] {
        assert!(send(&http, &json!({ "query": within })).await.get("errors").is_none(), "{within}");
        let refused = send(&http, &json!({ "query": beyond })).await;
        assert_eq!(refusal_in(&refused), "QUERY_TOO_COMPLEX", "{beyond}");
        let message = refused["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
    }
    // A page size in a variable counts like a literal, even if the document is cached.
    let page = "query($n: Int) { members(first: $n) { nodes { id } } }";
    let sized = |first: i64| json!({ "query": page, "variables": { "n": first } });
    assert!(send(&http, &sized(2)).await.get("errors").is_none());
    assert_eq!(refusal_in(&send(&http, &sized(100)).await), "QUERY_TOO_COMPLEX");
    let repeated = send(&http, &json!({ "query": format!("{{ __typename {} }}", "@aa".repeat(10)) })).await;
    assert_eq!((repeated["errors"].as_array().unwrap().len(), refusal_in(&repeated).as_str()), (1, "BAD_USER_INPUT"));
    let small =
        serve(&app, &Settings { limits: Limits { max_body: 2_048, ..Limits::DEFAULT }, ..Settings::default() }).await;
    let large = small
        .post(&json!({ "query": "{ __typename }", "variables": { "x": "y".repeat(2_048) } }))
        .send()
        .await
        .unwrap();
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[on_both]
async fn variables_are_coerced_before_anything_runs(app: TestApp) {
    let guild = app.guild("gg").await;
    let http = app.serve().await;
    let modern = async |query: &str, variables: Value| {
        let response = http
            .post(&json!({ "query": query, "variables": variables }))
            .header("accept", "application/graphql-response+json")
            .send()
            .await
            .unwrap();
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let first = "query($n: Int!) { members(first: $n) { totalCount } }";
    for (query, variables, field) in [
        (first, json!({}), "n"),
        (first, json!({ "n": null }), "n"),
        (first, json!({ "n": "1" }), "n"),
        (first, json!({ "n": 1.5 }), "n"),
        (first, json!({ "n": 9_999_999_999_i64 }), "n"),
        (first, json!({ "n": [1] }), "n"),
        (first, json!({ "n": true }), "n"),
        ("query($id: ID!) { member(id: $id) { id } }", json!({ "id": {} }), "id"),
        ("query($id: ID!) { member(id: $id) { id } }", json!({ "id": true }), "id"),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ["x", null] }), "ids"),
        (COUNT_MEMBERS, json!({ "f": { "bogus": 1 } }), "f"),
        (COUNT_MEMBERS, json!({ "f": { "search": 1 } }), "search"),
        (
            "query($s: [CampaignStatus!]) { campaigns(filter: { status: $s }) { totalCount } }",
            json!({ "s": ["LIVE", "BOGUS"] }),
            "s",
        ),
        (
            "mutation($i: LoginInput!) { login(input: $i) { accessToken } }",
            json!({ "i": { "discordUsername": "x" } }),
            "password",
        ),
    ] {
        let (status, body) = modern(query, variables.clone()).await;
        assert_eq!((status, body.get("data")), (StatusCode::BAD_REQUEST, None), "{query} {variables}: {body}");
        assert_eq!(refusal_in(&body), format!("BAD_USER_INPUT {field}"), "{query} {variables}");
    }
    for (query, variables) in [
        (first, json!({ "n": 1.0 })),
        (first, json!({ "n": 1, "unknown": {} })),
        ("query($n: Int = 1) { members(first: $n) { totalCount } }", json!({})),
        ("query($n: Int) { members(first: $n) { totalCount } }", json!({ "n": null })),
        ("query($s: [CampaignStatus!]) { campaigns(filter: { status: $s }) { totalCount } }", json!({ "s": "LIVE" })),
        ("query($id: ID!) { member(id: $id) { id } }", json!({ "id": 7 })),
    ] {
        let (status, body) = modern(query, variables.clone()).await;
        assert!(status == StatusCode::OK && body.get("errors").is_none(), "{query} {variables}: {body}");
    }
    // Absent is not null: an absent field keeps its value, and null clears it.
    let (leader, member) = (guild.leader().await, guild.member("someone", "Member").await);
    let update = "mutation($i: UpdateMemberInput!) { updateMember(input: $i) { member { displayName } } }";
    leader.ok(update, json!({ "i": { "id": member.id, "displayName": "Some One" } })).await;
    assert_eq!(
        leader.ok(update, json!({ "i": { "id": member.id } })).await["updateMember"]["member"]["displayName"],
        "Some One"
    );
    let null = json!({ "i": { "id": member.id, "displayName": null } });
    assert_eq!(leader.ok(update, null).await["updateMember"]["member"]["displayName"], "someone");
    // The same holds for a variable inside an input literal.
    let inline = "mutation($id: ID!, $name: String) {
        updateMember(input: { id: $id, displayName: $name }) { member { displayName } }
    }";
    for (variables, shown) in [
        (json!({ "id": member.id, "name": "Some One" }), "Some One"),
        (json!({ "id": member.id }), "Some One"),
        (json!({ "id": member.id, "name": null }), "someone"),
    ] {
        assert_eq!(
            leader.ok(inline, variables.clone()).await["updateMember"]["member"]["displayName"],
            shown,
            "{variables}"
        );
    }
    let create = "mutation($picks: Int) {
        createCampaign(input: {
            title: \"x\", minRankLevelToVote: 1, durationHours: 1, picksPerVoter: $picks, entries: []
        }) { campaign { picksPerVoter } }
    }";
    assert_eq!(leader.ok(create, json!({})).await["createCampaign"]["campaign"]["picksPerVoter"], 3);
}

#[on_both]
async fn skip_and_include_follow_the_specification(app: TestApp) {
    let guild = app.guild("gg").await;
    let send = async |query: &str, variables: Value| guild.anonymous().ok(query, variables).await;
    let skip = "query($x: Boolean = true) { guild { slug @skip(if: $x) name } }";
    assert_eq!(send(skip, json!({})).await, json!({ "guild": { "name": "gg" } }));
    assert_eq!(send(skip, json!({ "x": false })).await, json!({ "guild": { "slug": "gg", "name": "gg" } }));
    assert_eq!(send("{ guild @skip(if: true) { slug } }", json!({})).await, json!({}));
    assert_eq!(send("{ guild { slug @skip(if: true) } }", json!({})).await, json!({ "guild": {} }));
    let name = "query($x: Boolean!) { __typename @include(if: $x) guild { slug } }";
    assert_eq!(send(name, json!({ "x": false })).await, json!({ "guild": { "slug": "gg" } }));
}

#[on_both]
async fn duplicate_response_keys_are_executed_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let add = "mutation {
        createMember(input: { discordUsername: \"once\" }) { member { id } }
        ... { createMember(input: { discordUsername: \"once\" }) { member { displayName } } }
        ...More ...More
    }
    fragment More on Mutation {
        createMember(input: { discordUsername: \"once\" }) { member { rank { level } } }
        again: createMember(input: { discordUsername: \"twice\" }) { member { displayName } }
    }";
    let done = leader.ok(add, json!({})).await;
    let once = &done["createMember"]["member"];
    assert!(once["id"].is_string() && once["displayName"] == "once" && once["rank"]["level"] == 1, "{done}");
    assert_eq!(done["again"]["member"]["displayName"], "twice");
    let parts = leader
        .ok(
            "{ me { rank { name @skip(if: true) } rank { level } ...A ...B } }
        fragment A on Member { rank { name @skip(if: true) } } fragment B on Member { rank { name } }",
            json!({}),
        )
        .await;
    assert_eq!(parts["me"]["rank"], json!({ "name": "Guild Leader", "level": 5 }));
    let refused = guild.anonymous().run("{ ranks { name discordRoleId discordRoleId } }", json!({})).await;
    assert_eq!(refused["errors"].as_array().unwrap().len(), 5, "one for each rank: {refused}");
}

#[on_both]
async fn documents_are_validated_before_they_run(app: TestApp) {
    let guild = app.guild("gg").await;
    for query in [
        UNKNOWN_FIELD,
        "{ guild { slug @nope } }",
        "{ guild @skip { slug } }",
        "{ guild @skip(if: \"true\") { slug } }",
        "query @include(if: true) { guild { slug } }",
        "query($x: ID) { member(id: $x) { id } }",
        "query($x: Float) { members(first: $x) { totalCount } }",
        "query($x: [ID]!) { nodes(ids: $x) { id } }",
        "{ guild { a: slug } guild { a: name } }",
        "{ campaigns(filter: { status: \"LIVE\" }) { totalCount } }",
        "{ __typename { x } }",
        "{ guild }",
        "{ members(first: 99999999999) { totalCount } }",
        "{ members(bogus: 1) { totalCount } }",
        "query($x: Int) { guild { slug } }",
        "{ guild { slug } } fragment Unused on Guild { slug }",
        "{ ...Missing }",
        "{ ... on Nothing { slug } }",
        "{ ...F } fragment F on Member { id }",
    ] {
        let response = guild.anonymous().run(query, json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{query}: {response}");
        assert!(response["data"].is_null() && response["errors"][0].get("path").is_none(), "{query}: {response}");
        assert!(response["errors"][0]["locations"][0]["line"].is_number(), "{query}: {response}");
    }
}

#[on_both]
async fn errors_quote_only_a_part_of_long_input(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let long = "x".repeat(30_000);
    for body in [
        json!({ "query": "{ __typename }", "operationName": long }),
        json!({ "query": format!("{{ {long} }}") }),
        json!({ "query": format!("query(${long}: Int!) {{ members(first: ${long}) {{ totalCount }} }}") }),
        json!({ "query": COUNT_MEMBERS, "variables": { "f": { long.clone(): 1 } } }),
        json!({ "query": format!("{{ {} }}", (0..40).map(|n| format!("nothing{n}")).collect::<Vec<_>>().join(" ")) }),
    ] {
        let response = send(&http, &body).await;
        assert!(
            response["errors"][0]["message"].is_string() && response.to_string().len() < 4_000,
            "{} bytes",
            response.to_string().len()
        );
    }
}

#[on_both]
async fn rate_limits_apply_to_addresses_and_members(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("member", "Member").await;
    let rates = RequestRates { per_address: NonZeroU32::new(6), per_member: NonZeroU32::new(2) };
    let http = TestServer::start_with(Arc::clone(&app.app), &Settings::default(), rates).await;
    let body = json!({ "query": GUILD_SLUG });
    let member_request = || http.post(&body).bearer_auth(member.token.clone().unwrap());
    for expected in [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS] {
        assert_eq!(member_request().send().await.unwrap().status(), expected);
    }
    for _ in 0..3 {
        assert_eq!(http.post(&body).send().await.unwrap().status(), StatusCode::OK);
    }
    let refused = http.post(&body).send().await.unwrap();
    assert_eq!(
        (refused.status(), refused.headers()["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "11")
    );
    let response: Value = refused.json().await.unwrap();
    assert_eq!(response["errors"][0]["extensions"], json!({ "code": "RATE_LIMITED", "retryAfterSeconds": 11 }));
    assert!(http.try_connect("graphql-transport-ws").await.is_err(), "a socket is refused too");
    // Health checks do not count, and a minute restores the allowance.
    assert_eq!(http.client.get(http.url("/health/live")).send().await.unwrap().status(), StatusCode::OK);
    app.clock.advance(Duration::from_mins(1));
    let mut socket =
        http.socket(json!({ "authorization": format!("Bearer {}", member.token.as_ref().unwrap()) })).await;
    for expected in ["next", "complete", "next", "complete", "error"] {
        if expected != "complete" {
            socket.subscribe("1", GUILD_SLUG, json!({})).await;
        }
        let message = socket.receive().await;
        assert_eq!(message["type"], expected, "{message}");
    }
}
