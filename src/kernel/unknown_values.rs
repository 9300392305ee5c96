//! Warnings about values that a newer release stored.
//!
//! During an upgrade two releases share a database. The older one skips what it does not know, and logs each such value
//! once, because a query may meet it many times a second.

use std::collections::BTreeSet;

use parking_lot::Mutex;

/// Most values remembered. Values beyond that are not logged.
const MAX_VALUES: usize = 1_000;

static WARNED: Mutex<BTreeSet<(&str, String)>> = Mutex::new(BTreeSet::new());

/// Logs that a stored value is not known to this release, the first time that the process meets it. Returns whether it was
/// logged.
pub fn warn_once(what: &'static str, value: &str) -> bool {
    let is_new = {
        let mut warned = WARNED.lock();
        warned.len() < MAX_VALUES && warned.insert((what, value.to_owned()))
    };
    if is_new {
        tracing::warn!(what, value, "the database holds a value of a newer release, which this one leaves alone");
    }
    is_new
}
