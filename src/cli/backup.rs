//! `guildhall backup`.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{DEFAULT_DATABASE, Failure, say};
use crate::{
    config::Database,
    db::file::{self, Access, beside},
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
    pub(super) fn run(&self, database: &Database) -> Result<(), Failure> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let Some(source) = url.file() else {
            return Err("PostgreSQL has its own tools for this: pg_dump --format=custom --file=FILE URL \
                (see docs/backups.md)"
                .into());
        };
        let called = self.file.display();
        self.refuse_a_name_in_use(&source)?;
        let mode =
            fs::metadata(&source).map_err(|error| format!("{}: {error}", source.display()))?.permissions().mode();
        let draft = file::draft(&self.file, mode)?;
        file::copy(&mut file::open(&source, Access::Write)?, &draft).map_err(|error| format!("{url}: {error}"))?;
        file::check(&mut file::open(&draft, Access::Read)?, &source)?;
        let bytes = fs::metadata(&draft)?.len();
        // The key first: a backup that has its name is complete.
        let has_key = copy_key(&source, &self.file, self.force)?;
        if !has_key && self.force {
            // That of the earlier backup.
            fs::remove_file(beside(&self.file, ".key")).or_else(absent)?;
        }
        file::publish(draft, &self.file, self.force)?;
        say(&format!("{called}: a copy of {url}, {bytes} bytes, checked.\n"))?;
        say(&if has_key {
            format!("{called}.key: the signing key. Keep both, where nobody else can read them.\n")
        } else {
            format!("There is no signing key beside {url}: keep its GUILDHALL_JWT_SECRET, too.\n")
        })
    }

    fn refuse_a_name_in_use(&self, source: &Path) -> Result<(), Failure> {
        let called = self.file.display();
        if self.file.is_dir() {
            return Err(format!("{called} is a directory: name a file in it").into());
        }
        if self.file.exists() && fs::canonicalize(&self.file)? == fs::canonicalize(source)? {
            return Err(format!("{called} is the database itself").into());
        }
        if let Some(log) = file::LOGS.iter().map(|suffix| beside(&self.file, suffix)).find(|log| log.exists()) {
            return Err(format!("{called} is a database in use: there is {} beside it", log.display()).into());
        }
        match [self.file.clone(), beside(&self.file, ".key")].iter().find(|file| file.exists()) {
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

/// Copies the signing key beside one database to its place beside another, with nobody to read it but its owner; whether
/// there is one. In the place of another key only if `replace`.
pub(super) fn copy_key(of: &Path, to: &Path, replace: bool) -> Result<bool, Failure> {
    let (from, to) = (beside(of, ".key"), beside(to, ".key"));
    if !from.exists() {
        return Ok(false);
    }
    let key = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
    if to.exists() && fs::read(&to)? == key {
        return Ok(true);
    }
    let draft = file::draft(&to, 0o600)?;
    fs::write(&draft, key)?;
    fs::set_permissions(&draft, Permissions::from_mode(fs::metadata(&from)?.permissions().mode() & 0o600))?;
    file::publish(draft, &to, replace)?;
    Ok(true)
}
