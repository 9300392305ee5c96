//! The formats of a roster's file.

/// The format of a roster's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a header. It has a row for each character, and for each member without characters.
    Csv,
    /// An object with a list of members, each with a list of characters.
    Json,
}
