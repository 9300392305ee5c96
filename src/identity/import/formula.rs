//! Escapes cells that a spreadsheet would run as formulas
//! ([CSV injection](https://owasp.org/www-community/attacks/CSV_Injection)).
//!
//! A member can choose a name such as `=HYPERLINK(…)` or `a;=HYPERLINK(…)`: a spreadsheet that splits the file at
//! semicolons starts a cell inside the second. An export writes an apostrophe before the sign, which marks text in
//! spreadsheets, and an import removes the apostrophe.

use unicode_normalization::UnicodeNormalization;

/// Whether a spreadsheet may start a cell after this character.
const fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '|') || c.is_ascii_control()
}

/// Whether a spreadsheet may skip this character at the start of a cell.
fn is_skipped(c: char) -> bool {
    matches!(c, '\'' | '"') || c.is_whitespace()
}

/// Whether a spreadsheet runs a cell that starts with this character. Some do so for full-width signs too.
fn is_sign(c: char) -> bool {
    std::iter::once(c).nfkc().next().is_some_and(|c| matches!(c, '=' | '+' | '-' | '@'))
}

/// Copies a cell, and calls `at_sign` before each sign that may start a cell, with the text copied so far.
fn copy(cell: &str, at_sign: impl Fn(&mut String)) -> String {
    let mut copied = String::with_capacity(cell.len());
    let mut is_start = true;
    for c in cell.chars() {
        if is_start && is_sign(c) {
            at_sign(&mut copied);
        }
        is_start = is_separator(c) || (is_start && is_skipped(c));
        copied.push(c);
    }
    copied
}

/// Escapes a cell for a table that a spreadsheet may open.
pub fn escape(cell: &str) -> String {
    copy(cell, |before| before.push('\''))
}

/// Returns the text of a cell `="text"`, by which other programs keep a spreadsheet from changing it.
pub(super) fn quoted(cell: &str) -> Option<&str> {
    cell.strip_prefix("=\"")?.strip_suffix('"').filter(|text| !text.contains('"'))
}

/// Returns the cell as it was before [`escape`].
pub(super) fn unescape(cell: &str) -> String {
    if let Some(text) = quoted(cell) {
        return text.to_owned();
    }
    copy(cell, |before| {
        if before.ends_with('\'') {
            before.pop();
        }
    })
}
