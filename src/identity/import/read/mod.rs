//! Reads files into rows.
//!
//! An invalid row becomes a problem and does not affect the other rows. A file is refused only if it cannot be read as
//! a whole.

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
/// `BAD_USER_INPUT` at `data` for a file that is not in this format.
pub fn read(format: Format, text: &[u8]) -> Result<ParsedFile, Refusal> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable("The file is not UTF-8 text: save it as UTF-8."))?;
    let text = text.trim_start_matches('\u{feff}');
    match format {
        Format::Csv => from_csv::read(text),
        Format::Json => from_json::read(text),
    }
}
