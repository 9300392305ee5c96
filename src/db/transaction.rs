//! Runs transactions, and repeats those that PostgreSQL aborts because of a conflict.

use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::Rng;

use super::conn::{AccessMode, Conn};
use crate::kernel::error::{Error, Result};

/// Maximum number of times that a transaction is run.
const MAX_ATTEMPTS: u32 = 5;
/// Longest pause before the first repetition, in milliseconds. The pause is random, so that two transactions don't
/// conflict again and again.
const MAX_PAUSE: u64 = 10;

/// A notification to the other servers, which PostgreSQL delivers by `NOTIFY`.
#[derive(Clone, Debug)]
pub struct Notification {
    /// The channel on which the servers listen.
    pub channel: &'static str,
    /// The text to send.
    pub payload: String,
}

/// The work of a transaction without its result's type. It stores the result itself and returns the notification to
/// publish.
pub(super) type BoxedWork = Box<dyn for<'c> FnMut(&'c mut Conn) -> BoxFuture<'c, Result<Option<Notification>>> + Send>;

/// Runs `work` in a transaction, except for [`AccessMode::Read`] and [`AccessMode::Scan`].
pub(super) async fn run(mut conn: Conn, access: AccessMode, mut work: BoxedWork) -> Result<()> {
    if matches!(access, AccessMode::Read | AccessMode::Scan) {
        return work(&mut conn).await.map(|_| ());
    }
    let mut attempt = 1;
    loop {
        match run_once(&mut conn, access, &mut work).await {
            Err(error) if error.is_conflict() && attempt < MAX_ATTEMPTS => {
                tracing::debug!(%error, attempt, "repeating a transaction after a conflict");
                let pause = rand::rng().random_range(0..=MAX_PAUSE << attempt);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}

async fn run_once(conn: &mut Conn, access: AccessMode, work: &mut BoxedWork) -> Result<()> {
    conn.begin_transaction(access).await?;
    let result = match work(conn).await {
        Ok(Some(Notification { channel, payload })) => conn.notify(channel, vec![payload]).await.map_err(Error::from),
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match &result {
        Ok(()) => conn.commit().await?,
        // If the rollback fails, the pool drops the connection as broken. The first error is more useful.
        Err(_) => conn.roll_back().await.unwrap_or_else(|error| tracing::warn!(%error, "rollback failed")),
    }
    result
}
