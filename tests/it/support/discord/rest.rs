//! The REST API.

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
    ClientConnection, LocalDiscord, PostedMessage, RestCall, SharedState, World,
    limits::{self, BodyErrors},
    world::merge,
};

pub(super) async fn answer(
    State(shared): State<Arc<SharedState>>,
    ConnectInfo(line): ConnectInfo<ClientConnection>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().strip_prefix("/api/v10").unwrap_or("/outside");
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let posting = method == Method::POST && matches!(segments[..], ["channels", _, "messages"]);
    if posting {
        shared.released().await;
    }
    let authorized =
        headers.get(header::AUTHORIZATION).is_some_and(|given| *given == format!("Bot {}", LocalDiscord::TOKEN));
    let query = uri.query().unwrap_or_default();
    let (response, lost) = shared.edit(|world| {
        let parsed = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
        let response = match (world.trouble(&segments), &parsed) {
            (Some(trouble), _) => trouble,
            (None, _) if !authorized && !matches!(segments[..], ["gateway"] | ["interactions" | "webhooks", ..]) => {
                error(401, 0, "401: Unauthorized")
            }
            (None, Ok(body)) => {
                let asked = RestRequest { method: method.as_str(), path, query, body, gateway: &shared.url() };
                world.route(&asked, &segments)
            }
            (None, Err(why)) => {
                world.faults.push(format!("{method} {path}: {why}"));
                error(400, 50109, "The request body contains invalid JSON.")
            }
        };
        let lost = posting && response.status().is_success() && world.losing > 0;
        world.losing -= usize::from(lost);
        world.calls.push(RestCall {
            method: method.to_string(),
            path: uri.path().strip_prefix("/api/v10").unwrap_or(uri.path()).to_owned(),
            query: query.to_owned(),
            body: parsed.unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))),
            status: if lost { 0 } else { response.status().as_u16() },
        });
        (response, lost)
    });
    if lost {
        line.cut();
    }
    response
}

/// A request, parsed.
struct RestRequest<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    body: &'a Value,
    gateway: &'a str,
}

impl RestRequest<'_> {
    fn number(&self, key: &str) -> Option<u64> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).find_map(|(_, value)| value.parse().ok())
    }
}

/// A post that is held back. It ends when the client disconnects.
struct Waiting<'a>(&'a SharedState);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.edit(|world| world.waiting -= 1);
    }
}

impl SharedState {
    /// Waits until posts are no longer held back.
    async fn released(&self) {
        let mut changes = self.changes.subscribe();
        if self.read(|world| world.holding == 0) {
            return;
        }
        self.edit(|world| world.waiting += 1);
        let _waiting = Waiting(self);
        while self.read(|world| world.holding > 0) {
            changes.changed().await.expect("its sender is shared");
        }
    }
}

impl World {
    /// The response to a request that is rejected before it is processed.
    fn trouble(&mut self, segments: &[&str]) -> Option<Response> {
        if self.down {
            return Some(unavailable(503));
        }
        if segments.first() == Some(&"gateway") {
            return None;
        }
        if let Some(status) = self.failing.pop_front() {
            let broken = || error(status, 0, &format!("{status}: as the test wanted"));
            return Some(if status > 500 { unavailable(status) } else { broken() });
        }
        let (after, global) = self.limiting.pop_front()?;
        let said = json!({ "message": "You are being rate limited.", "retry_after": after, "global": global });
        let mut response = answered(429, &said);
        put(&mut response, "retry-after", &after.ceil());
        put(&mut response, "x-ratelimit-scope", &(if global { "global" } else { "user" }));
        if global {
            put(&mut response, "x-ratelimit-global", &true);
        } else {
            put(&mut response, "x-ratelimit-remaining", &0);
            put(&mut response, "x-ratelimit-reset-after", &after);
        }
        Some(response)
    }

    fn route(&mut self, asked: &RestRequest<'_>, segments: &[&str]) -> Response {
        let bot = LocalDiscord::BOT.to_string();
        match (asked.method, segments) {
            ("GET", ["gateway"]) => answered(200, &json!({ "url": asked.gateway })),
            ("GET", ["gateway", "bot"]) => {
                let limit = json!({ "total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1 });
                answered(200, &json!({ "url": asked.gateway, "shards": 1, "session_start_limit": limit }))
            }
            ("GET", ["users", "@me"]) => answered(200, &self.user(LocalDiscord::BOT)),
            ("POST", ["users", "@me", "channels"]) => self.open(&asked.body["recipient_id"]),
            ("GET", ["guilds", server, ..]) if !self.servers.contains_key(&id(server)) => {
                error(404, 10004, "Unknown Guild")
            }
            ("GET", ["guilds", server]) => answered(200, &self.server_json(id(server))),
            ("GET", ["guilds", server, "roles"]) => answered(200, &json!(self.roles(id(server)))),
            ("GET", ["guilds", server, "members"]) => self.members(asked, id(server)),
            ("GET", ["guilds", server, "members", user]) => match self.servers[&id(server)].members.get(&id(user)) {
                Some(roles) => answered(200, &self.member(id(user), roles)),
                None => error(404, 10007, "Unknown Member"),
            },
            ("GET", ["channels", channel]) => match self.channels.get(&id(channel)) {
                Some(server) if !self.deleted.contains(&id(channel)) => {
                    answered(200, &json!({ "id": channel, "type": 0, "guild_id": server.to_string() }))
                }
                _ => error(404, 10003, "Unknown Channel"),
            },
            ("POST", ["channels", channel, "messages"]) => self.post(asked, id(channel)),
            ("PUT", ["applications", application, "commands"]) if *application == bot => self.register(asked, None),
            ("PUT", ["applications", application, "guilds", server, "commands"]) if *application == bot => {
                self.register(asked, Some(id(server)))
            }
            ("POST", ["interactions", interaction, token, "callback"]) => self.callback(asked, id(interaction), token),
            ("POST" | "GET" | "PATCH" | "DELETE", ["webhooks", application, token, rest @ ..])
                if *application == bot && matches!(rest, [] | ["messages", _]) =>
            {
                self.follow_up(asked, token)
            }
            _ => {
                self.faults.push(format!("unknown: {} {}", asked.method, asked.path));
                error(404, 0, "404: Not Found")
            }
        }
    }

    fn open(&mut self, recipient: &Value) -> Response {
        let user = recipient.as_str().and_then(|user| user.parse().ok()).or(recipient.as_u64());
        match user.filter(|user| self.users.contains_key(user) && *user != LocalDiscord::BOT) {
            Some(user) => {
                let channel = self.direct_channel(user).to_string();
                answered(200, &json!({ "id": channel, "type": 1, "recipients": [self.user(user)], "flags": 0 }))
            }
            None => error(400, 50033, "Invalid Recipient(s)"),
        }
    }

    fn members(&mut self, asked: &RestRequest<'_>, server: u64) -> Response {
        let limit = asked.number("limit").unwrap_or(1);
        if !(1..=1000).contains(&limit) {
            let mut errors = BodyErrors::default();
            errors.push("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 1000.");
            return self.malformed(asked, &errors);
        }
        let after = asked.number("after").unwrap_or_default() + 1;
        let limit = usize::try_from(limit).unwrap_or(1000);
        let members = self.servers[&server].members.range(after..).take(limit);
        answered(200, &members.map(|(user, roles)| self.member(*user, roles)).collect())
    }

    fn post(&mut self, asked: &RestRequest<'_>, channel: u64) -> Response {
        let to = self.recipient(channel);
        if self.deleted.contains(&channel) {
            return error(404, 10003, "Unknown Channel");
        }
        if to.is_some_and(|user| self.closed.contains(&user) || self.users.get(&user).is_some_and(|(_, bot)| *bot)) {
            return error(403, 50007, "Cannot send messages to this user");
        }
        if let Some(refused) = self.refuse_message(asked, asked.body) {
            return refused;
        }
        let nonce = match &asked.body["nonce"] {
            Value::Null => None,
            Value::String(nonce) => Some(nonce.clone()),
            other => Some(other.to_string()),
        };
        let enforced = nonce.is_some() && asked.body["enforce_nonce"] == true;
        let earlier = self.messages.iter().find(|other| enforced && other.channel == channel && other.nonce == nonce);
        let message = if let Some(earlier) = earlier.cloned() {
            self.duplicates += 1;
            earlier
        } else {
            let message = PostedMessage { id: self.id(), channel, to, body: asked.body.clone(), nonce };
            self.messages.push(message.clone());
            message
        };
        let mut response = answered(200, &self.message(message.id, channel, &message.body));
        if let Some((limit, remaining, reset_after)) = self.limits {
            put(&mut response, "x-ratelimit-limit", &limit);
            put(&mut response, "x-ratelimit-remaining", &remaining);
            put(&mut response, "x-ratelimit-reset-after", &reset_after);
        }
        response
    }

    fn register(&mut self, asked: &RestRequest<'_>, server: Option<u64>) -> Response {
        let errors = limits::commands(asked.body);
        if !errors.is_empty() {
            return self.malformed(asked, &errors);
        }
        let given = asked.body.as_array().cloned().unwrap_or_default();
        match server {
            Some(server) => self.server_commands.insert(server, given.clone()),
            None => Some(std::mem::replace(&mut self.commands, given.clone())),
        };
        let made = given.into_iter().map(|command| {
            let (id, version) = (self.id().to_string(), self.id().to_string());
            let mut made =
                json!({ "type": 1, "id": id, "version": version, "application_id": LocalDiscord::BOT.to_string() });
            merge(&mut made, command);
            made
        });
        answered(200, &made.collect())
    }

    fn callback(&mut self, asked: &RestRequest<'_>, interaction: u64, token: &str) -> Response {
        let found = self.interactions.iter().position(|known| known.id == interaction && known.token == token);
        let Some(index) = found else { return error(404, 10062, "Unknown interaction") };
        if self.interactions[index].answer.is_some() {
            self.double_answers += 1;
            return error(400, 40060, "Interaction has already been acknowledged.");
        }
        let refused = match asked.body["type"].as_u64() {
            Some(4) => self.refuse_message(asked, &asked.body["data"]),
            // Parts that the update omits are kept.
            Some(7) => self.refuse_limits(asked, &asked.body["data"]),
            Some(1 | 5 | 6 | 8 | 9) => None,
            _ => {
                let mut errors = BodyErrors::default();
                errors.push("type", "BASE_TYPE_CHOICES", "Value must be one of {1, 4, 5, 6, 7, 8, 9}.");
                Some(self.malformed(asked, &errors))
            }
        };
        if let Some(refused) = refused {
            return refused;
        }
        self.interactions[index].answer = Some(asked.body.clone());
        StatusCode::NO_CONTENT.into_response()
    }

    fn follow_up(&mut self, asked: &RestRequest<'_>, token: &str) -> Response {
        let Some(interaction) = self.interactions.iter().find(|known| known.token == token && known.answer.is_some())
        else {
            return error(404, 10015, "Unknown Webhook");
        };
        let (id, channel) = (interaction.id, interaction.channel);
        let refused = match asked.method {
            "POST" => self.refuse_message(asked, asked.body),
            "PATCH" => self.refuse_limits(asked, asked.body),
            "DELETE" => return StatusCode::NO_CONTENT.into_response(),
            _ => None,
        };
        refused.unwrap_or_else(|| answered(200, &self.message(id, channel, asked.body)))
    }

    /// Checks that a message has content within the limits.
    fn refuse_message(&mut self, asked: &RestRequest<'_>, message: &Value) -> Option<Response> {
        if limits::is_blank(message) {
            self.faults.push(format!("{} {}: an empty message", asked.method, asked.path));
            return Some(error(400, 50006, "Cannot send an empty message"));
        }
        self.refuse_limits(asked, message)
    }

    fn refuse_limits(&mut self, asked: &RestRequest<'_>, message: &Value) -> Option<Response> {
        let errors = limits::message(message);
        (!errors.is_empty()).then(|| self.malformed(asked, &errors))
    }

    fn malformed(&mut self, asked: &RestRequest<'_>, errors: &BodyErrors) -> Response {
        self.faults.push(format!("{} {}: {}", asked.method, asked.path, errors.to_json()));
        answered(400, &json!({ "code": 50035, "message": "Invalid Form Body", "errors": errors.to_json() }))
    }
}

/// Parses an id in a path. No id is zero.
fn id(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn answered(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).expect("a status"), Json(body)).into_response()
}

fn error(status: u16, code: u32, message: &str) -> Response {
    answered(status, &json!({ "code": code, "message": message }))
}

/// The response of a proxy in front of Discord, which is not JSON.
pub(super) fn unavailable(status: u16) -> Response {
    let page = Html("<html><head><title>Service Unavailable</title></head><body>upstream</body></html>");
    (StatusCode::from_u16(status).expect("a status"), page).into_response()
}

fn put(response: &mut Response, name: &'static str, value: &dyn ToString) {
    let value = HeaderValue::from_str(&value.to_string()).expect("a plain header");
    response.headers_mut().insert(HeaderName::from_static(name), value);
}
