//! Types that every layer uses: errors, time, ids, text and its encodings, pages, rate limits, supervised tasks, metrics.

pub mod clock;
pub mod encoding;
pub mod error;
pub mod id;
pub mod input;
pub mod metrics;
pub mod page;
pub mod private_file;
pub mod pruning_map;
pub mod public_url;
pub mod rate_limit;
pub mod supervise;
pub mod text;
pub mod unicode;
pub mod unknown_values;
