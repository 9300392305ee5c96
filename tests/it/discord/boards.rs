//! The message that announces a vote and is edited as ballots arrive, its button, and the officers' channel.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    CHANNEL, LINK, OTHER_CHANNEL, SERVER, announcements::voters, link_server, on_discord, start_bot, until_later,
    with_bot,
};
use crate::support::{Client, LocalDiscord, TestApp, TestCampaign, documents::CAST_BALLOT, on_both};

/// A field of an embed.
pub fn field<'v>(body: &'v Value, name: &str) -> &'v str {
    let fields = body["embeds"][0]["fields"].as_array().into_iter().flatten();
    fields.filter(|field| field["name"] == name).find_map(|field| field["value"].as_str()).unwrap_or_default()
}

/// The first button of a message.
fn button(body: &Value) -> &Value {
    &body["components"][0]["components"][0]
}

/// Links the guild's server with a channel for officers.
pub async fn link_with_log(leader: &Client<'_>) {
    let input = json!({
        "serverId": SERVER.to_string(), "channelId": CHANNEL.to_string(), "logChannelId": OTHER_CHANNEL.to_string(),
        "syncIntervalMinutes": 5,
    });
    leader.ok(LINK, json!({ "input": input })).await;
}

/// The texts in the officers' channel.
pub fn log(discord: &LocalDiscord) -> Vec<String> {
    let messages = discord.messages();
    let logged = messages.iter().filter(|message| message.channel == OTHER_CHANNEL);
    logged.filter_map(|message| message.body["content"].as_str().map(str::to_owned)).collect()
}

#[on_both]
async fn one_message_shows_a_vote_from_its_launch_to_its_result(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET", "earlyCloseIfAllVoted": false })).await;
    let launch = discord.until("the launch", |it| it.messages().first().cloned()).await;
    assert_eq!(field(&launch.body, "Turnout"), "▱▱▱▱▱▱▱▱▱▱\n0 of 4 (0 %)");
    assert_eq!(button(&launch.body)["label"], "Vote");
    while app.count_rows("discord_boards").await != 1 {}
    for voter in &voters[..2] {
        vote.vote(voter, &[0]).await;
    }
    let shows = |text: &'static str| {
        move |it: &LocalDiscord| it.edits().last().filter(|(_, body)| field(body, "Turnout").contains(text)).cloned()
    };
    let (id, body) = until_later(&app, &discord, "an edit", shows("2 of 4 (50 %)")).await;
    assert_eq!((id, field(&body, "Turnout")), (launch.id, "▰▰▰▰▰▱▱▱▱▱\n2 of 4 (50 %)"));
    assert!(button(&body)["custom_id"].is_string() && !body.to_string().contains("Standings"), "{body}");
    // The edits of ballots in quick succession are coalesced.
    assert!(discord.edits().len() <= 2);
    vote.vote(&voters[2], &[0]).await;
    vote.close(&leader).await;
    let (_, body) = until_later(&app, &discord, "the closing edit", closing_edit).await;
    assert!(body["embeds"][0]["description"].as_str().unwrap().contains("The result: **entry 0**"), "{body}");
    assert_eq!(field(&body, "Turnout"), "▰▰▰▰▰▰▰▱▱▱\n3 of 4 (75 %)");
    wait_until_empty(&app).await;
    assert_eq!(discord.messages().len(), 2, "the launch and the result");
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[on_both]
async fn ballots_during_the_delivery_of_the_launch_are_shown(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let _running = start_bot(&app, &discord).await;
    let held = discord.hold();
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    held.wait_for(1).await;
    vote.vote(&voters[0], &[0]).await;
    drop(held);
    let shown =
        |it: &LocalDiscord| it.edits().last().filter(|(_, it)| field(it, "Turnout").contains("1 of 4")).cloned();
    until_later(&app, &discord, "an edit", shown).await;
    // An officer deletes the message, so the next ballot finds nothing to edit.
    discord.delete_message(discord.messages()[0].id);
    vote.vote(&voters[1], &[0]).await;
    until_later(&app, &discord, "a refused edit", |it| {
        it.calls().iter().any(|call| call.method == "PATCH" && call.status == 404).then_some(())
    })
    .await;
    while app.count_rows("discord_boards").await != 0 {}
    let attempts = edit_attempts(&discord);
    vote.vote(&voters[2], &[0]).await;
    vote.close(&leader).await;
    until_later(&app, &discord, "the result", |it| (it.messages().len() == 2).then_some(())).await;
    wait_until_empty(&app).await;
    assert_eq!(edit_attempts(&discord), attempts, "a message that is gone is not edited again");
}

/// Number of requests to edit a message.
pub fn edit_attempts(discord: &LocalDiscord) -> usize {
    discord.calls().iter().filter(|call| call.method == "PATCH").count()
}

/// Moves the clock until no message is queued.
pub async fn wait_until_empty(app: &TestApp) {
    let waiting = async {
        while app.count_rows("discord_messages WHERE state = 'QUEUED'").await != 0 {
            app.clock.advance(Duration::from_millis(200));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("messages stay queued");
}

/// The last edit of a closed vote's message.
pub fn closing_edit(discord: &LocalDiscord) -> Option<(u64, Value)> {
    discord.edits().last().filter(|(_, body)| body["components"] == json!([])).cloned()
}

#[on_both]
async fn a_vote_that_closes_while_its_launch_is_sent_ends_with_its_result(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    let held = discord.hold();
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    held.wait_for(1).await;
    vote.close(&leader).await;
    drop(held);
    let (id, body) = until_later(&app, &discord, "the closing edit", closing_edit).await;
    assert_eq!(id, discord.messages()[0].id);
    assert_eq!(body["embeds"][0]["description"], "This vote is closed. Nobody voted.");
    wait_until_empty(&app).await;
    assert_eq!((discord.messages().len(), discord.edits().len()), (2, 1));
}

#[on_both]
async fn edits_after_an_outage_end_with_the_result(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    while app.count_rows("discord_boards").await != 1 {}
    discord.set_down(true);
    vote.vote(&voters[0], &[0]).await;
    let failed = |it: &LocalDiscord| it.calls().iter().any(|call| call.method == "PATCH").then_some(());
    until_later(&app, &discord, "an attempt to edit", failed).await;
    vote.vote(&voters[1], &[1]).await;
    vote.close(&leader).await;
    app.clock.advance(Duration::from_mins(10));
    discord.set_down(false);
    until_later(&app, &discord, "the closing edit", closing_edit).await;
    wait_until_empty(&app).await;
    let (_, last) = closing_edit(&discord).expect("the result is the last edit");
    assert!(field(&last, "Turnout").contains("2 of 4"), "{last}");
    assert_eq!((discord.messages().len(), discord.duplicates()), (2, 0));
}

#[on_both]
async fn a_vote_that_the_former_release_announced_has_its_result_only(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    // The former release did not store the event.
    app.execute_sql("UPDATE discord_messages SET event = NULL").await;
    let _running = start_bot(&app, &discord).await;
    discord.until("the launch", |it| (it.messages().len() == 1).then_some(())).await;
    vote.vote(&voters[0], &[0]).await;
    vote.close(&leader).await;
    until_later(&app, &discord, "the result", |it| (it.messages().len() == 2).then_some(())).await;
    wait_until_empty(&app).await;
    assert!(discord.messages()[1].body["embeds"][0].to_string().contains("Standings"));
    assert_eq!((edit_attempts(&discord), app.count_rows("discord_boards").await), (0, 0));
}

#[on_both]
async fn a_vote_that_becomes_hidden_is_edited_no_more(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    on_discord(&guild, &discord, "initiate", "Initiate", 93).await;
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "NORMAL" })).await;
    while app.count_rows("discord_boards").await != 1 {}
    let id = button(&discord.messages()[0].body)["custom_id"].as_str().unwrap().to_owned();
    let open = discord.press(SERVER, 93, &id).await;
    assert!(open.to_string().contains("rank is too low"), "{open}");
    // Now the ranks above the lowest see it, but the channel is for all.
    app.execute_sql("UPDATE campaigns SET min_rank_level_to_view = 2").await;
    let refused = discord.press(SERVER, 93, &id).await;
    assert!(refused.to_string().contains("This vote no longer exists"), "{refused}");
    for voter in &voters {
        vote.vote(voter, &[0]).await;
    }
    vote.close(&leader).await;
    for _ in 0..200 {
        app.clock.advance(Duration::from_millis(200));
        app.count_rows("guilds").await;
    }
    assert_eq!((discord.messages().len(), edit_attempts(&discord)), (1, 0), "{:?}", discord.edits());
}

#[on_both]
async fn the_button_of_a_closed_vote_says_so(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    on_discord(&guild, &discord, "voter", "Member", 91).await;
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    let launch = discord.until("the launch", |it| it.messages().first().cloned()).await;
    let id = button(&launch.body)["custom_id"].as_str().unwrap().to_owned();
    vote.close(&leader).await;
    let pressed = discord.press(SERVER, 91, &id).await;
    assert!(pressed.to_string().contains("This vote is not open"), "{pressed}");
    assert_eq!(pressed["data"]["flags"], 64);
    for broken in ["vote1:open:", "vote1:open:zz", "vote1:open:fffffffffffffffff", "vote1:open:7"] {
        let plain = discord.press(SERVER, 91, broken).await.to_string();
        assert!(plain.contains("out of date") || plain.contains("no longer exists"), "{broken}: {plain}");
    }
}

#[on_both]
async fn old_messages_are_edited_once_a_minute(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    while app.count_rows("discord_boards").await != 1 {}
    app.clock.advance(Duration::from_hours(2));
    vote.vote(&voters[0], &[0]).await;
    let shows = |number: usize| move |it: &LocalDiscord| (it.edits().len() == number).then_some(());
    until_later(&app, &discord, "the first edit", shows(1)).await;
    let first = app.now();
    // Discord limits such edits, also with a code of its own.
    discord.limit_edits(1);
    vote.vote(&voters[1], &[0]).await;
    until_later(&app, &discord, "the second edit", shows(2)).await;
    assert!(app.now() - first >= chrono::TimeDelta::seconds(100), "{}", app.now() - first);
    assert_eq!(app.count_rows("discord_boards").await, 1);
    // The result does not wait.
    vote.vote(&voters[2], &[0]).await;
    let second = app.now();
    vote.close(&leader).await;
    until_later(&app, &discord, "the closing edit", closing_edit).await;
    assert!(app.now() - second < chrono::TimeDelta::seconds(50), "{}", app.now() - second);
}

/// Both servers count ballots, and one of them edits the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_edit_a_message_once() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let other = app.another_bot(&discord).await;
    let (_one, _two) = (guildhall::bot::start(&app.app), guildhall::bot::start(&other));
    discord.until("a session", |it| (it.connected_sessions() > 0).then_some(())).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET", "earlyCloseIfAllVoted": false })).await;
    discord.until("the launch", |it| it.messages().first().cloned()).await;
    while app.count_rows("discord_boards").await != 1 {}
    vote.vote(&voters[0], &[0]).await;
    voters[1].run_on(&other, CAST_BALLOT, vote.ballot(&[1])).await;
    let shows = |it: &LocalDiscord| it.edits().last().filter(|it| field(&it.1, "Turnout").contains("2 of 4")).cloned();
    until_later(&app, &discord, "an edit", shows).await;
    voters[2].run_on(&other, CAST_BALLOT, vote.ballot(&[1])).await;
    vote.close(&leader).await;
    until_later(&app, &discord, "the closing edit", closing_edit).await;
    wait_until_empty(&app).await;
    let edits = discord.edits();
    assert!(edits.windows(2).all(|pair| pair[0] != pair[1]), "{edits:?}");
    assert!(closing_edit(&discord).is_some() && edits.len() <= 4, "{edits:?}");
    assert_eq!((discord.messages().len(), discord.duplicates()), (2, 0));
}

#[on_both]
async fn the_button_opens_the_ballot_in_private(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    on_discord(&guild, &discord, "voter", "Member", 91).await;
    discord.join(SERVER, 92, "stranger", &[]);
    let _running = start_bot(&app, &discord).await;
    TestCampaign::live(&leader, 3, json!({ "announcements": "QUIET", "method": "APPROVAL" })).await;
    let launch = discord.until("the launch", |it| it.messages().first().cloned()).await;
    let id = button(&launch.body)["custom_id"].as_str().unwrap().to_owned();
    let opened = discord.press(SERVER, 91, &id).await;
    assert_eq!(
        (&opened["type"], &opened["data"]["flags"]),
        (&json!(4), &json!(64)),
        "a message of their own: {opened}"
    );
    assert!(opened.to_string().contains("Your ballot so far"), "{opened}");
    let refused = discord.press(SERVER, 92, &id).await;
    assert!(refused.to_string().contains("not on this guild's roster"), "{refused}");
}

#[on_both]
async fn officers_see_problems_in_their_channel(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_with_log(&leader).await;
    guild.member("garrosh", "Officer").await;
    discord.join(SERVER, 63, "garrosh", &[]);
    let mut row = guild.member_row("closed", "Initiate", false).await;
    row.discord_id = Some("64".to_owned());
    let closed = guild.add_members(vec![row]).await.remove(0);
    discord.join(SERVER, 64, "closed", &[]);
    discord.close_dms(64);
    let start = (app.now() + Duration::from_mins(5)).and_utc();
    TestCampaign::draft(&leader, 1, json!({ "title": "Half a vote", "startAt": start })).await;
    let hidden = json!({ "title": "Hidden", "startAt": start, "minRankLevelToVote": 4, "minRankLevelToView": 4 });
    TestCampaign::draft(&leader, 1, hidden).await;
    let _running = start_bot(&app, &discord).await;
    let invite = "mutation($id: ID!) { sendInvite(memberId: $id) { delivery } }";
    assert_eq!(leader.ok(invite, json!({ "id": closed.id })).await["sendInvite"]["delivery"], "FAILED");
    let logged = |what: &'static str| move |it: &LocalDiscord| log(it).into_iter().find(|text| text.contains(what));
    until_later(&app, &discord, "the failed message", logged("An invite code for **closed** could not be delivered"))
        .await;
    until_later(&app, &discord, "the conflict", logged("**garrosh**")).await;
    until_later(&app, &discord, "the draft", logged("**Half a vote** could not start")).await;
    until_later(&app, &discord, "the hidden draft", logged("A vote that some ranks cannot see could not start")).await;
    assert!(!log(&discord).iter().any(|text| text.contains("Hidden")), "{:?}", log(&discord));
    // The same conflict is reported once.
    let before = discord.calls().len();
    until_later(&app, &discord, "another sync", |it| {
        let calls = it.calls();
        calls[before..].iter().any(|call| call.path.ends_with("/members")).then_some(())
    })
    .await;
    wait_until_empty(&app).await;
    let conflicts = log(&discord).iter().filter(|text| text.contains("**garrosh**")).count();
    assert_eq!(conflicts, 1, "{:?}", log(&discord));
}

#[on_both]
async fn many_problems_at_once_make_few_reports(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_with_log(&leader).await;
    let mut rows = Vec::new();
    for user in 100..120_u64 {
        let mut row = guild.member_row(&format!("closed-{user}"), "Initiate", false).await;
        row.discord_id = Some(user.to_string());
        rows.push(row);
        discord.join(SERVER, user, &format!("closed-{user}"), &[]);
        discord.close_dms(user);
    }
    let members = guild.add_members(rows).await;
    let _running = start_bot(&app, &discord).await;
    // The first report is held back, and the others wait behind it.
    discord.hang_channels([OTHER_CHANNEL]);
    let invite = "mutation($id: ID!) { sendInvite(memberId: $id) { delivery } }";
    for member in &members {
        assert_eq!(leader.ok(invite, json!({ "id": member.id })).await["sendInvite"]["delivery"], "FAILED");
    }
    discord.heal_channels();
    let is_reported = |all: &str, user: u64| all.contains(&format!("closed-{user}"));
    let all_reported = |it: &LocalDiscord| (100..120).all(|user| is_reported(&log(it).join(" "), user)).then_some(());
    until_later(&app, &discord, "all reports", all_reported).await;
    assert!(log(&discord).len() <= 4, "{:?}", log(&discord));
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}
