//! A guild's roster out of a file and into one.
//!
//! A file is read into rows ([`read()`]), the rows are weighed against the guild as it stands ([`plan()`]), and what comes
//! of them is for the caller to store. The other way, a roster is written ([`write()`]) so that reading it back changes
//! nothing. None of this touches the database: the same plan is what a rehearsal shows and what an import does.

mod formula;
mod plan;
mod read;
mod record;
#[cfg(test)]
mod testing;
mod write;

pub use self::{
    plan::{Actor, MemberDiff, Plan, Roster, plan},
    read::{Reading, read},
    record::{Column, Place, Record},
    write::write,
};
use crate::kernel::error::Refusal;

/// What a roster's file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a header: a row a character, or a row a member who has none.
    Csv,
    /// An object with a list of members, each with a list of characters.
    Json,
}

/// Why a row is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// What is at fault, as it is called in the schema.
    pub field: Option<&'static str>,
    /// A sentence for a person.
    pub message: String,
    /// What a client may act on, such as `RANK_TOO_LOW`.
    pub reason: Option<&'static str>,
}

/// A problem that does not know yet where it stands.
#[derive(Debug)]
struct Fault {
    field: Option<&'static str>,
    message: String,
    reason: Option<&'static str>,
}

impl Fault {
    fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into(), reason: None }
    }

    fn in_column(column: Column, message: impl Into<String>) -> Self {
        Self::new(column.field(), message)
    }

    fn of_row(message: impl Into<String>) -> Self {
        Self { field: None, message: message.into(), reason: None }
    }

    fn at(self, place: Place) -> Problem {
        Problem { place, field: self.field, message: self.message, reason: self.reason }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let field = match refusal.field {
            Some(std::borrow::Cow::Borrowed(field)) => Some(field),
            _ => None,
        };
        Self { field, message: refusal.message.into_owned(), reason: refusal.reason }
    }
}
