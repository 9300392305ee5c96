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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_disarmed_and_names_left_alone() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("@thal", "'@thal"),
            ("-x", "'-x"),
            ("'+x", "''+x"),
            ("'t Hof", "'t Hof"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(disarm(cell), written);
        }
        assert_eq!(rearm("=1+1"), "=1+1");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(cell in "['=+@a-]{0,6}") {
            let written = disarm(&cell);
            prop_assert_eq!(rearm(&written), cell);
        }
    }
}
