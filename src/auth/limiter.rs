//! Limits attempts to sign in: attempts per address, failures per account.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::kernel::{clock::Clock, error::Refusal, id::GuildId, pruning_map::PruningMap};

/// How often someone may try.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts from one address a minute, at each server.
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
    clock: Clock,
    /// When each address tried within the last minute, oldest first.
    addresses: Mutex<PruningMap<IpAddr, VecDeque<Duration>>>,
    /// Whoever tries on an account waits for those before them, so that many at once count like as many in a row.
    turns: Mutex<PruningMap<Account, Weak<Turn>>>,
}

/// What is tried on whom.
pub(super) type Account = (GuildId, String);

/// A place in the row of those who try on one account.
type Turn = tokio::sync::Mutex<()>;

impl Limiter {
    /// A limiter that has seen nobody yet.
    pub fn new(limits: Limits, clock: &Clock) -> Self {
        Self { limits, clock: clock.clone(), addresses: Mutex::default(), turns: Mutex::default() }
    }

    /// Takes an attempt from an address in. One whose address is not known is not bounded: there is no socket behind it.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn from_address(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(address) = address.map(rate_limit_key) else { return Ok(()) };
        let now = self.clock.elapsed();
        let is_over = |at: &Duration| at.saturating_add(MINUTE) <= now;
        let mut addresses = self.addresses.lock();
        let is_recent = |attempts: &VecDeque<Duration>| attempts.back().is_some_and(|last| !is_over(last));
        let attempts = addresses.get_or_insert_with(address, is_recent, VecDeque::new);
        while attempts.pop_front_if(|first| is_over(first)).is_some() {}
        match attempts.front() {
            Some(first) if attempts.len() >= usize::try_from(self.limits.per_address.get()).unwrap_or(usize::MAX) => {
                Err(Refusal::rate_limited((*first + MINUTE).saturating_sub(now)))
            }
            _ => {
                attempts.push_back(now);
                Ok(())
            }
        }
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

/// The time within which attempts from an address count.
const MINUTE: Duration = Duration::from_mins(1);

/// An IPv4 address, or the /64 network that one IPv6 customer has to themselves.
pub fn rate_limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}
