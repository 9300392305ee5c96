//! The manual clock of tests.

use std::time::Duration;

use chrono::DateTime;
use guildhall::kernel::clock::Clock;

#[tokio::test]
async fn advancing_a_manual_clock_wakes_sleepers() {
    let clock = Clock::manual(DateTime::UNIX_EPOCH);
    let due = clock.now() + Duration::from_mins(1);
    let sleeper = tokio::spawn({
        let clock = clock.clone();
        async move {
            clock.sleep_until(due).await;
            clock.now()
        }
    });
    clock.advance(Duration::from_secs(61));
    assert_eq!(sleeper.await.ok(), Some(due + Duration::from_secs(1)));
}
