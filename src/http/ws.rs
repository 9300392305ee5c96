//! GraphQL over WebSocket: the sub-protocol `graphql-transport-ws`.
//!
//! Source: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    future::{BoxFuture, OptionFuture},
};
use tokio::time::{Instant, timeout};

use super::{
    credentials::SentCredentials,
    json::JsonObject,
    request::from_payload,
    server::{OpenConnection, Server},
    socket_limits::SocketLimits,
    ws_messages::{
        AckPayload, BAD_REQUEST, ClientMessage, Close, FORBIDDEN, GOING_AWAY, INIT_TIMED_OUT, INTERNAL, NO_PROTOCOL,
        Outgoing, ServerMessage, TOO_MANY_INITS, UNAUTHORIZED,
    },
    ws_operation::run,
    ws_operations::Operations,
};
use crate::{
    api::auth_context::AuthContext,
    engine::Origin,
    kernel::error::{Code, Error, Refusal},
};

const PROTOCOL: &str = "graphql-transport-ws";
/// The limit of a request's body divided by the limit of a client's message.
const BODY_PER_MESSAGE: usize = 8;
/// Size of a socket's read buffer, in bytes. The library's default of 128 KiB would be most of an idle subscriber's
/// memory.
const READ_BUFFER: usize = 1_024;
/// How long a client may take to send `connection_init`.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client may take to read a message before the server closes the socket.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);
/// Time between two pings. A client that is silent for twice as long is considered gone.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long operations may take after a shutdown was requested: less than the server waits, so that clients receive a
/// close frame.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(7);
/// How long the server waits for a client to close its side after a close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of operations at once on one socket.
const MAX_OPERATIONS: usize = 100;
/// Longest id of an operation, in bytes.
const MAX_ID: usize = 4 * 1_024;

/// The client that requested an upgrade.
pub(super) struct Client {
    /// The guild and the token in its headers; `None` if they are ambiguous.
    pub(super) credentials: Option<SentCredentials>,
    /// Its address and user agent.
    pub(super) origin: Origin,
}

/// Responds to an upgrade request.
pub(super) fn upgrade(
    server: Server,
    upgrade: WebSocketUpgrade,
    client: Client,
    connection: Arc<OpenConnection>,
) -> Response {
    let max_message = server.max_body / BODY_PER_MESSAGE;
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(max_message)
        .max_frame_size(max_message)
        .on_upgrade(async move |mut socket| {
            // Kept until the socket is closed, because the server's shutdown waits for all sockets.
            let _open = server.shutdown.clone();
            let _open_socket = server.app.metrics.websockets.open();
            let is_supported = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
            let result = if is_supported {
                let limits = Arc::new(SocketLimits::new(connection));
                let connection = WsConnection {
                    server,
                    client: Some(client),
                    authentication: None,
                    context: None,
                    is_shutting_down: false,
                    operations: Operations::default(),
                    limits,
                };
                connection.run(&mut socket).await
            } else {
                Err(NO_PROTOCOL)
            };
            let close = match result {
                Ok(SocketEnd::NotReading) => return,
                Ok(SocketEnd::Disconnected) => None,
                Err(close) => Some(close),
            };
            // Fails if the client has disconnected.
            let _ = timeout(SEND_TIMEOUT, close_socket(socket, close)).await;
        })
}

/// Closes a socket: sends a close frame, unless the client has closed it, and waits for the client.
async fn close_socket(mut socket: WebSocket, close: Option<Close>) {
    if let Some(Close(code, reason)) = close {
        let frame = CloseFrame { code, reason: reason.as_ref().into() };
        if socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        // Reads and ignores further messages: closing a connection with unread data resets it, and the client may lose
        // the close frame.
        let drained = async { while socket.recv().await.is_some_and(|message| message.is_ok()) {} };
        let _ = timeout(CLOSE_TIMEOUT, drained).await;
    }
    let _ = socket.close().await;
}

/// A WebSocket, from its `connection_init` to its close.
struct WsConnection {
    server: Server,
    /// The client of the upgrade; `None` once it has sent `connection_init`.
    client: Option<Client>,
    /// The authentication, while it runs.
    authentication: Option<BoxFuture<'static, Result<AuthContext, Close>>>,
    /// The client's context, once it is authenticated.
    context: Option<AuthContext>,
    /// Whether the server shuts down. Running operations are completed, but no new ones are started.
    is_shutting_down: bool,
    operations: Operations,
    limits: Arc<SocketLimits>,
}

/// How a client ended its socket.
enum SocketEnd {
    Disconnected,
    /// It does not read, so it would not read a close frame either.
    NotReading,
}

impl WsConnection {
    /// Runs until the client has ended the socket (`Ok`) or the server closes it (`Err`).
    async fn run(mut self, socket: &mut WebSocket) -> Result<SocketEnd, Close> {
        let limits = Arc::clone(&self.limits);
        let memory = &limits.connection.memory;
        let mut timer = pin!(tokio::time::sleep(INIT_TIMEOUT));
        let mut last_message_at = Instant::now();
        loop {
            // What the message holds until it is sent.
            let (mut permit, mut charge) = (None, None);
            let reply = tokio::select! {
                () = memory.cut_off() => return Ok(SocketEnd::NotReading),
                message = socket.recv() => {
                    last_message_at = Instant::now();
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let _turn = self.server.graph.parsing_turn().await;
                            self.receive(text.as_str())?
                        }
                        Some(Ok(Message::Binary(_))) => return Err(BAD_REQUEST),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Close(_))) | None => return Ok(SocketEnd::Disconnected),
                        // A message that is too large, or a violation of the protocol.
                        Some(Err(_)) => return Err(BAD_REQUEST),
                    }
                }
                Some(context) = OptionFuture::from(self.authentication.as_mut()), if self.authentication.is_some() => {
                    self.authentication = None;
                    self.context = Some(context?);
                    timer.as_mut().reset(Instant::now() + PING_INTERVAL);
                    let payload = AckPayload { build: &self.server.web.build.name };
                    Some(ServerMessage::ConnectionAck { payload }.into_message())
                }
                outgoing = self.operations.next(), if self.is_shutting_down || !self.operations.is_empty() => {
                    let Some((id, outgoing)) = outgoing else {
                        if self.is_shutting_down {
                            return Err(GOING_AWAY);
                        }
                        continue;
                    };
                    if outgoing.is_last {
                        self.operations.remove(&id);
                    }
                    (permit, charge) = (outgoing.permit, outgoing.charge);
                    Some(outgoing.message)
                }
                () = &mut timer => {
                    if self.is_shutting_down {
                        return Err(GOING_AWAY);
                    }
                    if self.client.is_some() {
                        return Err(INIT_TIMED_OUT);
                    }
                    if last_message_at.elapsed() > 2 * PING_INTERVAL {
                        return Ok(SocketEnd::NotReading);
                    }
                    timer.as_mut().reset(Instant::now() + PING_INTERVAL);
                    Some(Message::Ping(axum::body::Bytes::new()))
                }
                () = self.server.shutdown_requested(), if !self.is_shutting_down => {
                    self.is_shutting_down = true;
                    timer.as_mut().reset(Instant::now() + SHUTDOWN_TIMEOUT);
                    None
                }
            };
            if let Some(reply) = reply {
                let send = async {
                    let _charge = match charge {
                        Some(charge) => charge,
                        None => memory.charge_event(memory_of(&reply)).await,
                    };
                    matches!(timeout(SEND_TIMEOUT, socket.send(reply)).await, Ok(Ok(())))
                };
                let is_sent = tokio::select! {
                    is_sent = send => is_sent,
                    () = memory.cut_off() => false,
                };
                if !is_sent {
                    return Ok(SocketEnd::NotReading);
                }
            }
            drop(permit);
        }
    }

    /// Handles a message of the client and returns the immediate reply, if there is one.
    fn receive(&mut self, text: &str) -> Result<Option<Message>, Close> {
        match serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| BAD_REQUEST)? {
            ClientMessage::ConnectionInit { payload } => {
                let client = self.client.take().ok_or(TOO_MANY_INITS)?;
                // Runs concurrently with the loop, which handles further messages of the client.
                self.authentication =
                    Some(authenticate(self.server.clone(), client, payload.unwrap_or_default()).boxed());
                Ok(None)
            }
            ClientMessage::Ping { payload } => Ok(Some(ServerMessage::Pong { payload }.into_message())),
            ClientMessage::Pong { .. } => Ok(None),
            // Ignored during a shutdown: the client sends it again when it reconnects.
            ClientMessage::Subscribe { .. } if *self.server.shutdown.borrow() => Ok(None),
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, payload),
            ClientMessage::Complete { id } => {
                self.operations.remove(&id);
                Ok(None)
            }
        }
    }

    fn subscribe(&mut self, id: String, payload: JsonObject) -> Result<Option<Message>, Close> {
        let context = self.context.clone().ok_or(UNAUTHORIZED)?;
        // Every response repeats the id.
        if id.is_empty() || id.len() > MAX_ID {
            return Err(BAD_REQUEST);
        }
        if self.operations.contains(&id) {
            // A close reason has at most 123 bytes (RFC 6455, section 5.5).
            let shown: String = id.chars().take(20).collect();
            return Err(Close(4409, format!("Subscriber for {shown} already exists").into()));
        }
        let refused = |refusal: Refusal| Outgoing::error(&id, &[refusal.into_server_error()]).message;
        if self.operations.len() >= MAX_OPERATIONS {
            let message = format!("A socket has at most {MAX_OPERATIONS} operations at once.");
            return Ok(Some(refused(Refusal::new(Code::QueryTooComplex, message))));
        }
        let payload = payload.unambiguous().ok_or(BAD_REQUEST)?;
        let operation = from_payload(payload).map_err(|_| BAD_REQUEST)?;
        let member = context.viewer.as_ref().map(|viewer| viewer.member);
        if let Err(refusal) = self.server.limiter.check(context.origin.address, member) {
            return Ok(Some(refused(refusal)));
        }
        // Here, while it is this socket's turn to parse.
        let prepared = self.server.graph.prepare(operation);
        let run = run(self.server.clone(), context, id.clone(), prepared, Arc::clone(&self.limits));
        self.operations.insert(id, run.boxed());
        Ok(None)
    }
}

/// Authenticates a client by the headers of its upgrade and the payload of its `connection_init`.
async fn authenticate(server: Server, client: Client, payload: JsonObject) -> Result<AuthContext, Close> {
    let Client { credentials, origin } = client;
    let payload = payload.unambiguous().ok_or(FORBIDDEN)?;
    let credentials = credentials.and_then(|sent| sent.with_payload(&payload)).ok_or(FORBIDDEN)?;
    let authentication = AuthContext::authenticate(&server.app, credentials.credentials(), origin);
    let context = server.graph.within_time_limit(authentication).await;
    context.map_err(|error| match error {
        Error::Refused(_) => FORBIDDEN,
        Error::Internal(error) | Error::Unavailable(error) => {
            tracing::error!(%error, "could not authenticate a socket");
            INTERNAL
        }
    })
}

/// Estimates the memory of a message: its data, and the copy in the socket's buffers.
fn memory_of(message: &Message) -> usize {
    match message {
        Message::Text(text) => 2 * text.len(),
        Message::Binary(data) | Message::Ping(data) | Message::Pong(data) => 2 * data.len(),
        Message::Close(_) => 0,
    }
}
