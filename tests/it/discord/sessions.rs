//! Sessions of Discord's gateway: how often new ones are started, and what happens to the changes between two of them.

use std::time::Duration;

use guildhall::kernel::clock::Timestamp;
use serde_json::json;

use super::{
    LINK, MEMBER_ROLE, OFFICER_ROLE, SERVER, discord_status, link_server, map_roles, start_bot, until_later, with_bot,
};
use crate::support::{Client, LocalDiscord, TestApp, on_both};

const SYNC: &str = "mutation { syncDiscordRoles { report { added } } }";

/// Number of requests for the gateway's address and the remaining session starts.
fn gateway_requests(discord: &LocalDiscord) -> usize {
    discord.calls().iter().filter(|call| call.path == "/gateway/bot").count()
}

/// The times at which the bot asks for its first sessions, while the clock moves.
async fn session_starts(app: &TestApp, discord: &LocalDiscord, number: usize) -> Vec<Timestamp> {
    let mut starts = Vec::new();
    while starts.len() < number {
        let before = starts.len();
        until_later(app, discord, "a session", |it| (it.identifies().len() > before).then_some(())).await;
        starts.push(app.now());
    }
    starts
}

/// The name of a member's rank.
async fn rank(leader: &Client<'_>, name: &str) -> String {
    let query = "query($name: String!) { members(filter: { search: $name }) { nodes { rank { name } } } }";
    leader.ok(query, json!({ "name": name })).await["members"]["nodes"][0]["rank"]["name"].as_str().unwrap().to_owned()
}

/// Waits until a member has a rank, while at most five minutes pass.
async fn wait_for_rank(app: &TestApp, leader: &Client<'_>, name: &str, expected: &str) {
    for _ in 0..300 {
        if rank(leader, name).await == expected {
            return;
        }
        app.clock.advance(Duration::from_secs(1));
    }
    panic!("{name} is not {expected} after five minutes");
}

#[on_both]
async fn sessions_that_end_at_once_are_replaced_ever_more_slowly(app: TestApp) {
    for code in [None, Some(4_009)] {
        let (discord, bot) = {
            let discord = LocalDiscord::start().await;
            let bot = app.another_bot(&discord).await;
            (discord, bot)
        };
        discord.limit_sessions(4, Duration::from_secs(90));
        discord.invalidate_sessions(code.is_none());
        discord.close_sessions(code);
        let running = guildhall::bot::start(&bot);
        let starts = session_starts(&app, &discord, 4).await;
        let pauses: Vec<_> = starts.windows(2).map(|pair| (pair[1] - pair[0]).to_std().unwrap()).collect();
        for (pause, least) in pauses.iter().zip([5, 10, 20]) {
            assert!(*pause >= Duration::from_secs(least), "{pauses:?}");
        }
        assert_eq!(gateway_requests(&discord), 4, "one request before each session");
        // The bot asks whether there are more sessions, and starts none until there are.
        until_later(&app, &discord, "a question", |it| (gateway_requests(it) == 6).then_some(())).await;
        assert_eq!(discord.identifies().len(), 4);
        discord.invalidate_sessions(false);
        discord.close_sessions(None);
        discord.limit_sessions(1, Duration::ZERO);
        until_later(&app, &discord, "a session", |it| (it.connected_sessions() == 1).then_some(())).await;
        assert_eq!(discord.invalid_requests(), Vec::<String>::new());
        drop(running);
    }
}

#[on_both]
async fn a_dead_connection_is_noticed_and_its_session_resumed(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    discord.join(SERVER, 21, "thrall", &[OFFICER_ROLE]);
    leader.ok(SYNC, json!({})).await;
    discord.set_heartbeat_interval(Duration::from_secs(1));
    let _running = start_bot(&app, &discord).await;
    discord.mute_connections();
    discord.update_member(SERVER, 21, &[MEMBER_ROLE]);
    discord.until("a resumed session", |it| (it.resumes_in_place() == 1).then_some(())).await;
    let demoted = async { while rank(&leader, "thrall").await != "Member" {} };
    tokio::time::timeout(Duration::from_secs(20), demoted).await.expect("the missed event is not replayed");
    assert_eq!(discord.identifies().len(), 1);
}

#[on_both]
async fn a_new_session_catches_up_with_missed_changes(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    let input = json!({ "serverId": SERVER.to_string(), "syncIntervalMinutes": 10_080 });
    leader.ok(LINK, json!({ "input": input })).await;
    discord.join(SERVER, 22, "jaina", &[OFFICER_ROLE]);
    leader.ok(SYNC, json!({})).await;
    let running = start_bot(&app, &discord).await;
    for (number, code) in [4_007, 4_009].into_iter().enumerate() {
        wait_for_rank(&app, &leader, "jaina", "Officer").await;
        // The sync after the former session is over.
        while discord_status(&leader).await["link"]["syncProblem"] != json!(null) {}
        app.clock.advance(Duration::from_mins(2));
        discord.set_roles(SERVER, 22, &[MEMBER_ROLE]);
        discord.close_gateway(code);
        let is_new =
            |it: &LocalDiscord| (it.identifies().len() == number + 2 && it.connected_sessions() == 1).then_some(());
        until_later(&app, &discord, "a new session", is_new).await;
        wait_for_rank(&app, &leader, "jaina", "Member").await;
        discord.update_member(SERVER, 22, &[OFFICER_ROLE]);
    }
    wait_for_rank(&app, &leader, "jaina", "Officer").await;
    // Another server takes over.
    drop(running);
    discord.until("the end of the session", |it| (it.connected_sessions() == 0).then_some(())).await;
    discord.set_roles(SERVER, 22, &[MEMBER_ROLE]);
    let other = app.another_bot(&discord).await;
    let _running = guildhall::bot::start(&other);
    until_later(&app, &discord, "a session", |it| (it.connected_sessions() == 1).then_some(())).await;
    wait_for_rank(&app, &leader, "jaina", "Member").await;
}

#[on_both]
async fn a_gateway_that_does_not_greet_or_give_a_session_is_left(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    discord.set_heartbeat_interval(Duration::from_millis(500));
    discord.withhold_hello(true);
    let _running = guildhall::bot::start(&app.app);
    until_later(&app, &discord, "a second connection", |it| (it.opened_connections() == 2).then_some(())).await;
    assert_eq!(discord.identifies().len(), 0);
    discord.withhold_hello(false);
    discord.withhold_sessions(true);
    let starts = session_starts(&app, &discord, 3).await;
    assert!(starts[2] - starts[1] >= chrono::TimeDelta::seconds(10), "{starts:?}");
    discord.withhold_sessions(false);
    until_later(&app, &discord, "a session", |it| (it.connected_sessions() == 1).then_some(())).await;
    // A session that is never resumed is replaced.
    let identifies = discord.identifies().len();
    for defer in [true, false] {
        discord.defer_resumes(defer);
        discord.withhold_sessions(!defer);
        discord.cut_gateway();
        let is_new = |it: &LocalDiscord| (it.identifies().len() > identifies + usize::from(!defer)).then_some(());
        until_later(&app, &discord, "a new session", is_new).await;
        discord.withhold_sessions(false);
        until_later(&app, &discord, "a session", |it| (it.connected_sessions() == 1).then_some(())).await;
    }
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[on_both]
async fn the_bot_returns_after_every_end_of_a_session(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let _running = start_bot(&app, &discord).await;
    let connected = |it: &LocalDiscord| (it.connected_sessions() == 1).then_some(());
    for code in (1_000..=1_001).chain(4_000..=4_014) {
        let (identifies, resumes) = (discord.identifies().len(), discord.resumes());
        discord.close_gateway(code);
        until_later(&app, &discord, "a session", connected).await;
        let is_new = discord.identifies().len() > identifies;
        let is_resumed = discord.resumes() > resumes;
        let is_fatal = matches!(code, 4_004 | 4_007 | 4_009..=4_014);
        assert_eq!((is_new, is_resumed), (is_fatal, !is_fatal), "{code}");
    }
    for resumable in [Some(true), None, Some(false), Some(true), Some(true), Some(false), None, Some(false)] {
        let (identifies, resumes) = (discord.identifies().len(), discord.resumes());
        match resumable {
            Some(resumable) => discord.end_sessions(resumable),
            None => discord.request_reconnect(),
        }
        let is_over = |it: &LocalDiscord| (it.identifies().len() + it.resumes() > identifies + resumes).then_some(());
        until_later(&app, &discord, "another session", is_over).await;
        until_later(&app, &discord, "a session", connected).await;
        assert_eq!(discord.identifies().len() > identifies, resumable == Some(false), "{resumable:?}");
    }
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}
