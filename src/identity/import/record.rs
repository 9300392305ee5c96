//! One row of a roster: its cells as they were typed, and where it stands.

use std::{collections::BTreeMap, sync::Arc};

use super::{location::RowLocation, problem::Fault};

/// Most characters of a cell: more than any name may have, however it is composed.
const MAX_CELL: usize = 1_000;

/// What a row may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Column {
    /// Whose row it is.
    DiscordUsername,
    /// The member's Discord id.
    DiscordId,
    /// How the member is shown.
    DisplayName,
    /// The member's rank, by name.
    Rank,
    /// The character's name.
    CharacterName,
    /// The character's realm.
    Realm,
    /// The character's class.
    Class,
    /// The character's specialisation.
    Spec,
    /// What the character does in a group.
    Role,
    /// Whether the character is the member's main.
    MainAlt,
}

impl Column {
    /// What is told of a member.
    pub const OF_MEMBER: [Self; 4] = [Self::DiscordUsername, Self::DiscordId, Self::DisplayName, Self::Rank];

    /// What is told of a character.
    pub const OF_CHARACTER: [Self; 6] =
        [Self::CharacterName, Self::Realm, Self::Class, Self::Spec, Self::Role, Self::MainAlt];

    /// What stands above it in a table.
    pub fn header(self) -> &'static str {
        self.into()
    }

    /// What it is called in the schema.
    pub const fn field(self) -> &'static str {
        match self {
            Self::DiscordUsername => "discordUsername",
            Self::DiscordId => "discordId",
            Self::DisplayName => "displayName",
            Self::Rank => "rank",
            Self::CharacterName => "name",
            Self::Realm => "realm",
            Self::Class => "class",
            Self::Spec => "spec",
            Self::Role => "role",
            Self::MainAlt => "isMain",
        }
    }

    /// What people write above it, as [`loose_key`](crate::kernel::text::loose_key) makes it.
    const fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::DiscordUsername => &["discordusername", "discord", "discordname", "username"],
            Self::DiscordId => &["discordid", "discorduserid"],
            Self::DisplayName => &["displayname", "nickname"],
            Self::Rank => &["rank", "guildrank"],
            Self::CharacterName => &["charactername", "character"],
            Self::Realm => &["realm", "server"],
            Self::Class => &["class", "characterclass"],
            Self::Spec => &["spec", "specialisation", "specialization"],
            Self::Role => &["role", "characterrole"],
            Self::MainAlt => &["mainalt", "main", "ismain"],
        }
    }

    /// Whether this header, as [`loose_key`](crate::kernel::text::loose_key) makes it, stands above this column.
    pub(super) fn is_headed(self, key: &str) -> bool {
        self.spellings().contains(&key)
    }
}

/// One row of a roster: a member, or a member's character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub location: RowLocation,
    // Shared, for what is told of a member goes with each of their characters.
    cells: BTreeMap<Column, Arc<str>>,
}

impl Record {
    /// A row that tells nothing yet.
    pub(super) const fn new(location: RowLocation) -> Self {
        Self { location, cells: BTreeMap::new() }
    }

    /// The same row at another location.
    pub(super) fn moved(&self, location: RowLocation) -> Self {
        Self { location, cells: self.cells.clone() }
    }

    /// Fills a cell; a blank text leaves it empty.
    pub(super) fn fill(&mut self, column: Column, text: &str) -> Result<(), Fault> {
        let text = text.trim();
        if text.chars().nth(MAX_CELL).is_some() {
            let message = format!("{} may have at most {MAX_CELL} characters.", column.field());
            return Err(Fault::in_column(column, message));
        }
        if !text.is_empty() {
            self.cells.insert(column, text.into());
        }
        Ok(())
    }

    /// What a cell tells, trimmed; nothing where it is empty.
    pub fn cell(&self, column: Column) -> Option<&str> {
        self.cells.get(&column).map(AsRef::as_ref)
    }
}

impl Fault {
    /// A problem of the field that a column tells of.
    pub(super) fn in_column(column: Column, message: impl Into<String>) -> Self {
        Self::new(column.field(), message)
    }
}
