//! GraphQL over server-sent events, in the mode of "distinct connections": one stream for each operation.
//!
//! Source: <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::{convert::Infallible, future::ready, pin::pin, sync::Arc, time::Duration};

use async_graphql::{Response as GraphResponse, ServerError, parser::types::OperationType};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt, stream::once};

use super::{
    headers::STREAM_HEADERS,
    server::{OpenConnection, Server},
};
use crate::api::{
    Prepared, SubscriptionMessage,
    auth_context::AuthContext,
    is_refused,
    operation_log::{OperationLog, OutcomeCode},
    response_json::to_json,
};

/// Longest silence of a stream before a comment is sent, in seconds: proxies and phones close silent connections.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
/// Data of `complete`, which has none in the protocol: browsers drop an event without a `data` line
/// (<https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage>), and axum writes none for empty
/// data (<https://github.com/tokio-rs/axum/pull/3571>). A line break becomes two empty lines of data.
const NO_DATA: &str = "\n";

/// Responds with a stream of events: a `next` for each response, and a `complete` at the end. A request that is not
/// executed gets one too, since browsers' `EventSource` hides the body of an HTTP error.
pub(super) fn respond(
    server: Server,
    prepared: Result<Prepared, Vec<ServerError>>,
    context: AuthContext,
    log: OperationLog,
    connection: Arc<OpenConnection>,
) -> Response {
    let is_subscription = prepared.as_ref().is_ok_and(|it| it.kind() == OperationType::Subscription);
    let mut shutdown = server.clone();
    let stop = async move {
        // A query or mutation is completed first. A subscription is cut off without `complete`, so that the client
        // reconnects to another server.
        if !is_subscription {
            std::future::pending::<()>().await;
        }
        shutdown.shutdown_requested().await;
    };
    // Starts with a comment, so that the client receives the headers immediately.
    let events = once(ready(Event::DEFAULT_KEEP_ALIVE)).chain(events(server, prepared, context, log, connection));
    let events = events.take_until(Box::pin(stop)).map(Ok::<_, Infallible>);
    (STREAM_HEADERS, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))).into_response()
}

fn events(
    server: Server,
    prepared: Result<Prepared, Vec<ServerError>>,
    context: AuthContext,
    mut log: OperationLog,
    connection: Arc<OpenConnection>,
) -> impl Stream<Item = Event> {
    async_stream::stream! {
        match prepared {
            Err(errors) => {
                log.set_outcome(OutcomeCode::of(&errors));
                yield refused(&errors);
            }
            Ok(prepared) if prepared.kind() != OperationType::Subscription => {
                let result = log.execute(&server.graph, prepared, &context).await;
                let json = response(&result);
                drop(result);
                yield match connection.memory.charge(2 * json.len()).await {
                    Ok(charge) => {
                        connection.memory.release_when_flushed(charge);
                        next(&json)
                    }
                    Err(refusal) => refused(&[refusal.into_server_error()]),
                };
            }
            Ok(prepared) => {
                let mut messages = pin!(server.graph.subscribe(prepared, context, log.request_id().to_owned(), None));
                log.set_outcome(OutcomeCode::OK);
                while let Some(message) = messages.next().await {
                    yield match message {
                        SubscriptionMessage::Next(json) => {
                            // The event, and its copy in the connection's buffers.
                            let charge = connection.memory.charge_event(2 * json.len()).await;
                            connection.memory.release_when_flushed(charge);
                            next(&json)
                        }
                        SubscriptionMessage::Refused(errors) => {
                            log.set_outcome(OutcomeCode::of(&errors));
                            refused(&errors)
                        }
                    };
                }
            }
        }
        yield Event::default().event("complete").data(NO_DATA);
    }
}

fn refused(errors: &[ServerError]) -> Event {
    next(&serde_json::json!({ "errors": errors }).to_string())
}

fn response(response: &GraphResponse) -> String {
    if is_refused(response) {
        return serde_json::json!({ "errors": response.errors }).to_string();
    }
    to_json(response).unwrap_or_default()
}

fn next(json: &str) -> Event {
    Event::default().event("next").data(json)
}
