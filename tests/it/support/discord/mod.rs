//! A local Discord: its REST interface and its gateway on one loopback port.

mod gateway;
mod limits;
mod rest;
mod world;

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
use world::{DiscordServer, World};

/// Longest time that `until` waits before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A local Discord: cheap to clone, ends when the last clone is dropped.
#[derive(Clone)]
pub struct LocalDiscord {
    shared: Arc<SharedState>,
    address: std::net::SocketAddr,
    /// The tasks end when the last sender is dropped.
    _running: watch::Sender<()>,
}

/// The state that handlers and tests share.
struct SharedState {
    world: Mutex<World>,
    changes: watch::Sender<()>,
    running: watch::Receiver<()>,
    address: std::net::SocketAddr,
}

/// A message that was posted to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct PostedMessage {
    /// The message's id.
    pub id: u64,
    /// The channel.
    pub channel: u64,
    /// The user, if the channel is for direct messages.
    pub to: Option<u64>,
    /// The whole body.
    pub body: Value,
    /// The nonce, if the sender set one.
    pub nonce: Option<String>,
}

/// A REST request.
#[derive(Clone, Debug, PartialEq)]
pub struct RestCall {
    /// The method, such as `GET`.
    pub method: String,
    /// The path after `/api/v10`.
    pub path: String,
    /// The query after the question mark.
    pub query: String,
    /// The body; null without one.
    pub body: Value,
    /// The status of the response; zero if the response was lost.
    pub status: u16,
}

impl LocalDiscord {
    /// The only bot token that is accepted.
    pub const TOKEN: &str = "the-token-of-a-local-bot";
    /// The id of the bot's user and of its application.
    pub const BOT: u64 = 1_100_000_000_000_000_001;
    /// The channel of a server's interactions.
    pub const CHANNEL: u64 = 1_200_000_000_000_000_001;

    /// Starts to listen on its own port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let (ending, running) = watch::channel(());
        let mut ended = running.clone();
        let mut world = World::default();
        world.users.insert(Self::BOT, ("local-bot".to_owned(), true));
        let shared =
            Arc::new(SharedState { world: Mutex::new(world), changes: watch::Sender::new(()), running, address });
        let routes = Router::new()
            .route("/gateway", any(gateway::connect))
            .fallback(rest::answer)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<ClientConnection>();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(async move {
            // No value is ever sent. The call fails when the last sender is dropped.
            let _gone = ended.changed().await;
        });
        tokio::spawn(serving.into_future());
        Self { shared, address, _running: ending }
    }

    /// The address in place of `https://discord.com`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a server that has the bot.
    pub fn add_server(&self, server: u64) {
        self.edit(|world| {
            let made = DiscordServer::default();
            world.servers.entry(server).or_insert(made).members.insert(Self::BOT, Vec::new());
            let created = world.server_created(server);
            world.dispatch("GUILD_CREATE", GUILDS, &created);
        });
    }

    /// Removes the bot from a server.
    pub fn remove_server(&self, server: u64) {
        self.edit(|world| {
            world.servers.remove(&server);
            world.dispatch("GUILD_DELETE", GUILDS, &json!({ "id": server.to_string() }));
        });
    }

    /// Adds a member without an event on the gateway.
    pub fn join(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|world| world.join(server, user, username, false, roles));
    }

    /// Adds a bot as a member without an event on the gateway.
    pub fn join_bot(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|world| world.join(server, user, username, true, roles));
    }

    /// Adds many members without events on the gateway.
    pub fn join_many(&self, server: u64, users: impl Iterator<Item = (u64, String, Vec<u64>)>) {
        self.edit(|world| {
            for (user, username, roles) in users {
                world.join(server, user, &username, false, &roles);
            }
        });
    }

    /// Changes a member's roles without an event on the gateway.
    pub fn set_roles(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|world| world.server(server).set_roles(user, roles));
    }

    /// Changes a member's roles, and sends the event on the gateway.
    pub fn update_member(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|world| {
            world.server(server).set_roles(user, roles);
            let member = world.member_of(server, user);
            world.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Adds a member, and sends the event on the gateway.
    pub fn arrive(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|world| {
            world.join(server, user, username, false, roles);
            let member = world.member_of(server, user);
            world.dispatch("GUILD_MEMBER_ADD", GUILD_MEMBERS, &member);
        });
    }

    /// Removes a member, and sends the event on the gateway.
    pub fn leave(&self, server: u64, user: u64) {
        self.edit(|world| {
            world.server(server).members.remove(&user);
            let gone = json!({ "guild_id": server.to_string(), "user": world.user(user) });
            world.dispatch("GUILD_MEMBER_REMOVE", GUILD_MEMBERS, &gone);
        });
    }

    /// Makes a user refuse direct messages.
    pub fn close_dms(&self, user: u64) {
        self.edit(|world| world.closed.insert(user));
    }

    /// Makes a user accept direct messages again.
    pub fn open_dms(&self, user: u64) {
        self.edit(|world| world.closed.remove(&user));
    }

    /// Adds a channel to a server.
    pub fn add_channel(&self, server: u64, channel: u64) {
        self.edit(|world| world.channels.insert(channel, server));
    }

    /// Deletes a channel.
    pub fn delete_channel(&self, channel: u64) {
        self.edit(|world| world.deleted.insert(channel));
    }

    /// While down, responds to every request with 503 and accepts no gateway connection.
    pub fn set_down(&self, down: bool) {
        self.edit(|world| {
            world.down = down;
            if down {
                world.cut_wires();
            }
        });
    }

    /// Makes the next requests fail, except those for the gateway's address.
    pub fn fail_next(&self, times: usize, status: u16) {
        self.edit(|world| world.failing.extend(std::iter::repeat_n(status, times)));
    }

    /// Rate-limits the next requests, except those for the gateway's address.
    pub fn rate_limit_next(&self, times: usize, retry_after: f64, global: bool) {
        self.edit(|world| world.limiting.extend(std::iter::repeat_n((retry_after, global), times)));
    }

    /// Sets the rate-limit headers of the response to every posted message.
    pub fn limit_channel(&self, limit: u32, remaining: u32, reset_after: f64) {
        self.edit(|world| world.limits = Some((limit, remaining, reset_after)));
    }

    /// Loses the responses to the next posted messages.
    pub fn lose_next_answers(&self, times: usize) {
        self.edit(|world| world.losing += times);
    }

    /// Holds posted messages back until the guard is dropped.
    pub fn hold(&self) -> HeldPosts {
        self.edit(|world| world.holding += 1);
        HeldPosts(self.clone())
    }

    /// Cuts the gateway's connections without a close frame.
    pub fn drop_gateway(&self) {
        self.edit(World::cut_wires);
    }

    /// Whether cut connections are reset, as by a broken network, or closed.
    pub fn reset_connections(&self, reset: bool) {
        self.edit(|world| world.resetting = reset);
    }

    /// Closes the gateway's connections; 1005 means a close frame without a code.
    pub fn close_gateway(&self, code: u16) {
        self.edit(|world| {
            let wires: Vec<u64> = world.wires.keys().copied().collect();
            for wire in wires {
                world.hang_up(wire, code);
            }
        });
    }

    /// Requests that every client on the gateway reconnects.
    pub fn ask_reconnect(&self) {
        self.edit(|world| {
            let wires: Vec<u64> = world.wires.keys().copied().collect();
            for wire in wires {
                world.say(wire, 7, &Value::Null);
            }
        });
    }

    /// Rejects the next attempt to resume, so that the client must identify.
    pub fn refuse_resume(&self) {
        self.edit(|world| world.refusing = true);
    }

    /// The posted messages, in the order in which they were accepted.
    pub fn messages(&self) -> Vec<PostedMessage> {
        self.read(|world| world.messages.clone())
    }

    /// Number of posts with a nonce that was used before.
    pub fn duplicates(&self) -> usize {
        self.read(|world| world.duplicates)
    }

    /// All REST requests.
    pub fn calls(&self) -> Vec<RestCall> {
        self.read(|world| world.calls.clone())
    }

    /// Requests that no client should send: malformed ones, and ones that this Discord does not support.
    pub fn faults(&self) -> Vec<String> {
        self.read(|world| world.faults.clone())
    }

    /// The payloads with which the gateway's clients identified.
    pub fn identifies(&self) -> Vec<Value> {
        self.read(|world| world.identifies.clone())
    }

    /// Number of resumed sessions.
    pub fn resumes(&self) -> usize {
        self.read(|world| world.resumes)
    }

    /// Number of sessions that are connected to the gateway.
    pub fn sessions(&self) -> usize {
        self.read(|world| world.sessions.iter().filter(|session| session.wire.is_some()).count())
    }

    /// The commands that were registered last.
    pub fn commands(&self) -> Vec<Value> {
        self.read(|world| world.commands.clone())
    }

    /// Number of interactions with a second response.
    pub fn double_answers(&self) -> usize {
        self.read(|world| world.double_answers)
    }

    /// Waits until `found` returns a value. Fails with the name of the missing thing.
    pub async fn until<T>(&self, what: &str, found: impl Fn(&Self) -> Option<T>) -> T {
        let mut changes = self.shared.changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = found(self) {
                    return found;
                }
                changes.changed().await.expect("its sender is shared");
            }
        };
        match tokio::time::timeout(PATIENCE, search).await {
            Ok(found) => found,
            Err(late) => panic!("no {what} in {PATIENCE:?} ({late}). {}", self.so_far()),
        }
    }

    /// Uses a command as a user, in a server or in direct messages, and returns the bot's response.
    pub async fn slash(&self, server: impl Into<Option<u64>>, user: u64, name: &str, options: Value) -> Value {
        let id = self.edit(World::id).to_string();
        let data = json!({ "id": id, "name": name, "type": 1, "options": options, "resolved": {} });
        self.interact(server.into(), user, 2, data, json!({})).await
    }

    /// Presses a button as a user, and returns the bot's response.
    pub async fn press(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        let message = self.edit(|world| world.showing(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    /// Chooses from a menu as a user, and returns the bot's response.
    pub async fn select(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str, values: &[&str]) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 3, "values": values });
        let message = self.edit(|world| world.showing(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    async fn interact(&self, server: Option<u64>, user: u64, kind: u8, data: Value, more: Value) -> Value {
        self.until("session to interact with", |discord| (discord.sessions() > 0).then_some(())).await;
        let id = self.edit(|world| world.interact(server, user, kind, &data, more));
        let answer = |world: &World| world.interactions.iter().find(|other| other.id == id)?.answer.clone();
        self.until("answer to an interaction", |discord| discord.read(answer)).await
    }

    /// Everything received so far, as text for the failure message.
    fn so_far(&self) -> String {
        self.read(|world| {
            let mut text = format!(
                "Received so far: {} sessions, {} identified, {} resumed, {} messages, {} duplicates",
                world.sessions.len(),
                world.identifies.len(),
                world.resumes,
                world.messages.len(),
                world.duplicates
            );
            for RestCall { method, path, query, body, status } in &world.calls {
                write!(text, "\n{status} {method} {path}?{query} {body}").expect("room for text");
            }
            for fault in &world.faults {
                write!(text, "\nfault: {fault}").expect("room for text");
            }
            text
        })
    }

    fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.shared.edit(change)
    }

    fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        self.shared.read(look)
    }
}

/// Holds posts back until it is dropped.
#[must_use]
pub struct HeldPosts(LocalDiscord);

impl HeldPosts {
    /// Waits until this number of posts is held back.
    pub async fn waiting(&self, posts: usize) {
        let enough = |discord: &LocalDiscord| discord.read(|world| world.waiting >= posts).then_some(());
        self.0.until(&format!("{posts} posts to hold"), enough).await;
    }
}

impl Drop for HeldPosts {
    fn drop(&mut self) {
        self.0.edit(|world| world.holding -= 1);
    }
}

impl SharedState {
    fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let changed = change(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_replace(());
        changed
    }

    fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The TCP connection of a client, which tests can cut.
#[derive(Clone)]
struct ClientConnection(Arc<std::net::TcpStream>);

impl ClientConnection {
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

impl Connected<IncomingStream<'_, TcpListener>> for ClientConnection {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Events are small, and must not wait for the acknowledgement of earlier ones.
        stream.io().set_nodelay(true).expect("an open socket");
        let copy = stream.io().as_fd().try_clone_to_owned().expect("a file descriptor to spare");
        Self(Arc::new(copy.into()))
    }
}
