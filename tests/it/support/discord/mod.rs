//! A stand-in for Discord: its REST API and its gateway on one loopback port, and the ways in which they fail.

mod faults;
mod gateway;
mod interactions;
mod limits;
mod rest;
mod servers;
mod state;

use std::{
    fmt::Write,
    net::Shutdown,
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::connect_info::Connected, routing::any, serve::IncomingStream};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

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

    /// The number of the gateway's connections so far.
    pub fn opened_connections(&self) -> usize {
        self.read(|state| state.opened_connections)
    }

    /// The posted messages, in the order in which they were accepted.
    pub fn messages(&self) -> Vec<PostedMessage> {
        self.read(|state| state.messages.clone())
    }

    /// The edited messages, in the order of their edits: the id, and the body of the request.
    pub fn edits(&self) -> Vec<(u64, Value)> {
        self.read(|state| state.edits.clone())
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
