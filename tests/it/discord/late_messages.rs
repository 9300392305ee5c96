//! Messages whose cause or destination is gone at the time of their delivery.

use std::time::Duration;

use guildhall::identity::suspend_guild;
use serde_json::json;

use super::{
    CHANNEL, LINK, OTHER_CHANNEL, SERVER,
    announcements::voters,
    boards::{closing_edit, edit_attempts, field, link_with_log, log, wait_until_empty},
    discord_status, link_server, on_discord, start_bot, until_attempted, until_later, until_postponed, with_bot,
};
use crate::support::{
    Client, LocalDiscord, TestApp, TestCampaign,
    documents::{ARCHIVE_CAMPAIGN, CLOSE_CAMPAIGN, SEND_INVITE, SEND_RESET_CODE, UNLINK_DISCORD, UPDATE_MEMBER},
    on_both,
};

/// A quiet vote whose launch the bot has posted.
async fn announced(app: &TestApp, leader: &Client<'_>) -> TestCampaign {
    let input = json!({ "announcements": "QUIET", "earlyCloseIfAllVoted": false });
    let vote = TestCampaign::live(leader, 2, input).await;
    let posted = async { while app.count_rows("discord_boards").await != 1 {} };
    tokio::time::timeout(Duration::from_secs(20), posted).await.expect("the launch is not posted");
    vote
}

/// Lets a minute pass, in steps in which the bot can work.
async fn a_minute_passes(app: &TestApp) {
    for _ in 0..120 {
        app.clock.advance(Duration::from_millis(500));
        app.count_rows("guilds").await;
    }
}

/// Sends a code while Discord is down.
async fn send_while_down(app: &TestApp, officer: &Client<'_>, mutation: &str, member: &Client<'_>) {
    let time_passes = async {
        loop {
            app.clock.advance(Duration::from_secs(1));
            app.count_rows("guilds").await;
        }
    };
    tokio::select! { _ = officer.ok(mutation, json!({ "id": member.id })) => {}, () = time_passes => unreachable!() }
}

#[on_both]
async fn void_and_replaced_codes_are_not_sent(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let officer = guild.member("officer", "Officer").await;
    let voided = on_discord(&guild, &discord, "voided", "Member", 71).await;
    let replaced = on_discord(&guild, &discord, "replaced", "Member", 72).await;
    let deactivated = on_discord(&guild, &discord, "deactivated", "Member", 73).await;
    discord.set_down(true);
    let _running = guildhall::bot::start(&app.app);
    for member in [&voided, &replaced, &deactivated] {
        send_while_down(&app, &officer, SEND_RESET_CODE, member).await;
    }
    send_while_down(&app, &leader, SEND_RESET_CODE, &replaced).await;
    until_attempted(&app).await;
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": deactivated.id, "active": false } })).await;
    // The officer may no longer issue codes.
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "active": false } })).await;
    discord.set_down(false);
    wait_until_empty(&app).await;
    let received: Vec<_> = discord.messages().iter().map(|message| message.to).collect();
    assert_eq!(received, [Some(72)]);
    assert_eq!(discord_status(&leader).await["failed"], 0);
    let refused = leader.refusal(SEND_INVITE, json!({ "id": voided.id })).await;
    assert_eq!(refused, "CONFLICT ALREADY_REGISTERED");
}

#[on_both]
async fn the_last_day_is_not_announced_in_the_last_hour(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    let input = json!({ "announcements": "NORMAL", "durationHours": 48 });
    TestCampaign::live(&leader, 2, input).await;
    while app.count_rows("discord_boards").await != 1 {}
    discord.fail_channels([CHANNEL], 500);
    app.clock.advance(Duration::from_hours(24) + Duration::from_mins(1));
    until_postponed(&app, "event = 'DAY_LEFT'", 1).await;
    // Only the event that waits is left, as if no server had checked the vote since.
    app.clock.advance(Duration::from_hours(23) + Duration::from_mins(10));
    discord.heal_channels();
    until_later(&app, &discord, "the last hour", |it| (it.messages().len() == 2).then_some(())).await;
    a_minute_passes(&app).await;
    assert_eq!(app.count_rows("discord_messages").await, 0);
    assert_eq!(discord.messages().len(), 2, "the launch and the last hour");
}

#[on_both]
async fn a_message_in_a_deleted_channel_is_forgotten(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_with_log(&leader).await;
    let voters = voters(&guild, 2).await;
    let _running = start_bot(&app, &discord).await;
    let vote = announced(&app, &leader).await;
    discord.delete_channel(CHANNEL);
    vote.vote(&voters[0], &[0]).await;
    let failed = |it: &LocalDiscord| (edit_attempts(it) == 1).then_some(());
    until_later(&app, &discord, "an edit", failed).await;
    wait_until_empty(&app).await;
    vote.vote(&voters[1], &[0]).await;
    a_minute_passes(&app).await;
    assert_eq!((edit_attempts(&discord), app.count_rows("discord_boards").await), (1, 0));
    assert_eq!((app.count_rows("discord_messages").await, log(&discord).len()), (0, 0));
}

#[on_both]
async fn officers_learn_once_that_a_message_cannot_be_edited(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_with_log(&leader).await;
    let voters = voters(&guild, 2).await;
    let _running = start_bot(&app, &discord).await;
    let vote = announced(&app, &leader).await;
    discord.refuse_edits(Some((403, 50_001)));
    vote.vote(&voters[0], &[0]).await;
    let logged = |it: &LocalDiscord| log(it).first().cloned();
    let report = until_later(&app, &discord, "the report", logged).await;
    let expected =
        "The update of an announcement could not be delivered. The bot is not allowed to post in this channel.";
    assert_eq!(report, expected);
    discord.refuse_edits(None);
    vote.vote(&voters[1], &[0]).await;
    a_minute_passes(&app).await;
    assert_eq!((edit_attempts(&discord), log(&discord).len()), (1, 1));
    assert_eq!(discord_status(&leader).await["failed"], 0);
}

#[on_both]
async fn an_unlinked_guild_edits_and_reports_nothing(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_with_log(&leader).await;
    let voters = voters(&guild, 2).await;
    let closed = on_discord(&guild, &discord, "closed", "Member", 74).await;
    discord.close_dms(74);
    let _running = start_bot(&app, &discord).await;
    let vote = announced(&app, &leader).await;
    discord.fail_channels([OTHER_CHANNEL, CHANNEL], 500);
    leader.ok(SEND_RESET_CODE, json!({ "id": closed.id })).await;
    vote.vote(&voters[0], &[0]).await;
    until_postponed(&app, "kind IN ('EDIT', 'LOG')", 2).await;
    leader.ok(UNLINK_DISCORD, json!({})).await;
    assert_eq!(app.count_rows("discord_boards").await, 0);
    discord.heal_channels();
    link_server(&leader).await;
    vote.vote(&voters[1], &[0]).await;
    a_minute_passes(&app).await;
    assert_eq!((discord.edits().len(), log(&discord).len(), discord.messages().len()), (0, 0, 1));
}

#[on_both]
async fn reports_follow_the_officers_channel(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_with_log(&leader).await;
    let closed = on_discord(&guild, &discord, "closed", "Member", 75).await;
    discord.close_dms(75);
    let _running = start_bot(&app, &discord).await;
    discord.fail_channels([OTHER_CHANNEL], 500);
    leader.ok(SEND_RESET_CODE, json!({ "id": closed.id })).await;
    while app.count_rows("discord_messages WHERE kind = 'LOG' AND attempts > 0").await != 1 {}
    // The former channel may be open to all by now.
    let input = json!({ "serverId": SERVER.to_string(), "logChannelId": (OTHER_CHANNEL + 1).to_string() });
    leader.ok(LINK, json!({ "input": input })).await;
    discord.heal_channels();
    wait_until_empty(&app).await;
    assert_eq!(discord.messages().len(), 0);
}

#[on_both]
async fn the_message_of_a_resumed_guild_catches_up(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 2).await;
    let _running = start_bot(&app, &discord).await;
    let vote = announced(&app, &leader).await;
    vote.vote(&voters[0], &[0]).await;
    suspend_guild(&app.app.access, guild.id, true).await.unwrap();
    app.clock.advance(Duration::from_hours(2));
    a_minute_passes(&app).await;
    assert_eq!((edit_attempts(&discord), discord.messages().len()), (0, 1));
    suspend_guild(&app.app.access, guild.id, false).await.unwrap();
    let shown = |it: &LocalDiscord| it.edits().last().filter(|it| field(&it.1, "Turnout").contains("1 of 3")).cloned();
    until_later(&app, &discord, "an edit", shown).await;
    // A vote that is archived before its last edit shows its result, too.
    discord.fail_channels([CHANNEL], 500);
    vote.close(&leader).await;
    leader.ok(ARCHIVE_CAMPAIGN, vote.vars()).await;
    discord.heal_channels();
    until_later(&app, &discord, "the closing edit", closing_edit).await;
}

/// Another server closes the vote while this one posts the launch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vote_that_another_server_closes_meanwhile_ends_with_its_result() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    let other = app.another_server().await;
    for number in 1..=5_usize {
        let held = discord.hold();
        let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
        held.wait_for(1).await;
        // The response to the launch and the close arrive at the same time.
        let closing = leader.run_on(&other, CLOSE_CAMPAIGN, vote.vars());
        let ((), _) = tokio::join!(async { drop(held) }, closing);
        let closed = |it: &LocalDiscord| closing_edit(it).filter(|_| it.edits().len() == number);
        until_later(&app, &discord, "the closing edit", closed).await;
        wait_until_empty(&app).await;
    }
    assert_eq!((discord.messages().len(), discord.duplicates()), (10, 0));
}
