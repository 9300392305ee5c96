//! The circuit breaker for requests to Discord.

use std::time::Duration;

use guildhall::{
    discord::breaker::{Breaker, Breakers, FAILURES, FIRST, MOST, PROBE, PROBE_INTERVAL, Scope, backoff},
    kernel::{clock::Timestamp, id::GuildId},
};
use proptest::prelude::*;

fn failing(channels: usize) -> (Breaker<usize>, Timestamp) {
    let (mut breaker, now) = (Breaker::default(), Timestamp::default());
    for channel in 0..channels {
        breaker.failed(channel, now, 1.0);
    }
    (breaker, now)
}

#[test]
fn failures_of_one_channel_do_not_open_the_breaker() {
    let (mut breaker, now) = (Breaker::default(), Timestamp::default());
    for _ in 0..100 {
        breaker.failed(1, now, 1.0);
    }
    assert_eq!(breaker.admit(now), Ok(()));
}

#[test]
fn failures_count_for_the_guild_first() {
    let (mut breakers, now) = (Breakers::default(), Timestamp::default());
    let (bad, good) = (GuildId(1), GuildId(2));
    for channel in 0..100 {
        breakers.failed(Scope::Guild(bad, channel), now, 1.0);
    }
    assert!(breakers.is_open_for(bad, now) && !breakers.is_open_for(good, now));
    assert_eq!((breakers.guild_capacity(bad, now, 4), breakers.guild_capacity(good, now, 4)), (0, 4));
    assert!(breakers.admit(Scope::Guild(bad, 1), now).is_err());
    assert_eq!(breakers.admit(Scope::Guild(good, 1), now), Ok(()));
    // A success of the other guild leaves the breaker open.
    breakers.succeeded(Scope::Guild(good, 1));
    assert_eq!(breakers.open_guilds(now).map(|(guild, _)| guild).collect::<Vec<_>>(), [bad]);
    breakers.succeeded(Scope::Guild(bad, 1));
    assert!(!breakers.is_open_for(bad, now));
}

#[test]
fn failures_of_several_guilds_and_a_rejected_token_open_the_breaker_of_all() {
    let (mut breakers, now) = (Breakers::default(), Timestamp::default());
    for guild in 0..5 {
        assert_eq!(breakers.open_until(now), None);
        breakers.failed(Scope::Guild(GuildId(guild), 1), now, 1.0);
    }
    assert_eq!(breakers.open_until(now), Some(now + FIRST));
    assert_eq!(breakers.admit(Scope::Bot, now), Err(now + FIRST));
    breakers.succeeded(Scope::Bot);
    assert_eq!((breakers.open_until(now), breakers.capacity(now, 8)), (None, 8));
    breakers.rejected(now, 1.0);
    assert!(breakers.is_open_for(GuildId(9), now));
}

#[test]
fn a_guild_that_has_not_failed_is_a_probe_while_others_fail() {
    let (mut breakers, now) = (Breakers::default(), Timestamp::default());
    let failing: Vec<GuildId> = (0..9).map(GuildId).collect();
    for guild in &failing {
        breakers.failed(Scope::Guild(*guild, 1), now, 1.0);
    }
    let (good, other) = (GuildId(100), GuildId(101));
    assert!(breakers.is_open_for(good, now), "the last failure is too recent");
    let later = now + PROBE_INTERVAL;
    assert!(breakers.is_open_for(failing[0], later) && !breakers.is_open_for(good, later));
    let mut paused: Vec<GuildId> = breakers.paused_guilds(later).collect();
    paused.sort();
    assert_eq!((breakers.capacity(later, 8), paused), (1, failing));
    assert_eq!(breakers.admit(Scope::Guild(good, 1), later), Ok(()));
    assert!(breakers.admit(Scope::Guild(other, 1), later).is_err(), "one at a time");
    assert_eq!(breakers.capacity(later, 8), 0);
    breakers.failed(Scope::Guild(good, 1), later, 1.0);
    assert!(breakers.admit(Scope::Guild(other, 1), later).is_err());
    let later = later + PROBE_INTERVAL;
    assert!(breakers.admit(Scope::Guild(good, 1), later).is_err());
    assert_eq!(breakers.admit(Scope::Guild(other, 1), later), Ok(()));
    breakers.succeeded(Scope::Guild(other, 1));
    assert_eq!((breakers.open_until(later), breakers.capacity(later, 8)), (None, 8));
    // Nobody is a probe for a token that Discord rejects.
    breakers.rejected(later, 1.0);
    assert!(breakers.is_open_for(GuildId(102), later) && breakers.capacity(later, 8) == 0);
}

#[test]
fn a_few_failures_do_not_open_the_breaker() {
    let (mut breaker, now) = failing(FAILURES - 1);
    assert_eq!((breaker.admit(now), breaker.capacity(now, 8)), (Ok(()), 8));
    breaker.succeeded();
    breaker.failed(1, now, 1.0);
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
    breaker.failed(1, later, 1.0);
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
