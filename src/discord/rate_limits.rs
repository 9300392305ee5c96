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
    /// The value of [`RateLimits::counted`] after the last of them.
    number: u64,
}

/// The rate limits of all buckets.
#[derive(Debug)]
pub struct RateLimits<K> {
    limits: HashMap<K, RateLimit>,
    /// Number of limited requests so far, each after the response to the one before. It orders requests and responses.
    counted: u64,
}

impl<K> Default for RateLimits<K> {
    fn default() -> Self {
        Self { limits: HashMap::new(), counted: 0 }
    }
}

impl<K: Eq + Hash> RateLimits<K> {
    /// The time until which requests of these buckets are limited.
    pub fn limited_until(&mut self, buckets: &[K], now: Timestamp) -> Option<Timestamp> {
        // A much later time means that the clock was set back.
        self.limits.retain(|_, limit| now < limit.until + FORGOTTEN_AFTER && limit.until <= now + MAX_RETRY_AFTER);
        let limits = buckets.iter().filter_map(|bucket| self.limits.get(bucket));
        limits.map(|limit| limit.until).filter(|until| now < *until).max()
    }

    /// The number to pass with the response to a request that is sent now.
    pub const fn sent(&self) -> u64 {
        self.counted
    }

    /// Records that Discord has limited a request. Returns the time of the next one: Discord's, but after several
    /// limited requests in a row not before a pause that doubles. Discord may repeat a limit of milliseconds. Requests
    /// that were sent at once are limited at once, so they count as one.
    pub fn limited(&mut self, bucket: K, wait: Duration, sent: u64, now: Timestamp) -> Timestamp {
        let limit = self.limits.entry(bucket).or_insert(RateLimit { until: now, in_a_row: 0, number: 0 });
        if limit.number <= sent {
            self.counted += 1;
            limit.number = self.counted;
            limit.in_a_row = limit.in_a_row.saturating_add(1);
        }
        let least = match limit.in_a_row.checked_sub(2) {
            None => Duration::ZERO,
            Some(earlier) => backoff(FIRST_PAUSE, LONGEST_PAUSE, earlier, 1.0),
        };
        limit.until = limit.until.max(now + wait.min(MAX_RETRY_AFTER).max(least));
        limit.until
    }

    /// Records that the next request of a bucket would be limited.
    pub fn exhausted(&mut self, bucket: K, wait: Duration, now: Timestamp) {
        let limit = self.limits.entry(bucket).or_insert(RateLimit { until: now, in_a_row: 0, number: 0 });
        limit.until = limit.until.max(now + wait.min(MAX_RETRY_AFTER));
    }

    /// Records a request that was not limited.
    pub fn succeeded(&mut self, buckets: &[K], sent: u64) {
        for bucket in buckets {
            if let Some(limit) = self.limits.get_mut(bucket).filter(|limit| limit.number <= sent) {
                limit.in_a_row = 0;
            }
        }
    }
}
