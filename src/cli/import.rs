//! `guildhall import`.

use std::{
    io::{IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    offline::offline_app,
    output::{BoxError, say},
};
use crate::{
    app::Options,
    auth::Keys,
    cli::settings::DatabaseSettings,
    identity::{ImportOutcome, import::Format, import_roster},
};

/// What a roster's file is made of, as it is named on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FormatName {
    Csv,
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Csv => Self::Csv,
            FormatName::Json => Self::Json,
        }
    }
}

/// The format that a file's name tells.
pub(super) fn format_of(file: &Path) -> Option<Format> {
    let extension = file.extension()?.to_str()?;
    FormatName::from_str(extension, true).ok().map(Format::from)
}

/// Import a roster.
#[derive(Args)]
pub(super) struct Import {
    /// The roster's file; - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The guild's slug.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// What the file is made of; told by its name, or by how it begins, unless given.
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Import the other rows when some are bad; otherwise nothing is.
    #[arg(long)]
    skip_bad: bool,
}

impl Import {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let mut data = Vec::new();
        let name = self.file.display().to_string();
        if name == "-" {
            std::io::stdin().lock().read_to_end(&mut data)?;
        } else {
            data = std::fs::read(&self.file).map_err(|error| format!("{name}: {error}"))?;
        }
        let format = self.format.map(Format::from).or_else(|| format_of(&self.file));
        let format = format.unwrap_or_else(|| sniffed(&data));
        // Nothing is signed here.
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let guild = app.guilds.find(&app.db, Some(&self.guild)).await?;
        let bar = progress_bar();
        let told = bar.clone();
        let progress = move |written: usize, all: usize| {
            told.set_length(all as u64);
            told.set_position(written as u64);
        };
        let outcome = import_roster(&app.access, guild, None, (format, data), self.skip_bad, progress).await;
        bar.finish_and_clear();
        report(&outcome.map_err(|error| format!("{name}: {error}"))?, &name)
    }
}

/// A list of members is an object; a table begins with the name of a column.
fn sniffed(data: &[u8]) -> Format {
    let data = data.strip_prefix("\u{feff}".as_bytes()).unwrap_or(data);
    if data.trim_ascii_start().starts_with(b"{") { Format::Json } else { Format::Csv }
}

/// A bar on a terminal; nothing elsewhere.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} rows written ({eta} left)");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Says what came of it: bad rows on standard error, one a line, and the sum on standard output.
fn report(imported: &ImportOutcome, name: &str) -> Result<(), BoxError> {
    let mut err = std::io::stderr().lock();
    for column in &imported.unknown_columns {
        writeln!(err, "{name}: the column {column:?} is not understood, and passed over")?;
    }
    for problem in &imported.problems {
        let field = problem.field.map(|field| format!("{field}: ")).unwrap_or_default();
        writeln!(err, "{name}: {}: {field}{}", problem.location, problem.message)?;
    }
    if !imported.imported {
        let (bad, rows) = (imported.left_out, imported.rows);
        return Err(
            format!("{bad} of {rows} rows are bad, so nothing was imported (--skip-bad imports the others)").into()
        );
    }
    say(&format!(
        "{} rows: {} members added, {} changed; {} characters added, {} changed; {} rows unchanged, {} left out\n",
        imported.rows,
        imported.members_added,
        imported.members_changed,
        imported.characters_added,
        imported.characters_changed,
        imported.unchanged,
        imported.left_out,
    ))
}
