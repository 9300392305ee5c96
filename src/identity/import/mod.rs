//! A guild's roster out of a file and into one.
//!
//! A file is read into rows ([`read()`]), the rows are weighed against the guild as it stands ([`plan()`]), and what comes
//! of them is for the caller to store. The other way, a roster is written ([`write()`]) so that reading it back changes
//! nothing. None of this touches the database: the same plan is what a rehearsal shows and what an import does.

mod format;
mod formula;
mod location;
mod plan;
mod problem;
mod read;
mod record;
mod write;

pub use self::{
    format::Format,
    location::RowLocation,
    plan::{Actor, ImportPlan, MemberDiff, Roster, plan},
    problem::Problem,
    read::{ParsedFile, read},
    record::{Column, Record},
    write::write,
};
