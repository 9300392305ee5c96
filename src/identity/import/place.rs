//! Where in its file a row is.

use std::fmt;

/// Where in its file a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The line of a table where the row starts. The header is line 1.
    Line(u64),
    /// A member of the list, counted from 0.
    Member(usize),
    /// A member's character, each counted from 0.
    Character(usize, usize),
}

impl Place {
    /// Where the member stands whose row this is.
    #[must_use]
    pub const fn of_member(self) -> Self {
        match self {
            Self::Character(member, _) => Self::Member(member),
            Self::Line(_) | Self::Member(_) => self,
        }
    }

    /// Sorts the places of one file as they follow each other there.
    pub fn order(self) -> (u64, Option<usize>) {
        match self {
            Self::Line(line) => (line, None),
            Self::Member(member) => (member as u64, None),
            Self::Character(member, character) => (member as u64, Some(character)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Member(member) => write!(f, "members[{member}]"),
            Self::Character(member, character) => write!(f, "members[{member}].characters[{character}]"),
        }
    }
}
