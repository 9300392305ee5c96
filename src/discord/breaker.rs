//! A circuit breaker in front of Discord: while Discord is down, it lets through one request now and then.

use std::time::Duration;

use crate::kernel::clock::Timestamp;

/// Number of failures in a row that open the breaker.
pub const FAILURES: u32 = 5;
/// Time that the breaker stays open at first; each further failure doubles it.
pub const FIRST: Duration = Duration::from_secs(2);
/// Longest time that the breaker stays open.
pub const MOST: Duration = Duration::from_secs(30);
/// Longest time that the other requests wait for the outcome of a probe.
pub const PROBE: Duration = Duration::from_secs(10);

/// A closed breaker lets all requests through, an open one none. After a while it lets one through at a time, and the
/// first success closes it.
#[derive(Debug, Default)]
pub struct Breaker {
    failures: u32,
    open_until: Option<Timestamp>,
}

impl Breaker {
    /// Lets a request through, or returns when to try again.
    ///
    /// # Errors
    /// The time until which the breaker is open.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match (self.open_until, self.open_until(now)) {
            (None, _) => Ok(()),
            (_, Some(until)) => Err(until),
            _ => {
                // This request is the probe. The others wait for its outcome.
                self.open_until = Some(now + PROBE);
                Ok(())
            }
        }
    }

    /// The time until which no request is let through; `None` if the breaker is not open.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        // A later time means that the clock was set back.
        self.open_until.filter(|until| now < *until && *until <= now + MOST)
    }

    /// How many of this number of requests can be let through.
    pub fn capacity(&self, now: Timestamp, requests: usize) -> usize {
        match (self.open_until, self.open_until(now)) {
            (None, _) => requests,
            (_, Some(_)) => 0,
            _ => requests.min(1),
        }
    }

    /// Records a response of Discord.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Records a failure of Discord. `jitter`, from 0 to 1, spreads the probes of several servers.
    pub fn failed(&mut self, now: Timestamp, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        if let Some(over) = self.failures.checked_sub(FAILURES) {
            self.open_until = Some(now + backoff(FIRST, MOST, over, jitter));
        }
    }
}

/// The pause after this number of earlier failures: it doubles up to `most`. `jitter`, from 0 to 1, scales its second
/// half.
pub fn backoff(first: Duration, most: Duration, failures: u32, jitter: f64) -> Duration {
    let full = first.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(most);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}
