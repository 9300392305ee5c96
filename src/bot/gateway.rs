//! The connection to Discord's gateway: runs serenity's client, and restarts it when it ends.

use std::{sync::Arc, time::Duration};

use serenity::{
    all::{
        ApplicationId, Context, EventHandler, GatewayIntents, GuildId as ServerId, GuildMemberUpdateEvent, Interaction,
        Member, Ready, ResumedEvent, RoleId,
    },
    async_trait,
    client::ClientBuilder,
    gateway::GatewayError,
    http::Http,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc::{self, error::TrySendError},
    task::JoinSet,
};

use super::{commands, relay::Relay};
use crate::{
    app::App,
    discord::{
        Bot,
        breaker::backoff,
        rest::{Failure, Gateway, ServerMember, User},
        rows::DiscordConnection,
        sync,
    },
};

/// Pause before reconnecting after a first failure, and the longest pause.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30);
/// Pause after Discord refused the bot, which an operator has to fix.
const REFUSED: Duration = Duration::from_mins(5);

/// Close codes after which the bot must fetch the gateway's address again: invalid shard, sharding required, invalid version.
const STALE: [u16; 3] = [4_010, 4_011, 4_012];

/// Most events of one kind that wait to be processed.
const MAX_HEARD: usize = 10_000;

const BAD_TOKEN: &str = "Discord does not take the bot's token: is it the one that the developer portal shows?";

/// The events that the bot receives: added and changed members, by the privileged Server Members Intent. Commands need no intent.
const INTENTS: GatewayIntents = GatewayIntents::GUILD_MEMBERS;

/// Why a connection ended.
enum End {
    /// Discord refuses the bot until an operator acts.
    Refused(String),
    /// A failure that may pass.
    Broken(String),
}

/// Keeps the bot connected until the task is dropped.
pub(super) async fn run(app: Arc<App>) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    let mut failures = 0;
    loop {
        bot.set_status(app.clock.now(), DiscordConnection::Connecting, None);
        let connected_before = app.clock.elapsed();
        let wait = match connect(&app, bot).await {
            End::Refused(problem) => {
                tracing::error!(problem, "Discord refuses the bot; trying again in a while");
                bot.set_status(app.clock.now(), DiscordConnection::Refused, Some(problem));
                REFUSED
            }
            End::Broken(problem) => {
                if app.clock.elapsed() > connected_before + MOST {
                    failures = 0;
                }
                tracing::warn!(problem, "not connected to Discord; trying again");
                bot.set_status(app.clock.now(), DiscordConnection::Connecting, Some(problem));
                backoff(FIRST, MOST, failures, rand::random())
            }
        };
        failures = failures.saturating_add(1);
        app.clock.sleep_until(app.clock.now() + wait).await;
    }
}

async fn connect(app: &Arc<App>, bot: &Bot) -> End {
    let gateway = match bot.rest().gateway().await {
        Ok(gateway) => gateway,
        Err(Failure::Unauthorized) => return End::Refused(BAD_TOKEN.to_owned()),
        Err(failure) => return End::Broken(failure.to_string()),
    };
    if gateway.session_start_limit.is_some_and(|starts| starts.remaining == 0) {
        return End::Broken("the bot has begun as many sessions as it may today".to_owned());
    }
    let (hears, mut heard) = Hears::new();
    let _client = match start(bot, gateway, hears).await {
        Ok(client) => client,
        Err(error) => return End::Broken(error.to_string()),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(follow(Arc::clone(app), heard.members));
    loop {
        tokio::select! {
            news = heard.news.recv() => match news {
                None => return End::Broken("the connection was closed".to_owned()),
                Some(News::Ended(end)) => return end,
                Some(News::Connected(application)) => {
                    bot.rest().is_alive();
                    bot.set_status(app.clock.now(), DiscordConnection::Connected, None);
                    bot.outbox().wake();
                    if let Some(application) = application {
                        tasks.spawn(tell_of_commands(Arc::clone(app), application));
                    }
                }
                Some(News::Lost) => {
                    let problem = "The connection was lost.".to_owned();
                    bot.set_status(app.clock.now(), DiscordConnection::Connecting, Some(problem));
                }
            },
            Some(interaction) = heard.interactions.recv() => {
                let app = Arc::clone(app);
                tasks.spawn(async move { commands::answer(&app, interaction).await });
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Syncs members after their changes on Discord, one after the other.
async fn follow(app: Arc<App>, mut members: mpsc::Receiver<(String, ServerMember)>) {
    while let Some((server, member)) = members.recv().await {
        if let Err(error) = sync::one(&app.discord, &server, member).await {
            // The next scheduled sync makes up for the failure.
            tracing::warn!(%error, server, "a member's change on Discord could not be followed");
        }
    }
}

/// Registers the bot's commands, and retries until it succeeds.
async fn tell_of_commands(app: Arc<App>, application: ApplicationId) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    while let Err(error) = bot.rest().set_commands(application, &commands::all()).await {
        tracing::warn!(%error, "Discord could not be told of the bot's commands; trying again");
        app.clock.sleep_until(app.clock.now() + MOST).await;
    }
}

/// A change of the connection.
enum News {
    /// The connection is ready: as this application if the session is new, `None` if it was resumed.
    Connected(Option<ApplicationId>),
    /// The connection was lost, and is being restored.
    Lost,
    /// The client has ended, or must be restarted.
    Ended(End),
}

/// Sends the client's events, with a queue for each kind, so that a command does not wait for the sync of a thousand members.
#[derive(Clone)]
struct Hears {
    news: mpsc::UnboundedSender<News>,
    members: mpsc::Sender<(String, ServerMember)>,
    interactions: mpsc::Sender<Interaction>,
}

/// Receives the client's events.
struct Heard {
    news: mpsc::UnboundedReceiver<News>,
    members: mpsc::Receiver<(String, ServerMember)>,
    interactions: mpsc::Receiver<Interaction>,
}

impl Hears {
    fn new() -> (Self, Heard) {
        let ((news, heard_news), (members, heard_members)) = (mpsc::unbounded_channel(), mpsc::channel(MAX_HEARD));
        let (interactions, heard_interactions) = mpsc::channel(MAX_HEARD);
        let heard = Heard { news: heard_news, members: heard_members, interactions: heard_interactions };
        (Self { news, members, interactions }, heard)
    }

    fn tell(&self, news: News) {
        // Fails only when the receiver was dropped.
        let _ = self.news.send(news);
    }

    fn changed(&self, server: ServerId, member: ServerMember) {
        if let Err(TrySendError::Full(_)) = self.members.try_send((server.to_string(), member)) {
            // The next scheduled sync makes up for the lost event.
            tracing::warn!("members change faster than can be followed; some of it is passed over");
        }
    }
}

/// serenity's client, on a runtime of its own. Dropping the runtime ends all its tasks; serenity's own shutdown leaves connections
/// open.
struct Running {
    runtime: Option<Runtime>,
    _relay: Relay,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn start(bot: &Bot, gateway: Gateway, hears: Hears) -> std::io::Result<Running> {
    let lost = hears.clone();
    // serenity does not report when it resumes a session or waits for one, so the relay reports lost connections.
    let lost = move |code| match code {
        Some(code) if STALE.contains(&code) => {
            lost.tell(News::Ended(End::Broken(format!("Discord wants it otherwise (close code {code})"))));
        }
        _ => lost.tell(News::Lost),
    };
    let relay = Relay::open(&gateway.url, lost).await?;
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("discord").enable_all().build()?;
    let (http, url, shards) = (bot.rest().http(), relay.url.clone(), gateway.shards.max(1));
    runtime.spawn(async move {
        let ended = run_client(http, url, shards, Handler(hears.clone())).await;
        hears.tell(News::Ended(ended));
    });
    Ok(Running { runtime: Some(runtime), _relay: relay })
}

async fn run_client(http: Http, url: String, shards: u32, handler: Handler) -> End {
    let mut client = match ClientBuilder::new_with_http(http, INTENTS).event_handler(handler).await {
        Ok(client) => client,
        Err(error) => return End::Broken(error.to_string()),
    };
    // Replaces the address that serenity has fetched or fallen back to.
    *client.ws_url.lock().await = url;
    match client.start_shards(shards).await {
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => End::Refused(BAD_TOKEN.to_owned()),
        Err(serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents)) => End::Refused(
            "The bot may not hear of members: switch the Server Members Intent on in Discord's developer portal."
                .to_owned(),
        ),
        Err(error) => End::Broken(error.to_string()),
        Ok(()) => End::Broken("the connection was closed".to_owned()),
    }
}

struct Handler(Hears);

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, ready: Ready) {
        tracing::info!(bot = ready.user.name, servers = ready.guilds.len(), "connected to Discord");
        self.0.tell(News::Connected(Some(ready.application.id)));
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.0.tell(News::Connected(None));
    }

    async fn guild_member_addition(&self, _: Context, member: Member) {
        self.0.changed(member.guild_id, seen(&member.user, member.nick, &member.roles));
    }

    async fn guild_member_update(
        &self,
        _: Context,
        _: Option<Member>,
        _: Option<Member>,
        event: GuildMemberUpdateEvent,
    ) {
        self.0.changed(event.guild_id, seen(&event.user, event.nick, &event.roles));
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        if self.0.interactions.try_send(interaction).is_err() {
            tracing::warn!("the bot is used faster than it can answer");
        }
    }
}

fn seen(user: &serenity::all::User, nick: Option<String>, roles: &[RoleId]) -> ServerMember {
    let user = User {
        id: user.id.to_string(),
        username: user.name.clone(),
        global_name: user.global_name.clone(),
        bot: user.bot,
    };
    ServerMember { user, nick, roles: roles.iter().map(ToString::to_string).collect() }
}
