//! Limits attempts to sign in: attempts per address, failures per account.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::kernel::{
    clock::Clock,
    error::Refusal,
    id::GuildId,
    pruning_map::PruningMap,
    rate_limit::{KeyedLimiter, rate_limit_key},
};

/// How often someone may try.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts from one address a minute, at each server: all at once or spread over it.
    pub per_address: NonZeroU32,
    /// Failures on one account within [`Limits::window`], at all servers together. Servers that are tried at the very same
    /// moment may each let one more through.
    pub per_account: NonZeroU32,
    /// The time within which failures on an account count.
    pub window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self { per_address: of(100), per_account: of(10), window: Duration::from_mins(15) }
    }
}

/// Bounds attempts. One for a server's life.
pub struct Limiter {
    pub(super) limits: Limits,
    addresses: KeyedLimiter<IpAddr>,
    /// Whoever tries on an account waits for those before them, so that many at once count like as many in a row.
    turns: Mutex<PruningMap<Account, Weak<Turn>>>,
}

/// What is tried on whom.
pub(super) type Account = (GuildId, String);

/// A place in the row of those who try on one account.
type Turn = tokio::sync::Mutex<()>;

impl Limiter {
    /// A limiter that has counted nothing yet.
    pub fn new(limits: Limits, clock: &Clock) -> Self {
        Self { limits, addresses: KeyedLimiter::per_minute(limits.per_address, clock), turns: Mutex::default() }
    }

    /// Counts an attempt from an address. Without an address there is no socket behind it, and no limit applies.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn from_address(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(address) = address else { return Ok(()) };
        self.addresses.check(&rate_limit_key(address)).map_err(Refusal::rate_limited)
    }

    pub(super) async fn turn(&self, account: &Account) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock();
            let kept = turns.get_or_insert_with(account.clone(), |turn| turn.strong_count() > 0, Weak::new);
            kept.upgrade().unwrap_or_else(|| {
                let turn = Arc::new(Turn::default());
                *kept = Arc::downgrade(&turn);
                turn
            })
        };
        turn.lock_owned().await
    }
}
