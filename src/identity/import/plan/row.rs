//! A row whose cells have been parsed.

use super::cells::{CharacterCells, MemberCells, RankNames};
use crate::identity::import::{location::RowLocation, problem::RowErrors, record::Record};

/// A row: the cells that are valid, and the errors of the others.
pub(super) struct Row<'a> {
    pub(super) location: RowLocation,
    pub(super) member: Option<MemberCells<'a>>,
    pub(super) character: Option<CharacterCells>,
    pub(super) errors: RowErrors,
}

impl<'a> Row<'a> {
    pub(super) fn parse(record: &Record, ranks: &RankNames<'a>) -> Self {
        let mut errors = RowErrors::default();
        let member = errors.check_all(MemberCells::parse(record, ranks));
        let character = errors.check_all(CharacterCells::parse(record)).flatten();
        Self { location: record.location, member, character, errors }
    }

    /// The member's cells, unless any cell of the row is invalid.
    pub(super) fn valid_member(&self) -> Option<&MemberCells<'a>> {
        self.member.as_ref().filter(|_| self.errors.is_empty())
    }
}
