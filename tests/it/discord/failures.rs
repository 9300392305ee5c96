//! Failures of Discord: whom they delay, rate limits, messages in flight, and parts of messages that it refuses.

use std::time::Duration;

use serde_json::json;

use super::{
    CHANNEL, LINK, OTHER_CHANNEL, SERVER,
    delivery::{invite, invitee, outbox, wait_until_delivered},
    discord_status, link_server, start_bot, until_later, with_bot,
};
use crate::support::{Client, LocalDiscord, TestApp, TestCampaign, TestGuild, on_both};

/// Another guild, on a Discord server of its own.
async fn other_guild<'t>(app: &'t TestApp, discord: &LocalDiscord, channel: u64) -> (TestGuild<'t>, Client<'t>) {
    discord.add_server(SERVER + 1);
    discord.add_channel(SERVER + 1, channel);
    let guild = app.guild("other").await;
    let leader = guild.leader().await;
    let input = json!({ "serverId": (SERVER + 1).to_string(), "channelId": channel.to_string() });
    leader.ok(LINK, json!({ "input": input })).await;
    (guild, leader)
}

/// Launches a campaign in each of these channels.
async fn launch_in(leader: &Client<'_>, channels: impl IntoIterator<Item = u64>) {
    for channel in channels {
        let input = json!({ "announcements": "QUIET", "discordChannelId": channel.to_string() });
        TestCampaign::live(leader, 2, input).await;
    }
}

#[on_both]
async fn failures_of_one_guild_never_delay_another(app: TestApp) {
    const CHANNELS: std::ops::Range<u64> = 8_000..8_010;
    const FOREIGN: u64 = 7_001;
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    CHANNELS.for_each(|channel| discord.add_channel(SERVER, channel));
    let (other, other_leader) = other_guild(&app, &discord, FOREIGN).await;
    let _running = start_bot(&app, &discord).await;
    for round in 0..2_u64 {
        if round == 0 {
            discord.fail_channels(CHANNELS, 500);
        } else {
            discord.hang_channels(CHANNELS);
        }
        launch_in(&leader, CHANNELS).await;
        if round == 0 {
            let bot = app.app.discord.bot.as_ref().unwrap();
            let guild_id = guild.id;
            while !bot.is_down_for(guild_id) {
                discord_status(&leader).await;
            }
            assert!(!bot.is_down(), "only the guild's own breaker opens");
        } else {
            let four_hang = |it: &LocalDiscord| (it.held_posts() == 4).then_some(());
            until_later(&app, &discord, "four requests without a response", four_hang).await;
        }
        let user = 67 + round;
        discord.join(SERVER + 1, user, "newcomer", &[]);
        let newcomer = invitee(&other, &format!("newcomer-{round}"), user).await;
        assert_eq!(invite(&other_leader, &newcomer).await.1, "SENT");
        TestCampaign::live(&other_leader, 2, json!({ "announcements": "QUIET" })).await;
        let launched = |it: &LocalDiscord| {
            let number = it.messages().iter().filter(|message| message.channel == FOREIGN).count();
            (number as u64 > round).then_some(())
        };
        discord.until("the other guild's launch", launched).await;
        discord.heal_channels();
        wait_until_delivered(&app, &leader, &discord, 12 * usize::try_from(round + 1).unwrap()).await;
    }
}

#[on_both]
async fn failures_of_many_guilds_do_not_delay_a_guild_that_has_not_failed(app: TestApp) {
    const FAILING: std::ops::Range<u64> = 0..5;
    let (app, discord) = with_bot(app).await;
    let mut failing = Vec::new();
    for number in FAILING {
        let (server, channel) = (SERVER + 10 + number, 8_000 + number);
        discord.add_server(server);
        discord.add_channel(server, channel);
        let leader = app.guild(&format!("failing-{number}")).await.leader().await;
        let input = json!({ "serverId": server.to_string(), "channelId": channel.to_string() });
        leader.ok(LINK, json!({ "input": input })).await;
        failing.push(leader);
    }
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    discord.join(SERVER, 69, "newcomer", &[]);
    let newcomer = invitee(&guild, "newcomer", 69).await;
    let _running = start_bot(&app, &discord).await;
    // Each guild's channel is known to be in its server before it fails.
    for (leader, number) in failing.iter().chain(&failing).zip(1..) {
        TestCampaign::live(leader, 2, json!({ "announcements": "QUIET" })).await;
        if number == failing.len() {
            discord.until("the first messages", |it| (it.messages().len() == number).then_some(())).await;
            discord.fail_channels(FAILING.map(|number| 8_000 + number), 503);
        }
    }
    let bot = app.app.discord.bot.as_ref().unwrap();
    let opened = async {
        while !bot.is_down() {
            discord_status(&leader).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.expect("the breaker stays closed");
    app.clock.advance(guildhall::discord::breaker::PROBE_INTERVAL);
    assert!(bot.is_down());
    assert_eq!(invite(&leader, &newcomer).await.1, "SENT");
}

#[on_both]
async fn a_probe_takes_a_channel_that_has_not_failed(app: TestApp) {
    const CHANNELS: std::ops::Range<u64> = 8_000..8_006;
    const GOOD: u64 = 8_100;
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    CHANNELS.chain([GOOD]).for_each(|channel| discord.add_channel(SERVER, channel));
    let _running = start_bot(&app, &discord).await;
    launch_in(&leader, [GOOD]).await;
    discord.until("the first message", |it| it.messages().first().map(|_| ())).await;
    discord.fail_channels(CHANNELS, 502);
    launch_in(&leader, CHANNELS).await;
    while !app.app.discord.bot.as_ref().unwrap().is_down_for(guild.id) {
        discord_status(&leader).await;
    }
    launch_in(&leader, [GOOD]).await;
    let failed = |discord: &LocalDiscord| discord.calls().iter().filter(|call| call.status == 502).count();
    let before = failed(&discord);
    until_later(&app, &discord, "the message to the good channel", |it| it.messages().get(1).map(|_| ())).await;
    assert!(failed(&discord) <= before + 1, "the good channel is tried first");
}

#[on_both]
async fn short_rate_limits_cause_no_busy_loop(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    discord.rate_limit_next(1_000, 0.001, false);
    let started = app.now();
    launch_in(&leader, [OTHER_CHANNEL]).await;
    let limited = |it: &LocalDiscord, number| it.calls().iter().filter(|call| call.status == 429).count() >= number;
    until_later(&app, &discord, "five limited requests", |it| limited(it, 5).then_some(())).await;
    // At once, after a millisecond, and after one, two and four seconds.
    assert!(app.now() - started >= chrono::TimeDelta::seconds(7), "{}", app.now() - started);
}

#[on_both]
async fn limits_are_read_however_they_are_written(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    launch_in(&leader, [OTHER_CHANNEL]).await;
    discord.until("the first message", |it| it.messages().first().map(|_| ())).await;
    for (retry_after, seconds) in [
        (json!(null), 5),
        (json!(0), 0),
        (json!("7.0"), 7),
        (json!("soon"), 5),
        (json!(-3), 5),
        (json!(1e300), 3_600),
        (json!(90), 90),
    ] {
        let before = discord.messages().len();
        discord.rate_limit_next_with(retry_after.clone());
        let started = app.now();
        launch_in(&leader, [OTHER_CHANNEL]).await;
        let limited = |it: &LocalDiscord| it.calls().last().is_some_and(|call| call.status == 429).then_some(());
        if seconds > 0 {
            discord.until("a limited request", limited).await;
            let next = (started + Duration::from_secs(seconds)).and_utc().to_rfc3339();
            while outbox(&leader).await[0]["nextAttemptAt"] != next {}
            // The limit is that of the channel alone.
            launch_in(&leader, [CHANNEL]).await;
            discord.until("another message", |it| (it.messages().len() > before).then_some(())).await;
            app.clock.advance(Duration::from_secs(seconds));
        }
        let delivered = before + 1 + usize::from(seconds > 0);
        discord.until("the message", |it| (it.messages().len() == delivered).then_some(())).await;
        while discord_status(&leader).await["queued"] != 0 {}
    }
}

#[on_both]
async fn a_burst_of_limited_requests_is_one_limit(app: TestApp) {
    const CHANNELS: std::ops::Range<u64> = 8_000..8_004;
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    CHANNELS.for_each(|channel| discord.add_channel(SERVER, channel));
    let _running = start_bot(&app, &discord).await;
    launch_in(&leader, CHANNELS).await;
    discord.until("the first messages", |it| (it.messages().len() == 4).then_some(())).await;
    let held = discord.hold();
    launch_in(&leader, CHANNELS).await;
    held.wait_for(4).await;
    discord.rate_limit_next(4, 0.5, true);
    drop(held);
    let limited = |it: &LocalDiscord| it.calls().iter().filter(|call| call.status == 429).count() == 4;
    discord.until("limited requests", |it| limited(it).then_some(())).await;
    let later = async || {
        let messages = outbox(&leader).await;
        messages.iter().all(|it| it["nextAttemptAt"] != it["queuedAt"])
    };
    while !later().await {}
    app.clock.advance(Duration::from_millis(500));
    discord.until("the messages", |it| (it.messages().len() == 8).then_some(())).await;
}

#[on_both]
async fn direct_messages_that_were_opened_too_fast_wait_as_told_and_are_opened_once(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 68).await;
    discord.join(SERVER, 68, "newcomer", &[]);
    let _running = start_bot(&app, &discord).await;
    discord.limit_direct_channels(1, 7.0);
    let started = app.now();
    let (delivery, ()) = tokio::join!(invite(&leader, &newcomer), async {
        discord.until("a refusal", |it| it.calls().iter().any(|call| call.status == 429).then_some(())).await;
        while outbox(&leader).await[0]["nextAttemptAt"] == outbox(&leader).await[0]["queuedAt"] {}
        app.clock.advance(Duration::from_secs(2));
    });
    assert_eq!(delivery.1, "QUEUED");
    let next = (started + Duration::from_secs(7)).and_utc();
    assert_eq!(outbox(&leader).await[0]["nextAttemptAt"], next.to_rfc3339());
    app.clock.set(next.naive_utc());
    discord.until("the message", |it| it.messages().first().map(|_| ())).await;
    assert_eq!(invite(&leader, &newcomer).await.1, "SENT");
    let opened = discord.calls().iter().filter(|call| call.path == "/users/@me/channels").count();
    assert_eq!(opened, 2, "the channel's id is kept");
}

/// A SQLite database has one server, so a restarted server delivers the messages that were in flight at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restarted_server_delivers_messages_in_flight_at_once() {
    const CHANNELS: [u64; 4] = [CHANNEL, OTHER_CHANNEL, OTHER_CHANNEL + 1, OTHER_CHANNEL + 2];
    let (app, discord) = with_bot(TestApp::on_sqlite().await).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let running = start_bot(&app, &discord).await;
    let held = discord.hold();
    launch_in(&leader, CHANNELS).await;
    held.wait_for(CHANNELS.len()).await;
    drop(running);
    let other = app.another_bot(&discord).await;
    let _running = guildhall::bot::start(&other);
    drop(held);
    discord.until("the messages", |it| (it.messages().len() == CHANNELS.len()).then_some(())).await;
    while discord_status(&leader).await["queued"] != 0 {}
    assert_eq!(discord.messages().len(), CHANNELS.len());
}

#[on_both]
async fn a_refused_part_does_not_withhold_an_announcement(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    for (parts, number) in [(&["embeds.0.title", "embeds.0.footer"][..], 1), (&["embeds.0"], 2)] {
        discord.refuse_parts(parts);
        launch_in(&leader, [CHANNEL]).await;
        discord.until("the message", |it| (it.messages().len() == number).then_some(())).await;
    }
    discord.refuse_parts(&[]);
    // Other refusals name no part: harmful links, and embeds that the bot may not send.
    for (status, code, number) in [(400, 240_000, 3), (403, 50_013, 4)] {
        discord.refuse_embeds(Some((status, code)));
        launch_in(&leader, [CHANNEL]).await;
        discord.until("the message", |it| (it.messages().len() == number).then_some(())).await;
        assert!(discord.messages()[number - 1].body["content"].is_string());
    }
    let posted = discord.messages();
    assert!(posted[0].body["embeds"][0]["description"].is_string(), "{}", posted[0].body);
    assert_eq!(posted[0].body["embeds"][0].get("title"), None);
    assert!(posted[1].body["content"].as_str().is_some_and(|text| !text.is_empty()), "{}", posted[1].body);
    while discord_status(&leader).await["queued"] != 0 {}
    assert_eq!(discord_status(&leader).await["failed"], 0);
}
