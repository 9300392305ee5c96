//! GraphQL over server-sent events, in the mode of "distinct connections": one response a stream.
//!
//! Source: <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::{convert::Infallible, pin::pin, time::Duration};

use async_graphql::{Response as GraphResponse, ServerError, parser::types::OperationType};
use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

use super::server::Server;
use crate::api::{
    Prepared, SubscriptionMessage,
    auth_context::AuthContext,
    is_refused,
    operation_log::{OperationLog, Outcome},
};

/// How often a silent stream says that it is still there: proxies and phones cut off what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
/// Says nothing, but something.
const COMMENT: &str = ":\n\n";
/// With a line of data, though an empty one: an event without is passed over.
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// Answers with a stream of events: a `next` for each response, and a `complete` at the end. A request that is not executed
/// is answered so too, since an event source tells nothing of an HTTP error.
pub(super) fn answer(
    server: Server,
    prepared: Result<Prepared, Vec<ServerError>>,
    admitted: AuthContext,
    account: OperationLog,
) -> Response {
    let is_subscription = prepared.as_ref().is_ok_and(|it| it.kind() == OperationType::Subscription);
    let mut ending = server.clone();
    let ended = async move {
        // What comes to an end by itself is answered first. A subscription is left unfinished, so that the client comes back
        // to another server.
        if !is_subscription {
            std::future::pending::<()>().await;
        }
        ending.shutdown_requested().await;
    };
    let events = events(server, prepared, admitted, account).take_until(Box::pin(ended));
    let kept_alive = async_stream::stream! {
        let mut events = pin!(events);
        loop {
            match timeout(KEEP_ALIVE, events.next()).await {
                Ok(Some(event)) => yield Ok::<_, Infallible>(event),
                Ok(None) => break,
                Err(_) => yield Ok(COMMENT.to_owned()),
            }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Proxies are asked not to gather events.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(kept_alive)).into_response()
}

fn events(
    server: Server,
    prepared: Result<Prepared, Vec<ServerError>>,
    admitted: AuthContext,
    mut account: OperationLog,
) -> impl Stream<Item = String> {
    async_stream::stream! {
        // So that the client knows at once that it is heard.
        yield COMMENT.to_owned();
        match prepared {
            Err(errors) => {
                account.comes_to(Outcome::of(&errors));
                yield refused(&errors);
            }
            Ok(prepared) if prepared.kind() != OperationType::Subscription => {
                let answered = account.execute(&server.graph, prepared, &admitted).await;
                yield response(&answered);
            }
            Ok(prepared) => {
                let mut said = pin!(server.graph.subscribe(prepared, admitted, account.request_id().to_owned()));
                account.comes_to(Outcome::OK);
                while let Some(said) = said.next().await {
                    yield match said {
                        SubscriptionMessage::Next(json) => next(&json),
                        SubscriptionMessage::Refused(errors) => {
                            account.comes_to(Outcome::of(&errors));
                            refused(&errors)
                        }
                    };
                }
            }
        }
        yield COMPLETE.to_owned();
    }
}

fn refused(errors: &[ServerError]) -> String {
    next(&serde_json::json!({ "errors": errors }).to_string())
}

fn response(response: &GraphResponse) -> String {
    if is_refused(response) {
        return refused(&response.errors);
    }
    next(&serde_json::to_string(response).unwrap_or_default())
}

/// JSON is written on one line.
fn next(json: &str) -> String {
    format!("event: next\ndata: {json}\n\n")
}
