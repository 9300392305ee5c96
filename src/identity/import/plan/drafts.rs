//! Members and characters as the rows so far have changed them.

use super::cells::NameKey;
use crate::{
    identity::{
        import::{location::RowLocation, problem::RowError, record::Column},
        rows::{Character, Member},
    },
    kernel::id::RankId,
};

pub(super) struct MemberDraft<'a> {
    /// The position among the members. Existing members come first.
    pub(super) number: usize,
    pub(super) before: Option<&'a Member>,
    pub(super) after: Member,
    pub(super) stated: StatedFields,
    /// The first row that changed the member.
    pub(super) changed_at: Option<RowLocation>,
    pub(super) stored_characters: usize,
    pub(super) new_characters: usize,
    pub(super) main: Option<NameKey>,
    pub(super) main_stated_at: Option<RowLocation>,
}

/// The fields of a member that earlier rows have set, each with the location of the row.
#[derive(Clone, Default)]
pub(super) struct StatedFields {
    pub(super) rank: Option<(RankId, RowLocation)>,
    pub(super) display_name: Option<(String, RowLocation)>,
    pub(super) discord_id: Option<(String, RowLocation)>,
}

pub(super) struct CharacterDraft<'a> {
    /// The position among the characters. Existing characters come first.
    pub(super) number: usize,
    pub(super) before: Option<&'a Character>,
    pub(super) after: Character,
    pub(super) row: Option<RowLocation>,
    /// The first row that changed the character, perhaps by making another one the main.
    pub(super) changed_at: Option<RowLocation>,
    pub(super) is_alt: bool,
}

/// The change that a row makes to its member.
pub(super) struct MemberStep {
    pub(super) before: Option<Member>,
    pub(super) after: Member,
    pub(super) stated: StatedFields,
}

/// The change that a row makes to its character.
pub(super) struct CharacterStep {
    pub(super) key: NameKey,
    pub(super) after: Character,
    pub(super) is_main: Option<bool>,
    pub(super) is_change: bool,
}

impl MemberDraft<'_> {
    pub(super) const fn new(number: usize, after: Member) -> Self {
        Self {
            number,
            before: None,
            after,
            stated: StatedFields { rank: None, display_name: None, discord_id: None },
            changed_at: None,
            stored_characters: 0,
            new_characters: 0,
            main: None,
            main_stated_at: None,
        }
    }
}

/// Checks that a row does not change a deactivated member, whom lists and exports do not show.
pub(super) fn check_active(MemberStep { before, .. }: &MemberStep) -> Result<(), RowError> {
    let Some(before) = before.as_ref().filter(|before| !before.is_active) else { return Ok(()) };
    let message =
        format!("{} is deactivated. Reactivate the member first, or remove the row.", before.discord_username);
    Err(RowError::in_column(Column::DiscordUsername, message).because("MEMBER_INACTIVE"))
}

/// Sets a field of a member. Fails if an earlier row has set another value.
pub(super) fn set_once<T: PartialEq>(
    stated: &mut Option<(T, RowLocation)>,
    value: Option<T>,
    column: Column,
    location: RowLocation,
) -> Result<(), RowError> {
    match (&stated, value) {
        (Some((earlier, location)), Some(value)) if *earlier != value => {
            Err(RowError::in_column(column, format!("The member has another {} at {location}.", column.field())))
        }
        (None, Some(value)) => {
            *stated = Some((value, location));
            Ok(())
        }
        _ => Ok(()),
    }
}
