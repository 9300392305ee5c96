//! Files into rows.
//!
//! Whatever is wrong with a single row is a problem of that row, and the others are read all the same; only what makes
//! the whole file unreadable refuses it.

mod from_csv;
mod from_json;
mod parsed_file;

pub use self::parsed_file::ParsedFile;
use self::parsed_file::unreadable;
use super::format::Format;
use crate::kernel::error::Refusal;

/// Reads a roster's file.
///
/// # Errors
/// `BAD_USER_INPUT` at `data` for a file that is not of this format.
pub fn read(format: Format, text: &[u8]) -> Result<ParsedFile, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable("The file is not UTF-8 text: save it as UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}');
    match format {
        Format::Csv => from_csv::read(text),
        Format::Json => from_json::read(text),
    }
}
