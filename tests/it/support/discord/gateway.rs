//! The gateway, with sessions that outlive their connections.

use std::sync::Arc;

use axum::{
    extract::{
        ConnectInfo, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    response::Response,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{ClientConnection, LocalDiscord, SharedState, World, rest};

pub(super) const GUILDS: u64 = 1;
pub(super) const GUILD_MEMBERS: u64 = 1 << 1;

/// A connection.
pub(super) struct Wire {
    line: ClientConnection,
    out: mpsc::UnboundedSender<Message>,
}

/// A session: all events since the client identified.
pub(super) struct GatewaySession {
    id: String,
    intents: u64,
    log: Vec<String>,
    pub(super) wire: Option<u64>,
}

pub(super) async fn connect(
    State(shared): State<Arc<SharedState>>,
    ConnectInfo(line): ConnectInfo<ClientConnection>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if shared.read(|world| world.down) {
        return rest::unavailable(503);
    }
    upgrade.on_upgrade(move |socket| serve(shared, socket, line))
}

async fn serve(shared: Arc<SharedState>, mut socket: WebSocket, line: ClientConnection) {
    let mut running = shared.running.clone();
    let (out, mut outbox) = mpsc::unbounded_channel();
    let wire = shared.edit(|world| world.plug_in(line, out));
    let mut closing = false;
    loop {
        tokio::select! {
            _ = running.changed() => break,
            // After a close frame, the client has to respond and disconnect.
            message = outbox.recv(), if !closing => {
                let Some(message) = message else { break };
                closing = matches!(message, Message::Close(_));
                if socket.send(message).await.is_err() {
                    break;
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => shared.edit(|world| world.hear(wire, text.as_str(), &shared.url())),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code);
                    shared.edit(|world| world.unplug(wire, matches!(code, Some(1000 | 1001))));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    shared.edit(|world| world.unplug(wire, false));
}

impl SharedState {
    /// The gateway's address.
    pub(super) fn url(&self) -> String {
        format!("ws://{}/gateway", self.address)
    }
}

impl World {
    fn plug_in(&mut self, line: ClientConnection, out: mpsc::UnboundedSender<Message>) -> u64 {
        let wire = self.id();
        self.wires.insert(wire, Wire { line, out });
        if self.down {
            self.cut_wires();
        }
        self.say(wire, 10, &json!({ "heartbeat_interval": 41_250 }));
        wire
    }

    /// Removes a connection, and its session if that has ended.
    fn unplug(&mut self, wire: u64, for_good: bool) {
        self.wires.remove(&wire);
        self.sessions.retain(|session| !(for_good && session.wire == Some(wire)));
        for session in self.sessions.iter_mut().filter(|session| session.wire == Some(wire)) {
            session.wire = None;
        }
    }

    pub(super) fn cut_wires(&mut self) {
        for (_, wire) in self.wires.drain() {
            if self.resetting { wire.line.reset() } else { wire.line.cut() }
        }
        self.sessions.iter_mut().for_each(|session| session.wire = None);
    }

    pub(super) fn hang_up(&mut self, wire: u64, code: u16) {
        if let Some(wire) = self.wires.get(&wire) {
            // Fails only when the client has disconnected before.
            let frame = (code != 1005).then(|| CloseFrame { code, reason: "".into() });
            let _gone = wire.out.send(Message::Close(frame));
        }
        self.unplug(wire, matches!(code, 4004 | 4007 | 4009..=4014));
    }

    pub(super) fn say(&self, wire: u64, op: u8, data: &Value) {
        self.send(wire, json!({ "op": op, "d": data, "s": null, "t": null }).to_string());
    }

    fn send(&self, wire: u64, text: String) {
        if let Some(wire) = self.wires.get(&wire) {
            // Fails only when the client has disconnected before.
            let _gone = wire.out.send(Message::Text(text.into()));
        }
    }

    /// Sends an event to every session with this intent. Disconnected sessions receive it when they resume.
    pub(super) fn dispatch(&mut self, event: &str, intents: u64, data: &Value) {
        for index in 0..self.sessions.len() {
            if self.sessions[index].intents & intents == intents {
                self.tell(index, event, data);
            }
        }
    }

    fn tell(&mut self, index: usize, event: &str, data: &Value) {
        let session = &mut self.sessions[index];
        let text = json!({ "op": 0, "d": data, "s": session.log.len() + 1, "t": event }).to_string();
        session.log.push(text.clone());
        if let Some(wire) = session.wire {
            self.send(wire, text);
        }
    }

    fn hear(&mut self, wire: u64, text: &str, url: &str) {
        let Ok(said) = serde_json::from_str::<Value>(text) else { return self.hang_up(wire, 4002) };
        let known = self.sessions.iter().any(|session| session.wire == Some(wire));
        let data = &said["d"];
        match said["op"].as_u64() {
            Some(1) => self.say(wire, 11, &Value::Null),
            Some(2 | 6) if known => self.hang_up(wire, 4005),
            Some(2 | 6)
                if data["token"].as_str().map(|token| token.trim_start_matches("Bot "))
                    != Some(LocalDiscord::TOKEN) =>
            {
                self.hang_up(wire, 4004);
            }
            Some(2) => self.identify(wire, data, url),
            Some(6) => self.resume(wire, data),
            Some(3 | 4 | 8) if !known => self.hang_up(wire, 4003),
            Some(3 | 4) => {}
            _ => {
                self.faults.push(format!("unexpected on the gateway: {said}"));
                self.hang_up(wire, 4001);
            }
        }
    }

    fn identify(&mut self, wire: u64, data: &Value, url: &str) {
        self.identifies.push(data.clone());
        let id = format!("session-{}", self.id());
        let intents = data["intents"].as_u64().unwrap_or_default();
        self.sessions.push(GatewaySession { id: id.clone(), intents, log: Vec::new(), wire: Some(wire) });
        let index = self.sessions.len() - 1;
        let servers: Vec<u64> = self.servers.keys().copied().collect();
        let unavailable = |server: &u64| json!({ "id": server.to_string(), "unavailable": true });
        let ready = json!({
            "v": 10, "user": self.user(LocalDiscord::BOT), "guilds": servers.iter().map(unavailable).collect::<Vec<_>>(),
            "session_id": id, "resume_gateway_url": url, "session_type": "normal",
            "application": { "id": LocalDiscord::BOT.to_string(), "flags": 0 }, "shard": data["shard"],
        });
        self.tell(index, "READY", &ready);
        if intents & GUILDS != 0 {
            for server in servers {
                let created = self.server_created(server);
                self.tell(index, "GUILD_CREATE", &created);
            }
        }
    }

    fn resume(&mut self, wire: u64, data: &Value) {
        let refused = std::mem::take(&mut self.refusing);
        let session = self.sessions.iter().position(|session| data["session_id"] == session.id);
        let Some(index) = session.filter(|_| !refused) else {
            self.sessions.retain(|session| data["session_id"] != session.id);
            return self.say(wire, 9, &json!(false));
        };
        let missed: Option<Vec<String>> = data["seq"]
            .as_u64()
            .and_then(|heard| self.sessions[index].log.get(usize::try_from(heard).ok()?..))
            .map(<[String]>::to_vec);
        let Some(missed) = missed else { return self.hang_up(wire, 4007) };
        if let Some(former) = self.sessions[index].wire.replace(wire).and_then(|former| self.wires.remove(&former)) {
            former.line.cut();
        }
        self.resumes += 1;
        for text in missed {
            self.send(wire, text);
        }
        self.tell(index, "RESUMED", &json!({}));
    }
}
