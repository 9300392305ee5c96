//! Rules for text that people type: validation, and normalized keys for comparing, sorting and searching.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use url::{Host, Url};

use crate::kernel::error::Refusal;

/// Longest URL, in characters.
const MAX_URL: usize = 2_048;

/// Separates the parts of a sort key. It sorts before every character of a part, so that the parts are compared in
/// turn.
const PART_SEPARATOR: char = '\u{1}';

/// Validates a single-line name: 1 to `max` characters, no control characters. Returns it trimmed and in NFC.
///
/// # Errors
/// Bad input at `field`.
pub fn name(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(Refusal::input(field, format!("{field} must not be empty.")));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::input(field, format!("{field} must not contain control characters.")));
    }
    check_length(field, text, max)
}

/// Validates a text of up to 5,000 characters, whose only control characters are line breaks and tabs. Returns it
/// trimmed and in NFC, or `None` if nothing is left.
///
/// # Errors
/// Bad input at `field`.
pub fn description(field: &'static str, text: &str) -> Result<Option<String>, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let message = format!("{field} must not contain control characters except line breaks and tabs.");
        return Err(Refusal::input(field, message));
    }
    check_length(field, text, 5_000).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// Validates an `http` or `https` URL of at most 2,048 characters, on a host that can be on the public internet: a name
/// of several labels or an IPv4 address. Refuses what may not stand in a URL unescaped, so that the URL is safe in
/// HTML, and user information, which would hide the host from people. Discord refuses such URLs too.
///
/// # Errors
/// Bad input at `field`.
pub fn web_url(field: &'static str, text: &str) -> Result<String, Refusal> {
    const UNSAFE: &[char] = &['"', '\'', '`', '<', '>', '\\', '^', '{', '|', '}'];
    let text = name(field, text, MAX_URL)?;
    let invalid = |problem: &str| Refusal::input(field, format!("{field} {problem}"));
    if text.contains(char::is_whitespace) || text.contains(UNSAFE) {
        return Err(invalid("must not contain spaces, quotes or any of `<>\\^{|}`. Write them as %20, %22 and so on."));
    }
    let not_web = || invalid("must be an http or https URL, such as https://guild.example/picture.png.");
    let (scheme, rest) = text.split_once("://").ok_or_else(not_web)?;
    if !["http", "https"].iter().any(|it| it.eq_ignore_ascii_case(scheme)) {
        return Err(not_web());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(not_web());
    }
    if authority.contains('@') {
        return Err(invalid("must not contain a user name or a password."));
    }
    let url = Url::parse(&text).map_err(|_| not_web())?;
    let is_public = match url.host() {
        Some(Host::Domain(domain)) => is_host_name(domain),
        // The parser also accepts other forms of an address, such as one number.
        Some(Host::Ipv4(address)) => authority.split(':').next() == Some(&address.to_string()),
        Some(Host::Ipv6(_)) | None => false,
    };
    if !is_public || url.port() == Some(0) || authority.ends_with(':') {
        return Err(invalid("must name a host on the internet, such as guild.example."));
    }
    // Discord and HTTP clients expect ASCII: the parser has encoded other characters.
    let url = if text.is_ascii() { text } else { url.into() };
    check_length(field, url, MAX_URL)
}

/// Whether a host in ASCII is a DNS name of at least two labels (RFC 1123, section 2.1). Underscores are allowed before
/// the last label, because some sites have them.
fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str, allowed: &[u8]| {
        let is_end = |c: Option<char>| c.is_some_and(|c| c != '-');
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || allowed.contains(&c))
            && is_end(label.chars().next())
            && is_end(label.chars().last())
    };
    let Some((labels, last)) = host.rsplit_once('.') else { return false };
    host.len() <= 253
        && labels.split('.').all(|label| is_label(label, b"-_"))
        && is_label(last, b"-")
        && !last.starts_with(|c: char| c.is_ascii_digit())
}

/// Validates a search text: at most 200 characters, because databases limit the length of a pattern.
///
/// # Errors
/// Bad input at `search`.
pub fn search(text: String) -> Result<String, Refusal> {
    check_length("search", text, 200)
}

/// Validates a Discord username of at most 100 characters. Returns it without a leading `@`.
///
/// # Errors
/// Bad input at `discordUsername`.
pub fn discord_username(text: &str) -> Result<String, Refusal> {
    name("discordUsername", strip_at(text), 100)
}

/// Validates a Discord id (of a user, a role or a channel): a number of up to 20 digits.
///
/// # Errors
/// Bad input at `field`.
pub fn discord_id(field: &'static str, id: &str) -> Result<String, Refusal> {
    match id.trim().parse::<u64>() {
        Ok(number) if number > 0 => Ok(number.to_string()),
        _ => Err(Refusal::input(field, format!("{field} must be a Discord id, a number of up to 20 digits."))),
    }
}

fn check_length(field: &'static str, text: String, max: usize) -> Result<String, Refusal> {
    if text.chars().count() > max {
        return Err(Refusal::input(field, format!("{field} must have at most {max} characters.")));
    }
    Ok(text)
}

/// Returns the key under which a name must be unique: the name without its case.
pub fn key(name: &str) -> String {
    fold_case(replace_nul(name).nfc())
}

/// Removes the case of each character. Converting to upper case first makes ς equal to σ, and ß to ss, in any position.
fn fold_case(text: impl Iterator<Item = char>) -> String {
    text.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// Returns the key of a Discord username, ignoring a leading `@`.
pub fn username_key(name: &str) -> String {
    key(strip_at(name).trim())
}

fn strip_at(username: &str) -> &str {
    username.trim_start_matches(|c: char| c == '@' || c.is_whitespace())
}

/// Replaces NUL, which PostgreSQL rejects in text even in a condition, by a character that no name contains.
pub fn replace_nul(text: &str) -> String {
    text.replace('\0', "\u{1}")
}

/// Removes case and accents from a text, for searching and sorting names.
pub fn fold(text: &str) -> String {
    fold_case(replace_nul(text).nfkd().filter(|c| !is_combining_mark(*c)))
}

/// Returns only the letters and digits of a text, without case or accents, to match words that people spell
/// differently.
pub fn loose_key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Returns a key that sorts by the first part without case and accents, then by the second, and so on.
pub fn sort_key(parts: &[&str]) -> String {
    parts.iter().map(|part| fold(part)).collect::<Vec<_>>().join(&PART_SEPARATOR.to_string())
}

/// Returns a `LIKE` pattern, with `\` as the escape character, that matches sort keys containing `search` literally.
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
