//! Links to characters in Blizzard's armory, whose URLs name realms by slugs.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::rows::{Character, Region};
use crate::kernel::text;

/// The characters to percent-encode in a path segment: all but the unreserved ones (RFC 3986, section 2.3).
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Slugs that don't follow from the spelling, by region and by the key of the realm's name.
static SLUGS: LazyLock<HashMap<(Region, String), String>> = LazyLock::new(|| {
    // `tests/it/rules/characters.rs` checks that the file can be read.
    let file: RealmFile = serde_json::from_str(include_str!("../../data/wow/realms.json")).unwrap_or_default();
    let words = file
        .words
        .into_iter()
        .flat_map(|(region, slugs)| slugs.into_iter().map(move |slug| ((region, text::realm_key(&slug)), slug)));
    let names = file.names.into_iter().flat_map(|(region, slugs)| {
        slugs.into_iter().map(move |(name, slug)| ((region, text::realm_key(&name)), slug))
    });
    words.chain(names).collect()
});

/// `data/wow/realms.json`.
#[derive(Default, Deserialize)]
pub struct RealmFile {
    /// Where the slugs come from.
    pub source: String,
    /// Realms whose slug is not their name: by name.
    pub names: BTreeMap<Region, BTreeMap<String, String>>,
    /// Slugs of several words, for names that are typed without spaces.
    pub words: BTreeMap<Region, Vec<String>>,
}

/// Returns a realm's slug in the armory's URLs. An unknown realm gets the slug that follows from its name: in lower
/// case, with hyphens for spaces, and with letters, digits and accents only.
fn realm_slug(region: Region, realm: &str) -> String {
    if let Some(slug) = SLUGS.get(&(region, text::realm_key(realm))) {
        return slug.clone();
    }
    let words = realm.to_lowercase();
    let words =
        words.split_whitespace().map(|word| word.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect());
    words.collect::<Vec<String>>().join("-")
}

impl Character {
    /// Returns the URL of the character's page in Blizzard's armory.
    pub fn armory_url(&self, region: Region) -> String {
        armory_url(region, &self.realm, &self.name)
    }
}

/// Returns the URL of a character's page in Blizzard's armory.
pub fn armory_url(region: Region, realm: &str, name: &str) -> String {
    let (realm, name) = (realm_slug(region, realm), name.to_lowercase());
    let region = region.to_string().to_lowercase();
    let (realm, name) = (utf8_percent_encode(&realm, PATH_SEGMENT), utf8_percent_encode(&name, PATH_SEGMENT));
    format!("https://worldofwarcraft.blizzard.com/en-us/character/{region}/{realm}/{name}")
}
