//! `guildhall doctor`: the settings and all that they name, checked as they are. Nothing is made, migrated or changed.

mod database;
mod machine;
mod report;
mod settings;

use clap::{Args, Command, Parser, builder::Resettable};

use self::report::{DoctorReport, Level};
use super::{
    offline::DEFAULT_DATABASE,
    output::{BoxError, say},
    program::exit,
    serve::Serve,
};
use crate::{cli::settings::DatabaseSettings, kernel::clock::Clock};

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

impl Doctor {
    pub(super) async fn run(self, database: &DatabaseSettings, cli: Command) -> Result<(), BoxError> {
        let (mut report, clock) = (DoctorReport::default(), Clock::system());
        let Serve { listen, signing, serving, api, discord } = &self.serve;
        settings::variables(&mut report, &cli);
        settings::documents(&mut report, api);
        settings::proxies(&mut report, listen, serving);
        settings::discord(&mut report, discord, &clock, self.online).await;
        machine::address(&mut report, listen).await;
        machine::open_files(&mut report);
        match database.url_or(DEFAULT_DATABASE) {
            Ok(url) => {
                settings::secret(&mut report, signing, &url);
                let required = database::Requirements {
                    connections: database.max_connections,
                    servers: self.servers,
                    guild: serving.default_guild.as_deref().filter(|slug| !slug.is_empty()),
                };
                database::check(&mut report, &url, &required, &clock).await;
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

/// Parses the command line again after an error. The doctor drops the variables at fault, because it reports them with the
/// rest; any other command, and wrong flags, keep their error.
pub(super) fn parse_regardless<C: Parser>(error: clap::Error, is_doctor: impl Fn(&C) -> bool) -> C {
    if !std::env::args_os().skip(1).any(|argument| argument == "doctor") {
        exit(&C::command(), error);
    }
    let without_bad = |argument: clap::Arg| match settings::trouble(&argument) {
        Some(_) => argument.env(Resettable::Reset),
        None => argument,
    };
    let command = C::command().mut_args(without_bad).mut_subcommand("doctor", |doctor| doctor.mut_args(without_bad));
    let matches = command.try_get_matches().unwrap_or_else(|error| exit(&C::command(), error));
    match C::from_arg_matches(&matches) {
        Ok(cli) if is_doctor(&cli) => cli,
        _ => exit(&C::command(), error),
    }
}
