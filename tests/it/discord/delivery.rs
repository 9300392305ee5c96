//! Delivery of the outbox: codes by direct message, outages, rate limits, and messages that Discord rejects.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{
    CHANNEL, LINK, OTHER_CHANNEL, SERVER, discord_status, link_server, start_bot, titles, until_later, with_bot,
};
use crate::support::{
    Client, LocalDiscord, PASSWORD, TestApp, TestCampaign, TestGuild,
    documents::{CAST_BALLOT, REGISTER_MEMBER, RETRY_DISCORD_MESSAGE},
    on_both,
};

const INVITE: &str = "mutation($id: ID!) { sendInvite(memberId: $id) { code delivery } }";
const OUTBOX: &str = "{ discordMessages { totalCount nodes {
    id kind state attempts queuedAt nextAttemptAt problem member { displayName } campaign { title }
} } }";

/// A member without an account, with a Discord id.
async fn invitee<'t>(guild: &TestGuild<'t>, name: &str, discord_id: u64) -> Client<'t> {
    let mut row = guild.member_row(name, "Initiate", false).await;
    row.discord_id = Some(discord_id.to_string());
    guild.add_members(vec![row]).await.remove(0)
}

/// Sends an invite code; returns the code and its delivery.
async fn invite(leader: &Client<'_>, member: &Client<'_>) -> (String, String) {
    let invite = leader.ok(INVITE, json!({ "id": member.id })).await["sendInvite"].clone();
    (invite["code"].as_str().unwrap().to_owned(), invite["delivery"].as_str().unwrap().to_owned())
}

async fn outbox(leader: &Client<'_>) -> Vec<Value> {
    leader.ok(OUTBOX, json!({})).await["discordMessages"]["nodes"].as_array().unwrap().clone()
}

/// Advances the clock until Discord has this number of messages and the outbox is empty.
async fn wait_until_delivered(app: &TestApp, leader: &Client<'_>, discord: &LocalDiscord, number: usize) {
    let delivery = async {
        let is_done = async || discord.messages().len() >= number && discord_status(leader).await["queued"] == 0;
        while !is_done().await {
            app.clock.advance(Duration::from_secs(1));
            // If the clock moved faster, a claim could expire during an attempt.
            for _ in 0..20 {
                if is_done().await {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), delivery).await.expect("messages were not delivered");
}

#[on_both]
async fn a_code_is_delivered_by_direct_message(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 61).await;
    discord.join(SERVER, 61, "newcomer", &[]);
    let _running = start_bot(&app, &discord).await;
    let (code, delivery) = invite(&leader, &newcomer).await;
    assert_eq!(delivery, "SENT");
    let message = discord.messages().remove(0);
    assert_eq!((message.to, &message.body["allowed_mentions"]["parse"]), (Some(61), &json!([])));
    assert!(message.body["content"].as_str().unwrap().contains(&code), "{}", message.body);
    let input = json!({ "inviteCode": code, "discordUsername": "newcomer", "password": PASSWORD });
    guild.anonymous().ok(REGISTER_MEMBER, json!({ "input": input })).await;
    let reset = "mutation($id: ID!) { sendResetCode(memberId: $id) { code delivery } }";
    let reset = leader.ok(reset, json!({ "id": newcomer.id })).await["sendResetCode"].clone();
    assert_eq!(reset["delivery"], "SENT");
    assert!(discord.messages()[1].body["content"].as_str().unwrap().contains(reset["code"].as_str().unwrap()));
    assert_eq!(outbox(&leader).await, Vec::<Value>::new());
    let unknown = guild.unregistered("unknown", "Initiate").await;
    assert_eq!(invite(&leader, &unknown).await.1, "NOT_LINKED");
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[on_both]
async fn a_message_to_closed_direct_messages_fails_and_can_be_retried(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 62).await;
    discord.join(SERVER, 62, "newcomer", &[]);
    discord.close_dms(62);
    let _running = start_bot(&app, &discord).await;
    let (code, delivery) = invite(&leader, &newcomer).await;
    assert_eq!(delivery, "FAILED");
    let message = outbox(&leader).await.remove(0);
    assert_eq!(
        (&message["kind"], &message["state"], &message["member"]["displayName"]),
        (&json!("INVITE"), &json!("FAILED"), &json!("newcomer"))
    );
    assert_eq!(message["problem"], "The member does not accept direct messages from the bot.");
    assert_eq!(discord_status(&leader).await["failed"], 1);
    let member = guild.member("member", "Member").await;
    assert_eq!(
        member.refusal(RETRY_DISCORD_MESSAGE, json!({ "id": message["id"] })).await,
        "FORBIDDEN PERMISSION_REQUIRED"
    );
    discord.open_dms(62);
    leader.ok(RETRY_DISCORD_MESSAGE, json!({ "id": message["id"] })).await;
    wait_until_delivered(&app, &leader, &discord, 1).await;
    assert!(discord.messages()[0].body["content"].as_str().unwrap().contains(&code));
    assert_eq!(leader.refusal(RETRY_DISCORD_MESSAGE, json!({ "id": message["id"] })).await, "NOT_FOUND id");
}

#[on_both]
async fn a_newer_code_replaces_a_queued_one_and_both_are_encrypted(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 63).await;
    discord.join(SERVER, 63, "newcomer", &[]);
    // No server delivers messages yet, so each invitation returns after two seconds.
    let invited = async || {
        let invited = invite(&leader, &newcomer);
        let time_passes = async {
            loop {
                app.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { invited = invited => invited, () = time_passes => unreachable!() }
    };
    let (old, delivery) = invited().await;
    assert_eq!(delivery, "QUEUED");
    let (new, _) = invited().await;
    assert_eq!(app.count_rows("discord_messages").await, 1);
    for code in [&old, &new] {
        assert_eq!(app.count_rows(&format!("discord_messages WHERE body LIKE '%{code}%'")).await, 0);
    }
    let _running = start_bot(&app, &discord).await;
    wait_until_delivered(&app, &leader, &discord, 1).await;
    let content = discord.messages()[0].body["content"].as_str().unwrap().to_owned();
    assert!(content.contains(&new) && !content.contains(&old));
}

#[on_both]
async fn without_a_bot_nothing_is_queued(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 64).await;
    let _running = guildhall::bot::start(&app.app);
    assert_eq!(invite(&leader, &newcomer).await.1, "NOT_CONFIGURED");
    assert_eq!(
        discord_status(&leader).await,
        json!({ "connection": "OFF", "problem": null, "queued": 0, "failed": 0, "link": null })
    );
    assert_eq!(leader.refusal(LINK, json!({ "input": { "serverId": "1" } })).await, "CONFLICT DISCORD_OFF");
    let campaign = TestCampaign::live(&leader, 2, json!({ "announcements": "HYPE", "discordChannelId": "1" })).await;
    campaign.close(&leader).await;
    for table in ["discord_messages", "discord_stories", "discord_keeper"] {
        assert_eq!(app.count_rows(table).await, 0, "{table}");
    }
}

#[on_both]
async fn an_outage_delays_no_vote_and_every_message_is_delivered_once(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    discord.set_down(true);
    let quiet = |title: &str| json!({ "title": title, "announcements": "QUIET", "earlyCloseIfAllVoted": false });
    let mut votes = Vec::new();
    for title in ["One", "Two", "Three"] {
        votes.push(TestCampaign::live(&leader, 2, quiet(title)).await);
        app.clock.advance(Duration::from_secs(20));
    }
    for vote in &votes {
        vote.vote(&leader, &[0]).await;
        vote.close(&leader).await;
    }
    app.clock.advance(Duration::from_mins(5));
    // The launches of closed votes are no longer news. Those that were in flight are dropped later.
    let queued = discord_status(&leader).await["queued"].as_u64().unwrap();
    assert!((3..=6).contains(&queued), "{queued}");
    assert_eq!(discord.messages().len(), 0);
    discord.set_down(false);
    wait_until_delivered(&app, &leader, &discord, 3).await;
    let embeds: Vec<String> = discord.messages().iter().map(|it| it.body["embeds"][0].to_string()).collect();
    for (message, title) in embeds.iter().zip(["One", "Two", "Three"]) {
        assert!(message.contains(title) && message.contains("Standings"), "{title} is not in {message}");
    }
    assert_eq!((discord.messages().len(), discord.duplicates()), (3, 0));
}

#[on_both]
async fn a_lost_response_repeats_no_message(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    discord.lose_next_responses(2);
    let _running = start_bot(&app, &discord).await;
    TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    wait_until_delivered(&app, &leader, &discord, 1).await;
    let gone = async {
        while discord_status(&leader).await["queued"] != 0 {
            app.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("delivery is not tried again");
    assert_eq!((discord.messages().len(), discord.duplicates()), (1, 2), "{:?}", discord.messages());
}

#[on_both]
async fn delivery_waits_for_a_rate_limit(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    discord.rate_limit_next(1, 90.5, false);
    TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    let limited = |it: &LocalDiscord| it.calls().iter().any(|call| call.status == 429).then_some(());
    discord.until("a limited request", limited).await;
    // The wait starts when the limit is recorded.
    let is_recorded = async || {
        let message = outbox(&leader).await.remove(0);
        message["nextAttemptAt"] != message["queuedAt"]
    };
    while !is_recorded().await {}
    let requests = discord.calls().len();
    app.clock.advance(Duration::from_secs(90));
    // Messages to another channel are delivered meanwhile.
    TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET", "discordChannelId": OTHER_CHANNEL.to_string() }))
        .await;
    discord.until("a message", |it| (it.messages().len() == 1).then_some(())).await;
    assert_eq!(discord.messages()[0].channel, OTHER_CHANNEL);
    assert_eq!(discord.calls().len(), requests + 2, "only the other channel has requests");
    while discord_status(&leader).await["queued"] != 1 {}
    assert_eq!(outbox(&leader).await[0]["attempts"], 0, "a rate limit counts as no failed attempt");
    app.clock.advance(Duration::from_secs(1));
    discord.until("the other message", |it| (it.messages().len() == 2).then_some(())).await;
}

#[on_both]
async fn no_request_is_sent_while_a_limit_is_exhausted(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    discord.limit_channel(5, 0, 30.0);
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    discord.until("the launch", |it| (it.messages().len() == 1).then_some(())).await;
    while discord_status(&leader).await["queued"] != 0 {}
    vote.close(&leader).await;
    let is_postponed = async || {
        let message = outbox(&leader).await.remove(0);
        message["nextAttemptAt"] != message["queuedAt"]
    };
    while !is_postponed().await {}
    assert_eq!(discord.messages().len(), 1);
    app.clock.advance(Duration::from_secs(31));
    discord.until("the result", |it| (it.messages().len() == 2).then_some(())).await;
    assert!(discord.calls().iter().all(|call| call.status != 429));
}

#[on_both]
async fn a_rejected_message_fails_and_does_not_block_the_next(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    discord.delete_channel(CHANNEL);
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "title": "Lost", "announcements": "QUIET" })).await;
    while discord_status(&leader).await["failed"] != 1 {}
    let message = outbox(&leader).await.remove(0);
    assert_eq!(
        (&message["problem"], &message["campaign"]["title"]),
        (&json!("There is no such channel."), &json!("Lost"))
    );
    vote.close(&leader).await;
    while discord_status(&leader).await["failed"] != 2 {}
}

#[on_both]
async fn nothing_is_posted_to_another_servers_channel(app: TestApp) {
    const FOREIGN_CHANNEL: u64 = 7_000;
    let (app, discord) = with_bot(app).await;
    discord.add_server(SERVER + 1);
    discord.add_channel(SERVER + 1, FOREIGN_CHANNEL);
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    TestCampaign::live(
        &leader,
        2,
        json!({ "announcements": "QUIET", "discordChannelId": FOREIGN_CHANNEL.to_string() }),
    )
    .await;
    while discord_status(&leader).await["failed"] != 1 {}
    assert!(outbox(&leader).await[0]["problem"].as_str().unwrap().contains("no longer valid"));
    assert_eq!(discord.messages().len(), 0);
}

#[on_both]
async fn a_code_is_sent_only_to_its_member(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 65).await;
    discord.join(SERVER, 65, "someone-else", &[]);
    discord.close_dms(65);
    let _running = start_bot(&app, &discord).await;
    assert_eq!(invite(&leader, &newcomer).await.1, "FAILED");
    let correct = "mutation($id: ID!) { updateMember(input: { id: $id, discordId: \"66\" }) { member { id } } }";
    leader.ok(correct, json!({ "id": newcomer.id })).await;
    discord.open_dms(65);
    leader.ok(RETRY_DISCORD_MESSAGE, json!({ "id": outbox(&leader).await[0]["id"] })).await;
    while discord_status(&leader).await["failed"] != 1 {}
    assert_eq!(discord.messages().len(), 0);
}

#[on_both]
async fn another_server_delivers_the_messages_of_a_crashed_one(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let running = start_bot(&app, &discord).await;
    let held = discord.hold();
    TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    held.wait_for(1).await;
    // The server has sent the message, and crashes before it receives the response.
    drop(running);
    let other = app.another_bot(&discord).await;
    let _running = guildhall::bot::start(&other);
    drop(held);
    let gone = async {
        while discord_status(&leader).await["queued"] != 0 {
            app.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the other server does not deliver it");
    assert_eq!(discord.messages().len(), 1);
}

/// Both servers deliver messages while campaigns run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_the_outbox_and_repeat_no_message() {
    const VOTES: usize = 8;
    let Some(app) = TestApp::on_postgres().await else { return };
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let other = app.another_bot(&discord).await;
    let (_one, _two) = (guildhall::bot::start(&app.app), guildhall::bot::start(&other));
    discord.until("a session", |it| (it.connected_sessions() > 0).then_some(())).await;
    let channel = |number: usize| (OTHER_CHANNEL + number as u64 % 3).to_string();
    let votes = futures_util::stream::iter(0..VOTES).map(|number| {
        let (leader, servers) = (leader.clone(), [Arc::clone(&app.app), Arc::clone(&other)]);
        let input = json!({
            "title": format!("Vote {number}"), "announcements": "QUIET", "resultsVisibility": "ALWAYS",
            "discordChannelId": channel(number), "earlyCloseIfAllVoted": true,
        });
        async move {
            let campaign = TestCampaign::live(&leader, 2, input).await;
            // The only voter's ballot closes the campaign, on one server or the other.
            leader.run_on(&servers[number % 2], CAST_BALLOT, campaign.ballot(&[0])).await;
        }
    });
    votes.buffer_unordered(4).collect::<()>().await;
    wait_until_delivered(&app, &leader, &discord, VOTES).await;
    // A launch that was not delivered before the result is not delivered at all.
    let results = discord.messages().iter().filter(|it| it.body["components"] == json!([])).count();
    assert_eq!((results, discord.duplicates()), (VOTES, 0));
    let launches = titles(&discord).len() - VOTES;
    assert!(launches <= VOTES, "{launches} launches");
}

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
    let (app, discord) = with_bot(TestApp::on_sqlite().await).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let running = start_bot(&app, &discord).await;
    let held = discord.hold();
    TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    held.wait_for(1).await;
    drop(running);
    let other = app.another_bot(&discord).await;
    let _running = guildhall::bot::start(&other);
    drop(held);
    discord.until("the message", |it| it.messages().first().map(|_| ())).await;
    while discord_status(&leader).await["queued"] != 0 {}
    assert_eq!(discord.messages().len(), 1);
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

#[on_both]
async fn a_used_code_is_not_sent(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let newcomer = invitee(&guild, "newcomer", 69).await;
    discord.join(SERVER, 69, "newcomer", &[]);
    discord.set_down(true);
    let _running = guildhall::bot::start(&app.app);
    let invited = invite(&leader, &newcomer);
    let time_passes = async {
        loop {
            app.clock.advance(Duration::from_secs(1));
            app.count_rows("guilds").await;
        }
    };
    let (code, delivery) = tokio::select! { invited = invited => invited, () = time_passes => unreachable!() };
    assert_eq!(delivery, "QUEUED");
    let input = json!({ "inviteCode": code, "discordUsername": "newcomer", "password": PASSWORD });
    guild.anonymous().ok(REGISTER_MEMBER, json!({ "input": input })).await;
    discord.set_down(false);
    let gone = async {
        while discord_status(&leader).await["queued"] != 0 {
            app.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the message stays queued");
    assert_eq!((discord.messages().len(), &discord_status(&leader).await["failed"]), (0, &json!(0)));
}

#[on_both]
async fn messages_link_to_the_site(app: TestApp) {
    let discord = LocalDiscord::start().await;
    discord.add_server(SERVER);
    discord.add_channel(SERVER, CHANNEL);
    let bot = guildhall::discord::Bot::new(LocalDiscord::TOKEN, &discord.base(), &app.clock).unwrap();
    let app = app
        .with_options(|options| {
            options.bot = Some(bot);
            options.public_url = Some("https://guild.example".parse().unwrap());
        })
        .await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let newcomer = invitee(&guild, "newcomer", 70).await;
    discord.join(SERVER, 70, "newcomer", &[]);
    let _running = start_bot(&app, &discord).await;
    let (code, _) = invite(&leader, &newcomer).await;
    let link = format!("<https://guild.example/g/gg/register#code={code}&as=newcomer>");
    assert!(discord.messages()[0].body["content"].as_str().unwrap().contains(&link), "{:?}", discord.messages());
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    discord.until("the launch", |it| (it.messages().len() == 2).then_some(())).await;
    assert_eq!(discord.messages()[1].body["embeds"][0]["url"], format!("https://guild.example/g/gg/votes/{}", vote.id));
}
