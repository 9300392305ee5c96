//! GraphQL over WebSocket: the sub-protocol `graphql-transport-ws`.
//!
//! Source: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::{pin::pin, sync::Arc, time::Duration};

use async_graphql::{ServerError, parser::types::OperationType};
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::{BoxStream, Stream},
};
use serde_json::{Map, Value as Json};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tokio_stream::StreamMap;

use super::{
    headers::new_request_id,
    request::from_payload,
    server::{ConnectionPermit, Server},
    ws_messages::{
        BAD_REQUEST, ClientMessage, Close, FORBIDDEN, GOING_AWAY, INIT_TIMEOUT, INTERNAL, NO_PROTOCOL, Outgoing,
        ServerMessage, TWICE_INIT, UNAUTHORIZED,
    },
};
use crate::{
    api::{
        Operation, SubscriptionMessage,
        auth_context::{AuthContext, Credentials},
        is_refused,
        operation_log::{OperationLog, OutcomeCode},
    },
    engine::Origin,
    kernel::error::{Code, Error, Refusal, internal_server_error},
};

const PROTOCOL: &str = "graphql-transport-ws";
/// Of how many bytes of a request's body a message from a client may have one.
const BODY_PER_MESSAGE: usize = 8;
/// What a socket reads at once, in bytes. The library's default, 128 KiB, would be most of what an idle subscriber costs.
const READ_BUFFER: usize = 1_024;
/// How long a client has to say `connection_init`.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take to read a message before it is dropped.
const SEND_WITHIN: Duration = Duration::from_secs(20);
/// How often a silent client is asked whether it is still there; silent for twice as long, it is not.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long what is under way may take when the server is told to end: less than that waits, so that clients hear of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(7);
/// How long a client that is sent away has to take note of it.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);
/// Most responses of a socket that are not sent yet, because its client is slow to read.
const MAX_UNSENT: usize = 8;
/// Most operations at once on one socket.
const MAX_OPERATIONS: usize = 100;
/// Most KiB that their documents have together: parsed, they take some eighty times as much.
const MAX_DOCUMENTS: usize = 256;
/// Most bytes of an operation's id.
const MAX_ID: usize = 4 * 1_024;

/// Answers an upgrade request.
pub(super) fn upgrade(
    server: Server,
    upgrade: WebSocketUpgrade,
    origin: Origin,
    permit: Option<ConnectionPermit>,
) -> Response {
    let max_message = server.max_body / BODY_PER_MESSAGE;
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(max_message)
        .max_frame_size(max_message)
        .on_upgrade(async move |mut socket| {
            // Kept to the end, because a server that shuts down waits for all sockets.
            let _open = server.shutdown.clone();
            // Likewise, because the socket counts as an open connection.
            let _permit = permit;
            let speaks_it = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
            let ended = if speaks_it {
                let responses = Arc::new(Semaphore::new(MAX_UNSENT));
                let limits = Arc::new(SocketLimits { responses, documents: Semaphore::new(MAX_DOCUMENTS) });
                let connection = WsConnection {
                    server,
                    origin: Some(origin),
                    admitting: None,
                    admitted: None,
                    is_ending: false,
                    operations: StreamMap::new(),
                    limits,
                };
                connection.run(&mut socket).await
            } else {
                Err(NO_PROTOCOL)
            };
            // Whoever is gone needs no answer.
            let _ = timeout(SEND_WITHIN, leave(socket, ended.err())).await;
        })
}

/// Ends a socket: sends the client away, if it is not the client who has gone, and lets it take note.
async fn leave(mut socket: WebSocket, close: Option<Close>) {
    if let Some(Close(code, reason)) = close {
        let frame = CloseFrame { code, reason: reason.as_ref().into() };
        if socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        // What it still says is read and passed over: a connection dropped with something unread is reset, and takes what
        // was sent last with it.
        let heard_out = async { while socket.recv().await.is_some_and(|heard| heard.is_ok()) {} };
        let _ = timeout(LEAVE_WITHIN, heard_out).await;
    }
    let _ = socket.close().await;
}

/// A WebSocket, from its `connection_init` to its close.
struct WsConnection {
    server: Server,
    /// Where the client comes from, until it asks to be let in.
    origin: Option<Origin>,
    /// Its being let in, while that takes.
    admitting: Option<BoxFuture<'static, Result<AuthContext, Close>>>,
    /// Who it is, once they have said so.
    admitted: Option<AuthContext>,
    /// Whether it has been heard that the server is about to end: what is under way is answered, and nothing begun.
    is_ending: bool,
    /// The operations that run, by the client's ids.
    operations: StreamMap<String, BoxStream<'static, Outgoing>>,
    limits: Arc<SocketLimits>,
}

/// Limits that a socket's operations share.
struct SocketLimits {
    /// A permit for each response that is not sent yet.
    responses: Arc<Semaphore>,
    /// A permit for each KiB of the documents of running operations.
    documents: Semaphore,
}

impl WsConnection {
    /// Runs until the client goes (`Ok`) or is to be sent away (`Err`).
    async fn run(mut self, socket: &mut WebSocket) -> Result<(), Close> {
        let mut timer = pin!(tokio::time::sleep(INIT_WITHIN));
        let mut last_heard = Instant::now();
        loop {
            let mut permit = None;
            let reply = tokio::select! {
                heard = socket.recv() => {
                    last_heard = Instant::now();
                    match heard {
                        Some(Ok(Message::Text(text))) => self.receive(text.as_str())?,
                        Some(Ok(Message::Binary(_))) => return Err(BAD_REQUEST),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Close(_))) | None => return Ok(()),
                        // Too large a message, or not WebSocket at all.
                        Some(Err(_)) => return Err(BAD_REQUEST),
                    }
                }
                Some(admitted) = OptionFuture::from(self.admitting.as_mut()), if self.admitting.is_some() => {
                    self.admitting = None;
                    self.admitted = Some(admitted?);
                    timer.as_mut().reset(Instant::now() + PING_EVERY);
                    Some(ServerMessage::ConnectionAck.into_message())
                }
                outgoing = self.operations.next(), if self.is_ending || !self.operations.is_empty() => {
                    let Some((id, outgoing)) = outgoing else {
                        if self.is_ending {
                            return Err(GOING_AWAY);
                        }
                        continue;
                    };
                    if outgoing.is_last {
                        self.operations.remove(&id);
                    }
                    permit = outgoing.permit;
                    Some(outgoing.message)
                }
                () = &mut timer => {
                    if self.is_ending {
                        return Err(GOING_AWAY);
                    }
                    if self.origin.is_some() {
                        return Err(INIT_TIMEOUT);
                    }
                    if last_heard.elapsed() > 2 * PING_EVERY {
                        return Ok(());
                    }
                    timer.as_mut().reset(Instant::now() + PING_EVERY);
                    Some(Message::Ping(axum::body::Bytes::new()))
                }
                () = self.server.shutdown_requested(), if !self.is_ending => {
                    self.is_ending = true;
                    timer.as_mut().reset(Instant::now() + ANSWER_WITHIN);
                    None
                }
            };
            if let Some(reply) = reply
                && !matches!(timeout(SEND_WITHIN, socket.send(reply)).await, Ok(Ok(())))
            {
                return Ok(());
            }
            drop(permit);
        }
    }

    /// Handles a message of the client and returns the immediate reply, if there is one.
    fn receive(&mut self, text: &str) -> Result<Option<Message>, Close> {
        match serde_json::from_str(text).map_err(|_| BAD_REQUEST)? {
            ClientMessage::ConnectionInit { payload } => {
                let origin = self.origin.take().ok_or(TWICE_INIT)?;
                // Meanwhile the client is heard, whatever it says.
                self.admitting = Some(admit(self.server.clone(), payload.unwrap_or_default(), origin).boxed());
                Ok(None)
            }
            ClientMessage::Ping { payload } => Ok(Some(ServerMessage::Pong { payload }.into_message())),
            ClientMessage::Pong { .. } => Ok(None),
            // Unheard: it is not done, and the client asks again where it connects next.
            ClientMessage::Subscribe { .. } if *self.server.shutdown.borrow() => Ok(None),
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, payload),
            ClientMessage::Complete { id } => {
                self.operations.remove(&id);
                Ok(None)
            }
        }
    }

    fn subscribe(&mut self, id: String, payload: Map<String, Json>) -> Result<Option<Message>, Close> {
        let admitted = self.admitted.clone().ok_or(UNAUTHORIZED)?;
        // Every answer repeats it.
        if id.is_empty() || id.len() > MAX_ID {
            return Err(BAD_REQUEST);
        }
        if self.operations.contains_key(&id) {
            // A reason has at most 123 bytes.
            let shown: String = id.chars().take(20).collect();
            return Err(Close(4409, format!("Subscriber for {shown} already exists").into()));
        }
        let refused = |refusal: Refusal| Outgoing::error(&id, &[refusal.into_server_error()]).message;
        if self.operations.len() >= MAX_OPERATIONS {
            let message = format!("A socket has at most {MAX_OPERATIONS} operations at once.");
            return Ok(Some(refused(Refusal::new(Code::QueryTooComplex, message))));
        }
        let operation = from_payload(payload).map_err(|_| BAD_REQUEST)?;
        let member = admitted.viewer.as_ref().map(|viewer| viewer.member);
        if let Err(refusal) = self.server.limiter.check(admitted.origin.address, member) {
            return Ok(Some(refused(refusal)));
        }
        let run = run(self.server.clone(), admitted, id.clone(), operation, Arc::clone(&self.limits));
        self.operations.insert(id, run.boxed());
        Ok(None)
    }
}

/// Lets a client in by its `connection_init` payload.
async fn admit(server: Server, payload: Map<String, Json>, origin: Origin) -> Result<AuthContext, Close> {
    let text = |name: &str| match payload.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(FORBIDDEN),
    };
    let credentials = Credentials { guild: text("guild")?, authorization: text("authorization")? };
    let admitted = server.graph.within_time_limit(AuthContext::authenticate(&server.app, credentials, origin)).await;
    admitted.map_err(|error| match error {
        Error::Refused(_) => FORBIDDEN,
        Error::Internal(error) | Error::Unavailable(error) => {
            tracing::error!(%error, "a socket could not be let in");
            INTERNAL
        }
    })
}

/// Runs one operation and says what comes of it.
fn run(
    server: Server,
    admitted: AuthContext,
    id: String,
    operation: Operation,
    limits: Arc<SocketLimits>,
) -> impl Stream<Item = Outgoing> + Send {
    async_stream::stream! {
        let mut log = open(&server, &admitted);
        let prepared = match server.graph.prepare(operation) {
            Ok(prepared) => prepared,
            Err(errors) => {
                yield refused(&mut log, &id, &errors);
                return;
            }
        };
        log.set_operation(&prepared);
        let Ok(_permit) = limits.documents.try_acquire_many(prepared.kibibytes()) else {
            let message = format!("The documents of a socket's operations have at most {MAX_DOCUMENTS} KiB together.");
            let refusal = Refusal::new(Code::QueryTooComplex, message);
            yield refused(&mut log, &id, &[refusal.into_server_error()]);
            return;
        };
        // As with each request over HTTP, what counts is who asks and what they may do by now.
        let refreshed = Arc::clone(&log.usage).scope(Box::pin(admitted.refresh()));
        let admitted = match server.graph.within_time_limit(refreshed).await {
            Ok(admitted) => admitted,
            Err(error) => {
                let error = error.into_sanitized(log.request_id());
                yield refused(&mut log, &id, &[error]);
                return;
            }
        };
        if prepared.kind() == OperationType::Subscription {
            log.set_outcome(OutcomeCode::OK);
            let said = server.graph.subscribe(prepared, admitted, log.request_id().to_owned());
            let mut ending = server.clone();
            let mut said = said.take_until(Box::pin(async move { ending.shutdown_requested().await })).boxed();
            while let Some(said) = said.next().await {
                match said {
                    SubscriptionMessage::Next(response) => yield Outgoing::next(&id, &response, None),
                    SubscriptionMessage::Refused(errors) => {
                        yield refused(&mut log, &id, &errors);
                        return;
                    }
                }
            }
            // Left unfinished, so that the client comes back to another server.
            if *server.shutdown.borrow() {
                return;
            }
        } else {
            // It is never closed. A client that does not read must not fill our memory with answers.
            let permit = Arc::clone(&limits.responses).acquire_owned().await.ok();
            let response = Box::pin(log.execute(&server.graph, prepared, &admitted)).await;
            if is_refused(&response) {
                yield Outgoing::error(&id, &response.errors);
                return;
            }
            match serde_json::to_string(&response) {
                Ok(response) => yield Outgoing::next(&id, &response, permit),
                Err(error) => {
                    tracing::error!(request_id = log.request_id(), %error, "the answer could not be written");
                    yield Outgoing::error(&id, &[internal_server_error(log.request_id())]);
                    return;
                }
            }
        }
        yield Outgoing::complete(&id);
    }
}

fn open(server: &Server, admitted: &AuthContext) -> OperationLog {
    let request_id = new_request_id();
    let span = tracing::info_span!("operation", request_id, "otel.kind" = "server");
    let mut log = OperationLog::start(&server.app, "websocket", &request_id, span);
    log.set_viewer(admitted);
    log
}

fn refused(log: &mut OperationLog, id: &str, errors: &[ServerError]) -> Outgoing {
    log.set_outcome(OutcomeCode::of(errors));
    Outgoing::error(id, errors)
}
