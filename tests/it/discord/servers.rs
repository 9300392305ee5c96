//! Channels and roles of the linked Discord server, by name.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CHANNEL, LINK, OTHER_CHANNEL, SERVER, link_server, with_bot};
use crate::support::{Client, LocalDiscord, TestApp, documents::UNLINK_DISCORD, on_both, while_time_passes};

const OTHER_SERVER: u64 = SERVER + 100;
const BOT_ROLE: u64 = 920_000_000_000_000_001;
const CATEGORY: u64 = 910_000_000_000_000_900;

const OF_LINK: &str = "{ discordStatus { queued link { serverId server {
    name channels { id name } roles { id name color }
} } } members { totalCount } }";
const OF_EDITORS: &str = "{ discordChannels { id name } guild { slug } }";

async fn server(client: &Client<'_>) -> Value {
    client.ok(OF_LINK, json!({})).await["discordStatus"]["link"]["server"].clone()
}

/// The number of requests about servers, their channels and members.
fn requests(discord: &LocalDiscord) -> usize {
    discord.calls().iter().filter(|call| call.path.starts_with("/guilds/")).count()
}

/// The overwrite of a role or a member in a channel.
fn overwrite(id: u64, kind: u8, allow: u64, deny: u64) -> Value {
    json!({ "id": id.to_string(), "type": kind, "allow": allow.to_string(), "deny": deny.to_string() })
}

#[on_both]
async fn officers_choose_channels_and_roles_by_name(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    app.execute_sql("UPDATE ranks SET permissions = 'CAMPAIGNS_MANAGE' WHERE name = 'Veteran'").await;
    let editor = guild.member("editor", "Veteran").await;
    assert_eq!(editor.ok(OF_EDITORS, json!({})).await["discordChannels"], Value::Null, "no server is linked");
    assert!(discord.calls().is_empty());
    link_server(&leader).await;

    discord.describe(SERVER, json!({ "name": "Emberwatch" }));
    let seen_and_posted = 1 << 10 | 1 << 11;
    let details = [
        json!({ "name": "Text", "type": 4, "position": 1 }),
        json!({ "name": "voice", "type": 2 }),
        json!({ "name": "forum", "type": 15 }),
        json!({ "name": "read-only", "permission_overwrites": [overwrite(SERVER, 0, 0, 1 << 11)] }),
        json!({ "name": "hidden", "permission_overwrites": [overwrite(SERVER, 0, 0, 1 << 10)] }),
        json!({ "name": "for-bots", "position": 9, "parent_id": CATEGORY.to_string(), "permission_overwrites": [
            overwrite(SERVER, 0, 0, seen_and_posted), overwrite(BOT_ROLE, 0, seen_and_posted, 0),
        ] }),
        json!({ "name": "for-all-others", "permission_overwrites": [overwrite(LocalDiscord::BOT, 1, 0, 1 << 11)] }),
        json!({ "name": "news", "type": 5, "position": 2, "parent_id": CATEGORY.to_string() }),
    ];
    for (channel, details) in (CATEGORY..).zip(details) {
        discord.add_channel(SERVER, channel);
        discord.describe(channel, details);
    }
    discord.describe(CHANNEL, json!({ "name": "general", "position": 4 }));
    discord.describe(OTHER_CHANNEL, json!({ "name": "votes", "position": 3 }));
    for channel in [OTHER_CHANNEL + 1, OTHER_CHANNEL + 2] {
        discord.delete_channel(channel);
    }
    discord.add_role(SERVER, BOT_ROLE, json!({ "name": "Guildhall", "managed": true, "position": 7 }));
    discord.set_bot_roles(SERVER, &[BOT_ROLE]);
    discord.add_role(SERVER, BOT_ROLE + 1, json!({ "name": "Raider", "position": 2, "color": 0xC6_9B6D }));
    discord.add_role(SERVER, BOT_ROLE + 2, json!({ "name": "Officer", "position": 5 }));

    let named = |id: u64, name: &str| json!({ "id": id.to_string(), "name": name });
    let channels = json!([
        named(OTHER_CHANNEL, "votes"),
        named(CHANNEL, "general"),
        named(CATEGORY + 7, "news"),
        named(CATEGORY + 5, "for-bots"),
    ]);
    let roles = json!([
        { "id": (BOT_ROLE + 2).to_string(), "name": "Officer", "color": null },
        { "id": (BOT_ROLE + 1).to_string(), "name": "Raider", "color": "#C69B6D" },
    ]);
    assert_eq!(server(&leader).await, json!({ "name": "Emberwatch", "channels": channels, "roles": roles }));
    // Editors of votes see the channels without the permission for Discord.
    assert_eq!(editor.ok(OF_EDITORS, json!({})).await["discordChannels"], channels);
    assert_eq!(editor.refusal(OF_LINK, json!({})).await, "FORBIDDEN PERMISSION_REQUIRED");
    assert_eq!(member.refusal(OF_EDITORS, json!({})).await, "FORBIDDEN PERMISSION_REQUIRED");
    assert_eq!(guild.anonymous().refusal(OF_EDITORS, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}

#[on_both]
async fn an_answer_is_kept_for_half_a_minute(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    // One look-up serves requests at the same time, and later ones.
    let both = "{ discordStatus { link { a: server { name } b: server { name } } } discordChannels { id } }";
    let (one, other) = tokio::join!(leader.ok(both, json!({})), leader.ok(both, json!({})));
    assert_eq!((&one, &one["discordStatus"]["link"]["a"]["name"]), (&other, &json!(format!("server {SERVER}"))));
    let once = requests(&discord);
    assert_eq!(once, 3, "{:?}", discord.calls());
    discord.describe(SERVER, json!({ "name": "Renamed" }));
    app.clock.advance(Duration::from_secs(29));
    assert_eq!(server(&leader).await["name"], format!("server {SERVER}"));
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(server(&leader).await["name"], "Renamed");
    assert_eq!(requests(&discord), 2 * once);
    let asked = discord.calls().iter().filter(|call| call.path == "/users/@me").count();
    assert_eq!(asked, 1, "the bot's own user never changes");
}

#[on_both]
async fn a_discord_that_does_not_answer_delays_nothing_else(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    discord.hang_servers(true);
    let started = app.now();
    for _ in 0..3 {
        let response = while_time_passes(&app.clock, 1, Duration::from_secs(2), leader.ok(OF_LINK, json!({}))).await;
        assert_eq!(response["discordStatus"]["link"], json!({ "serverId": SERVER.to_string(), "server": null }));
        assert_eq!(response["members"]["totalCount"], 1);
    }
    assert_eq!(app.now() - started, chrono::TimeDelta::seconds(6));
    // The requests wait for one look-up.
    discord.until("a request without a response", |it| (it.held_posts() == 1).then_some(())).await;
    let channels = while_time_passes(&app.clock, 1, Duration::from_secs(2), leader.ok(OF_EDITORS, json!({}))).await;
    assert_eq!(channels, json!({ "discordChannels": null, "guild": { "slug": "gg" } }));
    // The look-up goes on, and its answer serves the next request.
    discord.hang_servers(false);
    discord.until("the end of the look-up", |it| (requests(it) == 3).then_some(())).await;
    assert_eq!(server(&leader).await["name"], format!("server {SERVER}"));
    assert_eq!(requests(&discord), 3);
}

#[on_both]
async fn a_discord_that_fails_is_asked_again_after_five_seconds(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    discord.set_down(true);
    assert_eq!(server(&leader).await, Value::Null);
    discord.set_down(false);
    let failed = discord.calls().len();
    assert_eq!((server(&leader).await, discord.calls().len()), (Value::Null, failed));
    app.clock.advance(Duration::from_secs(5));
    assert_eq!(server(&leader).await["name"], format!("server {SERVER}"));
    // Discord limits requests: none is sent before the time that it gave.
    app.clock.advance(Duration::from_secs(30));
    discord.rate_limit_next(1, 60.0, true);
    assert_eq!(server(&leader).await, Value::Null);
    let limited = discord.calls().len();
    app.clock.advance(Duration::from_secs(10));
    assert_eq!((server(&leader).await, discord.calls().len()), (Value::Null, limited));
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(server(&leader).await["name"], format!("server {SERVER}"));
}

#[on_both]
async fn an_open_breaker_sends_no_request(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let mut guilds = Vec::new();
    for number in 0..8 {
        let (guild, server) = (app.guild(&format!("g{number}")).await, SERVER + 1_000 + number);
        discord.add_server(server);
        guild.leader().await.ok(LINK, json!({ "input": { "serverId": server.to_string() } })).await;
        guilds.push(guild);
    }
    discord.fail_next(8, 502);
    for guild in &guilds {
        assert_eq!(server(&guild.leader().await).await, Value::Null);
    }
    assert_eq!(discord.calls().len(), guildhall::discord::breaker::FAILURES, "{:?}", discord.calls());
}

#[on_both]
async fn a_guild_sees_only_its_own_server(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    discord.add_server(OTHER_SERVER);
    discord.describe(OTHER_SERVER, json!({ "name": "theirs" }));
    let (ours, theirs, unlinked) = (app.guild("ours").await, app.guild("theirs").await, app.guild("unlinked").await);
    let (leader, other) = (ours.leader().await, theirs.leader().await);
    link_server(&leader).await;
    other.ok(LINK, json!({ "input": { "serverId": OTHER_SERVER.to_string() } })).await;
    assert_eq!(server(&leader).await["name"], format!("server {SERVER}"));
    assert_eq!(server(&other).await, json!({ "name": "theirs", "channels": [], "roles": [] }));
    let unlinked = unlinked.leader().await;
    assert_eq!(unlinked.ok(OF_EDITORS, json!({})).await["discordChannels"], Value::Null);
    // A guild that takes over a server gets no answer that was kept for the other.
    leader.ok(UNLINK_DISCORD, json!({})).await;
    other.ok(LINK, json!({ "input": { "serverId": SERVER.to_string() } })).await;
    assert_eq!(server(&other).await["name"], format!("server {SERVER}"));
    assert_eq!(leader.ok(OF_EDITORS, json!({})).await["discordChannels"], Value::Null);
    // The bot has left the server.
    discord.remove_server(SERVER);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(server(&other).await, Value::Null);
    assert_eq!(discord.invalid_requests(), Vec::<String>::new());
}
