//! The state of the local Discord, and its representation in JSON.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use serde_json::{Value, json};

use super::{
    LocalDiscord, PostedMessage, RestCall,
    gateway::{GatewayConnection, GatewaySession},
};

/// The time at which all members joined and all messages were posted.
const FIXED_TIME: &str = "2024-01-02T03:04:05.000000+00:00";

/// What exists on this Discord, how it fails, and what it received.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one way to fail, in any combination")]
pub(super) struct DiscordState {
    pub(super) servers: BTreeMap<u64, DiscordServer>,
    /// The name of each user, and whether the user is a bot.
    pub(super) users: HashMap<u64, (String, bool)>,
    /// The channel for direct messages of each user.
    pub(super) direct_channels: HashMap<u64, u64>,
    /// The users who accept no direct messages.
    pub(super) closed_dms: HashSet<u64>,
    /// The server of each channel.
    pub(super) channels: HashMap<u64, u64>,
    pub(super) deleted_channels: HashSet<u64>,
    /// What tests have set of channels, roles and servers, beside the defaults.
    pub(super) details: HashMap<u64, Value>,
    pub(super) deleted_messages: HashSet<u64>,
    pub(super) last_id: u64,

    pub(super) down: bool,
    /// The statuses of the next requests, which fail.
    pub(super) failures: VecDeque<u16>,
    /// The rate limits of the next requests: the seconds to wait, and whether the limit is global.
    pub(super) rate_limits: VecDeque<(f64, bool)>,
    /// The `retry_after` in the bodies of the next rate limits, whose headers have no time.
    pub(super) odd_rate_limits: VecDeque<Value>,
    /// The status and code by which messages with embeds are refused.
    pub(super) refused_embeds: Option<(u16, u32)>,
    /// The limit, the remaining requests and the seconds to the reset in the headers of each posted message.
    pub(super) channel_limit: Option<(u32, u32, f64)>,
    /// The channels to which every post fails with this status.
    pub(super) failing_channels: HashMap<u64, u16>,
    /// The channels whose posts get no response.
    pub(super) hanging_channels: HashSet<u64>,
    /// Whether requests of servers get no response.
    pub(super) servers_hang: bool,
    /// The seconds to wait of the next refusals to open direct messages, which were opened too fast.
    pub(super) direct_channel_limits: VecDeque<f64>,
    /// The parts that every message may not have, by their paths.
    pub(super) refused_parts: Vec<String>,
    /// The number of posted messages whose responses will be lost.
    pub(super) lost_responses: usize,
    /// The number of [`super::faults::HeldPosts`] guards.
    pub(super) holds: usize,
    /// The number of requests that wait for these guards.
    pub(super) held_posts: usize,
    /// The number of sessions that may still be started, and the milliseconds until there are more.
    pub(super) session_starts: Option<(u64, u64)>,
    /// Whether every new session is invalid.
    pub(super) invalidates_sessions: bool,
    /// The close code that follows each `READY`.
    pub(super) closes_sessions: Option<u16>,
    /// Milliseconds between two heartbeats; `None` for Discord's own.
    pub(super) heartbeat_interval: Option<u64>,
    /// Whether open connections are dead: the client's messages get no response, and events are not sent.
    pub(super) is_zombie: bool,
    /// Whether connections begin without a greeting.
    pub(super) withholds_hello: bool,
    /// Whether clients that identify or resume get no response.
    pub(super) withholds_sessions: bool,
    /// Whether clients that resume are told to try again.
    pub(super) defers_resumes: bool,
    /// Number of connections so far.
    pub(super) opened_connections: usize,
    /// What happens after the next page of members.
    pub(super) after_page: Option<Box<dyn FnOnce() + Send>>,
    /// Whether the next attempt to resume fails.
    pub(super) rejects_resume: bool,
    /// Whether cut connections are reset, not closed.
    pub(super) resets_connections: bool,

    pub(super) messages: Vec<PostedMessage>,
    pub(super) duplicates: usize,
    /// The status and the code with which Discord refuses all edits.
    pub(super) refused_edits: Option<(u16, u32)>,
    /// Number of edits that Discord refuses next, because the message is old.
    pub(super) edit_limits: usize,
    /// The messages that were edited, and the bodies of the requests.
    pub(super) edits: Vec<(u64, Value)>,
    pub(super) calls: Vec<RestCall>,
    pub(super) invalid_requests: Vec<String>,
    pub(super) identifies: Vec<Value>,
    pub(super) resumes: usize,
    /// The number of sessions that were resumed at the address for it.
    pub(super) resumes_in_place: usize,
    pub(super) commands: Vec<Value>,
    pub(super) server_commands: HashMap<u64, Vec<Value>>,
    pub(super) interactions: Vec<Interaction>,
    pub(super) double_responses: usize,

    pub(super) connections: HashMap<u64, GatewayConnection>,
    pub(super) sessions: Vec<GatewaySession>,
}

/// A Discord server, which Discord's API calls a guild.
#[derive(Default)]
pub(super) struct DiscordServer {
    /// The roles of each member.
    pub(super) members: BTreeMap<u64, Vec<u64>>,
    /// The members who have not passed the membership screening.
    pub(super) pending: HashSet<u64>,
    /// The name of each role.
    pub(super) roles: BTreeMap<u64, String>,
}

/// A command, a pressed button or a chosen option, which the bot responds to once.
pub(super) struct Interaction {
    pub(super) id: u64,
    pub(super) token: String,
    pub(super) channel: u64,
    pub(super) response: Option<Value>,
}

impl DiscordServer {
    pub(super) fn set_roles(&mut self, user: u64, roles: &[u64]) {
        let member = self.members.get_mut(&user).expect("join adds the member first");
        roles.clone_into(member);
        for role in roles {
            self.roles.entry(*role).or_insert_with(|| format!("role {role}"));
        }
    }
}

impl DiscordState {
    /// A new id, whatever it is for.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        1_300_000_000_000_000_000 + self.last_id
    }

    pub(super) fn server(&mut self, server: u64) -> &mut DiscordServer {
        self.servers.get_mut(&server).expect("add_server adds the server first")
    }

    pub(super) fn join(&mut self, server: u64, user: u64, username: &str, bot: bool, roles: &[u64]) {
        self.users.insert(user, (username.to_owned(), bot));
        self.server(server).members.insert(user, Vec::new());
        self.server(server).set_roles(user, roles);
    }

    pub(super) fn direct_channel(&mut self, user: u64) -> u64 {
        let new = self.next_id();
        *self.direct_channels.entry(user).or_insert(new)
    }

    /// The user of a channel for direct messages.
    pub(super) fn recipient(&self, channel: u64) -> Option<u64> {
        self.direct_channels.iter().find(|(_, direct)| **direct == channel).map(|(user, _)| *user)
    }

    pub(super) fn user(&self, user: u64) -> Value {
        let (username, bot) = self.users.get(&user).cloned().unwrap_or_else(|| (format!("user {user}"), false));
        json!({
            "id": user.to_string(), "username": username, "discriminator": "0", "global_name": null,
            "avatar": null, "bot": bot, "public_flags": 0,
        })
    }

    pub(super) fn member(&self, server: u64, user: u64, roles: &[u64]) -> Value {
        let pending = self.servers.get(&server).is_some_and(|server| server.pending.contains(&user));
        let roles: Vec<String> = roles.iter().map(u64::to_string).collect();
        json!({
            "user": self.user(user), "nick": null, "avatar": null, "banner": null, "roles": roles,
            "joined_at": FIXED_TIME, "premium_since": null, "deaf": false, "mute": false, "flags": 0, "pending": pending,
            "communication_disabled_until": null,
        })
    }

    /// A member in an event of the gateway. A member who has left has no roles.
    pub(super) fn member_of(&self, server: u64, user: u64) -> Value {
        let roles = self.servers.get(&server).and_then(|server| server.members.get(&user));
        let mut member = self.member(server, user, roles.map_or(&[], Vec::as_slice));
        member["guild_id"] = json!(server.to_string());
        member
    }

    pub(super) fn roles(&self, server: u64) -> Vec<Value> {
        let everyone = (server, "@everyone".to_owned());
        let named = self.servers.get(&server).map(|server| server.roles.clone()).unwrap_or_default();
        let roles = std::iter::once(everyone).chain(named).enumerate();
        roles
            .map(|(position, (role, name))| {
                // Everyone can see channels and post in them.
                let permissions = if role == server { "3072" } else { "0" };
                let mut json = json!({
                    "id": role.to_string(), "name": name, "position": position, "permissions": permissions, "color": 0,
                    "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
                    "hoist": false, "managed": false, "mentionable": false, "flags": 0,
                });
                self.add_details(role, &mut json);
                json
            })
            .collect()
    }

    /// The channels of a server, by their ids.
    pub(super) fn channels_of(&self, server: u64) -> Vec<Value> {
        let own = self.channels.iter().filter(|(id, of)| **of == server && !self.deleted_channels.contains(id));
        let mut ids: Vec<u64> = own.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        let channel = |(position, id): (usize, &u64)| {
            let mut json = json!({
                "id": id.to_string(), "guild_id": server.to_string(), "type": 0, "name": format!("channel {id}"),
                "position": position, "parent_id": null, "permission_overwrites": [], "topic": null, "nsfw": false,
                "rate_limit_per_user": 0, "flags": 0, "last_message_id": null,
            });
            self.add_details(*id, &mut json);
            json
        };
        ids.iter().enumerate().map(channel).collect()
    }

    /// Sets what a test has set of a channel, a role or a server. The role `@everyone` has the id of its server, and no
    /// details.
    fn add_details(&self, id: u64, json: &mut Value) {
        if json["name"] != "@everyone"
            && let Some(details) = self.details.get(&id)
        {
            merge(json, details.clone());
        }
    }

    pub(super) fn server_json(&self, server: u64) -> Value {
        let mut json = json!({
            "id": server.to_string(), "name": format!("server {server}"), "icon": null, "splash": null,
            "discovery_splash": null, "owner_id": "1", "afk_channel_id": null, "afk_timeout": 300,
            "verification_level": 0, "default_message_notifications": 0, "explicit_content_filter": 0,
            "roles": self.roles(server), "emojis": [], "features": [], "mfa_level": 0, "application_id": null,
            "system_channel_id": null, "system_channel_flags": 0, "rules_channel_id": null,
            "vanity_url_code": null, "description": null, "banner": null, "premium_tier": 0,
            "preferred_locale": "en-US", "public_updates_channel_id": null, "nsfw_level": 0, "stickers": [],
            "premium_progress_bar_enabled": false, "safety_alerts_channel_id": null,
        });
        self.add_details(server, &mut json);
        json
    }

    /// A server in an event of the gateway, without its members, as Discord sends large servers.
    pub(super) fn server_created(&self, server: u64) -> Value {
        let mut created = self.server_json(server);
        let members = self.servers.get(&server).map_or(0, |server| server.members.len());
        let more = json!({
            "joined_at": FIXED_TIME, "large": true, "unavailable": false, "member_count": members, "members": [],
            "voice_states": [], "channels": [], "threads": [], "presences": [], "stage_instances": [],
            "guild_scheduled_events": [], "soundboard_sounds": [],
        });
        merge(&mut created, more);
        created
    }

    /// A message in Discord's JSON.
    pub(super) fn message(&self, id: u64, channel: u64, body: &Value) -> Value {
        let or = |key: &str, otherwise: Value| body.get(key).cloned().unwrap_or(otherwise);
        let mut message = json!({
            "id": id.to_string(), "channel_id": channel.to_string(), "author": self.user(LocalDiscord::BOT), "type": 0,
            "content": or("content", json!("")), "embeds": or("embeds", json!([])),
            "components": or("components", json!([])), "flags": or("flags", json!(0)), "timestamp": FIXED_TIME,
            "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
            "attachments": [], "pinned": false,
        });
        if let Some(nonce) = body.get("nonce") {
            message["nonce"] = nonce.clone();
        }
        message
    }

    /// The last message with this component; an empty message if there is none.
    pub(super) fn message_with(&mut self, custom_id: &str) -> Value {
        let responses = self.interactions.iter().rev().filter_map(|interaction| {
            let response = interaction.response.as_ref()?;
            Some((interaction.id, interaction.channel, response.get("data")?))
        });
        let edits = self.edits.iter().rev().filter_map(|(id, body)| {
            Some((*id, self.messages.iter().find(|message| message.id == *id)?.channel, body))
        });
        let posts = self.messages.iter().rev().map(|message| (message.id, message.channel, &message.body));
        let shown = edits.chain(posts).chain(responses).find(|(_, _, body)| {
            let rows = body["components"].as_array().into_iter().flatten();
            rows.flat_map(|row| row["components"].as_array().into_iter().flatten())
                .any(|component| component["custom_id"] == custom_id)
        });
        if let Some((id, channel, body)) = shown {
            return self.message(id, channel, body);
        }
        let id = self.next_id();
        self.message(id, LocalDiscord::CHANNEL, &json!({}))
    }

    /// Sends an interaction on the gateway, and returns its id.
    pub(super) fn interact(&mut self, server: Option<u64>, user: u64, kind: u8, data: &Value, more: Value) -> u64 {
        let id = self.next_id();
        let token = format!("interaction-{id}");
        let (channel, channel_type) =
            server.map_or_else(|| (self.direct_channel(user), 1), |_| (LocalDiscord::CHANNEL, 0));
        let mut sent = json!({
            "id": id.to_string(), "application_id": LocalDiscord::BOT.to_string(), "type": kind, "data": data,
            "channel_id": channel.to_string(), "channel": { "id": channel.to_string(), "type": channel_type },
            "token": token, "version": 1, "locale": "en-US", "entitlements": [], "app_permissions": "0",
            "attachment_size_limit": 10_485_760, "context": channel_type,
        });
        let sender = if let Some(server) = server {
            let mut member = self.member_of(server, user);
            member["permissions"] = json!("0");
            json!({
                "guild_id": server.to_string(), "guild_locale": "en-US", "member": member,
                "authorizing_integration_owners": { "0": server.to_string() },
            })
        } else {
            json!({ "user": self.user(user), "authorizing_integration_owners": { "0": "0" } })
        };
        merge(&mut sent, sender);
        merge(&mut sent, more);
        self.interactions.push(Interaction { id, token, channel, response: None });
        self.dispatch("INTERACTION_CREATE", 0, &sent);
        id
    }
}

/// Adds the keys of one object to another.
pub(super) fn merge(to: &mut Value, more: Value) {
    if let (Value::Object(to), Value::Object(more)) = (to, more) {
        to.extend(more);
    }
}
