//! `guildhall restore`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use tempfile::TempPath;

use super::{
    backup::KeyCopy,
    offline::DEFAULT_DATABASE,
    output::{BoxError, say},
};
use crate::{
    cli::settings::DatabaseSettings,
    db::file::{self, OpenExclusiveError, OpenMode, with_suffix},
};

/// Make a backup the SQLite database again, and its signing key.
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
        // A link stays a link to the database.
        let place = fs::canonicalize(&target).unwrap_or_else(|_| target.clone());
        let mut backup = file::open(&self.file, OpenMode::Read)?;
        if fs::canonicalize(&self.file)? == place {
            return Err(format!("{displayed} is the database itself").into());
        }
        file::check(&mut backup, &self.file)?;
        let like = fs::metadata(&place).or_else(|_| fs::metadata(&self.file))?;
        let draft = file::create_temporary(&place, like.permissions().mode())?;
        file::copy(&mut backup, &draft)?;
        // Ends before the draft gets its name: what SQLite keeps beside it would not follow.
        {
            let mut copy = file::open(&draft, OpenMode::Write)?;
            file::migrate(&mut copy)?;
            file::check(&mut copy, &self.file)?;
        }
        file::sync(&draft)?;
        let has_key = self.put_in_place(draft, &place, &target)?;
        say(&format!("{url} is {displayed} again.\n"))?;
        let key = with_suffix(&target, ".key");
        say(&match (has_key, key.exists()) {
            (true, _) => format!("{}: its signing key.\n", key.display()),
            (false, true) => format!("{displayed}.key is not there, so {} stays as it was.\n", key.display()),
            (false, false) => {
                format!(
                    "{displayed}.key is not there: give the server the GUILDHALL_JWT_SECRET that it had, or else a \
                    new key is made, everyone has to sign in again, and codes on their way to Discord cannot be opened.\n"
                )
            }
        })
    }

    /// Whether a key came with it.
    fn put_in_place(&self, draft: TempPath, place: &Path, target: &Path) -> Result<bool, BoxError> {
        let displayed = target.display();
        // Kept until the new one is in its place, so that nobody opens the old one.
        let mut former = match place.exists().then(|| file::open_exclusive(place)) {
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
        // What may need room is done by now, or fails here: what follows takes files away and gives them names.
        let key = KeyCopy::prepare(&self.file, target)?;
        let has_key = key.is_some();
        if let Some(former) = &mut former {
            // What the log holds is to be in the file if we come no further. One that is damaged may not let us.
            file::disable_wal(former).or_else(|error| if self.force { Ok(()) } else { Err(error) })?;
        }
        file::remove_side_files(place)?;
        key.map_or(Ok(()), |key| key.publish(self.force))?;
        file::persist(draft, place, former.is_some() || self.force)?;
        Ok(has_key)
    }
}
