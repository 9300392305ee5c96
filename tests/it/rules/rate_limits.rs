//! Rate limits by key, and the request rates that use them.

use std::{num::NonZeroU32, time::Duration};

use guildhall::{
    http::RequestLimiter,
    http::RequestRates,
    kernel::{
        clock::Clock,
        id::MemberId,
        rate_limit::{KeyedLimiter, PRUNE_AT},
    },
};

#[test]
fn an_allowance_refills_steadily_over_a_minute() {
    let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH);
    let rates = RequestRates { per_address: NonZeroU32::new(60), per_member: NonZeroU32::new(2) };
    let limiter = RequestLimiter::new(rates, &clock);
    let from = |address: &str| limiter.check(address.parse().ok(), None).map_err(|refused| refused.retry_after_seconds);
    for _ in 0..60 {
        assert_eq!(from("192.0.2.1"), Ok(()));
    }
    assert_eq!(from("::ffff:192.0.2.1"), Err(Some(2)), "the same address");
    assert_eq!(from("192.0.2.2"), Ok(()), "another address");
    clock.advance(Duration::from_secs(1));
    assert_eq!(from("192.0.2.1"), Ok(()));
    assert_eq!(from("192.0.2.1"), Err(Some(2)));
    let by = |member| limiter.check(None, Some(MemberId(member))).is_ok();
    assert_eq!([by(1), by(1), by(1), by(2)], [true, true, false, true]);
}

#[test]
fn idle_keys_are_dropped_and_not_examined_at_every_check() {
    let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH);
    let limiter = KeyedLimiter::per_minute(NonZeroU32::new(60).unwrap(), &clock);
    for key in (0..PRUNE_AT).chain([0]) {
        assert_eq!(limiter.check(&key), Ok(()));
    }
    assert_eq!(limiter.size(), (PRUNE_AT, 2 * PRUNE_AT), "no key is idle");
    clock.advance(Duration::from_mins(2));
    for key in PRUNE_AT..=2 * PRUNE_AT {
        assert_eq!(limiter.check(&key), Ok(()));
    }
    assert_eq!(limiter.size(), (PRUNE_AT + 1, 2 * PRUNE_AT), "idle keys are dropped");
}
