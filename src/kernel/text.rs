//! Text that people type: what is allowed, and how it is compared.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::kernel::error::Refusal;

/// Separates the parts of a sort key. Lower than any character allowed in them, so that the parts sort one by one.
const PART: char = '\u{1}';

/// A name of one line: trimmed, NFC-normalised, of 1 to `max` characters, none of them a control character.
///
/// # Errors
/// Bad input at `field`.
pub fn name(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(Refusal::input(field, format!("{field} may not be empty.")));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::input(field, format!("{field} may not hold control characters.")));
    }
    limited(field, text, max)
}

/// A text of several lines, which may hold line breaks and tabs; `None` when nothing is left after trimming.
///
/// # Errors
/// Bad input at `field`.
pub fn description(field: &'static str, text: &str) -> Result<Option<String>, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Refusal::input(field, format!("{field} may hold no control characters but line breaks and tabs.")));
    }
    limited(field, text, 5_000).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// An `http` or `https` URL of at most 2,048 characters.
///
/// # Errors
/// Bad input at `field`.
pub fn web_url(field: &'static str, text: &str) -> Result<String, Refusal> {
    let text = name(field, text, 2_048)?;
    match text.parse::<axum::http::Uri>() {
        Ok(uri) if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty()) => {
            Ok(text)
        }
        _ => Err(Refusal::input(field, format!("{field} must be an http or https URL."))),
    }
}

/// What to search for: at most 200 characters, for a pattern has its limits too.
///
/// # Errors
/// Bad input at `search`.
pub fn search(text: String) -> Result<String, Refusal> {
    limited("search", text, 200)
}

/// A Discord username: a name of at most 100 characters, without the `@` people put before it.
///
/// # Errors
/// Bad input at `discordUsername`.
pub fn discord_username(text: &str) -> Result<String, Refusal> {
    name("discordUsername", without_at(text), 100)
}

/// A Discord id (of a user, a role, a channel): a number of up to 20 digits.
///
/// # Errors
/// Bad input at `field`.
pub fn discord_id(field: &'static str, id: &str) -> Result<String, Refusal> {
    match id.trim().parse::<u64>() {
        Ok(number) if number > 0 => Ok(number.to_string()),
        _ => Err(Refusal::input(field, format!("{field} must be a Discord id, a number of up to 20 digits."))),
    }
}

fn limited(field: &'static str, text: String, max: usize) -> Result<String, Refusal> {
    if text.chars().count() > max {
        return Err(Refusal::input(field, format!("{field} may have at most {max} characters.")));
    }
    Ok(text)
}

/// What makes a unique name unique: the name without its case.
pub fn key(name: &str) -> String {
    fold_case(replace_nul(name).nfc())
}

/// Letter by letter, and by way of the upper case, so that ς is σ and ß is ss wherever they stand.
fn fold_case(text: impl Iterator<Item = char>) -> String {
    text.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// The key of a Discord username as people type it.
pub fn username_key(name: &str) -> String {
    key(without_at(name).trim())
}

fn without_at(username: &str) -> &str {
    username.trim_start_matches(|c: char| c == '@' || c.is_whitespace())
}

/// PostgreSQL keeps no NUL in a text, so what is only looked up must not hold one either: it becomes a character that no
/// name has.
pub fn replace_nul(text: &str) -> String {
    text.replace('\0', "\u{1}")
}

/// What names are searched and ordered by: without case or accents.
pub fn fold(text: &str) -> String {
    fold_case(replace_nul(text).nfkd().filter(|c| !is_combining_mark(*c)))
}

/// What words are matched by when each writes them their own way: letters and digits alone, without case or accents.
pub fn loose_key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The folded parts as one key that sorts by the first, then the second, and so on.
pub fn sort_key(parts: &[&str]) -> String {
    parts.iter().map(|part| fold(part)).collect::<Vec<_>>().join(&PART.to_string())
}

/// A `LIKE` pattern (with `\` as its escape) that finds `search` literally anywhere in a sort key.
pub fn contains_pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for c in fold(search.trim()).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
