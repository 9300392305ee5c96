//! What a row's cells mean.

use std::collections::HashMap;

use crate::{
    identity::{
        characters, classes,
        import::{
            problem::Fault,
            record::{Column, Record},
        },
        members,
        rows::{CharacterClass, CharacterRole, Rank},
    },
    kernel::text,
};

/// What a character is found by: the keys of its name and its realm.
pub(super) type CharacterName = (String, String);

/// What a row tells of its member.
pub(super) struct MemberCells<'a> {
    pub(super) username: String,
    pub(super) username_key: String,
    pub(super) discord_id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) rank: Option<&'a Rank>,
}

impl<'a> MemberCells<'a> {
    /// Reads them; `ranks` are the guild's, by key.
    pub(super) fn read(record: &Record, ranks: &HashMap<String, &'a Rank>) -> Result<Self, Fault> {
        let username = text::discord_username(record.cell(Column::DiscordUsername).unwrap_or_default())?;
        let discord_id = record.cell(Column::DiscordId).map(|id| text::discord_id("discordId", id)).transpose()?;
        let display_name = record.cell(Column::DisplayName);
        let display_name = display_name.map(|name| members::display_name(Some(name), &username)).transpose()?;
        let rank = record
            .cell(Column::Rank)
            .map(|name| ranks.get(&text::key(name)).copied().ok_or_else(|| unknown(Column::Rank, "rank", name)))
            .transpose()?;
        Ok(Self { username_key: text::key(&username), username, discord_id, display_name, rank })
    }
}

/// What a row tells of its character.
pub(super) struct CharacterCells {
    pub(super) name: String,
    pub(super) realm: String,
    pub(super) class: Option<CharacterClass>,
    pub(super) spec: Option<String>,
    pub(super) role: Option<CharacterRole>,
    pub(super) is_main: Option<bool>,
}

impl CharacterCells {
    /// What the character is found by.
    pub(super) fn key(&self) -> CharacterName {
        (text::key(&self.name), text::key(&self.realm))
    }

    /// Reads them, if the row has a character.
    pub(super) fn read(record: &Record) -> Result<Option<Self>, Fault> {
        let Some(name) = record.cell(Column::CharacterName) else {
            if Column::OF_CHARACTER.iter().any(|column| record.cell(*column).is_some()) {
                return Err(Fault::in_column(Column::CharacterName, "The row tells of a character without its name."));
            }
            return Ok(None);
        };
        let name = characters::character_name(name)?;
        let realm = record
            .cell(Column::Realm)
            .ok_or_else(|| Fault::in_column(Column::Realm, "The row tells of a character without its realm."))?;
        let realm = characters::realm(realm)?;
        let class = meant(record, Column::Class, "class", classes::class)?;
        let role = meant(record, Column::Role, "role", classes::role)?;
        let is_main = record
            .cell(Column::MainAlt)
            .map(|text| {
                let fault = || Fault::in_column(Column::MainAlt, format!("“{text}” says neither main nor alt."));
                main_or_alt(text).ok_or_else(fault)
            })
            .transpose()?;
        Ok(Some(Self { name, realm, class, spec: record.cell(Column::Spec).map(str::to_owned), role, is_main }))
    }
}

fn meant<T>(
    record: &Record,
    column: Column,
    thing: &str,
    find: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Fault> {
    record.cell(column).map(|name| find(name).ok_or_else(|| unknown(column, thing, name))).transpose()
}

fn unknown(column: Column, thing: &str, name: &str) -> Fault {
    Fault::in_column(column, format!("There is no {thing} “{name}”."))
}

/// Whether a cell says that a character is its member's main.
fn main_or_alt(cell: &str) -> Option<bool> {
    match text::loose_key(cell).as_str() {
        "main" | "m" | "yes" | "true" | "1" | "x" => Some(true),
        "alt" | "a" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
