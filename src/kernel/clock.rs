//! Time, injected: the system's clock in a server, one that only moves when told in a test.
//!
//! Nothing else reads the time; `clippy.toml` bans it.

use std::{sync::LazyLock, time::Duration};

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use tokio::sync::watch;

/// An instant in UTC, to the microsecond: what both databases keep without rounding.
pub type Timestamp = NaiveDateTime;

/// Where the time comes from. Clones share the same time.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(watch::Sender<Timestamp>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Source::Manual(watch::Sender::new(micros(start))))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
            Source::System => micros(Utc::now()),
            Source::Manual(time) => *time.borrow(),
        }
    }

    /// Time passed since some fixed moment, for measuring spans: it never goes back, even when the system's clock is set.
    pub fn elapsed(&self) -> Duration {
        static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
        match &self.0 {
            Source::System => START.elapsed(),
            Source::Manual(time) => (*time.borrow() - Timestamp::default()).to_std().unwrap_or_default(),
        }
    }

    /// Sets a manual clock, as an administrator may set the system's; a system clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual(time) = &self.0 {
            time.send_replace(to);
        }
    }

    /// Moves a manual clock forward, waking whoever sleeps on it; a system clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(time) = &self.0 {
            time.send_modify(|now| *now += by);
        }
    }

    /// Returns once [`Clock::now`] has reached `due`.
    pub async fn sleep_until(&self, due: Timestamp) {
        match &self.0 {
            Source::System => loop {
                let Ok(left) = (due - self.now()).to_std() else { return };
                if left.is_zero() {
                    return;
                }
                // In short steps, since the system's clock may be set while we sleep.
                tokio::time::sleep(left.min(Duration::from_secs(30))).await;
            },
            Source::Manual(time) => {
                // The sender is ours, so waiting can only end with the instant reached.
                let _ = time.subscribe().wait_for(|now| *now >= due).await;
            }
        }
    }
}

fn micros(time: DateTime<Utc>) -> Timestamp {
    time.naive_utc().trunc_subsecs(6)
}
