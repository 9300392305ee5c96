//! Tests to copy from: `tests/README.md` shows and explains them.

use std::time::Duration;

use serde_json::json;

use crate::support::{
    LocalDiscord, TestApp, TestCampaign,
    documents::{CREATE_MEMBER, WATCH_TURNOUT},
    on_both,
};

#[on_both]
async fn an_officer_adds_a_member(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let input = json!({ "input": { "discordUsername": "newcomer" } });

    assert_eq!(member.refusal(CREATE_MEMBER, input.clone()).await, "FORBIDDEN PERMISSION_REQUIRED");

    officer.ok(CREATE_MEMBER, input).await;
    let query = "{ members(filter: { search: \"newcomer\" }) { nodes { displayName rank { name } } } }";
    let found = member.ok(query, json!({})).await;
    assert_eq!(found["members"]["nodes"], json!([{ "displayName": "newcomer", "rank": { "name": "Initiate" } }]));
}

#[on_both]
async fn a_watched_campaign_closes_at_its_end(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let input = json!({ "resultsVisibility": "ALWAYS", "durationHours": 24 });
    let campaign = TestCampaign::live(&leader, 2, input).await;

    let http = app.serve().await;
    let mut socket = http.socket(json!({ "guild": "gg" })).await;
    socket.subscribe("1", WATCH_TURNOUT, campaign.vars()).await;
    assert_eq!(socket.receive().await["payload"]["data"]["voteTally"]["isFinal"], false);

    app.clock.advance(Duration::from_hours(24));
    assert_eq!(socket.receive().await["payload"]["data"]["voteTally"]["isFinal"], true);
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "1" }));
}

#[on_both]
async fn a_sync_reports_an_outage_of_discord(app: TestApp) {
    const SERVER: u64 = 7;
    let discord = LocalDiscord::start().await;
    discord.add_server(SERVER);
    let app = app.with_bot(&discord).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let link = "mutation($input: LinkDiscordInput!) { linkDiscord(input: $input) { link { serverId } } }";
    leader.ok(link, json!({ "input": { "serverId": SERVER.to_string() } })).await;

    let sync = "mutation { syncDiscordRoles(dryRun: true, overwriteManual: false) { report { added } } }";
    discord.set_down(true);
    assert_eq!(leader.refusal(sync, json!({})).await, "CONFLICT DISCORD_UNAVAILABLE");

    discord.set_down(false);
    assert_eq!(leader.ok(sync, json!({})).await["syncDiscordRoles"]["report"]["added"], 0);
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[test]
fn the_readme_shows_these_tests() {
    let (readme, source) = (include_str!("../README.md"), include_str!("examples.rs"));
    let shown: Vec<&str> =
        readme.split("```rust\n").skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect();
    assert_eq!(shown.len(), 4);
    for block in shown {
        assert!(source.contains(block), "tests/README.md shows code that is not in examples.rs:\n{block}");
    }
}
