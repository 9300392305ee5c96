//! The encoding of text files.

use std::borrow::Cow;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A file is not in an encoding that [`decode`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither UTF-8 nor UTF-16 with a byte order mark. Save it as UTF-8")]
pub struct UnknownEncoding;

/// Decodes UTF-8, or UTF-16 with a byte order mark, and removes the mark.
///
/// Windows programs write such marks: spreadsheets for UTF-8, `PowerShell` for the UTF-16 of redirected output.
///
/// # Errors
/// [`UnknownEncoding`], also for UTF-16 with an incomplete or unpaired unit.
pub fn decode(file: &[u8]) -> Result<Cow<'_, str>, UnknownEncoding> {
    match file {
        [0xff, 0xfe, units @ ..] => decode_utf16(units, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, units @ ..] => decode_utf16(units, u16::from_be_bytes).map(Cow::Owned),
        _ => {
            let text = std::str::from_utf8(file).map_err(|_| UnknownEncoding)?;
            Ok(Cow::Borrowed(text.trim_start_matches(BYTE_ORDER_MARK)))
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, UnknownEncoding> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(UnknownEncoding);
    }
    char::decode_utf16(units.iter().copied().map(unit)).collect::<Result<_, _>>().map_err(|_| UnknownEncoding)
}
