//! Parses a row's cells.

use std::collections::HashMap;

use strum::VariantArray;

use crate::{
    identity::{
        characters, classes,
        import::{
            long_id,
            problem::{RowError, RowErrors},
            record::{Column, Record},
        },
        members,
        rows::{CharacterClass, CharacterRole, Rank},
    },
    kernel::text,
};

/// The keys of a character's name and realm, by which it is found.
pub(super) type NameKey = (String, String);

/// The longest list of known names in a message.
const MAX_LISTED: usize = 20;

/// The guild's ranks by name.
pub(super) struct RankNames<'a> {
    by_key: HashMap<&'a str, &'a Rank>,
    /// The names, for messages.
    listed: String,
}

impl<'a> RankNames<'a> {
    /// Takes the ranks, highest level first.
    pub(super) fn new(ranks: &'a [Rank]) -> Self {
        Self {
            by_key: ranks.iter().map(|rank| (rank.name_key.as_str(), rank)).collect(),
            listed: list(ranks.iter().map(|rank| rank.name.clone())),
        }
    }
}

/// The cells of a row that describe its member.
pub(super) struct MemberCells<'a> {
    pub(super) username: String,
    pub(super) username_key: String,
    pub(super) discord_id: Option<String>,
    /// Whether the Discord id is a number in the form of a rounded one.
    pub(super) has_rounded_id: bool,
    pub(super) display_name: Option<String>,
    pub(super) rank: Option<&'a Rank>,
}

impl<'a> MemberCells<'a> {
    /// Parses the cells.
    pub(super) fn parse(record: &Record, ranks: &RankNames<'a>) -> Result<Self, RowErrors> {
        let mut errors = RowErrors::default();
        let cell = record.cell(Column::DiscordUsername).unwrap_or_default();
        let username = errors.check(text::discord_username(cell)).unwrap_or_default();
        let has_rounded_id = record.has_rounded_id();
        let discord_id = record.cell(Column::DiscordId).and_then(|id| {
            errors.check(match text::discord_id("discordId", id) {
                Err(_) if has_rounded_id => Err(RowError::in_column(Column::DiscordId, long_id::ROUNDED)),
                id => id.map_err(RowError::from),
            })
        });
        let display_name = record
            .cell(Column::DisplayName)
            .and_then(|name| errors.check(members::display_name(Some(name), &username)));
        let find_rank = |name: &str| ranks.by_key.get(text::key(name).as_str()).copied();
        let rank = errors.check(parse_name(record, Column::Rank, "rank", find_rank, || ranks.listed.clone())).flatten();
        let username_key = text::key(&username);
        let cells = Self { username, username_key, discord_id, has_rounded_id, display_name, rank };
        errors.or_value(Some(cells))
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
    pub(super) fn parse(record: &Record) -> Result<Option<Self>, RowErrors> {
        if Column::OF_CHARACTER.iter().all(|column| record.cell(*column).is_none()) {
            return Ok(None);
        }
        let mut errors = RowErrors::default();
        let missing =
            |column, name| RowError::in_column(column, format!("The row describes a character without {name}."));
        let name = record.cell(Column::CharacterName).ok_or_else(|| missing(Column::CharacterName, "a name"));
        let name = errors.check(name.and_then(|name| Ok(characters::character_name(name)?)));
        let realm = record.cell(Column::Realm).ok_or_else(|| missing(Column::Realm, "a realm"));
        // A row without a name has one problem, whatever else it lacks.
        let realm = match record.cell(Column::CharacterName) {
            None => None,
            Some(_) => errors.check(realm.and_then(|realm| Ok(characters::realm(realm)?))),
        };
        let class = parse_name(record, Column::Class, "class", classes::find_class, list_of::<CharacterClass>);
        let class = errors.check(class).flatten();
        let role = parse_name(record, Column::Role, "role", classes::find_role, list_of::<CharacterRole>);
        let role = errors.check(role).flatten();
        let is_main = record.cell(Column::MainAlt).and_then(|text| {
            let error = || RowError::in_column(Column::MainAlt, format!("“{text}” is neither main nor alt."));
            errors.check(parse_main_or_alt(text).ok_or_else(error))
        });
        let spec = record.cell(Column::Spec).map(str::to_owned);
        let cells = name.zip(realm).map(|(name, realm)| Self { name, realm, class, spec, role, is_main });
        errors.or_value(cells).map(Some)
    }
}

/// Parses a cell with the name of a rank, a class or a role. The error lists the `known` names.
fn parse_name<T>(
    record: &Record,
    column: Column,
    kind: &str,
    find: impl FnOnce(&str) -> Option<T>,
    known: impl FnOnce() -> String,
) -> Result<Option<T>, RowError> {
    let Some(name) = record.cell(column) else { return Ok(None) };
    match find(name) {
        Some(found) => Ok(Some(found)),
        None => Err(RowError::in_column(column, format!("There is no {kind} “{name}”. There are {}.", known()))),
    }
}

/// Lists the game's classes or roles.
fn list_of<T: VariantArray + ToString>() -> String {
    list(T::VARIANTS.iter().map(ToString::to_string))
}

fn list(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = if names.len() > MAX_LISTED { " and others" } else { "" };
    let names: Vec<String> = names.take(MAX_LISTED).collect();
    format!("{}{more}", names.join(", "))
}

/// Parses a cell that says whether a character is its member's main.
fn parse_main_or_alt(cell: &str) -> Option<bool> {
    match text::loose_key(cell).as_str() {
        "main" | "m" | "yes" | "true" | "1" | "x" => Some(true),
        "alt" | "a" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}
