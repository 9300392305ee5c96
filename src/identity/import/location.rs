//! The location of a row in its file.

use std::fmt;

/// The location of a row in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowLocation {
    /// The line of a CSV file where the row starts. The header is line 1.
    Line(u64),
    /// The index of a member in a JSON file's list.
    Member(usize),
    /// The indices of a member and of one of its characters in a JSON file.
    Character(usize, usize),
}

impl RowLocation {
    /// The location of the member that this row belongs to.
    #[must_use]
    pub const fn of_member(self) -> Self {
        match self {
            Self::Character(member, _) => Self::Member(member),
            Self::Line(_) | Self::Member(_) => self,
        }
    }

    /// A key that sorts the locations of one file by their order in it.
    pub fn order(self) -> (u64, Option<usize>) {
        match self {
            Self::Line(line) => (line, None),
            Self::Member(member) => (member as u64, None),
            Self::Character(member, character) => (member as u64, Some(character)),
        }
    }
}

impl fmt::Display for RowLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Member(member) => write!(f, "members[{member}]"),
            Self::Character(member, character) => write!(f, "members[{member}].characters[{character}]"),
        }
    }
}
