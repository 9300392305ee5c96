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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_class_has_its_specs() -> Result<(), serde_json::Error> {
        let table: BTreeMap<CharacterClass, Vec<Spec>> = serde_json::from_str(CLASSES)?;
        assert_eq!(table.keys().copied().collect::<Vec<_>>(), CharacterClass::VARIANTS);
        assert_eq!(table.values().map(Vec::len).sum::<usize>(), 40);
        for class in CharacterClass::VARIANTS {
            assert!((2..=4).contains(&specs(*class).len()), "{class}");
            let keys: HashSet<String> = specs(*class).iter().map(|spec| text::loose_key(&spec.name)).collect();
            assert_eq!(keys.len(), specs(*class).len(), "{class}");
        }
        Ok(())
    }

    #[test]
    fn names_are_found_however_they_are_spelt() {
        for name in
            ["Beast Mastery", "beast mastery", "BeastMastery", "BEAST_MASTERY", "beast-mastery", "Béast Mastery"]
        {
            assert_eq!(
                spec(CharacterClass::Hunter, name).map(|spec| spec.name.as_str()),
                Some("Beast Mastery"),
                "{name}"
            );
        }
        for name in ["Death Knight", "deathknight", "DEATH_KNIGHT", "death-knight", " Death  Knight "] {
            assert_eq!(class(name), Some(CharacterClass::DeathKnight), "{name}");
        }
        for class_of in CharacterClass::VARIANTS {
            assert_eq!(class(&class_of.to_string()), Some(*class_of));
        }
        for role_of in CharacterRole::VARIANTS {
            assert_eq!(role(&role_of.to_string()), Some(*role_of));
        }
        assert_eq!(role("Melee"), Some(CharacterRole::MeleeDps));
        assert_eq!(role("ranged dps"), Some(CharacterRole::RangedDps));
    }

    #[test]
    fn what_is_not_meant_is_not_found() {
        assert_eq!(spec(CharacterClass::Mage, "Beast Mastery"), None);
        assert_eq!(spec(CharacterClass::Mage, ""), None);
        assert_eq!(class("dk"), None);
        assert_eq!(class("-"), None);
        assert_eq!(role("dps"), None);
    }

    #[test]
    fn the_same_name_may_mean_another_role_in_another_class() {
        let role = |class, name| spec(class, name).map(|spec| spec.role);
        assert_eq!(role(CharacterClass::DeathKnight, "Frost"), Some(CharacterRole::MeleeDps));
        assert_eq!(role(CharacterClass::Mage, "Frost"), Some(CharacterRole::RangedDps));
        assert_eq!(role(CharacterClass::Hunter, "Survival"), Some(CharacterRole::MeleeDps));
        assert_eq!(role(CharacterClass::Evoker, "Augmentation"), Some(CharacterRole::RangedDps));
    }
}
