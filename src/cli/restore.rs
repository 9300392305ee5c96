//! `guildhall restore`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use tempfile::TempPath;

use super::{DEFAULT_DATABASE, Failure, backup::copy_key, say};
use crate::{
    config::Database,
    db::file::{self, Access, NotHeld, beside},
};

/// Make a backup the SQLite database again, and its signing key: the server must be ended.
///
/// The backup is checked first and brought to the newest schema, as a copy: FILE stays as it is. Until that is in place, the
/// former database is untouched.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup; the signing key is taken from FILE.key.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the place of a database that holds guilds, or cannot be read, and of another signing key.
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(super) fn run(&self, database: &Database) -> Result<(), Failure> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let Some(target) = url.file() else {
            return Err(
                "PostgreSQL has its own tools for this: pg_restore --no-owner --exit-on-error --dbname=URL FILE \
                (see docs/backups.md)"
                    .into(),
            );
        };
        let called = self.file.display();
        let mut backup = file::open(&self.file, Access::Read)?;
        file::check(&mut backup, &self.file)?;
        let like = fs::metadata(&target).or_else(|_| fs::metadata(&self.file))?;
        let draft = file::draft(&target, like.permissions().mode())?;
        file::copy(&mut backup, &draft)?;
        // Ends before the draft gets its name: what SQLite keeps beside it would not follow.
        {
            let mut copy = file::open(&draft, Access::Write)?;
            file::migrate(&mut copy)?;
            file::check(&mut copy, &self.file)?;
        }
        let has_key = self.put_in_place(draft, &target)?;
        say(&format!("{url} is {called} again.\n"))?;
        let key = beside(&target, ".key");
        say(&match (has_key, key.exists()) {
            (true, _) => format!("{}: its signing key.\n", key.display()),
            (false, true) => format!("{called}.key is not there, so {} stays as it was.\n", key.display()),
            (false, false) => {
                format!(
                    "{called}.key is not there: give the server the GUILDHALL_JWT_SECRET that it had, or else a \
                    new key is made, everyone has to sign in again, and codes on their way to Discord cannot be opened.\n"
                )
            }
        })
    }

    /// Whether a key came with it.
    fn put_in_place(&self, draft: TempPath, target: &Path) -> Result<bool, Failure> {
        let called = target.display();
        // Held until the new one is in its place, so that nobody gets to open the old one.
        let former = match target.exists().then(|| file::hold(target)) {
            None => None,
            Some(Ok(mut former)) => {
                if !self.force && file::holds_data(&mut former)? {
                    return Err(format!("{called} holds data, which --force would replace: back it up first").into());
                }
                Some(former)
            }
            Some(Err(unreadable @ NotHeld::Unreadable(..))) => {
                if !self.force {
                    return Err(format!("{unreadable}; --force would replace it").into());
                }
                None
            }
            Some(Err(in_use)) => return Err(in_use.into()),
        };
        let key = (beside(&self.file, ".key"), beside(target, ".key"));
        if !self.force && key.0.exists() && key.1.exists() && fs::read(&key.0)? != fs::read(&key.1)? {
            return Err(format!("{} is another key, which --force would replace", key.1.display()).into());
        }
        let mut former = former;
        if let Some(former) = &mut former {
            file::fold_log(former)?;
        }
        file::remove_logs(target)?;
        let has_key = copy_key(&self.file, target, self.force)?;
        file::publish(draft, target, former.is_some() || self.force)?;
        Ok(has_key)
    }
}
