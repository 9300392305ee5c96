//! What commands print, and how they fail.

use std::io::Write;

pub use crate::kernel::error::BoxError;

/// Prints to standard output, where a closed pipe is an error like any other.
pub(super) fn say(text: &str) -> Result<(), BoxError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Sentences, a line each, and no more than a screen of them.
pub(super) fn listed(sentences: &[String]) -> String {
    const MOST: usize = 20;
    let shown = sentences.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join("\n");
    match sentences.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown}\nand {more} more"),
    }
}
