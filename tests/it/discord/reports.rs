//! The stored report of the last role sync.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LINK, MEMBER_ROLE, OFFICER_ROLE, SERVER, VETERAN_ROLE, link_server, map_roles, on_discord, with_bot};
use crate::support::{Client, TestApp, documents::UNLINK_DISCORD, on_both};

const FIELDS: &str = "at added promoted demoted renamed linked untouched conflictCount keptCount
    changes { discordId discordUsername previousUsername linked member { id } from { name } to { name } reason }
    conflicts { discordUsername member { id } reason } kept { discordUsername member { id } reason }";

async fn sync(leader: &Client<'_>, dry: bool) -> Value {
    let sync =
        format!("mutation($dry: Boolean!) {{ syncDiscordRoles(dryRun: $dry) {{ report {{ dryRun {FIELDS} }} }} }}");
    leader.ok(&sync, json!({ "dry": dry })).await["syncDiscordRoles"]["report"].clone()
}

async fn last(leader: &Client<'_>) -> Value {
    let query = format!("{{ discordStatus {{ link {{ lastReport {{ dryRun {FIELDS} }} }} }} }}");
    leader.ok(&query, json!({})).await["discordStatus"]["link"]["lastReport"].clone()
}

#[on_both]
async fn the_report_of_the_last_real_sync_is_stored(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    assert_eq!(last(&leader).await, Value::Null);
    on_discord(&guild, &discord, "by-hand", "Member", 11).await;
    discord.set_roles(SERVER, 11, &[OFFICER_ROLE]);
    discord.join(SERVER, 12, "newcomer", &[VETERAN_ROLE]);
    let dry = sync(&leader, true).await;
    assert_eq!((&dry["dryRun"], &dry["added"]), (&json!(true), &json!(1)));
    assert_eq!(last(&leader).await, Value::Null, "a dry run is not stored");
    let done = sync(&leader, false).await;
    assert_eq!((&done["added"], &done["conflictCount"], &done["dryRun"]), (&json!(1), &json!(1), &json!(false)));
    assert_eq!(last(&leader).await, done);
    // A sync that changes nothing is one, too.
    app.clock.advance(Duration::from_secs(5));
    let again = sync(&leader, false).await;
    assert_eq!((&again["added"], again["at"] == done["at"]), (&json!(0), false));
    discord.set_roles(SERVER, 12, &[MEMBER_ROLE]);
    sync(&leader, true).await;
    assert_eq!(last(&leader).await, again);
    // A server of an earlier release makes a sync without a report.
    app.execute_sql("UPDATE discord_links SET synced_at = '2026-03-01 23:00:00'").await;
    assert_eq!(last(&leader).await, Value::Null);
    app.execute_sql("UPDATE discord_links SET sync_report = 'of a newer release'").await;
    assert_eq!(last(&leader).await, Value::Null);
    sync(&leader, false).await;
    assert_eq!(last(&leader).await["demoted"], 1);
    // The report belongs to the server.
    discord.add_server(SERVER + 1);
    leader.ok(LINK, json!({ "input": { "serverId": (SERVER + 1).to_string() } })).await;
    assert_eq!(last(&leader).await, Value::Null);
    assert_eq!(app.count_rows("discord_links WHERE sync_report IS NOT NULL").await, 0);
    leader.ok(UNLINK_DISCORD, json!({})).await;
}

#[on_both]
async fn a_report_ignores_changes_of_a_kind_that_only_a_newer_release_knows(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    on_discord(&guild, &discord, "by-hand", "Member", 11).await;
    discord.set_roles(SERVER, 11, &[OFFICER_ROLE]);
    discord.join(SERVER, 12, "b\u{7}d", &[MEMBER_ROLE]);
    assert_eq!(sync(&leader, false).await["conflictCount"], 2);
    app.execute_sql("UPDATE discord_links SET sync_report = replace(sync_report, 'MANUAL_RANK', 'OF_TOMORROW')").await;
    let report = last(&leader).await;
    assert_eq!(report["conflictCount"], 2, "the counts stay");
    assert_eq!(report["conflicts"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["conflicts"][0]["reason"], "USERNAME_UNUSABLE");
}

#[on_both]
async fn exports_have_and_erasures_remove_what_a_report_says_about_a_member(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    map_roles(&guild).await;
    link_server(&leader).await;
    let marker = on_discord(&guild, &discord, "marker", "Member", 7_700_112_233).await;
    on_discord(&guild, &discord, "other", "Member", 12).await;
    for user in [7_700_112_233, 12] {
        discord.set_roles(SERVER, user, &[OFFICER_ROLE]);
    }
    assert_eq!(sync(&leader, false).await["conflictCount"], 2);
    let export = "{ exportMyData { data } }";
    let exported = marker.ok(export, json!({})).await["exportMyData"]["data"].as_str().unwrap().to_owned();
    let exported: Value = serde_json::from_str(&exported).unwrap();
    let own = json!([{
        "discordId": "7700112233", "discordUsername": "marker", "previousUsername": null, "reason": "MANUAL_RANK",
    }]);
    assert_eq!(exported["lastDiscordSync"], own);

    let erase = "mutation($id: ID!) { eraseMember(id: $id) { member { id } } }";
    leader.ok(erase, json!({ "id": marker.id })).await;
    assert_eq!(app.count_rows("discord_links WHERE sync_report LIKE '%marker%'").await, 0);
    assert_eq!(app.count_rows("discord_links WHERE sync_report LIKE '%7700112233%'").await, 0);
    let report = last(&leader).await;
    assert_eq!(report["conflicts"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["conflicts"][0]["discordUsername"], "other");
}
