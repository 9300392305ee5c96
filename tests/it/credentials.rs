//! The places where clients send a guild and a token. A credential that was sent is never ignored.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApp, TestServer, on_both};

const WHO: &str = "{ guild { slug } me { displayName } }";

/// Opens a socket with these headers and this payload. Returns the result of [`WHO`], or the close code.
async fn who(http: &TestServer, headers: &[(&'static str, &str)], payload: Option<Value>) -> Value {
    let mut socket = http.connect_with(headers).await;
    let mut init = json!({ "type": "connection_init" });
    if let Some(payload) = payload {
        init["payload"] = payload;
    }
    socket.send(init).await;
    let first = socket.receive().await;
    if first["type"] != "connection_ack" {
        return first;
    }
    socket.subscribe("1", WHO, json!({})).await;
    socket.receive().await["payload"]["data"].take()
}

#[on_both]
async fn a_socket_reads_guild_and_token_wherever_clients_send_them(app: TestApp) {
    let (first, second) = (app.guild("emberwatch").await, app.guild("second").await);
    let bearer = format!("Bearer {}", second.member("someone", "Member").await.token.unwrap());
    let same = bearer.replace("Bearer", " bearer ");
    drop(first);
    let http = app.serve().await;
    let (guild, token) = (("X-Guild", "second"), ("Authorization", bearer.as_str()));
    let someone = json!({ "guild": { "slug": "second" }, "me": { "displayName": "someone" } });
    for (headers, payload) in [
        (&[guild, token][..], None),
        (&[guild, token], Some(json!(null))),
        (&[guild, token], Some(json!({ "guild": null, "authorization": null, "headers": null }))),
        (&[guild], Some(json!({ "Authorization": bearer }))),
        (&[token], Some(json!({ "Guild": "second" }))),
        (&[], Some(json!({ "guild": "second", "authorization": bearer }))),
        (&[], Some(json!({ "X-GUILD": "second", "AUTHORIZATION": bearer }))),
        (&[], Some(json!({ "headers": { "X-Guild": "second", "Authorization": bearer } }))),
        (&[], Some(json!({ "Headers": { "guild": "second", "authorization": same }, "other": [1] }))),
        (&[guild, token], Some(json!({ "x-guild": " second ", "headers": { "authorization": same } }))),
    ] {
        assert_eq!(who(&http, headers, payload.clone()).await, someone, "{headers:?} {payload:?}");
    }
    let anonymous = json!({ "guild": { "slug": "second" }, "me": null });
    assert_eq!(who(&http, &[guild], None).await, anonymous);
    assert_eq!(who(&http, &[], Some(json!({ "x-guild": "second" }))).await, anonymous);
}

#[on_both]
async fn a_socket_with_invalid_or_contradictory_credentials_is_closed(app: TestApp) {
    let (first, second) = (app.guild("emberwatch").await, app.guild("second").await);
    let bearer = format!("Bearer {}", second.member("someone", "Member").await.token.unwrap());
    let other = format!("Bearer {}", second.member("other", "Member").await.token.unwrap());
    drop(first);
    let http = app.serve().await;
    let (guild, token) = (("X-Guild", "second"), ("Authorization", bearer.as_str()));
    for (headers, payload) in [
        (&[][..], Some(json!({ "Authorization": "Bearer nonsense" }))),
        (&[], Some(json!({ "Guild": "no-such-guild" }))),
        (&[], Some(json!({ "headers": { "authorization": "Bearer nonsense" } }))),
        (&[], Some(json!({ "headers": { "X-Guild": "no-such-guild" } }))),
        (&[], Some(json!({ "headers": "Authorization: Bearer nonsense" }))),
        (&[], Some(json!({ "headers": [["authorization", bearer]] }))),
        (&[], Some(json!({ "authorization": "" }))),
        (&[], Some(json!({ "authorization": [bearer] }))),
        (&[], Some(json!({ "guild": "" }))),
        // Other servers read these.
        (&[], Some(json!({ "token": bearer }))),
        (&[], Some(json!({ "headers": { "accessToken": bearer } }))),
        (&[], Some(json!({ "auth_token": { "value": bearer } }))),
        (&[], Some(json!({ "Guild": 2 }))),
        // The token is of another guild than the default one.
        (&[token], None),
        (&[("Authorization", "Bearer nonsense")], None),
        (&[("Authorization", "Basic c29tZW9uZTpzZWNyZXQ=")], None),
        (&[("Authorization", "")], None),
        (&[("X-Guild", "no-such-guild")], None),
        (&[("X-Guild", "")], None),
        (&[guild, ("X-Guild", "emberwatch")], None),
        (&[guild, token, ("Authorization", other.as_str())], None),
        (&[("X-Guild", "gülde")], None),
        (&[guild], Some(json!({ "guild": "emberwatch" }))),
        (&[guild], Some(json!({ "headers": { "x-guild": "emberwatch" } }))),
        (&[], Some(json!({ "guild": "second", "x-guild": "emberwatch" }))),
        (&[], Some(json!({ "guild": "second", "Guild": "emberwatch" }))),
        (&[guild, token], Some(json!({ "authorization": other }))),
        (&[guild, token], Some(json!({ "authorization": "Bearer nonsense" }))),
        (&[guild, token], Some(json!({ "authorization": "" }))),
        (&[guild, ("Authorization", "Bearer nonsense")], Some(json!({ "authorization": bearer }))),
        (&[guild], Some(json!({ "authorization": bearer, "headers": { "Authorization": other } }))),
    ] {
        assert_eq!(who(&http, headers, payload.clone()).await, json!({ "close": 4403 }), "{headers:?} {payload:?}");
    }
}

#[on_both]
async fn a_socket_whose_payload_has_a_name_twice_is_closed(app: TestApp) {
    let guild = app.guild("gg").await;
    let bearer = format!("Bearer {}", guild.member("someone", "Member").await.token.unwrap());
    let http = app.serve().await;
    for payload in [
        format!(r#"{{ "authorization": "Bearer nonsense", "authorization": "{bearer}" }}"#),
        format!(r#"{{ "authorization": "{bearer}", "authorization": "Bearer nonsense" }}"#),
        format!(r#"{{ "headers": {{ "Authorization": "Bearer nonsense", "Authorization": "{bearer}" }} }}"#),
        r#"{ "headers": { "authorization": "Bearer nonsense" }, "headers": {} }"#.to_owned(),
        r#"{ "guild": "no-such-guild", "guild": "gg" }"#.to_owned(),
    ] {
        let mut socket = http.connect_with(&[]).await;
        socket.send_text(&format!(r#"{{ "type": "connection_init", "payload": {payload} }}"#)).await;
        assert_eq!(socket.receive().await, json!({ "close": 4403 }), "{payload}");
    }
    let mut socket = http.connect_with(&[]).await;
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.receive().await["type"], "connection_ack");
    let payload = r#"{ "query": "{ guild { slug } }", "query": "{ guild { name } }" }"#;
    socket.send_text(&format!(r#"{{ "type": "subscribe", "id": "1", "payload": {payload} }}"#)).await;
    assert_eq!(socket.receive().await, json!({ "close": 4400 }));
}

#[on_both]
async fn a_request_with_a_credential_in_another_place_or_form_is_refused(app: TestApp) {
    let guild = app.guild("gg").await;
    let token = guild.member("someone", "Member").await.token.unwrap();
    let http = app.serve().await;
    let query = "query=%7Bme%7Bid%7D%7D";
    for accept in ["application/json", "text/event-stream"] {
        let get = |parameters: &str| {
            let url = http.url(&format!("/graphql?{query}&{parameters}"));
            http.client.get(url).header("Accept", accept)
        };
        for (request, status, code) in [
            (get("").header("Authorization", ""), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get("").header("Authorization", "Bearer "), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get("").header("Authorization", &token), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get("").basic_auth("someone", Some("secret")), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get("").header("X-Guild", ""), StatusCode::NOT_FOUND, "NOT_FOUND"),
            (get("").header("X-Guild", "gg, gg"), StatusCode::NOT_FOUND, "NOT_FOUND"),
            (
                get("").bearer_auth(&token).header("Authorization", "Bearer x"),
                StatusCode::BAD_REQUEST,
                "BAD_USER_INPUT",
            ),
            (get(&format!("access_token={token}")), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get(&format!("token={token}")), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get(&format!("%41uthorization=Bearer%20{token}")), StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            (get("guild=other"), StatusCode::BAD_REQUEST, "BAD_USER_INPUT"),
            (get("X-Guild=other"), StatusCode::BAD_REQUEST, "BAD_USER_INPUT"),
        ] {
            let response = request.send().await.unwrap();
            let (of, body) = (response.status(), response.json::<Value>().await.unwrap());
            assert_eq!((of, &body["errors"][0]["extensions"]["code"]), (status, &json!(code)), "{body}");
        }
    }
    let upgrade = format!("ws://{}/graphql?access_token={token}", http.address);
    assert!(crate::support::Socket::open(&upgrade, "graphql-transport-ws").await.is_err());
}
