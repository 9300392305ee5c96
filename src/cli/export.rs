//! `guildhall export`.

use std::path::PathBuf;

use clap::Args;

use super::{
    import::{FormatName, format_of},
    offline::{DEFAULT_DATABASE, offline_app},
    output::{BoxError, write_export},
};
use crate::{
    app::Options,
    auth::Keys,
    cli::settings::DatabaseSettings,
    identity::{export_roster, import::Format},
};

/// Export a guild's active members and their characters, in the format of `guildhall import`.
#[derive(Args)]
pub(super) struct Export {
    /// The file to write, readable by its owner only. Without it, or with -, standard output.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// Format of the roster.
    ///
    /// Default: the extension of the file's name, otherwise `json`
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
}

impl Export {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let by_extension = self.file.as_deref().and_then(format_of);
        let format = self.format.map(Format::from).or(by_extension).unwrap_or(Format::Json);
        // This command signs no tokens, so it needs no stored keys.
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let guild = app.guilds.find(&app.db, Some(&self.guild)).await?;
        let mut roster = export_roster(&app.access, guild, None, format).await?.data;
        if !roster.ends_with('\n') {
            roster.push('\n');
        }
        write_export(self.file.as_deref(), &roster, self.force, &database.url_or(DEFAULT_DATABASE)?)
    }
}
