//! A server that shares its database with a newer release leaves the values that it does not know unchanged.

use serde_json::{Value, json};

use super::{announcements::message, discord_status, link_server, start_bot, with_bot};
use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{NODE_ID, RETRY_DISCORD_MESSAGE, UNLINK_DISCORD},
    on_both,
};

const MESSAGES: &str = "{ discordMessages { totalCount nodes { id kind state } } }";

/// Copies the queued announcement under another id, with this kind and state and first in the queue.
async fn copy_message(app: &TestApp, id: i64, kind: &str, state: &str, queued_at: &str) {
    app.execute_sql(&format!(
        "INSERT INTO discord_messages
            (guild_id, id, lane, number, kind, body, state, queued_at, expires_at, due_at, attempts)
        SELECT guild_id, {id}, lane, 0, '{kind}', body, '{state}', '{queued_at}', expires_at, due_at, 0
        FROM discord_messages WHERE kind = 'ANNOUNCEMENT' AND state = 'QUEUED'"
    ))
    .await;
}

fn message_id(id: i64) -> async_graphql::ID {
    guildhall::kernel::id::MessageId(id).into()
}

/// Waits until a table has this number of rows.
async fn wait_for_rows(app: &TestApp, table: &str, rows: i64) {
    let waiting = async { while app.count_rows(table).await != rows {} };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await;
    waited.unwrap_or_else(|_| panic!("there are not {rows} rows in {table}"));
}

/// A live campaign that announces only its launch and its result.
async fn quiet_campaign(leader: &Client<'_>, title: &str) -> TestCampaign {
    let input = json!({ "title": title, "announcements": "QUIET", "earlyCloseIfAllVoted": false });
    TestCampaign::live(leader, 2, input).await
}

#[on_both]
async fn messages_of_a_newer_release_are_kept_and_block_no_others(app: TestApp) {
    const UNKNOWN: &str = "discord_messages WHERE id IN (1, 2, 3) AND claim IS NULL AND attempts = 0";
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    quiet_campaign(&leader, "Known").await;
    // Earlier messages to the same channel: with an unknown kind, an unknown state, and both.
    let long_ago = "2020-01-01 00:00:00";
    copy_message(&app, 1, "DIGEST", "QUEUED", long_ago).await;
    copy_message(&app, 2, "ANNOUNCEMENT", "HELD", long_ago).await;
    copy_message(&app, 3, "DIGEST", "HELD", long_ago).await;
    // An old failed message of a known kind, which the server deletes when it starts.
    copy_message(&app, 4, "ANNOUNCEMENT", "FAILED", long_ago).await;
    let listed = leader.ok(MESSAGES, json!({})).await["discordMessages"].clone();
    assert_eq!((&listed["totalCount"], listed["nodes"].as_array().unwrap().len()), (&json!(2), 2), "{listed}");
    let status = discord_status(&leader).await;
    assert_eq!((&status["queued"], &status["failed"]), (&json!(1), &json!(1)));
    for id in [1, 2, 3] {
        let node = leader.ok(NODE_ID, json!({ "id": message_id(id) })).await;
        assert_eq!(node["node"], Value::Null);
        assert_eq!(leader.refusal(RETRY_DISCORD_MESSAGE, json!({ "id": message_id(id) })).await, "NOT_FOUND id");
    }
    let _running = start_bot(&app, &discord).await;
    wait_for_rows(&app, "discord_messages WHERE id = 4 OR kind = 'ANNOUNCEMENT' AND state = 'QUEUED'", 0).await;
    assert_eq!(discord.messages().len(), 1);
    assert!(discord.messages()[0].body.to_string().contains("Known"));
    let http = app.serve().await;
    let metrics = http.client.get(http.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("guildhall_discord_messages{state=\"queued\"} 0"), "{metrics}");
    leader.ok(UNLINK_DISCORD, json!({})).await;
    assert_eq!(app.count_rows(UNKNOWN).await, 3);
}

#[on_both]
async fn a_campaign_that_a_newer_release_announced_is_not_announced_again(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let mut rows = Vec::new();
    for voter in 0..7 {
        rows.push(guild.member_row(&format!("voter-{voter}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "announcements": "HYPE", "durationHours": 48 })).await;
    app.execute_sql(
        "UPDATE discord_stories SET told = '{\"events\":[\"DIGEST\",\"LAUNCH\"],\"leads\":0,\"digests\":[1]}'",
    )
    .await;
    let _running = start_bot(&app, &discord).await;
    vote.vote(&voters[0], &[0]).await;
    let second = message(&app, &discord, 2).await.to_string();
    assert!(second.contains("1 of 8"), "expected the first ballot, not the launch again: {second}");
    for kept in ["\"DIGEST\"", "\"digests\":[1]", "\"FIRST_VOTE\""] {
        wait_for_rows(&app, &format!("discord_stories WHERE told LIKE '%{kept}%'"), 1).await;
    }
}

#[on_both]
async fn a_campaign_with_unreadable_announcements_is_not_announced(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let vote = quiet_campaign(&leader, "Unreadable").await;
    let unreadable = "{\"events\":{\"LAUNCH\":1}}";
    app.execute_sql(&format!("UPDATE discord_stories SET told = '{unreadable}'")).await;
    vote.close(&leader).await;
    quiet_campaign(&leader, "Readable").await;
    let _running = start_bot(&app, &discord).await;
    wait_for_rows(&app, "discord_messages", 0).await;
    assert_eq!(discord.messages().len(), 1, "the launch of the readable one, and no result");
    assert_eq!(app.count_rows(&format!("discord_stories WHERE told = '{unreadable}'")).await, 1);
}

#[on_both]
async fn an_unknown_state_of_the_connection_is_no_error(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (now, until) = (app.now(), app.now() + std::time::Duration::from_secs(10));
    app.execute_sql(&format!("INSERT INTO discord_keeper VALUES (1, 1, '{until}', 'DEGRADED', '{now}', NULL)")).await;
    assert_eq!(discord_status(&leader).await["connection"], "CONNECTING");
    // This server connects once the other server's lease has expired.
    app.clock.advance(std::time::Duration::from_secs(11));
    let _running = start_bot(&app, &discord).await;
}
