//! The output of commands.

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

pub use crate::kernel::error::BoxError;
use crate::{
    db::{DatabaseFiles, DatabaseUrl},
    kernel::private_file,
};

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

/// Writes an export: to standard output without a file or for `-`, otherwise to a file that only its owner may read.
/// Replaces an existing file only if `force` is set, and never one of the database.
pub(super) fn write_export(
    file: Option<&Path>,
    export: &str,
    force: bool,
    database: &DatabaseUrl,
) -> Result<(), BoxError> {
    let Some(file) = file.filter(|file| *file != Path::new("-")) else { return print(export) };
    let displayed = file.display();
    if database.file().is_some_and(|database| DatabaseFiles::of(&database).find(file).is_some()) {
        return Err(format!("{displayed} is the database itself, or its log or key: choose another name").into());
    }
    Ok(private_file::write(file, export.as_bytes(), force).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{displayed} exists already: --force replaces it"),
        _ => format!("{displayed}: {error}"),
    })?)
}
