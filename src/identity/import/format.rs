//! The formats of a roster's file.

/// What a roster's file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table with a header: a row a character, or a row a member who has none.
    Csv,
    /// An object with a list of members, each with a list of characters.
    Json,
}
