//! The rate limits that Discord has set, by bucket, without I/O.

use std::{collections::HashMap, hash::Hash, time::Duration};

use super::breaker::backoff;
use crate::kernel::clock::Timestamp;

/// Longest pause that the client accepts from Discord.
pub const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);
/// Shortest pause after the second limited request in a row; each further one doubles it.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause that the client adds to those of Discord.
pub const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Time after its end until a limit is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);

/// The limit of a bucket.
#[derive(Clone, Copy, Debug)]
struct RateLimit {
    until: Timestamp,
    /// Number of limited requests in a row.
    in_a_row: u32,
}

/// The rate limits of all buckets.
#[derive(Debug)]
pub struct RateLimits<K>(HashMap<K, RateLimit>);

impl<K> Default for RateLimits<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> RateLimits<K> {
    /// The time until which requests of these buckets are limited.
    pub fn limited_until(&mut self, buckets: &[K], now: Timestamp) -> Option<Timestamp> {
        // A much later time means that the clock was set back.
        self.0.retain(|_, limit| now < limit.until + FORGOTTEN_AFTER && limit.until <= now + MAX_RETRY_AFTER);
        let limits = buckets.iter().filter_map(|bucket| self.0.get(bucket));
        limits.map(|limit| limit.until).filter(|until| now < *until).max()
    }

    /// Records that Discord has limited a request. Returns the time of the next one: Discord's, but after several
    /// limited requests in a row not before a pause that doubles. Discord may repeat a limit of milliseconds.
    pub fn limited(&mut self, bucket: K, wait: Duration, now: Timestamp) -> Timestamp {
        let limit = self.0.entry(bucket).or_insert(RateLimit { until: now, in_a_row: 0 });
        let least = match limit.in_a_row.checked_sub(1) {
            None => Duration::ZERO,
            Some(earlier) => backoff(FIRST_PAUSE, LONGEST_PAUSE, earlier, 1.0),
        };
        limit.in_a_row = limit.in_a_row.saturating_add(1);
        limit.until = now + wait.min(MAX_RETRY_AFTER).max(least);
        limit.until
    }

    /// Records that the next request of a bucket would be limited.
    pub fn exhausted(&mut self, bucket: K, wait: Duration, now: Timestamp) {
        self.0.insert(bucket, RateLimit { until: now + wait.min(MAX_RETRY_AFTER), in_a_row: 0 });
    }

    /// Records a request that was not limited.
    pub fn succeeded(&mut self, buckets: &[K]) {
        for bucket in buckets {
            if let Some(limit) = self.0.get_mut(bucket) {
                limit.in_a_row = 0;
            }
        }
    }
}
