//! The bot is silent for a suspended guild.

use std::time::Duration;

use guildhall::identity::suspend_guild;
use serde_json::json;

use super::{LINK, SERVER, announcements::message, link_server, start_bot, titles, with_bot};
use crate::support::{TestApp, TestCampaign, on_both};

const OTHER_SERVER: u64 = SERVER + 100;
const OTHER_CHANNEL: u64 = SERVER + 200;

#[on_both]
async fn a_suspended_guild_gets_no_messages_and_no_answers(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    discord.add_server(OTHER_SERVER);
    discord.add_channel(OTHER_SERVER, OTHER_CHANNEL);
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (leader, other_leader) = (guild.leader().await, other.leader().await);
    link_server(&leader).await;
    let input = json!({ "serverId": OTHER_SERVER.to_string(), "channelId": OTHER_CHANNEL.to_string() });
    other_leader.ok(LINK, json!({ "input": input })).await;
    // The vote's launch is queued, and the guild is suspended before the bot runs.
    TestCampaign::live(&leader, 2, json!({ "title": "Suspended", "durationHours": 48 })).await;
    suspend_guild(&app.app.access, guild.id, true).await.unwrap();

    let _running = start_bot(&app, &discord).await;
    TestCampaign::live(&other_leader, 2, json!({ "title": "Other", "durationHours": 48 })).await;
    message(&app, &discord, 1).await;
    assert!(discord.messages().len() == 1 && titles(&discord)[0].contains("Other"), "{:?}", titles(&discord));
    let answer = discord.slash(SERVER, 77, "whoami", json!([])).await;
    assert!(answer.to_string().contains("not linked to a guild"), "{answer}");

    // Afterwards the message is sent.
    suspend_guild(&app.app.access, guild.id, false).await.unwrap();
    app.clock.advance(Duration::from_mins(1));
    message(&app, &discord, 2).await;
    assert!(titles(&discord)[1].contains("Suspended"), "{:?}", titles(&discord));
}
