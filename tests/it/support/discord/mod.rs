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
use world::{Server, World};

/// How long `until` waits before it says what is missing.
const PATIENCE: Duration = Duration::from_secs(20);

/// A local Discord: cheap to clone, ends when the last clone is dropped.
#[derive(Clone)]
pub struct Discord {
    shared: Arc<Shared>,
    address: std::net::SocketAddr,
    /// Its tasks end once every sender is gone.
    _running: watch::Sender<()>,
}

/// What the handlers and the tests share.
struct Shared {
    world: Mutex<World>,
    changes: watch::Sender<()>,
    running: watch::Receiver<()>,
    address: std::net::SocketAddr,
}

/// A message that was posted to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What it was given as an id.
    pub id: u64,
    /// Where it was posted.
    pub channel: u64,
    /// Whose direct messages the channel is.
    pub to: Option<u64>,
    /// All that was sent.
    pub body: Value,
    /// What tells it from others, where the sender said so.
    pub nonce: Option<String>,
}

/// A REST request.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Such as `GET`.
    pub method: String,
    /// What follows `/api/v10`.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// Null where there was none.
    pub body: Value,
    /// What it was answered; zero where the answer was lost.
    pub status: u16,
}

impl Discord {
    /// The one bot token it takes.
    pub const TOKEN: &str = "the-token-of-a-local-bot";
    /// The bot's own user, which is also its application.
    pub const BOT: u64 = 1_100_000_000_000_000_001;
    /// Where the interactions of a server come from.
    pub const CHANNEL: u64 = 1_200_000_000_000_000_001;

    /// Listens on a port of its own.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the address of a listener");
        let (ending, running) = watch::channel(());
        let mut ended = running.clone();
        let mut world = World::default();
        world.users.insert(Self::BOT, ("local-bot".to_owned(), true));
        let shared = Arc::new(Shared { world: Mutex::new(world), changes: watch::Sender::new(()), running, address });
        let routes = Router::new()
            .route("/gateway", any(gateway::connect))
            .fallback(rest::answer)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<Line>();
        let serving = axum::serve(listener, routes).with_graceful_shutdown(async move {
            // Nothing is ever sent: it changes when the last sender is dropped.
            let _gone = ended.changed().await;
        });
        tokio::spawn(serving.into_future());
        Self { shared, address, _running: ending }
    }

    /// What stands in for `https://discord.com`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A server with the bot in it.
    pub fn add_server(&self, server: u64) {
        self.edit(|world| {
            let made = Server::default();
            world.servers.entry(server).or_insert(made).members.insert(Self::BOT, Vec::new());
            let created = world.server_created(server);
            world.dispatch("GUILD_CREATE", GUILDS, &created);
        });
    }

    /// The bot is thrown out of a server.
    pub fn remove_server(&self, server: u64) {
        self.edit(|world| {
            world.servers.remove(&server);
            world.dispatch("GUILD_DELETE", GUILDS, &json!({ "id": server.to_string() }));
        });
    }

    /// Someone is a member, without a word about it on the gateway.
    pub fn join(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|world| world.join(server, user, username, false, roles));
    }

    /// A bot is a member, without a word about it on the gateway.
    pub fn join_bot(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|world| world.join(server, user, username, true, roles));
    }

    /// Many are members, without a word about it on the gateway.
    pub fn join_many(&self, server: u64, users: impl Iterator<Item = (u64, String, Vec<u64>)>) {
        self.edit(|world| {
            for (user, username, roles) in users {
                world.join(server, user, &username, false, &roles);
            }
        });
    }

    /// Changes a member's roles, without a word about it on the gateway.
    pub fn set_roles(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|world| world.server(server).set_roles(user, roles));
    }

    /// Changes a member's roles, and says so on the gateway.
    pub fn update_member(&self, server: u64, user: u64, roles: &[u64]) {
        self.edit(|world| {
            world.server(server).set_roles(user, roles);
            let member = world.member_of(server, user);
            world.dispatch("GUILD_MEMBER_UPDATE", GUILD_MEMBERS, &member);
        });
    }

    /// Someone joins, and the gateway says so.
    pub fn arrive(&self, server: u64, user: u64, username: &str, roles: &[u64]) {
        self.edit(|world| {
            world.join(server, user, username, false, roles);
            let member = world.member_of(server, user);
            world.dispatch("GUILD_MEMBER_ADD", GUILD_MEMBERS, &member);
        });
    }

    /// Someone leaves, and the gateway says so.
    pub fn leave(&self, server: u64, user: u64) {
        self.edit(|world| {
            world.server(server).members.remove(&user);
            let gone = json!({ "guild_id": server.to_string(), "user": world.user(user) });
            world.dispatch("GUILD_MEMBER_REMOVE", GUILD_MEMBERS, &gone);
        });
    }

    /// Someone takes no direct messages from now on.
    pub fn close_dms(&self, user: u64) {
        self.edit(|world| world.closed.insert(user));
    }

    /// Someone takes direct messages again.
    pub fn open_dms(&self, user: u64) {
        self.edit(|world| world.closed.remove(&user));
    }

    /// A channel is in a server.
    pub fn add_channel(&self, server: u64, channel: u64) {
        self.edit(|world| world.channels.insert(channel, server));
    }

    /// A channel is no more.
    pub fn delete_channel(&self, channel: u64) {
        self.edit(|world| world.deleted.insert(channel));
    }

    /// Answers everything with 503, and has no gateway, until told otherwise.
    pub fn set_down(&self, down: bool) {
        self.edit(|world| {
            world.down = down;
            if down {
                world.cut_wires();
            }
        });
    }

    /// The next requests fail, except those that ask for the gateway.
    pub fn fail_next(&self, times: usize, status: u16) {
        self.edit(|world| world.failing.extend(std::iter::repeat_n(status, times)));
    }

    /// The next requests are too many, except those that ask for the gateway.
    pub fn rate_limit_next(&self, times: usize, retry_after: f64, global: bool) {
        self.edit(|world| world.limiting.extend(std::iter::repeat_n((retry_after, global), times)));
    }

    /// What the answer to every posted message says about its channel's limit.
    pub fn limit_channel(&self, limit: u32, remaining: u32, reset_after: f64) {
        self.edit(|world| world.limits = Some((limit, remaining, reset_after)));
    }

    /// The next messages are posted, but nobody hears that they were.
    pub fn lose_next_answers(&self, times: usize) {
        self.edit(|world| world.losing += times);
    }

    /// Messages are not posted until the guard is dropped.
    pub fn hold(&self) -> PruningMap {
        self.edit(|world| world.holding += 1);
        PruningMap(self.clone())
    }

    /// Cuts the gateway's connections, without a close frame.
    pub fn drop_gateway(&self) {
        self.edit(World::cut_wires);
    }

    /// From now on, connections that are cut are reset, as by a broken network, rather than ended.
    pub fn reset_connections(&self, reset: bool) {
        self.edit(|world| world.resetting = reset);
    }

    /// Closes the gateway's connections; 1005 stands for a close frame without a code.
    pub fn close_gateway(&self, code: u16) {
        self.edit(|world| {
            let wires: Vec<u64> = world.wires.keys().copied().collect();
            for wire in wires {
                world.hang_up(wire, code);
            }
        });
    }

    /// Asks everyone on the gateway to connect again.
    pub fn ask_reconnect(&self) {
        self.edit(|world| {
            let wires: Vec<u64> = world.wires.keys().copied().collect();
            for wire in wires {
                world.say(wire, 7, &Value::Null);
            }
        });
    }

    /// The next attempt to resume is told to identify anew.
    pub fn refuse_resume(&self) {
        self.edit(|world| world.refusing = true);
    }

    /// What was posted, in the order it was accepted.
    pub fn messages(&self) -> Vec<Message> {
        self.read(|world| world.messages.clone())
    }

    /// How many posts had a nonce that was used already.
    pub fn duplicates(&self) -> usize {
        self.read(|world| world.duplicates)
    }

    /// Every REST request.
    pub fn calls(&self) -> Vec<Call> {
        self.read(|world| world.calls.clone())
    }

    /// What no client should send: what Discord refuses as malformed, and what this one does not know.
    pub fn faults(&self) -> Vec<String> {
        self.read(|world| world.faults.clone())
    }

    /// What the gateway's clients identified with.
    pub fn identifies(&self) -> Vec<Value> {
        self.read(|world| world.identifies.clone())
    }

    /// How many sessions were resumed.
    pub fn resumes(&self) -> usize {
        self.read(|world| world.resumes)
    }

    /// How many are connected to the gateway, and identified or resumed.
    pub fn sessions(&self) -> usize {
        self.read(|world| world.sessions.iter().filter(|session| session.wire.is_some()).count())
    }

    /// The commands that were registered last, for every server.
    pub fn commands(&self) -> Vec<Value> {
        self.read(|world| world.commands.clone())
    }

    /// How many interactions were answered again.
    pub fn double_answers(&self) -> usize {
        self.read(|world| world.double_answers)
    }

    /// Waits until there is something to find, and says what is missing where it never is.
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

    /// Someone uses a command, in a server or in direct messages; what the bot answers.
    pub async fn slash(&self, server: impl Into<Option<u64>>, user: u64, name: &str, options: Value) -> Value {
        let id = self.edit(World::id).to_string();
        let data = json!({ "id": id, "name": name, "type": 1, "options": options, "resolved": {} });
        self.interact(server.into(), user, 2, data, json!({})).await
    }

    /// Someone presses a button; what the bot answers.
    pub async fn press(&self, server: impl Into<Option<u64>>, user: u64, custom_id: &str) -> Value {
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        let message = self.edit(|world| world.showing(custom_id));
        self.interact(server.into(), user, 3, data, json!({ "message": message })).await
    }

    /// Someone chooses from a menu; what the bot answers.
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

    /// What was received, for a person to read.
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
            for Call { method, path, query, body, status } in &world.calls {
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

/// Posts wait for as long as this lives.
#[must_use]
pub struct PruningMap(Discord);

impl PruningMap {
    /// Waits until so many posts are held.
    pub async fn waiting(&self, posts: usize) {
        let enough = |discord: &Discord| discord.read(|world| world.waiting >= posts).then_some(());
        self.0.until(&format!("{posts} posts to hold"), enough).await;
    }
}

impl Drop for PruningMap {
    fn drop(&mut self) {
        self.0.edit(|world| world.holding -= 1);
    }
}

impl Shared {
    fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let changed = change(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_replace(());
        changed
    }

    fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The TCP connection of a client, which can be cut from anywhere.
#[derive(Clone)]
struct Line(Arc<std::net::TcpStream>);

impl Line {
    fn cut(&self) {
        // Where this fails, the client was faster.
        let _gone = self.0.shutdown(Shutdown::Both);
    }

    /// Has the connection reset once nobody holds it any more.
    fn reset(&self) {
        let copy = self.0.try_clone().and_then(TcpStream::from_std).expect("a file descriptor to spare");
        copy.set_zero_linger().expect("an open socket");
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        // Events are small, and must not wait for the ones before them to be acknowledged.
        stream.io().set_nodelay(true).expect("an open socket");
        let copy = stream.io().as_fd().try_clone_to_owned().expect("a file descriptor to spare");
        Self(Arc::new(copy.into()))
    }
}
