//! Cancelled votes on Discord.

use serde_json::json;

use super::{
    SERVER,
    announcements::voters,
    boards::{closing_edit, field, wait_until_empty},
    link_server, on_discord, start_bot, until_later, with_bot,
};
use crate::support::{TestApp, TestCampaign, documents::CANCEL_CAMPAIGN, on_both};

#[on_both]
async fn members_read_that_a_vote_was_cancelled_and_why(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    on_discord(&guild, &discord, "reader", "Initiate", 91).await;
    let _running = start_bot(&app, &discord).await;
    let settings = json!({ "announcements": "QUIET", "resultsVisibility": "ALWAYS", "title": "Next raid" });
    let vote = TestCampaign::live(&leader, 2, settings).await;
    while app.count_rows("discord_boards").await != 1 {}
    vote.vote(&voters[0], &[0]).await;
    let reason = "The *wrong* entries were listed, @everyone.";
    leader.ok(CANCEL_CAMPAIGN, json!({ "input": { "id": vote.id, "reason": reason } })).await;
    let (id, body) = until_later(&app, &discord, "the closing edit", closing_edit).await;
    assert_eq!(id, discord.messages()[0].id);
    let embed = &body["embeds"][0];
    assert_eq!(embed["description"], "This vote was cancelled. Its ballots are not counted.");
    let escaped = "The \\*wrong\\* entries were listed, \\@everyone.";
    assert_eq!((field(&body, "Reason"), field(&body, "Turnout")), (escaped, "▰▰▱▱▱▱▱▱▱▱\n1 of 4 (25 %)"));
    wait_until_empty(&app).await;
    assert_eq!((discord.messages().len(), discord.edits().len()), (2, 1), "{:?}", discord.edits());
    let post = &discord.messages()[1].body;
    assert!(post["embeds"][0]["title"].as_str().unwrap().contains("Next raid"), "{post}");
    assert_eq!((field(post, "Reason"), &post["components"]), (escaped, &json!([])));
    for shown in [&body, post] {
        assert!(!shown.to_string().contains("entry 0"), "no standings: {shown}");
    }
    // Checks of the bot add nothing later.
    leader.ok("mutation($id: ID!) { archiveCampaign(id: $id) { campaign { id } } }", vote.vars()).await;
    for _ in 0..100 {
        app.clock.advance(std::time::Duration::from_secs(20));
        app.count_rows("guilds").await;
    }
    assert_eq!((discord.messages().len(), discord.edits().len()), (2, 1));
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());

    let reply = discord.slash(SERVER, 91, "standings", json!([])).await.to_string();
    assert!(reply.contains("No vote") || reply.contains("There has been no vote"), "archived: {reply}");
}

#[on_both]
async fn a_vote_that_is_cancelled_while_its_launch_is_sent_says_so(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voter = on_discord(&guild, &discord, "reader", "Member", 91).await;
    let _running = start_bot(&app, &discord).await;
    let held = discord.hold();
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "QUIET" })).await;
    held.wait_for(1).await;
    vote.vote(&voter, &[1]).await;
    leader.ok(CANCEL_CAMPAIGN, json!({ "input": { "id": vote.id, "reason": "Wrong week" } })).await;
    drop(held);
    let (id, body) = until_later(&app, &discord, "the closing edit", closing_edit).await;
    assert_eq!((id, field(&body, "Reason")), (discord.messages()[0].id, "Wrong week"));
    wait_until_empty(&app).await;
    assert_eq!((discord.messages().len(), discord.edits().len()), (2, 1));
    let reply = discord.slash(SERVER, 91, "standings", json!([])).await.to_string();
    assert!(reply.contains("The vote was cancelled") && reply.contains("Cancelled <t:"), "{reply}");
    // The button of the launch, which the edit has removed.
    let launch = &discord.messages()[0].body["components"][0]["components"][0]["custom_id"];
    let pressed = discord.press(SERVER, 91, launch.as_str().unwrap()).await.to_string();
    assert!(pressed.contains("This vote was cancelled") && pressed.contains("entry 1"), "{pressed}");
    assert!(pressed.contains("not published") && !pressed.contains("identifies yours"), "{pressed}");
}
