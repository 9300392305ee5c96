//! SIGINT and SIGTERM.

use std::{future::pending, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::BoxError;

/// The signals that end a command. Once this exists, they no longer end the process by themselves.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does some work, unless a signal arrives before it is done.
    ///
    /// # Errors
    /// Those of the work, or that a signal arrived.
    pub(super) async fn or_stop<T>(&mut self, work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
        tokio::select! {
            biased;
            result = work => result,
            () = self.next() => Err("stopped by a signal".into()),
        }
    }
}

/// Does some work, unless a signal arrives before it is done, so that the database can be closed after a signal.
///
/// # Errors
/// Those of the work, or that a signal arrived.
pub(super) async fn unless_stopped(work: impl Future<Output = Result<(), BoxError>>) -> Result<(), BoxError> {
    // Handles signals only from the first wait on. So a command that reads standard input, or copies a file, without
    // having opened a database, ends by the signal itself.
    let stopped = async {
        match Signals::new() {
            Ok(mut signals) => signals.next().await,
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        biased;
        result = work => result,
        () = stopped => Err("stopped by a signal".into()),
    }
}
