//! How long requests to Discord and new sessions pause.

use std::time::Duration;

use guildhall::{
    bot::session_pauses::{LONGEST_PAUSE, LONGEST_SESSION_PAUSE, SessionPauses},
    discord::rate_limits::RateLimits,
    kernel::clock::Timestamp,
};

#[test]
fn repeated_short_limits_pause_ever_longer() {
    let (mut limits, start) = (RateLimits::default(), Timestamp::default());
    let mut now = start;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let until = limits.limited("bucket", Duration::from_millis(1), limits.sent(), now);
        pauses.push((until - now).num_milliseconds());
        assert_eq!(limits.limited_until(&["bucket"], now), Some(until));
        assert_eq!(limits.limited_until(&["other"], now), None);
        now = until;
        assert_eq!(limits.limited_until(&["bucket"], now), None);
    }
    assert_eq!(pauses, [1, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    limits.succeeded(&["bucket"], limits.sent());
    let limited = |limits: &mut RateLimits<_>, wait| limits.limited("bucket", wait, limits.sent(), now) - now;
    assert_eq!(limited(&mut limits, Duration::from_millis(1)), chrono::TimeDelta::milliseconds(1));
    // A longer limit of Discord's is respected.
    assert_eq!(limited(&mut limits, Duration::from_secs(90)), chrono::TimeDelta::seconds(90));
    assert_eq!(limited(&mut limits, Duration::MAX), chrono::TimeDelta::hours(1));
}

#[test]
fn requests_that_were_sent_together_are_one_limited_request() {
    let (mut limits, now) = (RateLimits::default(), Timestamp::default());
    let sent = limits.sent();
    let untils: Vec<_> = (1..=16).map(|wait| limits.limited((), Duration::from_millis(wait), sent, now)).collect();
    assert_eq!(untils.last(), Some(&(now + Duration::from_millis(16))), "the longest wait counts");
    // Nor do they end the row, when they succeed late.
    let later = now + Duration::from_millis(16);
    let until = limits.limited((), Duration::from_millis(1), limits.sent(), later);
    assert_eq!(until, later + Duration::from_secs(1));
    limits.succeeded(&[()], sent);
    assert_eq!(limits.limited((), Duration::ZERO, limits.sent(), until), until + Duration::from_secs(2));
    // A shorter limit does not end a longer one.
    limits.exhausted((), Duration::ZERO, until);
    assert_eq!(limits.limited_until(&[()], until), Some(until + Duration::from_secs(2)));
}

#[test]
fn short_sessions_pause_ever_longer() {
    let mut pauses = SessionPauses::default();
    let seconds: Vec<u64> = (0..9).map(|_| pauses.after_session(Duration::from_secs(3)).as_secs()).collect();
    assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
    assert_eq!(pauses.after_session(LONGEST_SESSION_PAUSE), Duration::from_secs(5));
    assert_eq!(pauses.after_session(Duration::ZERO), Duration::from_secs(10));
}

#[test]
fn attempts_without_a_session_pause_briefly() {
    let mut pauses = SessionPauses::default();
    let seconds: Vec<u64> = (0..7).map(|_| pauses.after_failure(1.0).as_secs()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(pauses.after_session(Duration::ZERO), Duration::from_secs(5), "an outage is no short session");
    assert_eq!(pauses.after_failure(0.0), Duration::from_millis(500));
    assert!(pauses.after_failure(1.0) <= LONGEST_PAUSE);
}

#[test]
fn without_sessions_left_the_bot_asks_again_at_the_reset() {
    assert_eq!(SessionPauses::exhausted(Duration::ZERO), Duration::from_mins(1));
    assert_eq!(SessionPauses::exhausted(Duration::from_mins(20)), Duration::from_mins(20));
    assert_eq!(SessionPauses::exhausted(Duration::from_hours(20)), Duration::from_hours(1));
}
