//! `guildhall export`.

use std::path::PathBuf;

use clap::Args;

use super::{
    import::{FormatName, format_of},
    offline::offline_app,
    output::{BoxError, say},
};
use crate::{
    app::Options,
    auth::Keys,
    cli::settings::DatabaseSettings,
    identity::{export_roster, import::Format},
};

/// Write a guild's active members and their characters as `guildhall import` takes them.
#[derive(Args)]
pub(super) struct Export {
    /// The file to write; standard output unless given.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The guild's slug.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// What to write; told by the file's name, and JSON on standard output, unless given.
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
}

impl Export {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let by_name = self.file.as_deref().and_then(format_of);
        let format = self.format.map(Format::from).or(by_name).unwrap_or(Format::Json);
        // Nothing is signed here.
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let guild = app.guilds.find(&app.db, Some(&self.guild)).await?;
        let mut roster = export_roster(&app.access, guild, format).await?;
        if !roster.ends_with('\n') {
            roster.push('\n');
        }
        match &self.file {
            Some(file) => Ok(std::fs::write(file, roster).map_err(|error| format!("{}: {error}", file.display()))?),
            None => say(&roster),
        }
    }
}
