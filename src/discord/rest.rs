//! Discord's REST API: serenity's requests, sent so that a rate limit, a refusal and Discord being down can be told apart.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use reqwest::{Response, StatusCode, header::HeaderMap};
use serde::{Deserialize, de::DeserializeOwned};
use serenity::{
    all::{ApplicationId, ChannelId, GuildId as ServerId, InteractionId, UserId},
    builder::{CreateCommand, CreateInteractionResponse},
    http::{Http, HttpBuilder, LightMethod, RatelimitingBucket, Request, Route},
};

use super::breaker::Breaker;
use crate::kernel::clock::{Clock, Timestamp};

/// How long Discord may take over a request.
const TIMEOUT: Duration = Duration::from_secs(8);
/// How long to wait when Discord asks to, and does not say for how long.
const UNTOLD: Duration = Duration::from_secs(5);
/// How long to open no direct messages when they were opened too fast.
const TOO_FAST: Duration = Duration::from_mins(1);
/// The longest wait that is taken from Discord's word.
const LONGEST: Duration = Duration::from_hours(1);
/// Most members of a page.
pub const PAGE: usize = 1_000;

/// Sends requests to Discord for one bot.
pub struct Rest {
    client: reqwest::Client,
    token: String,
    base: String,
    clock: Clock,
    breaker: Mutex<Breaker>,
    /// When what was used up is there again: by route, and under none for all.
    limits: Mutex<HashMap<Option<RatelimitingBucket>, Timestamp>>,
}

/// Why Discord did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not before then: a rate limit, or Discord has been down until now. It was not asked.
    #[error("Discord is to be asked again later")]
    NotBefore(Timestamp),
    /// There was no answer, or one that says it is Discord's own fault.
    #[error("{0}")]
    Down(String),
    /// The bot's token is not taken.
    #[error("Discord does not take the bot's token")]
    Unauthorized,
    /// Discord will not do it, now or later.
    #[error("Discord refused it: {message} (HTTP {status}, code {code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own code.
        code: i64,
        /// In Discord's words.
        message: String,
    },
}

/// A user as Discord lists them among a server's members.
#[derive(Clone, Debug, Deserialize)]
pub struct ServerMember {
    /// Who.
    pub user: User,
    /// How they are called in this server.
    #[serde(default)]
    pub nick: Option<String>,
    /// The ids of their roles.
    #[serde(default)]
    pub roles: Vec<String>,
}

impl ServerMember {
    /// Who, as serenity has it.
    pub fn id(&self) -> Option<UserId> {
        super::rows::snowflake(&self.user.id).map(UserId::new)
    }
}

/// A user of Discord.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// Their id.
    pub id: String,
    /// Their username.
    pub username: String,
    /// How they want to be called.
    #[serde(default)]
    pub global_name: Option<String>,
    /// Whether it is a bot.
    #[serde(default)]
    pub bot: bool,
}

/// Where the gateway is, and how many connections it wants.
#[derive(Clone, Debug, Deserialize)]
pub struct Gateway {
    /// Its address.
    pub url: String,
    /// How many shards there are to be.
    #[serde(default = "one")]
    pub shards: u32,
    /// How often the bot may begin a session.
    #[serde(default)]
    pub session_start_limit: Option<SessionStarts>,
}

/// How often the bot may begin a session: Discord takes the token away from one that does so too often.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SessionStarts {
    /// How often still.
    pub remaining: u64,
}

const fn one() -> u32 {
    1
}

#[derive(Deserialize)]
struct Channel {
    id: ChannelId,
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(default, rename = "type")]
    kind: u8,
}

/// The types of channels that are in no server: direct messages, of two and of several.
const DIRECT: [u8; 2] = [1, 3];

/// What Discord says of a request that it does not carry out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Trouble {
    code: i64,
    message: String,
    /// In seconds.
    retry_after: Option<f64>,
    global: bool,
}

impl Rest {
    /// For the bot of this token; `base` stands before `/api/v10`.
    ///
    /// # Errors
    /// When there is no client to be had.
    pub fn new(token: &str, base: &str, clock: Clock) -> Result<Self, String> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(TIMEOUT / 2).build();
        let token = token.trim();
        let base = base.trim_end_matches('/').trim_end_matches("/api/v10").trim_end_matches("/api");
        Ok(Self {
            client: client.map_err(|error| format!("cannot talk to Discord: {error}"))?,
            token: if token.starts_with("Bot ") { token.to_owned() } else { format!("Bot {token}") },
            base: base.to_owned(),
            clock,
            breaker: Mutex::default(),
            limits: Mutex::default(),
        })
    }

    /// serenity's own client for the same bot, for its gateway.
    pub fn http(&self) -> Http {
        // Behind another base its limiter would still ask the real Discord.
        HttpBuilder::new(&self.token).client(self.client.clone()).proxy(&self.base).ratelimiter_disabled(true).build()
    }

    /// Until when nothing is asked of Discord, since it has been down.
    pub fn open_until(&self) -> Option<Timestamp> {
        self.breaker.lock().open_until(self.clock.now())
    }

    /// How many of so many requests it is worth making.
    pub fn room(&self, requests: usize) -> usize {
        self.breaker.lock().room(self.clock.now(), requests)
    }

    /// Discord was heard of otherwise: it is there.
    pub fn is_alive(&self) {
        self.breaker.lock().succeeded();
    }

    /// Where the gateway is.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn gateway(&self) -> Result<Gateway, Failure> {
        self.fetch(Request::new(Route::GatewayBot, LightMethod::Get)).await
    }

    /// A page of a server's members, by id, after this one.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn members(&self, server: ServerId, after: Option<&str>) -> Result<Vec<ServerMember>, Failure> {
        let mut params = vec![("limit", PAGE.to_string())];
        params.extend(after.map(|after| ("after", after.to_owned())));
        let route = Route::GuildMembers { guild_id: server };
        self.fetch(Request::new(route, LightMethod::Get).params(Some(params))).await
    }

    /// The channel of direct messages with a user.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn direct_channel(&self, user: UserId) -> Result<ChannelId, Failure> {
        let body = serde_json::json!({ "recipient_id": user.to_string() }).to_string();
        let request = Request::new(Route::UserMeDmChannels, LightMethod::Post).body(Some(body.into_bytes()));
        self.fetch::<Channel>(request).await.map(|channel| channel.id)
    }

    /// The id of the server that a channel is in: empty of one that is in none, `None` if Discord does not say.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn server_of(&self, channel: ChannelId) -> Result<Option<String>, Failure> {
        let route = Route::Channel { channel_id: channel };
        self.fetch::<Channel>(Request::new(route, LightMethod::Get)).await.map(|channel| {
            let nowhere = || DIRECT.contains(&channel.kind).then(String::new);
            channel.guild_id.or_else(nowhere)
        })
    }

    /// A server's member, as they are now.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn member(&self, server: ServerId, user: UserId) -> Result<ServerMember, Failure> {
        self.fetch(Request::new(Route::GuildMember { guild_id: server, user_id: user }, LightMethod::Get)).await
    }

    /// Posts a message, given as Discord takes it.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn post(&self, channel: ChannelId, body: String) -> Result<(), Failure> {
        let route = Route::ChannelMessages { channel_id: channel };
        self.send(Request::new(route, LightMethod::Post).body(Some(body.into_bytes()))).await?;
        Ok(())
    }

    /// Makes these the bot's commands, in all servers.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn set_commands(&self, application: ApplicationId, commands: &[CreateCommand]) -> Result<(), Failure> {
        let route = Route::Commands { application_id: application };
        self.send(Request::new(route, LightMethod::Put).body(Some(written(&commands)?))).await?;
        Ok(())
    }

    /// Answers whoever used a command, a button or a menu: at once, whatever else Discord has been asked for, since they wait
    /// for three seconds only.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn respond(
        &self,
        interaction: InteractionId,
        token: &str,
        answer: &CreateInteractionResponse,
    ) -> Result<(), Failure> {
        let route = Route::InteractionResponse { interaction_id: interaction, token };
        let request = Request::new(route, LightMethod::Post).body(Some(written(answer)?));
        self.ask(request).await?;
        Ok(())
    }

    async fn fetch<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, Failure> {
        let response = self.send(request).await?;
        response.json().await.map_err(|error| Failure::Down(format!("Discord's answer cannot be read: {error}")))
    }

    async fn send(&self, request: Request<'_>) -> Result<Response, Failure> {
        let now = self.clock.now();
        // The bucket of messages is a channel's own, and so on.
        let bucket = request.route_ref().ratelimiting_bucket();
        self.check_limits(bucket, now)?;
        self.breaker.lock().admit(now).map_err(Failure::NotBefore)?;
        let result = self.ask(request).await;
        let mut breaker = self.breaker.lock();
        match result {
            // A token that is not taken any more is not worth many questions either.
            Err(Failure::Down(_) | Failure::Unauthorized) => breaker.failed(self.clock.now(), rand::random()),
            _ => breaker.succeeded(),
        }
        result
    }

    async fn ask(&self, request: Request<'_>) -> Result<Response, Failure> {
        let bucket = request.route_ref().ratelimiting_bucket();
        let request = request.build(&self.client, &self.token, Some(&self.base));
        let request = request.map_err(|error| Failure::Down(format!("not a request: {error}")))?;
        match request.send().await {
            // The address holds the tokens of interactions.
            Err(error) => Err(Failure::Down(format!("Discord does not answer: {}", error.without_url()))),
            Ok(response) => self.judge(response, bucket).await,
        }
    }

    async fn judge(&self, response: Response, bucket: RatelimitingBucket) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            if seconds(response.headers(), "x-ratelimit-remaining") == Some(Duration::ZERO)
                && let Some(wait) = seconds(response.headers(), "x-ratelimit-reset-after")
            {
                self.limit(Some(bucket), wait);
            }
            return Ok(response);
        }
        let (retry_after, is_global) =
            (seconds(response.headers(), "retry-after"), response.headers().contains_key("x-ratelimit-global"));
        let trouble: Option<Trouble> = response.json().await.ok();
        let is_discords = trouble.is_some();
        let trouble = trouble.unwrap_or_default();
        match status {
            // Direct messages are opened too fast.
            _ if trouble.code == 40_003 => Err(Failure::NotBefore(self.limit(Some(bucket), TOO_FAST))),
            StatusCode::TOO_MANY_REQUESTS => {
                let told = trouble.retry_after.and_then(|wait| Duration::try_from_secs_f64(wait).ok());
                // Without Discord's words it is whoever stands before all of Discord.
                let which = (is_discords && !is_global && !trouble.global).then_some(bucket);
                Err(Failure::NotBefore(self.limit(which, told.or(retry_after).unwrap_or(UNTOLD))))
            }
            StatusCode::UNAUTHORIZED => Err(Failure::Unauthorized),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT || !is_discords => {
                Err(Failure::Down(format!("Discord has trouble of its own (HTTP {})", status.as_u16())))
            }
            status => {
                let message: String = trouble.message.chars().take(200).collect();
                Err(Failure::Refused { status: status.as_u16(), code: trouble.code, message })
            }
        }
    }

    fn check_limits(&self, bucket: RatelimitingBucket, now: Timestamp) -> Result<(), Failure> {
        let mut limits = self.limits.lock();
        // None is longer: the clock was set back.
        limits.retain(|_, until| now < *until && *until <= now + LONGEST);
        let until = [None, Some(bucket)].iter().filter_map(|which| limits.get(which)).max().copied();
        until.map_or(Ok(()), |until| Err(Failure::NotBefore(until)))
    }

    fn limit(&self, which: Option<RatelimitingBucket>, wait: Duration) -> Timestamp {
        let until = self.clock.now() + wait.min(LONGEST);
        self.limits.lock().insert(which, until);
        until
    }
}

fn written(value: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::Down(format!("not a request: {error}")))
}

/// Seconds, as Discord's headers tell them.
fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(headers.get(name)?.to_str().ok()?.parse().ok()?).ok()
}
