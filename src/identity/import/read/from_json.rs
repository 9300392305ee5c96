//! Reads JSON files: a list of members, each with a list of characters.

use std::collections::HashSet;

use serde_json::Value;

use super::{ParsedFile, unreadable};
use crate::{
    identity::import::{
        location::RowLocation,
        long_id,
        problem::{RowError, RowErrors},
        record::{Column, Record},
    },
    kernel::{error::Refusal, text},
};

pub(super) fn read(text: &str) -> Result<ParsedFile, Refusal> {
    let file: Value =
        serde_json::from_str(text).map_err(|error| unreadable(format!("The file is not JSON: {error}.")))?;
    let members = file
        .as_object()
        .and_then(|file| file.iter().find(|(key, _)| text::loose_key(key) == "members"))
        .and_then(|(_, members)| members.as_array())
        .ok_or_else(|| unreadable("The file must be an object with the list `members`."))?;
    let mut file = ParsedFile::default();
    for (index, member) in members.iter().enumerate() {
        read_member(&mut file, index, member);
    }
    Ok(file)
}

fn read_member(file: &mut ParsedFile, index: usize, member: &Value) {
    let mut record = Record::new(RowLocation::Member(index));
    let characters = match read_object(file, &mut record, member, &Column::OF_MEMBER) {
        Ok(characters) => characters,
        Err(errors) if member.is_object() => return file.add_partial(errors, record),
        Err(errors) => return file.add_unreadable(errors, record.location),
    };
    if characters.is_empty() {
        return file.records.push(record);
    }
    for (number, character) in characters.iter().enumerate() {
        let location = RowLocation::Character(index, number);
        let mut record = record.with_location(location);
        match read_object(file, &mut record, character, &Column::OF_CHARACTER) {
            Ok(_) => file.records.push(record),
            Err(errors) if character.is_object() => file.add_partial(errors, record),
            Err(errors) => file.add_unreadable(errors, location),
        }
    }
}

/// Sets the cells of these columns from an object's properties. Returns the characters in a member's object.
fn read_object<'a>(
    file: &mut ParsedFile,
    record: &mut Record,
    object: &'a Value,
    columns: &[Column],
) -> Result<&'a [Value], RowErrors> {
    let object = object.as_object().ok_or_else(|| RowError::of_row("This must be an object."))?;
    let is_member = columns == Column::OF_MEMBER;
    let mut characters: &[Value] = &[];
    let (mut errors, mut given) = (RowErrors::default(), HashSet::new());
    for (name, value) in object {
        let key = text::loose_key(name);
        if is_member && key == "characters" {
            characters = errors.check(character_list(value)).unwrap_or_default();
            continue;
        }
        let is_named = |column: &Column| column.field().eq_ignore_ascii_case(&key) || column.accepts_header(&key);
        match columns.iter().copied().find(is_named) {
            Some(column) if !value.is_null() && !given.insert(column) => {
                errors.add(RowError::in_column(column, format!("{} is given more than once.", column.field())));
            }
            Some(column) => {
                errors.check(set_cell(record, column, value));
            }
            None => file.add_unknown_column(name),
        }
    }
    errors.or_value(Some(characters))
}

fn character_list(value: &Value) -> Result<&[Value], RowError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(values) => Ok(values),
        _ => Err(RowError::new("characters", "characters must be a list.")),
    }
}

/// Sets a cell to a value, as a table's cell would have it.
fn set_cell(record: &mut Record, column: Column, value: &Value) -> Result<(), RowError> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) if column == Column::DiscordId => {
            record.set_cell(column, long_id::marked(text.trim()).unwrap_or(text))
        }
        Value::String(text) => record.set_cell(column, text),
        Value::Number(number) if column == Column::DiscordId => record.set_id_number(&number.to_string()),
        Value::Number(number) => record.set_cell(column, &number.to_string()),
        Value::Bool(main) if column == Column::MainAlt => record.set_cell(column, if *main { "main" } else { "alt" }),
        _ => Err(RowError::in_column(column, format!("{} must be text.", column.field()))),
    }
}
