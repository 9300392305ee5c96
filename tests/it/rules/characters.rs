//! The game's classes and specialisations, and links to Blizzard's armory.

use std::collections::{BTreeMap, HashSet};

use guildhall::{
    identity::{
        Character, CharacterClass, CharacterRole, Region,
        classes::{Spec, find_class, find_role, find_spec, specs},
    },
    kernel::{
        id::{CharacterId, GuildId, MemberId},
        text,
    },
};
use strum::VariantArray;

const CLASSES: &str = include_str!("../../../data/wow/classes.json");

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
fn names_are_recognized_in_every_spelling() {
    for name in ["Beast Mastery", "beast mastery", "BeastMastery", "BEAST_MASTERY", "beast-mastery", "Béast Mastery"] {
        let found = find_spec(CharacterClass::Hunter, name).map(|spec| spec.name.as_str());
        assert_eq!(found, Some("Beast Mastery"), "{name}");
    }
    for name in ["Death Knight", "deathknight", "DEATH_KNIGHT", "death-knight", " Death  Knight "] {
        assert_eq!(find_class(name), Some(CharacterClass::DeathKnight), "{name}");
    }
    for known in CharacterClass::VARIANTS {
        assert_eq!(find_class(&known.to_string()), Some(*known));
    }
    for known in CharacterRole::VARIANTS {
        assert_eq!(find_role(&known.to_string()), Some(*known));
    }
    assert_eq!(find_role("Melee"), Some(CharacterRole::MeleeDps));
    assert_eq!(find_role("ranged dps"), Some(CharacterRole::RangedDps));
}

#[test]
fn unknown_names_are_not_recognized() {
    assert_eq!(find_spec(CharacterClass::Mage, "Beast Mastery"), None);
    assert_eq!(find_spec(CharacterClass::Mage, ""), None);
    assert_eq!(find_class("dk"), None);
    assert_eq!(find_class("-"), None);
    assert_eq!(find_role("dps"), None);
}

#[test]
fn a_specs_role_depends_on_its_class() {
    let role = |class, name| find_spec(class, name).map(|spec| spec.role);
    assert_eq!(role(CharacterClass::DeathKnight, "Frost"), Some(CharacterRole::MeleeDps));
    assert_eq!(role(CharacterClass::Mage, "Frost"), Some(CharacterRole::RangedDps));
    assert_eq!(role(CharacterClass::Hunter, "Survival"), Some(CharacterRole::MeleeDps));
    assert_eq!(role(CharacterClass::Evoker, "Augmentation"), Some(CharacterRole::RangedDps));
}

#[test]
fn armory_urls_follow_blizzards_spelling() {
    let url = |region, realm: &str, name: &str| {
        Character {
            guild_id: GuildId(1),
            id: CharacterId(1),
            member_id: MemberId(1),
            name: name.to_owned(),
            name_key: text::key(name),
            realm: realm.to_owned(),
            realm_key: text::key(realm),
            sort_key: text::sort_key(&[name, realm]),
            class: CharacterClass::Mage,
            spec: None,
            role: CharacterRole::RangedDps,
            is_main: true,
        }
        .armory_url(region)
    };
    let base = "https://worldofwarcraft.blizzard.com/en-us/character";
    assert_eq!(url(Region::Us, "Sen'jin", "Trogmoon"), format!("{base}/us/senjin/trogmoon"));
    assert_eq!(url(Region::Us, "Area 52", "Zoë"), format!("{base}/us/area-52/zo%C3%AB"));
    assert_eq!(url(Region::Eu, "Aggra (Português)", "Thal"), format!("{base}/eu/aggra-portugu%C3%AAs/thal"));
}
