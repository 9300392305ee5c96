//! The officers' slash commands, and the choices that commands offer.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    CHANNEL, OFFICER_ROLE, OTHER_CHANNEL, SERVER, VETERAN_ROLE, discord_status, link_server, map_roles, start_bot,
    with_bot,
};
use crate::support::{LocalDiscord, TestApp, TestCampaign, TestGuild, on_both};

/// Discord users: an officer and a member.
const OFFICER: u64 = 201;
const MEMBER: u64 = 202;

/// Adds the users above to a guild and its server.
async fn add_users(guild: &TestGuild<'_>, discord: &LocalDiscord) {
    let mut rows = Vec::new();
    for (name, user, rank) in [("officer", OFFICER, "Guild Leader"), ("member", MEMBER, "Member")] {
        let mut row = guild.member_row(name, rank, true).await;
        row.discord_id = Some(user.to_string());
        rows.push(row);
        discord.join(SERVER, user, name, &[]);
    }
    guild.add_members(rows).await;
}

/// Uses a command, and returns the bot's final message as text.
async fn used(discord: &LocalDiscord, user: u64, name: &str, options: Value) -> String {
    discord.slash(SERVER, user, name, options).await["data"].to_string()
}

fn user_option(user: u64) -> Value {
    json!([{ "name": "user", "type": 6, "value": user.to_string() }])
}

#[on_both]
async fn officers_invite_and_sync(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    link_server(&guild.leader().await).await;
    add_users(&guild, &discord).await;
    discord.join(SERVER, 203, "recruit", &[]);
    discord.join(SERVER, 204, "hermit", &[]);
    discord.close_dms(204);
    let _running = start_bot(&app, &discord).await;
    let refused = used(&discord, MEMBER, "invite", user_option(203)).await;
    assert!(refused.contains("permission") || refused.contains("MEMBERS"), "{refused}");
    // A user who is not on the roster becomes a member first.
    let invited = used(&discord, OFFICER, "invite", user_option(203)).await;
    assert!(invited.contains("**recruit** has an invite code"), "{invited}");
    assert_eq!(discord.messages()[0].to, Some(203));
    let passed_on = used(&discord, OFFICER, "invite", user_option(204)).await;
    assert!(passed_on.contains("Pass this invite code on") && passed_on.contains("```"), "{passed_on}");
    let again = used(&discord, OFFICER, "invite", user_option(MEMBER)).await;
    assert!(again.contains("registered already"), "{again}");
    discord.join(SERVER, 205, "newcomer", &[]);
    let preview = used(&discord, OFFICER, "sync", json!([{ "name": "preview", "type": 5, "value": true }])).await;
    assert!(preview.contains("would change") && preview.contains("Added: 1"), "{preview}");
    let synced = used(&discord, OFFICER, "sync", json!([])).await;
    assert!(synced.contains("is done") && synced.contains("Added: 1"), "{synced}");
    assert!(!used(&discord, MEMBER, "sync", json!([])).await.contains("Added"));
    assert_eq!((discord.invalid_requests(), discord.double_responses()), (Vec::new(), 0));
}

#[on_both]
async fn an_invited_user_becomes_a_member_by_their_roles(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    map_roles(&guild).await;
    add_users(&guild, &discord).await;
    guild.member("taken", "Member").await;
    let _running = start_bot(&app, &discord).await;
    discord.join(SERVER, 203, "recruit", &[VETERAN_ROLE]);
    discord.join(SERVER, 206, "taken", &[]);
    discord.join_bot(SERVER, 207, "raidbot", &[]);
    let members = app.count_rows("members").await;
    for user in [203, 204, 206, 207] {
        let refused = used(&discord, MEMBER, "invite", user_option(user)).await;
        assert!(!refused.contains("```") && !refused.contains("invite code by"), "{refused}");
    }
    assert_eq!(app.count_rows("members").await, members, "members without the permission add nobody");
    let invited = used(&discord, OFFICER, "invite", user_option(203)).await;
    assert!(invited.contains("**recruit** has an invite code"), "{invited}");
    let query = "{ members(filter: { search: \"recruit\" }) { nodes { rank { name } rankSource } } }";
    let expected = json!([{ "rank": { "name": "Veteran" }, "rankSource": "DISCORD_SYNC" }]);
    assert_eq!(leader.ok(query, json!({})).await["members"]["nodes"], expected);
    let taken = used(&discord, OFFICER, "invite", user_option(206)).await;
    assert!(taken.contains("already a member") && taken.contains("give this member the Discord id `206`"), "{taken}");
    let bot = used(&discord, OFFICER, "invite", user_option(207)).await;
    assert!(bot.contains("Only people can become members"), "{bot}");
    // A member who was deactivated is not added again.
    let mut row = guild.member_row("former", "Initiate", false).await;
    (row.discord_id, row.is_active) = (Some("208".to_owned()), false);
    guild.add_members(vec![row]).await;
    discord.join(SERVER, 208, "former", &[]);
    let former = used(&discord, OFFICER, "invite", user_option(208)).await;
    assert!(former.contains("deactivated"), "{former}");
    assert_eq!((discord.invalid_requests(), discord.double_responses()), (Vec::new(), 0));
}

#[on_both]
async fn officers_pick_channels_and_roles(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    add_users(&guild, &discord).await;
    let _running = start_bot(&app, &discord).await;
    let channel = |kind: &str, channel: u64| json!([{ "name": kind, "type": 1, "options": [{ "name": "channel", "type": 7, "value": channel.to_string() }] }]);
    let picked = used(&discord, OFFICER, "setup", channel("channel", OTHER_CHANNEL)).await;
    assert!(picked.contains(&format!("Votes are announced in <#{OTHER_CHANNEL}>")), "{picked}");
    let picked = used(&discord, OFFICER, "setup", channel("log", CHANNEL)).await;
    assert!(picked.contains("Problems are reported"), "{picked}");
    let link = "{ discordStatus { link { channelId logChannelId } } }";
    let expected = json!({ "channelId": OTHER_CHANNEL.to_string(), "logChannelId": CHANNEL.to_string() });
    assert_eq!(leader.ok(link, json!({})).await["discordStatus"]["link"], expected);
    let typed = |rank: &str| {
        json!([{ "name": "role", "type": 1, "options": [
        { "name": "rank", "type": 3, "value": rank, "focused": true },
    ] }])
    };
    let choices = discord.autocomplete(SERVER, OFFICER, "setup", typed("vet")).await;
    assert_eq!((choices.len(), &choices[0]["name"]), (1, &json!("Veteran")));
    let role = json!([{ "name": "role", "type": 1, "options": [
        { "name": "rank", "type": 3, "value": choices[0]["value"] },
        { "name": "role", "type": 8, "value": OFFICER_ROLE.to_string() },
    ] }]);
    let picked = used(&discord, OFFICER, "setup", role.clone()).await;
    assert!(picked.contains("get the rank **Veteran**"), "{picked}");
    assert!(!used(&discord, MEMBER, "setup", role).await.contains("Veteran"));
    assert_eq!(discord_status(&leader).await["connection"], "CONNECTED");
}

#[on_both]
async fn commands_offer_the_votes_that_the_member_can_see(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    add_users(&guild, &discord).await;
    let _running = start_bot(&app, &discord).await;
    let off = |title: &str| json!({ "title": title, "announcements": "OFF", "method": "APPROVAL" });
    TestCampaign::live(&leader, 2, off("Where next?")).await;
    app.clock.advance(Duration::from_secs(1));
    let closed = TestCampaign::live(&leader, 2, off("Which evening?")).await;
    closed.close(&leader).await;
    let mut secret = off("Whom to promote?");
    app.clock.advance(Duration::from_secs(1));
    (secret["minRankLevelToVote"], secret["minRankLevelToView"]) = (json!(4), json!(4));
    TestCampaign::live(&leader, 2, secret).await;
    let typed = |text: &str| json!([{ "name": "vote", "type": 3, "value": text, "focused": true }]);
    let names = async |user: u64, command: &str, text: &str| {
        let choices = discord.autocomplete(SERVER, user, command, typed(text)).await;
        choices.iter().map(|choice| choice["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(MEMBER, "vote", "").await, ["Where next?"]);
    assert_eq!(names(MEMBER, "standings", "WH").await, ["Which evening?", "Where next?"]);
    assert_eq!(names(OFFICER, "vote", "whom").await, ["Whom to promote?"]);
    assert_eq!(names(999, "vote", "").await, Vec::<String>::new());
    let choice = discord.autocomplete(SERVER, MEMBER, "vote", typed("next")).await[0]["value"].clone();
    let chosen = |value: &Value| json!([{ "name": "vote", "type": 3, "value": value }]);
    let opened = used(&discord, MEMBER, "vote", chosen(&choice)).await;
    assert!(opened.contains("Where next?") && opened.contains("Your ballot so far"), "{opened}");
    let standings = used(&discord, MEMBER, "standings", chosen(&json!("evening"))).await;
    assert!(standings.contains("Which evening?") && !standings.contains("Where next?"), "{standings}");
    let hidden = used(&discord, MEMBER, "standings", chosen(&json!("promote"))).await;
    assert!(hidden.contains("This vote no longer exists"), "{hidden}");
}
