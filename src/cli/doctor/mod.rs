//! `guildhall doctor`: the settings and all that they name, checked as they are. Nothing is made, migrated or changed.

mod database;
mod machine;
mod settings;

use std::fmt::Write;

use clap::{Args, CommandFactory, FromArgMatches, builder::Resettable};
use serde::Serialize;

use super::{Cli, Command, DEFAULT_DATABASE, Failure, exit, say, serve::Serve};
use crate::{config::Database, kernel::clock::Clock};

/// Check the settings and all that they name.
///
/// Takes the settings of `serve`; to be run as the user that the server runs as. Exits with 1 when something fails.
#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    serve: Serve,
    /// How many servers there are to be on the database.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    servers: u32,
    /// Also ask Discord whether it takes the bot's token.
    #[arg(long)]
    online: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How something was found.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
enum Level {
    Ok,
    /// The server starts, and something is not as it should be.
    Warn,
    /// The server does not start, or does not do what it is there for.
    Fail,
}

#[derive(Serialize)]
struct Finding {
    level: Level,
    /// What was looked at.
    check: &'static str,
    message: String,
    remedy: Option<String>,
}

/// What was found, in the order it was looked for. No message holds a secret.
#[derive(Default, Serialize)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn ok(&mut self, check: &'static str, message: impl Into<String>) {
        self.findings.push(Finding { level: Level::Ok, check, message: message.into(), remedy: None });
    }

    fn warn(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        let remedy = Some(remedy.into());
        self.findings.push(Finding { level: Level::Warn, check, message: message.into(), remedy });
    }

    fn fail(&mut self, check: &'static str, message: impl Into<String>, remedy: impl Into<String>) {
        let remedy = Some(remedy.into());
        self.findings.push(Finding { level: Level::Fail, check, message: message.into(), remedy });
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        for Finding { level, check, message, remedy } in &self.findings {
            writeln!(text, "{level:<5} {check:<10} {message}")?;
            if let Some(remedy) = remedy {
                writeln!(text, "      {:<10} → {remedy}", "")?;
            }
        }
        Ok(text)
    }
}

impl Doctor {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let (mut report, clock) = (Report::default(), Clock::system());
        let Serve { listen, signing, serving, api, discord } = &self.serve;
        settings::variables(&mut report);
        settings::documents(&mut report, api);
        settings::proxies(&mut report, listen, serving);
        settings::discord(&mut report, discord, &clock, self.online).await;
        machine::address(&mut report, listen).await;
        machine::open_files(&mut report);
        match database.url_or(DEFAULT_DATABASE) {
            Ok(url) => {
                settings::secret(&mut report, signing, &url);
                let wanted = database::Wanted {
                    connections: database.max_connections,
                    servers: self.servers,
                    guild: serving.default_guild.as_deref().filter(|slug| !slug.is_empty()),
                };
                database::check(&mut report, &url, &wanted, &clock).await;
            }
            Err(problem) => {
                report.fail("database", problem, "leave GUILDHALL_DIRECT_URL out, or set DATABASE_URL to PostgreSQL");
            }
        }
        let (failures, warnings) = (report.count(Level::Fail), report.count(Level::Warn));
        say(&if self.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text()? })?;
        match (failures, warnings) {
            (0, _) if self.json => Ok(()),
            (0, 0) => say("All is well.\n"),
            (0, _) => say(&format!("It will do; warnings: {warnings}.\n")),
            _ => Err(format!("not fit to serve; failures: {failures}, warnings: {warnings}").into()),
        }
    }
}

/// The command line once more, after it was not understood: by the doctor without the variables that are to blame, of which
/// it tells with all the rest. For any other command, and for wrong flags, it stays as it was.
pub(super) fn parse_regardless(error: clap::Error) -> Cli {
    if !std::env::args_os().skip(1).any(|argument| argument == "doctor") {
        exit(&Cli::command(), error);
    }
    let without_bad = |argument: clap::Arg| match settings::trouble(&argument) {
        Some(_) => argument.env(Resettable::Reset),
        None => argument,
    };
    let command = Cli::command().mut_args(without_bad).mut_subcommand("doctor", |doctor| doctor.mut_args(without_bad));
    let matches = command.try_get_matches().unwrap_or_else(|error| exit(&Cli::command(), error));
    match Cli::from_arg_matches(&matches) {
        Ok(cli) if matches!(cli.command, Command::Doctor(_)) => cli,
        _ => exit(&Cli::command(), error),
    }
}
