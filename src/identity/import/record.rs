//! A row of a roster's file: its location and its unparsed cells.

use std::{collections::BTreeMap, sync::Arc};

use super::{location::RowLocation, long_id, problem::RowError};

/// Longest cell, in Unicode characters. No valid name is longer, even before its normalisation.
const MAX_CELL: usize = 1_000;

/// A column of a roster's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Column {
    /// The member's Discord username. Every row needs it.
    DiscordUsername,
    /// The member's Discord id.
    DiscordId,
    /// The member's display name.
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
    /// The character's role in a group.
    Role,
    /// Whether the character is the member's main.
    MainAlt,
}

impl Column {
    /// The columns that describe a member.
    pub const OF_MEMBER: [Self; 4] = [Self::DiscordUsername, Self::DiscordId, Self::DisplayName, Self::Rank];

    /// The columns that describe a character.
    pub const OF_CHARACTER: [Self; 6] =
        [Self::CharacterName, Self::Realm, Self::Class, Self::Spec, Self::Role, Self::MainAlt];

    /// Returns the column's header in exported CSV files.
    pub fn header(self) -> &'static str {
        self.into()
    }

    /// Returns the column's field name in the GraphQL schema.
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

    /// Returns the accepted headers, as their [`loose_key`](crate::kernel::text::loose_key).
    const fn header_keys(self) -> &'static [&'static str] {
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

    /// Whether a header with this [`loose_key`](crate::kernel::text::loose_key) names this column.
    pub(super) fn accepts_header(self, key: &str) -> bool {
        self.header_keys().contains(&key)
    }
}

/// A row of a roster's file: a member, or a member's character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The row's location.
    pub location: RowLocation,
    // Shared: in a JSON file, a member's cells are part of the rows of all their characters.
    cells: BTreeMap<Column, Arc<str>>,
    /// Whether the Discord id is a number in the form of a rounded one.
    has_rounded_id: bool,
}

impl Record {
    /// Creates a row with empty cells.
    pub(super) const fn new(location: RowLocation) -> Self {
        Self { location, cells: BTreeMap::new(), has_rounded_id: false }
    }

    /// Returns a copy of the row with another location.
    pub(super) fn with_location(&self, location: RowLocation) -> Self {
        Self { location, cells: self.cells.clone(), has_rounded_id: self.has_rounded_id }
    }

    /// Sets a cell to a text, which is trimmed. A blank text leaves the cell empty.
    pub(super) fn set_cell(&mut self, column: Column, text: &str) -> Result<(), RowError> {
        let text = text.trim();
        if text.chars().nth(MAX_CELL).is_some() {
            let message = format!("{} may have at most {MAX_CELL} characters.", column.field());
            return Err(RowError::in_column(column, message));
        }
        if text.contains(char::REPLACEMENT_CHARACTER) {
            let message = format!(
                "{} contains “�”: a program has read or saved the file in the wrong encoding. Save it as UTF-8, from \
                 a version in which the text is still right.",
                column.field()
            );
            return Err(RowError::in_column(column, message));
        }
        if !text.is_empty() {
            self.cells.insert(column, text.into());
        }
        Ok(())
    }

    /// Sets the cell of the Discord id to a number, or to a text that an apostrophe marks as one.
    pub(super) fn set_id_number(&mut self, text: &str) -> Result<(), RowError> {
        let marked = long_id::marked(text.trim());
        self.has_rounded_id = marked.is_none() && long_id::looks_rounded(text.trim());
        self.set_cell(Column::DiscordId, marked.unwrap_or(text))
    }

    /// Whether the Discord id is a number in the form of a rounded one.
    pub(super) const fn has_rounded_id(&self) -> bool {
        self.has_rounded_id
    }

    /// Returns the trimmed text of a cell, or `None` if the cell is empty.
    pub fn cell(&self, column: Column) -> Option<&str> {
        self.cells.get(&column).map(AsRef::as_ref)
    }
}

impl RowError {
    /// Creates an error in a column.
    pub(super) fn in_column(column: Column, message: impl Into<String>) -> Self {
        Self::new(column.field(), message)
    }
}
