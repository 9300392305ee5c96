//! Reads and writes the file of a guild's roster, without I/O.
//!
//! [`read()`] parses a file into rows, and [`plan()`] compares the rows with the guild's roster. The caller stores the
//! plan's changes. [`write()`] writes a roster so that importing the file changes nothing.

mod format;
mod formula;
mod location;
mod long_id;
mod plan;
mod problem;
mod read;
mod record;
mod write;

pub use self::{
    format::Format,
    formula::escape as escape_formulas,
    location::RowLocation,
    plan::{
        Actor, ImportChange, ImportChangeKind, ImportFieldChange, ImportPlan, MAX_CHANGES, MemberDiff, Roster, plan,
    },
    problem::Problem,
    read::{ParsedFile, read},
    record::{Column, Record},
    write::write,
};
