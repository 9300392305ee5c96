//! Renewals of sessions: rotation, lost answers, second tabs and stolen tokens.

use std::time::Duration;

use guildhall::kernel::error::Code;
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, TestApp, TestGuild,
    documents::{LOGIN, REFRESH_SESSION},
    on_both, refusal_in,
};

const INVALID: &str = "UNAUTHENTICATED INVALID_TOKEN";
const SESSIONS: &str = "{ sessions { id } }";
const CHANGE: &str = "mutation($old: String!, $new: String!) {
    changePassword(input: { currentPassword: $old, newPassword: $new }) { accessToken refreshToken }
}";

/// Exchanges a refresh token, and returns the new tokens.
async fn renew(guild: &TestGuild<'_>, token: &Value) -> Value {
    guild.anonymous().ok(REFRESH_SESSION, json!({ "token": token })).await["refreshSession"].clone()
}

/// How a refresh token is refused.
async fn refused(guild: &TestGuild<'_>, token: &Value) -> String {
    guild.anonymous().refusal(REFRESH_SESSION, json!({ "token": token })).await
}

fn client<'t>(guild: &TestGuild<'t>, tokens: &Value) -> Client<'t> {
    guild.anonymous().with_token(tokens["accessToken"].as_str().unwrap())
}

#[on_both]
async fn a_refresh_token_renews_a_session(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let first = guild.login("someone").await;
    let renewed = renew(&guild, &first["refreshToken"]).await;
    assert_eq!(client(&guild, &renewed).auth_error().await, None);
    assert_eq!(refused(&guild, &json!("nonsense")).await, INVALID);

    let late = guild.login("someone").await;
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(client(&guild, &late).auth_error().await, Some(Code::Unauthenticated));
    app.clock.advance(Duration::from_hours(720));
    assert_eq!(refused(&guild, &late["refreshToken"]).await, INVALID);
}

#[on_both]
async fn for_thirty_seconds_a_refresh_token_can_be_exchanged_again(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let first = guild.login("someone").await["refreshToken"].clone();
    let lost = renew(&guild, &first).await;
    app.clock.advance(Duration::from_micros(29_999_999));
    // Another server accepts it too, and a second exchange does not prolong the time.
    let other_server = app.another_server().await;
    let again = guild.anonymous().run_on(&other_server, REFRESH_SESSION, json!({ "token": first })).await;
    let again = again["data"]["refreshSession"].clone();
    assert_ne!(lost["refreshToken"], again["refreshToken"]);
    let (one, two) = (client(&guild, &lost), client(&guild, &again));
    assert_eq!(one.ok(SESSIONS, json!({})).await, two.ok(SESSIONS, json!({})).await, "the same session");
    assert_eq!(one.ok(SESSIONS, json!({})).await["sessions"].as_array().unwrap().len(), 1);

    // Both successors stay valid, however late they are used.
    app.clock.advance(Duration::from_mins(10));
    let (lost, again) = (renew(&guild, &lost["refreshToken"]).await, renew(&guild, &again["refreshToken"]).await);
    // After that time, a replay ends the session with all its tokens.
    assert_eq!(refused(&guild, &first).await, INVALID);
    for tokens in [&lost, &again] {
        assert_eq!(client(&guild, tokens).auth_error().await, Some(Code::Unauthenticated));
        assert_eq!(refused(&guild, &tokens["refreshToken"]).await, INVALID);
    }
}

#[on_both]
async fn a_replay_after_forty_seconds_revokes_the_session_and_no_other(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let (stolen, other) = (guild.login("someone").await, guild.login("someone").await);
    let renewed = renew(&guild, &stolen["refreshToken"]).await;
    app.clock.advance(Duration::from_secs(40));
    assert_eq!(refused(&guild, &stolen["refreshToken"]).await, INVALID);
    assert_eq!(client(&guild, &renewed).auth_error().await, Some(Code::Unauthenticated));
    assert_eq!(refused(&guild, &renewed["refreshToken"]).await, INVALID);
    // Replays of the revoked tokens, however many, do not hinder the member.
    for _ in 0..30 {
        assert_eq!(refused(&guild, &stolen["refreshToken"]).await, INVALID);
        assert_eq!(refused(&guild, &renewed["refreshToken"]).await, INVALID);
    }
    renew(&guild, &other["refreshToken"]).await;
    guild.login("someone").await;
}

#[on_both]
async fn concurrent_renewals_all_succeed(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let token = json!({ "token": guild.login("someone").await["refreshToken"] });
    let other_server = app.another_server().await;
    let anyone = guild.anonymous();
    let renewals = (0..20).map(async |number| {
        let server = if number % 2 == 0 { &app.app } else { &other_server };
        anyone.run_on(server, REFRESH_SESSION, token.clone()).await
    });
    let responses = futures_util::future::join_all(renewals).await;
    assert!(responses.iter().all(|response| response.get("errors").is_none()), "{responses:?}");
    for response in &responses {
        renew(&guild, &response["data"]["refreshSession"]["refreshToken"]).await;
    }
}

#[on_both]
async fn a_session_has_a_limited_number_of_unused_tokens(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let token = guild.login("someone").await["refreshToken"].clone();
    let mut successors = Vec::new();
    for _ in 0..115 {
        successors.push(renew(&guild, &token).await);
        app.clock.advance(Duration::from_millis(200));
    }
    assert_eq!(app.count_rows("refresh_tokens WHERE rotated_at IS NULL").await, 100);
    // A dropped token is refused, but not taken for a stolen one.
    assert_eq!(refused(&guild, &successors[14]["refreshToken"]).await, INVALID);
    for successor in &successors[15..] {
        renew(&guild, &successor["refreshToken"]).await;
    }
    assert_eq!(client(&guild, &successors[0]).auth_error().await, None);
}

#[on_both]
async fn a_replaced_token_cannot_be_exchanged_again(app: TestApp) {
    const NEW: &str = "another good password";
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let first = guild.login("someone").await;
    let second = renew(&guild, &first["refreshToken"]).await;
    let changed = client(&guild, &second).ok(CHANGE, json!({ "old": PASSWORD, "new": NEW })).await;
    let renewed = renew(&guild, &changed["changePassword"]["refreshToken"]).await;
    // Neither the token of the session nor the one before it: the password may have been changed because of a theft.
    assert_eq!(refused(&guild, &first["refreshToken"]).await, INVALID);
    assert_eq!(client(&guild, &renewed).auth_error().await, Some(Code::Unauthenticated), "a replay ends the session");
    let login = guild.anonymous().ok(LOGIN, json!({ "name": "someone", "password": NEW })).await["login"].clone();
    assert_eq!(refused(&guild, &second["refreshToken"]).await, INVALID);
    renew(&guild, &login["refreshToken"]).await;
}

#[on_both]
async fn a_token_that_the_release_before_rotated_is_accepted_once(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let first = guild.login("someone").await;
    app.execute_sql("UPDATE refresh_tokens SET rotated_at = '2026-03-01 20:00:01'").await;
    let response = guild.anonymous().run(REFRESH_SESSION, json!({ "token": first["refreshToken"] })).await;
    assert_eq!(refusal_in(&response), INVALID);
    assert_eq!(client(&guild, &first).auth_error().await, Some(Code::Unauthenticated));
}
