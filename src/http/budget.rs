//! How many requests an address and a member may make.

use std::{
    net::IpAddr,
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

use crate::{
    auth::rate_limit_key,
    kernel::{clock::Clock, error::Refusal, id::MemberId},
};

/// Of how many keys those that have been quiet are forgotten at the first.
const TIDY_AT: usize = 1_024;

/// How many requests are taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budgets {
    /// Most operations and connections of one address (of IPv6, one /64 network) a minute, at each server. Unbounded unless
    /// given.
    pub address_requests: Option<NonZeroU32>,

    /// Most operations of one member a minute, at each server. Unbounded unless given.
    pub member_requests: Option<NonZeroU32>,
}

/// The budgets of a server: each so many a minute, at once or spread over it.
pub struct Budget {
    addresses: Option<Bucket<IpAddr>>,
    members: Option<Bucket<MemberId>>,
}

struct Bucket<K: Clone + std::hash::Hash + Eq> {
    keys: RateLimiter<K, HashMapStateStore<K>, Time, NoOpMiddleware<Nanos>>,
    /// Of how many keys the next are: twice as many as were left.
    tidy_at: AtomicUsize,
}

/// The server's time, as the library wants it.
#[derive(Clone)]
struct Time(Clock);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

impl Budget {
    /// Budgets that nobody has used yet.
    pub fn new(budgets: Budgets, clock: &Clock) -> Self {
        Self { addresses: bucket(budgets.address_requests, clock), members: bucket(budgets.member_requests, clock) }
    }

    /// Takes a request in. One whose address is not known is not bounded by it: there is no socket behind it.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn take(&self, address: Option<IpAddr>, member: Option<MemberId>) -> Result<(), Refusal> {
        take(self.addresses.as_ref(), address.map(rate_limit_key))?;
        take(self.members.as_ref(), member)
    }
}

fn bucket<K: Clone + std::hash::Hash + Eq>(a_minute: Option<NonZeroU32>, clock: &Clock) -> Option<Bucket<K>> {
    let keys = RateLimiter::new(Quota::per_minute(a_minute?), HashMapStateStore::default(), Time(clock.clone()));
    Some(Bucket { keys, tidy_at: AtomicUsize::new(TIDY_AT) })
}

fn take<K: Clone + std::hash::Hash + Eq>(bucket: Option<&Bucket<K>>, key: Option<K>) -> Result<(), Refusal> {
    let (Some(Bucket { keys, tidy_at }), Some(key)) = (bucket, key) else { return Ok(()) };
    if keys.len() >= tidy_at.load(Ordering::Relaxed) {
        keys.retain_recent();
        tidy_at.store(TIDY_AT.max(keys.len() * 2), Ordering::Relaxed);
    }
    keys.check_key(&key).map_err(|until| {
        let now = keys.clock().now();
        Refusal::too_many_requests(Duration::from(until.earliest_possible().duration_since(now)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_minutes_worth_and_comes_back_bit_by_bit() {
        let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH);
        let budgets = Budgets { address_requests: NonZeroU32::new(60), member_requests: NonZeroU32::new(2) };
        let budget = Budget::new(budgets, &clock);
        let from = |address: &str| budget.take(address.parse().ok(), None).map_err(|it| it.retry_after_seconds);
        for _ in 0..60 {
            assert_eq!(from("192.0.2.1"), Ok(()));
        }
        assert_eq!(from("::ffff:192.0.2.1"), Err(Some(2)), "the same address");
        assert_eq!(from("192.0.2.2"), Ok(()), "another");
        clock.advance(Duration::from_secs(1));
        assert_eq!(from("192.0.2.1"), Ok(()));
        assert_eq!(from("192.0.2.1"), Err(Some(2)));
        let by = |member| budget.take(None, Some(MemberId(member))).is_ok();
        assert_eq!([by(1), by(1), by(1), by(2)], [true, true, false, true]);
    }

    #[test]
    fn the_quiet_are_forgotten_and_the_others_not_looked_through_each_time() {
        let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH);
        let bucket = bucket(NonZeroU32::new(60), &clock);
        let of = |member: usize| take(bucket.as_ref(), Some(member));
        let stands = || bucket.as_ref().map(|it| (it.keys.len(), it.tidy_at.load(Ordering::Relaxed)));
        for member in (0..TIDY_AT).chain([0]) {
            assert_eq!(of(member), Ok(()));
        }
        assert_eq!(stands(), Some((TIDY_AT, 2 * TIDY_AT)), "none of them is quiet");
        clock.advance(Duration::from_mins(2));
        for member in TIDY_AT..=2 * TIDY_AT {
            assert_eq!(of(member), Ok(()));
        }
        assert_eq!(stands(), Some((TIDY_AT + 1, 2 * TIDY_AT)), "those of before are forgotten");
    }
}
