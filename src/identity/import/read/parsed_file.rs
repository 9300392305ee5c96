//! The rows and problems of a file.

use crate::{
    identity::import::{
        location::RowLocation,
        problem::{Problem, RowErrors},
        record::Record,
    },
    kernel::error::Refusal,
};

/// Maximum number of unknown columns that are reported.
const MAX_UNKNOWN_COLUMNS: usize = 50;

/// The rows and problems of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedFile {
    /// The readable rows, in the file's order.
    pub records: Vec<Record>,
    /// The problems of the other rows.
    pub problems: Vec<Problem>,
    /// The number of the other rows. One may have several problems.
    pub unreadable: usize,
    /// What could be read of the other rows, in which a plan finds more problems.
    pub partial: Vec<Record>,
    /// The headers of unknown columns, which are ignored. Only the first 50 are listed.
    pub unknown_columns: Vec<String>,
}

impl ParsedFile {
    /// The number of rows.
    pub const fn rows(&self) -> usize {
        self.records.len() + self.unreadable
    }

    /// Adds a row that cannot be read.
    pub(super) fn add_unreadable(&mut self, errors: RowErrors, location: RowLocation) {
        self.unreadable += 1;
        self.problems.extend(errors.into_vec().into_iter().map(|error| error.at(location)));
    }

    /// Adds a row of which some cells cannot be read.
    pub(super) fn add_partial(&mut self, errors: RowErrors, record: Record) {
        self.add_unreadable(errors, record.location);
        self.partial.push(record);
    }

    pub(super) fn add_unknown_column(&mut self, column: &str) {
        if self.unknown_columns.len() < MAX_UNKNOWN_COLUMNS && !self.unknown_columns.iter().any(|known| known == column)
        {
            self.unknown_columns.push(column.to_owned());
        }
    }
}

/// The refusal of a file that is not in the given format.
pub(super) fn unreadable(message: impl Into<String>) -> Refusal {
    Refusal::input("data", message.into())
}
