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

use super::{
    commands, member_sync,
    relay::{Relay, RelayEvent},
    session_pauses::SessionPauses,
};
use crate::{
    app::App,
    discord::{
        Bot,
        rest::{DiscordError, Gateway, ServerMember, User},
        rows::DiscordConnectionState,
        sync,
    },
};

/// Pause before the commands are registered again, or a catch-up is scheduled again, after a failure.
const RETRY_PAUSE: Duration = Duration::from_secs(30);
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
    /// Discord allows no further session for this time.
    Exhausted(Duration),
    /// A failure that may pass.
    Broken(String),
}

/// Keeps the bot connected until the task is dropped.
pub(super) async fn run(app: Arc<App>) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    let mut pauses = SessionPauses::default();
    loop {
        bot.set_status(app.clock.now(), DiscordConnectionState::Connecting, None);
        let mut session_started = None;
        let end = connect(&app, bot, &mut session_started).await;
        let lasted = session_started.map(|started| app.clock.elapsed().saturating_sub(started));
        let (problem, wait) = match (end, lasted) {
            (ConnectionEnd::Refused(problem), _) => {
                tracing::error!(problem, "Discord refuses the bot; retrying later");
                bot.set_status(app.clock.now(), DiscordConnectionState::Refused, Some(problem));
                app.clock.sleep(REFUSED_PAUSE).await;
                continue;
            }
            (ConnectionEnd::Exhausted(reset_after), _) => {
                let problem = "The bot has started as many sessions as Discord allows for today.".to_owned();
                (problem, SessionPauses::exhausted(reset_after))
            }
            (ConnectionEnd::Broken(problem), None) => (problem, pauses.after_failure(rand::random())),
            (ConnectionEnd::Broken(problem), Some(lasted)) => (problem, pauses.after_session(lasted)),
        };
        tracing::warn!(problem, seconds = wait.as_secs(), "not connected to Discord; retrying after a pause");
        bot.set_status(app.clock.now(), DiscordConnectionState::Connecting, Some(problem));
        app.clock.sleep(wait).await;
    }
}

/// Connects, and returns when a new connection is needed. Sets `session_started` to the time at which Discord was asked
/// for a session.
async fn connect(app: &Arc<App>, bot: &Bot, session_started: &mut Option<Duration>) -> ConnectionEnd {
    let gateway = match bot.rest().gateway().await {
        Ok(gateway) => gateway,
        Err(DiscordError::Unauthorized) => return ConnectionEnd::Refused(BAD_TOKEN.to_owned()),
        Err(failure) => return ConnectionEnd::Broken(failure.to_string()),
    };
    if let Some(starts) = gateway.session_start_limit
        && starts.remaining < u64::from(gateway.shards.max(1))
    {
        return ConnectionEnd::Exhausted(Duration::from_millis(starts.reset_after));
    }
    let (sender, mut receiver) = EventSender::new();
    let _client = match start(app, bot, gateway, sender).await {
        Ok(client) => client,
        Err(error) => return ConnectionEnd::Broken(error.to_string()),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(member_sync::run(Arc::clone(app), receiver.members));
    loop {
        tokio::select! {
            event = receiver.connection.recv() => match event {
                None => return ConnectionEnd::Broken("the connection was closed".to_owned()),
                Some(ConnectionEvent::Ended(end)) => return end,
                Some(ConnectionEvent::SessionRequested) => *session_started = Some(app.clock.elapsed()),
                Some(ConnectionEvent::Connected(application)) => {
                    bot.rest().mark_reachable();
                    bot.set_status(app.clock.now(), DiscordConnectionState::Connected, None);
                    bot.outbox().wake();
                    if let Some(application) = application {
                        tasks.spawn(register_commands(Arc::clone(app), application));
                        tasks.spawn(catch_up(Arc::clone(app)));
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

/// Registers the bot's commands, and retries until it succeeds.
async fn register_commands(app: Arc<App>, application: ApplicationId) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    while let Err(error) = bot.rest().set_commands(application, &commands::definitions()).await {
        tracing::warn!(%error, "could not register the bot's commands; retrying");
        app.clock.sleep(RETRY_PAUSE).await;
    }
}

/// Schedules syncs of all guilds, because a new session has missed the changes before it. Retries until it succeeds.
async fn catch_up(app: Arc<App>) {
    while let Err(error) = sync::catch_up(&app.discord).await {
        tracing::warn!(%error, "could not schedule the role syncs after a new session; retrying");
        app.clock.sleep(RETRY_PAUSE).await;
    }
}

/// A change of the connection.
enum ConnectionEvent {
    /// The connection is ready: as this application if the session is new, `None` if it was resumed.
    Connected(Option<ApplicationId>),
    /// The connection was lost, and is being restored.
    Lost,
    /// A shard asks Discord for a session.
    SessionRequested,
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

async fn start(app: &App, bot: &Bot, gateway: Gateway, sender: EventSender) -> std::io::Result<GatewayClient> {
    let reporter = sender.clone();
    // serenity does not report when it resumes a session or waits for one, so the relay reports lost connections.
    let report = move |event| {
        reporter.send(match event {
            RelayEvent::Lost(Some(code)) if RECONNECT_CODES.contains(&code) => ConnectionEvent::Ended(
                ConnectionEnd::Broken(format!("Discord requires a new connection (close code {code})")),
            ),
            RelayEvent::Lost(_) => ConnectionEvent::Lost,
            RelayEvent::SessionRequested => ConnectionEvent::SessionRequested,
            RelayEvent::SessionEnded => {
                ConnectionEvent::Ended(ConnectionEnd::Broken("Discord has ended the session.".to_owned()))
            }
        });
    };
    let relay = Relay::open(&gateway.url, gateway.shards.max(1), &app.clock, report).await?;
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
        Err(serenity::Error::Gateway(GatewayError::InvalidGatewayIntents)) => {
            ConnectionEnd::Refused("Discord does not know the bot's intents. Use a newer release.".to_owned())
        }
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
        self.0.send_member(member.guild_id, server_member(&member.user, member.nick, &member.roles, member.pending));
    }

    async fn guild_member_update(
        &self,
        _: Context,
        _: Option<Member>,
        _: Option<Member>,
        event: GuildMemberUpdateEvent,
    ) {
        self.0.send_member(event.guild_id, server_member(&event.user, event.nick, &event.roles, event.pending));
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        if self.0.interactions.try_send(interaction).is_err() {
            tracing::warn!("too many commands are queued; dropped one");
        }
    }
}

fn server_member(user: &serenity::all::User, nick: Option<String>, roles: &[RoleId], pending: bool) -> ServerMember {
    let user = User {
        id: user.id.to_string(),
        username: user.name.clone(),
        global_name: user.global_name.clone(),
        bot: user.bot,
    };
    ServerMember { user, nick, pending, roles: roles.iter().map(ToString::to_string).collect() }
}
