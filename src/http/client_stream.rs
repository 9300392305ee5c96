//! A client's connection, which closes so that the client receives the last response.
//!
//! A server may respond before it has read the whole request, such as with 413. If it then closes the connection while
//! data is unread, the operating system resets the connection, and the client loses the response (RFC 9112, section
//! 9.6). So the server first closes only its own side. It then reads and drops what the client still sends.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tokio_io_timeout::TimeoutStream;

use super::server::OpenConnection;

/// How long a write may wait for a client that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a closing connection waits for more data from the client.
const LINGER_SILENCE: Duration = Duration::from_secs(2);
/// How long a closing connection reads what the client still sends.
const LINGER: Duration = Duration::from_secs(30);
/// Bytes that a closing connection reads at once.
const LINGER_BUFFER: usize = 8 * 1_024;

/// A client's connection.
pub(super) struct ClientStream {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    connection: Arc<OpenConnection>,
    /// The end of the connection, once the server has closed its side.
    closing: Option<Closing>,
}

struct Closing {
    /// Ends when the client has been silent for too long.
    silence: Pin<Box<Sleep>>,
    /// When the connection is closed even if the client still sends.
    until: Instant,
}

impl ClientStream {
    pub(super) fn new(stream: TcpStream, connection: Arc<OpenConnection>) -> Self {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        Self { stream: Box::pin(stream), connection, closing: None }
    }
}

impl Closing {
    fn start() -> Self {
        Self { silence: Box::pin(sleep(LINGER_SILENCE)), until: Instant::now() + LINGER }
    }

    /// Reads and drops data until the client closes its side, is silent, or the time is over.
    fn poll_drain(&mut self, stream: &mut Pin<Box<TimeoutStream<TcpStream>>>, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [0; LINGER_BUFFER];
        loop {
            let mut buffer = ReadBuf::new(&mut buffer);
            match stream.as_mut().poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() && Instant::now() < self.until => {
                    self.silence.as_mut().reset(Instant::now() + LINGER_SILENCE);
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.silence.as_mut().poll(cx),
            }
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.stream.as_mut().poll_write(cx, data));
        self.connection.memory.has_read();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.stream.as_mut().poll_write_vectored(cx, data));
        self.connection.memory.has_read();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.stream.as_mut().poll_flush(cx))?;
        self.connection.memory.has_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(self.stream.as_mut().poll_shutdown(cx))?;
            self.closing = Some(Closing::start());
        }
        let Self { stream, closing, .. } = &mut *self;
        match closing {
            Some(closing) => closing.poll_drain(stream, cx).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}
