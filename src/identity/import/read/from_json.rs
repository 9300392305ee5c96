//! Members with their characters, as programs write them.

use serde_json::Value;

use super::{ParsedFile, unreadable};
use crate::{
    identity::import::{
        location::RowLocation,
        problem::Fault,
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
        .ok_or_else(|| unreadable("The file must be an object with a list called members."))?;
    let mut reading = ParsedFile::default();
    for (index, member) in members.iter().enumerate() {
        if let Err(fault) = read_member(&mut reading, index, member) {
            reading.problems.push(fault.at(RowLocation::Member(index)));
        }
    }
    Ok(reading)
}

fn read_member(reading: &mut ParsedFile, index: usize, member: &Value) -> Result<(), Fault> {
    let mut record = Record::new(RowLocation::Member(index));
    let characters = fill(reading, &mut record, member, &Column::OF_MEMBER)?;
    if characters.is_empty() {
        reading.records.push(record);
        return Ok(());
    }
    for (number, character) in characters.iter().enumerate() {
        let location = RowLocation::Character(index, number);
        let mut record = record.moved(location);
        match fill(reading, &mut record, character, &Column::OF_CHARACTER) {
            Ok(_) => reading.records.push(record),
            Err(fault) => reading.problems.push(fault.at(location)),
        }
    }
    Ok(())
}

/// Fills a row with what an object tells in these columns, and answers the characters it lists beside them.
fn fill<'a>(
    reading: &mut ParsedFile,
    record: &mut Record,
    object: &'a Value,
    columns: &[Column],
) -> Result<&'a [Value], Fault> {
    let object = object.as_object().ok_or_else(|| Fault::of_row("There must be an object here."))?;
    let lists_characters = columns == Column::OF_MEMBER;
    let mut characters: &[Value] = &[];
    for (name, value) in object {
        let key = text::loose_key(name);
        if lists_characters && key == "characters" {
            characters = list(value)?;
            continue;
        }
        let named = |column: &Column| column.field().eq_ignore_ascii_case(&key) || column.is_headed(&key);
        match columns.iter().copied().find(named) {
            Some(column) if record.cell(column).is_some() => {
                return Err(Fault::in_column(column, format!("{} is told more than once.", column.field())));
            }
            Some(column) => record.fill(column, &cell(column, value)?)?,
            None => reading.pass_over(name),
        }
    }
    Ok(characters)
}

fn list(value: &Value) -> Result<&[Value], Fault> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(values) => Ok(values),
        _ => Err(Fault::new("characters", "characters must be a list.")),
    }
}

/// A value as it would stand in a table.
fn cell(column: Column, value: &Value) -> Result<String, Fault> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(main) if column == Column::MainAlt => Ok(if *main { "main" } else { "alt" }.to_owned()),
        _ => Err(Fault::in_column(column, format!("{} must be text.", column.field()))),
    }
}
