//! Escapes cells that a spreadsheet would run as formulas
//! ([CSV injection](https://owasp.org/www-community/attacks/CSV_Injection)).
//!
//! A member can choose a name such as `=HYPERLINK(…)`. An export writes an apostrophe before it, which marks text in
//! spreadsheets, and an import removes the apostrophe.

/// Whether a spreadsheet would run a cell as a formula, after any apostrophes.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@'])
}

/// Escapes a cell for a table.
pub(super) fn escape(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// Returns the cell as it was before [`escape`].
pub(super) fn unescape(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(unescaped) if is_formula(unescaped) => unescaped,
        _ => cell,
    }
}
