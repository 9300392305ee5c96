//! The running operations of a WebSocket.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{
    Stream, StreamExt,
    future::AbortHandle,
    stream::{Abortable, BoxStream, SelectAll, abortable},
};
use parking_lot::Mutex;

use super::ws_messages::Outgoing;

/// The running operations of a WebSocket, by the client's ids. Polls only the operations that were woken: a socket with
/// a hundred subscriptions would otherwise poll all of them for each message.
#[derive(Default)]
pub(super) struct Operations {
    streams: SelectAll<Abortable<Running>>,
    by_id: HashMap<String, (SharedStream, AbortHandle)>,
}

/// The messages of an operation; `None` once it has been removed.
type SharedStream = Arc<Mutex<Option<BoxStream<'static, Outgoing>>>>;

/// The messages of an operation, with its id.
struct Running {
    id: String,
    stream: SharedStream,
}

impl Operations {
    /// Number of operations.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is an operation with this id.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Adds an operation, whose id must be new.
    pub(super) fn insert(&mut self, id: String, stream: BoxStream<'static, Outgoing>) {
        let stream = Arc::new(Mutex::new(Some(stream)));
        let (running, abort) = abortable(Running { id: id.clone(), stream: Arc::clone(&stream) });
        self.streams.push(running);
        self.by_id.insert(id, (stream, abort));
    }

    /// Ends an operation.
    pub(super) fn remove(&mut self, id: &str) {
        let Some((stream, abort)) = self.by_id.remove(id) else { return };
        // Dropped now, so that a new operation can use its share of the limits.
        drop(stream.lock().take());
        abort.abort();
    }

    /// Whether [`Operations::next`] has nothing to wait for.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// The next message of any operation, and its id; `None` once there are no operations.
    pub(super) async fn next(&mut self) -> Option<(String, Outgoing)> {
        self.streams.next().await
    }
}

impl Stream for Running {
    type Item = (String, Outgoing);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut stream = self.stream.lock();
        let Some(stream) = stream.as_mut() else { return Poll::Ready(None) };
        stream.poll_next_unpin(cx).map(|message| Some((self.id.clone(), message?)))
    }
}
