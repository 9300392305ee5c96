//! Rate limits by key, such as a member or an address.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, Reference},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::keyed::HashMapStateStore,
};

use super::clock::Clock;

/// Number of keys before the first pruning.
pub const PRUNE_AT: usize = 1_024;

/// Allows each key a number of events a minute, in a burst or spread out. Its quota refills one event at a time.
pub struct KeyedLimiter<K: Clone + Hash + Eq> {
    keys: RateLimiter<K, HashMapStateStore<K>, GovernorClock, NoOpMiddleware<Nanos>>,
    /// Number of keys at which the next pruning happens: twice as many as were left after the last one.
    prune_at: AtomicUsize,
}

/// Adapts the server's clock to `governor`.
#[derive(Clone)]
struct GovernorClock(Clock);

impl governor::clock::Clock for GovernorClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl<K: Clone + Hash + Eq> KeyedLimiter<K> {
    /// A limiter that allows each key `events` a minute.
    pub fn per_minute(events: NonZeroU32, clock: &Clock) -> Self {
        let (quota, clock) = (Quota::per_minute(events), GovernorClock(clock.clone()));
        let keys = RateLimiter::new(quota, HashMapStateStore::default(), clock);
        Self { keys, prune_at: AtomicUsize::new(PRUNE_AT) }
    }

    /// Counts an event of a key if it is allowed.
    ///
    /// # Errors
    /// The time until the next event is allowed. A refused event does not count.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        if self.keys.len() >= self.prune_at.load(Ordering::Relaxed) {
            self.keys.retain_recent();
            self.prune_at.store(PRUNE_AT.max(self.keys.len() * 2), Ordering::Relaxed);
        }
        self.keys.check_key(key).map_err(|not_until| {
            let now = self.keys.clock().now();
            not_until.earliest_possible().duration_since(now).into()
        })
    }

    /// Returns the number of keys in memory, and the number at which the next pruning happens.
    pub fn size(&self) -> (usize, usize) {
        (self.keys.len(), self.prune_at.load(Ordering::Relaxed))
    }
}

/// The key for rate limits by address: an IPv4 address, or the /64 network that an IPv6 customer usually gets.
pub fn rate_limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}
