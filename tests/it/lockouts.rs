//! Login throttling: whose failures lock an account, and where.

use std::{num::NonZeroU32, task::Poll, time::Duration};

use guildhall::{auth::Hasher, engine::Presence, kernel::error::Code};
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, TestApp, TestGuild, TestServer,
    documents::{LOGIN, REFRESH_SESSION, SEND_INVITE},
    on_both, refusal_in,
};

const WRONG: &str = "UNAUTHENTICATED BAD_CREDENTIALS";

fn credentials(name: &str, password: &str) -> Value {
    json!({ "name": name, "password": password })
}

/// How a sign-in at this address ends; an empty text if it succeeds.
async fn sign_in(guild: &TestGuild<'_>, address: &str, name: &str, password: &str) -> String {
    let response = guild.anonymous().at(address).run(LOGIN, credentials(name, password)).await;
    response.get("errors").map(|_| refusal_in(&response)).unwrap_or_default()
}

/// Fails to sign in from ten addresses, ten times at each. They lock the account in total.
async fn lock_in_total(guild: &TestGuild<'_>, name: &str) {
    for address in 1..=10 {
        for _ in 0..10 {
            assert_eq!(sign_in(guild, &format!("203.0.113.{address}"), name, "wrong password").await, WRONG);
        }
    }
}

#[on_both]
async fn ten_failures_lock_the_account_only_at_their_address(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    for _ in 0..10 {
        assert_eq!(sign_in(&guild, "203.0.113.1", "someone", "wrong password").await, WRONG);
        app.clock.advance(Duration::from_secs(1));
    }
    let refused = guild.anonymous().at("203.0.113.1").run(LOGIN, credentials("someone", PASSWORD)).await;
    assert_eq!(refusal_in(&refused), "RATE_LIMITED");
    assert_eq!(refused["errors"][0]["extensions"]["retryAfterSeconds"], 15 * 60 - 10 + 1);
    // The owner's address, although they never signed in there; another account; the same network by IPv6.
    assert_eq!(sign_in(&guild, "198.51.100.7", "someone", PASSWORD).await, "");
    assert_eq!(sign_in(&guild, "203.0.113.1", "leader", PASSWORD).await, "");
    for host in 1..=10 {
        assert_eq!(sign_in(&guild, &format!("2001:db8:0:1::{host}"), "someone", "wrong password").await, WRONG);
    }
    assert_eq!(sign_in(&guild, "2001:db8:0:1::ffff", "someone", PASSWORD).await, "RATE_LIMITED");
    assert_eq!(sign_in(&guild, "2001:db8:0:2::1", "someone", PASSWORD).await, "");
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(sign_in(&guild, "203.0.113.1", "someone", PASSWORD).await, "");
}

#[on_both]
async fn a_hundred_failures_lock_the_account_where_its_member_never_signed_in(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    assert_eq!(sign_in(&guild, "198.51.100.7", "someone", PASSWORD).await, "");
    for name in ["someone", "nobody"] {
        lock_in_total(&guild, name).await;
        assert_eq!(sign_in(&guild, "192.0.2.1", name, PASSWORD).await, "RATE_LIMITED", "{name} at a new address");
    }
    // Another server counts the same failures, and knows the same addresses.
    let other_server = app.another_server().await;
    let on_other = async |address: &str| {
        let client = guild.anonymous().at(address);
        client.run_on(&other_server, LOGIN, credentials("SOMEONE", PASSWORD)).await.get("errors").is_none()
    };
    assert!(!on_other("192.0.2.1").await);
    assert!(on_other("198.51.100.7").await);
    assert!(!on_other("198.51.100.8").await);
    // The known address has its own ten failures.
    for _ in 0..10 {
        assert_eq!(sign_in(&guild, "198.51.100.7", "someone", "wrong password").await, WRONG);
    }
    assert_eq!(sign_in(&guild, "198.51.100.7", "someone", PASSWORD).await, "RATE_LIMITED");
    app.clock.advance(Duration::from_mins(15));
    for address in ["198.51.100.7", "192.0.2.1"] {
        assert_eq!(sign_in(&guild, address, "someone", PASSWORD).await, "", "{address}");
    }
}

#[on_both]
async fn an_address_stays_known_for_ninety_days_after_its_last_use(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, new) = (guild.member("officer", "Officer").await, guild.unregistered("new", "Member").await);
    // An account is created at one address, and renewed at another.
    let code = officer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    let register = "mutation($code: String!, $password: String!) {
        register(input: { inviteCode: $code, discordUsername: \"new\", password: $password }) { refreshToken }
    }";
    let home = guild.anonymous().at("198.51.100.1");
    let tokens = home.ok(register, json!({ "code": code, "password": PASSWORD })).await["register"].clone();
    let phone = guild.anonymous().at("198.51.100.2");
    phone.ok(REFRESH_SESSION, json!({ "token": tokens["refreshToken"] })).await;
    for (days, home, phone) in
        [(60, "", ""), (29, "", ""), (61, "", "RATE_LIMITED"), (91, "RATE_LIMITED", "RATE_LIMITED")]
    {
        app.clock.advance(Duration::from_hours(24 * days));
        lock_in_total(&guild, "new").await;
        assert_eq!(sign_in(&guild, "198.51.100.1", "new", PASSWORD).await, home, "home after {days} days");
        // Only looks: a sign-in would prolong the time.
        if !phone.is_empty() {
            assert_eq!(sign_in(&guild, "198.51.100.2", "new", PASSWORD).await, phone, "phone after {days} days");
        }
        app.clock.advance(Duration::from_mins(15));
    }
}

#[on_both]
async fn a_member_has_a_limited_number_of_known_addresses(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    for number in 0..25 {
        assert_eq!(sign_in(&guild, &format!("198.51.100.{number}"), "someone", PASSWORD).await, "");
        app.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(app.count_rows("known_addresses").await, 20);
    assert_eq!(app.count_rows("known_addresses WHERE address LIKE '%198%'").await, 0, "stored as hashes");
    lock_in_total(&guild, "someone").await;
    assert_eq!(sign_in(&guild, "198.51.100.4", "someone", PASSWORD).await, "RATE_LIMITED");
    assert_eq!(sign_in(&guild, "198.51.100.5", "someone", PASSWORD).await, "");
}

#[on_both]
async fn concurrent_guesses_from_several_addresses_count(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let clients: Vec<Client<'_>> = (1..=4).map(|n| guild.anonymous().at(&format!("203.0.113.{n}"))).collect();
    let guesses = clients
        .iter()
        .flat_map(|client| (0..15).map(move |_| client.run(LOGIN, credentials("someone", "wrong password"))));
    let responses = futures_util::future::join_all(guesses).await;
    assert_eq!(responses.iter().filter(|response| refusal_in(response) == WRONG).count(), 40);
    assert_eq!(responses.iter().filter(|response| refusal_in(response) == "RATE_LIMITED").count(), 20);
}

#[on_both]
async fn each_address_behind_a_proxy_has_its_own_allowance(app: TestApp) {
    let limit = NonZeroU32::new(5).unwrap();
    let app = app.with_options(|options| options.limits.per_address = limit).await;
    app.guild("gg").await;
    let served = TestServer::with_origins(app.app.clone(), &[], &["127.0.0.1/32"]).await;
    let body = json!({ "query": LOGIN, "variables": credentials("nobody", PASSWORD) });
    for forms in [
        ["198.51.100.1:50121", "\"198.51.100.1\"", "198.51.100.1", "203.0.113.9, 198.51.100.1:1"],
        ["[2001:db8:1::1]:443", "2001:db8:1::1", "\"[2001:db8:1::1]\"", "203.0.113.9,[2001:db8:1::2]:50000"],
    ] {
        let mut refusals = Vec::new();
        for form in forms.iter().cycle().take(7) {
            let response = served.post(&body).header("x-forwarded-for", *form).send().await.unwrap();
            refusals.push(refusal_in(&response.json::<Value>().await.unwrap()));
        }
        assert_eq!(refusals, [[WRONG; 5].as_slice(), &["RATE_LIMITED"; 2]].concat(), "{forms:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_for_a_client_that_left_is_dropped() {
    let (waiting, presence) = Presence::tracked();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let work = async {
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    };
    let leaves = async {
        has_started.await.unwrap();
        drop(waiting);
    };
    let (result, ()) = tokio::join!(presence.while_present(work), leaves);
    assert!(result.is_err());
    assert!(Presence::default().while_present(async {}).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_beyond_the_queue_are_refused_at_once_and_clients_that_left_give_up_their_places() {
    let hasher = Hasher::owasp().unwrap();
    let places = hasher.free_places();
    let mut waiting = Vec::new();
    let refused = loop {
        let mut attempt = Box::pin(hasher.verify("guess".to_owned(), None));
        match futures_util::poll!(&mut attempt) {
            Poll::Ready(result) => break result.unwrap_err(),
            Poll::Pending => waiting.push(attempt),
        }
    };
    assert!(waiting.len() >= places);
    assert_eq!(refused.refusal().map(|it| (it.code, it.retry_after_seconds)), Some((Code::RateLimited, Some(1))));
    drop(waiting);
    // Only the hashes that run already keep their places.
    assert!(hasher.free_places() >= places - std::thread::available_parallelism().unwrap().get());
    assert!(!hasher.verify("guess".to_owned(), None).await.unwrap());
}
