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
#[derive(Clone, Debug)]
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

    pub(super) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
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

/// All errors of a row, so that a user can correct them at once.
#[derive(Clone, Debug, Default)]
pub(super) struct RowErrors(Vec<RowError>);

impl RowErrors {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, error: impl Into<RowError>) {
        self.0.push(error.into());
    }

    pub(super) fn extend(&mut self, errors: Self) {
        self.0.extend(errors.0);
    }

    /// Returns the value of a success. Adds the error of a failure, and returns `None`.
    pub(super) fn check<T>(&mut self, result: Result<T, impl Into<RowError>>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Returns the value of a success. Adds the errors of a failure, and returns `None`.
    pub(super) fn check_all<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|errors| self.extend(errors)).ok()
    }

    /// Returns the value, or the errors if there are any.
    pub(super) fn or_value<T>(self, value: Option<T>) -> Result<T, Self> {
        value.filter(|_| self.is_empty()).ok_or(self)
    }

    pub(super) fn into_vec(self) -> Vec<RowError> {
        self.0
    }
}

impl From<RowError> for RowErrors {
    fn from(error: RowError) -> Self {
        Self(vec![error])
    }
}
