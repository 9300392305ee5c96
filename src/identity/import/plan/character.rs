//! The character that a row creates or changes.

use super::cells::CharacterCells;
use crate::{
    identity::{
        characters::{self, NewCharacter},
        import::{
            problem::{RowError, RowErrors},
            record::Column,
        },
        rows::{Character, CharacterClass, CharacterRole, Member},
    },
    kernel::text,
};

/// What a row says about its character, apart from its names.
pub(super) struct Details {
    class: CharacterClass,
    spec: Option<String>,
    role: CharacterRole,
}

/// The details of a new character.
pub(super) fn of_new(cells: &CharacterCells) -> Result<Details, RowErrors> {
    let mut errors = RowErrors::default();
    let class = cells.class.ok_or_else(|| RowError::in_column(Column::Class, "A new character needs a class."));
    let class = errors.check(class);
    let named_spec = class.zip(cells.spec.as_deref());
    let known_spec = named_spec.and_then(|(class, name)| errors.check(characters::known_spec(class, name)));
    // An unknown spec is a problem already, and without a class there is no spec to give the role.
    let role = match cells.role.or(known_spec.map(|spec| spec.role)) {
        None if cells.spec.is_none() => {
            errors.add(RowError::in_column(Column::Role, "A new character needs a spec or a role."));
            None
        }
        role => role,
    };
    let details = class.zip(role).map(|(class, role)| Details { class, spec: cells.spec.clone(), role });
    errors.or_value(details)
}

/// The details of a stored character after the row's change.
pub(super) fn of_changed(before: &Character, cells: &CharacterCells) -> Result<Details, RowErrors> {
    let class = cells.class.unwrap_or(before.class);
    let (spec, role) = match (&cells.spec, &before.spec) {
        (None, None) => (None, before.role),
        (None, Some(stored)) => keep_spec(before, stored, class)?,
        // The stored spec again: keeps its spelling and the character's role.
        (Some(name), Some(stored)) if class == before.class && text::loose_key(name) == text::loose_key(stored) => {
            (Some(stored.clone()), before.role)
        }
        (Some(name), _) => spec_with_role(class, name).map(|(spec, role)| (Some(spec), role))?,
    };
    Ok(Details { class, spec, role: cells.role.unwrap_or(role) })
}

impl Details {
    /// Creates a character of a member. It is not their main.
    pub(super) fn create(self, owner: &Member, cells: &CharacterCells) -> Result<Character, RowError> {
        let Self { class, spec, role } = self;
        let (name, realm) = (cells.name.clone(), cells.realm.clone());
        let new = NewCharacter { member: Some(owner.id), name, realm, class, spec, role, is_main: false };
        Ok(new.into_row(owner.guild_id, owner.id)?)
    }

    /// Changes a character, except for whether it is the main.
    pub(super) fn change(self, before: &Character) -> Character {
        let Self { class, spec, role } = self;
        Character { class, spec, role, ..before.clone() }
    }
}

/// Returns the stored spec and its role. If the class changes, the new class must have a spec with this name.
fn keep_spec(
    before: &Character,
    stored: &str,
    class: CharacterClass,
) -> Result<(Option<String>, CharacterRole), RowError> {
    if class == before.class {
        return Ok((Some(stored.to_owned()), before.role));
    }
    spec_with_role(class, stored).map(|(spec, role)| (Some(spec), role))
}

/// Returns the spec as the game spells it, and its role.
fn spec_with_role(class: CharacterClass, name: &str) -> Result<(String, CharacterRole), RowError> {
    let spec = characters::known_spec(class, name)?;
    Ok((spec.name.clone(), spec.role))
}
