//! The changes of an import, field by field.

use crate::{
    identity::{
        import::{location::RowLocation, record::Column},
        policy::Ladder,
        rows::{Character, Member},
    },
    kernel::id::MemberId,
};

/// Maximum number of changes that a plan lists.
pub const MAX_CHANGES: usize = 1_000;

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ImportChangeKind {
    /// A member is added to the roster.
    MemberAdded,
    /// A member of the roster is changed.
    MemberChanged,
    /// A character is added.
    CharacterAdded,
    /// A character is changed.
    CharacterChanged,
}

/// A new value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportFieldChange {
    /// The field, by its name in the inputs of members and characters.
    pub field: &'static str,
    /// The value before; `None` if there was none.
    pub from: Option<String>,
    /// The value after; `None` if there is none.
    pub to: Option<String>,
}

/// A member or a character that an import adds or changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportChange {
    /// The first row that makes the change.
    pub location: RowLocation,
    /// The kind of the change.
    pub kind: ImportChangeKind,
    /// The member's display name after the change, or the character's name and realm.
    pub name: String,
    /// The member, or the character's owner.
    pub member: MemberId,
    /// The changed fields.
    pub fields: Vec<ImportFieldChange>,
}

/// The change of a member, or the added member if there is none `before`.
pub(super) fn of_member(
    location: RowLocation,
    before: Option<&Member>,
    after: &Member,
    ladder: &Ladder,
) -> ImportChange {
    let kind = if before.is_some() { ImportChangeKind::MemberChanged } else { ImportChangeKind::MemberAdded };
    let value = |member: &Member, column| match column {
        Column::DiscordUsername => Some(member.discord_username.clone()),
        Column::DiscordId => member.discord_id.clone(),
        Column::DisplayName => Some(member.display_name.clone()),
        Column::Rank => ladder.rank(member.rank_id).map(|rank| rank.name.clone()),
        _ => None,
    };
    ImportChange {
        location: location.of_member(),
        kind,
        name: after.display_name.clone(),
        member: after.id,
        fields: changed_fields(&Column::OF_MEMBER, before, after, value),
    }
}

/// The change of a character, or the added character if there is none `before`.
pub(super) fn of_character(location: RowLocation, before: Option<&Character>, after: &Character) -> ImportChange {
    let kind = if before.is_some() { ImportChangeKind::CharacterChanged } else { ImportChangeKind::CharacterAdded };
    let value = |character: &Character, column| match column {
        Column::CharacterName => Some(character.name.clone()),
        Column::Realm => Some(character.realm.clone()),
        Column::Class => Some(character.class.to_string()),
        Column::Spec => character.spec.clone(),
        Column::Role => Some(character.role.to_string()),
        Column::MainAlt => Some(character.is_main.to_string()),
        _ => None,
    };
    ImportChange {
        location,
        kind,
        name: after.full_name(),
        member: after.member_id,
        fields: changed_fields(&Column::OF_CHARACTER, before, after, value),
    }
}

/// The fields that differ.
fn changed_fields<R>(
    columns: &[Column],
    before: Option<&R>,
    after: &R,
    value: impl Fn(&R, Column) -> Option<String>,
) -> Vec<ImportFieldChange> {
    let change = |column: &Column| {
        let (from, to) = (before.and_then(|row| value(row, *column)), value(after, *column));
        (from != to).then(|| ImportFieldChange { field: column.field(), from, to })
    };
    columns.iter().filter_map(change).collect()
}

/// The first changes, in the file's order.
pub(super) fn first(mut changes: Vec<ImportChange>) -> Vec<ImportChange> {
    changes.sort_by_key(|change| change.location.order());
    changes.truncate(MAX_CHANGES);
    changes
}
