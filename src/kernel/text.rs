//! Rules for text that people type: validation, and normalized keys for comparing, sorting and searching.

use unicode_normalization::UnicodeNormalization;
use url::{Host, Url};

use crate::kernel::{
    error::Refusal,
    unicode::{find_unfit, fold_compatibly, fold_to_base, is_apostrophe, is_hyphen},
};

/// Longest URL, in characters.
const MAX_URL: usize = 2_048;

/// Separates the parts of a sort key. It sorts before every character of a part, so that the parts are compared in
/// turn.
pub const PART_SEPARATOR: char = '\u{1}';

/// Validates a single-line name: 1 to `max` characters, each of them visible or needed by its neighbours, such as the
/// joiners of emoji. Returns it trimmed and in NFC, with white space collapsed to single spaces.
///
/// # Errors
/// Bad input at `field`.
pub fn name(field: &'static str, text: &str, max: usize) -> Result<String, Refusal> {
    // White space is collapsed first, except control characters: a line break in a name is a mistake.
    let is_space = |c: char| c.is_whitespace() && !c.is_control();
    let words: Vec<&str> = text.trim().split(is_space).filter(|word| !word.is_empty()).collect();
    let text: String = words.join(" ").nfc().collect();
    if text.is_empty() {
        return Err(Refusal::input(field, format!("{field} must not be empty.")));
    }
    if let Some((c, what)) = find_unfit(&text) {
        let code = u32::from(c);
        return Err(Refusal::input(field, format!("{field} must not contain {what} (U+{code:04X}).")));
    }
    check_length(field, text, max)
}

/// Validates a text of up to 5,000 characters, as [`paragraphs`] does.
///
/// # Errors
/// Bad input at `field`.
pub fn description(field: &'static str, text: &str) -> Result<Option<String>, Refusal> {
    paragraphs(field, text, 5_000)
}

/// Validates a text of up to `max` characters, whose only control characters are line breaks and tabs. Returns it
/// trimmed and in NFC, or `None` if nothing is left.
///
/// # Errors
/// Bad input at `field`.
pub fn paragraphs(field: &'static str, text: &str, max: usize) -> Result<Option<String>, Refusal> {
    let text: String = text.trim().nfc().collect();
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        let message = format!("{field} must not contain control characters except line breaks and tabs.");
        return Err(Refusal::input(field, message));
    }
    check_length(field, text, max).map(|text| Some(text).filter(|text| !text.is_empty()))
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

/// Validates a Discord username of at most 100 characters. Returns it without a leading `@` and a trailing `#0`.
///
/// # Errors
/// Bad input at `discordUsername`.
pub fn discord_username(text: &str) -> Result<String, Refusal> {
    name("discordUsername", bare_username(text), 100)
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

/// Returns the key under which a name must be unique: the name without case, width, spaces and ignorable characters.
pub fn key(name: &str) -> String {
    fold_compatibly(&replace_nul(name))
}

/// Returns the key under which a realm is unique: a name's key without hyphens and apostrophes.
pub fn realm_key(realm: &str) -> String {
    let letters: String = realm.chars().filter(|c| !is_apostrophe(*c) && !is_hyphen(*c)).collect();
    key(&letters)
}

/// Returns the key of a Discord username, ignoring a leading `@` and a trailing `#0`.
pub fn username_key(name: &str) -> String {
    key(bare_username(name))
}

/// Removes what Discord shows around a username: `@`, and `#0` or `#0000` in place of the former discriminator.
fn bare_username(username: &str) -> &str {
    let mut bare = username.trim_start_matches(|c: char| c == '@' || c.is_whitespace()).trim_end();
    while let Some(name) = bare.strip_suffix("#0").or_else(|| bare.strip_suffix("#0000")) {
        bare = name.trim_end();
    }
    bare
}

/// Replaces NUL, which PostgreSQL rejects in text even in a condition, by a character that no name contains.
pub fn replace_nul(text: &str) -> String {
    text.replace('\0', "\u{1}")
}

/// Removes case, accents and apostrophes from a text, and reduces letters to base letters such as `o` for `ø`. For
/// searching and sorting names.
pub fn fold(text: &str) -> String {
    fold_to_base(&replace_nul(text))
}

/// Returns only the letters and digits of a text, without case or accents, to match words that people spell
/// differently.
pub fn loose_key(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Finds a word of exactly `length` symbols in a text that someone pasted: in full width, with hyphens, line breaks or
/// markup in it, or after a label. `symbol` returns the symbol that a character stands for.
pub fn find_symbols(text: &str, length: usize, symbol: impl Fn(char) -> Option<char>) -> Option<String> {
    const MAX_BYTES: usize = 2_000;
    let text: String = if text.len() > MAX_BYTES { return None } else { text.nfkc().collect() };
    let is_value = |part: &&str| part.chars().any(|c| symbol(c).is_some());
    let value = text.rsplit([':', '=']).find(is_value)?;
    // The label can consist of symbols too, so the words are taken from the end until they have enough symbols. A word
    // with another letter or digit belongs to the label, or to a remark.
    let words = value.split(|c: char| !c.is_alphanumeric());
    let mut found: Vec<String> = Vec::new();
    for word in words.rev().filter_map(|word| word.chars().map(&symbol).collect::<Option<String>>()) {
        found.push(word);
        let symbols: usize = found.iter().map(String::len).sum();
        if symbols >= length {
            return (symbols == length).then(|| found.into_iter().rev().collect());
        }
    }
    None
}

/// Returns a key that sorts by the first part without case and accents, then by the second, and so on.
pub fn sort_key(parts: &[&str]) -> String {
    parts.iter().map(|part| fold(part)).collect::<Vec<_>>().join(&PART_SEPARATOR.to_string())
}

/// Returns a text as the databases' search keys contain it: [`fold`]ed, without spaces and hyphens.
pub fn search_key(text: &str) -> String {
    fold(text).replace([' ', '-'], "")
}

/// Returns a `LIKE` pattern, with `\` as the escape character, that matches texts containing `text` literally.
pub fn contains_pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
