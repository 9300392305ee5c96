//! The classes of World of Warcraft with their specialisations, and the names that people give them.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use strum::VariantArray;

use super::rows::{CharacterClass, CharacterRole};
use crate::kernel::text;

const CLASSES: &str = include_str!("../../data/wow/classes.json");

/// A table that cannot be read counts as an empty one; a test sees to it that it can.
static SPECS: LazyLock<BTreeMap<CharacterClass, Vec<Spec>>> =
    LazyLock::new(|| serde_json::from_str(CLASSES).unwrap_or_default());

/// A specialisation of a class.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Spec {
    /// Its name as the game spells it.
    pub name: String,
    /// What it does in a group.
    pub role: CharacterRole,
}

/// The specialisations of a class, by name.
pub fn specs(class: CharacterClass) -> &'static [Spec] {
    SPECS.get(&class).map_or(&[], Vec::as_slice)
}

/// The specialisation of a class that is meant by this name, however it is spelt.
pub fn spec(class: CharacterClass, name: &str) -> Option<&'static Spec> {
    let key = text::loose_key(name);
    specs(class).iter().find(|spec| text::loose_key(&spec.name) == key)
}

/// The class that is meant by this name, however it is spelt.
pub fn class(name: &str) -> Option<CharacterClass> {
    let key = text::loose_key(name);
    CharacterClass::VARIANTS.iter().copied().find(|class| text::loose_key(&class.to_string()) == key)
}

/// The role that is meant by this name, however it is spelt; those who deal damage may leave that unsaid.
pub fn role(name: &str) -> Option<CharacterRole> {
    match text::loose_key(name).as_str() {
        "tank" => Some(CharacterRole::Tank),
        "healer" => Some(CharacterRole::Healer),
        "melee" | "meleedps" => Some(CharacterRole::MeleeDps),
        "ranged" | "rangeddps" => Some(CharacterRole::RangedDps),
        _ => None,
    }
}
