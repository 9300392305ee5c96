//! Runs the operations of a WebSocket.

use std::sync::Arc;

use async_graphql::{ServerError, parser::types::OperationType};
use futures_util::{StreamExt, stream::Stream};
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};
use tracing::Instrument;

use super::{headers::new_request_id, server::Server, socket_limits::SocketLimits, ws_messages::Outgoing};
use crate::{
    api::{
        Prepared, SubscriptionMessage,
        auth_context::AuthContext,
        is_refused,
        operation_log::{OperationLog, OutcomeCode},
        response_json::to_json,
    },
    kernel::error::internal_server_error,
};

/// Runs one operation. The stream yields its messages.
pub(super) fn run(
    server: Server,
    context: AuthContext,
    id: String,
    prepared: Result<Prepared, Vec<ServerError>>,
    limits: Arc<SocketLimits>,
) -> impl Stream<Item = Outgoing> + Send {
    async_stream::stream! {
        let memory = &limits.connection.memory;
        let mut log = open(&server, &context);
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(errors) => {
                yield refused(&mut log, &id, &errors);
                return;
            }
        };
        log.set_operation(&prepared);
        let _memory = match limits.charge(&prepared) {
            Ok(memory) => memory,
            Err(refusal) => {
                yield refused(&mut log, &id, &[refusal.into_server_error()]);
                return;
            }
        };
        let turn = if prepared.kind() == OperationType::Subscription { limits.start().await } else { None };
        // As for each HTTP request, the viewer's current rights apply, not the rights from when the socket was opened.
        let refreshed = Arc::clone(&log.usage).scope(Box::pin(context.refresh()));
        let context = match server.graph.within_time_limit(refreshed).await {
            Ok(context) => context,
            Err(error) => {
                let error = error.into_sanitized(log.request_id());
                yield refused(&mut log, &id, &[error]);
                return;
            }
        };
        if prepared.kind() == OperationType::Subscription {
            log.set_outcome(OutcomeCode::OK);
            let messages = server.graph.subscribe(prepared, context, log.request_id().to_owned(), turn);
            let mut shutdown = server.clone();
            let mut messages = messages.take_until(Box::pin(async move { shutdown.shutdown_requested().await })).boxed();
            while let Some(message) = messages.next().await {
                match message {
                    SubscriptionMessage::Next(response) => {
                        // The message, and its copy in the socket's buffers.
                        let charge = memory.charge_event(2 * response.len()).await;
                        yield Outgoing::next(&id, &response, None, charge);
                    }
                    SubscriptionMessage::Refused(errors) => {
                        yield refused(&mut log, &id, &errors);
                        return;
                    }
                }
            }
            // Without `complete`, so that the client reconnects to another server.
            if *server.shutdown.borrow() {
                return;
            }
        } else {
            let permit = limits.response().await;
            // On a task of its own: while the client is slow to read, this stream is not polled, and its response would
            // not be charged.
            let mut task = JoinSet::new();
            let request_id = log.request_id().to_owned();
            let execution = execute(server.clone(), context, id.clone(), prepared, log, Arc::clone(&limits), permit);
            task.spawn(execution.in_current_span());
            let outgoing = match task.join_next().await {
                Some(Ok(outgoing)) => outgoing,
                _ => Outgoing::error(&id, &[internal_server_error(&request_id)]),
            };
            let is_last = outgoing.is_last;
            yield outgoing;
            if is_last {
                return;
            }
        }
        yield Outgoing::complete(&id);
    }
}

/// Executes a query or a mutation. Returns the message with its response.
async fn execute(
    server: Server,
    context: AuthContext,
    id: String,
    prepared: Prepared,
    mut log: OperationLog,
    limits: Arc<SocketLimits>,
    permit: Option<OwnedSemaphorePermit>,
) -> Outgoing {
    let response = Box::pin(log.execute(&server.graph, prepared, &context)).await;
    if is_refused(&response) {
        return Outgoing::error(&id, &response.errors);
    }
    let json = match to_json(&response) {
        Ok(json) => json,
        Err(error) => {
            tracing::error!(request_id = log.request_id(), %error, "could not serialize the response");
            return Outgoing::error(&id, &[internal_server_error(log.request_id())]);
        }
    };
    drop(response);
    // The message, and its copy in the socket's buffers.
    match limits.connection.memory.charge(2 * json.len()).await {
        Ok(charge) => Outgoing::next(&id, &json, permit, charge),
        Err(refusal) => Outgoing::error(&id, &[refusal.into_server_error()]),
    }
}

fn open(server: &Server, context: &AuthContext) -> OperationLog {
    let request_id = new_request_id();
    let span = tracing::info_span!("operation", request_id, "otel.kind" = "server");
    let mut log = OperationLog::start(&server.app, "websocket", &request_id, span);
    log.set_viewer(context);
    log
}

fn refused(log: &mut OperationLog, id: &str, errors: &[ServerError]) -> Outgoing {
    log.set_outcome(OutcomeCode::of(errors));
    Outgoing::error(id, errors)
}
