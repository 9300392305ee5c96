//! The connection to Discord's gateway: serenity's client, started anew whenever it gives up.

use std::{sync::Arc, time::Duration};

use serenity::{
    all::{
        ApplicationId, Context, EventHandler, GatewayIntents, GuildMemberUpdateEvent, Interaction, Member, Ready,
        ResumedEvent, RoleId,
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
    Bot, DiscordConnection, Standing,
    breaker::backoff,
    commands,
    relay::Relay,
    rest::{Failure, Gateway, ServerMember, User},
    sync,
};
use crate::{
    app::App,
    clock::{Clock, Instant},
};

/// How long to wait before connecting anew: after a first failure, and at the most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(30);
/// How long to wait after Discord refused the bot: until an operator has mended it.
const REFUSED: Duration = Duration::from_mins(5);

/// How much of what comes from Discord waits for its turn at the most.
const MAX_HEARD: usize = 10_000;

const BAD_TOKEN: &str = "Discord does not take the bot's token: is it the one that the developer portal shows?";

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
    let gateway = match bot.rest.gateway().await {
        Ok(gateway) => gateway,
        Err(Failure::Unauthorized) => return End::Refused(BAD_TOKEN.to_owned()),
        Err(failure) => return End::Broken(failure.to_string()),
    };
    let (hears, mut heard) = mpsc::channel(MAX_HEARD);
    let _client = match start(bot, gateway, hears).await {
        Ok(client) => client,
        Err(error) => return End::Broken(error.to_string()),
    };
    let mut answers = JoinSet::new();
    // The application whose commands Discord is still to be told of, and when.
    let mut untold: Option<(ApplicationId, Instant)> = None;
    loop {
        let news = tokio::select! {
            news = heard.recv() => news,
            Some(_) = answers.join_next() => continue,
            application = due(&app.clock, untold) => {
                untold = match bot.rest.set_commands(application, &commands::all()).await {
                    Ok(()) => None,
                    Err(error) => {
                        tracing::warn!(%error, "Discord could not be told of the bot's commands; trying again");
                        Some((application, app.clock.now() + MOST))
                    }
                };
                continue;
            }
        };
        match news {
            None => return End::Broken("the connection was closed".to_owned()),
            Some(News::Ended(end)) => return end,
            Some(News::Connected(application)) => {
                bot.rest.is_alive();
                bot.stands(app, DiscordConnection::Connected, None);
                bot.wake();
                untold = application.map(|application| (application, app.clock.now())).or(untold);
            }
            Some(News::Lost) => {
                bot.stands(app, DiscordConnection::Connecting, Some("The connection was lost.".to_owned()));
            }
            // One after the other, as they came.
            Some(News::Member(server, member)) => {
                if let Err(error) = sync::one(app, &server, member).await {
                    // The next scheduled sync makes up for it.
                    tracing::warn!(%error, server, "a member's change on Discord could not be followed");
                }
            }
            Some(News::Interaction(interaction)) => {
                let app = Arc::clone(app);
                answers.spawn(async move { commands::answer(&app, *interaction).await });
            }
        }
    }
}

/// Returns the application when it is due.
async fn due(clock: &Clock, untold: Option<(ApplicationId, Instant)>) -> ApplicationId {
    match untold {
        Some((application, at)) => {
            clock.sleep_until(at).await;
            application
        }
        None => std::future::pending().await,
    }
}

/// What the client has heard.
enum News {
    /// It is connected: anew, as this application, or again.
    Connected(Option<ApplicationId>),
    /// It is not connected any more, and about to be again.
    Lost,
    /// Someone has come to a server, or has changed.
    Member(String, ServerMember),
    /// Someone used a command, a button or a menu.
    Interaction(Box<Interaction>),
    /// It has given up.
    Ended(End),
}

/// serenity's client. It gets a runtime of its own, to go away with all that it has started: its own way to stop leaves
/// connections behind.
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

async fn start(bot: &Bot, gateway: Gateway, hears: mpsc::Sender<News>) -> std::io::Result<Running> {
    let lost = hears.clone();
    // serenity takes up a session again without a word, or waits for one as long as it takes.
    let relay = Relay::open(&gateway.url, move || pass_on(&lost, News::Lost)).await?;
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("discord").enable_all().build()?;
    let (http, url, shards) = (bot.rest.http(), relay.url.clone(), gateway.shards.max(1));
    runtime.spawn(async move {
        let ended = run_client(http, url, shards, Handler { hears: hears.clone() }).await;
        // Whoever listened may be gone.
        let _ = hears.send(News::Ended(ended)).await;
    });
    Ok(Running { runtime: Some(runtime), _relay: relay })
}

async fn run_client(http: Http, url: String, shards: u32, handler: Handler) -> End {
    let mut client = match ClientBuilder::new_with_http(http, INTENTS).event_handler(handler).await {
        Ok(client) => client,
        Err(error) => return End::Broken(error.to_string()),
    };
    // In place of the address that it has asked for itself, or fallen back to.
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

struct Handler {
    hears: mpsc::Sender<News>,
}

fn pass_on(hears: &mpsc::Sender<News>, news: News) {
    if let Err(TrySendError::Full(_)) = hears.try_send(news) {
        // Of members the next scheduled sync knows all the same.
        tracing::warn!("more comes from Discord than can be followed; some of it is passed over");
    }
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, _: Context, ready: Ready) {
        tracing::info!(bot = ready.user.name, servers = ready.guilds.len(), "connected to Discord");
        pass_on(&self.hears, News::Connected(Some(ready.application.id)));
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        pass_on(&self.hears, News::Connected(None));
    }

    async fn guild_member_addition(&self, _: Context, member: Member) {
        let server = member.guild_id.to_string();
        pass_on(&self.hears, News::Member(server, seen(&member.user, member.nick, &member.roles)));
    }

    async fn guild_member_update(
        &self,
        _: Context,
        _: Option<Member>,
        _: Option<Member>,
        event: GuildMemberUpdateEvent,
    ) {
        let server = event.guild_id.to_string();
        pass_on(&self.hears, News::Member(server, seen(&event.user, event.nick, &event.roles)));
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        pass_on(&self.hears, News::Interaction(Box::new(interaction)));
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
