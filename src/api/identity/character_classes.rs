//! The character classes of the game in the schema.

use async_graphql::{Object, SimpleObject};
use strum::VariantArray;

use crate::identity::{CharacterClass, CharacterRole, classes};

/// A character class with its specialisations.
#[derive(SimpleObject)]
struct CharacterClassInfo {
    /// The class.
    class: CharacterClass,
    /// Name of the class as the game spells it.
    name: String,
    /// Specialisations of the class by name.
    specs: Vec<CharacterSpec>,
}

/// A specialisation of a character class.
#[derive(SimpleObject)]
struct CharacterSpec {
    /// Name as the game spells it, for `Character.spec`.
    name: String,
    /// Usual role of a character with this specialisation.
    role: CharacterRole,
}

/// Queries of the game's own data.
#[derive(Default)]
pub struct CharacterClassQuery;

#[Object]
impl CharacterClassQuery {
    /// All character classes of the game by name, with their specialisations.
    async fn character_classes(&self) -> Vec<CharacterClassInfo> {
        let spec = |it: &classes::Spec| CharacterSpec { name: it.name.clone(), role: it.role };
        let info = |class: CharacterClass| CharacterClassInfo {
            class,
            name: classes::class_name(class),
            specs: classes::specs(class).iter().map(spec).collect(),
        };
        CharacterClass::VARIANTS.iter().copied().map(info).collect()
    }
}
