//! Writes a roster to a file.

use std::{cmp::Reverse, collections::HashMap};

use serde::Serialize;
use strum::VariantArray;

use super::{format::Format, formula, long_id, plan::Roster, record::Column};
use crate::{
    identity::rows::{Character, CharacterClass, CharacterRole, Member},
    kernel::{
        error::{Error, Result},
        id::{MemberId, RankId},
    },
};

#[derive(Serialize)]
struct File<'a> {
    members: Vec<ExportedMember<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedMember<'a> {
    discord_username: &'a str,
    discord_id: Option<&'a str>,
    display_name: &'a str,
    rank: &'a str,
    characters: Vec<ExportedCharacter<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportedCharacter<'a> {
    name: &'a str,
    realm: &'a str,
    class: CharacterClass,
    spec: Option<&'a str>,
    role: CharacterRole,
    is_main: bool,
}

/// Writes the active members, by rank (highest first) and name. Each member's main comes before their other characters.
///
/// # Errors
/// `INTERNAL`, which a roster cannot cause.
pub fn write(format: Format, roster: &Roster) -> Result<String> {
    let file = export(roster);
    match format {
        Format::Csv => to_csv(&file),
        Format::Json => serde_json::to_string_pretty(&file).map_err(Error::internal),
    }
}

fn export(roster: &Roster) -> File<'_> {
    let ranks: HashMap<RankId, &str> = roster.ranks.iter().map(|rank| (rank.id, rank.name.as_str())).collect();
    let mut characters: HashMap<MemberId, Vec<&Character>> = HashMap::new();
    for character in &roster.characters {
        characters.entry(character.member_id).or_default().push(character);
    }
    for characters in characters.values_mut() {
        characters.sort_by_key(|character| {
            (!character.is_main, &character.sort_key, &character.name_key, &character.realm_key)
        });
    }
    let mut members: Vec<&Member> = roster.members.iter().filter(|member| member.is_active).collect();
    members.sort_by_key(|member| (Reverse(member.rank_level), &member.sort_key, &member.username_key));
    let members = members.into_iter().map(|member| ExportedMember {
        discord_username: &member.discord_username,
        discord_id: member.discord_id.as_deref(),
        display_name: &member.display_name,
        rank: ranks.get(&member.rank_id).copied().unwrap_or_default(),
        characters: characters.remove(&member.id).unwrap_or_default().into_iter().map(export_character).collect(),
    });
    File { members: members.collect() }
}

fn export_character(character: &Character) -> ExportedCharacter<'_> {
    ExportedCharacter {
        name: &character.name,
        realm: &character.realm,
        class: character.class,
        spec: character.spec.as_deref(),
        role: character.role,
        is_main: character.is_main,
    }
}

fn to_csv(file: &File<'_>) -> Result<String> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(Column::VARIANTS.iter().map(|column| column.header())).map_err(Error::internal)?;
    for member in &file.members {
        for character in member.characters.iter().map(Some).chain(member.characters.is_empty().then_some(None)) {
            let row = Column::VARIANTS.iter().map(|column| formula::escape(&cell(*column, member, character)));
            table.write_record(row).map_err(Error::internal)?;
        }
    }
    let table = table.into_inner().map_err(|error| Error::internal(error.into_error()))?;
    String::from_utf8(table).map_err(Error::internal)
}

fn cell(column: Column, member: &ExportedMember<'_>, character: Option<&ExportedCharacter<'_>>) -> String {
    let of_character = |field: fn(&ExportedCharacter<'_>) -> String| character.map(field).unwrap_or_default();
    match column {
        Column::DiscordUsername => member.discord_username.to_owned(),
        Column::DiscordId => member.discord_id.map(long_id::mark).unwrap_or_default(),
        Column::DisplayName => member.display_name.to_owned(),
        Column::Rank => member.rank.to_owned(),
        Column::CharacterName => of_character(|character| character.name.to_owned()),
        Column::Realm => of_character(|character| character.realm.to_owned()),
        Column::Class => of_character(|character| character.class.to_string()),
        Column::Spec => of_character(|character| character.spec.unwrap_or_default().to_owned()),
        Column::Role => of_character(|character| character.role.to_string()),
        Column::MainAlt => of_character(|character| if character.is_main { "main" } else { "alt" }.to_owned()),
    }
}
