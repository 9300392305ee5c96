//! `guildhall restore`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use tempfile::TempPath;

use super::{
    backup::KeyCopy,
    offline::DEFAULT_DATABASE,
    output::{BoxError, print},
};
use crate::{
    cli::settings::DatabaseSettings,
    db::{
        DatabaseFiles,
        file::{self, OpenExclusiveError, OpenMode, with_suffix},
    },
};

/// Restore the SQLite database and its signing key from a backup.
#[derive(Args)]
pub(super) struct Restore {
    /// The backup. The command takes the signing key from FILE.key.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a database that holds guilds or cannot be read, and a different signing key.
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(super) fn run(&self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let Some(target) = url.file() else {
            return Err(
                "PostgreSQL has its own tools for this: pg_restore --no-owner --exit-on-error --dbname=URL FILE \
                (see docs/backups.md)"
                    .into(),
            );
        };
        let displayed = self.file.display();
        // A symbolic link to the database is kept.
        let resolved = fs::canonicalize(&target).unwrap_or_else(|_| target.clone());
        let mut backup = file::open(&self.file, OpenMode::Read)?;
        if fs::canonicalize(&self.file)? == resolved {
            return Err(format!("{displayed} is the database itself").into());
        }
        if let Some((of_backup, of_target)) = DatabaseFiles::of(&self.file).overlap(&DatabaseFiles::of(&target)) {
            let (of_backup, of_target) = (of_backup.display(), of_target.display());
            return Err(format!("{of_backup} of the backup and {of_target} of the database are the same file").into());
        }
        file::check(&mut backup, &self.file)?;
        let draft = file::create_temporary(&resolved)?;
        file::copy(&mut backup, &draft)?;
        // The connection ends before the draft gets its name, because SQLite's files next to it keep the old name.
        {
            let mut copy = file::open(&draft, OpenMode::Write)?;
            file::migrate(&mut copy)?;
            file::check(&mut copy, &self.file)?;
        }
        file::sync(&draft)?;
        let has_key = self.replace(draft, &resolved, &target)?;
        print(&format!("{url} is restored from {displayed}.\n"))?;
        let key = with_suffix(&target, ".key");
        print(&match (has_key, key.exists()) {
            (true, _) => format!("{}: its signing key.\n", key.display()),
            (false, true) => format!("{displayed}.key does not exist, so {} was not changed.\n", key.display()),
            (false, false) => {
                format!(
                    "{displayed}.key does not exist: start the server with its former GUILDHALL_JWT_SECRET. Otherwise it \
                    generates a new key, all members have to sign in again, and codes queued for Discord are lost.\n"
                )
            }
        })
    }

    /// Replaces the database and its key. Returns whether the backup has a key.
    fn replace(&self, draft: TempPath, resolved: &Path, target: &Path) -> Result<bool, BoxError> {
        let displayed = target.display();
        // Locked until it is replaced, so that no server opens the former database.
        let mut former = match resolved.exists().then(|| file::open_exclusive(resolved)) {
            None => None,
            Some(Ok(former)) => Some(former),
            Some(Err(OpenExclusiveError::Unreadable(..))) if self.force => None,
            Some(Err(unreadable @ OpenExclusiveError::Unreadable(..))) => {
                return Err(format!("{unreadable}; --force would replace it").into());
            }
            Some(Err(in_use)) => return Err(in_use.into()),
        };
        if let Some(former) = former.as_mut().filter(|_| !self.force) {
            let unreadable = |error| format!("{displayed} cannot be read: {error}; --force would replace it");
            if file::has_data(former).map_err(unreadable)? {
                return Err(format!("{displayed} holds data, which --force would replace: back it up first").into());
            }
        }
        let key = (with_suffix(&self.file, ".key"), with_suffix(target, ".key"));
        if !self.force && key.0.exists() && key.1.exists() && fs::read(&key.0)? != fs::read(&key.1)? {
            return Err(format!("{} is another key, which --force would replace", key.1.display()).into());
        }
        // The last step that needs disk space. The next ones only rename and remove files.
        let key = KeyCopy::prepare(&self.file, target)?;
        let has_key = key.is_some();
        if let Some(former) = &mut former {
            // Moves the log into the file, so that the file is complete if a later step fails. Fails if the file is
            // damaged.
            file::disable_wal(former).or_else(|error| if self.force { Ok(()) } else { Err(error) })?;
        }
        file::remove_side_files(resolved)?;
        key.map_or(Ok(()), |key| key.publish(self.force))?;
        file::persist(draft, resolved, former.is_some() || self.force)?;
        Ok(has_key)
    }
}
