//! The gateway: WebSocket connections, and sessions that outlive them. The numbers are Discord's
//! [opcodes and close codes](https://discord.com/developers/docs/topics/opcodes-and-status-codes).

use std::sync::Arc;

use axum::{
    extract::{
        ConnectInfo, OriginalUri, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    response::Response,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{DiscordState, LocalDiscord, SharedState, TcpHandle, rest};

/// The [intent](https://discord.com/developers/docs/events/gateway#gateway-intents) for events of servers.
pub(super) const GUILDS: u64 = 1;
/// The intent for events of members.
pub(super) const GUILD_MEMBERS: u64 = 1 << 1;

/// A client's WebSocket.
pub(super) struct GatewayConnection {
    tcp: TcpHandle,
    /// Whether the client used the address for resumed sessions.
    is_for_resuming: bool,
    /// The messages to send.
    out: mpsc::UnboundedSender<Message>,
}

/// All events since a client identified.
pub(super) struct GatewaySession {
    id: String,
    intents: u64,
    /// The events, of which the client that resumes receives those that it missed.
    log: Vec<String>,
    /// The open connection, if there is one.
    pub(super) connection: Option<u64>,
}

pub(super) async fn connect(
    State(shared): State<Arc<SharedState>>,
    ConnectInfo(tcp): ConnectInfo<TcpHandle>,
    OriginalUri(uri): OriginalUri,
    upgrade: WebSocketUpgrade,
) -> Response {
    if shared.read(|state| state.down) {
        return rest::unavailable(503);
    }
    let is_for_resuming = uri.path() == "/resume";
    upgrade.on_upgrade(move |socket| serve(shared, socket, tcp, is_for_resuming))
}

async fn serve(shared: Arc<SharedState>, mut socket: WebSocket, tcp: TcpHandle, is_for_resuming: bool) {
    let mut running = shared.running.clone();
    let (out, mut messages) = mpsc::unbounded_channel();
    let connection = shared.edit(|state| state.open_connection(tcp, is_for_resuming, out));
    let mut closing = false;
    loop {
        tokio::select! {
            _ = running.changed() => break,
            // After a close frame, the client has to respond and disconnect.
            message = messages.recv(), if !closing => {
                let Some(message) = message else { break };
                closing = matches!(message, Message::Close(_));
                if socket.send(message).await.is_err() {
                    break;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    shared.edit(|state| state.receive(connection, text.as_str(), &shared.resume_url()));
                }
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code);
                    shared.edit(|state| state.remove_connection(connection, matches!(code, Some(1000 | 1001))));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    shared.edit(|state| state.remove_connection(connection, false));
}

impl SharedState {
    /// The gateway's address.
    pub(super) fn url(&self) -> String {
        format!("ws://{}/gateway", self.address)
    }

    /// The address at which sessions are resumed.
    fn resume_url(&self) -> String {
        format!("ws://{}/resume", self.address)
    }
}

impl DiscordState {
    fn open_connection(&mut self, tcp: TcpHandle, is_for_resuming: bool, out: mpsc::UnboundedSender<Message>) -> u64 {
        let connection = self.next_id();
        self.connections.insert(connection, GatewayConnection { tcp, is_for_resuming, out });
        self.is_zombie = false;
        if self.down {
            self.cut_connections();
        }
        self.opened_connections += 1;
        if !self.withholds_hello {
            self.send_op(connection, 10, &json!({ "heartbeat_interval": self.heartbeat_interval.unwrap_or(41_250) }));
        }
        connection
    }

    /// Removes a connection, and also its session if that cannot be resumed.
    fn remove_connection(&mut self, connection: u64, ends_session: bool) {
        self.connections.remove(&connection);
        self.sessions.retain(|session| !(ends_session && session.connection == Some(connection)));
        for session in self.sessions.iter_mut().filter(|session| session.connection == Some(connection)) {
            session.connection = None;
        }
    }

    /// Ends all connections without a close frame.
    pub(super) fn cut_connections(&mut self) {
        for (_, connection) in self.connections.drain() {
            if self.resets_connections { connection.tcp.reset() } else { connection.tcp.cut() }
        }
        self.sessions.iter_mut().for_each(|session| session.connection = None);
    }

    /// Closes a connection with a close frame.
    pub(super) fn close_connection(&mut self, connection: u64, code: u16) {
        if let Some(connection) = self.connections.get(&connection) {
            // Fails only when the client has disconnected before.
            let frame = (code != 1005).then(|| CloseFrame { code, reason: "".into() });
            let _gone = connection.out.send(Message::Close(frame));
        }
        self.remove_connection(connection, matches!(code, 4004 | 4007 | 4009..=4014));
    }

    /// Ends the session of every connection; a client can resume it or not.
    pub(super) fn end_sessions(&mut self, resumable: bool) {
        let connections: Vec<u64> = self.connections.keys().copied().collect();
        for connection in connections {
            self.send_op(connection, 9, &json!(resumable));
        }
        self.sessions.retain(|_| resumable);
        self.sessions.iter_mut().for_each(|session| session.connection = None);
    }

    /// Sends a payload that is not an event.
    pub(super) fn send_op(&self, connection: u64, op: u8, data: &Value) {
        self.send(connection, json!({ "op": op, "d": data, "s": null, "t": null }).to_string());
    }

    fn send(&self, connection: u64, text: String) {
        if let Some(connection) = self.connections.get(&connection).filter(|_| !self.is_zombie) {
            // Fails only when the client has disconnected before.
            let _gone = connection.out.send(Message::Text(text.into()));
        }
    }

    /// Sends an event to every session with this intent. Disconnected sessions receive it when they resume.
    pub(super) fn dispatch(&mut self, event: &str, intents: u64, data: &Value) {
        for index in 0..self.sessions.len() {
            if self.sessions[index].intents & intents == intents {
                self.send_event(index, event, data);
            }
        }
    }

    /// Sends an event to one session.
    fn send_event(&mut self, index: usize, event: &str, data: &Value) {
        let session = &mut self.sessions[index];
        let text = json!({ "op": 0, "d": data, "s": session.log.len() + 1, "t": event }).to_string();
        session.log.push(text.clone());
        if let Some(connection) = session.connection {
            self.send(connection, text);
        }
    }

    fn receive(&mut self, connection: u64, text: &str, url: &str) {
        let Ok(payload) = serde_json::from_str::<Value>(text) else { return self.close_connection(connection, 4002) };
        let identified = self.sessions.iter().any(|session| session.connection == Some(connection));
        let data = &payload["d"];
        match payload["op"].as_u64() {
            Some(1) => self.send_op(connection, 11, &Value::Null),
            Some(2 | 6) if identified => self.close_connection(connection, 4005),
            Some(2 | 6)
                if data["token"].as_str().map(|token| token.trim_start_matches("Bot "))
                    != Some(LocalDiscord::TOKEN) =>
            {
                self.close_connection(connection, 4004);
            }
            Some(2) => self.identify(connection, data, url),
            Some(6) => self.resume(connection, data),
            Some(3 | 4 | 8) if !identified => self.close_connection(connection, 4003),
            Some(3 | 4) => {}
            _ => {
                self.invalid_requests.push(format!("unexpected on the gateway: {payload}"));
                self.close_connection(connection, 4001);
            }
        }
    }

    fn identify(&mut self, connection: u64, data: &Value, url: &str) {
        self.identifies.push(data.clone());
        if let Some((remaining, _)) = &mut self.session_starts {
            match remaining.checked_sub(1) {
                Some(left) => *remaining = left,
                None => self.invalid_requests.push("more sessions than are allowed".to_owned()),
            }
        }
        if self.connections.get(&connection).is_some_and(|connection| connection.is_for_resuming) {
            self.invalid_requests.push("a new session at the address for resumed ones".to_owned());
        }
        if self.withholds_sessions {
            return;
        }
        if self.invalidates_sessions {
            return self.send_op(connection, 9, &json!(false));
        }
        let id = format!("session-{}", self.next_id());
        let intents = data["intents"].as_u64().unwrap_or_default();
        self.sessions.push(GatewaySession { id: id.clone(), intents, log: Vec::new(), connection: Some(connection) });
        let index = self.sessions.len() - 1;
        let servers: Vec<u64> = self.servers.keys().copied().collect();
        let unavailable = |server: &u64| json!({ "id": server.to_string(), "unavailable": true });
        let guilds: Vec<Value> = servers.iter().map(unavailable).collect();
        let ready = json!({
            "v": 10, "user": self.user(LocalDiscord::BOT), "guilds": guilds,
            "session_id": id, "resume_gateway_url": url, "session_type": "normal",
            "application": { "id": LocalDiscord::BOT.to_string(), "flags": 0 }, "shard": data["shard"],
        });
        self.send_event(index, "READY", &ready);
        if intents & GUILDS != 0 {
            for server in servers {
                let created = self.server_created(server);
                self.send_event(index, "GUILD_CREATE", &created);
            }
        }
        if let Some(code) = self.closes_sessions {
            self.close_connection(connection, code);
        }
    }

    fn resume(&mut self, connection: u64, data: &Value) {
        if self.withholds_sessions {
            return;
        }
        if self.defers_resumes {
            return self.send_op(connection, 9, &json!(true));
        }
        let rejected = std::mem::take(&mut self.rejects_resume);
        let session = self.sessions.iter().position(|session| data["session_id"] == session.id);
        let Some(index) = session.filter(|_| !rejected) else {
            self.sessions.retain(|session| data["session_id"] != session.id);
            return self.send_op(connection, 9, &json!(false));
        };
        let missed: Option<Vec<String>> = data["seq"]
            .as_u64()
            .and_then(|received| self.sessions[index].log.get(usize::try_from(received).ok()?..))
            .map(<[String]>::to_vec);
        let Some(missed) = missed else { return self.close_connection(connection, 4007) };
        let former = self.sessions[index].connection.replace(connection);
        if let Some(former) = former.and_then(|former| self.connections.remove(&former)) {
            former.tcp.cut();
        }
        self.resumes += 1;
        self.resumes_in_place += usize::from(self.connections.get(&connection).is_some_and(|it| it.is_for_resuming));
        for text in missed {
            self.send(connection, text);
        }
        self.send_event(index, "RESUMED", &json!({}));
    }
}
