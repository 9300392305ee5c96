//! GraphQL over WebSocket, with the sub-protocol `graphql-transport-ws`.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{
    TestApp, TestCampaign, TestServer,
    documents::{CAST_BALLOT, GUILD_SLUG, ME_NAME, UNKNOWN_FIELD, UPDATE_MEMBER, WATCH_REVISION, WATCH_TURNOUT},
    on_both, refusal_in,
};

#[on_both]
async fn one_socket_runs_several_operations(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let bearer = format!("Bearer {}", officer.token.as_ref().unwrap());
    let mut socket = http.socket(json!({ "authorization": bearer, "guild": "gg" })).await;
    socket.subscribe("tally", WATCH_TURNOUT, campaign.vars()).await;
    let first = socket.receive().await;
    assert_eq!(
        first,
        json!({
            "type": "next", "id": "tally",
            "payload": { "data": { "voteTally": { "turnout": { "voted": 0 }, "isFinal": false } } },
        })
    );
    socket.subscribe("me", ME_NAME, json!({})).await;
    assert_eq!(socket.receive().await["payload"]["data"]["me"]["displayName"], "officer");
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "me" }));
    socket.subscribe("wrong", UNKNOWN_FIELD, json!({})).await;
    let wrong = socket.receive().await;
    assert_eq!(
        (&wrong["type"], &wrong["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("BAD_USER_INPUT"))
    );
    socket.send(json!({ "type": "ping", "payload": { "n": 1 } })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong", "payload": { "n": 1 } }));
    // A ballot over the same socket: its response and the tally may arrive in either order.
    socket.subscribe("cast", CAST_BALLOT, campaign.ballot(&[1])).await;
    let mut messages = Vec::new();
    while messages.len() < 3 {
        messages.push(socket.receive().await);
    }
    assert!(
        messages
            .iter()
            .any(|it| it["id"] == "cast" && it["payload"]["data"]["castBallot"]["campaign"]["turnout"]["voted"] == 1),
        "{messages:?}"
    );
    assert!(
        messages.iter().any(|it| it["id"] == "tally" && it["payload"]["data"]["voteTally"]["turnout"]["voted"] == 1),
        "{messages:?}"
    );
    campaign.close(&officer).await;
    assert_eq!(socket.receive().await["payload"]["data"]["voteTally"]["isFinal"], true);
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "tally" }));
}

#[on_both]
async fn the_server_acknowledges_a_close_by_the_client(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    socket.subscribe("1", WATCH_REVISION, campaign.vars()).await;
    assert_eq!(socket.receive().await["type"], "next");
    assert_eq!(socket.close().await, 1000);
    assert_eq!(http.socket(json!({})).await.close().await, 1000);
}

#[on_both]
async fn a_hidden_tally_fails_only_its_own_operation(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    socket.subscribe("1", WATCH_REVISION, campaign.vars()).await;
    let error = socket.receive().await;
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("1")));
    assert_eq!(error["payload"][0]["extensions"], json!({ "code": "FORBIDDEN", "reason": "STANDINGS_HIDDEN" }));
    // The id is free again.
    socket.subscribe("1", GUILD_SLUG, json!({})).await;
    assert_eq!(socket.receive().await["payload"]["data"]["guild"]["slug"], "gg");
}

#[on_both]
async fn protocol_violations_close_the_socket_with_their_codes(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let foreign = format!("Bearer {}", other.member("stranger", "Member").await.token.unwrap());
    drop(guild);
    let http = app.serve().await;
    let query = "subscription { voteTally(campaignId: \"x\") { revision } }";
    let subscribe = |id: &str| json!({ "type": "subscribe", "id": id, "payload": { "query": query } });
    let init = json!({ "type": "connection_init" });
    for (messages, code) in [
        (vec!["nonsense".to_owned()], 4400),
        (vec![json!({ "type": "unknown" }).to_string()], 4400),
        (vec![json!({ "type": "subscribe", "id": "1" }).to_string()], 4400),
        (vec![subscribe("1").to_string()], 4401),
        (vec![init.to_string(), init.to_string()], 4429),
        (
            vec![json!({ "type": "connection_init", "payload": { "authorization": "Bearer nonsense" } }).to_string()],
            4403,
        ),
        (
            vec![
                json!({ "type": "connection_init", "payload": { "authorization": foreign, "guild": "gg" } })
                    .to_string(),
            ],
            4403,
        ),
        (vec![json!({ "type": "connection_init", "payload": { "guild": "nowhere" } }).to_string()], 4403),
        (vec![json!({ "type": "connection_init", "payload": { "guild": "a\u{0}" } }).to_string()], 4403),
        (vec![json!({ "type": "connection_init", "payload": { "guild": 1 } }).to_string()], 4403),
        (vec!["x".repeat(200_000)], 4400),
    ] {
        let mut socket = http.connect().await;
        for message in &messages {
            socket.send_text(message).await;
        }
        let mut message = socket.receive().await;
        if message["type"] == "connection_ack" {
            message = socket.receive().await;
        }
        assert_eq!(message, json!({ "close": code }), "{:.100}", messages[0]);
    }
    let campaign = TestCampaign::live(&other.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let mut socket = http.socket(json!({ "guild": "hh" })).await;
    for _ in 0..2 {
        socket.subscribe("same", WATCH_REVISION, campaign.vars()).await;
    }
    loop {
        let message = socket.receive().await;
        if message.get("close").is_some() {
            assert_eq!(message, json!({ "close": 4409 }));
            break;
        }
    }
    // The server does not agree to the old sub-protocol.
    assert!(http.try_connect("graphql-ws").await.is_err());
}

#[on_both]
async fn changed_rights_apply_to_open_sockets(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let http = app.serve().await;
    let bearer = format!("Bearer {}", officer.token.as_ref().unwrap());
    let mut socket = http.socket(json!({ "authorization": bearer })).await;
    let create = "mutation { createMember(input: { discordUsername: \"x\" }) { member { id } } }";
    let member = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": member } })).await;
    socket.subscribe("1", create, json!({})).await;
    let refused = socket.receive().await;
    assert_eq!(refusal_in(&refused["payload"]), "FORBIDDEN PERMISSION_REQUIRED");
    assert_eq!(socket.receive().await["type"], "complete");
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "active": false } })).await;
    socket.subscribe("2", GUILD_SLUG, json!({})).await;
    let refused = socket.receive().await;
    assert_eq!(
        (&refused["type"], &refused["payload"][0]["extensions"]["code"]),
        (&json!("error"), &json!("UNAUTHENTICATED"))
    );
}

#[on_both]
async fn an_expired_token_ends_subscriptions_with_an_error(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let token = guild.login("officer").await["accessToken"].as_str().unwrap().to_owned();
    let http = app.serve().await;
    let mut socket = http.socket(json!({ "authorization": format!("Bearer {token}") })).await;
    socket.subscribe("1", WATCH_REVISION, campaign.vars()).await;
    assert_eq!(socket.receive().await["type"], "next");
    app.clock.advance(std::time::Duration::from_mins(15));
    let ended = socket.receive().await;
    assert_eq!(
        (&ended["type"], &ended["payload"][0]["extensions"]),
        (&json!("error"), &json!({ "code": "UNAUTHENTICATED", "reason": "INVALID_TOKEN" }))
    );
    assert_eq!(ended["payload"][0]["path"], json!(["voteTally"]));
    // The socket stays open with the expired token.
    socket.subscribe("2", GUILD_SLUG, json!({})).await;
    assert_eq!(socket.receive().await["payload"][0]["extensions"]["reason"], "INVALID_TOKEN");
}

#[on_both]
async fn pings_are_answered_before_and_after_initialisation(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let mut socket = http.connect().await;
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong" }));
    socket.send(json!({ "type": "pong", "payload": { "n": 1 } })).await;
    socket.send(json!({ "type": "connection_init", "payload": null, "extra": 1 })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    socket.send(json!({ "type": "ping", "payload": { "n": [2] } })).await;
    assert_eq!(socket.receive().await, json!({ "type": "pong", "payload": { "n": [2] } }));
}

#[on_both]
async fn a_completed_operation_sends_no_more_and_its_id_is_free(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    socket.subscribe("1", WATCH_REVISION, campaign.vars()).await;
    assert_eq!(socket.receive().await["type"], "next");
    socket.send(json!({ "type": "complete", "id": "1" })).await;
    // Completing an unknown operation has no effect.
    socket.send(json!({ "type": "complete", "id": "nothing" })).await;
    campaign.vote(&guild.member("a", "Member").await, &[0]).await;
    socket.subscribe("1", GUILD_SLUG, json!({})).await;
    assert_eq!(socket.receive().await["payload"]["data"]["guild"]["slug"], "gg");
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "1" }));
}

#[on_both]
async fn shutdown_closes_sockets_with_1001(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let http = app.serve().await;
    let (mut idle, mut watching) = (http.connect().await, http.socket(json!({})).await);
    watching.subscribe("1", WATCH_REVISION, campaign.vars()).await;
    assert_eq!(watching.receive().await["type"], "next");
    http.shutdown.send_replace(true);
    assert_eq!(idle.receive().await, json!({ "close": 1001 }));
    assert_eq!(watching.receive().await, json!({ "close": 1001 }));
    drop((idle, watching));
    http.shutdown.closed().await;
}

#[on_both]
async fn a_socket_counts_towards_the_connection_limit_until_it_closes(app: TestApp) {
    app.guild("gg").await;
    let http = TestServer::with_max_connections(app.app.clone(), 1).await;
    let mut socket = http.socket(json!({})).await;
    let live = tokio::spawn(http.client.get(http.url("/health/live")).send());
    // Long enough for a response, if the request were accepted.
    for _ in 0..200 {
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.receive().await, json!({ "type": "pong" }));
    }
    assert!(!live.is_finished(), "the connection limit is reached");
    socket.close().await;
    let live =
        tokio::time::timeout(std::time::Duration::from_secs(20), live).await.expect("the closed socket still counts");
    assert!(live.unwrap().unwrap().status().is_success());
}

#[on_both]
async fn persisted_queries_work_over_sockets_too(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    let hash = base16ct::lower::encode_string(&Sha256::digest(GUILD_SLUG));
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    socket.send(json!({ "type": "subscribe", "id": "1", "payload": { "extensions": persisted } })).await;
    assert_eq!(socket.receive().await["payload"][0]["message"], "PersistedQueryNotFound");
    socket
        .send(json!({ "type": "subscribe", "id": "1", "payload": { "query": GUILD_SLUG, "extensions": persisted } }))
        .await;
    assert_eq!(socket.receive().await["type"], "next");
    assert_eq!(socket.receive().await["type"], "complete");
    socket.send(json!({ "type": "subscribe", "id": "1", "payload": { "extensions": persisted } })).await;
    assert_eq!(socket.receive().await["payload"]["data"]["guild"]["slug"], "gg");
}
