//! Reads JSON files: a list of members, each with a list of characters.

use serde_json::Value;

use super::{ParsedFile, unreadable};
use crate::{
    identity::import::{
        location::RowLocation,
        problem::RowError,
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
        if let Err(error) = read_member(&mut file, index, member) {
            file.problems.push(error.at(RowLocation::Member(index)));
        }
    }
    Ok(file)
}

fn read_member(file: &mut ParsedFile, index: usize, member: &Value) -> Result<(), RowError> {
    let mut record = Record::new(RowLocation::Member(index));
    let characters = read_object(file, &mut record, member, &Column::OF_MEMBER)?;
    if characters.is_empty() {
        file.records.push(record);
        return Ok(());
    }
    for (number, character) in characters.iter().enumerate() {
        let location = RowLocation::Character(index, number);
        let mut record = record.with_location(location);
        match read_object(file, &mut record, character, &Column::OF_CHARACTER) {
            Ok(_) => file.records.push(record),
            Err(error) => file.problems.push(error.at(location)),
        }
    }
    Ok(())
}

/// Sets the cells of these columns from an object's properties. Returns the characters in a member's object.
fn read_object<'a>(
    file: &mut ParsedFile,
    record: &mut Record,
    object: &'a Value,
    columns: &[Column],
) -> Result<&'a [Value], RowError> {
    let object = object.as_object().ok_or_else(|| RowError::of_row("This must be an object."))?;
    let is_member = columns == Column::OF_MEMBER;
    let mut characters: &[Value] = &[];
    for (name, value) in object {
        let key = text::loose_key(name);
        if is_member && key == "characters" {
            characters = character_list(value)?;
            continue;
        }
        let is_named = |column: &Column| column.field().eq_ignore_ascii_case(&key) || column.accepts_header(&key);
        match columns.iter().copied().find(is_named) {
            Some(column) if record.cell(column).is_some() => {
                return Err(RowError::in_column(column, format!("{} is given more than once.", column.field())));
            }
            Some(column) => record.set_cell(column, &cell_text(column, value)?)?,
            None => file.add_unknown_column(name),
        }
    }
    Ok(characters)
}

fn character_list(value: &Value) -> Result<&[Value], RowError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(values) => Ok(values),
        _ => Err(RowError::new("characters", "characters must be a list.")),
    }
}

/// Converts a value to the text of a table's cell.
fn cell_text(column: Column, value: &Value) -> Result<String, RowError> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(main) if column == Column::MainAlt => Ok(if *main { "main" } else { "alt" }.to_owned()),
        _ => Err(RowError::in_column(column, format!("{} must be text.", column.field()))),
    }
}
