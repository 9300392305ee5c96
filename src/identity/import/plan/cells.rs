//! Parses a row's cells.

use std::collections::HashMap;

use crate::{
    identity::{
        characters, classes,
        import::{
            problem::RowError,
            record::{Column, Record},
        },
        members,
        rows::{CharacterClass, CharacterRole, Rank},
    },
    kernel::text,
};

/// The keys of a character's name and realm, by which it is found.
pub(super) type NameKey = (String, String);

/// The cells of a row that describe its member.
pub(super) struct MemberCells<'a> {
    pub(super) username: String,
    pub(super) username_key: String,
    pub(super) discord_id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) rank: Option<&'a Rank>,
}

impl<'a> MemberCells<'a> {
    /// Parses the cells. `ranks` are the guild's ranks by key.
    pub(super) fn parse(record: &Record, ranks: &HashMap<String, &'a Rank>) -> Result<Self, RowError> {
        let username = text::discord_username(record.cell(Column::DiscordUsername).unwrap_or_default())?;
        let discord_id = record.cell(Column::DiscordId).map(|id| text::discord_id("discordId", id)).transpose()?;
        let display_name = record.cell(Column::DisplayName);
        let display_name = display_name.map(|name| members::display_name(Some(name), &username)).transpose()?;
        let rank = parse_name(record, Column::Rank, "rank", |name| ranks.get(&text::key(name)).copied())?;
        Ok(Self { username_key: text::key(&username), username, discord_id, display_name, rank })
    }
}

/// The cells of a row that describe its character.
pub(super) struct CharacterCells {
    pub(super) name: String,
    pub(super) realm: String,
    pub(super) class: Option<CharacterClass>,
    pub(super) spec: Option<String>,
    pub(super) role: Option<CharacterRole>,
    pub(super) is_main: Option<bool>,
}

impl CharacterCells {
    /// Returns the key by which the character is found.
    pub(super) fn key(&self) -> NameKey {
        (text::key(&self.name), text::realm_key(&self.realm))
    }

    /// Parses the cells, if the row has a character.
    pub(super) fn parse(record: &Record) -> Result<Option<Self>, RowError> {
        let Some(name) = record.cell(Column::CharacterName) else {
            if Column::OF_CHARACTER.iter().any(|column| record.cell(*column).is_some()) {
                return Err(RowError::in_column(
                    Column::CharacterName,
                    "The row describes a character without a name.",
                ));
            }
            return Ok(None);
        };
        let name = characters::character_name(name)?;
        let realm = record
            .cell(Column::Realm)
            .ok_or_else(|| RowError::in_column(Column::Realm, "The row describes a character without a realm."))?;
        let realm = characters::realm(realm)?;
        let class = parse_name(record, Column::Class, "class", classes::find_class)?;
        let role = parse_name(record, Column::Role, "role", classes::find_role)?;
        let is_main = record
            .cell(Column::MainAlt)
            .map(|text| {
                let error = || RowError::in_column(Column::MainAlt, format!("“{text}” is neither main nor alt."));
                parse_main_or_alt(text).ok_or_else(error)
            })
            .transpose()?;
        Ok(Some(Self { name, realm, class, spec: record.cell(Column::Spec).map(str::to_owned), role, is_main }))
    }
}

/// Parses a cell with the name of a rank, a class or a role.
fn parse_name<T>(
    record: &Record,
    column: Column,
    kind: &str,
    find: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, RowError> {
    let unknown = |name: &str| RowError::in_column(column, format!("There is no {kind} “{name}”."));
    record.cell(column).map(|name| find(name).ok_or_else(|| unknown(name))).transpose()
}

/// Parses a cell that says whether a character is its member's main.
fn parse_main_or_alt(cell: &str) -> Option<bool> {
    match text::loose_key(cell).as_str() {
        "main" | "m" | "yes" | "true" | "1" | "x" => Some(true),
        "alt" | "a" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
