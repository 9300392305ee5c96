//! The problems of rows that are left out.

use super::location::RowLocation;
use crate::kernel::error::Refusal;

/// Why a row is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The row's location.
    pub location: RowLocation,
    /// The invalid field, by its name in the GraphQL schema.
    pub field: Option<&'static str>,
    /// The message for the user.
    pub message: String,
    /// A reason that clients can handle, such as `RANK_TOO_LOW`.
    pub reason: Option<&'static str>,
}

/// A problem without its location.
#[derive(Debug)]
pub(super) struct RowError {
    pub(super) field: Option<&'static str>,
    pub(super) message: String,
    pub(super) reason: Option<&'static str>,
}

impl RowError {
    pub(super) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into(), reason: None }
    }

    pub(super) fn of_row(message: impl Into<String>) -> Self {
        Self { field: None, message: message.into(), reason: None }
    }

    pub(super) fn at(self, location: RowLocation) -> Problem {
        Problem { location, field: self.field, message: self.message, reason: self.reason }
    }
}

impl From<Refusal> for RowError {
    fn from(refusal: Refusal) -> Self {
        let field = match refusal.field {
            Some(std::borrow::Cow::Borrowed(field)) => Some(field),
            _ => None,
        };
        Self { field, message: refusal.message.into_owned(), reason: refusal.reason }
    }
}
