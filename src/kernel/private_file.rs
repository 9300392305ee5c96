//! Files that only their owner may read and write, whatever the process's umask is: databases, keys, backups and exports.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// The permissions of a private file.
const MODE: u32 = 0o600;
/// Maximum number of symbolic links to follow, as in Linux.
const MAX_LINKS: usize = 40;

/// Creates an empty file.
///
/// # Errors
/// If the file exists already or cannot be created.
pub fn create_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(MODE).open(path)?;
    // The umask may have taken away some of the owner's permissions.
    file.set_permissions(Permissions::from_mode(MODE))?;
    Ok(file)
}

/// Creates an empty file unless there is one already. Follows symbolic links.
///
/// # Errors
/// If it cannot be created.
pub fn create_if_missing(path: &Path) -> io::Result<()> {
    match create_new(&link_target(path)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Creates an empty temporary file in the folder of `path`, to be renamed to it. Dropping it deletes it.
///
/// # Errors
/// If it cannot be created.
pub fn create_temporary(path: &Path) -> io::Result<NamedTempFile> {
    let not_a_file = || io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file");
    let mut prefix = path.file_name().ok_or_else(not_a_file)?.to_owned();
    prefix.push(".");
    let mut temporary = tempfile::Builder::new();
    temporary.prefix(&prefix).suffix(".partial").permissions(Permissions::from_mode(MODE));
    let temporary = temporary.tempfile_in(folder_of(path))?;
    temporary.as_file().set_permissions(Permissions::from_mode(MODE))?;
    Ok(temporary)
}

/// Writes a file, which gets its name only when it is complete and on the disk. Replaces an existing file only if
/// `replace` is set. Writes to an existing device or pipe directly.
///
/// # Errors
/// If it cannot be written. An existing file is then unchanged.
pub fn write(path: &Path, contents: &[u8], replace: bool) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|existing| !existing.is_file()) {
        return fs::write(path, contents);
    }
    let path = link_target(path);
    let mut temporary = create_temporary(&path)?;
    temporary.write_all(contents)?;
    temporary.as_file().sync_all()?;
    let renamed = if replace { temporary.persist(&path) } else { temporary.persist_noclobber(&path) };
    renamed.map_err(|failed| failed.error)?;
    // Flushes the folder too, which contains the file's name.
    File::open(folder_of(&path))?.sync_all()
}

/// Returns the folder that contains a file.
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Follows symbolic links, even to a file that doesn't exist.
pub fn link_target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => break,
        }
    }
    path
}
