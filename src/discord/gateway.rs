//! The connection to Discord's gateway: serenity's client, started anew whenever it gives up.

use std::{sync::Arc, time::Duration};

use serenity::{
    all::{
        Client, ConnectionStage, Context, EventHandler, GatewayIntents, GuildMemberUpdateEvent, Interaction, Member,
        Ready, ResumedEvent, ShardManager, ShardStageUpdateEvent,
    },
    async_trait,
    client::ClientBuilder,
    gateway::GatewayError,
};

use super::{
    Bot, DiscordConnection, Standing,
    breaker::backoff,
    commands,
    rest::{Failure, ServerMember, User},
    sync,
};
use crate::app::App;

/// How long to wait before connecting anew: after a first failure, and at the most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30);
/// How long to wait after Discord refused the bot: until an operator has mended it.
const REFUSED: Duration = Duration::from_mins(5);

/// What the bot hears of: members coming and changing (privileged: the Server Members Intent). Commands need no intent.
const INTENTS: GatewayIntents = GatewayIntents::GUILD_MEMBERS;

/// Why a connection came to its end.
enum End {
    /// Discord will not have the bot as it is.
    Refused(String),
    /// Something else, which may pass.
    Broken(String),
}

/// Keeps connected until the task is dropped.
pub(super) async fn run(app: Arc<App>) {
    let Some(bot) = &app.discord else { return };
    let mut failures = 0;
    loop {
        bot.stands(&app, DiscordConnection::Connecting, None);
        let connected_before = app.clock.elapsed();
        let wait = match connect(&app, bot).await {
            End::Refused(problem) => {
                tracing::error!(problem, "Discord refuses the bot; trying again in a while");
                bot.stands(&app, DiscordConnection::Refused, Some(problem));
                REFUSED
            }
            End::Broken(problem) => {
                if app.clock.elapsed() > connected_before + MOST {
                    failures = 0;
                }
                tracing::warn!(problem, "not connected to Discord; trying again");
                bot.stands(&app, DiscordConnection::Connecting, Some(problem));
                backoff(FIRST, MOST, failures, rand::random())
            }
        };
        failures = failures.saturating_add(1);
        app.clock.sleep_until(app.clock.now() + wait).await;
    }
}

impl Bot {
    fn stands(&self, app: &App, connection: DiscordConnection, problem: Option<String>) {
        let now = app.clock.now();
        self.standing.send_if_modified(|standing| {
            // A problem is known until it is over.
            let problem =
                problem.or_else(|| standing.problem.take().filter(|_| connection == DiscordConnection::Connecting));
            let since = if standing.connection == connection { standing.since } else { now };
            let next = Standing { connection, since, problem };
            let is_news = next != *standing;
            *standing = next;
            is_news
        });
    }
}

async fn connect(app: &Arc<App>, bot: &Bot) -> End {
    // Asked for first: the client would fall back to an address of its own.
    let gateway = match bot.rest.gateway().await {
        Ok(gateway) => gateway,
        Err(Failure::Unauthorized) => {
            return End::Refused(
                "Discord does not take the bot's token: is it the one that the portal shows?".to_owned(),
            );
        }
        Err(failure) => return End::Broken(failure.to_string()),
    };
    let handler = Handler { app: Arc::clone(app) };
    let built = ClientBuilder::new_with_http(bot.rest.http(), INTENTS).event_handler(handler).await;
    let mut client: Client = match built {
        Ok(client) => client,
        Err(error) => return End::Broken(error.to_string()),
    };
    *client.ws_url.lock().await = gateway.url;
    let _shut_down = ShutDown(Arc::clone(&client.shard_manager));
    match client.start_shards(gateway.shards.max(1)).await {
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => {
            End::Refused("Discord does not take the bot's token: is it the one that the portal shows?".to_owned())
        }
        Err(serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents)) => End::Refused(
            "The bot may not hear of members: switch the Server Members Intent on in Discord's developer portal."
                .to_owned(),
        ),
        Err(error) => End::Broken(error.to_string()),
        Ok(()) => End::Broken("the connection was closed".to_owned()),
    }
}

/// Ends the connections when whoever waits for them goes away: they are tasks of their own.
struct ShutDown(Arc<ShardManager>);

impl Drop for ShutDown {
    fn drop(&mut self) {
        let shards = Arc::clone(&self.0);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { shards.shutdown_all().await });
        }
    }
}

struct Handler {
    app: Arc<App>,
}

impl Handler {
    fn is_connected(&self) {
        if let Some(bot) = &self.app.discord {
            bot.rest.is_alive();
            bot.stands(&self.app, DiscordConnection::Connected, None);
            bot.wake();
        }
    }

    async fn changed(&self, server: String, member: ServerMember) {
        if let Err(error) = sync::one(&self.app, &server, member).await {
            // The next scheduled sync makes up for it.
            tracing::warn!(%error, server, "a member's change on Discord could not be followed");
        }
    }
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, ready: Ready) {
        tracing::info!(bot = ready.user.name, servers = ready.guilds.len(), "connected to Discord");
        self.is_connected();
        let Some(bot) = &self.app.discord else { return };
        if let Err(error) = bot.rest.set_commands(ready.application.id, &commands::all()).await {
            tracing::warn!(%error, "the bot's commands could not be made known to Discord");
        }
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.is_connected();
    }

    async fn shard_stage_update(&self, _: Context, stage: ShardStageUpdateEvent) {
        if stage.old == ConnectionStage::Connected
            && let Some(bot) = &self.app.discord
        {
            bot.stands(&self.app, DiscordConnection::Connecting, Some("The connection was lost.".to_owned()));
        }
    }

    async fn guild_member_addition(&self, _: Context, member: Member) {
        let server = member.guild_id.to_string();
        self.changed(server, seen(&member.user, member.nick, &member.roles)).await;
    }

    async fn guild_member_update(
        &self,
        _: Context,
        _: Option<Member>,
        _: Option<Member>,
        event: GuildMemberUpdateEvent,
    ) {
        let server = event.guild_id.to_string();
        self.changed(server, seen(&event.user, event.nick, &event.roles)).await;
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        commands::answer(&self.app, interaction).await;
    }
}

fn seen(user: &serenity::all::User, nick: Option<String>, roles: &[serenity::all::RoleId]) -> ServerMember {
    let user = User {
        id: user.id.to_string(),
        username: user.name.clone(),
        global_name: user.global_name.clone(),
        bot: user.bot,
    };
    ServerMember { user, nick, roles: roles.iter().map(ToString::to_string).collect() }
}
