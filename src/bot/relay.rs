//! A relay on the loopback interface between serenity and Discord's gateway. It makes up for what serenity 0.12 lacks:
//!
//! - When a connection ends without a close frame or with an unknown code, serenity reads it in a busy loop until its
//!   next heartbeat is due, and blocks a thread. The relay turns every such end into a close frame after which serenity
//!   resumes its session. It accepts serenity's connection only when Discord's is open.
//! - serenity starts a new session whenever one is invalid, however often. The relay lets each shard start one session;
//!   then it reports that the client must be replaced.
//! - serenity starts a new session when a heartbeat is not acknowledged, and loses events. The relay notices it earlier,
//!   and ends the connection so that serenity resumes the session.
//! - serenity resumes at the address at which it started. The relay connects to the one that Discord gave for it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{Sink, SinkExt, StreamExt};
use parking_lot::Mutex;
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::Instant,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, accept_hdr_async, connect_async,
    tungstenite::{
        Message, Utf8Bytes,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{discord::breaker::backoff, kernel::clock::Clock};

/// Pause before reconnecting to Discord after a first failure, and the longest pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A connection that ends sooner counts as a failure.
const SHORT_CONNECTION: Duration = Duration::from_mins(1);
/// Number of failures at the address for resumed sessions after which the relay uses the gateway's.
const MAX_RESUME_FAILURES: u32 = 3;
/// Longest time of an attempt to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// "Unknown error. We're not sure what went wrong. Try reconnecting?"
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway>)
const TRY_AGAIN: u16 = 4_000;
/// The codes that serenity knows and after which Discord refuses the bot.
const REFUSALS: [u16; 3] = [4_004, 4_013, 4_014];

/// Discord's opcodes (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes>).
const DISPATCH: u8 = 0;
const HEARTBEAT: u8 = 1;
const IDENTIFY: u8 = 2;
const INVALID_SESSION: u8 = 9;
const HELLO: u8 = 10;
const HEARTBEAT_ACK: u8 = 11;

/// What the relay reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RelayEvent {
    /// A connection has ended, with this close code if there was one.
    Lost(Option<u16>),
    /// A shard needs a new session, for which the client must be replaced.
    SessionEnded,
    /// A shard asks Discord for a session.
    SessionRequested,
}

/// A relay to a gateway. Dropping it closes its connections.
pub(super) struct Relay {
    /// The address for serenity.
    pub url: String,
    _tasks: JoinSet<()>,
}

/// The state that all connections of a relay share.
struct RelayState {
    gateway: String,
    shards: usize,
    clock: Clock,
    report: Box<dyn Fn(RelayEvent) + Send + Sync>,
    sessions: Mutex<Sessions>,
}

/// The sessions of a relay.
#[derive(Default)]
struct Sessions {
    /// The shards that have started a session.
    identified: HashSet<u64>,
    /// The address at which sessions are resumed.
    resume_url: Option<String>,
    /// Number of connections in a row that failed or ended soon.
    failures: u32,
    /// Number of attempts in a row that did not connect.
    unreachable: u32,
}

impl Relay {
    /// Opens a relay for a client with this number of shards. It calls `report` with each [`RelayEvent`].
    pub async fn open(
        gateway: &str,
        shards: u32,
        clock: &Clock,
        report: impl Fn(RelayEvent) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let state = RelayState {
            gateway: versioned(gateway).ok_or_else(|| std::io::Error::other("the gateway's address is invalid"))?,
            shards: usize::try_from(shards).unwrap_or(1),
            clock: clock.clone(),
            report: Box::new(report),
            sessions: Mutex::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("ws://{}", listener.local_addr()?);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::new(state)));
        Ok(Self { url, _tasks: tasks })
    }
}

/// A gateway's address with the version that serenity speaks.
fn versioned(url: &str) -> Option<String> {
    let mut url = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "ws" | "wss"))?;
    url.set_query(Some("v=10&encoding=json"));
    Some(url.to_string())
}

async fn accept(listener: TcpListener, state: Arc<RelayState>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(relay(stream, Arc::clone(&state)));
                }
                // The process has too many open files. Some may be closed after a pause.
                Err(_) => state.clock.sleep(FIRST_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn relay(stream: TcpStream, state: Arc<RelayState>) {
    let discord = open(&state).await;
    let started = state.clock.elapsed();
    #[expect(clippy::result_large_err, reason = "the handshake's own type")]
    let accept_all = |_: &Request, response: Response| -> Result<Response, ErrorResponse> { Ok(response) };
    let Ok(serenity) = accept_hdr_async(stream, accept_all).await else { return };
    let (mut to_discord, mut from_discord) = discord.split();
    let (mut to_serenity, mut from_serenity) = serenity.split();
    let mut heartbeats = Heartbeats::default();
    let end = loop {
        tokio::select! {
            received = from_discord.next() => match received {
                Some(Ok(Message::Close(frame))) => break ConnectionEnd::Discord(frame),
                Some(Ok(message)) => {
                    if state.receive(&message, &mut heartbeats) == Forwarding::Stop {
                        break ConnectionEnd::Session;
                    }
                    if to_serenity.send(message).await.is_err() {
                        break ConnectionEnd::Serenity(None);
                    }
                }
                Some(Err(_)) | None => break ConnectionEnd::Discord(None),
            },
            sent = from_serenity.next() => match sent {
                Some(Ok(Message::Close(frame))) => break ConnectionEnd::Serenity(frame),
                Some(Ok(message)) => match state.send(message, &mut heartbeats) {
                    Some(message) => {
                        if to_discord.send(message).await.is_err() {
                            break ConnectionEnd::Discord(None);
                        }
                    }
                    None => break ConnectionEnd::Session,
                },
                Some(Err(_)) | None => break ConnectionEnd::Serenity(None),
            },
            () = heartbeats.missed() => break ConnectionEnd::Zombie,
        }
    };
    let lasted = state.clock.elapsed().saturating_sub(started);
    state.ended(lasted);
    state.close(end, &mut to_discord, &mut to_serenity).await;
}

/// Why a relayed connection ended.
enum ConnectionEnd {
    /// Discord has closed it, or the network has.
    Discord(Option<CloseFrame>),
    /// serenity has closed it.
    Serenity(Option<CloseFrame>),
    /// Discord does not acknowledge heartbeats.
    Zombie,
    /// Only a new session can follow.
    Session,
}

/// Whether a message is forwarded.
#[derive(PartialEq, Eq)]
enum Forwarding {
    Forward,
    Stop,
}

/// A message of the gateway, without its data.
#[derive(Deserialize)]
struct Envelope<'m> {
    op: u8,
    #[serde(default, borrow)]
    t: Option<&'m str>,
}

impl RelayState {
    /// Inspects a message of Discord.
    fn receive(&self, message: &Message, heartbeats: &mut Heartbeats) -> Forwarding {
        let Message::Text(text) = message else { return Forwarding::Forward };
        let Ok(Envelope { op, t }) = serde_json::from_str(text) else { return Forwarding::Forward };
        // Only a few messages are parsed as a whole.
        let data = || serde_json::from_str::<Value>(text).map(|mut whole| whole["d"].take()).unwrap_or_default();
        match op {
            HELLO => heartbeats.interval = data()["heartbeat_interval"].as_u64().map(Duration::from_millis),
            HEARTBEAT_ACK => heartbeats.unacknowledged_since = None,
            INVALID_SESSION if data() != Value::Bool(true) => return Forwarding::Stop,
            DISPATCH if t == Some("READY") => {
                self.sessions.lock().resume_url = data()["resume_gateway_url"].as_str().and_then(versioned);
            }
            _ => {}
        }
        Forwarding::Forward
    }

    /// Inspects a message of serenity. Returns the message for Discord; `None` if it would start a second session.
    fn send(&self, message: Message, heartbeats: &mut Heartbeats) -> Option<Message> {
        let Message::Text(text) = &message else { return Some(message) };
        match serde_json::from_str(text).map(|Envelope { op, .. }| op) {
            Ok(HEARTBEAT) => {
                heartbeats.unacknowledged_since.get_or_insert_with(Instant::now);
                Some(message)
            }
            Ok(IDENTIFY) => {
                let mut identify: Value = serde_json::from_str(text).unwrap_or_default();
                let shard = identify.pointer("/d/shard/0").and_then(Value::as_u64).unwrap_or_default();
                // A compressed `READY` could not be inspected.
                identify["d"]["compress"] = Value::Bool(false);
                let is_first = self.sessions.lock().identified.insert(shard);
                if is_first {
                    (self.report)(RelayEvent::SessionRequested);
                }
                is_first.then(|| Message::Text(identify.to_string().into()))
            }
            _ => Some(message),
        }
    }

    /// Counts a connection that ended soon.
    fn ended(&self, lasted: Duration) {
        let mut sessions = self.sessions.lock();
        sessions.failures = if lasted < SHORT_CONNECTION { sessions.failures.saturating_add(1) } else { 0 };
    }

    /// Closes both sides of a connection that has ended, and reports it.
    async fn close(
        &self,
        end: ConnectionEnd,
        to_discord: &mut (impl Sink<Message> + Unpin),
        to_serenity: &mut (impl Sink<Message> + Unpin),
    ) {
        // Sending fails only when the other side has disconnected.
        let resumable = || Message::Close(Some(close_frame(None)));
        match end {
            ConnectionEnd::Discord(frame) => {
                (self.report)(RelayEvent::Lost(frame.as_ref().map(|frame| frame.code.into())));
                let _ = to_serenity.send(Message::Close(Some(close_frame(frame)))).await;
            }
            ConnectionEnd::Serenity(frame) => {
                (self.report)(RelayEvent::Lost(None));
                let _ = to_discord.send(Message::Close(frame)).await;
            }
            ConnectionEnd::Zombie => {
                (self.report)(RelayEvent::Lost(None));
                // Not 1000 or 1001, which would end the session.
                let _ = to_discord.send(resumable()).await;
                // serenity would not wait for the resumed session as long as it misses an acknowledgement.
                let acknowledged = serde_json::json!({ "op": HEARTBEAT_ACK }).to_string();
                let _ = to_serenity.send(Message::Text(acknowledged.into())).await;
                let _ = to_serenity.send(resumable()).await;
            }
            ConnectionEnd::Session => {
                (self.report)(RelayEvent::SessionEnded);
                let _ = to_discord.send(resumable()).await;
                // Keeps serenity's connection open until the client is dropped.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The address to connect to, and the pause before it. Once all shards have started
    /// their sessions, every connection resumes one.
    fn next_address(&self) -> (String, Duration) {
        let sessions = self.sessions.lock();
        let resume_url = sessions.resume_url.clone().filter(|_| sessions.identified.len() >= self.shards);
        let address = resume_url.filter(|_| sessions.unreachable < MAX_RESUME_FAILURES);
        let pause = match sessions.failures.checked_sub(2) {
            // The first lost connection is restored at once.
            None => Duration::ZERO,
            Some(failures) => backoff(FIRST_PAUSE, LONGEST_PAUSE, failures, rand::random()),
        };
        (address.unwrap_or_else(|| self.gateway.clone()), pause)
    }
}

/// Connects to Discord, and retries until it succeeds.
async fn open(state: &RelayState) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    loop {
        let (address, pause) = state.next_address();
        if !pause.is_zero() {
            state.clock.sleep(pause).await;
        }
        match tokio::time::timeout(CONNECT_TIMEOUT, connect_async(&address)).await {
            Ok(Ok((discord, _))) => {
                state.sessions.lock().unreachable = 0;
                return discord;
            }
            Ok(Err(error)) => tracing::debug!(%error, "Discord's gateway does not respond"),
            Err(_) => tracing::debug!("Discord's gateway takes too long to respond"),
        }
        let mut sessions = state.sessions.lock();
        sessions.failures = sessions.failures.saturating_add(1);
        sessions.unreachable = sessions.unreachable.saturating_add(1);
    }
}

/// The heartbeats of a connection. They are measured in real time, as serenity does.
#[derive(Default)]
struct Heartbeats {
    /// Time between two heartbeats.
    interval: Option<Duration>,
    unacknowledged_since: Option<Instant>,
}

impl Heartbeats {
    /// Returns when Discord has not acknowledged a heartbeat in half the interval. serenity gives up after a whole one.
    async fn missed(&self) {
        match self.interval.zip(self.unacknowledged_since) {
            Some((interval, since)) => tokio::time::sleep_until(since + interval / 2).await,
            None => std::future::pending().await,
        }
    }
}

/// The close frame for serenity: one of the codes that it handles.
fn close_frame(end: Option<CloseFrame>) -> CloseFrame {
    let code = end.map(|end| u16::from(end.code)).filter(|code| REFUSALS.contains(code)).unwrap_or(TRY_AGAIN);
    CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::default() }
}
