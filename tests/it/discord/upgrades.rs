//! A server that shares the database with one of a newer release leaves unknown values as they are.

use serde_json::{Value, json};

use super::{announcements::message, link, started, status, with_bot};
use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{NODE_ID, RETRY_DISCORD_MESSAGE, UNLINK_DISCORD},
    on_both,
};

const MESSAGES: &str = "{ discordMessages { totalCount nodes { id kind state } } }";

/// Copies the only known message with another id and number, and with this kind and state.
async fn store_copy(app: &TestApp, id: i64, kind: &str, state: &str, queued_at: &str) {
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
async fn until_rows(app: &TestApp, table: &str, rows: i64) {
    let waiting = async { while app.count_rows(table).await != rows {} };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await;
    waited.unwrap_or_else(|_| panic!("not {rows} rows of {table}"));
}

async fn titled(leader: &Client<'_>, title: &str) -> TestCampaign {
    let input = json!({ "title": title, "announcements": "QUIET", "earlyCloseIfAllVoted": false });
    TestCampaign::live(leader, 2, input).await
}

#[on_both]
async fn messages_of_a_newer_release_are_left_alone_and_hold_up_nothing(app: TestApp) {
    const UNKNOWN: &str = "discord_messages WHERE id IN (1, 2, 3) AND claim IS NULL AND attempts = 0";
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link(&leader).await;
    titled(&leader, "Known").await;
    // Earlier messages to the same channel, of an unknown kind, of an unknown state, and of both.
    let long_ago = "2020-01-01 00:00:00";
    store_copy(&app, 1, "DIGEST", "QUEUED", long_ago).await;
    store_copy(&app, 2, "ANNOUNCEMENT", "HELD", long_ago).await;
    store_copy(&app, 3, "DIGEST", "HELD", long_ago).await;
    // A failed message that is known and old is deleted when the server starts.
    store_copy(&app, 4, "ANNOUNCEMENT", "FAILED", long_ago).await;
    let listed = leader.ok(MESSAGES, json!({})).await["discordMessages"].clone();
    assert_eq!((&listed["totalCount"], listed["nodes"].as_array().unwrap().len()), (&json!(2), 2), "{listed}");
    let found = status(&leader).await;
    assert_eq!((&found["queued"], &found["failed"]), (&json!(1), &json!(1)));
    for id in [1, 2, 3] {
        let node = leader.ok(NODE_ID, json!({ "id": message_id(id) })).await;
        assert_eq!(node["node"], Value::Null);
        assert_eq!(leader.refusal(RETRY_DISCORD_MESSAGE, json!({ "id": message_id(id) })).await, "NOT_FOUND id");
    }
    let _running = started(&app, &discord).await;
    until_rows(&app, "discord_messages WHERE id = 4 OR kind = 'ANNOUNCEMENT' AND state = 'QUEUED'", 0).await;
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
    link(&leader).await;
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
    let _running = started(&app, &discord).await;
    vote.vote(&voters[0], &[0]).await;
    let second = message(&app, &discord, 2).await.to_string();
    assert!(second.contains("1 of 8"), "the first ballot, and not the launch again: {second}");
    for kept in ["\"DIGEST\"", "\"digests\":[1]", "\"FIRST_VOTE\""] {
        until_rows(&app, &format!("discord_stories WHERE told LIKE '%{kept}%'"), 1).await;
    }
}

#[on_both]
async fn a_campaign_is_not_announced_while_its_announcements_cannot_be_read(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link(&leader).await;
    let vote = titled(&leader, "Unreadable").await;
    let unreadable = "{\"events\":{\"LAUNCH\":1}}";
    app.execute_sql(&format!("UPDATE discord_stories SET told = '{unreadable}'")).await;
    vote.close(&leader).await;
    titled(&leader, "Readable").await;
    let _running = started(&app, &discord).await;
    until_rows(&app, "discord_messages", 0).await;
    assert_eq!(discord.messages().len(), 2, "the launches of both, and no result");
    assert_eq!(app.count_rows(&format!("discord_stories WHERE told = '{unreadable}'")).await, 1);
}

#[on_both]
async fn an_unknown_state_of_the_connection_fails_nothing(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (now, until) = (app.now(), app.now() + std::time::Duration::from_secs(10));
    app.execute_sql(&format!("INSERT INTO discord_keeper VALUES (1, 1, '{until}', 'DEGRADED', '{now}', NULL)")).await;
    assert_eq!(status(&leader).await["connection"], "CONNECTING");
    // Once the other server's lease is over, this one connects.
    app.clock.advance(std::time::Duration::from_secs(11));
    let _running = started(&app, &discord).await;
}
