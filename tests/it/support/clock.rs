//! The tests' clock, which moves only when a test moves it.

use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use guildhall::kernel::clock::Clock;

/// The time at which every test starts.
pub fn start_time() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 20, 0, 0).unwrap()
}

/// Runs `work` to its end and moves the clock meanwhile. Whenever at least `tasks` tasks sleep on the clock, and the
/// first of them wakes in at most `within`, the clock moves to that time.
pub async fn while_time_passes<T>(clock: &Clock, tasks: usize, within: Duration, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            output = &mut work => return output,
            wake = clock.next_wake(tasks, within) => clock.set(wake),
        }
    }
}
