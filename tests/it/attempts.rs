//! Limits on attempts to sign in, and to guess codes and passwords.

use std::{num::NonZeroU32, time::Duration};

use guildhall::auth::LoginLimits;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, TestApp,
    documents::{CHANGE_PASSWORD, GUILD_SLUG, LOGIN, RESET_PASSWORD, SEND_RESET_CODE},
    on_both, refusal_in,
};

const NEW: &str = "another good password";

fn reset_variables(code: &str, name: &str) -> Value {
    json!({ "code": code, "name": name, "password": NEW })
}

#[on_both]
async fn an_account_is_limited_after_ten_failures(app: TestApp) {
    let guild = app.guild("gg").await;
    let someone = guild.member("someone", "Member").await;
    guild.member("other", "Member").await;
    let wrong = |name: &str| json!({ "name": name, "password": "wrong password" });
    for name in ["someone", "nobody"] {
        for _ in 0..10 {
            assert_eq!(guild.anonymous().refusal(LOGIN, wrong(name)).await, "UNAUTHENTICATED BAD_CREDENTIALS");
            app.clock.advance(Duration::from_secs(6));
        }
        let limited = guild.anonymous().run(LOGIN, wrong(name)).await;
        assert_eq!(refusal_in(&limited), "RATE_LIMITED", "{name}");
        assert_eq!(limited["errors"][0]["extensions"]["retryAfterSeconds"], 15 * 60 - 60 + 1, "{name}");
    }
    let right = json!({ "name": "SOMEONE", "password": PASSWORD });
    assert_eq!(guild.anonymous().refusal(LOGIN, right.clone()).await, "RATE_LIMITED", "the right password too");
    // Other accounts are not limited, and existing sessions stay valid.
    guild.login("other").await;
    assert_eq!(someone.auth_error().await, None);
    // Another server counts the same failures.
    let other_server = app.another_server().await;
    let refused = someone.run_on(&other_server, LOGIN, right.clone()).await;
    assert_eq!(refusal_in(&refused), "RATE_LIMITED");
    // Reset codes are counted separately, and the oldest failures expire first.
    let officer = guild.member("officer", "Officer").await;
    let sent = officer.ok(SEND_RESET_CODE, json!({ "id": someone.id })).await;
    let code = sent["sendResetCode"]["code"].as_str().unwrap();
    guild.anonymous().ok(RESET_PASSWORD, reset_variables(code, "someone")).await;
    app.clock.advance(Duration::from_mins(13));
    let right = json!({ "name": "someone", "password": NEW });
    guild.anonymous().ok(LOGIN, right.clone()).await;
    for refusal in ["UNAUTHENTICATED BAD_CREDENTIALS", "RATE_LIMITED"] {
        assert_eq!(guild.anonymous().refusal(LOGIN, wrong("someone")).await, refusal);
    }
}

#[on_both]
async fn concurrent_guesses_count_like_consecutive_ones(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let guess = json!({ "name": "someone", "password": "wrong password" });
    let anyone = guild.anonymous();
    let guesses = (0..40).map(|_| anyone.run(LOGIN, guess.clone()));
    let responses = futures_util::future::join_all(guesses).await;
    let tried = responses.iter().filter(|response| refusal_in(response) == "UNAUTHENTICATED BAD_CREDENTIALS").count();
    assert_eq!(tried, 10);
    // Successful logins do not count.
    guild.member("other", "Member").await;
    let right = json!({ "name": "other", "password": PASSWORD });
    let responses = futures_util::future::join_all((0..40).map(|_| anyone.run(LOGIN, right.clone()))).await;
    assert!(responses.iter().all(|response| response.get("errors").is_none()), "{responses:?}");
}

#[on_both]
async fn guesses_of_codes_and_current_passwords_are_limited_too(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("someone", "Member").await;
    let register = "mutation($code: String!, $name: String!, $password: String!) {
        register(input: { inviteCode: $code, discordUsername: $name, password: $password }) { accessToken }
    }";
    let anyone = guild.anonymous();
    for (client, operation, variables, refusal) in [
        (&anyone, register, reset_variables("22222222", "someone"), "BAD_USER_INPUT INVALID_CODE inviteCode"),
        (&anyone, RESET_PASSWORD, reset_variables("22222222", "someone"), "BAD_USER_INPUT INVALID_CODE resetCode"),
        (
            &member,
            CHANGE_PASSWORD,
            json!({ "old": "wrong password", "new": NEW }),
            "UNAUTHENTICATED BAD_CREDENTIALS currentPassword",
        ),
    ] {
        for _ in 0..10 {
            assert_eq!(client.refusal(operation, variables.clone()).await, refusal);
        }
        assert_eq!(client.refusal(operation, variables).await, "RATE_LIMITED", "{operation}");
    }
}

#[on_both]
async fn attempts_per_address_are_limited(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let served = app.serve().await;
    let login = |name: String| json!({ "query": LOGIN, "variables": { "name": name, "password": "wrong password" } });
    let mut responses = Vec::new();
    for number in 0..105 {
        // The server ignores the `X-Forwarded-For` of an untrusted client.
        let request =
            served.post(&login(format!("nobody{number}"))).header("x-forwarded-for", format!("192.0.2.{number}"));
        responses.push(request.send().await.unwrap().json::<Value>().await.unwrap());
    }
    let limited = responses.iter().filter(|response| refusal_in(response) == "RATE_LIMITED").count();
    assert_eq!(limited, 5);
    assert_eq!(
        responses[104]["errors"][0]["extensions"]["retryAfterSeconds"], 1,
        "100 per minute, restored one by one"
    );
    // Other operations are not limited.
    let query = served.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap();
    assert_eq!(query.json::<Value>().await.unwrap()["data"]["guild"]["slug"], "gg");
    app.clock.advance(Duration::from_mins(1));
    let response = served.post(&login("someone".to_owned())).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(refusal_in(&response), "UNAUTHENTICATED BAD_CREDENTIALS");
}

#[on_both]
async fn login_limits_can_be_set(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let of = |count| NonZeroU32::new(count).unwrap();
    let limits =
        LoginLimits { per_address: of(3), per_pair: of(2), per_account: of(100), window: Duration::from_secs(10) };
    let other_server = app.another_server_with(|server| server.limits = limits).await;
    let wrong = json!({ "name": "someone", "password": "wrong password" });
    let mut responses = Vec::new();
    for _ in 0..3 {
        responses.push(refusal_in(&guild.anonymous().run_on(&other_server, LOGIN, wrong.clone()).await));
    }
    assert_eq!(responses, ["UNAUTHENTICATED BAD_CREDENTIALS", "UNAUTHENTICATED BAD_CREDENTIALS", "RATE_LIMITED"]);
    app.clock.advance(Duration::from_secs(10));
    let response = guild.anonymous().run_on(&other_server, LOGIN, wrong).await;
    assert_eq!(refusal_in(&response), "UNAUTHENTICATED BAD_CREDENTIALS");
    let from_one_address =
        (0..5).map(|_| other_server.accounts.limiter.check_address("192.0.2.1".parse().ok()).is_ok());
    assert_eq!(from_one_address.filter(|is_allowed| *is_allowed).count(), 3);
}
