//! GraphQL over server-sent events, in the mode of "distinct connections": one stream for each operation.
//!
//! Source: <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::{convert::Infallible, future::ready, pin::pin, time::Duration};

use async_graphql::{Response as GraphResponse, ServerError, parser::types::OperationType};
use axum::{
    http::header,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream::once};

use super::server::Server;
use crate::api::{
    Prepared, SubscriptionMessage,
    auth_context::AuthContext,
    is_refused,
    operation_log::{OperationLog, OutcomeCode},
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
    let events = once(ready(Event::DEFAULT_KEEP_ALIVE)).chain(events(server, prepared, context, log));
    let events = events.take_until(Box::pin(stop)).map(Ok::<_, Infallible>);
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Proxies must not buffer events.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))).into_response()
}

fn events(
    server: Server,
    prepared: Result<Prepared, Vec<ServerError>>,
    context: AuthContext,
    mut log: OperationLog,
) -> impl Stream<Item = Event> {
    async_stream::stream! {
        match prepared {
            Err(errors) => {
                log.set_outcome(OutcomeCode::of(&errors));
                yield refused(&errors);
            }
            Ok(prepared) if prepared.kind() != OperationType::Subscription => {
                let result = log.execute(&server.graph, prepared, &context).await;
                yield response(&result);
            }
            Ok(prepared) => {
                let mut messages = pin!(server.graph.subscribe(prepared, context, log.request_id().to_owned()));
                log.set_outcome(OutcomeCode::OK);
                while let Some(message) = messages.next().await {
                    yield match message {
                        SubscriptionMessage::Next(json) => next(&json),
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

fn response(response: &GraphResponse) -> Event {
    if is_refused(response) {
        return refused(&response.errors);
    }
    next(&serde_json::to_string(response).unwrap_or_default())
}

fn next(json: &str) -> Event {
    Event::default().event("next").data(json)
}
