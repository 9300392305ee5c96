//! Files into rows.
//!
//! Whatever is wrong with a single row is a problem of that row, and the others are read all the same; only what makes
//! the whole file unreadable refuses it.

mod from_csv;
mod from_json;
#[cfg(test)]
mod tests;

use super::{Format, Problem, record::Record};
use crate::kernel::error::Refusal;

/// Most columns that are named although they mean nothing.
const MAX_UNKNOWN: usize = 50;

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The rows that could be read, in the file's order.
    pub records: Vec<Record>,
    /// Why others could not.
    pub problems: Vec<Problem>,
    /// Columns that mean nothing here and are passed over, by the names they have in the file: the first fifty.
    pub unknown_columns: Vec<String>,
}

impl Reading {
    fn pass_over(&mut self, column: &str) {
        if self.unknown_columns.len() < MAX_UNKNOWN && !self.unknown_columns.iter().any(|known| known == column) {
            self.unknown_columns.push(column.to_owned());
        }
    }
}

/// Reads a roster's file.
///
/// # Errors
/// `BAD_USER_INPUT` at `data` for a file that is not of this format.
pub fn read(format: Format, text: &[u8]) -> Result<Reading, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable("The file is not UTF-8 text: save it as UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}');
    match format {
        Format::Csv => from_csv::read(text),
        Format::Json => from_json::read(text),
    }
}

fn unreadable(message: impl Into<String>) -> Refusal {
    Refusal::input("data", message.into())
}
