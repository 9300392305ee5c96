//! Why rows are left out.

use super::place::Place;
use crate::kernel::error::Refusal;

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

/// A problem without its place.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) field: Option<&'static str>,
    pub(super) message: String,
    pub(super) reason: Option<&'static str>,
}

impl Fault {
    pub(super) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into(), reason: None }
    }

    pub(super) fn of_row(message: impl Into<String>) -> Self {
        Self { field: None, message: message.into(), reason: None }
    }

    pub(super) fn at(self, place: Place) -> Problem {
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
