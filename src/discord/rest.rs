//! Discord's REST API: sends serenity's requests, and distinguishes a rate limit, a refusal and an outage.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use reqwest::{Response, StatusCode, header::HeaderMap};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use serenity::{
    all::{ApplicationId, ChannelId, GuildId as ServerId, InteractionId, MessageId, UserId},
    builder::{CreateCommand, CreateInteractionResponse, CreateInteractionResponseMessage},
    http::{Http, HttpBuilder, LightMethod, RatelimitingBucket, Request, Route},
};

pub use super::resources::{Gateway, Role, ServerMember, User};
use super::{
    breaker::{Breakers, Scope},
    rate_limits::RateLimits,
    refused_parts::refused_paths,
    resources::{self, Server},
};
use crate::kernel::{
    clock::{Clock, Timestamp},
    id::GuildId,
};

/// Longest time of a request.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Pause when Discord limits requests without a time.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);
/// Pause when direct messages were opened too fast and Discord gives no time.
const DIRECT_CHANNEL_PAUSE: Duration = Duration::from_mins(1);
/// Pause when an old message was edited too often and Discord gives no time.
const EDIT_PAUSE: Duration = Duration::from_mins(1);
/// Number of members on a page, the most that Discord allows.
pub const PAGE: usize = 1_000;

/// Sends requests to Discord for one bot.
pub struct Rest {
    client: reqwest::Client,
    token: String,
    base: String,
    clock: Clock,
    breakers: Mutex<Breakers>,
    /// Rate limits by the route's bucket; `None` limits all routes.
    limits: Mutex<RateLimits<Option<RatelimitingBucket>>>,
}

/// Why a request to Discord failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscordError {
    /// No request was made, because of a rate limit or an open circuit breaker. Try again at this time.
    #[error("requests to Discord are paused")]
    NotBefore(Timestamp),
    /// Discord did not respond, or responded with an error of its own.
    #[error("{0}")]
    Down(String),
    /// Discord rejects the bot's token.
    #[error("Discord rejects the bot's token")]
    Unauthorized,
    /// Discord refuses the request, now and later.
    #[error("Discord refused the request: {message} (HTTP {status}, code {code})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Discord's own code.
        code: i64,
        /// Discord's message.
        message: String,
        /// The paths of the refused parts of the body.
        parts: Vec<Vec<String>>,
    },
}

#[derive(Deserialize)]
struct Channel {
    id: ChannelId,
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(default, rename = "type")]
    kind: u8,
}

/// A posted message.
#[derive(Deserialize)]
struct Posted {
    id: MessageId,
}

/// The types of channels outside of any server: direct messages, and group direct messages.
const DIRECT: [u8; 2] = [1, 3];

/// The body of Discord's error responses.
#[derive(Default)]
struct ErrorBody {
    code: i64,
    message: String,
    /// The paths of the refused parts of the request's body.
    refused_parts: Vec<Vec<String>>,
    retry_after: Option<Duration>,
    global: bool,
}

impl ErrorBody {
    /// Reads a body, in which a field of a wrong type counts as absent. Returns `None` for a body that is not Discord's.
    fn parse(body: &Value) -> Option<Self> {
        let fields = body.as_object()?;
        let field = |name: &str| fields.get(name).unwrap_or(&Value::Null);
        let retry_after = match field("retry_after") {
            Value::String(text) => text.trim().parse().ok(),
            number => number.as_f64(),
        };
        Some(Self {
            code: field("code").as_i64().unwrap_or_default(),
            message: field("message").as_str().unwrap_or_default().chars().take(200).collect(),
            refused_parts: refused_paths(field("errors")),
            retry_after: retry_after.and_then(duration),
            global: field("global").as_bool().unwrap_or_default(),
        })
    }
}

impl Rest {
    /// A client for the bot of this token; `base` is the address before `/api/v10`.
    ///
    /// # Errors
    /// If no HTTP client can be built.
    pub fn new(token: &str, base: &str, clock: Clock) -> Result<Self, String> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(TIMEOUT / 2).build();
        let token = token.trim();
        let base = base.trim_end_matches('/').trim_end_matches("/api/v10").trim_end_matches("/api");
        Ok(Self {
            client: client.map_err(|error| format!("cannot build the HTTP client for Discord: {error}"))?,
            token: if token.starts_with("Bot ") { token.to_owned() } else { format!("Bot {token}") },
            base: base.to_owned(),
            clock,
            breakers: Mutex::default(),
            limits: Mutex::default(),
        })
    }

    /// serenity's own client for the same bot, which the gateway client needs.
    pub fn http(&self) -> Http {
        // serenity's rate limiter ignores the base, and would send its requests to the real Discord.
        HttpBuilder::new(&self.token).client(self.client.clone()).proxy(&self.base).ratelimiter_disabled(true).build()
    }

    /// The time.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The circuit breakers.
    pub fn breakers(&self) -> MutexGuard<'_, Breakers> {
        self.breakers.lock()
    }

    /// Closes the circuit breaker of all requests, because Discord was reached by other means.
    pub fn mark_reachable(&self) {
        self.breakers.lock().succeeded(Scope::Bot);
    }

    /// The gateway's address.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn gateway(&self) -> Result<Gateway, DiscordError> {
        self.fetch(Scope::Bot, Request::new(Route::GatewayBot, LightMethod::Get)).await
    }

    /// A page of a server's members, ordered by id, after this id.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn members(
        &self,
        guild: GuildId,
        server: ServerId,
        after: Option<&str>,
    ) -> Result<Vec<ServerMember>, DiscordError> {
        let mut params = vec![("limit", PAGE.to_string())];
        params.extend(after.map(|after| ("after", after.to_owned())));
        let route = Route::GuildMembers { guild_id: server };
        let request = Request::new(route, LightMethod::Get).params(Some(params));
        self.fetch(Scope::Guild(guild, server.get()), request).await
    }

    /// The channel of direct messages with a user.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn direct_channel(&self, guild: GuildId, user: UserId) -> Result<ChannelId, DiscordError> {
        let body = serde_json::json!({ "recipient_id": user.to_string() }).to_string();
        let request = Request::new(Route::UserMeDmChannels, LightMethod::Post).body(Some(body.into_bytes()));
        self.fetch::<Channel>(Scope::Guild(guild, user.get()), request).await.map(|channel| channel.id)
    }

    /// The id of a channel's server: empty for a channel outside of any server, `None` if Discord's response has none.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn server_of(&self, guild: GuildId, channel: ChannelId) -> Result<Option<String>, DiscordError> {
        let route = Route::Channel { channel_id: channel };
        let scope = Scope::Guild(guild, channel.get());
        self.fetch::<Channel>(scope, Request::new(route, LightMethod::Get)).await.map(|channel| {
            let nowhere = || DIRECT.contains(&channel.kind).then(String::new);
            channel.guild_id.or_else(nowhere)
        })
    }

    /// The roles of a server.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn roles(&self, guild: GuildId, server: ServerId) -> Result<Vec<Role>, DiscordError> {
        let route = Route::GuildRoles { guild_id: server };
        self.fetch(Scope::Guild(guild, server.get()), Request::new(route, LightMethod::Get)).await
    }

    /// A server, with its roles.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn server(&self, guild: GuildId, server: ServerId) -> Result<Server, DiscordError> {
        let route = Route::Guild { guild_id: server };
        self.fetch(Scope::Guild(guild, server.get()), Request::new(route, LightMethod::Get)).await
    }

    /// The channels of a server.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn channels(&self, guild: GuildId, server: ServerId) -> Result<Vec<resources::Channel>, DiscordError> {
        let route = Route::GuildChannels { guild_id: server };
        self.fetch(Scope::Guild(guild, server.get()), Request::new(route, LightMethod::Get)).await
    }

    /// The bot's own user.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn user(&self) -> Result<User, DiscordError> {
        self.fetch(Scope::Bot, Request::new(Route::UserMe, LightMethod::Get)).await
    }

    /// The current state of a server's member.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn member(&self, guild: GuildId, server: ServerId, user: UserId) -> Result<ServerMember, DiscordError> {
        let route = Route::GuildMember { guild_id: server, user_id: user };
        self.fetch(Scope::Guild(guild, server.get()), Request::new(route, LightMethod::Get)).await
    }

    /// Posts a message, given as Discord's JSON, and returns its id.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn post(&self, scope: Scope, channel: ChannelId, body: String) -> Result<MessageId, DiscordError> {
        let route = Route::ChannelMessages { channel_id: channel };
        let request = Request::new(route, LightMethod::Post).body(Some(body.into_bytes()));
        self.fetch::<Posted>(scope, request).await.map(|posted| posted.id)
    }

    /// Edits a message of the bot. The body is Discord's JSON.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn edit(
        &self,
        scope: Scope,
        channel: ChannelId,
        message: MessageId,
        body: String,
    ) -> Result<(), DiscordError> {
        let route = Route::ChannelMessage { channel_id: channel, message_id: message };
        self.send(scope, Request::new(route, LightMethod::Patch).body(Some(body.into_bytes()))).await?;
        Ok(())
    }

    /// Registers the bot's commands for all servers. They replace the registered ones.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn set_commands(
        &self,
        application: ApplicationId,
        commands: &[CreateCommand],
    ) -> Result<(), DiscordError> {
        let route = Route::Commands { application_id: application };
        self.send(Scope::Bot, Request::new(route, LightMethod::Put).body(Some(to_json(&commands)?))).await?;
        Ok(())
    }

    /// Responds to the use of a command, a button or a menu. Rate limits and the circuit breaker don't apply, because
    /// Discord waits for three seconds only.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn respond(
        &self,
        interaction: InteractionId,
        token: &str,
        response: &CreateInteractionResponse,
    ) -> Result<(), DiscordError> {
        let route = Route::InteractionResponse { interaction_id: interaction, token };
        let request = Request::new(route, LightMethod::Post).body(Some(to_json(response)?));
        let sent = self.limits.lock().sent();
        self.execute(request, sent).await?;
        Ok(())
    }

    /// Replaces the response to an interaction that was announced before.
    ///
    /// # Errors
    /// See [`DiscordError`].
    pub async fn replace_response(
        &self,
        application: ApplicationId,
        token: &str,
        reply: &CreateInteractionResponseMessage,
    ) -> Result<(), DiscordError> {
        let route = Route::WebhookOriginalInteractionResponse { application_id: application, token };
        let mut reply = serde_json::to_value(reply).map_err(|error| DiscordError::Down(error.to_string()))?;
        // The announced response decides who sees the reply.
        if let Some(reply) = reply.as_object_mut() {
            reply.remove("flags");
        }
        let request = Request::new(route, LightMethod::Patch).body(Some(to_json(&reply)?));
        let sent = self.limits.lock().sent();
        self.execute(request, sent).await?;
        Ok(())
    }

    async fn fetch<T: DeserializeOwned>(&self, scope: Scope, request: Request<'_>) -> Result<T, DiscordError> {
        let response = self.send(scope, request).await?;
        response.json().await.map_err(|error| DiscordError::Down(format!("Discord's response cannot be read: {error}")))
    }

    async fn send(&self, scope: Scope, request: Request<'_>) -> Result<Response, DiscordError> {
        let now = self.clock.now();
        // Buckets include the channel or the server, so each channel has its own limit for messages.
        let buckets = [None, Some(request.route_ref().ratelimiting_bucket())];
        let sent = {
            let mut limits = self.limits.lock();
            limits
                .limited_until(&buckets, now)
                .map_or(Ok(limits.sent()), |until| Err(DiscordError::NotBefore(until)))?
        };
        self.breakers.lock().admit(scope, now).map_err(DiscordError::NotBefore)?;
        let result = self.execute(request, sent).await;
        let (now, jitter) = (self.clock.now(), rand::random());
        match result {
            Err(DiscordError::Down(_)) => self.breakers.lock().failed(scope, now, jitter),
            Err(DiscordError::Unauthorized) => self.breakers.lock().rejected(now, jitter),
            _ => self.breakers.lock().succeeded(scope),
        }
        if !matches!(result, Err(DiscordError::NotBefore(_))) {
            self.limits.lock().succeeded(&buckets, sent);
        }
        result
    }

    /// Sends a request. `sent` is the number for [`RateLimits::limited`].
    async fn execute(&self, request: Request<'_>, sent: u64) -> Result<Response, DiscordError> {
        let bucket = request.route_ref().ratelimiting_bucket();
        let request = request.build(&self.client, &self.token, Some(&self.base));
        let request = request.map_err(|error| DiscordError::Down(format!("the request cannot be built: {error}")))?;
        match request.send().await {
            // The URL contains the tokens of interactions.
            Err(error) => Err(DiscordError::Down(format!("Discord does not respond: {}", error.without_url()))),
            Ok(response) => self.check_response(response, bucket, sent).await,
        }
    }

    async fn check_response(
        &self,
        response: Response,
        bucket: RatelimitingBucket,
        sent: u64,
    ) -> Result<Response, DiscordError> {
        let status = response.status();
        if status.is_success() {
            if seconds(response.headers(), "x-ratelimit-remaining") == Some(Duration::ZERO)
                && let Some(wait) = seconds(response.headers(), "x-ratelimit-reset-after")
            {
                self.limits.lock().exhausted(Some(bucket), wait, self.clock.now());
            }
            return Ok(response);
        }
        let headers = response.headers();
        let (retry_after, scope) = (seconds(headers, "retry-after"), headers.get("x-ratelimit-scope").cloned());
        let is_global = headers.contains_key("x-ratelimit-global") || scope.as_ref().is_some_and(|it| it == "global");
        let error = response.json::<Value>().await.ok().and_then(|body| ErrorBody::parse(&body));
        let is_from_discord = error.is_some() || scope.is_some();
        let error = error.unwrap_or_default();
        let limited = |which, default| {
            let wait = error.retry_after.or(retry_after).unwrap_or(default);
            Err(DiscordError::NotBefore(self.limits.lock().limited(which, wait, sent, self.clock.now())))
        };
        match status {
            // Direct messages were opened too fast.
            _ if error.code == 40_003 => limited(Some(bucket), DIRECT_CHANNEL_PAUSE),
            // A message that is older than an hour was edited too often.
            _ if error.code == 30_046 => limited(Some(bucket), EDIT_PAUSE),
            StatusCode::TOO_MANY_REQUESTS => {
                // A 429 without Discord's JSON comes from a proxy in front of Discord, so it limits all routes.
                limited((is_from_discord && !is_global && !error.global).then_some(bucket), DEFAULT_RETRY_AFTER)
            }
            StatusCode::UNAUTHORIZED => Err(DiscordError::Unauthorized),
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT || !is_from_discord => {
                Err(DiscordError::Down(format!("Discord reports an internal error (HTTP {})", status.as_u16())))
            }
            status => {
                let ErrorBody { code, message, refused_parts: parts, .. } = error;
                Err(DiscordError::Refused { status: status.as_u16(), code, message, parts })
            }
        }
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>, DiscordError> {
    serde_json::to_vec(value).map_err(|error| DiscordError::Down(format!("the request cannot be built: {error}")))
}

/// The seconds in a header.
fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    duration(headers.get(name)?.to_str().ok()?.parse().ok()?)
}

/// A number of seconds, unless it is negative or not a number.
fn duration(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
