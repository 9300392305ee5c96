//! Rate limits by key: a member, or an address.

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

/// Allows each key a number of events a minute: all at once, or spread over it. Used events come back one by one.
pub struct KeyedLimiter<K: Clone + Hash + Eq> {
    keys: RateLimiter<K, HashMapStateStore<K>, Time, NoOpMiddleware<Nanos>>,
    /// Number of keys at which the next pruning happens: twice as many as the last one left.
    prune_at: AtomicUsize,
}

/// The server's clock as `governor` reads it.
#[derive(Clone)]
struct Time(Clock);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl<K: Clone + Hash + Eq> KeyedLimiter<K> {
    /// A limiter of `events` a minute for each key.
    pub fn per_minute(events: NonZeroU32, clock: &Clock) -> Self {
        let keys = RateLimiter::new(Quota::per_minute(events), HashMapStateStore::default(), Time(clock.clone()));
        Self { keys, prune_at: AtomicUsize::new(PRUNE_AT) }
    }

    /// Counts an event of a key.
    ///
    /// # Errors
    /// The time until the next event is allowed. A refused event is not counted.
    pub fn check(&self, key: &K) -> Result<(), Duration> {
        if self.keys.len() >= self.prune_at.load(Ordering::Relaxed) {
            self.keys.retain_recent();
            self.prune_at.store(PRUNE_AT.max(self.keys.len() * 2), Ordering::Relaxed);
        }
        self.keys.check_key(key).map_err(|refused| {
            let now = self.keys.clock().now();
            refused.earliest_possible().duration_since(now).into()
        })
    }

    /// Number of keys in memory, and the number at which the next pruning happens.
    pub fn size(&self) -> (usize, usize) {
        (self.keys.len(), self.prune_at.load(Ordering::Relaxed))
    }
}

/// An IPv4 address, or the /64 network that one IPv6 customer has to themselves.
pub fn rate_limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}
