//! Syncs of ranks with Discord roles.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    LEADER_ROLE, LINK, MEMBER_ROLE, OFFICER_ROLE, SERVER, VETERAN_ROLE, link, map_roles, started, status, with_bot,
};
use crate::support::{TestApp, TestGuild, documents::UNLINK_DISCORD, on_both, strings};

const SYNC: &str = "mutation($dry: Boolean!, $overwrite: Boolean!) {
    syncDiscordRoles(dryRun: $dry, overwriteManual: $overwrite) { report {
        dryRun added promoted demoted linked untouched conflictCount
        changes { discordUsername from { name } to { name } reason member { displayName } }
        conflicts { discordUsername from { name } to { name } reason member { displayName } }
    } }
}";

fn sync(dry: bool, overwrite: bool) -> Value {
    json!({ "dry": dry, "overwrite": overwrite })
}

/// The rank of each member and its source, by username.
async fn roster(guild: &TestGuild<'_>) -> Vec<String> {
    let query = "{ members(first: 100, filter: { active: null }) {
        nodes { discordUsername discordId rankSource rank { name } }
    } }";
    let members = guild.leader().await.ok(query, json!({})).await["members"]["nodes"].clone();
    let line = |it: &Value| {
        let id = it["discordId"].as_str().unwrap_or("-");
        format!(
            "{} {} {} {id}",
            it["discordUsername"].as_str().unwrap(),
            it["rank"]["name"].as_str().unwrap(),
            it["rankSource"].as_str().unwrap()
        )
    };
    let mut lines: Vec<String> = members.as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines
}

#[on_both]
async fn roles_set_ranks_and_newcomers_become_members(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link(&leader).await;
    // Two members from an earlier sync, one with a rank set by hand, and one who is not on Discord.
    let mut rows = Vec::new();
    for (name, rank) in [("up", "Member"), ("down", "Officer"), ("byhand", "Member"), ("elsewhere", "Veteran")] {
        let mut row = guild.member_row(name, rank, true).await;
        if name == "up" || name == "down" {
            row.rank_source = guildhall::identity::RankSource::DiscordSync;
            row.discord_id = Some(if name == "up" { "11" } else { "12" }.to_owned());
        }
        rows.push(row);
    }
    guild.add_members(rows).await;
    discord.join(SERVER, 11, "up", &[MEMBER_ROLE, VETERAN_ROLE]);
    discord.join(SERVER, 12, "down", &[VETERAN_ROLE]);
    discord.join(SERVER, 13, "ByHand", &[OFFICER_ROLE]);
    discord.join(SERVER, 14, "newcomer", &[]);
    discord.join(SERVER, 15, "recruit", &[OFFICER_ROLE, 77]);
    discord.join_bot(SERVER, 16, "somebot", &[OFFICER_ROLE]);
    let before = roster(&guild).await;
    let dry = leader.ok(SYNC, sync(true, false)).await["syncDiscordRoles"]["report"].clone();
    assert_eq!(roster(&guild).await, before, "a dry run changes nothing");
    let done = leader.ok(SYNC, sync(false, false)).await["syncDiscordRoles"]["report"].clone();
    let counts = |report: &Value| {
        ["added", "promoted", "demoted", "linked", "untouched", "conflictCount"].map(|it| report[it].as_i64().unwrap())
    };
    assert_eq!(counts(&done), [2, 1, 1, 1, 0, 1], "{done}");
    assert_eq!((counts(&dry), &dry["conflicts"]), (counts(&done), &done["conflicts"]));
    let ranks =
        |report: &Value| (strings(&report["changes"], "/discordUsername"), strings(&report["changes"], "/to/name"));
    assert_eq!(ranks(&dry), ranks(&done));
    assert_eq!(
        done["conflicts"],
        json!([{
            "discordUsername": "ByHand", "from": { "name": "Member" }, "to": { "name": "Officer" },
            "reason": "MANUAL_RANK", "member": { "displayName": "byhand" },
        }])
    );
    let after = [
        "byhand Member MANUAL 13",
        "down Veteran DISCORD_SYNC 12",
        "elsewhere Veteran MANUAL -",
        "leader Guild Leader MANUAL -",
        "newcomer Member DISCORD_SYNC 14",
        "recruit Officer DISCORD_SYNC 15",
        "up Veteran DISCORD_SYNC 11",
    ];
    assert_eq!(roster(&guild).await, after);
    let added = |report: &Value| strings(&report["changes"], "/member/displayName");
    assert_eq!((added(&dry)[0].as_str(), added(&done)[0].as_str()), ("null", "newcomer"));
    let again = leader.ok(SYNC, sync(false, false)).await["syncDiscordRoles"]["report"].clone();
    assert_eq!(counts(&again), [0, 0, 0, 0, 4, 1], "a second one changes nothing");
    let last = status(&leader).await["link"]["lastSync"].clone();
    assert_eq!((&last["untouched"], &last["conflictCount"]), (&json!(4), &json!(1)));
    // A member without a mapped role keeps their rank, and so does one who leaves the server.
    discord.set_roles(SERVER, 11, &[]);
    discord.leave(SERVER, 12);
    leader.ok(SYNC, sync(false, false)).await;
    assert_eq!(roster(&guild).await, after);
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[on_both]
async fn ranks_set_by_hand_change_only_on_request_and_within_reach(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link(&leader).await;
    let officer = guild.member("officer", "Officer").await;
    guild.member("low", "Initiate").await;
    guild.member("peer", "Officer").await;
    discord.join(SERVER, 21, "low", &[VETERAN_ROLE]);
    discord.join(SERVER, 22, "peer", &[MEMBER_ROLE]);
    discord.join(SERVER, 23, "leader", &[MEMBER_ROLE]);
    let report = officer.ok(SYNC, sync(false, true)).await["syncDiscordRoles"]["report"].clone();
    assert_eq!((&report["promoted"], &report["demoted"], &report["conflictCount"]), (&json!(1), &json!(0), &json!(2)));
    assert_eq!(report["conflicts"][0]["reason"], "RANK_TOO_LOW");
    // The guild's only leader is never demoted.
    let report = leader.ok(SYNC, sync(false, true)).await["syncDiscordRoles"]["report"].clone();
    assert_eq!((&report["demoted"], &report["conflicts"][0]["reason"]), (&json!(1), &json!("LAST_LEADER")), "{report}");
    assert_eq!(roster(&guild).await[0], "leader Guild Leader MANUAL 23");
    let log = leader.ok("{ auditLog(first: 20) { nodes { action summary actor { displayName } } } }", json!({})).await;
    let actions = strings(&log["auditLog"]["nodes"], "/action");
    assert!(actions.contains(&"discord.sync".to_owned()) && actions.contains(&"member.update".to_owned()), "{log}");
}

#[on_both]
async fn a_change_on_discord_is_synced_at_once(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link(&leader).await;
    discord.join(SERVER, 31, "quiet", &[]);
    let _running = started(&app, &discord).await;
    let waited = async |line: &str| while !roster(&guild).await.contains(&line.to_owned()) {};
    let bound = Duration::from_secs(20);
    discord.join_with_event(SERVER, 32, "newcomer", &[VETERAN_ROLE]);
    tokio::time::timeout(bound, waited("newcomer Veteran DISCORD_SYNC 32"))
        .await
        .expect("who arrives becomes a member");
    discord.update_member(SERVER, 32, &[OFFICER_ROLE]);
    tokio::time::timeout(bound, waited("newcomer Officer DISCORD_SYNC 32"))
        .await
        .expect("a role given is a rank given");
    // Long enough after the previous event, so the event itself is used.
    app.clock.advance(Duration::from_secs(5));
    discord.update_member(SERVER, 32, &[MEMBER_ROLE]);
    tokio::time::timeout(bound, waited("newcomer Member DISCORD_SYNC 32")).await.expect("a role taken is a rank taken");
    assert_eq!(roster(&guild).await.len(), 2, "nobody else was looked at");
}

#[on_both]
async fn large_servers_are_synced_on_schedule(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link(&leader).await;
    discord.join_many(SERVER, (1..=2_300).map(|user| (user, format!("user-{user}"), vec![MEMBER_ROLE])));
    let _running = started(&app, &discord).await;
    // The first sync fails, which officers can see.
    discord.fail_next(1, 403);
    let due = async || {
        app.clock.advance(Duration::from_mins(61));
        let mut found = status(&leader).await["link"].clone();
        while found["syncProblem"].is_null() && found["lastSync"].is_null() {
            // A task that was busy at that time waits for a later one.
            app.clock.advance(Duration::from_secs(1));
            found = status(&leader).await["link"].clone();
        }
        found
    };
    let bound = Duration::from_mins(1);
    let found = tokio::time::timeout(bound, due()).await.expect("no sync was tried");
    assert!(found["syncProblem"].as_str().unwrap().contains("Server Members Intent"), "{found}");
    let done = async {
        let mut found = json!({});
        while found["lastSync"].is_null() {
            app.clock.advance(Duration::from_mins(1));
            found = status(&leader).await["link"].clone();
        }
        found
    };
    let found = tokio::time::timeout(bound, done).await.expect("it was not tried again");
    assert_eq!((&found["syncProblem"], &found["lastSync"]["added"]), (&Value::Null, &json!(2_300)));
    let pages = discord.calls().iter().filter(|call| call.path.ends_with("/members") && call.status == 200).count();
    assert!(pages >= 3, "a thousand at a time, the bot among them");
}

#[on_both]
async fn a_demotion_by_discord_takes_effect_at_once(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    map_roles(&guild).await;
    link(&guild.leader().await).await;
    let mut row = guild.member_row("officer", "Officer", true).await;
    (row.rank_source, row.discord_id) = (guildhall::identity::RankSource::DiscordSync, Some("41".to_owned()));
    let officer = guild.add_members(vec![row]).await.remove(0);
    discord.join(SERVER, 41, "officer", &[MEMBER_ROLE]);
    officer.ok("{ discordStatus { connection } }", json!({})).await;
    officer.ok(SYNC, sync(false, false)).await;
    assert_eq!(officer.refusal(SYNC, sync(false, false)).await, "FORBIDDEN PERMISSION_REQUIRED");
}

#[on_both]
async fn a_failed_sync_reports_the_reason(app: TestApp) {
    let without = app.guild("nobot").await;
    assert_eq!(without.leader().await.refusal(SYNC, sync(true, false)).await, "CONFLICT DISCORD_OFF");
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    assert_eq!(leader.refusal(SYNC, sync(false, false)).await, "CONFLICT DISCORD_NOT_LINKED");
    link(&leader).await;
    let other = app.guild("other").await.leader().await;
    let input = json!({ "input": { "serverId": SERVER.to_string() } });
    assert_eq!(other.refusal(LINK, input).await, "CONFLICT DISCORD_SERVER_TAKEN serverId");
    for (field, value) in [
        ("serverId", json!("guild")),
        ("channelId", json!("#votes")),
        ("color", json!("red")),
        ("campaignUrl", json!("https://gg.example/votes")),
        ("thumbnailUrl", json!("ftp://x")),
        ("syncIntervalMinutes", json!(1)),
    ] {
        let mut input = json!({ "serverId": SERVER.to_string() });
        input[field] = value;
        assert_eq!(leader.refusal(LINK, json!({ "input": input })).await, format!("BAD_USER_INPUT {field}"));
    }
    discord.set_down(true);
    assert_eq!(leader.refusal(SYNC, sync(false, false)).await, "CONFLICT DISCORD_UNAVAILABLE");
    discord.set_down(false);
    discord.remove_server(SERVER);
    assert_eq!(leader.refusal(SYNC, sync(false, false)).await, "CONFLICT DISCORD_REFUSED");
    leader.ok(UNLINK_DISCORD, json!({})).await;
    assert_eq!(leader.refusal(UNLINK_DISCORD, json!({})).await, "CONFLICT DISCORD_NOT_LINKED");
}

#[on_both]
async fn a_leader_by_role_can_follow_another(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link(&leader).await;
    let mut row = guild.member_row("heir", "Officer", true).await;
    row.rank_source = guildhall::identity::RankSource::DiscordSync;
    guild.add_members(vec![row]).await;
    discord.join(SERVER, 51, "leader", &[OFFICER_ROLE]);
    discord.join(SERVER, 52, "heir", &[LEADER_ROLE]);
    let report = leader.ok(SYNC, sync(false, true)).await["syncDiscordRoles"]["report"].clone();
    assert_eq!((&report["promoted"], &report["demoted"], &report["conflictCount"]), (&json!(1), &json!(1), &json!(0)));
}
