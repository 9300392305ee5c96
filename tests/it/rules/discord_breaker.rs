//! The circuit breaker for requests to Discord.

use std::time::Duration;

use guildhall::{
    discord::breaker::{Breaker, FAILURES, FIRST, MOST, PROBE, backoff},
    kernel::clock::Timestamp,
};
use proptest::prelude::*;

fn failing(times: u32) -> (Breaker, Timestamp) {
    let (mut breaker, now) = (Breaker::default(), Timestamp::default());
    for _ in 0..times {
        breaker.failed(now, 1.0);
    }
    (breaker, now)
}

#[test]
fn a_few_failures_do_not_open_the_breaker() {
    let (mut breaker, now) = failing(FAILURES - 1);
    assert_eq!((breaker.admit(now), breaker.capacity(now, 8)), (Ok(()), 8));
    breaker.succeeded();
    breaker.failed(now, 1.0);
    assert_eq!(breaker.admit(now), Ok(()), "the failures are not consecutive");
}

#[test]
fn an_open_breaker_admits_one_probe_at_a_time() {
    let (mut breaker, now) = failing(FAILURES);
    let later = now + FIRST;
    assert_eq!((breaker.admit(now), breaker.capacity(now, 8)), (Err(later), 0));
    assert_eq!(breaker.capacity(later, 8), 1);
    assert_eq!(breaker.admit(later), Ok(()));
    assert_eq!(breaker.admit(later), Err(later + PROBE));
    breaker.failed(later, 1.0);
    assert_eq!(breaker.open_until(later), Some(later + FIRST * 2), "the second pause is longer");
    assert_eq!(breaker.admit(later + FIRST * 2), Ok(()));
    breaker.succeeded();
    assert_eq!((breaker.open_until(later), breaker.capacity(later, 8)), (None, 8));
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_the_breaker_open() {
    let (mut breaker, now) = failing(FAILURES);
    assert_eq!(breaker.admit(now - Duration::from_hours(1)), Ok(()));
}

proptest! {
    #[test]
    fn pauses_grow_up_to_a_limit(failures: u32, jitter in 0.0..=1.0) {
        let pause = backoff(FIRST, MOST, failures, jitter);
        prop_assert!(pause >= FIRST / 2 && pause <= MOST);
        prop_assert!(backoff(FIRST, MOST, failures.saturating_add(1), jitter) >= pause);
    }
}
