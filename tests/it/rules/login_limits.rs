//! Login throttling per address.

use std::time::Duration;

use guildhall::{
    auth::{LoginLimiter, LoginLimits},
    kernel::{clock::Clock, rate_limit::rate_limit_key},
};

#[test]
fn each_address_has_its_own_limit_and_recovers() {
    let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH);
    let limiter = LoginLimiter::new(LoginLimits::default(), &clock);
    let from = |address: &str| limiter.check_address(address.parse().ok());
    for _ in 0..100 {
        assert_eq!(from("192.0.2.1"), Ok(()));
    }
    let refused = from("::ffff:192.0.2.1").map_err(|refusal| refusal.retry_after_seconds);
    assert_eq!(refused, Err(Some(1)), "the same address");
    assert_eq!(from("192.0.2.2"), Ok(()));
    // 100 attempts a minute are one each 600 ms.
    clock.advance(Duration::from_millis(599));
    assert!(from("192.0.2.1").is_err());
    clock.advance(Duration::from_millis(1));
    assert_eq!(from("192.0.2.1"), Ok(()));
    assert!(from("192.0.2.1").is_err());
    clock.advance(Duration::from_mins(2));
    let allowed = (0..200).filter(|_| from("192.0.2.1").is_ok()).count();
    assert_eq!(allowed, 100, "unused attempts do not accumulate");
}

#[test]
fn an_ipv6_network_of_64_bits_has_one_limit() {
    let key = |address: &str| address.parse().map(rate_limit_key);
    assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}
