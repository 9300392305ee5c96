//! How long the bot pauses before it connects to Discord's gateway again, without I/O.
//!
//! Discord allows a bot 1,000 new sessions a day and then resets its token, so sessions that end soon must not be
//! replaced at once.

use std::time::Duration;

use crate::discord::breaker::backoff;

/// Pause after a first attempt that started no session, and the longest pause.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// See [`FIRST_PAUSE`].
pub const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Pause after a first session that ended soon, and the longest pause; each such session doubles it.
pub const FIRST_SESSION_PAUSE: Duration = Duration::from_secs(5);
/// See [`FIRST_SESSION_PAUSE`]. With this pause a bot starts 144 sessions a day.
pub const LONGEST_SESSION_PAUSE: Duration = Duration::from_mins(10);
/// Shortest and longest pause while no session may be started.
const EXHAUSTED_PAUSES: [Duration; 2] = [Duration::from_mins(1), Duration::from_hours(1)];

/// Counts the failures in a row.
#[derive(Debug, Default)]
pub struct SessionPauses {
    /// Attempts that started no session.
    failures: u32,
    /// Sessions that ended soon.
    short_sessions: u32,
}

impl SessionPauses {
    /// The pause after an attempt that started no session. `jitter` is from 0 to 1.
    pub fn after_failure(&mut self, jitter: f64) -> Duration {
        let pause = backoff(FIRST_PAUSE, LONGEST_PAUSE, self.failures, jitter);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// The pause after a session that lasted this long.
    pub fn after_session(&mut self, lasted: Duration) -> Duration {
        self.failures = 0;
        if lasted >= LONGEST_SESSION_PAUSE {
            self.short_sessions = 0;
        }
        let pause = backoff(FIRST_SESSION_PAUSE, LONGEST_SESSION_PAUSE, self.short_sessions, 1.0);
        self.short_sessions = self.short_sessions.saturating_add(1);
        pause
    }

    /// The pause when Discord allows no session for this long.
    pub fn exhausted(reset_after: Duration) -> Duration {
        let [least, most] = EXHAUSTED_PAUSES;
        reset_after.clamp(least, most)
    }
}
