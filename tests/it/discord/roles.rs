//! Sync of ranks with Discord roles.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    CHANNEL, LEADER_ROLE, LINK, MEMBER_ROLE, OFFICER_ROLE, SERVER, VETERAN_ROLE, discord_status, link_server,
    map_roles, start_bot, with_bot,
};
use crate::support::{Client, TestApp, TestGuild, documents::UNLINK_DISCORD, on_both, strings};

const SYNC: &str = "mutation($dry: Boolean!, $overwrite: Boolean!) {
    syncDiscordRoles(dryRun: $dry, overwriteManual: $overwrite) { report {
        dryRun added promoted demoted linked untouched conflictCount
        changes { discordUsername from { name } to { name } reason member { displayName } }
        conflicts { discordUsername from { name } to { name } reason member { displayName } }
    } }
}";

/// The variables of [`SYNC`].
fn sync(dry: bool, overwrite: bool) -> Value {
    json!({ "dry": dry, "overwrite": overwrite })
}

/// Syncs, and returns the report.
pub(super) async fn sync_report(client: &Client<'_>, dry: bool, overwrite: bool) -> Value {
    client.ok(SYNC, sync(dry, overwrite)).await["syncDiscordRoles"]["report"].clone()
}

/// Sets Discord ids, as an officer does for members with an account.
async fn set_discord_ids(app: &TestApp, ids: &[(&str, u64)]) {
    for (name, id) in ids {
        app.execute_sql(&format!("UPDATE members SET discord_id = '{id}' WHERE username_key = '{name}'")).await;
    }
}

/// Each member as `username rank source discordId`, sorted.
pub(super) async fn roster(guild: &TestGuild<'_>) -> Vec<String> {
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

/// Waits until the roster has this line, while the clock moves.
pub(super) async fn until_on_roster(app: &TestApp, guild: &TestGuild<'_>, line: &str) {
    let listed = async {
        while !roster(guild).await.contains(&line.to_owned()) {
            app.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), listed).await.unwrap_or_else(|_| panic!("{line} is not listed"));
}

#[on_both]
async fn roles_set_ranks_and_newcomers_become_members(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    // Two members of an earlier sync, one with a rank set manually, and one who is not on Discord.
    let mut rows = Vec::new();
    for (name, rank) in [("up", "Member"), ("down", "Officer"), ("manual", "Member"), ("elsewhere", "Veteran")] {
        // A username alone links only a member without an account.
        let mut row = guild.member_row(name, rank, name != "manual").await;
        if name == "up" || name == "down" {
            row.rank_source = guildhall::identity::RankSource::DiscordSync;
            row.discord_id = Some(if name == "up" { "11" } else { "12" }.to_owned());
        }
        rows.push(row);
    }
    guild.add_members(rows).await;
    discord.join(SERVER, 11, "up", &[MEMBER_ROLE, VETERAN_ROLE]);
    discord.join(SERVER, 12, "down", &[VETERAN_ROLE]);
    discord.join(SERVER, 13, "Manual", &[OFFICER_ROLE]);
    discord.join(SERVER, 14, "newcomer", &[]);
    discord.join(SERVER, 15, "recruit", &[OFFICER_ROLE, 77]);
    discord.join_bot(SERVER, 16, "somebot", &[OFFICER_ROLE]);
    let before = roster(&guild).await;
    let dry = sync_report(&leader, true, false).await;
    assert_eq!(roster(&guild).await, before, "a dry run changes nothing");
    let done = sync_report(&leader, false, false).await;
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
            "discordUsername": "Manual", "from": { "name": "Member" }, "to": { "name": "Officer" },
            "reason": "MANUAL_RANK", "member": { "displayName": "manual" },
        }])
    );
    let after = [
        "down Veteran DISCORD_SYNC 12",
        "elsewhere Veteran MANUAL -",
        "leader Guild Leader MANUAL -",
        "manual Member MANUAL 13",
        "newcomer Member DISCORD_SYNC 14",
        "recruit Officer DISCORD_SYNC 15",
        "up Veteran DISCORD_SYNC 11",
    ];
    assert_eq!(roster(&guild).await, after);
    let added = |report: &Value| strings(&report["changes"], "/member/displayName");
    assert_eq!((added(&dry)[0].as_str(), added(&done)[0].as_str()), ("null", "newcomer"));
    let again = sync_report(&leader, false, false).await;
    assert_eq!(counts(&again), [0, 0, 0, 0, 4, 1], "a second sync changes nothing");
    let last_sync = discord_status(&leader).await["link"]["lastSync"].clone();
    assert_eq!((&last_sync["untouched"], &last_sync["conflictCount"]), (&json!(4), &json!(1)));
    // A member without a mapped role keeps their rank, and so does one who leaves the server.
    discord.set_roles(SERVER, 11, &[]);
    discord.leave(SERVER, 12);
    leader.ok(SYNC, sync(false, false)).await;
    assert_eq!(roster(&guild).await, after);
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[on_both]
async fn manual_ranks_change_only_on_request_and_below_the_officer(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    let officer = guild.member("officer", "Officer").await;
    guild.member("low", "Initiate").await;
    guild.member("peer", "Officer").await;
    set_discord_ids(&app, &[("low", 21), ("peer", 22), ("leader", 23)]).await;
    discord.join(SERVER, 21, "low", &[VETERAN_ROLE]);
    discord.join(SERVER, 22, "peer", &[MEMBER_ROLE]);
    discord.join(SERVER, 23, "leader", &[MEMBER_ROLE]);
    let report = sync_report(&officer, false, true).await;
    assert_eq!((&report["promoted"], &report["demoted"], &report["conflictCount"]), (&json!(1), &json!(0), &json!(2)));
    assert_eq!(report["conflicts"][0]["reason"], "RANK_TOO_LOW");
    // The guild's only leader is never demoted.
    let report = sync_report(&leader, false, true).await;
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
    link_server(&leader).await;
    discord.join(SERVER, 31, "quiet", &[]);
    let _running = start_bot(&app, &discord).await;
    let until_listed = async |line: &str| while !roster(&guild).await.contains(&line.to_owned()) {};
    let bound = Duration::from_secs(20);
    discord.join_with_event(SERVER, 32, "newcomer", &[VETERAN_ROLE]);
    tokio::time::timeout(bound, until_listed("newcomer Veteran DISCORD_SYNC 32"))
        .await
        .expect("a newcomer does not become a member");
    discord.update_member(SERVER, 32, &[OFFICER_ROLE]);
    tokio::time::timeout(bound, until_listed("newcomer Officer DISCORD_SYNC 32"))
        .await
        .expect("an added role does not change the rank");
    // After the reorder window, the server uses the roles in the event and does not request the member.
    app.clock.advance(Duration::from_secs(5));
    discord.update_member(SERVER, 32, &[MEMBER_ROLE]);
    tokio::time::timeout(bound, until_listed("newcomer Member DISCORD_SYNC 32"))
        .await
        .expect("a removed role does not change the rank");
    assert_eq!(roster(&guild).await.len(), 2, "the event synced only its own member");
}

#[on_both]
async fn large_servers_are_synced_on_schedule(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    discord.join_many(SERVER, (1..=2_300).map(|user| (user, format!("user-{user}"), vec![MEMBER_ROLE])));
    let _running = start_bot(&app, &discord).await;
    // The first sync fails, which officers can see.
    discord.fail_next(1, 403);
    let first_sync = async || {
        app.clock.advance(Duration::from_mins(61));
        let mut link = discord_status(&leader).await["link"].clone();
        while link["syncProblem"].is_null() && link["lastSync"].is_null() {
            // If the sync task was busy at that time, it starts at a later one.
            app.clock.advance(Duration::from_secs(1));
            link = discord_status(&leader).await["link"].clone();
        }
        link
    };
    let bound = Duration::from_mins(1);
    let link = tokio::time::timeout(bound, first_sync()).await.expect("no sync was attempted");
    assert!(link["syncProblem"].as_str().unwrap().contains("Server Members Intent"), "{link}");
    let second_sync = async {
        let mut link = json!({});
        while link["lastSync"].is_null() {
            app.clock.advance(Duration::from_mins(1));
            link = discord_status(&leader).await["link"].clone();
        }
        link
    };
    let link = tokio::time::timeout(bound, second_sync).await.expect("the sync was not attempted again");
    assert_eq!((&link["syncProblem"], &link["lastSync"]["added"]), (&Value::Null, &json!(2_300)));
    let pages = discord.calls().iter().filter(|call| call.path.ends_with("/members") && call.status == 200).count();
    assert!(pages >= 3, "pages of a thousand members, with the bot");
}

#[on_both]
async fn a_demotion_by_discord_takes_effect_at_once(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    map_roles(&guild).await;
    link_server(&guild.leader().await).await;
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
    link_server(&leader).await;
    let other = app.guild("other").await.leader().await;
    let input = json!({ "input": { "serverId": SERVER.to_string() } });
    assert_eq!(other.refusal(LINK, input).await, "CONFLICT DISCORD_SERVER_TAKEN serverId");
    for (field, value) in [
        ("serverId", json!("guild")),
        ("channelId", json!("#votes")),
        ("color", json!("red")),
        ("campaignUrl", json!("https://gg.example/votes")),
        ("campaignUrl", json!("https://localhost/{id}")),
        ("campaignUrl", json!("https://user:pass@gg.example/{id}")),
        ("campaignUrl", json!("https://{id}.example/")),
        ("campaignUrl", json!("https://gg.example/{id}\"")),
        ("thumbnailUrl", json!("ftp://x")),
        ("thumbnailUrl", json!("https://gg/crest.png")),
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
async fn a_sync_can_replace_the_leader(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    let mut row = guild.member_row("heir", "Officer", true).await;
    row.rank_source = guildhall::identity::RankSource::DiscordSync;
    guild.add_members(vec![row]).await;
    set_discord_ids(&app, &[("leader", 51), ("heir", 52)]).await;
    discord.join(SERVER, 51, "leader", &[OFFICER_ROLE]);
    discord.join(SERVER, 52, "heir", &[LEADER_ROLE]);
    let report = sync_report(&leader, false, true).await;
    assert_eq!((&report["promoted"], &report["demoted"], &report["conflictCount"]), (&json!(1), &json!(1), &json!(0)));
}

#[on_both]
async fn one_role_is_for_one_rank(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    let update = "mutation($id: ID!, $role: String) {
        updateRank(input: { id: $id, discordRoleId: $role }) { rank { discordRoleId } warnings }
    }";
    let initiate = async_graphql::ID::from(guild.rank("Initiate").id);
    let taken = json!({ "id": initiate, "role": OFFICER_ROLE.to_string() });
    assert_eq!(leader.refusal(update, taken.clone()).await, "CONFLICT DISCORD_ROLE_TAKEN discordRoleId");
    let create = "mutation($role: String) {
        createRank(input: { name: \"Scout\", level: 10, permissions: [], discordRoleId: $role }) { rank { id } }
    }";
    assert_eq!(
        leader.refusal(create, json!({ "role": LEADER_ROLE.to_string() })).await,
        "FORBIDDEN RANK_TOO_LOW level"
    );
    let create = create.replace("level: 10", "level: 2");
    assert_eq!(
        leader.refusal(&create, json!({ "role": LEADER_ROLE.to_string() })).await,
        "CONFLICT DISCORD_ROLE_TAKEN discordRoleId"
    );
    // A role that was taken away is free.
    let officer = async_graphql::ID::from(guild.rank("Officer").id);
    leader.ok(update, json!({ "id": officer, "role": null })).await;
    let changed = leader.ok(update, taken).await;
    assert_eq!(
        changed["updateRank"],
        json!({ "rank": { "discordRoleId": OFFICER_ROLE.to_string() }, "warnings": null })
    );
}

#[on_both]
async fn settings_that_the_server_does_not_have_are_named(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    discord.add_server(SERVER + 1);
    discord.add_channel(SERVER + 1, 7_000);
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let link = |server: u64, channel: u64| {
        json!({ "input": {
        "serverId": server.to_string(), "channelId": channel.to_string() } })
    };
    let linked = "mutation($input: LinkDiscordInput!) { linkDiscord(input: $input) { warnings } }";
    let warnings =
        async |server, channel| leader.ok(linked, link(server, channel)).await["linkDiscord"]["warnings"].clone();
    assert_eq!(warnings(SERVER, CHANNEL).await, json!([]));
    let foreign = warnings(SERVER, 7_000).await;
    assert!(foreign[0].as_str().unwrap().contains("channel 7000: it belongs to another server"), "{foreign}");
    let missing = warnings(SERVER, 7_001).await;
    assert!(missing[0].as_str().unwrap().contains("no channel 7001"), "{missing}");
    let absent = warnings(SERVER + 2, CHANNEL).await;
    assert!(absent[0].as_str().unwrap().contains(&format!("not in the Discord server {}", SERVER + 2)), "{absent}");
    assert_eq!(warnings(SERVER, CHANNEL).await, json!([]));
    let update = "mutation($id: ID!, $role: String) {
        updateRank(input: { id: $id, discordRoleId: $role }) { warnings }
    }";
    let id = async_graphql::ID::from(guild.rank("Officer").id);
    let warned = leader.ok(update, json!({ "id": id, "role": "4711" })).await["updateRank"]["warnings"].clone();
    assert!(warned[0].as_str().unwrap().contains("no role 4711, which the rank Officer is for"), "{warned}");
    let id = async_graphql::ID::from(guild.rank("Initiate").id);
    let everyone = leader.ok(update, json!({ "id": id, "role": SERVER.to_string() })).await;
    assert_eq!(everyone["updateRank"]["warnings"], json!([]));
    let status = "{ discordStatus { warnings } }";
    assert_eq!(leader.ok(status, json!({})).await["discordStatus"]["warnings"], warned);
    // One operation checks them once.
    let checks = || discord.calls().iter().filter(|call| call.path.ends_with("/roles")).count();
    let before = checks();
    leader.ok("{ a: discordStatus { warnings } b: discordStatus { warnings } }", json!({})).await;
    assert_eq!(checks(), before + 1);
    discord.set_down(true);
    assert_eq!(leader.ok(status, json!({})).await["discordStatus"]["warnings"], Value::Null);
}

#[on_both]
async fn two_officers_give_one_role_to_two_ranks_at_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let officers = [guild.member("one", "Officer").await, guild.member("two", "Officer").await];
    let officer_rank = "mutation($id: ID!) {
        updateRank(input: { id: $id, permissions: [RANKS_MANAGE] }) { rank { id } }
    }";
    leader.ok(officer_rank, json!({ "id": async_graphql::ID::from(guild.rank("Officer").id) })).await;
    let update = "mutation($id: ID!, $role: String) {
        updateRank(input: { id: $id, discordRoleId: $role }) { rank { id } }
    }";
    for round in 0..10_u64 {
        let give = async |officer: &Client<'_>, rank: &str| {
            let id = async_graphql::ID::from(guild.rank(rank).id);
            let role = (MEMBER_ROLE + round).to_string();
            officer.run(update, json!({ "id": id, "role": role })).await
        };
        let responses: [Value; 2] = tokio::join!(give(&officers[0], "Initiate"), give(&officers[1], "Member")).into();
        let refused: Vec<&Value> = responses.iter().filter(|it| !it["errors"].is_null()).collect();
        assert_eq!(refused.len(), 1, "{responses:?}");
        assert_eq!(refused[0]["errors"][0]["extensions"]["reason"], "DISCORD_ROLE_TAKEN");
    }
}

#[on_both]
async fn everyone_as_a_ranks_role_matches_every_member(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    let update = "mutation($id: ID!, $role: String) {
        updateRank(input: { id: $id, discordRoleId: $role }) { warnings }
    }";
    let veteran = async_graphql::ID::from(guild.rank("Veteran").id);
    leader.ok(update, json!({ "id": veteran, "role": SERVER.to_string() })).await;
    discord.join(SERVER, 85, "guest", &[]);
    discord.join(SERVER, 86, "raider", &[MEMBER_ROLE]);
    discord.join(SERVER, 87, "officer", &[OFFICER_ROLE]);
    let report = sync_report(&leader, false, false).await;
    assert_eq!((&report["added"], &report["conflictCount"]), (&json!(3), &json!(0)));
    let _running = start_bot(&app, &discord).await;
    discord.join_with_event(SERVER, 88, "newcomer", &[]);
    until_on_roster(&app, &guild, "newcomer Veteran DISCORD_SYNC 88").await;
    let after = ["guest Veteran DISCORD_SYNC 85", "officer Officer DISCORD_SYNC 87", "raider Veteran DISCORD_SYNC 86"];
    let officer = json!({ "id": async_graphql::ID::from(guild.rank("Officer").id), "role": SERVER.to_string() });
    assert_eq!(leader.refusal(update, officer.clone()).await, "CONFLICT DISCORD_ROLE_TAKEN discordRoleId");
    let lines = roster(&guild).await;
    assert!(after.iter().all(|line| lines.contains(&(*line).to_owned())), "{lines:?}");
    leader.ok(update, json!({ "id": officer["id"], "role": OFFICER_ROLE.to_string() })).await;
    leader.ok(update, json!({ "id": async_graphql::ID::from(guild.rank("Veteran").id), "role": null })).await;
    let warned = leader.ok(update, officer).await["updateRank"]["warnings"].clone();
    assert!(warned[0].as_str().unwrap().contains("The rank Officer has permissions"), "{warned}");
}
