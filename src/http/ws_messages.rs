//! The messages and close codes of `graphql-transport-ws`.
//!
//! Source: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>.

use std::borrow::Cow;

use async_graphql::ServerError;
use axum::extract::ws::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tokio::sync::OwnedSemaphorePermit;

use super::{json::JsonObject, response_memory::Charge};

/// A message from the client.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit {
        #[serde(default)]
        payload: Option<JsonObject>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Map<String, Json>>,
    },
    Pong {
        #[serde(default, rename = "payload")]
        _payload: Option<Map<String, Json>>,
    },
    Subscribe {
        id: String,
        payload: JsonObject,
    },
    Complete {
        id: String,
    },
}

/// A message from the server, except `next`.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'m> {
    ConnectionAck {
        payload: AckPayload<'m>,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Json>>,
    },
    Error {
        id: &'m str,
        payload: &'m [ServerError],
    },
    Complete {
        id: &'m str,
    },
}

/// What a client learns about the server when it has connected.
#[derive(Serialize)]
pub(super) struct AckPayload<'m> {
    /// The name of the server's build.
    pub(super) build: &'m str,
}

impl ServerMessage<'_> {
    pub(super) fn into_message(self) -> Message {
        Message::text(serde_json::to_string(&self).unwrap_or_default())
    }
}

/// The code and the reason of a close frame, as the protocol defines them.
pub(super) struct Close(pub(super) u16, pub(super) Cow<'static, str>);

impl Close {
    pub(super) const fn new(code: u16, reason: &'static str) -> Self {
        Self(code, Cow::Borrowed(reason))
    }
}

pub(super) const GOING_AWAY: Close = Close::new(1001, "The server is shutting down");
pub(super) const INTERNAL: Close = Close::new(1011, "Internal error");
pub(super) const BAD_REQUEST: Close = Close::new(4400, "Invalid message");
pub(super) const UNAUTHORIZED: Close = Close::new(4401, "Unauthorized");
pub(super) const FORBIDDEN: Close = Close::new(4403, "Forbidden");
pub(super) const NO_PROTOCOL: Close = Close::new(4406, "Subprotocol not acceptable");
pub(super) const INIT_TIMED_OUT: Close = Close::new(4408, "Connection initialisation timeout");
pub(super) const TOO_MANY_INITS: Close = Close::new(4429, "Too many initialisation requests");

/// A message of an operation, and what its response holds until it is sent.
pub(super) struct Outgoing {
    pub(super) message: Message,
    /// Whether it is the operation's last message, which frees its id.
    pub(super) is_last: bool,
    pub(super) permit: Option<OwnedSemaphorePermit>,
    /// Its memory.
    pub(super) charge: Option<Charge>,
}

impl Outgoing {
    /// A `next` message with a response in JSON.
    pub(super) fn next(id: &str, response: &str, permit: Option<OwnedSemaphorePermit>, charge: Charge) -> Self {
        let message = format!(r#"{{"type":"next","id":{},"payload":{response}}}"#, Json::from(id));
        Self { message: Message::text(message), is_last: false, permit, charge: Some(charge) }
    }

    pub(super) fn complete(id: &str) -> Self {
        Self { message: ServerMessage::Complete { id }.into_message(), is_last: true, permit: None, charge: None }
    }

    pub(super) fn error(id: &str, errors: &[ServerError]) -> Self {
        Self {
            message: ServerMessage::Error { id, payload: errors }.into_message(),
            is_last: true,
            permit: None,
            charge: None,
        }
    }
}
