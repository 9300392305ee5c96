//! The REST API, as far as the server uses it. Any other request counts as invalid.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    DiscordState, LocalDiscord, PostedMessage, RestCall, SharedState, TcpHandle,
    limits::{self, BodyErrors},
    state::merge,
};

pub(super) async fn respond(
    State(shared): State<Arc<SharedState>>,
    ConnectInfo(tcp): ConnectInfo<TcpHandle>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().strip_prefix("/api/v10").unwrap_or("/outside");
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let posting = method == Method::POST && matches!(segments[..], ["channels", _, "messages"]);
    if posting {
        let channel = id(segments[1]);
        shared.wait_while(|state| state.holds > 0 || state.hanging_channels.contains(&channel)).await;
    }
    if matches!(segments[..], ["guilds", ..]) {
        shared.wait_while(|state| state.servers_hang).await;
    }
    let authorized =
        headers.get(header::AUTHORIZATION).is_some_and(|given| *given == format!("Bot {}", LocalDiscord::TOKEN));
    let query = uri.query().unwrap_or_default();
    let (response, lost) = shared.edit(|state| {
        let parsed = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
        let response = match (state.injected_failure(&segments), &parsed) {
            (Some(failure), _) => failure,
            (None, _) if !authorized && !matches!(segments[..], ["gateway"] | ["interactions" | "webhooks", ..]) => {
                error(401, 0, "401: Unauthorized")
            }
            (None, Ok(body)) => {
                let request = RestRequest { method: method.as_str(), path, query, body, gateway: &shared.url() };
                state.route(&request, &segments)
            }
            (None, Err(why)) => {
                state.invalid_requests.push(format!("{method} {path}: {why}"));
                error(400, 50109, "The request body contains invalid JSON.")
            }
        };
        let lost = posting && response.status().is_success() && state.lost_responses > 0;
        state.lost_responses -= usize::from(lost);
        state.calls.push(RestCall {
            method: method.to_string(),
            path: uri.path().strip_prefix("/api/v10").unwrap_or(uri.path()).to_owned(),
            query: query.to_owned(),
            body: parsed.unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))),
            status: if lost { 0 } else { response.status().as_u16() },
        });
        (response, lost)
    });
    if lost {
        tcp.cut();
    }
    if method == Method::GET && matches!(segments[..], ["guilds", _, "members"]) {
        let after_page = shared.edit(|state| state.after_page.take());
        if let Some(change) = after_page {
            change();
        }
    }
    response
}

/// A parsed request.
struct RestRequest<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    body: &'a Value,
    /// The gateway's address, for the response to a request of it.
    gateway: &'a str,
}

impl RestRequest<'_> {
    /// A parameter of the query.
    fn number(&self, key: &str) -> Option<u64> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| value.parse().ok())
    }
}

/// A request that is held back. Dropped when it is released, or when the client disconnects.
struct HeldPost<'a>(&'a SharedState);

impl Drop for HeldPost<'_> {
    fn drop(&mut self) {
        self.0.edit(|state| state.held_posts -= 1);
    }
}

impl SharedState {
    /// Waits while a request is held back.
    async fn wait_while(&self, is_held: impl Fn(&DiscordState) -> bool) {
        let mut changes = self.changes.subscribe();
        if !self.read(&is_held) {
            return;
        }
        self.edit(|state| state.held_posts += 1);
        let _held = HeldPost(self);
        while self.read(&is_held) {
            changes.changed().await.expect("the sender lives as long as the state");
        }
    }
}

impl DiscordState {
    /// The failure that the test wants for the next request.
    fn injected_failure(&mut self, segments: &[&str]) -> Option<Response> {
        if self.down {
            return Some(unavailable(503));
        }
        if segments.first() == Some(&"gateway") {
            return None;
        }
        if let Some(status) = self.failures.pop_front() {
            let broken = || error(status, 0, &format!("{status}: requested by the test"));
            return Some(if status > 500 { unavailable(status) } else { broken() });
        }
        if let Some(after) = self.odd_rate_limits.pop_front() {
            let body = json!({ "message": "You are being rate limited.", "retry_after": after, "global": false });
            return Some(json_response(429, &body));
        }
        let (after, global) = self.rate_limits.pop_front()?;
        let body = json!({ "message": "You are being rate limited.", "retry_after": after, "global": global });
        let mut response = json_response(429, &body);
        set_header(&mut response, "retry-after", &after.ceil());
        set_header(&mut response, "x-ratelimit-scope", &(if global { "global" } else { "user" }));
        if global {
            set_header(&mut response, "x-ratelimit-global", &true);
        } else {
            set_header(&mut response, "x-ratelimit-remaining", &0);
            set_header(&mut response, "x-ratelimit-reset-after", &after);
        }
        Some(response)
    }

    fn route(&mut self, request: &RestRequest<'_>, segments: &[&str]) -> Response {
        let bot = LocalDiscord::BOT.to_string();
        match (request.method, segments) {
            ("GET", ["gateway"]) => json_response(200, &json!({ "url": request.gateway })),
            ("GET", ["gateway", "bot"]) => {
                let (remaining, reset_after) = self.session_starts.unwrap_or((1000, 0));
                let limit = json!({
                    "total": 1000, "remaining": remaining, "reset_after": reset_after, "max_concurrency": 1,
                });
                json_response(200, &json!({ "url": request.gateway, "shards": 1, "session_start_limit": limit }))
            }
            ("GET", ["users", "@me"]) => json_response(200, &self.user(LocalDiscord::BOT)),
            ("POST", ["users", "@me", "channels"]) if !self.direct_channel_limits.is_empty() => {
                let after = self.direct_channel_limits.pop_front();
                let why = "You are opening direct messages too fast.";
                json_response(429, &json!({ "code": 40003, "message": why, "retry_after": after, "global": false }))
            }
            ("POST", ["users", "@me", "channels"]) => self.open_direct_channel(&request.body["recipient_id"]),
            ("GET", ["guilds", server, ..]) if !self.servers.contains_key(&id(server)) => {
                error(404, 10004, "Unknown Guild")
            }
            ("GET", ["guilds", server]) => json_response(200, &self.server_json(id(server))),
            ("GET", ["guilds", server, "roles"]) => json_response(200, &json!(self.roles(id(server)))),
            ("GET", ["guilds", server, "channels"]) => json_response(200, &json!(self.channels_of(id(server)))),
            ("GET", ["guilds", server, "members"]) => self.members(request, id(server)),
            ("GET", ["guilds", server, "members", user]) => match self.servers[&id(server)].members.get(&id(user)) {
                Some(roles) => json_response(200, &self.member(id(server), id(user), roles)),
                None => error(404, 10007, "Unknown Member"),
            },
            ("GET", ["channels", channel]) => match self.channels.get(&id(channel)) {
                Some(server) if !self.deleted_channels.contains(&id(channel)) => {
                    json_response(200, &json!({ "id": channel, "type": 0, "guild_id": server.to_string() }))
                }
                _ => error(404, 10003, "Unknown Channel"),
            },
            ("POST", ["channels", channel, "messages"]) => self.post(request, id(channel)),
            ("PATCH", ["channels", channel, "messages", message]) => {
                self.edit_message(request, id(channel), id(message))
            }
            ("PUT", ["applications", application, "commands"]) if *application == bot => {
                self.register_commands(request, None)
            }
            ("PUT", ["applications", application, "guilds", server, "commands"]) if *application == bot => {
                self.register_commands(request, Some(id(server)))
            }
            ("POST", ["interactions", interaction, token, "callback"]) => {
                self.callback(request, id(interaction), token)
            }
            ("POST" | "GET" | "PATCH" | "DELETE", ["webhooks", application, token, rest @ ..])
                if *application == bot && matches!(rest, [] | ["messages", _]) =>
            {
                self.follow_up(request, token)
            }
            _ => {
                self.invalid_requests.push(format!("unknown: {} {}", request.method, request.path));
                error(404, 0, "404: Not Found")
            }
        }
    }

    /// Opens the channel for direct messages with a user.
    fn open_direct_channel(&mut self, recipient: &Value) -> Response {
        let user = recipient.as_str().and_then(|user| user.parse().ok()).or(recipient.as_u64());
        match user.filter(|user| self.users.contains_key(user) && *user != LocalDiscord::BOT) {
            Some(user) => {
                let channel = self.direct_channel(user).to_string();
                json_response(200, &json!({ "id": channel, "type": 1, "recipients": [self.user(user)], "flags": 0 }))
            }
            None => error(400, 50033, "Invalid Recipient(s)"),
        }
    }

    fn members(&mut self, request: &RestRequest<'_>, server: u64) -> Response {
        let limit = request.number("limit").unwrap_or(1);
        if !(1..=1000).contains(&limit) {
            let mut errors = BodyErrors::default();
            errors.push("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 1000.");
            return self.malformed(request, &errors);
        }
        let after = request.number("after").unwrap_or_default() + 1;
        let limit = usize::try_from(limit).unwrap_or(1000);
        let members = self.servers[&server].members.range(after..).take(limit);
        json_response(200, &members.map(|(user, roles)| self.member(server, *user, roles)).collect())
    }

    fn post(&mut self, request: &RestRequest<'_>, channel: u64) -> Response {
        let to = self.recipient(channel);
        if let Some(status) = self.failing_channels.get(&channel) {
            return unavailable(*status);
        }
        if self.deleted_channels.contains(&channel) {
            return error(404, 10003, "Unknown Channel");
        }
        if to.is_some_and(|user| self.closed_dms.contains(&user) || self.users.get(&user).is_some_and(|(_, bot)| *bot))
        {
            return error(403, 50007, "Cannot send messages to this user");
        }
        if let Some(refused) = self.check_message(request, request.body) {
            return refused;
        }
        let has_embeds = request.body["embeds"].as_array().is_some_and(|embeds| !embeds.is_empty());
        if let Some((status, code)) = self.refused_embeds.filter(|_| has_embeds) {
            return error(status, code, "refused by the test");
        }
        let nonce = match &request.body["nonce"] {
            Value::Null => None,
            Value::String(nonce) => Some(nonce.clone()),
            other => Some(other.to_string()),
        };
        let enforced = nonce.is_some() && request.body["enforce_nonce"] == true;
        let earlier = self.messages.iter().find(|other| enforced && other.channel == channel && other.nonce == nonce);
        let message = if let Some(earlier) = earlier.cloned() {
            self.duplicates += 1;
            earlier
        } else {
            let message = PostedMessage { id: self.next_id(), channel, to, body: request.body.clone(), nonce };
            self.messages.push(message.clone());
            message
        };
        let mut response = json_response(200, &self.message(message.id, channel, &message.body));
        if let Some((limit, remaining, reset_after)) = self.channel_limit {
            set_header(&mut response, "x-ratelimit-limit", &limit);
            set_header(&mut response, "x-ratelimit-remaining", &remaining);
            set_header(&mut response, "x-ratelimit-reset-after", &reset_after);
        }
        response
    }

    fn edit_message(&mut self, request: &RestRequest<'_>, channel: u64, message: u64) -> Response {
        if let Some(status) = self.failing_channels.get(&channel) {
            return unavailable(*status);
        }
        if self.deleted_channels.contains(&channel) {
            return error(404, 10003, "Unknown Channel");
        }
        if let Some((status, code)) = self.refused_edits {
            return error(status, code, "Refused by the test.");
        }
        let is_known = self.messages.iter().any(|known| known.id == message && known.channel == channel);
        if !is_known || self.deleted_messages.contains(&message) {
            return error(404, 10008, "Unknown Message");
        }
        if self.edit_limits > 0 {
            self.edit_limits -= 1;
            return error(429, 30046, "Maximum number of edits to messages older than 1 hour reached. Try again later");
        }
        if let Some(refused) = self.check_message(request, request.body) {
            return refused;
        }
        self.edits.push((message, request.body.clone()));
        json_response(200, &self.message(message, channel, request.body))
    }

    fn register_commands(&mut self, request: &RestRequest<'_>, server: Option<u64>) -> Response {
        let errors = limits::commands(request.body);
        if !errors.is_empty() {
            return self.malformed(request, &errors);
        }
        let given = request.body.as_array().cloned().unwrap_or_default();
        match server {
            Some(server) => self.server_commands.insert(server, given.clone()),
            None => Some(std::mem::replace(&mut self.commands, given.clone())),
        };
        let registered = given.into_iter().map(|command| {
            let (id, version) = (self.next_id().to_string(), self.next_id().to_string());
            let mut registered =
                json!({ "type": 1, "id": id, "version": version, "application_id": LocalDiscord::BOT.to_string() });
            merge(&mut registered, command);
            registered
        });
        json_response(200, &registered.collect())
    }

    /// The bot's first response to an interaction.
    fn callback(&mut self, request: &RestRequest<'_>, interaction: u64, token: &str) -> Response {
        let found = self.interactions.iter().position(|known| known.id == interaction && known.token == token);
        let Some(index) = found else { return error(404, 10062, "Unknown interaction") };
        if self.interactions[index].response.is_some() {
            self.double_responses += 1;
            return error(400, 40060, "Interaction has already been acknowledged.");
        }
        let refused = match request.body["type"].as_u64() {
            Some(4) => self.check_message(request, &request.body["data"]),
            // An update keeps the parts that it omits, so it can be empty.
            Some(7) => self.check_limits(request, &request.body["data"]),
            Some(1 | 5 | 6 | 8 | 9) => None,
            _ => {
                let mut errors = BodyErrors::default();
                errors.push("type", "BASE_TYPE_CHOICES", "Value must be one of {1, 4, 5, 6, 7, 8, 9}.");
                Some(self.malformed(request, &errors))
            }
        };
        if let Some(refused) = refused {
            return refused;
        }
        self.interactions[index].response = Some(request.body.clone());
        StatusCode::NO_CONTENT.into_response()
    }

    /// A later message of an interaction, which the bot posts, edits or deletes.
    fn follow_up(&mut self, request: &RestRequest<'_>, token: &str) -> Response {
        let Some(interaction) = self.interactions.iter().find(|known| known.token == token && known.response.is_some())
        else {
            return error(404, 10015, "Unknown Webhook");
        };
        let (id, channel) = (interaction.id, interaction.channel);
        let refused = match request.method {
            "POST" => self.check_message(request, request.body),
            "PATCH" => {
                let refused = self.check_message(request, request.body);
                let known = self.interactions.iter_mut().find(|known| known.token == token);
                if let Some(known) = known.filter(|_| refused.is_none()) {
                    known.response = Some(json!({ "type": 4, "data": request.body }));
                }
                refused
            }
            "DELETE" => return StatusCode::NO_CONTENT.into_response(),
            _ => None,
        };
        refused.unwrap_or_else(|| json_response(200, &self.message(id, channel, request.body)))
    }

    /// Checks that a message has content within the limits.
    fn check_message(&mut self, request: &RestRequest<'_>, message: &Value) -> Option<Response> {
        if limits::is_blank(message) {
            self.invalid_requests.push(format!("{} {}: an empty message", request.method, request.path));
            return Some(error(400, 50006, "Cannot send an empty message"));
        }
        self.check_limits(request, message)
    }

    fn check_limits(&mut self, request: &RestRequest<'_>, message: &Value) -> Option<Response> {
        let mut errors = limits::message(message);
        for path in &self.refused_parts {
            let pointer = format!("/{}", path.replace('.', "/"));
            if message.pointer(&pointer).is_some_and(|part| !part.is_null()) {
                errors.push(path, "BASE_TYPE_BAD_LENGTH", "Refused by the test.");
            }
        }
        (!errors.is_empty()).then(|| self.malformed(request, &errors))
    }

    fn malformed(&mut self, request: &RestRequest<'_>, errors: &BodyErrors) -> Response {
        self.invalid_requests.push(format!("{} {}: {}", request.method, request.path, errors.to_json()));
        json_response(400, &json!({ "code": 50035, "message": "Invalid Form Body", "errors": errors.to_json() }))
    }
}

/// Parses an id in a path. No id is zero.
fn id(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn json_response(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response()
}

fn error(status: u16, code: u32, message: &str) -> Response {
    json_response(status, &json!({ "code": code, "message": message }))
}

/// The response of a proxy in front of Discord, which is not JSON.
pub(super) fn unavailable(status: u16) -> Response {
    let page = Html("<html><head><title>Service Unavailable</title></head><body>upstream</body></html>");
    (StatusCode::from_u16(status).expect("a status"), page).into_response()
}

fn set_header(response: &mut Response, name: &'static str, value: &dyn ToString) {
    let value = HeaderValue::from_str(&value.to_string()).expect("a plain header");
    response.headers_mut().insert(HeaderName::from_static(name), value);
}
