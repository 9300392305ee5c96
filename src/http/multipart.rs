//! Subscriptions over `multipart/mixed`, in Apollo's protocol: a part for each response.
//!
//! Source: <https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol>.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use async_graphql::ServerError;
use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, sleep_until};

use super::{
    headers::STREAM_HEADERS,
    server::{OpenConnection, Server},
};
use crate::api::{
    Prepared, SubscriptionMessage,
    auth_context::AuthContext,
    operation_log::{OperationLog, OutcomeCode},
};

const CONTENT_TYPE: &str = "multipart/mixed;boundary=\"graphql\";subscriptionSpec=1.0";
/// The start of the response. Clients handle a part when the boundary after it has arrived, so each part is sent with
/// the next boundary.
const START: &str = "\r\n--graphql";
const END: &str = "--\r\n";
/// A part without a response, which shows proxies and clients that the connection is open.
const HEARTBEAT: &str = "{}";
/// Time between two parts after which a heartbeat is sent. Apollo's router waits as long.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Responds to a subscription with a part for each response. A shutdown ends the stream without its final boundary, so
/// that the client reconnects to another server.
pub(super) fn respond(
    server: Server,
    prepared: Prepared,
    context: AuthContext,
    log: OperationLog,
    connection: Arc<OpenConnection>,
) -> Response {
    let mut shutdown = server.clone();
    let stop = async move { shutdown.shutdown_requested().await };
    let parts = parts(server, prepared, context, log, connection).take_until(Box::pin(stop));
    let body = Body::from_stream(parts.map(|part| Ok::<_, Infallible>(Bytes::from(part))));
    (STREAM_HEADERS, [(header::CONTENT_TYPE, CONTENT_TYPE)], body).into_response()
}

fn parts(
    server: Server,
    prepared: Prepared,
    context: AuthContext,
    mut log: OperationLog,
    connection: Arc<OpenConnection>,
) -> impl Stream<Item = String> {
    async_stream::stream! {
        yield format!("{START}{}", part(HEARTBEAT));
        let mut messages = pin!(server.graph.subscribe(prepared, context, log.request_id().to_owned(), None));
        log.set_outcome(OutcomeCode::OK);
        let mut has_started = false;
        let mut heartbeat_at = Instant::now() + HEARTBEAT_INTERVAL;
        loop {
            let message = tokio::select! {
                message = messages.next() => message,
                () = sleep_until(heartbeat_at) => {
                    heartbeat_at = Instant::now() + HEARTBEAT_INTERVAL;
                    yield part(HEARTBEAT);
                    continue;
                }
            };
            heartbeat_at = Instant::now() + HEARTBEAT_INTERVAL;
            match message {
                Some(SubscriptionMessage::Next(json)) => {
                    has_started = true;
                    // The part, and its copy in the connection's buffers.
                    let charge = connection.memory.charge_event(2 * json.len()).await;
                    let part = part(&format!("{{\"payload\":{json}}}"));
                    drop(json);
                    connection.memory.release_when_flushed(charge);
                    yield part;
                }
                Some(SubscriptionMessage::Refused(errors)) => {
                    log.set_outcome(OutcomeCode::of(&errors));
                    yield part(&refused(&errors, has_started));
                }
                None => break,
            }
        }
        yield END.to_owned();
    }
}

/// A part, with the boundary after it.
fn part(json: &str) -> String {
    format!("\r\ncontent-type: application/json\r\n\r\n{json}\r\n--graphql")
}

/// The errors of a subscription: as its response if it could not start, and as errors of the stream, which has no
/// further responses, if it has.
fn refused(errors: &[ServerError], has_started: bool) -> String {
    if has_started {
        serde_json::json!({ "payload": null, "errors": errors }).to_string()
    } else {
        serde_json::json!({ "payload": { "data": null, "errors": errors } }).to_string()
    }
}
