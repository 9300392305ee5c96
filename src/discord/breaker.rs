//! A circuit breaker around Discord as a whole: while Discord is down, nothing is asked of it but now and then one thing.

use std::time::Duration;

use crate::kernel::clock::Timestamp;

/// So many failures in a row open it.
pub const FAILURES: u32 = 5;
/// How long it stays open the first time; twice as long each time that follows.
pub const FIRST: Duration = Duration::from_secs(2);
/// How long it stays open at the most.
pub const MOST: Duration = Duration::from_secs(30);
/// How long whoever tries after that has to find out.
pub const PROBE: Duration = Duration::from_secs(10);

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
