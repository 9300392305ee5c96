//! `guildhall backup`.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use tempfile::TempPath;

use super::{
    offline::DEFAULT_DATABASE,
    output::{BoxError, say},
};
use crate::{
    cli::settings::DatabaseSettings,
    db::file::{self, OpenMode, with_suffix},
};

/// Copy the SQLite database and its signing key.
#[derive(Args)]
pub(super) struct Backup {
    /// The copy; that of the signing key is FILE.key.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the place of an earlier backup of that name.
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
        self.refuse_a_name_in_use(&source)?;
        let mode =
            fs::metadata(&source).map_err(|error| format!("{}: {error}", source.display()))?.permissions().mode();
        let draft = file::create_temporary(&self.file, mode)?;
        file::copy(&mut file::open(&source, OpenMode::Write)?, &draft).map_err(|error| format!("{url}: {error}"))?;
        file::check(&mut file::open(&draft, OpenMode::Read)?, &source)?;
        let bytes = fs::metadata(&draft)?.len();
        file::sync(&draft)?;
        let key = KeyCopy::prepare(&source, &self.file)?;
        let has_key = key.is_some();
        // The key first: a backup that has its name is complete.
        match key {
            Some(key) => key.publish(self.force)?,
            // That of an earlier backup.
            None => {
                fs::rename(with_suffix(&self.file, ".key"), with_suffix(&self.file, ".key.former")).or_else(absent)?;
            }
        }
        file::persist(draft, &self.file, self.force)?;
        say(&format!("{displayed}: a copy of {url}, {bytes} bytes, checked.\n"))?;
        say(&if has_key {
            format!("{displayed}.key: the signing key. Keep both, where nobody else can read them.\n")
        } else {
            format!("There is no signing key beside {url}: keep its GUILDHALL_JWT_SECRET, too.\n")
        })
    }

    fn refuse_a_name_in_use(&self, source: &Path) -> Result<(), BoxError> {
        let displayed = self.file.display();
        if self.file.is_dir() {
            return Err(format!("{displayed} is a directory: name a file in it").into());
        }
        if self.file.exists() && fs::canonicalize(&self.file)? == fs::canonicalize(source)? {
            return Err(format!("{displayed} is the database itself").into());
        }
        if let Some(log) =
            file::SIDE_FILE_SUFFIXES.iter().map(|suffix| with_suffix(&self.file, suffix)).find(|log| log.exists())
        {
            return Err(format!("{displayed} is a database in use: there is {} beside it", log.display()).into());
        }
        match [self.file.clone(), with_suffix(&self.file, ".key")].iter().find(|file| file.exists()) {
            Some(taken) if !self.force => {
                Err(format!("{} is there already: choose another name, or --force", taken.display()).into())
            }
            _ => Ok(()),
        }
    }
}

fn absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// A signing key beside a database, which is to be that of another.
pub(super) struct KeyCopy {
    place: PathBuf,
    /// What it is to be, if it is not that already.
    draft: Option<TempPath>,
}

impl KeyCopy {
    /// The key beside one database, ready to take its place beside another, with nobody to read it but its owner; `None` if
    /// there is none. Another key that is there is kept as FILE.key.former: while the one has changed its place and the
    /// database has not, nothing else opens what is still there.
    pub(super) fn prepare(of: &Path, to: &Path) -> Result<Option<Self>, BoxError> {
        let (from, place) = (with_suffix(of, ".key"), with_suffix(to, ".key"));
        if !from.exists() {
            return Ok(None);
        }
        let key = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let former = if place.exists() { Some(fs::read(&place)?) } else { None };
        if former.as_ref() == Some(&key) {
            return Ok(Some(Self { place, draft: None }));
        }
        let mode = fs::metadata(&from)?.permissions().mode() & 0o600;
        let draft = private(&place, &key, mode)?;
        if let Some(former) = former {
            let kept = with_suffix(&place, ".former");
            file::persist(private(&kept, &former, 0o600)?, &kept, true)?;
        }
        Ok(Some(Self { place, draft: Some(draft) }))
    }

    /// Puts it in its place: in that of another key only if `replace`.
    pub(super) fn publish(self, replace: bool) -> Result<(), BoxError> {
        self.draft.map_or(Ok(()), |draft| file::persist(draft, &self.place, replace))
    }
}

/// A draft of a file that only its owner may read, on the disk.
fn private(of: &Path, bytes: &[u8], mode: u32) -> Result<TempPath, BoxError> {
    let draft = file::create_temporary(of, 0o600)?;
    fs::write(&draft, bytes)?;
    fs::set_permissions(&draft, Permissions::from_mode(mode))?;
    file::sync(&draft)?;
    Ok(draft)
}
