//! `guildhall doctor`: checks the settings and everything they refer to. It creates, migrates and changes nothing.

mod database;
mod machine;
mod names;
mod report;
mod settings;

use clap::{Args, Command, Parser, builder::Resettable};

use self::report::{DoctorReport, Level};
use super::{
    offline::DEFAULT_DATABASE,
    output::{BoxError, print},
    program::exit,
    serve::Serve,
};
use crate::{cli::settings::DatabaseSettings, kernel::clock::Clock};

/// Check the settings and everything they refer to.
///
/// Takes the settings of `serve`. Run it as the server's user, in the server's working directory. Exits with 1 if a
/// check fails.
#[derive(Args)]
pub(super) struct Doctor {
    /// Number of servers that will share the database: 1 to 1,000.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    servers: u32,
    /// Also check with Discord whether it accepts the bot's token.
    #[arg(long)]
    online: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    // Last, because its help headings would apply to the flags after it.
    #[command(flatten)]
    serve: Serve,
}

impl Doctor {
    pub(super) async fn run(self, database: &DatabaseSettings, cli: Command) -> Result<(), BoxError> {
        let (mut report, clock) = (DoctorReport::default(), Clock::system());
        let Serve { listen, http, signing, accounts: _, retention: _, api, discord } = &self.serve;
        settings::site(&mut report, listen, http);
        settings::variables(&mut report, &cli);
        settings::documents(&mut report, api);
        settings::proxies(&mut report, listen, http);
        settings::discord(&mut report, discord, &clock, self.online).await;
        machine::address(&mut report, listen).await;
        machine::open_files(&mut report);
        match database.url_or(DEFAULT_DATABASE) {
            Ok(url) => {
                settings::secret(&mut report, signing, &url);
                let required = database::Requirements {
                    connections: database.max_connections,
                    servers: self.servers,
                    guild: http.default_guild.as_deref().filter(|slug| !slug.is_empty()),
                };
                database::check(&mut report, &url, &required, &clock).await;
            }
            Err(problem) => {
                report.fail("database", problem, "leave GUILDHALL_DIRECT_URL out, or set DATABASE_URL to PostgreSQL");
            }
        }
        let (failures, warnings) = (report.count(Level::Fail), report.count(Level::Warn));
        print(&if self.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.text()? })?;
        match (failures, warnings) {
            (0, _) if self.json => Ok(()),
            (0, 0) => print("All is well.\n"),
            (0, _) => print(&format!("The server can start; warnings: {warnings}.\n")),
            _ => Err(format!("the server cannot run like this; failures: {failures}, warnings: {warnings}").into()),
        }
    }
}

/// Parses the command line again after an error. For the doctor, ignores invalid variables, because the doctor reports
/// them with its other findings. Wrong flags and all other commands keep their error.
pub(super) fn parse_without_invalid_variables<C: Parser>(error: clap::Error, is_doctor: impl Fn(&C) -> bool) -> C {
    if !std::env::args_os().skip(1).any(|argument| argument == "doctor") {
        exit(&C::command(), error);
    }
    let without_invalid = |argument: clap::Arg| match settings::value_error(&argument) {
        Some(_) => argument.env(Resettable::Reset),
        None => argument,
    };
    let command =
        C::command().mut_args(without_invalid).mut_subcommand("doctor", |doctor| doctor.mut_args(without_invalid));
    let matches = command.try_get_matches().unwrap_or_else(|error| exit(&C::command(), error));
    match C::from_arg_matches(&matches) {
        Ok(cli) if is_doctor(&cli) => cli,
        _ => exit(&C::command(), error),
    }
}
