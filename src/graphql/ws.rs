//! GraphQL over WebSocket: the sub-protocol `graphql-transport-ws`.
//!
//! Source: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::{collections::HashMap, pin::pin, sync::Arc, time::Duration};

use async_graphql::{Response as GraphResponse, ServerError, Value, parser::types::OperationType};
use axum::{
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::Response,
};
use futures_util::{SinkExt, StreamExt, stream::SplitSink};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::AbortHandle,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use super::{
    Operation,
    caller::{Caller, Credentials},
    http::{Server, from_payload, new_request_id},
};
use crate::{
    app::App,
    auth::Origin,
    error::{Code, Error, Refusal, present},
};

const PROTOCOL: &str = "graphql-transport-ws";
/// Largest message from a client, in bytes.
const MAX_MESSAGE: usize = 128 * 1_024;
/// What a socket reads and writes at once, in bytes. The library's default, 128 KiB, would be most of what an idle
/// subscriber costs.
const BUFFER: usize = 4 * 1_024;
/// How long a client has to say `connection_init`.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take to read a message before it is dropped.
const SEND_WITHIN: Duration = Duration::from_secs(20);
/// How often a silent client is asked whether it is still there; silent for twice as long, it is not.
const PING_EVERY: Duration = Duration::from_secs(25);
/// Answers that are made and wait for a slow client; beyond that its operations wait, and tallies are skipped.
const OUTBOX: usize = 8;
/// Most operations at once on one socket.
const MAX_OPERATIONS: usize = 100;

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Map<String, Json>>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Map<String, Json>>,
    },
    Pong {},
    Subscribe {
        id: String,
        payload: Map<String, Json>,
    },
    Complete {
        id: String,
    },
}

/// What the server says.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'m> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Json>>,
    },
    Next {
        id: &'m str,
        payload: &'m GraphResponse,
    },
    Error {
        id: &'m str,
        payload: &'m [ServerError],
    },
    Complete {
        id: &'m str,
    },
}

impl ToClient<'_> {
    fn into_message(self) -> Message {
        Message::text(serde_json::to_string(&self).unwrap_or_default())
    }
}

/// Why a socket is closed, by the protocol's codes.
struct Close(u16, &'static str);

const BAD_REQUEST: Close = Close(4400, "Invalid message");
const UNAUTHORIZED: Close = Close(4401, "Unauthorized");
const FORBIDDEN: Close = Close(4403, "Forbidden");
const NO_PROTOCOL: Close = Close(4406, "Subprotocol not acceptable");
const INIT_TIMEOUT: Close = Close(4408, "Connection initialisation timeout");
const TWICE_INIT: Close = Close(4429, "Too many initialisation requests");
const INTERNAL: Close = Close(1011, "Internal error");

/// Answers an upgrade request.
pub fn upgrade(server: Server, upgrade: WebSocketUpgrade, origin: Origin) -> Response {
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(async move |socket| {
            let speaks_it = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
            let (sink, mut stream) = socket.split();
            let mut sink = Sink(sink);
            let ended = if speaks_it {
                let (outbox, inbox) = mpsc::channel(OUTBOX);
                let connection = Connection { server, origin, caller: None, operations: HashMap::new(), outbox };
                connection.run(&mut sink, &mut stream, inbox).await
            } else {
                Err(NO_PROTOCOL)
            };
            match ended {
                Ok(()) => sink.finish().await,
                Err(close) => sink.close(close).await,
            }
        })
}

struct Sink(SplitSink<WebSocket, Message>);

/// The client is gone, or does not read.
struct Gone;

impl Sink {
    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(SEND_WITHIN, self.0.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    async fn close(&mut self, Close(code, reason): Close) {
        let frame = CloseFrame { code, reason: reason.into() };
        if self.send(Message::Close(Some(frame))).await.is_ok() {
            self.finish().await;
        }
    }

    /// Answers the client's close, if it was the client who closed.
    async fn finish(&mut self) {
        // Whoever is gone needs no answer.
        let _ = timeout(SEND_WITHIN, self.0.close()).await;
    }
}

struct Connection {
    server: Server,
    origin: Origin,
    /// Who it is, once they have said so.
    caller: Option<Arc<Caller>>,
    /// The operations that run, by the client's ids.
    operations: HashMap<String, AbortHandle>,
    outbox: mpsc::Sender<Outgoing>,
}

/// What an operation has to say.
enum Outgoing {
    /// An answer, and the turn it has until it is sent.
    Answer(Message, Option<OwnedSemaphorePermit>),
    /// The last of an operation: its id is free again.
    Last(String, Message),
}

impl Drop for Connection {
    fn drop(&mut self) {
        for operation in self.operations.values() {
            operation.abort();
        }
    }
}

impl Connection {
    /// Runs until the client goes (`Ok`) or is to be sent away (`Err`).
    async fn run(
        mut self,
        sink: &mut Sink,
        stream: &mut (impl StreamExt<Item = Result<Message, axum::Error>> + Unpin),
        mut inbox: mpsc::Receiver<Outgoing>,
    ) -> Result<(), Close> {
        let mut init_timeout = pin!(tokio::time::sleep(INIT_WITHIN));
        let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_heard = Instant::now();
        loop {
            let mut turn = None;
            let reply = tokio::select! {
                heard = stream.next() => {
                    last_heard = Instant::now();
                    match heard {
                        Some(Ok(Message::Text(text))) => self.hear(text.as_str()).await?,
                        Some(Ok(Message::Binary(_))) => return Err(BAD_REQUEST),
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Close(_))) | None => return Ok(()),
                        // Too large a message, or not WebSocket at all.
                        Some(Err(_)) => return Err(BAD_REQUEST),
                    }
                }
                Some(outgoing) = inbox.recv() => match outgoing {
                    Outgoing::Answer(message, its_turn) => {
                        turn = its_turn;
                        Some(message)
                    }
                    // A `complete` of the client may have crossed the last message.
                    Outgoing::Last(id, message) => self.operations.remove(&id).map(|_| message),
                },
                () = &mut init_timeout, if self.caller.is_none() => return Err(INIT_TIMEOUT),
                _ = pings.tick() => {
                    if last_heard.elapsed() > 2 * PING_EVERY {
                        return Ok(());
                    }
                    Some(Message::Ping(axum::body::Bytes::new()))
                }
            };
            if let Some(reply) = reply
                && sink.send(reply).await.is_err()
            {
                return Ok(());
            }
            drop(turn);
        }
    }

    /// Takes in a message; the answer to it, if it has one at once.
    async fn hear(&mut self, text: &str) -> Result<Option<Message>, Close> {
        match serde_json::from_str(text).map_err(|_| BAD_REQUEST)? {
            FromClient::ConnectionInit { payload } => {
                if self.caller.is_some() {
                    return Err(TWICE_INIT);
                }
                let payload = payload.unwrap_or_default();
                let caller = admit(&self.server.app, &payload, self.origin.clone()).await?;
                self.caller = Some(Arc::new(caller.with_turns(Arc::new(Semaphore::new(OUTBOX)))));
                Ok(Some(ToClient::ConnectionAck.into_message()))
            }
            FromClient::Ping { payload } => Ok(Some(ToClient::Pong { payload }.into_message())),
            FromClient::Pong {} => Ok(None),
            FromClient::Subscribe { id, payload } => self.subscribe(id, payload),
            FromClient::Complete { id } => {
                if let Some(operation) = self.operations.remove(&id) {
                    operation.abort();
                }
                Ok(None)
            }
        }
    }

    fn subscribe(&mut self, id: String, payload: Map<String, Json>) -> Result<Option<Message>, Close> {
        let caller = Arc::clone(self.caller.as_ref().ok_or(UNAUTHORIZED)?);
        if id.is_empty() {
            return Err(BAD_REQUEST);
        }
        if self.operations.contains_key(&id) {
            return Err(Close(4409, "Subscriber already exists"));
        }
        if self.operations.len() >= MAX_OPERATIONS {
            let message = format!("A socket has at most {MAX_OPERATIONS} operations at once.");
            let refusal = Refusal::new(Code::QueryTooComplex, message);
            return Ok(Some(error_message(&id, &[refusal.into_server_error()])));
        }
        let operation = from_payload(payload).map_err(|_| BAD_REQUEST)?;
        let run = run(self.server.clone(), caller, id.clone(), operation, self.outbox.clone());
        self.operations.insert(id, tokio::spawn(run).abort_handle());
        Ok(None)
    }
}

/// Lets a client in by its `connection_init` payload.
async fn admit(app: &Arc<App>, payload: &Map<String, Json>, origin: Origin) -> Result<Caller, Close> {
    let text = |name: &str| match payload.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(FORBIDDEN),
    };
    let credentials = Credentials { guild: text("guild")?, authorization: text("authorization")? };
    Caller::admit(app, credentials, origin).await.map_err(|error| match error {
        Error::Refused(_) => FORBIDDEN,
        Error::Internal(error) => {
            tracing::error!(%error, "a socket could not be let in");
            INTERNAL
        }
    })
}

/// Runs one operation and says what comes of it.
async fn run(server: Server, caller: Arc<Caller>, id: String, operation: Operation, outbox: mpsc::Sender<Outgoing>) {
    let request_id = new_request_id();
    let last = match answer(&server, &caller, &id, operation, &outbox, &request_id).await {
        Ok(()) => ToClient::Complete { id: &id }.into_message(),
        Err(errors) => error_message(&id, &errors),
    };
    // A closed outbox is a client that is gone.
    let _ = outbox.send(Outgoing::Last(id, last)).await;
}

/// The errors that end the operation, if it does not complete.
async fn answer(
    server: &Server,
    caller: &Caller,
    id: &str,
    operation: Operation,
    outbox: &mpsc::Sender<Outgoing>,
    request_id: &str,
) -> Result<(), Vec<ServerError>> {
    let prepared = server.graph.prepare(operation).map_err(|error| vec![error])?;
    // As with each request over HTTP, what counts is who asks and what they may do by now.
    let caller = caller.again().await.map_err(|error| {
        let mut error = async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default());
        error.locations.clear();
        present(&mut error, request_id);
        vec![error]
    })?;
    let caller = Arc::new(caller);
    let next = |response: GraphResponse| {
        Outgoing::Answer(ToClient::Next { id, payload: &response }.into_message(), caller.take_turn())
    };
    if prepared.kind() != OperationType::Subscription {
        caller.wait_turn().await;
        let response = server.graph.execute(prepared, Arc::clone(&caller), request_id).await;
        if response.data == Value::Null && response.errors.iter().any(|error| error.path.is_empty()) {
            return Err(response.errors);
        }
        let _ = outbox.send(next(response)).await;
        return Ok(());
    }
    let mut responses = pin!(server.graph.subscribe(prepared, Arc::clone(&caller), request_id.to_owned()));
    while let Some(response) = responses.next().await {
        if response.data == Value::Null && !response.errors.is_empty() {
            return Err(response.errors);
        }
        if outbox.send(next(response)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn error_message(id: &str, errors: &[ServerError]) -> Message {
    ToClient::Error { id, payload: errors }.into_message()
}
