//! The character that a row makes or changes.

use super::cells::CharacterCells;
use crate::{
    identity::{
        characters::{self, NewCharacter},
        import::{problem::Fault, record::Column},
        rows::{Character, CharacterClass, CharacterRole, Member},
    },
    kernel::text,
};

/// A new character of a member, not their main.
pub(super) fn add(owner: &Member, cells: CharacterCells) -> Result<Character, Fault> {
    let class = cells.class.ok_or_else(|| Fault::in_column(Column::Class, "A new character needs a class."))?;
    let natural = cells.spec.as_deref().map(|name| characters::known_spec(class, name)).transpose()?;
    let role = cells.role.or(natural.map(|spec| spec.role));
    let role = role.ok_or_else(|| Fault::in_column(Column::Role, "A new character needs a spec or a role."))?;
    let CharacterCells { name, realm, spec, .. } = cells;
    let new = NewCharacter { member: Some(owner.id), name, realm, class, spec, role, is_main: false };
    Ok(new.into_row(owner.guild_id, owner.id)?)
}

/// A character as its row has it, but for whether it is the main.
pub(super) fn change(before: &Character, cells: &CharacterCells) -> Result<Character, Fault> {
    let class = cells.class.unwrap_or(before.class);
    let (spec, role) = match (&cells.spec, &before.spec) {
        (None, None) => (None, before.role),
        (None, Some(kept)) => keep(before, kept, class)?,
        // Told anew, what is stored stays as it is spelt there, and its role with it.
        (Some(name), Some(kept)) if class == before.class && text::loose_key(name) == text::loose_key(kept) => {
            (Some(kept.clone()), before.role)
        }
        (Some(name), _) => chosen(class, name).map(|(spec, role)| (Some(spec), role))?,
    };
    Ok(Character { class, spec, role: cells.role.unwrap_or(role), ..before.clone() })
}

/// The spec that a character keeps, and the role that goes with it, though its class may change.
fn keep(before: &Character, kept: &str, class: CharacterClass) -> Result<(Option<String>, CharacterRole), Fault> {
    if class == before.class {
        return Ok((Some(kept.to_owned()), before.role));
    }
    chosen(class, kept).map(|(spec, role)| (Some(spec), role))
}

/// The spec as the game spells it, and its role.
fn chosen(class: CharacterClass, name: &str) -> Result<(String, CharacterRole), Fault> {
    let spec = characters::known_spec(class, name)?;
    Ok((spec.name.clone(), spec.role))
}
