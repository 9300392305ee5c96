//! GraphQL over server-sent events, in the mode of "distinct connections": one response a stream.
//!
//! Source: <https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>.

use std::{convert::Infallible, pin::pin, time::Duration};

use async_graphql::{Response as GraphResponse, ServerError, parser::types::OperationType};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt};

use super::Server;
use crate::graphql::{Prepared, Said, caller::Admitted, is_refused};

/// How often a silent stream says that it is still there: proxies and phones cut off what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(12);

/// Answers with a stream of events: a `next` for each response, and a `complete` at the end. A request that is not executed
/// is answered so too, since an event source tells nothing of an HTTP error.
pub(super) fn answer(
    server: Server,
    prepared: Result<Prepared, ServerError>,
    admitted: Admitted,
    request_id: String,
) -> Response {
    let mut ending = server.clone();
    // A server that ends leaves the stream unfinished, so that the client comes back to another.
    let events = events(server, prepared, admitted, request_id)
        .take_until(Box::pin(async move { ending.told_to_end().await }))
        .map(Ok::<_, Infallible>);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("");
    // Proxies are asked not to gather events.
    ([("x-accel-buffering", "no")], Sse::new(events).keep_alive(keep_alive)).into_response()
}

fn events(
    server: Server,
    prepared: Result<Prepared, ServerError>,
    admitted: Admitted,
    request_id: String,
) -> impl Stream<Item = Event> {
    async_stream::stream! {
        match prepared {
            Err(error) => yield refused(&[error]),
            Ok(prepared) if prepared.kind() != OperationType::Subscription => {
                yield response(&server.graph.execute(prepared, &admitted, &request_id).await);
            }
            Ok(prepared) => {
                let mut said = pin!(server.graph.subscribe(prepared, admitted, request_id));
                while let Some(said) = said.next().await {
                    yield match said {
                        Said::Next(json) => next(&json),
                        Said::Refused(errors) => refused(&errors),
                    };
                }
            }
        }
        yield Event::default().event("complete").data("");
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
