//! Members of the guild and of the Discord server: who is who, new usernames, and who has left.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    MEMBER_ROLE, OFFICER_ROLE, SERVER, VETERAN_ROLE, link_server, map_roles,
    roles::{roster, sync_report, until_on_roster},
    start_bot, with_bot,
};
use crate::support::{TestApp, on_both};

#[on_both]
async fn three_members_exchange_their_usernames(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    for (user, name) in [(81, "one"), (82, "two"), (83, "three")] {
        discord.join(SERVER, user, name, &[MEMBER_ROLE]);
    }
    sync_report(&leader, false, false).await;
    let _running = start_bot(&app, &discord).await;
    for (user, name) in [(81, "two"), (82, "three"), (83, "one")] {
        discord.rename(SERVER, user, name);
    }
    for line in ["two Member DISCORD_SYNC 81", "three Member DISCORD_SYNC 82", "one Member DISCORD_SYNC 83"] {
        until_on_roster(&app, &guild, line).await;
    }
    assert_eq!(roster(&guild).await.len(), 4);
}

#[on_both]
async fn names_that_change_while_a_large_server_is_listed_are_the_newer_ones(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    discord.join_many(SERVER, (1..=5_000).map(|user| (user, format!("user-{user}"), vec![MEMBER_ROLE])));
    let _running = start_bot(&app, &discord).await;
    sync_report(&leader, false, false).await;
    // After the first page, listed members change their usernames, exchange them, and lose a role.
    discord.after_next_page(|discord| {
        discord.rename(SERVER, 1, "renamed");
        discord.rename(SERVER, 2, "user-1");
        discord.update_member(SERVER, 3, &[VETERAN_ROLE]);
        discord.leave(SERVER, 4);
    });
    let report = sync_report(&leader, false, false).await;
    assert_eq!((&report["added"], &report["conflictCount"]), (&json!(0), &json!(0)), "{report}");
    let is_changed = async || {
        let changed =
            [(1, "renamed", "Member"), (2, "user-1", "Member"), (3, "user-3", "Veteran"), (4, "user-4", "Member")];
        for (id, name, rank) in changed {
            let member = format!(
                "members WHERE discord_id = '{id}' AND discord_username = '{name}'
                    AND rank_id = (SELECT id FROM ranks WHERE name = '{rank}')"
            );
            if app.count_rows(&member).await != 1 {
                return false;
            }
        }
        true
    };
    let changed = async {
        while !is_changed().await {
            app.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), changed).await.expect("the newer names are lost");
    app.clock.advance(Duration::from_secs(1));
    let again = sync_report(&leader, false, false).await;
    assert_eq!((&again["changes"], &again["conflictCount"]), (&json!([]), &json!(0)), "{again}");
    assert!(is_changed().await);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[on_both]
async fn a_member_who_was_kicked_returns_as_the_same(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    discord.join(SERVER, 84, "kicked", &[OFFICER_ROLE]);
    sync_report(&leader, false, false).await;
    let _running = start_bot(&app, &discord).await;
    let kept = async || {
        // Later than the events.
        app.clock.advance(Duration::from_secs(1));
        let query = "mutation { syncDiscordRoles { report { kept { discordUsername reason } } } }";
        leader.ok(query, json!({})).await["syncDiscordRoles"]["report"]["kept"].clone()
    };
    discord.leave(SERVER, 84);
    assert_eq!(kept().await, json!([{ "discordUsername": "kicked", "reason": "LEFT_SERVER" }]));
    assert!(roster(&guild).await.contains(&"kicked Officer DISCORD_SYNC 84".to_owned()));
    // Back under another username, without the role, and then with a lower one.
    discord.join_with_event(SERVER, 84, "returned", &[]);
    until_on_roster(&app, &guild, "returned Officer DISCORD_SYNC 84").await;
    assert_eq!(kept().await, json!([{ "discordUsername": "returned", "reason": "NO_MAPPED_ROLE" }]));
    discord.update_member(SERVER, 84, &[MEMBER_ROLE]);
    until_on_roster(&app, &guild, "returned Member DISCORD_SYNC 84").await;
    assert_eq!(kept().await, json!([]));
    // The role is deleted.
    discord.delete_role(SERVER, MEMBER_ROLE);
    assert_eq!(kept().await, json!([]), "the newcomers' rank needs no role");
    discord.update_member(SERVER, 84, &[VETERAN_ROLE]);
    until_on_roster(&app, &guild, "returned Veteran DISCORD_SYNC 84").await;
    discord.delete_role(SERVER, VETERAN_ROLE);
    assert_eq!(kept().await, json!([{ "discordUsername": "returned", "reason": "NO_MAPPED_ROLE" }]));
    let warnings = leader.ok("{ discordStatus { warnings } }", json!({})).await["discordStatus"]["warnings"].clone();
    let named = |role: u64| warnings.as_array().unwrap().iter().any(|it| text(it).contains(&role.to_string()));
    assert!(named(MEMBER_ROLE) && named(VETERAN_ROLE), "{warnings}");
}

#[on_both]
async fn members_are_known_by_their_discord_id(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    for (user, name) in [(61, "thalindra"), (62, "brannok")] {
        discord.join(SERVER, user, name, &[MEMBER_ROLE]);
    }
    // A registered officer whose Discord id is unknown, and a stranger who has taken the username.
    guild.member("garrosh", "Officer").await;
    discord.join(SERVER, 63, "garrosh", &[]);
    let report = sync_report(&leader, false, false).await;
    assert_eq!((&report["added"], &report["conflictCount"], &report["linked"]), (&json!(2), &json!(1), &json!(0)));
    let conflict = &report["conflicts"][0];
    assert_eq!(
        (&conflict["reason"], &conflict["member"]["displayName"]),
        (&json!("USERNAME_TAKEN"), &json!("garrosh"))
    );
    let _running = start_bot(&app, &discord).await;
    let names = async || {
        let lines = roster(&guild).await;
        let known = lines.iter().filter(|line| line.ends_with(" 61") || line.ends_with(" 62"));
        known.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let until_named = async |expected: [&str; 2]| {
        let named = async {
            while names().await != expected {
                app.clock.advance(Duration::from_secs(1));
            }
        };
        tokio::time::timeout(Duration::from_secs(20), named).await.expect("no member is renamed");
    };
    discord.rename(SERVER, 61, "thal.renamed");
    until_named(["brannok", "thal.renamed"]).await;
    // Two members exchange their usernames, which the event of one alone does not show.
    discord.rename(SERVER, 61, "brannok");
    discord.rename(SERVER, 62, "thal.renamed");
    let exchanged = async {
        while !roster(&guild).await.contains(&"brannok Member DISCORD_SYNC 61".to_owned()) {
            app.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::time::timeout(Duration::from_secs(20), exchanged).await.expect("the usernames are not exchanged");
    assert!(roster(&guild).await.contains(&"thal.renamed Member DISCORD_SYNC 62".to_owned()));
    // A member who has not passed the screening is added when they have.
    discord.join_pending(SERVER, 64, "guest");
    discord.join_with_event(SERVER, 65, "other", &[]);
    let joined = async |name: &str| while !roster(&guild).await.iter().any(|line| line.starts_with(name)) {};
    tokio::time::timeout(Duration::from_secs(20), joined("other ")).await.expect("a newcomer does not become a member");
    assert!(!roster(&guild).await.iter().any(|line| line.starts_with("guest ")));
    assert_eq!(sync_report(&leader, false, false).await["added"], 0);
    discord.pass_screening(SERVER, 64);
    tokio::time::timeout(Duration::from_secs(20), joined("guest ")).await.expect("the screening is not noticed");
}

#[on_both]
async fn the_report_lists_ranks_that_stay_without_a_role(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    for (user, name) in [(71, "bare"), (72, "kicked"), (73, "steady")] {
        discord.join(SERVER, user, name, &[OFFICER_ROLE]);
    }
    sync_report(&leader, false, false).await;
    discord.set_roles(SERVER, 71, &[]);
    discord.leave(SERVER, 72);
    let query = "mutation { syncDiscordRoles { report {
        keptCount untouched changes { discordUsername } kept { discordUsername reason from { name } to { name } }
    } } }";
    let report = leader.ok(query, json!({})).await["syncDiscordRoles"]["report"].clone();
    let officer = json!({ "name": "Officer" });
    let kept =
        |name: &str, reason: &str| json!({ "discordUsername": name, "reason": reason, "from": officer, "to": officer });
    assert_eq!(report["kept"], json!([kept("bare", "NO_MAPPED_ROLE"), kept("kicked", "LEFT_SERVER")]));
    assert_eq!((&report["keptCount"], &report["untouched"], &report["changes"]), (&json!(2), &json!(2), &json!([])));
}
