//! `guildhall import`.

use std::{
    io::{IsTerminal, Read, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    offline::offline_app,
    output::{BoxError, print},
};
use crate::{
    app::Options,
    auth::Keys,
    cli::settings::DatabaseSettings,
    identity::{ImportOptions, ImportOutcome, import::Format, import_roster},
    kernel::encoding,
};

/// The format of a roster's file, as the command line names it.
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

/// The format that the extension of a file's name gives.
pub(super) fn format_of(file: &Path) -> Option<Format> {
    let extension = file.extension()?.to_str()?;
    FormatName::from_str(extension, true).ok().map(Format::from)
}

/// Import a roster.
#[derive(Args)]
pub(super) struct Import {
    /// The file with the roster; - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// Format of the roster.
    ///
    /// Default: the extension of the file's name, otherwise detected from the content
    #[arg(long, value_name = "FORMAT")]
    format: Option<FormatName>,
    /// Import the valid rows even if others are invalid. Without this flag, one invalid row prevents the import.
    #[arg(long)]
    skip_bad: bool,
    /// Import nothing, and only report what an import would do.
    #[arg(long)]
    dry_run: bool,
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
        let format = format.unwrap_or_else(|| detect_format(&data));
        // This command signs no tokens, so it needs no stored keys.
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let guild = app.guilds.find(&app.db, Some(&self.guild)).await?;
        let bar = new_progress_bar();
        let progress_bar = bar.clone();
        let progress = move |written: usize, all: usize| {
            progress_bar.set_length(all as u64);
            progress_bar.set_position(written as u64);
        };
        let options = ImportOptions { skip_bad: self.skip_bad, dry_run: self.dry_run };
        let outcome = import_roster(&app.access, guild, None, (format, data), options, progress).await;
        bar.finish_and_clear();
        report(&outcome.map_err(|error| format!("{name}: {error}"))?, options, &name)
    }
}

/// Detects the format: JSON starts with an object, CSV with the name of a column.
fn detect_format(data: &[u8]) -> Format {
    let text = encoding::decode(data).unwrap_or_default();
    if text.trim_start().starts_with('{') { Format::Json } else { Format::Csv }
}

/// A progress bar, hidden if standard error is not a terminal.
fn new_progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} rows written ({eta} left)");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Prints the outcome: invalid rows on standard error, one per line, and totals on standard output.
fn report(imported: &ImportOutcome, options: ImportOptions, name: &str) -> Result<(), BoxError> {
    let mut err = std::io::stderr().lock();
    for column in &imported.unknown_columns {
        writeln!(err, "{name}: unknown column {column:?}, ignored")?;
    }
    for problem in &imported.problems {
        let field = problem.field.map(|field| format!("{field}: ")).unwrap_or_default();
        writeln!(err, "{name}: {}: {field}{}", problem.location, problem.message)?;
    }
    if !imported.problems.is_empty() && !options.skip_bad {
        let (bad, rows) = (imported.left_out, imported.rows);
        return Err(format!(
            "{bad} of {rows} rows are invalid, so nothing was imported (--skip-bad imports the others)"
        )
        .into());
    }
    let dry_run = if options.dry_run { "dry run, nothing was imported: " } else { "" };
    print(&format!(
        "{dry_run}{} rows: {} members added, {} changed; {} characters added, {} changed; {} rows unchanged, \
         {} left out\n",
        imported.rows,
        imported.members_added,
        imported.members_changed,
        imported.characters_added,
        imported.characters_changed,
        imported.unchanged,
        imported.left_out,
    ))
}
