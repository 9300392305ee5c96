//! What was found in a file.

use crate::{
    identity::import::{problem::Problem, record::Record},
    kernel::error::Refusal,
};

/// Most columns that are named although they mean nothing.
const MAX_UNKNOWN: usize = 50;

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedFile {
    /// The rows that could be read, in the file's order.
    pub records: Vec<Record>,
    /// Why others could not.
    pub problems: Vec<Problem>,
    /// Columns that mean nothing here and are passed over, by the names they have in the file: the first fifty.
    pub unknown_columns: Vec<String>,
}

impl ParsedFile {
    pub(super) fn pass_over(&mut self, column: &str) {
        if self.unknown_columns.len() < MAX_UNKNOWN && !self.unknown_columns.iter().any(|known| known == column) {
            self.unknown_columns.push(column.to_owned());
        }
    }
}

/// The refusal of a file that is not of its format.
pub(super) fn unreadable(message: impl Into<String>) -> Refusal {
    Refusal::input("data", message.into())
}
