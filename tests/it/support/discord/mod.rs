//! A stand-in for Discord: its REST API and its gateway on one loopback port, and the ways in which they fail.

mod gateway;
mod limits;
mod rest;
mod state;

use std::{
    fmt::Write,
    net::Shutdown,
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::connect_info::Connected, routing::any, serve::IncomingStream};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use gateway::{GUILD_MEMBERS, GUILDS};
use state::DiscordState;

/// Longest time that [`LocalDiscord::until`] waits before it fails.
const UNTIL_TIMEOUT: Duration = Duration::from_secs(20);

/// A local Discord. It is cheap to clone, and ends when the last clone is dropped.
#[derive(Clone)]
pub struct LocalDiscord {
    shared: Arc<SharedState>,
    address: std::net::SocketAddr,
    /// The tasks end when the last sender is dropped.
    _running: watch::Sender<()>,
}

/// The state that handlers and tests share.
struct SharedState {
    state: Mutex<DiscordState>,
    changes: watch::Sender<()>,
    running: watch::Receiver<()>,
    address: std::net::SocketAddr,
}

/// A message that was posted to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct PostedMessage {
    pub id: u64,
    pub channel: u64,
    /// The recipient, if the channel is for direct messages.
    pub to: Option<u64>,
    /// The whole body of the request.
    pub body: Value,
    pub nonce: Option<String>,
}

/// A REST request.
#[derive(Clone, Debug, PartialEq)]
pub struct RestCall {
    pub method: String,
    /// The path after `/api/v10`.
    pub path: String,
    pub query: String,
    /// `null` without a body.
    pub body: Value,
    /// The status of the response, or 0 if the response was lost.
    pub status: u16,
}

impl LocalDiscord {
    /// The only bot token that is accepted.
    pub const TOKEN: &str = "the-token-of-a-local-bot";
    /// The id of the bot's user and of its application.
    pub const BOT: u64 = 1_100_000_000_000_000_001;
    /// The channel of a server's interactions.
    pub const CHANNEL: u64 = 1_200_000_000_000_000_001;

    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let (ending, running) = watch::channel(());
        let mut ended = running.clone();
        let mut state = DiscordState::default();
        state.users.insert(Self::BOT, ("local-bot".to_owned(), true));
        let shared =
            Arc::new(SharedState { state: Mutex::new(state), changes: watch::Sender::new(()), running, address });
        let routes = Router::new()
            .route("/gateway", any(gateway::connect))
            .route("/resume", any(gateway::connect))
            .fallback(rest::respond)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<TcpHandle>();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(async move {
            // No value is ever sent. The call fails when the last sender is dropped.
            let _gone = ended.changed().await;
        });
        tokio::spawn(serving.into_future());
        Self { shared, address, _running: ending }
    }

    /// The address that replaces `https://discord.com`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a server that has the bot.
    pub fn add_server(&self, server: u64) {
        self.edit(|state| {
            state.servers.entry(server).or_default().members.insert(Self::BOT, Vec::new());
            let created = state.server_created(server);
            state.dispatch("GUILD_CREATE", GUILDS, &created);
        });
    }

    /// Removes the bot from a server.
    pub fn remove_server(&self, server: u64) {
        self.edit(|state| {
            state.servers.remove(&server);
            state.dispatch("GUILD_DELETE", GUILDS, &json!({ "id": server.to_string() }));
        });
    }

    /// Adds a member without an event on the gateway.
    pub fn join(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|state| state.join(server, user, username, false, roles));
    }

    /// Adds a bot as a member without an event on the gateway.
    pub fn join_bot(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|state| state.join(server, user, username, true, roles));
    }

    /// Adds many members without events on the gateway.
    pub fn join_many(&self, server: u64, users: impl Iterator<Item = (u64, String, Vec<u64>)>) {
        self.edit(|state| {
            for (user, username, roles) in users {
                state.join(server, user, &username, false, &roles);
            }
        });
    }

    /// Changes a member's roles without an event on the gateway.
    pub fn set_roles(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|state| state.server(server).set_roles(user, roles));
    }

    /// Changes a member's roles, and sends the event on the gateway.
    pub fn update_member(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|state| {
            state.server(server).set_roles(user, roles);
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Adds a member, and sends the event on the gateway.
    pub fn join_with_event(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|state| {
            state.join(server, user, username, false, roles);
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_ADD", GUILD_MEMBERS, &member);
        });
    }

    /// Adds a member who has not passed the membership screening, and sends the event on the gateway.
    pub fn join_pending(&self, server: u64, user: u64, username: &str) {
        self.edit(|state| {
            state.server(server).pending.insert(user);
        });
        self.join_with_event(server, user, username, &[]);
    }

    /// Lets a member pass the membership screening, and sends the event on the gateway.
    pub fn pass_screening(&self, server: u64, user: u64) {
        self.edit(|state| {
            state.server(server).pending.remove(&user);
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Changes a user's username, and sends the event on the gateway.
    pub fn rename(&self, server: u64, user: u64, username: &str) {
        self.edit(|state| {
            state.users.insert(user, (username.to_owned(), false));
            let member = state.member_of(server, user);
            state.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Refuses messages with these parts, such as `embeds.0.url`.
    pub fn refuse_parts(&self, parts: &[&str]) {
        self.edit(|state| state.refused_parts = parts.iter().map(|part| (*part).to_owned()).collect());
    }

    /// Removes a member, and sends the event on the gateway.
    pub fn leave(&self, server: u64, user: u64) {
        self.edit(|state| {
            state.server(server).members.remove(&user);
            let gone = json!({ "guild_id": server.to_string(), "user": state.user(user) });
            state.dispatch("GUILD_MEMBER_REMOVE", GUILD_MEMBERS, &gone);
        });
    }

    /// Deletes a role, and sends no event on the gateway, as Discord does for the members.
    pub fn delete_role(&self, server: u64, role: u64) {
        self.edit(|state| {
            let server = state.server(server);
            server.roles.remove(&role);
            server.members.values_mut().for_each(|roles| roles.retain(|it| *it != role));
        });
    }

    /// Makes a change after the next page of members was read, and before the response is sent.
    pub fn after_next_page(&self, change: impl FnOnce(&Self) + Send + 'static) {
        let discord = self.clone();
        self.edit(|state| state.after_page = Some(Box::new(move || change(&discord))));
    }

    /// Makes a user refuse direct messages.
    pub fn close_dms(&self, user: u64) {
        self.edit(|state| state.closed_dms.insert(user));
    }

    /// Makes a user accept direct messages again.
    pub fn open_dms(&self, user: u64) {
        self.edit(|state| state.closed_dms.remove(&user));
    }

    /// Adds a channel to a server.
    pub fn add_channel(&self, server: u64, channel: u64) {
        self.edit(|state| state.channels.insert(channel, server));
    }

    /// Changes the name, the type or other properties of a channel, a role or a server, as Discord's JSON has them.
    pub fn describe(&self, id: u64, details: Value) {
        self.edit(|state| state.details.insert(id, details));
    }

    /// Adds a role with these properties to a server.
    pub fn add_role(&self, server: u64, role: u64, details: Value) {
        self.edit(|state| {
            state.server(server).roles.insert(role, format!("role {role}"));
            state.details.insert(role, details);
        });
    }

    /// Gives the bot these roles.
    pub fn set_bot_roles(&self, server: u64, roles: &[u64]) {
        self.set_roles(server, Self::BOT, roles);
    }

    /// Sets whether requests of servers, their channels, roles and members get no response.
    pub fn hang_servers(&self, hang: bool) {
        self.edit(|state| state.servers_hang = hang);
    }

    /// Deletes a channel.
    pub fn delete_channel(&self, channel: u64) {
        self.edit(|state| state.deleted_channels.insert(channel));
    }

    /// While Discord is down, every request fails with 503 and the gateway accepts no connection.
    pub fn set_down(&self, down: bool) {
        self.edit(|state| {
            state.down = down;
            if down {
                state.cut_connections();
            }
        });
    }

    /// Makes the next requests fail, except those for the gateway's address.
    pub fn fail_next(&self, times: usize, status: u16) {
        self.edit(|state| state.failures.extend(std::iter::repeat_n(status, times)));
    }

    /// Makes every post to these channels fail.
    pub fn fail_channels(&self, channels: impl IntoIterator<Item = u64>, status: u16) {
        self.edit(|state| state.failing_channels.extend(channels.into_iter().map(|channel| (channel, status))));
    }

    /// Gives no response to posts to these channels.
    pub fn hang_channels(&self, channels: impl IntoIterator<Item = u64>) {
        self.edit(|state| state.hanging_channels.extend(channels));
    }

    /// Makes posts to all channels succeed again.
    pub fn heal_channels(&self) {
        self.edit(|state| {
            state.failing_channels.clear();
            state.hanging_channels.clear();
        });
    }

    /// Refuses the next times that direct messages are opened, because they were opened too fast. `retry_after` is in
    /// seconds.
    pub fn limit_direct_channels(&self, times: usize, retry_after: f64) {
        self.edit(|state| state.direct_channel_limits.extend(std::iter::repeat_n(retry_after, times)));
    }

    /// Rate-limits the next requests, except those for the gateway's address. `retry_after` is in seconds.
    pub fn rate_limit_next(&self, times: usize, retry_after: f64, global: bool) {
        self.edit(|state| state.rate_limits.extend(std::iter::repeat_n((retry_after, global), times)));
    }

    /// Rate-limits the next request with this `retry_after` in the body, and no time in the headers.
    pub fn rate_limit_next_with(&self, retry_after: Value) {
        self.edit(|state| state.odd_rate_limits.push_back(retry_after));
    }

    /// Refuses messages with embeds by this status and code.
    pub fn refuse_embeds(&self, refusal: Option<(u16, u32)>) {
        self.edit(|state| state.refused_embeds = refusal);
    }

    /// Sets the rate-limit headers of the response to every posted message. `reset_after` is in seconds.
    pub fn limit_channel(&self, limit: u32, remaining: u32, reset_after: f64) {
        self.edit(|state| state.channel_limit = Some((limit, remaining, reset_after)));
    }

    /// Loses the responses to the next posted messages.
    pub fn lose_next_responses(&self, times: usize) {
        self.edit(|state| state.lost_responses += times);
    }

    /// Holds posted messages back until the guard is dropped.
    pub fn hold(&self) -> HeldPosts {
        self.edit(|state| state.holds += 1);
        HeldPosts(self.clone())
    }

    /// Cuts the gateway's connections without a close frame.
    pub fn cut_gateway(&self) {
        self.edit(DiscordState::cut_connections);
    }

    /// Sets whether cut connections are reset, as by a broken network, or closed.
    pub fn reset_connections(&self, reset: bool) {
        self.edit(|state| state.resets_connections = reset);
    }

    /// Closes the gateway's connections; 1005 means a close frame without a code.
    pub fn close_gateway(&self, code: u16) {
        self.edit(|state| {
            let connections: Vec<u64> = state.connections.keys().copied().collect();
            for connection in connections {
                state.close_connection(connection, code);
            }
        });
    }

    /// Asks every client on the gateway to reconnect.
    pub fn request_reconnect(&self) {
        self.edit(|state| {
            let connections: Vec<u64> = state.connections.keys().copied().collect();
            for connection in connections {
                state.send_op(connection, 7, &Value::Null);
            }
        });
    }

    /// Tells every client on the gateway that its session is invalid, and whether it can be resumed.
    pub fn end_sessions(&self, resumable: bool) {
        self.edit(|state| state.end_sessions(resumable));
    }

    /// Sets whether the gateway greets no connection.
    pub fn withhold_hello(&self, withhold: bool) {
        self.edit(|state| state.withholds_hello = withhold);
    }

    /// Sets whether the gateway gives no response to clients that identify or resume.
    pub fn withhold_sessions(&self, withhold: bool) {
        self.edit(|state| state.withholds_sessions = withhold);
    }

    /// Sets whether the gateway tells clients that resume to try again.
    pub fn defer_resumes(&self, defer: bool) {
        self.edit(|state| state.defers_resumes = defer);
    }

    /// The number of the gateway's connections so far.
    pub fn opened_connections(&self) -> usize {
        self.read(|state| state.opened_connections)
    }

    /// Sets how many sessions may still be started, and the time until there are more.
    pub fn limit_sessions(&self, remaining: u64, reset_after: Duration) {
        let reset_after = reset_after.as_millis().try_into().expect("a short time");
        self.edit(|state| state.session_starts = Some((remaining, reset_after)));
    }

    /// Sets whether every new session is invalid.
    pub fn invalidate_sessions(&self, invalid: bool) {
        self.edit(|state| state.invalidates_sessions = invalid);
    }

    /// Closes every new session with this code after its `READY`; `None` leaves it open.
    pub fn close_sessions(&self, code: Option<u16>) {
        self.edit(|state| state.closes_sessions = code);
    }

    /// Sets the time between two heartbeats of later connections.
    pub fn set_heartbeat_interval(&self, interval: Duration) {
        let interval = interval.as_millis().try_into().expect("a short time");
        self.edit(|state| state.heartbeat_interval = Some(interval));
    }

    /// Sends nothing on the gateway's connections any more, until a client connects again.
    pub fn mute_connections(&self) {
        self.edit(|state| state.is_zombie = true);
    }

    /// Rejects the next attempt to resume, so that the client must identify.
    pub fn reject_resume(&self) {
        self.edit(|state| state.rejects_resume = true);
    }

    /// The posted messages, in the order in which they were accepted.
    pub fn messages(&self) -> Vec<PostedMessage> {
        self.read(|state| state.messages.clone())
    }

    /// The edited messages, in the order of their edits: the id, and the body of the request.
    pub fn edits(&self) -> Vec<(u64, Value)> {
        self.read(|state| state.edits.clone())
    }

    /// Refuses the next edits, because the message is older than an hour and was edited too often.
    pub fn limit_edits(&self, times: usize) {
        self.edit(|state| state.edit_limits += times);
    }

    /// Refuses all edits, with a status and Discord's code.
    pub fn refuse_edits(&self, refusal: Option<(u16, u32)>) {
        self.edit(|state| state.refused_edits = refusal);
    }

    /// Deletes a message.
    pub fn delete_message(&self, message: u64) {
        self.edit(|state| state.deleted_messages.insert(message));
    }

    /// The number of requests that are held back, so that they have no response yet.
    pub fn held_posts(&self) -> usize {
        self.read(|state| state.held_posts)
    }

    /// The number of posts with a nonce that was used before.
    pub fn duplicates(&self) -> usize {
        self.read(|state| state.duplicates)
    }

    /// All REST requests.
    pub fn calls(&self) -> Vec<RestCall> {
        self.read(|state| state.calls.clone())
    }

    /// Requests that no client should send: malformed ones, and ones that this stand-in does not support.
    pub fn invalid_requests(&self) -> Vec<String> {
        self.read(|state| state.invalid_requests.clone())
    }

    /// The payloads with which the gateway's clients identified.
    pub fn identifies(&self) -> Vec<Value> {
        self.read(|state| state.identifies.clone())
    }

    /// The number of resumed sessions.
    pub fn resumes(&self) -> usize {
        self.read(|state| state.resumes)
    }

    /// The number of sessions that were resumed at the address that Discord gave for it.
    pub fn resumes_in_place(&self) -> usize {
        self.read(|state| state.resumes_in_place)
    }

    /// The number of sessions that are connected to the gateway.
    pub fn connected_sessions(&self) -> usize {
        self.read(|state| state.sessions.iter().filter(|session| session.connection.is_some()).count())
    }

    /// The commands that were registered last.
    pub fn commands(&self) -> Vec<Value> {
        self.read(|state| state.commands.clone())
    }

    /// The number of interactions to which the bot responded twice.
    pub fn double_responses(&self) -> usize {
        self.read(|state| state.double_responses)
    }

    /// Waits until `find` returns a value. After 20 seconds it fails with the name of the missing thing.
    pub async fn until<T>(&self, what: &str, find: impl Fn(&Self) -> Option<T>) -> T {
        let mut changes = self.shared.changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = find(self) {
                    return found;
                }
                changes.changed().await.expect("the sender lives as long as the state");
            }
        };
        match tokio::time::timeout(UNTIL_TIMEOUT, search).await {
            Ok(found) => found,
            Err(late) => panic!("no {what} in {UNTIL_TIMEOUT:?} ({late}). {}", self.summary()),
        }
    }

    /// Uses a command as a user, in a server or in direct messages, and returns the bot's response.
    pub async fn slash(&self, server: impl Into<Option<u64>>, user: u64, name: &str, options: Value) -> Value {
        let id = self.edit(DiscordState::next_id).to_string();
        let data = self.command_data(&id, name, &options);
        self.interact(server.into(), user, 2, data, json!({})).await
    }

    /// Types an option of a command as a user, and returns the choices that the bot offers.
    pub async fn autocomplete(&self, server: u64, user: u64, name: &str, options: Value) -> Vec<Value> {
        let id = self.edit(DiscordState::next_id).to_string();
        let data = self.command_data(&id, name, &options);
        let response = self.interact(Some(server), user, 4, data, json!({})).await;
        response["data"]["choices"].as_array().cloned().unwrap_or_default()
    }

    /// The data of a command, with the users in its options.
    fn command_data(&self, id: &str, name: &str, options: &Value) -> Value {
        let chosen = options.as_array().into_iter().flatten().filter(|option| option["type"] == 6);
        let users = chosen.filter_map(|option| option["value"].as_str()?.parse().ok());
        let users: serde_json::Map<String, Value> =
            users.map(|user: u64| (user.to_string(), self.read(|state| state.user(user)))).collect();
        json!({ "id": id, "name": name, "type": 1, "options": options, "resolved": { "users": users } })
    }

    /// Presses a button as a user, and returns the bot's response.
    pub async fn press(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        let message = self.edit(|state| state.message_with(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    /// Chooses from a menu as a user, and returns the bot's response.
    pub async fn select(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str, values: &[&str]) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 3, "values": values });
        let message = self.edit(|state| state.message_with(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    async fn interact(&self, server: Option<u64>, user: u64, kind: u8, data: Value, more: Value) -> Value {
        self.until("session to interact with", |discord| (discord.connected_sessions() > 0).then_some(())).await;
        let id = self.edit(|state| state.interact(server, user, kind, &data, more));
        // A response of type 5 is replaced later.
        let response = |state: &DiscordState| {
            let response = state.interactions.iter().find(|other| other.id == id)?.response.clone();
            response.filter(|response| response["type"] != 5)
        };
        self.until("response to an interaction", |discord| discord.read(response)).await
    }

    /// Everything that was received, for the message of a failed test.
    fn summary(&self) -> String {
        self.read(|state| {
            let mut text = format!(
                "Received so far: {} sessions, {} identified, {} resumed, {} messages, {} duplicates",
                state.sessions.len(),
                state.identifies.len(),
                state.resumes,
                state.messages.len(),
                state.duplicates
            );
            for RestCall { method, path, query, body, status } in &state.calls {
                write!(text, "\n{status} {method} {path}?{query} {body}").expect("a string grows");
            }
            for request in &state.invalid_requests {
                write!(text, "\ninvalid: {request}").expect("a string grows");
            }
            text
        })
    }

    fn edit<T>(&self, change: impl FnOnce(&mut DiscordState) -> T) -> T {
        self.shared.edit(change)
    }

    fn read<T>(&self, read: impl FnOnce(&DiscordState) -> T) -> T {
        self.shared.read(read)
    }
}

/// Holds posted messages back until it is dropped.
#[must_use]
pub struct HeldPosts(LocalDiscord);

impl HeldPosts {
    /// Waits until this number of posts is held back.
    pub async fn wait_for(&self, posts: usize) {
        let enough = |discord: &LocalDiscord| discord.read(|state| state.held_posts >= posts).then_some(());
        self.0.until(&format!("{posts} held posts"), enough).await;
    }
}

impl Drop for HeldPosts {
    fn drop(&mut self) {
        self.0.edit(|state| state.holds -= 1);
    }
}

impl SharedState {
    fn edit<T>(&self, change: impl FnOnce(&mut DiscordState) -> T) -> T {
        let changed = change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_replace(());
        changed
    }

    fn read<T>(&self, read: impl FnOnce(&DiscordState) -> T) -> T {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A client's TCP connection, which a test can cut.
#[derive(Clone)]
struct TcpHandle(Arc<std::net::TcpStream>);

impl TcpHandle {
    fn cut(&self) {
        // Fails only when the client has disconnected before.
        let _gone = self.0.shutdown(Shutdown::Both);
    }

    /// Makes the connection reset when its last handle is dropped.
    fn reset(&self) {
        let copy = self.0.try_clone().and_then(TcpStream::from_std).expect("a file descriptor to spare");
        copy.set_zero_linger().expect("an open socket");
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for TcpHandle {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Small events would wait for the acknowledgement of earlier ones (Nagle's algorithm).
        stream.io().set_nodelay(true).expect("an open socket");
        let copy = stream.io().as_fd().try_clone_to_owned().expect("a file descriptor to spare");
        Self(Arc::new(copy.into()))
    }
}
