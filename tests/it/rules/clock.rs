//! The manual clock, which the tests use.

use std::time::Duration;

use chrono::DateTime;
use futures_util::poll;
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

#[tokio::test]
async fn a_manual_clock_knows_its_next_wake() {
    let clock = Clock::manual(DateTime::UNIX_EPOCH);
    let (soon, late) = (clock.now() + Duration::from_secs(1), clock.now() + Duration::from_mins(1));
    let (mut one, mut two) = (Box::pin(clock.sleep_until(soon)), Box::pin(clock.sleep_until(late)));
    assert!(poll!(&mut one).is_pending());
    assert_eq!(clock.next_wake(1, Duration::from_secs(1)).await, soon);
    let mut both = Box::pin(clock.next_wake(2, Duration::from_secs(1)));
    assert!(poll!(&mut both).is_pending(), "the second task does not sleep yet");
    assert!(poll!(&mut two).is_pending());
    assert_eq!(both.await, soon);
    clock.set(soon);
    // The first task is due and no longer counts, although it has not been polled.
    let mut next = Box::pin(clock.next_wake(1, Duration::from_secs(58)));
    assert!(poll!(&mut next).is_pending(), "the second task sleeps for longer");
    clock.advance(Duration::from_secs(1));
    assert_eq!(next.await, late);
    drop((one, two));
    assert!(poll!(Box::pin(clock.next_wake(1, Duration::from_hours(1)))).is_pending(), "no task sleeps");
}

#[tokio::test]
async fn a_timeout_runs_on_a_manual_clock() {
    let clock = Clock::manual(DateTime::UNIX_EPOCH);
    let limit = Duration::from_secs(1);
    assert_eq!(clock.timeout(limit, async { 7 }).await, Some(7));
    let mut endless = Box::pin(clock.timeout(limit, std::future::pending::<()>()));
    assert!(poll!(&mut endless).is_pending());
    clock.advance(limit);
    assert_eq!(endless.await, None);
}
