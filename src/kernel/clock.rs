//! The injected clock: the system's in a server, a manual one in tests.
//!
//! No other code reads the time; `clippy.toml` bans the functions that do.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Timelike, Utc};
use tokio::sync::watch;

/// A time in UTC, to the microsecond, which both databases store without rounding.
pub type Timestamp = NaiveDateTime;

/// A source of time. Clones share it.
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
    /// When each sleeping task is due to wake.
    wakes: watch::Sender<Vec<Timestamp>>,
}

impl Clock {
    /// The system's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A manual clock, which shows `start` until [`Clock::advance`] or [`Clock::set`] changes it.
    pub fn manual(start: DateTime<Utc>) -> Self {
        let (time, wakes) = (watch::Sender::new(to_micros(start)), watch::Sender::default());
        Self(Source::Manual(Arc::new(Manual { time, wakes })))
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
            Source::System => to_micros(Utc::now()),
            Source::Manual(manual) => *manual.time.borrow(),
        }
    }

    /// Monotonic time since an arbitrary start, for measuring durations. Setting the system's clock doesn't change it.
    pub fn elapsed(&self) -> Duration {
        static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
        match &self.0 {
            Source::System => START.elapsed(),
            Source::Manual(_) => (self.now() - Timestamp::default()).to_std().unwrap_or_default(),
        }
    }

    /// Sets a manual clock, even back, as an administrator may set the system's. Does nothing on a system clock.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual(manual) = &self.0 {
            manual.time.send_replace(to);
        }
    }

    /// Moves a manual clock forward and wakes the tasks that are due. Does nothing on a system clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.0 {
            manual.time.send_modify(|now| *now += by);
        }
    }

    /// Returns once [`Clock::now`] has reached `due`.
    pub async fn sleep_until(&self, due: Timestamp) {
        match &self.0 {
            Source::System => loop {
                let Ok(remaining) = (due - self.now()).to_std() else { return };
                if remaining.is_zero() {
                    return;
                }
                // In short steps, because the system's clock may be set during the sleep.
                tokio::time::sleep(remaining.min(Duration::from_secs(30))).await;
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

    /// Returns the output of `work`, or `None` if it takes longer than `limit`.
    pub async fn timeout<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            output = work => Some(output),
            () = self.sleep(limit) => None,
        }
    }

    /// For tests: waits until at least `tasks` tasks sleep on a manual clock and the first of them is due within
    /// `within`. Returns when that task is due. Never returns on a system clock.
    pub async fn next_wake(&self, tasks: usize, within: Duration) -> Timestamp {
        let Source::Manual(manual) = &self.0 else { return std::future::pending().await };
        let (mut time, mut wakes) = (manual.time.subscribe(), manual.wakes.subscribe());
        loop {
            let now = *time.borrow_and_update();
            let due: Vec<Timestamp> = wakes.borrow_and_update().iter().copied().filter(|wake| *wake > now).collect();
            if let Some(first) = due.iter().min()
                && due.len() >= tasks
                && *first <= now + within
            {
                return *first;
            }
            // Cannot fail: the clock owns both senders.
            tokio::select! {
                _ = time.changed() => {}
                _ = wakes.changed() => {}
            }
        }
    }
}

impl Manual {
    async fn sleep_until(&self, due: Timestamp) {
        let _sleeper = Sleeper::new(self, due);
        // Cannot fail: the clock owns the sender.
        let _ = self.time.subscribe().wait_for(|now| *now >= due).await;
    }
}

/// Registers a task as sleeping on a manual clock until dropped.
struct Sleeper<'m> {
    manual: &'m Manual,
    due: Timestamp,
}

impl<'m> Sleeper<'m> {
    fn new(manual: &'m Manual, due: Timestamp) -> Self {
        manual.wakes.send_modify(|wakes| wakes.push(due));
        Self { manual, due }
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.manual.wakes.send_modify(|wakes| {
            if let Some(index) = wakes.iter().position(|wake| *wake == self.due) {
                wakes.swap_remove(index);
            }
        });
    }
}

/// The GraphQL scalar of times.
pub const TIME_SCALAR: &str = "DateTime";

/// The form of a time in a request.
pub const EXPECTED_TIME: &str =
    "it must be a time with its offset from UTC, such as 2026-11-21T20:15:00+01:00 or 2026-11-21T19:15:00Z";

/// Checks a time in a request, which must be in the form of RFC 3339.
///
/// # Errors
/// A clause that says what is wrong. A leap second is refused, because no clock of the server or of a database has it.
pub fn check_time(text: &str) -> Result<(), &'static str> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) if time.nanosecond() >= 1_000_000_000 => Err("its seconds must be from 00 to 59"),
        Ok(_) => Ok(()),
        Err(_) if text.parse::<NaiveDateTime>().is_ok() => {
            Err("add the offset from UTC to the time, such as +01:00, or Z for UTC itself")
        }
        Err(_) => Err(EXPECTED_TIME),
    }
}

fn to_micros(time: DateTime<Utc>) -> Timestamp {
    time.naive_utc().trunc_subsecs(6)
}
