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
//! - serenity waits for a session without limit, and resumes one without limit. The relay reports a session to which
//!   Discord does not respond, or which it never resumes.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{Sink, SinkExt, StreamExt, stream};
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
        self, Message, Utf8Bytes,
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
/// Number of attempts in a row to resume a session, for each shard, after which a new one is needed.
const MAX_RESUMES: usize = 5;
/// Longest time between two heartbeats. Discord's is 41 seconds.
const LONGEST_INTERVAL: Duration = Duration::from_mins(5);
/// Longest time of an attempt to connect, with the first message.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// "Unknown error. We're not sure what went wrong. Try reconnecting?"
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway>)
const TRY_AGAIN: u16 = 4_000;
/// The codes that serenity knows and after which Discord refuses the bot.
const REFUSALS: [u16; 3] = [4_004, 4_013, 4_014];

/// Discord's opcodes (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes>).
const DISPATCH: u8 = 0;
const HEARTBEAT: u8 = 1;
const IDENTIFY: u8 = 2;
const RESUME: u8 = 6;
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
    /// Number of attempts in a row to resume a session that did not succeed.
    resumes: usize,
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
    let (discord, hello) = Box::pin(open(&state)).await;
    let started = state.clock.elapsed();
    #[expect(clippy::result_large_err, reason = "the handshake's own type")]
    let accept_all = |_: &Request, response: Response| -> Result<Response, ErrorResponse> { Ok(response) };
    let Ok(serenity) = accept_hdr_async(stream, accept_all).await else { return };
    let (mut to_discord, from_discord) = discord.split();
    let mut from_discord = stream::iter([Ok(hello)]).chain(from_discord);
    let (mut to_serenity, mut from_serenity) = serenity.split();
    let mut responses = Responses::default();
    let end = loop {
        tokio::select! {
            received = from_discord.next() => match received {
                Some(Ok(Message::Close(frame))) => break ConnectionEnd::Discord(frame),
                Some(Ok(message)) => {
                    if state.receive(&message, &mut responses) == Forwarding::Stop {
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
                Some(Ok(message)) => match state.send(message, &mut responses) {
                    Some(message) => {
                        if to_discord.send(message).await.is_err() {
                            break ConnectionEnd::Discord(None);
                        }
                    }
                    None => break ConnectionEnd::Session,
                },
                Some(Err(_)) | None => break ConnectionEnd::Serenity(None),
            },
            end = responses.missing() => break end,
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
    fn receive(&self, message: &Message, responses: &mut Responses) -> Forwarding {
        let Message::Text(text) = message else { return Forwarding::Forward };
        let Ok(Envelope { op, t }) = serde_json::from_str(text) else { return Forwarding::Forward };
        // Only a few messages are parsed as a whole.
        let data = |pointer: &str| serde_json::from_str::<Value>(text).ok()?.pointer_mut(pointer).map(Value::take);
        match op {
            HELLO => {
                let interval = data("/d/heartbeat_interval").and_then(|it| it.as_u64()).map(Duration::from_millis);
                responses.interval = Some(interval.unwrap_or(LONGEST_INTERVAL).min(LONGEST_INTERVAL));
            }
            HEARTBEAT_ACK => responses.heartbeat_sent = None,
            INVALID_SESSION if data("/d") != Some(Value::Bool(true)) => return Forwarding::Stop,
            DISPATCH => {
                if t == Some("READY") {
                    let url = data("/d/resume_gateway_url");
                    self.sessions.lock().resume_url = url.as_ref().and_then(Value::as_str).and_then(versioned);
                }
                if responses.session_requested.take().is_some() {
                    self.sessions.lock().resumes = 0;
                }
            }
            _ => {}
        }
        Forwarding::Forward
    }

    /// Inspects a message of serenity. Returns the message for Discord; `None` if it would start a second session, or
    /// resume one that Discord does not resume.
    fn send(&self, message: Message, responses: &mut Responses) -> Option<Message> {
        let Message::Text(text) = &message else { return Some(message) };
        match serde_json::from_str(text).map(|Envelope { op, .. }| op) {
            Ok(HEARTBEAT) => {
                responses.heartbeat_sent.get_or_insert_with(Instant::now);
                Some(message)
            }
            Ok(IDENTIFY) => {
                responses.session_requested = Some(Instant::now());
                let mut identify: Value = serde_json::from_str(text).unwrap_or_default();
                let shard = identify.pointer("/d/shard/0").and_then(Value::as_u64).unwrap_or_default();
                // A compressed `READY` could not be inspected.
                if let Some(Value::Object(data)) = identify.get_mut("d") {
                    data.insert("compress".to_owned(), Value::Bool(false));
                }
                let is_first = self.sessions.lock().identified.insert(shard);
                if is_first {
                    (self.report)(RelayEvent::SessionRequested);
                }
                is_first.then(|| Message::Text(identify.to_string().into()))
            }
            Ok(RESUME) => {
                responses.session_requested = Some(Instant::now());
                let mut sessions = self.sessions.lock();
                sessions.resumes += 1;
                (sessions.resumes <= MAX_RESUMES.saturating_mul(self.shards)).then_some(message)
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

/// Connects to Discord, and retries until it succeeds. Returns the first message too, with which Discord greets.
async fn open(state: &RelayState) -> (WebSocketStream<MaybeTlsStream<TcpStream>>, Message) {
    loop {
        let (address, pause) = state.next_address();
        if !pause.is_zero() {
            state.clock.sleep(pause).await;
        }
        let connect = async {
            let (mut discord, _) = connect_async(&address).await?;
            let hello = discord.next().await.unwrap_or(Err(tungstenite::Error::ConnectionClosed))?;
            Ok::<_, tungstenite::Error>((discord, hello))
        };
        match state.clock.timeout(CONNECT_TIMEOUT, Box::pin(connect)).await {
            Some(Ok(opened)) => {
                state.sessions.lock().unreachable = 0;
                return opened;
            }
            Some(Err(error)) => tracing::debug!(%error, "Discord's gateway does not respond"),
            None => tracing::debug!("Discord's gateway takes too long to respond"),
        }
        let mut sessions = state.sessions.lock();
        sessions.failures = sessions.failures.saturating_add(1);
        sessions.unreachable = sessions.unreachable.saturating_add(1);
    }
}

/// The responses of Discord for which a connection waits. They are measured in real time, as serenity does.
#[derive(Default)]
struct Responses {
    /// Time between two heartbeats.
    interval: Option<Duration>,
    /// When the first heartbeat was sent that Discord has not acknowledged.
    heartbeat_sent: Option<Instant>,
    /// When serenity asked for a session, new or resumed, if no event has come since.
    session_requested: Option<Instant>,
}

impl Responses {
    /// Returns when Discord has not acknowledged a heartbeat in half the interval, or not given a session in a whole
    /// one. serenity gives up a heartbeat after a whole one, and a session never.
    async fn missing(&self) -> ConnectionEnd {
        let acknowledgement = self.interval.zip(self.heartbeat_sent).map(|(interval, sent)| sent + interval / 2);
        let session = self.interval.zip(self.session_requested).map(|(interval, sent)| sent + interval);
        let due = |at: Option<Instant>| async move {
            match at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due(acknowledgement) => ConnectionEnd::Zombie,
            () = due(session) => ConnectionEnd::Session,
        }
    }
}

/// The close frame for serenity: one of the codes that it handles.
fn close_frame(end: Option<CloseFrame>) -> CloseFrame {
    let code = end.map(|end| u16::from(end.code)).filter(|code| REFUSALS.contains(code)).unwrap_or(TRY_AGAIN);
    CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::default() }
}
