//! `/graphql`: queries by GET, all operations by POST (as one response or as a stream of events) and by WebSocket.

use std::{sync::Arc, time::Duration};

use async_graphql::parser::types::OperationType;
use axum::{
    Extension,
    body::Body,
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    http::{Method, StatusCode, header, request::Parts},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http_body_util::LengthLimitError;
use tracing::Span;

use super::{
    accept::{EVENT_STREAM, MULTIPART},
    credentials::{SentCredentials, check_url},
    headers::{X_REQUEST_ID, text},
    multipart,
    origin::origin,
    request::{RequestError, from_body, from_query_string},
    response::Responder,
    server::{OpenConnection, Server},
    sse,
    ws::{self, Client},
};
use crate::{
    api::{Operation, Prepared, auth_context::AuthContext, operation_log::OperationLog},
    engine::Origin,
    kernel::error::{Code, Refusal},
};

/// How long a client may take to send a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) async fn graphql(
    State(server): State<Server>,
    Extension(connection): Extension<Arc<OpenConnection>>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let origin = origin(&server.proxies, &parts);
    let id = text(&parts.headers, X_REQUEST_ID).unwrap_or("-");
    let responder = Responder::new(&parts.headers, OperationLog::start(&server.app, "http", id, Span::current()));
    if let Err(refusal) = server.limiter.check(origin.address, None) {
        return responder.reject(RequestError::new(StatusCode::TOO_MANY_REQUESTS, refusal));
    }
    if let Err(error) = check_url(parts.uri.query().unwrap_or_default()) {
        return responder.reject(error);
    }
    let wants_socket = text(&parts.headers, header::UPGRADE).is_some_and(|it| it.eq_ignore_ascii_case("websocket"));
    if parts.method == Method::GET && wants_socket {
        if !server.cors.allows(&server.proxies, &parts) {
            let refusal = Refusal::new(Code::Forbidden, "GUILDHALL_CORS_ORIGINS does not name this page's origin.");
            return responder.reject(RequestError::new(StatusCode::FORBIDDEN, refusal));
        }
        // The key has 16 bytes (RFC 6455, section 4.2.1).
        let key = text(&parts.headers, header::SEC_WEBSOCKET_KEY).and_then(|key| BASE64.decode(key).ok());
        if key.is_none_or(|key| key.len() != 16) {
            return responder.reject(RequestError::malformed("Sec-WebSocket-Key must be 16 bytes in base64."));
        }
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => {
                responder.log.discard();
                let client = Client { credentials: SentCredentials::from_headers(&parts.headers).ok(), origin };
                ws::upgrade(server, upgrade, client, connection)
            }
            Err(rejection) => {
                let refusal = Refusal::new(Code::BadUserInput, rejection.body_text());
                responder.reject(RequestError::new(rejection.status(), refusal))
            }
        };
    }
    Arc::clone(&responder.log.usage).scope(respond(server, parts, body, origin, responder, connection)).await
}

async fn respond(
    server: Server,
    parts: Parts,
    body: Body,
    origin: Origin,
    mut responder: Responder,
    connection: Arc<OpenConnection>,
) -> Response {
    let operation = match operation(&server, &responder, &parts, body).await {
        Ok(operation) => operation,
        Err(error) => return responder.reject(error),
    };
    let credentials = match SentCredentials::from_headers(&parts.headers) {
        Ok(credentials) => credentials,
        Err(error) => return responder.reject(error),
    };
    let authentication = AuthContext::authenticate(&server.app, credentials.credentials(), origin);
    let context = match server.graph.within_time_limit(authentication).await {
        Ok(context) => context,
        Err(error) => return responder.error(error),
    };
    responder.log.set_viewer(&context);
    if let Some(viewer) = &context.viewer
        && let Err(refusal) = server.limiter.check(None, Some(viewer.member))
    {
        return responder.reject(RequestError::new(StatusCode::TOO_MANY_REQUESTS, refusal));
    }
    run(server, &parts.method, operation, context, responder, connection).await
}

async fn run(
    server: Server,
    method: &Method,
    operation: Operation,
    context: AuthContext,
    mut responder: Responder,
    connection: Arc<OpenConnection>,
) -> Response {
    let prepared = server.graph.prepare(operation);
    let kind = prepared.as_ref().ok().map(Prepared::kind);
    if let Ok(prepared) = &prepared {
        responder.log.set_operation(prepared);
    }
    if kind == Some(OperationType::Mutation) && *method == Method::GET {
        let refusal = Refusal::new(Code::BadUserInput, "Send mutations by POST.");
        return responder.reject(RequestError::new(StatusCode::METHOD_NOT_ALLOWED, refusal));
    }
    let is_subscription = kind == Some(OperationType::Subscription);
    let stream = responder.accepted.stream.filter(|_| is_subscription);
    if responder.accepted.prefers_events || stream == Some(EVENT_STREAM) {
        return sse::respond(server, prepared, context, responder.log, connection);
    }
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(errors) => return responder.request_errors(&errors),
    };
    if !is_subscription && responder.accepted.json.is_none() {
        let message = "Accept application/graphql-response+json or application/json for a query or a mutation.";
        return responder
            .reject(RequestError::new(StatusCode::NOT_ACCEPTABLE, Refusal::new(Code::BadUserInput, message)));
    }
    if stream == Some(MULTIPART) {
        return multipart::respond(server, prepared, context, responder.log, connection);
    }
    if is_subscription {
        let message = "Accept text/event-stream or multipart/mixed for a subscription, or use WebSocket with the \
            sub-protocol graphql-transport-ws.";
        return responder
            .reject(RequestError::new(StatusCode::NOT_ACCEPTABLE, Refusal::new(Code::BadUserInput, message)));
    }
    let response = responder.log.execute(&server.graph, prepared, &context).await;
    responder.response(&response)
}

async fn operation(
    server: &Server,
    responder: &Responder,
    parts: &Parts,
    body: Body,
) -> Result<Operation, RequestError> {
    match parts.method {
        Method::GET => {
            responder.check()?;
            from_query_string(parts.uri.query().unwrap_or_default())
        }
        Method::POST => {
            responder.check()?;
            let message = format!("A request body has at most {} bytes.", server.max_body);
            let too_large = || {
                let refusal = Refusal::new(Code::BadUserInput, message.clone());
                RequestError::new(StatusCode::PAYLOAD_TOO_LARGE, refusal)
            };
            let content_length = text(&parts.headers, header::CONTENT_LENGTH).and_then(|it| it.parse::<u64>().ok());
            if content_length.is_some_and(|bytes| bytes > server.max_body as u64) {
                return Err(too_large());
            }
            let body = tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, server.max_body)).await;
            let too_late = Refusal::new(Code::BadUserInput, "The request's body did not arrive in time.");
            let body = body.map_err(|_| RequestError::new(StatusCode::REQUEST_TIMEOUT, too_late))?;
            let body = body.map_err(|error| match error.into_inner().downcast_ref::<LengthLimitError>() {
                Some(_) => too_large(),
                None => RequestError::malformed("The request's body is incomplete."),
            })?;
            from_body(&parts.headers, &body)
        }
        _ => {
            let refusal = Refusal::new(Code::BadUserInput, "Use GET or POST.");
            Err(RequestError::new(StatusCode::METHOD_NOT_ALLOWED, refusal))
        }
    }
}
