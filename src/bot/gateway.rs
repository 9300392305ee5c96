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
        rest::{DiscordError, Gateway, ServerMember, User},
        rows::DiscordConnectionState,
        sync,
    },
};

/// Pause before reconnecting after a first failure, and the longest pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Pause after Discord refused the bot, which an operator has to fix.
const REFUSED_PAUSE: Duration = Duration::from_mins(5);

/// Close codes after which the bot must fetch the gateway's address again: invalid shard, sharding required, invalid
/// version.
const RECONNECT_CODES: [u16; 3] = [4_010, 4_011, 4_012];

/// Maximum number of events of one kind that wait to be processed.
const MAX_QUEUED: usize = 10_000;

const BAD_TOKEN: &str = "Discord rejects the bot's token. Compare it with the token in the developer portal.";

/// The events that the bot receives: added and changed members, by the privileged Server Members Intent. Commands need
/// no intent.
const INTENTS: GatewayIntents = GatewayIntents::GUILD_MEMBERS;

/// Why a connection ended.
enum ConnectionEnd {
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
        bot.set_status(app.clock.now(), DiscordConnectionState::Connecting, None);
        let started = app.clock.elapsed();
        let wait = match connect(&app, bot).await {
            ConnectionEnd::Refused(problem) => {
                tracing::error!(problem, "Discord refuses the bot; retrying later");
                bot.set_status(app.clock.now(), DiscordConnectionState::Refused, Some(problem));
                REFUSED_PAUSE
            }
            ConnectionEnd::Broken(problem) => {
                if app.clock.elapsed() > started + LONGEST_PAUSE {
                    failures = 0;
                }
                tracing::warn!(problem, "not connected to Discord; retrying");
                bot.set_status(app.clock.now(), DiscordConnectionState::Connecting, Some(problem));
                backoff(FIRST_PAUSE, LONGEST_PAUSE, failures, rand::random())
            }
        };
        failures = failures.saturating_add(1);
        app.clock.sleep_until(app.clock.now() + wait).await;
    }
}

async fn connect(app: &Arc<App>, bot: &Bot) -> ConnectionEnd {
    let gateway = match bot.rest().gateway().await {
        Ok(gateway) => gateway,
        Err(DiscordError::Unauthorized) => return ConnectionEnd::Refused(BAD_TOKEN.to_owned()),
        Err(failure) => return ConnectionEnd::Broken(failure.to_string()),
    };
    if gateway.session_start_limit.is_some_and(|starts| starts.remaining == 0) {
        return ConnectionEnd::Broken("the bot has reached Discord's daily limit of session starts".to_owned());
    }
    let (sender, mut receiver) = EventSender::new();
    let _client = match start(bot, gateway, sender).await {
        Ok(client) => client,
        Err(error) => return ConnectionEnd::Broken(error.to_string()),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(sync_members(Arc::clone(app), receiver.members));
    loop {
        tokio::select! {
            event = receiver.connection.recv() => match event {
                None => return ConnectionEnd::Broken("the connection was closed".to_owned()),
                Some(ConnectionEvent::Ended(end)) => return end,
                Some(ConnectionEvent::Connected(application)) => {
                    bot.rest().mark_reachable();
                    bot.set_status(app.clock.now(), DiscordConnectionState::Connected, None);
                    bot.outbox().wake();
                    if let Some(application) = application {
                        tasks.spawn(register_commands(Arc::clone(app), application));
                    }
                }
                Some(ConnectionEvent::Lost) => {
                    let problem = "The connection was lost.".to_owned();
                    bot.set_status(app.clock.now(), DiscordConnectionState::Connecting, Some(problem));
                }
            },
            Some(interaction) = receiver.interactions.recv() => {
                let app = Arc::clone(app);
                tasks.spawn(async move { commands::respond(&app, interaction).await });
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Syncs members after their changes on Discord, one after the other.
async fn sync_members(app: Arc<App>, mut members: mpsc::Receiver<(String, ServerMember)>) {
    while let Some((server, member)) = members.recv().await {
        if let Err(error) = sync::sync_member(&app.discord, &server, member).await {
            // The next scheduled sync makes up for the failure.
            tracing::warn!(%error, server, "could not sync a member after a change on Discord");
        }
    }
}

/// Registers the bot's commands, and retries until it succeeds.
async fn register_commands(app: Arc<App>, application: ApplicationId) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    while let Err(error) = bot.rest().set_commands(application, &commands::definitions()).await {
        tracing::warn!(%error, "could not register the bot's commands; retrying");
        app.clock.sleep_until(app.clock.now() + LONGEST_PAUSE).await;
    }
}

/// A change of the connection.
enum ConnectionEvent {
    /// The connection is ready: as this application if the session is new, `None` if it was resumed.
    Connected(Option<ApplicationId>),
    /// The connection was lost, and is being restored.
    Lost,
    /// The client has ended, or must be restarted.
    Ended(ConnectionEnd),
}

/// Sends the client's events, with a queue for each kind, so that a command does not wait for the sync of a thousand
/// members.
#[derive(Clone)]
struct EventSender {
    connection: mpsc::UnboundedSender<ConnectionEvent>,
    members: mpsc::Sender<(String, ServerMember)>,
    interactions: mpsc::Sender<Interaction>,
}

/// Receives the client's events.
struct EventReceiver {
    connection: mpsc::UnboundedReceiver<ConnectionEvent>,
    members: mpsc::Receiver<(String, ServerMember)>,
    interactions: mpsc::Receiver<Interaction>,
}

impl EventSender {
    fn new() -> (Self, EventReceiver) {
        let ((connection, connection_events), (members, member_events)) =
            (mpsc::unbounded_channel(), mpsc::channel(MAX_QUEUED));
        let (interactions, interaction_events) = mpsc::channel(MAX_QUEUED);
        let receiver =
            EventReceiver { connection: connection_events, members: member_events, interactions: interaction_events };
        (Self { connection, members, interactions }, receiver)
    }

    fn send(&self, event: ConnectionEvent) {
        // Fails only when the receiver was dropped.
        let _ = self.connection.send(event);
    }

    fn send_member(&self, server: ServerId, member: ServerMember) {
        if let Err(TrySendError::Full(_)) = self.members.try_send((server.to_string(), member)) {
            // The next scheduled sync makes up for the lost event.
            tracing::warn!("too many member changes are queued; dropped one");
        }
    }
}

/// serenity's client, on a runtime of its own. Dropping the runtime ends all its tasks; serenity's own shutdown leaves
/// connections open.
struct GatewayClient {
    runtime: Option<Runtime>,
    _relay: Relay,
}

impl Drop for GatewayClient {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn start(bot: &Bot, gateway: Gateway, sender: EventSender) -> std::io::Result<GatewayClient> {
    let lost = sender.clone();
    // serenity does not report when it resumes a session or waits for one, so the relay reports lost connections.
    let lost = move |code| match code {
        Some(code) if RECONNECT_CODES.contains(&code) => {
            lost.send(ConnectionEvent::Ended(ConnectionEnd::Broken(format!(
                "Discord requires a new connection (close code {code})"
            ))));
        }
        _ => lost.send(ConnectionEvent::Lost),
    };
    let relay = Relay::open(&gateway.url, lost).await?;
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("discord").enable_all().build()?;
    let (http, url, shards) = (bot.rest().http(), relay.url.clone(), gateway.shards.max(1));
    runtime.spawn(async move {
        let ended = run_client(http, url, shards, GatewayHandler(sender.clone())).await;
        sender.send(ConnectionEvent::Ended(ended));
    });
    Ok(GatewayClient { runtime: Some(runtime), _relay: relay })
}

async fn run_client(http: Http, url: String, shards: u32, handler: GatewayHandler) -> ConnectionEnd {
    let mut client = match ClientBuilder::new_with_http(http, INTENTS).event_handler(handler).await {
        Ok(client) => client,
        Err(error) => return ConnectionEnd::Broken(error.to_string()),
    };
    // Replaces the address that serenity has fetched or fallen back to.
    *client.ws_url.lock().await = url;
    match client.start_shards(shards).await {
        Err(serenity::Error::Gateway(GatewayError::InvalidAuthentication)) => {
            ConnectionEnd::Refused(BAD_TOKEN.to_owned())
        }
        Err(serenity::Error::Gateway(GatewayError::DisallowedGatewayIntents)) => ConnectionEnd::Refused(
            "The bot lacks the Server Members Intent. Switch it on in Discord's developer portal.".to_owned(),
        ),
        Err(error) => ConnectionEnd::Broken(error.to_string()),
        Ok(()) => ConnectionEnd::Broken("the connection was closed".to_owned()),
    }
}

struct GatewayHandler(EventSender);

#[async_trait]
impl EventHandler for GatewayHandler {
    async fn ready(&self, _: Context, ready: Ready) {
        tracing::info!(bot = ready.user.name, servers = ready.guilds.len(), "connected to Discord");
        self.0.send(ConnectionEvent::Connected(Some(ready.application.id)));
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        self.0.send(ConnectionEvent::Connected(None));
    }

    async fn guild_member_addition(&self, _: Context, member: Member) {
        self.0.send_member(member.guild_id, server_member(&member.user, member.nick, &member.roles));
    }

    async fn guild_member_update(
        &self,
        _: Context,
        _: Option<Member>,
        _: Option<Member>,
        event: GuildMemberUpdateEvent,
    ) {
        self.0.send_member(event.guild_id, server_member(&event.user, event.nick, &event.roles));
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        if self.0.interactions.try_send(interaction).is_err() {
            tracing::warn!("too many commands are queued; dropped one");
        }
    }
}

fn server_member(user: &serenity::all::User, nick: Option<String>, roles: &[RoleId]) -> ServerMember {
    let user = User {
        id: user.id.to_string(),
        username: user.name.clone(),
        global_name: user.global_name.clone(),
        bot: user.bot,
    };
    ServerMember { user, nick, roles: roles.iter().map(ToString::to_string).collect() }
}
