//! The file that `guilds export` writes and `guilds import` reads.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::output::BoxError;
use crate::{db::GuildRows, kernel::clock::Timestamp};

/// The name of the format.
const FORMAT: &str = "guildhall-guild";
/// The version of the format. A release reads its own version only.
const VERSION: u32 = 1;

/// A guild with all its rows.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GuildFile {
    format: String,
    version: u32,
    release: String,
    exported_at: String,
    pub(super) tables: Vec<GuildRows>,
}

/// The part of the file that every version has.
#[derive(Deserialize)]
struct FileHeader {
    format: String,
    version: u32,
    release: String,
}

impl GuildFile {
    /// The file of an export at this time.
    pub(super) fn new(tables: Vec<GuildRows>, now: Timestamp) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            exported_at: now.and_utc().to_rfc3339(),
            tables,
        }
    }

    /// The text of the file.
    pub(super) fn to_text(&self) -> Result<String, BoxError> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// Reads a file, or standard input for `-`.
    pub(super) fn read(path: &Path) -> Result<Self, BoxError> {
        let displayed = path.display();
        let mut text = String::new();
        let read = if path == Path::new("-") {
            io::stdin().read_to_string(&mut text)
        } else {
            File::open(path).and_then(|file| BufReader::new(file).read_to_string(&mut text))
        };
        read.map_err(|error| format!("{displayed}: {error}"))?;
        let foreign = format!("{displayed} is not a file of `guildhall guilds export`");
        match serde_json::from_str(&text) {
            Ok(FileHeader { format, .. }) if format != FORMAT => Err(foreign.into()),
            Ok(FileHeader { version, release, .. }) if version != VERSION => {
                let message = format!("{displayed} has version {version} of the format: use release {release}");
                Err(message.into())
            }
            Ok(_) => Ok(serde_json::from_str(&text).map_err(|error| format!("{displayed} is damaged: {error}"))?),
            Err(error) => Err(format!("{foreign}: {error}").into()),
        }
    }
}
