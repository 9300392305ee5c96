//! Reads `.env`. Values are literal: no variable is substituted, because a secret may contain `$`.

use std::{collections::HashSet, fmt::Write, fs, io::ErrorKind};

const FILE: &str = ".env";

/// Sets the variables of `.env` in the working directory, except those that are set already. A missing file is fine.
///
/// # Errors
/// A message that says what is wrong, without quoting the file, which contains secrets.
pub(super) fn load() -> Result<(), String> {
    let text = match fs::read(FILE) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| format!("{FILE}: it is not text in UTF-8"))?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{FILE}: {error}")),
    };
    // A variable cannot contain NUL: setting one would panic with a message that shows the value.
    if text.contains('\0') {
        return Err(format!("{FILE}: there is a NUL byte in it"));
    }
    let mut quoted = String::new();
    for (name, value) in parse(&text)? {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('\n', "\\n");
        writeln!(quoted, "{name}=\"{value}\"").map_err(|error| error.to_string())?;
    }
    dotenvy::from_read(quoted.as_bytes()).map_err(|_| format!("{FILE}: a value cannot be a variable's"))
}

/// Parses the lines `NAME=VALUE` of an environment file.
///
/// # Errors
/// A message with the number of the first line that is malformed, or sets a name again.
pub fn parse(text: &str) -> Result<Vec<(&str, String)>, String> {
    let (mut variables, mut names) = (Vec::new(), HashSet::new());
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = parse_line(line).ok_or_else(|| {
            format!(
                "{FILE}, line {number}: expected NAME=VALUE, and NAME='VALUE' if the value has spaces, quotes or \
                 backslashes in it"
            )
        })?;
        if !names.insert(name) {
            return Err(format!("{FILE}, line {number}: {name} is set in an earlier line already"));
        }
        variables.push((name, value));
    }
    Ok(variables)
}

fn parse_line(line: &str) -> Option<(&str, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.'));
    is_name.then_some(())?;
    Some((name, parse_value(value.trim())?))
}

fn parse_value(value: &str) -> Option<String> {
    let (value, rest) = if let Some(quoted) = value.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'')?;
        (value.to_owned(), rest)
    } else if let Some(quoted) = value.strip_prefix('"') {
        unescape(quoted)?
    } else {
        let end = value.find(char::is_whitespace).unwrap_or(value.len());
        let (value, rest) = value.split_at_checked(end)?;
        // Programs read these characters differently.
        if value.contains(['\'', '"', '\\']) {
            return None;
        }
        if value.starts_with('#') { (String::new(), "") } else { (value.to_owned(), rest) }
    };
    // Only a comment may follow.
    let comment = rest.trim_start();
    (comment.is_empty() || (comment.starts_with('#') && comment.len() < rest.len())).then_some(value)
}

/// Reads a value up to the closing double quote. Returns it and what follows the quote.
fn unescape(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '\'' | '"' | '$' | '`' | ' ') => value.push(escaped),
                _ => return None,
            },
            other => value.push(other),
        }
    }
    None
}
