//! The connection to Discord's gateway: the servers on one database share one, and it is always restored.

use std::time::Duration;

use guildhall::discord::Bot;
use serde_json::{Value, json};

use super::{SERVER, VETERAN_ROLE, discord_status, link_server, map_roles, start_bot, until_later, with_bot};
use crate::support::{Client, LocalDiscord, TestApp, TestCampaign, on_both};

/// Waits until `discordStatus` reports this state of the connection.
async fn wait_for_connection(app: &TestApp, leader: &Client<'_>, connection: &str) -> Value {
    let waiting = async {
        loop {
            let status = discord_status(leader).await;
            if status["connection"] == connection {
                return status;
            }
            app.clock.advance(Duration::from_millis(200));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap_or_else(|_| panic!("the connection is not {connection}"))
}

#[on_both]
async fn the_bot_connects_and_reconnects(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    assert_eq!(discord_status(&leader).await["connection"], "CONNECTING");
    let _running = start_bot(&app, &discord).await;
    wait_for_connection(&app, &leader, "CONNECTED").await;
    assert_eq!(discord.identifies()[0]["intents"], json!(2), "only the Server Members Intent");
    // The session is resumed immediately, however the connection ends.
    for (number, end) in [1_001, 4_000, 4_003, 1_005, 0].into_iter().enumerate() {
        match end {
            0 => {
                discord.reset_connections(true);
                discord.cut_gateway();
                discord.reset_connections(false);
            }
            code => discord.close_gateway(code),
        }
        let is_resumed = |it: &LocalDiscord| (it.resumes() > number && it.connected_sessions() == 1).then_some(());
        until_later(&app, &discord, "a resumed session", is_resumed).await;
    }
    assert_eq!(discord.resumes_in_place(), 5);
    wait_for_connection(&app, &leader, "CONNECTED").await;
    let resumes = discord.resumes();
    discord.request_reconnect();
    let is_resumed = |it: &LocalDiscord| (it.resumes() > resumes && it.connected_sessions() == 1).then_some(());
    until_later(&app, &discord, "a resumed session", is_resumed).await;
    // An expired session is replaced by a new one.
    discord.reject_resume();
    discord.cut_gateway();
    let is_new = |it: &LocalDiscord| (it.identifies().len() == 2 && it.connected_sessions() == 1).then_some(());
    until_later(&app, &discord, "a new session", is_new).await;
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
    wait_for_connection(&app, &leader, "CONNECTED").await;
}

#[on_both]
async fn an_outage_is_reported_and_the_bot_recovers(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    discord.set_down(true);
    let _running = guildhall::bot::start(&app.app);
    wait_for_connection(&app, &leader, "CONNECTING").await;
    discord.set_down(false);
    wait_for_connection(&app, &leader, "CONNECTED").await;
    discord.set_down(true);
    wait_for_connection(&app, &leader, "CONNECTING").await;
    discord.set_down(false);
    wait_for_connection(&app, &leader, "CONNECTED").await;
    discord.join_with_event(SERVER, 71, "afterwards", &[VETERAN_ROLE]);
    let query = "{ members(filter: { search: \"afterwards\" }) { nodes { rank { name } } } }";
    let synced =
        async { while leader.ok(query, json!({})).await["members"]["nodes"][0]["rank"]["name"] != "Veteran" {} };
    tokio::time::timeout(Duration::from_secs(20), synced).await.expect("no event arrives after the outage");
}

#[on_both]
async fn a_rejected_token_is_reported(app: TestApp) {
    let discord = LocalDiscord::start().await;
    let wrong = Bot::new("not-the-token", &discord.base(), &app.clock).unwrap();
    let app = app.with_options(|it| it.bot = Some(wrong)).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let _running = guildhall::bot::start(&app.app);
    let status = wait_for_connection(&app, &leader, "REFUSED").await;
    assert!(status["problem"].as_str().unwrap().contains("token"), "{status}");
}

#[on_both]
async fn health_and_metrics_report_the_connection(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let http = app.serve().await;
    wait_for_connection(&app, &leader, "CONNECTED").await;
    let ready: Value = http.client.get(http.url("/health/ready")).send().await.unwrap().json().await.unwrap();
    assert_eq!(ready, json!({ "status": "ready", "discord": "CONNECTED" }));
    let metrics = http.client.get(http.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "guildhall_discord_connected 1",
        "guildhall_discord_messages{state=\"queued\"} 0",
        "guildhall_discord_delivered_total 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    let commands: Vec<Value> =
        discord.until("the commands", |it| Some(it.commands()).filter(|it| !it.is_empty())).await;
    let mut names: Vec<&str> = commands.iter().map(|it| it["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["invite", "setup", "standings", "sync", "vote", "whoami"]);
}

/// Two servers with one token share a connection: one holds the lease, and the other acquires it when the first stops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_holds_the_lease_and_another_acquires_it() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let other = app.another_bot(&discord).await;
    let first = start_bot(&app, &discord).await;
    let _second = guildhall::bot::start(&other);
    wait_for_connection(&app, &leader, "CONNECTED").await;
    for _ in 0..30 {
        app.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_eq!((discord.connected_sessions(), discord.identifies().len()), (1, 1), "two servers share one connection");
    // The server crashes without releasing the lease.
    drop(first);
    let acquired = async {
        while !(discord.identifies().len() == 2 && discord.connected_sessions() == 1) {
            app.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), acquired).await.expect("the other server does not acquire the lease");
    wait_for_connection(&app, &leader, "CONNECTED").await;
}

/// A SQLite database has one server, so a restarted server does not wait for the old lease to expire.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_server_connects_at_once() {
    let (app, discord) = with_bot(TestApp::on_sqlite().await).await;
    let first = start_bot(&app, &discord).await;
    drop(first);
    discord.until("the end of the first session", |it| (it.connected_sessions() == 0).then_some(())).await;
    let restarted = app.another_bot(&discord).await;
    let _running = guildhall::bot::start(&restarted);
    discord
        .until("a new session", |it| (it.identifies().len() == 2 && it.connected_sessions() == 1).then_some(()))
        .await;
}

/// The bot retries a rejected token rarely, however many messages are queued.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_token_is_retried_rarely() {
    let discord = LocalDiscord::start().await;
    let app = TestApp::on_sqlite().await;
    let wrong = Bot::new("not-the-token", &discord.base(), &app.clock).unwrap();
    let app = app.with_options(|it| it.bot = Some(wrong)).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    for channel in 1..=40_u64 {
        let input = json!({ "announcements": "QUIET", "discordChannelId": channel.to_string() });
        TestCampaign::live(&leader, 2, input).await;
    }
    let _running = guildhall::bot::start(&app.app);
    let opened = async {
        while !app.app.discord.bot.as_ref().unwrap().is_down() {
            app.clock.advance(Duration::from_millis(100));
            discord_status(&leader).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.expect("the breaker stays closed");
    let requests = discord.calls().len();
    assert!(requests <= 16, "{requests} requests");
}
