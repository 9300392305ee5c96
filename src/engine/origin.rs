//! The client that sent a request.

use std::net::IpAddr;

use tokio::sync::watch;

use crate::kernel::error::{Code, Refusal};

/// The client that sent a request.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address, or `None` for a request that no socket received, such as a Discord command.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether the client still waits for the response.
    pub presence: Presence,
}

/// Whether a client still waits for the response. By default, it always does.
#[derive(Clone, Debug, Default)]
pub struct Presence(Option<watch::Receiver<()>>);

/// The client waits for the response until this is dropped.
pub struct PresenceGuard {
    _sender: watch::Sender<()>,
}

impl Presence {
    /// The presence of a client that waits until the guard is dropped.
    pub fn tracked() -> (PresenceGuard, Self) {
        let (sender, receiver) = watch::channel(());
        (PresenceGuard { _sender: sender }, Self(Some(receiver)))
    }

    /// Runs `work`, and drops it when the client leaves. Use it for work that costs a lot and changes nothing.
    ///
    /// # Errors
    /// If the client left, so that nobody reads the error.
    pub async fn while_present<T>(&self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        let Some(receiver) = &self.0 else { return Ok(work.await) };
        let mut receiver = receiver.clone();
        tokio::select! {
            biased;
            output = work => Ok(output),
            // Fails when the guard is dropped; nothing is ever sent.
            _ = receiver.changed() => Err(Refusal::new(Code::BadUserInput, "The client has disconnected.")),
        }
    }
}
