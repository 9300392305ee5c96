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
use crate::kernel::{encoding, error::Refusal};

/// What the first bytes of files that are not text say about them.
const NOT_TEXT: [(&[u8], &str); 3] = [
    (b"PK\x03\x04", "an Excel workbook (.xlsx) or another ZIP archive"),
    // The same in Base64, as a client of the API may send it.
    (b"UEsDB", "an Excel workbook (.xlsx) or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)"),
];

/// Reads a roster's file: UTF-8, or UTF-16 with a byte order mark.
///
/// # Errors
/// `BAD_USER_INPUT` at `data` for a file that is not in this format.
pub fn read(format: Format, file: &[u8]) -> Result<ParsedFile, Refusal> {
    if let Some((_, kind)) = NOT_TEXT.iter().find(|(start, _)| file.starts_with(start)) {
        let message = format!("The file is {kind}. Open it in a spreadsheet and save it as “CSV UTF-8”.");
        return Err(unreadable(message));
    }
    let text = encoding::decode(file).map_err(|error| unreadable(format!("The file is not text: {error}.")))?;
    match format {
        Format::Csv => from_csv::read(&text),
        Format::Json => from_json::read(&text),
    }
}
