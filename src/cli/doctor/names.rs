//! Checks that no two names are the same by this release's rules.

use diesel::QueryResult;

use super::report::DoctorReport;
use crate::{db::Probe, kernel::text};

const CHECK: &str = "names";
/// Maximum number of names in the message.
const MAX_SHOWN: usize = 10;

/// The rule for the key of a name.
type KeyRule = fn(&str) -> String;

/// Names with their stored keys, on two lines, and the rule for the keys. A name contains no line break.
const NAMES: [(&str, KeyRule); 4] = [
    ("SELECT discord_username || '\n' || username_key AS value FROM members ORDER BY guild_id, id", text::username_key),
    ("SELECT name || '\n' || name_key AS value FROM ranks ORDER BY guild_id, id", text::key),
    ("SELECT name || '\n' || name_key AS value FROM characters ORDER BY guild_id, id", text::key),
    ("SELECT realm || '\n' || realm_key AS value FROM characters ORDER BY guild_id, id", text::realm_key),
];

/// Lists names with keys of a former release. A start of the server brings keys up to date, unless another name has the
/// key already.
pub(super) async fn check(report: &mut DoctorReport, probe: &mut Probe) -> QueryResult<()> {
    let mut stale: Vec<String> = Vec::new();
    for (query, key) in NAMES {
        let stored = probe.values(query).await?;
        let names = stored.iter().filter_map(|line| line.split_once('\n'));
        stale.extend(names.filter(|(name, stored)| key(name) != *stored).map(|(name, _)| name.to_owned()));
    }
    if stale.is_empty() {
        report.ok(CHECK, "no two names differ only by case, width, spaces or ignorable characters");
        return Ok(());
    }
    let number = stale.len();
    stale.truncate(MAX_SHOWN);
    let message = format!("names that are the same as another of their guild: {number}, such as {}", stale.join(", "));
    report.warn(CHECK, message, "rename one of the two; the server logs the guild of each when it starts");
    Ok(())
}
