//! The game's classes and specialisations, and links to Blizzard's armory.

use std::collections::{BTreeMap, HashSet};

use guildhall::{
    identity::{
        CharacterClass, CharacterRole, RealmFile, Region, armory_url,
        classes::{Spec, find_class, find_role, find_spec, specs},
    },
    kernel::text,
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
    assert_eq!(find_class("DK"), Some(CharacterClass::DeathKnight));
    assert_eq!(find_class("d.h."), Some(CharacterClass::DemonHunter));
    assert_eq!(find_role("Melee"), Some(CharacterRole::MeleeDps));
    assert_eq!(find_role("ranged dps"), Some(CharacterRole::RangedDps));
}

#[test]
fn unknown_names_are_not_recognized() {
    assert_eq!(find_spec(CharacterClass::Mage, "Beast Mastery"), None);
    assert_eq!(find_spec(CharacterClass::Mage, ""), None);
    assert_eq!(find_class("d"), None);
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
fn every_region_has_its_realms() -> Result<(), serde_json::Error> {
    let file: RealmFile = serde_json::from_str(include_str!("../../../data/wow/realms.json"))?;
    assert!(file.source.contains("https://"));
    assert_eq!(file.names.keys().copied().collect::<Vec<_>>(), Region::VARIANTS);
    for (region, names) in &file.names {
        let keys: HashSet<String> = names.keys().map(|name| text::realm_key(name)).collect();
        assert_eq!(keys.len(), names.len(), "{region}");
    }
    for slug in file.names.values().flat_map(|names| names.values()).chain(file.words.values().flatten()) {
        assert!(slug.chars().all(|c| c == '-' || c.is_lowercase() || c.is_ascii_digit()), "{slug}");
    }
    Ok(())
}

#[test]
fn armory_urls_follow_blizzards_spelling() {
    let base = "https://worldofwarcraft.blizzard.com/en-us/character";
    assert_eq!(armory_url(Region::Us, "Sen'jin", "Trogmoon"), format!("{base}/us/senjin/trogmoon"));
    assert_eq!(armory_url(Region::Us, "Area 52", "Zoë"), format!("{base}/us/area-52/zo%C3%AB"));
    assert_eq!(armory_url(Region::Eu, "Aggra (Português)", "Thal"), format!("{base}/eu/aggra-portugu%C3%AAs/thal"));
    let slug = |region, realm: &str| armory_url(region, realm, "thal").split('/').nth(6).map(str::to_owned);
    let slug = |region, realm: &str| {
        let slug = slug(region, realm).unwrap_or_default();
        percent_encoding::percent_decode_str(&slug).decode_utf8_lossy().into_owned()
    };
    for (region, realm, expected) in [
        (Region::Us, "Azjol-Nerub", "azjolnerub"),
        (Region::Eu, "azjol nerub", "azjolnerub"),
        (Region::Eu, "Arak-arahm", "arakarahm"),
        (Region::Eu, "Ревущий фьорд", "howling-fjord"),
        (Region::Eu, "РЕВУЩИЙ ФЬОРД", "howling-fjord"),
        (Region::Eu, "Король-лич", "lich-king"),
        (Region::Eu, "Howling Fjord", "howling-fjord"),
        (Region::Kr, "불타는 군단", "burning-legion"),
        (Region::Kr, "아즈샤라", "azshara"),
        (Region::Tw, "世界之樹", "world-tree"),
        (Region::Us, "Area 52", "area-52"),
        (Region::Us, "Area52", "area-52"),
        (Region::Us, "area-52", "area-52"),
        (Region::Us, "Kel'Thuzad", "kelthuzad"),
        (Region::Us, "Mal’Ganis", "malganis"),
        (Region::Us, "The Venture Co.", "the-venture-co"),
        (Region::Eu, "Festung der Stürme", "festung-der-stürme"),
        (Region::Eu, "Pozzo dell'Eternità", "pozzo-delleternità"),
        (Region::Eu, "La Croisade écarlate", "la-croisade-écarlate"),
        (Region::Eu, "Some New Realm", "some-new-realm"),
        (Region::Eu, "../../admin?x=1#y", "adminx1y"),
    ] {
        assert_eq!(slug(region, realm), expected, "{realm}");
    }
}
