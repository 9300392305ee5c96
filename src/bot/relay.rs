//! A relay on the loopback interface between serenity and Discord's gateway. It ends connections only in a way from
//! which serenity recovers immediately.
//!
//! When a connection ends without a close frame or with an unknown code, serenity 0.12 reads it in a busy loop until
//! its next heartbeat is due, and blocks a thread. The relay turns every such end into a close frame after which
//! serenity resumes its session. The relay accepts serenity's connection only when Discord's is open.

use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use reqwest::Url;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, accept_hdr_async, connect_async,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::discord::breaker::backoff;

/// Pause before reconnecting to Discord after a first failure, and the longest pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Longest time of an attempt to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// "Unknown error. We're not sure what went wrong. Try reconnecting?"
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway>)
const TRY_AGAIN: u16 = 4_000;
/// The codes that serenity knows and after which Discord refuses the bot.
const REFUSALS: [u16; 3] = [4_004, 4_013, 4_014];

/// A relay to a gateway. Dropping it closes its connections.
pub(super) struct Relay {
    /// The address for serenity.
    pub url: String,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Opens a relay to the gateway with this address. It calls `lost` with the close code when a connection has ended.
    pub async fn open(
        gateway: &str,
        lost: impl Fn(Option<u16>) + Clone + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let mut gateway = Url::parse(gateway).map_err(std::io::Error::other)?;
        // The version that serenity speaks.
        gateway.set_query(Some("v=10"));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("ws://{}", listener.local_addr()?);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, gateway.to_string(), lost));
        Ok(Self { url, _tasks: tasks })
    }
}

async fn accept(listener: TcpListener, gateway: String, lost: impl Fn(Option<u16>) + Clone + Send + Sync + 'static) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(relay(stream, gateway.clone(), lost.clone()));
                }
                // The process has too many open files. Some may be closed after a pause.
                Err(_) => tokio::time::sleep(FIRST_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn relay(stream: TcpStream, gateway: String, lost: impl Fn(Option<u16>)) {
    let discord = open(&gateway).await;
    #[expect(clippy::result_large_err, reason = "the handshake's own type")]
    let accept_all = |_: &Request, response: Response| -> Result<Response, ErrorResponse> { Ok(response) };
    let Ok(serenity) = accept_hdr_async(stream, accept_all).await else { return };
    let (mut to_discord, from_discord) = discord.split();
    let (mut to_serenity, from_serenity) = serenity.split();
    let down = async {
        let end = forward(from_discord, &mut to_serenity).await;
        lost(end.as_ref().map(|end| end.code.into()));
        // Fails only when serenity has disconnected.
        let _ = to_serenity.send(Message::Close(Some(close_frame(end)))).await;
    };
    let up = async {
        let end = forward(from_serenity, &mut to_discord).await;
        lost(None);
        let _ = to_discord.send(Message::Close(end)).await;
    };
    tokio::select! {
        () = down => {}
        () = up => {}
    }
}

/// Connects to Discord, and retries until it succeeds.
async fn open(gateway: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let mut failures = 0;
    loop {
        match tokio::time::timeout(CONNECT_TIMEOUT, connect_async(gateway)).await {
            Ok(Ok((discord, _))) => return discord,
            Ok(Err(error)) => tracing::debug!(%error, "Discord's gateway does not respond"),
            Err(_) => tracing::debug!("Discord's gateway takes too long to respond"),
        }
        tokio::time::sleep(backoff(FIRST_PAUSE, LONGEST_PAUSE, failures, rand::random())).await;
        failures += 1;
    }
}

/// Forwards messages until the connection ends. Returns the close frame, if there was one.
async fn forward(
    mut from: impl Stream<Item = Result<Message, Error>> + Unpin,
    to: &mut (impl Sink<Message> + Unpin),
) -> Option<CloseFrame> {
    while let Some(Ok(message)) = from.next().await {
        if let Message::Close(end) = message {
            return end;
        }
        if to.send(message).await.is_err() {
            return None;
        }
    }
    None
}

/// The close frame for serenity: one of the codes that it handles.
fn close_frame(end: Option<CloseFrame>) -> CloseFrame {
    let code = end.map(|end| u16::from(end.code)).filter(|code| REFUSALS.contains(code)).unwrap_or(TRY_AGAIN);
    CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::default() }
}
