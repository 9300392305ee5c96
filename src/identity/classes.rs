//! The classes, specialisations and roles of World of Warcraft, and how to find them by loosely spelled names.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use strum::VariantArray;

use super::rows::{CharacterClass, CharacterRole};
use crate::kernel::text;

const CLASSES: &str = include_str!("../../data/wow/classes.json");

/// The specialisations by class. The table would be empty if the file were invalid; a test checks that it is valid.
static SPECS: LazyLock<BTreeMap<CharacterClass, Vec<Spec>>> =
    LazyLock::new(|| serde_json::from_str(CLASSES).unwrap_or_default());

/// A specialisation of a class.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Spec {
    /// Its name as the game spells it.
    pub name: String,
    /// Its role in a group.
    pub role: CharacterRole,
}

/// Returns the specialisations of a class, sorted by name.
pub fn specs(class: CharacterClass) -> &'static [Spec] {
    SPECS.get(&class).map_or(&[], Vec::as_slice)
}

/// The name of a class as the game spells it.
pub fn class_name(class: CharacterClass) -> String {
    let words = class.to_string();
    let words = words.split('_').map(|word| {
        let (initial, rest) = word.split_at(1);
        format!("{initial}{}", rest.to_lowercase())
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Finds a specialisation of a class by its name, ignoring case, accents, spaces and punctuation.
pub fn find_spec(class: CharacterClass, name: &str) -> Option<&'static Spec> {
    let key = text::loose_key(name);
    specs(class).iter().find(|spec| text::loose_key(&spec.name) == key)
}

/// Finds a class by its name, ignoring case, accents, spaces and punctuation, or by its initials (`DK`, `DH`).
pub fn find_class(name: &str) -> Option<CharacterClass> {
    match text::loose_key(name).as_str() {
        "dk" => Some(CharacterClass::DeathKnight),
        "dh" => Some(CharacterClass::DemonHunter),
        key => CharacterClass::VARIANTS.iter().copied().find(|class| text::loose_key(&class.to_string()) == key),
    }
}

/// Finds a role by its name, ignoring case, accents, spaces and punctuation. "DPS" may be left out.
pub fn find_role(name: &str) -> Option<CharacterRole> {
    match text::loose_key(name).as_str() {
        "tank" => Some(CharacterRole::Tank),
        "healer" => Some(CharacterRole::Healer),
        "melee" | "meleedps" => Some(CharacterRole::MeleeDps),
        "ranged" | "rangeddps" => Some(CharacterRole::RangedDps),
        _ => None,
    }
}
