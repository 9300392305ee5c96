//! Outages: what is wrong with the database, not with what it was asked.

use diesel::result::{DatabaseErrorKind, Error};

/// What databases say when they cannot do what they could do a moment ago. diesel tells no codes of these.
const SIGNS: [&str; 9] = [
    // PostgreSQL: it ends, or is begun anew after a crash; its disk is full.
    "terminating connection due to",
    "the database system is",
    "No space left on device",
    "canceling statement due to",
    // SQLite: another process has it, or its disk is full, read-only or failing.
    "database is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
];

/// Whether an error may be gone in a moment, without anything being asked otherwise.
pub fn is_outage(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager => true,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction => true,
            _ => SIGNS.iter().any(|sign| information.message().contains(sign)),
        },
        _ => false,
    }
}
