//! The files of a SQLite database, which other output must not replace.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::file::{SIDE_FILE_SUFFIXES, with_suffix};
use crate::kernel::private_file::{folder_of, link_target};

/// A SQLite database with SQLite's log, its signing key and the key before that.
pub struct DatabaseFiles(Vec<PathBuf>);

impl DatabaseFiles {
    /// The files of a database. They need not exist.
    pub fn of(database: &Path) -> Self {
        // SQLite keeps its log next to the file that a symbolic link points to, and the server its key next to the link.
        let names = [Some(database.to_owned()), fs::canonicalize(database).ok()];
        let with_suffixes = |name: PathBuf| {
            let suffixes = SIDE_FILE_SUFFIXES.iter().chain(&[".key", ".key.former"]);
            let others: Vec<PathBuf> = suffixes.map(|suffix| with_suffix(&name, suffix)).collect();
            [name].into_iter().chain(others)
        };
        Self(names.into_iter().flatten().flat_map(with_suffixes).collect())
    }

    /// Returns the file of the database that `path` denotes, also by a relative path, a symbolic link or a hard link.
    pub fn find(&self, path: &Path) -> Option<&Path> {
        self.0.iter().find(|file| is_same_file(file, path)).map(PathBuf::as_path)
    }

    /// Returns a pair of files, one of each database, that are the same.
    pub fn overlap(&self, other: &Self) -> Option<(&Path, PathBuf)> {
        other.0.iter().find_map(|file| Some((self.find(file)?, file.clone())))
    }
}

/// Whether two paths denote the same file. One that doesn't exist is identified by its folder and its name.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => resolve(one).is_some_and(|one| Some(one) == resolve(other)),
    }
}

fn resolve(path: &Path) -> Option<PathBuf> {
    let path = link_target(path);
    Some(fs::canonicalize(folder_of(&path)).ok()?.join(path.file_name()?))
}
