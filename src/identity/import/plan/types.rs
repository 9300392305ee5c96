//! A guild, and what a file would change of it.

use crate::{
    identity::{
        import::problem::Problem,
        rows::{Character, Member, Rank},
    },
    kernel::id::GuildId,
};

/// All that a guild has.
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

/// A member's row as it is and as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDiff {
    /// As it is.
    pub before: Member,
    /// As it is to be.
    pub after: Member,
}

/// What a file would change. Stored in the order of its lists, it never breaks what must be unique.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// Members to add, in the file's order.
    pub new_members: Vec<Member>,
    /// Members to change.
    pub changed_members: Vec<MemberDiff>,
    /// Characters to change, as they are to be; those that are their member's main no longer come first.
    pub changed_characters: Vec<Character>,
    /// Characters to add, in the file's order.
    pub new_characters: Vec<Character>,
    /// Why rows are left out, in the file's order. What is wrong with a listed member is told once for all of their
    /// characters.
    pub problems: Vec<Problem>,
    /// Columns of the file that mean nothing here.
    pub unknown_columns: Vec<String>,
    /// The file's rows.
    pub rows: usize,
    /// Rows that are left out.
    pub left_out: usize,
    /// Rows that tell what is so already.
    pub unchanged: usize,
}

impl ImportPlan {
    /// Whether all stays as it is.
    pub const fn changes_nothing(&self) -> bool {
        self.new_members.is_empty()
            && self.changed_members.is_empty()
            && self.changed_characters.is_empty()
            && self.new_characters.is_empty()
    }
}
