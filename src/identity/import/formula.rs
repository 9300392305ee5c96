//! Names that a spreadsheet would take for formulas.
//!
//! Whoever opens an exported table must not run what somebody called themselves: `=HYPERLINK(…)` is a name here and a
//! formula there. Such a cell is written with an apostrophe before it, as spreadsheets themselves mark text, and loses
//! it again when it is read.

/// Whether what follows any apostrophes is a formula to a spreadsheet.
fn looks_like_one(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@'])
}

/// The cell as it may stand in a table.
pub(super) fn disarm(cell: &str) -> String {
    if looks_like_one(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell as it was before.
pub(super) fn rearm(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(bare) if looks_like_one(bare) => bare,
        _ => cell,
    }
}
