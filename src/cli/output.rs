//! The output of commands.

use std::io::Write;

pub use crate::kernel::error::BoxError;

/// Prints to standard output. A closed pipe is an error like any other.
pub(super) fn print(text: &str) -> Result<(), BoxError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Joins sentences, one per line. Leaves out those that would not fit on a screen.
pub(super) fn join_lines(sentences: &[String]) -> String {
    const MAX_LINES: usize = 20;
    let shown = sentences.iter().take(MAX_LINES).map(String::as_str).collect::<Vec<_>>().join("\n");
    match sentences.len().saturating_sub(MAX_LINES) {
        0 => shown,
        more => format!("{shown}\nand {more} more"),
    }
}
