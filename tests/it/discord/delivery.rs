//! Delivery of the outbox: codes by direct message, outages, rate limits, and messages that Discord rejects.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{
    CHANNEL, LINK, OTHER_CHANNEL, SERVER, discord_status, link_server, start_bot, titles, until_attempted, with_bot,
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
pub(super) async fn invitee<'t>(guild: &TestGuild<'t>, name: &str, discord_id: u64) -> Client<'t> {
    let mut row = guild.member_row(name, "Initiate", false).await;
    row.discord_id = Some(discord_id.to_string());
    guild.add_members(vec![row]).await.remove(0)
}

/// Sends an invite code; returns the code and its delivery.
pub(super) async fn invite(leader: &Client<'_>, member: &Client<'_>) -> (String, String) {
    let invite = leader.ok(INVITE, json!({ "id": member.id })).await["sendInvite"].clone();
    (invite["code"].as_str().unwrap().to_owned(), invite["delivery"].as_str().unwrap().to_owned())
}

pub(super) async fn outbox(leader: &Client<'_>) -> Vec<Value> {
    leader.ok(OUTBOX, json!({})).await["discordMessages"]["nodes"].as_array().unwrap().clone()
}

/// Advances the clock until Discord has this number of messages and the outbox is empty.
pub(super) async fn wait_until_delivered(app: &TestApp, leader: &Client<'_>, discord: &LocalDiscord, number: usize) {
    let delivery = async {
        // Reads the database each time, so that the clock does not run ahead of an attempt.
        let is_done = async || discord_status(leader).await["queued"] == 0 && discord.messages().len() >= number;
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
    assert_eq!((discord.messages().len(), discord.duplicates()), (1, 2));
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
    until_attempted(&app).await;
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
