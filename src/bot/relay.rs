//! Between serenity and Discord's gateway: a relay on the loopback interface that only ever ends a connection in a way
//! serenity gets over at once.
//!
//! serenity 0.12 reads a connection that has ended without a close frame, or with a code that it does not know, over and over
//! without a pause until its next heartbeat is due, on a thread that then does nothing else. The relay makes of every such end
//! a close frame after which serenity resumes its session; and serenity gets no connection before Discord's is open.

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

/// How long to wait before connecting to Discord anew: after a first failure, and at the most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(15);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// "Unknown error. We're not sure what went wrong. Try reconnecting?"
/// (<https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway>)
const TRY_AGAIN: u16 = 4_000;
/// The codes after which Discord will not have the bot, as far as serenity knows them.
const REFUSALS: [u16; 3] = [4_004, 4_013, 4_014];

/// A relay to a gateway, for as long as it is kept.
pub(super) struct Relay {
    /// Where serenity is to connect to.
    pub url: String,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Opens a relay to the gateway of this address, which says so when it has lost a connection to it, and by which code.
    pub async fn open(
        gateway: &str,
        lost: impl Fn(Option<u16>) + Clone + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let mut gateway = Url::parse(gateway).map_err(std::io::Error::other)?;
        // As serenity asks for it.
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
                // No more files can be opened: some may be closed by then.
                Err(_) => tokio::time::sleep(FIRST).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn relay(stream: TcpStream, gateway: String, lost: impl Fn(Option<u16>)) {
    let discord = open(&gateway).await;
    #[expect(clippy::result_large_err, reason = "the handshake's own type")]
    let take_all = |_: &Request, response: Response| -> Result<Response, ErrorResponse> { Ok(response) };
    let Ok(serenity) = accept_hdr_async(stream, take_all).await else { return };
    let (mut to_discord, from_discord) = discord.split();
    let (mut to_serenity, from_serenity) = serenity.split();
    let down = async {
        let end = pump(from_discord, &mut to_serenity).await;
        lost(end.as_ref().map(|end| end.code.into()));
        // Whoever it is for may be gone.
        let _ = to_serenity.send(Message::Close(Some(understood(end)))).await;
    };
    let up = async {
        let end = pump(from_serenity, &mut to_discord).await;
        lost(None);
        let _ = to_discord.send(Message::Close(end)).await;
    };
    tokio::select! {
        () = down => {}
        () = up => {}
    }
}

/// A connection to Discord, whenever there is one to be had.
async fn open(gateway: &str) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let mut failures = 0;
    loop {
        match tokio::time::timeout(CONNECTING, connect_async(gateway)).await {
            Ok(Ok((discord, _))) => return discord,
            Ok(Err(error)) => tracing::debug!(%error, "Discord's gateway does not answer"),
            Err(_) => tracing::debug!("Discord's gateway takes too long to answer"),
        }
        tokio::time::sleep(backoff(FIRST, MOST, failures, rand::random())).await;
        failures += 1;
    }
}

/// Passes messages on until there are no more; how they ended, if they were brought to an end.
async fn pump(
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

/// An end as serenity understands it.
fn understood(end: Option<CloseFrame>) -> CloseFrame {
    let code = end.map(|end| u16::from(end.code)).filter(|code| REFUSALS.contains(code)).unwrap_or(TRY_AGAIN);
    CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::default() }
}
