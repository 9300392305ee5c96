//! A guild's roster, and the changes that an import would make.

use super::changes::ImportChange;
use crate::{
    identity::{
        import::problem::Problem,
        rows::{Character, Member, Rank},
    },
    kernel::id::GuildId,
};

/// A guild's ranks, members and characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The guild.
    pub guild: GuildId,
    /// Its ranks, highest level first.
    pub ranks: Vec<Rank>,
    /// Its members, active or not.
    pub members: Vec<Member>,
    /// Its members' characters.
    pub characters: Vec<Character>,
}

/// A change of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDiff {
    /// The stored row.
    pub before: Member,
    /// The changed row.
    pub after: Member,
}

/// The changes that an import would make.
///
/// Storing them in the order of the lists never violates a unique constraint, if the changed members' usernames and
/// Discord ids are released first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// Members to add, in the file's order.
    pub new_members: Vec<Member>,
    /// Members to change.
    pub changed_members: Vec<MemberDiff>,
    /// The changed rows of characters. Characters that are no longer their member's main come first.
    pub changed_characters: Vec<Character>,
    /// Characters to add, in the file's order.
    pub new_characters: Vec<Character>,
    /// The first [`MAX_CHANGES`](super::MAX_CHANGES) of these changes with their fields, in the file's order.
    pub changes: Vec<ImportChange>,
    /// Why rows are left out, in the file's order. In a JSON file, a member's problem is listed once, not for each of
    /// their characters.
    pub problems: Vec<Problem>,
    /// The headers of unknown columns.
    pub unknown_columns: Vec<String>,
    /// The number of rows in the file.
    pub rows: usize,
    /// The number of rows that are left out.
    pub left_out: usize,
    /// The number of rows that change nothing.
    pub unchanged: usize,
}

impl ImportPlan {
    /// Whether the plan has no changes.
    pub const fn changes_nothing(&self) -> bool {
        self.new_members.is_empty()
            && self.changed_members.is_empty()
            && self.changed_characters.is_empty()
            && self.new_characters.is_empty()
    }
}
