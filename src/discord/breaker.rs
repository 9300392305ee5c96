//! A circuit breaker around Discord as a whole: while Discord is down, nothing is asked of it but now and then one thing.

use std::time::Duration;

use crate::kernel::clock::Timestamp;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
/// How long it stays open the first time; twice as long each time that follows.
const FIRST: Duration = Duration::from_secs(2);
/// How long it stays open at the most.
const MOST: Duration = Duration::from_secs(30);
/// How long whoever tries after that has to find out.
const PROBE: Duration = Duration::from_secs(10);

/// Closed, it lets all through; open, nothing; then one at a time, the first success of which closes it.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    open_until: Option<Timestamp>,
}

impl Breaker {
    /// Lets a request through, or says when to ask again.
    ///
    /// # Errors
    /// The instant until which it is open.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match (self.open_until, self.open_until(now)) {
            (None, _) => Ok(()),
            (_, Some(until)) => Err(until),
            _ => {
                // This one finds out; the others wait for what it finds.
                self.open_until = Some(now + PROBE);
                Ok(())
            }
        }
    }

    /// Until when nothing is let through, if it is open.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        // It is never open for longer: the clock was set back.
        self.open_until.filter(|until| now < *until && *until <= now + MOST)
    }

    /// How many of these requests have a chance to be let through.
    pub fn room(&self, now: Timestamp, requests: usize) -> usize {
        match (self.open_until, self.open_until(now)) {
            (None, _) => requests,
            (_, Some(_)) => 0,
            _ => requests.min(1),
        }
    }

    /// Discord answers.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Discord does not answer. `jitter`, from 0 to 1, keeps servers from asking all at once.
    pub fn failed(&mut self, now: Timestamp, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(over) = self.failures.checked_sub(FAILURES) {
            self.open_until = Some(now + backoff(FIRST, MOST, over, jitter));
        }
    }
}

/// How long to wait after so many failures: twice as long each time up to `most`, of which the second half is by chance.
pub fn backoff(first: Duration, most: Duration, failures: u32, jitter: f64) -> Duration {
    let full = first.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(most);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failing(times: u32) -> (Breaker, Timestamp) {
        let (mut breaker, now) = (Breaker::default(), Timestamp::default());
        for _ in 0..times {
            breaker.failed(now, 1.0);
        }
        (breaker, now)
    }

    #[test]
    fn a_few_failures_do_not_open_it() {
        let (mut breaker, now) = failing(FAILURES - 1);
        assert_eq!((breaker.admit(now), breaker.room(now, 8)), (Ok(()), 8));
        breaker.succeeded();
        breaker.failed(now, 1.0);
        assert_eq!(breaker.admit(now), Ok(()), "they were not in a row");
    }

    #[test]
    fn one_at_a_time_finds_out_whether_discord_is_back() {
        let (mut breaker, now) = failing(FAILURES);
        let later = now + FIRST;
        assert_eq!((breaker.admit(now), breaker.room(now, 8)), (Err(later), 0));
        assert_eq!(breaker.room(later, 8), 1);
        assert_eq!(breaker.admit(later), Ok(()));
        assert_eq!(breaker.admit(later), Err(later + PROBE));
        breaker.failed(later, 1.0);
        assert_eq!(breaker.open_until(later), Some(later + FIRST * 2), "it waits longer");
        assert_eq!(breaker.admit(later + FIRST * 2), Ok(()));
        breaker.succeeded();
        assert_eq!((breaker.open_until(later), breaker.room(later, 8)), (None, 8));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_keep_it_open() {
        let (mut breaker, now) = failing(FAILURES);
        assert_eq!(breaker.admit(now - Duration::from_hours(1)), Ok(()));
    }

    proptest! {
        #[test]
        fn waits_grow_and_are_bounded(failures: u32, jitter in 0.0..=1.0) {
            let wait = backoff(FIRST, MOST, failures, jitter);
            prop_assert!(wait >= FIRST / 2 && wait <= MOST);
            prop_assert!(backoff(FIRST, MOST, failures.saturating_add(1), jitter) >= wait);
        }
    }
}
