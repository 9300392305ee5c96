//! WebSocket connections of benchmarks.

use futures_util::{SinkExt, StreamExt};
use guildhall::cli::BoxError;
use hyper::header;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

pub(crate) type BenchSocket = WebSocketStream<TcpStream>;

/// Opens a socket to this server and authenticates.
pub(crate) async fn open(address: &str, guild: &str, token: &str) -> Result<BenchSocket, BoxError> {
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    request
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, header::HeaderValue::from_static("graphql-transport-ws"));
    let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let init =
        json!({ "type": "connection_init", "payload": { "guild": guild, "authorization": format!("Bearer {token}") } });
    socket.send(Message::text(init.to_string())).await?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) if text.contains("connection_ack") => Ok(socket),
        other => Err(format!("the server did not acknowledge the connection: {other:?}").into()),
    }
}

/// The message that starts a subscription.
pub(crate) fn subscribe(id: &str, query: &str, campaign: &str) -> Message {
    let payload = json!({ "query": query, "variables": { "id": campaign } });
    Message::text(json!({ "type": "subscribe", "id": id, "payload": payload }).to_string())
}
