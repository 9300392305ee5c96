//! Limits that the operations of a WebSocket share.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::server::OpenConnection;
use crate::{
    api::Prepared,
    kernel::error::{Code, Refusal},
};

/// Maximum number of unsent responses of a socket, whose client may read slowly.
const MAX_UNSENT: usize = 8;
/// Largest total size of the documents and variables of a socket's operations, in KiB.
const MAX_TEXT: usize = 256;
/// Largest memory for the parsed documents of a socket's operations, in bytes: 10 KB for each of its 100 operations.
const MAX_PARSED: usize = 1_000_000;
/// Maximum number of a socket's subscriptions that start at the same time, so that sockets take turns.
const MAX_STARTS: usize = 1;

/// Limits that a socket's operations share.
pub(super) struct SocketLimits {
    /// The connection, which also charges unsent responses.
    pub(super) connection: Arc<OpenConnection>,
    /// One permit for each response that is not sent yet.
    responses: Arc<Semaphore>,
    /// One permit for each KiB of the documents and variables of running operations.
    text: Semaphore,
    /// The parsed documents of running operations.
    parsed: Mutex<ParsedDocuments>,
    /// One permit for each subscription that may start.
    starts: Arc<Semaphore>,
}

/// The parsed documents of running operations. Operations of the same document share it.
#[derive(Default)]
struct ParsedDocuments {
    bytes: usize,
    /// Number of operations by document.
    operations: HashMap<usize, usize>,
}

/// The memory of an operation's document and variables, until dropped.
pub(super) struct OperationMemory<'l> {
    limits: &'l SocketLimits,
    document: usize,
    bytes: usize,
    _text: SemaphorePermit<'l>,
}

impl SocketLimits {
    /// The limits of a socket without operations.
    pub(super) fn new(connection: Arc<OpenConnection>) -> Self {
        Self {
            connection,
            responses: Arc::new(Semaphore::new(MAX_UNSENT)),
            text: Semaphore::new(MAX_TEXT),
            parsed: Mutex::default(),
            starts: Arc::new(Semaphore::new(MAX_STARTS)),
        }
    }

    /// Charges the document and the variables of an operation.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` if those of the socket's operations are too large together.
    pub(super) fn charge(&self, operation: &Prepared) -> Result<OperationMemory<'_>, Refusal> {
        let refused = |message| Refusal::new(Code::QueryTooComplex, message);
        let text = self.text.try_acquire_many(operation.kibibytes()).map_err(|_| {
            refused(format!(
                "The documents and variables of a socket's operations have at most {MAX_TEXT} KiB together."
            ))
        })?;
        let (document, bytes) = operation.parsed_document();
        let mut parsed = self.parsed.lock();
        let is_new = !parsed.operations.contains_key(&document);
        if is_new && parsed.bytes + bytes > MAX_PARSED {
            let message =
                "A socket's operations have too many different documents. Use variables instead, or another socket.";
            return Err(refused(message.to_owned()));
        }
        if is_new {
            parsed.bytes += bytes;
        }
        *parsed.operations.entry(document).or_default() += 1;
        Ok(OperationMemory { limits: self, document, bytes, _text: text })
    }

    /// Waits until another response may be unsent.
    pub(super) async fn response(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.responses).acquire_owned().await.ok()
    }

    /// Waits until another subscription may start.
    pub(super) async fn start(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.starts).acquire_owned().await.ok()
    }
}

impl Drop for OperationMemory<'_> {
    fn drop(&mut self) {
        let mut parsed = self.limits.parsed.lock();
        if let Some(operations) = parsed.operations.get_mut(&self.document) {
            *operations -= 1;
            if *operations == 0 {
                parsed.operations.remove(&self.document);
                parsed.bytes -= self.bytes;
            }
        }
    }
}
