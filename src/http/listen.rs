//! The server's sockets: taken in, bounded, and seen out.

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
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use super::{
    router::router,
    server::{ConnectionPermit, Server},
};

/// How long a client has to send a request's head, and how long an idle connection is kept.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// How long a client may read nothing of what is sent to it.
const READ_WITHIN: Duration = Duration::from_secs(30);
/// What a connection reads and writes at once, in bytes; a request's head must fit.
const BUFFER: usize = 64 * 1_024;
/// Files that are kept free for the database, the log and the like.
const SPARE_FILES: u64 = 128;
/// How long to wait after a connection could not be taken in.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Serves connections until the server is told to end; those that are open then are for their tasks to end.
pub async fn serve(listener: TcpListener, server: Server) {
    serve_with_limit(most_connections(), listener, server).await;
}

/// Serves no more than so many connections at once; the others wait.
pub async fn serve_with_limit(connections: usize, listener: TcpListener, server: Server) {
    let open = Arc::new(Semaphore::new(connections));
    let router = router(server.clone());
    let mut watching = server.clone();
    let mut shutdown_requested = pin!(watching.shutdown_requested());
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &open) => accepted,
            () = &mut shutdown_requested => return,
        };
        match accepted {
            Ok((stream, peer, place)) => {
                tokio::spawn(converse(stream, peer, place, router.clone(), server.clone()));
            }
            // The client is gone already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "connections cannot be taken in; trying again");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, Option<OwnedSemaphorePermit>)> {
    // It is never closed.
    let place = Arc::clone(open).acquire_owned().await.ok();
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// Answers a connection's requests.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    place: Option<OwnedSemaphorePermit>,
    router: Router,
    mut server: Server,
) {
    let place: ConnectionPermit = Arc::new(place);
    // Answers and tallies are small, and go out at once. Where that cannot be set, they go out all the same.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(READ_WITHIN));
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Arc::clone(&place));
        let router = router.clone();
        async move {
            if !names_its_host(&request) {
                return Ok::<Response, Infallible>((StatusCode::BAD_REQUEST, "Send one Host.").into_response());
            }
            router.oneshot(request).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = server.shutdown_requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Whether a request says for which host it is, once, as HTTP/1.1 wants it (RFC 9112, section 3.2).
fn names_its_host(request: &Request<Body>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

/// As many as there may be files, less what is needed beside them.
fn most_connections() -> usize {
    // What may not be raised, is as it is.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1_024);
    usize::try_from(files.saturating_sub(SPARE_FILES)).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS)
}
