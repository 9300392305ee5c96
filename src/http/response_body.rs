//! The body of a response, charged to the connection's memory until the client has read it.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};

use super::{accept::PLAIN_JSON, response_memory::Charge, server::OpenConnection};
use crate::kernel::error::Refusal;

/// Largest part of a body that is passed to the connection at once, in bytes. Parts in its buffers are in memory once
/// more.
const MAX_PART: usize = 32 * 1_024;

/// The bytes of a response that it does not share with other responses. Without this extension, they are all its bytes.
#[derive(Clone, Copy)]
pub(super) struct OwnedBytes(pub(super) usize);

/// Charges a response to the connection's memory. If there is no room, responds with 503 instead.
pub(super) async fn charge(connection: &Arc<OpenConnection>, response: Response) -> Response {
    // A stream charges each of its events.
    let Some(length) = response.body().size_hint().exact() else { return response };
    let owned = response.extensions().get().map_or(usize::try_from(length).unwrap_or(usize::MAX), |OwnedBytes(it)| *it);
    if length == 0 {
        return response;
    }
    match connection.memory.charge(owned).await {
        Ok(charge) => {
            let connection = Arc::clone(connection);
            response.map(|inner| {
                Body::new(ChargedBody { inner, part: Bytes::new(), left: length, charge: Some(charge), connection })
            })
        }
        Err(refusal) => refuse(response, refusal),
    }
}

/// Replaces the body of a response. Keeps its headers, such as the request id and those of CORS.
fn refuse(mut response: Response, refusal: Refusal) -> Response {
    let retry_after = refusal.retry_after_seconds.unwrap_or_default();
    let body = serde_json::json!({ "errors": [refusal.into_server_error()] }).to_string();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_ENCODING);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PLAIN_JSON));
    headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.map(|_| Body::new(Full::from(body)))
}

/// A body in parts, which may be shared with other responses.
pub(super) struct PartsBody {
    parts: std::vec::IntoIter<Bytes>,
    left: u64,
}

impl PartsBody {
    pub(super) fn new(parts: Vec<Bytes>) -> Self {
        let left = parts.iter().map(|part| part.len() as u64).sum();
        Self { parts: parts.into_iter(), left }
    }
}

impl HttpBody for PartsBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let part = self.parts.next();
        self.left = self.left.saturating_sub(part.as_ref().map_or(0, |part| part.len() as u64));
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A body of known length.
struct ChargedBody {
    inner: Body,
    /// The rest of the inner body's last frame.
    part: Bytes,
    left: u64,
    charge: Option<Charge>,
    connection: Arc<OpenConnection>,
}

impl HttpBody for ChargedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        while self.part.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.part = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        let length = self.part.len().min(MAX_PART);
        self.left = self.left.saturating_sub(length as u64);
        Poll::Ready(Some(Ok(Frame::data(self.part.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

impl Drop for ChargedBody {
    fn drop(&mut self) {
        // The last part is still in the connection's buffers.
        if let Some(charge) = self.charge.take() {
            self.connection.memory.release_when_flushed(charge);
        }
    }
}
