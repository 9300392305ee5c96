//! Time, injected: the system's clock in a server, one that only moves when told in a test.
//!
//! Nothing else reads the time; `clippy.toml` bans it.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use tokio::sync::watch;

/// An instant in UTC, to the microsecond: what both databases keep without rounding.
pub type Timestamp = NaiveDateTime;

/// Where the time comes from. Clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    time: watch::Sender<Timestamp>,
    /// The moments that tasks sleep until.
    wakes: watch::Sender<Vec<Timestamp>>,
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        let (time, wakes) = (watch::Sender::new(micros(start)), watch::Sender::default());
        Self(Source::Manual(Arc::new(Manual { time, wakes })))
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
            Source::System => micros(Utc::now()),
            Source::Manual(manual) => *manual.time.borrow(),
        }
    }

    /// Time passed since some fixed moment, for measuring spans: it never goes back, even when the system's clock is set.
    pub fn elapsed(&self) -> Duration {
        static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
        match &self.0 {
            Source::System => START.elapsed(),
            Source::Manual(_) => (self.now() - Timestamp::default()).to_std().unwrap_or_default(),
        }
    }

    /// Sets a manual clock, as an administrator may set the system's; a system clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual(manual) = &self.0 {
            manual.time.send_replace(to);
        }
    }

    /// Moves a manual clock forward, waking whoever sleeps on it; a system clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.0 {
            manual.time.send_modify(|now| *now += by);
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
            Source::Manual(manual) => manual.sleep_until(due).await,
        }
    }

    /// Returns after `duration`, even if the system's clock is set meanwhile.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System => tokio::time::sleep(duration).await,
            Source::Manual(manual) => {
                let duration = TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
                match self.now().checked_add_signed(duration) {
                    Some(due) => manual.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            }
        }
    }

    /// The output of `work`, or `None` if it takes longer than `limit`.
    pub async fn timeout<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            output = work => Some(output),
            () = self.sleep(limit) => None,
        }
    }

    /// For tests: waits until at least `tasks` tasks sleep on a manual clock and the first of them wakes in at most `within`.
    /// Returns the moment when it wakes. Never returns on the system's clock.
    pub async fn next_wake(&self, tasks: usize, within: Duration) -> Timestamp {
        let Source::Manual(manual) = &self.0 else { return std::future::pending().await };
        let (mut time, mut wakes) = (manual.time.subscribe(), manual.wakes.subscribe());
        loop {
            let now = *time.borrow_and_update();
            let asleep: Vec<Timestamp> = wakes.borrow_and_update().iter().copied().filter(|wake| *wake > now).collect();
            if let Some(first) = asleep.iter().min()
                && asleep.len() >= tasks
                && *first <= now + within
            {
                return *first;
            }
            // Neither fails, because the clock keeps the senders.
            tokio::select! {
                _ = time.changed() => {}
                _ = wakes.changed() => {}
            }
        }
    }
}

impl Manual {
    async fn sleep_until(&self, due: Timestamp) {
        let _asleep = Asleep::new(self, due);
        // Waiting ends only when the instant is reached, because the clock keeps the sender.
        let _ = self.time.subscribe().wait_for(|now| *now >= due).await;
    }
}

/// A task that sleeps on a manual clock, until it is dropped.
struct Asleep<'m> {
    manual: &'m Manual,
    due: Timestamp,
}

impl<'m> Asleep<'m> {
    fn new(manual: &'m Manual, due: Timestamp) -> Self {
        manual.wakes.send_modify(|wakes| wakes.push(due));
        Self { manual, due }
    }
}

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.manual.wakes.send_modify(|wakes| {
            if let Some(place) = wakes.iter().position(|wake| *wake == self.due) {
                wakes.swap_remove(place);
            }
        });
    }
}

fn micros(time: DateTime<Utc>) -> Timestamp {
    time.naive_utc().trunc_subsecs(6)
}
