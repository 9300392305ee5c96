//! The Discord bot: a real client against a local Discord.

mod announcements;
mod boards;
mod cancelled;
mod commands;
mod delivery;
mod failures;
mod gateway;
mod late_messages;
mod members;
mod officers;
mod reports;
mod roles;
mod servers;
mod sessions;
mod suspended;
mod upgrades;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Client, LocalDiscord, TestApp, TestGuild};

/// The Discord server of the guild under test, and two of its channels.
const SERVER: u64 = 900_000_000_000_000_001;
const CHANNEL: u64 = 910_000_000_000_000_001;
const OTHER_CHANNEL: u64 = 910_000_000_000_000_002;

/// Roles that [`map_roles`] maps to default ranks.
const MEMBER_ROLE: u64 = 920_000_000_000_000_002;
const VETERAN_ROLE: u64 = 920_000_000_000_000_003;
const OFFICER_ROLE: u64 = 920_000_000_000_000_004;
const LEADER_ROLE: u64 = 920_000_000_000_000_005;

const LINK: &str =
    "mutation($input: LinkDiscordInput!) { linkDiscord(input: $input) { link { serverId channelId color } } }";
const STATUS: &str = "{ discordStatus { connection problem queued failed link { syncProblem lastSync {
    added promoted demoted linked untouched conflictCount
} } } }";

/// Starts a local Discord with the guild's server, and adds a bot to the app.
async fn with_bot(app: TestApp) -> (TestApp, LocalDiscord) {
    let discord = LocalDiscord::start().await;
    discord.add_server(SERVER);
    for channel in [CHANNEL, OTHER_CHANNEL, OTHER_CHANNEL + 1, OTHER_CHANNEL + 2] {
        discord.add_channel(SERVER, channel);
    }
    (app.with_bot(&discord).await, discord)
}

/// Links a guild to its Discord server, and announces its campaigns in [`CHANNEL`].
async fn link_server(leader: &Client<'_>) {
    let input = json!({ "serverId": SERVER.to_string(), "channelId": CHANNEL.to_string() });
    leader.ok(LINK, json!({ "input": input })).await;
}

/// Adds a registered member who is on the Discord server.
async fn on_discord<'t>(
    guild: &TestGuild<'t>,
    discord: &LocalDiscord,
    name: &str,
    rank: &str,
    user: u64,
) -> Client<'t> {
    let mut row = guild.member_row(name, rank, true).await;
    row.discord_id = Some(user.to_string());
    discord.join(SERVER, user, name, &[]);
    guild.add_members(vec![row]).await.remove(0)
}

/// Maps the Discord roles above to ranks.
async fn map_roles(guild: &TestGuild<'_>) {
    let roles =
        [("Member", MEMBER_ROLE), ("Veteran", VETERAN_ROLE), ("Officer", OFFICER_ROLE), ("Guild Leader", LEADER_ROLE)];
    for (rank, role) in roles {
        let update = "mutation($id: ID!, $role: String!) {
            updateRank(input: { id: $id, discordRoleId: $role }) { rank { id } }
        }";
        let id = async_graphql::ID::from(guild.rank(rank).id);
        guild.leader().await.ok(update, json!({ "id": id, "role": role.to_string() })).await;
    }
}

/// The titles of the embeds that the bot posted.
fn titles(discord: &LocalDiscord) -> Vec<String> {
    discord.messages().iter().filter_map(|it| it.body["embeds"][0]["title"].as_str().map(str::to_owned)).collect()
}

/// The `discordStatus` that the leader sees.
async fn discord_status(leader: &Client<'_>) -> Value {
    leader.ok(STATUS, json!({})).await["discordStatus"].clone()
}

/// Waits as [`LocalDiscord::until`] does, while the clock moves.
async fn until_later<T>(
    app: &TestApp,
    discord: &LocalDiscord,
    what: &str,
    find: impl Fn(&LocalDiscord) -> Option<T>,
) -> T {
    let time_passes = async {
        loop {
            app.clock.advance(Duration::from_millis(200));
            app.count_rows("guilds").await;
        }
    };
    tokio::select! {
        found = discord.until(what, find) => found,
        () = time_passes => unreachable!(),
    }
}

/// Waits until each message was attempted, and no attempt is running. Then the next attempt follows only when the clock
/// moves.
async fn until_attempted(app: &TestApp) {
    let running = "discord_messages WHERE claim IS NOT NULL OR attempts = 0";
    let attempted = async { while app.count_rows(running).await != 0 {} };
    tokio::time::timeout(Duration::from_secs(20), attempted).await.expect("an attempt does not end");
}

/// Waits until that many of these messages have failed at least once, none is being attempted, and none can be before
/// time passes. A change that follows meets no attempt.
async fn until_postponed(app: &TestApp, messages: &str, number: i64) {
    loop {
        let now = app.clock.now().format("%Y-%m-%d %H:%M:%S%.f");
        let postponed = format!("{messages} AND attempts > 0 AND claim IS NULL AND due_at > '{now}'");
        if app.count_rows(&format!("discord_messages WHERE {postponed}")).await == number {
            break;
        }
        app.clock.advance(Duration::from_millis(200));
    }
}

/// Starts the app's background tasks, and waits until its bot is connected.
async fn start_bot(app: &TestApp, discord: &LocalDiscord) -> JoinSet<()> {
    let running = guildhall::bot::start(&app.app);
    let is_ready = |it: &LocalDiscord| (it.connected_sessions() > 0 && !it.commands().is_empty()).then_some(());
    discord.until("a session and the commands", is_ready).await;
    running
}
