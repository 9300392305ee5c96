//! `guildhall backup`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use tempfile::TempPath;

use super::{
    offline::DEFAULT_DATABASE,
    output::{BoxError, print},
};
use crate::{
    cli::settings::DatabaseSettings,
    db::{
        DatabaseFiles,
        file::{self, OpenMode, with_suffix},
    },
};

/// Copy the SQLite database and its signing key.
#[derive(Args)]
pub(super) struct Backup {
    /// The file to write. The copy of the signing key is FILE.key.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace an earlier backup of that name.
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(super) fn run(&self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let Some(source) = url.file() else {
            return Err("PostgreSQL has its own tools for this: pg_dump --format=custom --file=FILE URL \
                (see docs/backups.md)"
                .into());
        };
        let displayed = self.file.display();
        self.check_name(&source)?;
        let mut database = file::open(&source, OpenMode::Write)?;
        let draft = file::create_temporary(&self.file)?;
        file::copy(&mut database, &draft).map_err(|error| format!("{url}: {error}"))?;
        file::check(&mut file::open(&draft, OpenMode::Read)?, &source)?;
        let bytes = fs::metadata(&draft)?.len();
        file::sync(&draft)?;
        let key = KeyCopy::prepare(&source, &self.file)?;
        let has_key = key.is_some();
        // The key gets its name first, so that a backup is complete once the database has its name.
        match key {
            Some(key) => key.publish(self.force)?,
            // The key of an earlier backup would not belong to this one.
            None => fs::rename(with_suffix(&self.file, ".key"), with_suffix(&self.file, ".key.former"))
                .or_else(ignore_missing)?,
        }
        file::persist(draft, &self.file, self.force)?;
        print(&format!("{displayed}: a copy of {url}, {bytes} bytes, checked.\n"))?;
        print(&if has_key {
            format!("{displayed}.key: the signing key. Keep both files where nobody else can read them.\n")
        } else {
            format!("There is no signing key next to {url}: back up its GUILDHALL_JWT_SECRET as well.\n")
        })
    }

    fn check_name(&self, source: &Path) -> Result<(), BoxError> {
        let (displayed, key) = (self.file.display(), with_suffix(&self.file, ".key"));
        if self.file.is_dir() {
            return Err(format!("{displayed} is a directory: name a file in it").into());
        }
        if self.file.exists() && !self.file.is_file() {
            return Err(format!("{displayed} is not a regular file").into());
        }
        let (database, written) = (DatabaseFiles::of(source), [self.file.clone(), key.clone(), former_key(&key)]);
        if let Some(taken) = written.iter().find(|path| database.find(path).is_some()) {
            let message = "is the database itself, or its log or key: choose another name";
            return Err(format!("{} {message}", taken.display()).into());
        }
        if let Some(log) =
            file::SIDE_FILE_SUFFIXES.iter().map(|suffix| with_suffix(&self.file, suffix)).find(|log| log.exists())
        {
            return Err(format!("{displayed} is a database in use: there is {} next to it", log.display()).into());
        }
        match [self.file.clone(), key].iter().find(|file| file.exists()) {
            Some(taken) if !self.force => {
                Err(format!("{} exists already: choose another name, or use --force", taken.display()).into())
            }
            Some(taken) if *taken == self.file && !file::may_be_database(taken)? => {
                Err(format!("{displayed} is not a backup, and --force replaces only those: choose another name").into())
            }
            _ => Ok(()),
        }
    }
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// A copy of the signing key next to one database, to be published next to another.
pub(super) struct KeyCopy {
    target: PathBuf,
    /// The key in a temporary file; `None` if the target has the same key already.
    draft: Option<TempPath>,
}

impl KeyCopy {
    /// Copies the key next to one database to a temporary file next to another, readable by its owner only; `None` if
    /// there is no key. If the target has a different key, that is kept as FILE.key.former: if the replacement stops
    /// after the key and before the database, only the former key can decrypt what the database contains.
    pub(super) fn prepare(of: &Path, to: &Path) -> Result<Option<Self>, BoxError> {
        let (from, target) = (with_suffix(of, ".key"), with_suffix(to, ".key"));
        if !from.exists() {
            return Ok(None);
        }
        let key = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let former = if target.exists() { Some(fs::read(&target)?) } else { None };
        if former.as_ref() == Some(&key) {
            return Ok(Some(Self { target, draft: None }));
        }
        let draft = write_draft(&target, &key)?;
        if let Some(former) = former {
            let former_path = former_key(&target);
            file::persist(write_draft(&former_path, &former)?, &former_path, true)?;
        }
        Ok(Some(Self { target, draft: Some(draft) }))
    }

    /// Gives the copy its name. Replaces a different key only if `replace` is set.
    pub(super) fn publish(self, replace: bool) -> Result<(), BoxError> {
        self.draft.map_or(Ok(()), |draft| file::persist(draft, &self.target, replace))
    }
}

/// Where a key is kept that another replaces.
fn former_key(key: &Path) -> PathBuf {
    with_suffix(key, ".former")
}

/// Writes and syncs a temporary file that only its owner may read.
fn write_draft(of: &Path, bytes: &[u8]) -> Result<TempPath, BoxError> {
    let draft = file::create_temporary(of)?;
    fs::write(&draft, bytes)?;
    file::sync(&draft)?;
    Ok(draft)
}
