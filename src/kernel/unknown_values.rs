//! Warnings about values that a newer release stored.
//!
//! During an upgrade, two releases share a database. The older release skips the values it doesn't know. It logs each
//! of them only once, because a query may load it many times a second.

use std::collections::BTreeSet;

use parking_lot::Mutex;

/// Maximum number of values to remember. Further values are not logged.
const MAX_VALUES: usize = 1_000;

static WARNED: Mutex<BTreeSet<(&str, String)>> = Mutex::new(BTreeSet::new());

/// Logs that this release doesn't know a stored value, unless the process has logged it before. Returns whether it
/// logged.
pub fn warn_once(what: &'static str, value: &str) -> bool {
    let is_new = {
        let mut warned = WARNED.lock();
        warned.len() < MAX_VALUES && warned.insert((what, value.to_owned()))
    };
    if is_new {
        tracing::warn!(what, value, "the database contains a value of a newer release; this release ignores it");
    }
    is_new
}
