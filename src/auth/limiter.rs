//! Login throttling: attempts per address, failures per account and address, failures per account.

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

/// How often clients may attempt to sign in.
#[derive(Clone, Copy, Debug)]
pub struct LoginLimits {
    /// Attempts per minute from one address on each server, in a burst or spread over the minute.
    pub per_address: NonZeroU32,
    /// Failures on one account from one address within [`LoginLimits::window`], on all servers together. Concurrent
    /// attempts on several servers may exceed it by one per server.
    pub per_pair: NonZeroU32,
    /// Failures on one account from all addresses within the window, on all servers together. Concurrent attempts from
    /// several addresses may exceed it. They lock the account only where its member never signed in.
    pub per_account: NonZeroU32,
    /// Time within which failures on an account count.
    pub window: Duration,
}

impl Default for LoginLimits {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self { per_address: of(100), per_pair: of(10), per_account: of(100), window: Duration::from_mins(15) }
    }
}

/// Limits attempts. A server has one.
pub struct LoginLimiter {
    pub(super) limits: LoginLimits,
    addresses: KeyedLimiter<IpAddr>,
    /// Serializes the attempts on one account from one address, so that each concurrent failure is counted.
    locks: Mutex<PruningMap<AttemptKey, Weak<AttemptLock>>>,
}

/// The attempts that are counted together and run one after the other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct AttemptKey {
    pub(super) guild: GuildId,
    /// The kind of attempt, and hashes of the username and the address.
    pub(super) pair: String,
}

/// Locked during an attempt.
type AttemptLock = tokio::sync::Mutex<()>;

impl LoginLimiter {
    /// A limiter that has not counted any attempt.
    pub fn new(limits: LoginLimits, clock: &Clock) -> Self {
        Self { limits, addresses: KeyedLimiter::per_minute(limits.per_address, clock), locks: Mutex::default() }
    }

    /// Counts an attempt from an address. A request that came through no socket has no address and is not limited.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn check_address(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(address) = address else { return Ok(()) };
        self.addresses.check(&rate_limit_key(address)).map_err(Refusal::rate_limited)
    }

    pub(super) async fn lock(&self, key: AttemptKey) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock();
            let entry = locks.get_or_insert_with(key, |lock| lock.strong_count() > 0, Weak::new);
            entry.upgrade().unwrap_or_else(|| {
                let lock = Arc::new(AttemptLock::default());
                *entry = Arc::downgrade(&lock);
                lock
            })
        };
        lock.lock_owned().await
    }
}
