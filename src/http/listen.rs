//! Accepts, limits and closes connections.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt;

use super::{
    client_stream::ClientStream,
    response_body,
    response_memory::ResponseMemory,
    router::router,
    server::{OpenConnection, Server},
};

/// How long a client may take to send a request's head, and how long an idle connection is kept open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest size of a connection's buffers, in bytes. A request's head must fit.
const BUFFER: usize = 64 * 1_024;
/// Number of open files reserved for other uses, such as the database and the log.
const RESERVED_FILES: u64 = 128;
/// How long to wait after a failure to accept a connection.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Accepts connections until the server shuts down. Open connections then end on their own tasks.
pub async fn serve(listener: TcpListener, server: Server) {
    serve_with_limit(max_connections(), listener, server).await;
}

/// Like [`serve`], with at most this many open connections. Others wait.
pub async fn serve_with_limit(connections: usize, listener: TcpListener, server: Server) {
    let open = Arc::new(Semaphore::new(connections));
    let router = router(server.clone());
    let memory = ResponseMemory::new(&server.app.clock, &server.app.metrics);
    let mut shutdown = server.clone();
    let mut shutdown_requested = pin!(shutdown.shutdown_requested());
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &open) => accepted,
            () = &mut shutdown_requested => return,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let connection = Arc::new(OpenConnection {
                    _permit: permit,
                    _open: server.app.metrics.connections.open(),
                    memory: memory.connect(),
                });
                tokio::spawn(serve_connection(stream, peer, connection, router.clone(), server.clone()));
            }
            // The client has disconnected already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "could not accept a connection; retrying");
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, Option<OwnedSemaphorePermit>)> {
    // The semaphore is never closed.
    let permit = Arc::clone(open).acquire_owned().await.ok();
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

/// Serves the requests of a connection.
async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    open: Arc<OpenConnection>,
    router: Router,
    mut server: Server,
) {
    // Disables Nagle's algorithm, so that small responses are sent immediately. If this fails, they are only delayed.
    let _ = stream.set_nodelay(true);
    let stream = ClientStream::new(stream, Arc::clone(&open));
    let connection = Arc::clone(&open);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Arc::clone(&connection));
        let (router, connection) = (router.clone(), Arc::clone(&connection));
        async move {
            if !has_valid_host(&request) {
                return Ok::<Response, Infallible>(
                    (StatusCode::BAD_REQUEST, "Send exactly one Host header.").into_response(),
                );
            }
            let response = router.oneshot(request).await?;
            Ok(response_body::charge(&connection, response).await)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let serve = async {
        tokio::select! {
            ended = &mut connection => ended,
            () = server.shutdown_requested() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    let ended = tokio::select! {
        ended = serve => ended,
        // Frees the memory of the responses that the client does not read.
        () = open.memory.cut_off() => return,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Whether a request has exactly one `Host`, as HTTP/1.1 requires (RFC 9112, section 3.2).
fn has_valid_host(request: &Request<Body>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

/// The limit of open files, less the reserved ones.
fn max_connections() -> usize {
    // If the limit can't be raised, keep the current one.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1_024);
    usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS)
}
