//! The command line: a file a command.

mod backup;
mod bootstrap;
pub mod demo;
mod doctor;
mod export;
mod health;
mod import;
mod log;
mod manual;
mod migrate;
mod recount;
mod restore;
mod serve;
mod token;
mod verify;

use std::{fs, io::Write, process::ExitCode};

use clap::{
    Arg, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

use crate::{
    api::Graph,
    app::{App, Options},
    auth::{Hasher, Keys},
    config::Database,
    db::Db,
    kernel::clock::Clock,
};

/// Where a server keeps its data unless told otherwise.
const DEFAULT_DATABASE: &str = "sqlite://guildhall.db";

/// Why a command failed: a sentence for the operator.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The server behind a gaming guild's site: roster, ranks, votes and live tallies over GraphQL.
///
/// Every setting can be given by its flag or its variable; a .env file in the working directory is read.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the guilds of a database, making and migrating it as needed.
    Serve(serve::Serve),
    /// Serve a filled guild on a fresh database, to try things out.
    Demo(demo::Demo),
    /// Make a guild and its leader, and print the leader's invite code.
    Bootstrap(bootstrap::Bootstrap),
    /// Import a roster from CSV or JSON: all of it or nothing. Importing it again changes nothing.
    Import(import::Import),
    /// Write a roster as CSV or JSON, as import takes it.
    Export(export::Export),
    /// Count the ballots of a vote that is over anew, and hold the stored result against it.
    Recount(recount::Recount),
    /// Check a published ballot box: every ballot against its receipt, and the result against a recount.
    Verify(verify::Verify),
    /// Mint access tokens for active members, a `username token` line each.
    Token(token::Token),
    /// Copy the SQLite database as it is at this moment, and its signing key; a server may be running.
    ///
    /// The copy gets its name once it is complete, on the disk and checked.
    Backup(backup::Backup),
    /// Make a backup the SQLite database again, and its signing key; no server may be running.
    ///
    /// The backup is checked and brought to the newest schema, as a copy: FILE stays as it is, and until that copy is in its
    /// place, so does the former database.
    Restore(restore::Restore),
    /// Bring the database to the newest schema, or copy it from SQLite to PostgreSQL.
    Migrate(migrate::Migrate),
    /// Print the GraphQL schema.
    Schema,
    /// Check the settings and all that they name, and say how to mend what is wrong. Nothing is made or changed.
    Doctor(doctor::Doctor),
    /// Ask a server whether it is ready: exits with 0 or 1.
    Health(health::Health),
    /// Print completions for a shell.
    Completions(manual::Completions),
    /// Print the man page, or write those of all commands into a directory.
    Man(manual::Man),
}

/// Runs the command the process was started with.
pub fn main() -> ExitCode {
    launch(|| Cli::try_parse().unwrap_or_else(doctor::parse_regardless), run)
}

/// Parses the command line of a program. If it is wrong, prints the error without the values of secrets, and exits.
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| exit(&C::command(), error))
}

/// Runs a program: reads `.env`, parses the command line, and runs the command on a multi-threaded runtime, with the log and
/// the traces set up. The benchmarks are started the same way, so that they and the server share their settings.
pub fn launch<C, F>(parse: impl FnOnce() -> C, run: impl FnOnce(C) -> F) -> ExitCode
where
    F: Future<Output = Result<(), Failure>>,
{
    // What no variable can hold would end in a panic that shows it.
    if fs::read(".env").is_ok_and(|text| text.contains(&0)) {
        return fail(&".env: there is a NUL byte in it");
    }
    // Absent is fine; a file that is there and not understood is not.
    if let Err(error) = dotenvy::from_path(".env")
        && !error.not_found()
    {
        return fail(&wrong_in_env_file(error));
    }
    let cli = parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let traces = match log::start(runtime.handle()) {
        Ok(traces) => traces,
        Err(error) => return fail(&error),
    };
    let outcome = runtime.block_on(run(cli));
    traces.end();
    // Whatever is still open is cut off here.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { database, command } = cli;
    match command {
        Command::Serve(serve) => serve.run(&database).await,
        Command::Demo(demo) => demo.run(&database).await,
        Command::Bootstrap(bootstrap) => bootstrap.run(&database).await,
        Command::Import(import) => import.run(&database).await,
        Command::Export(export) => export.run(&database).await,
        Command::Recount(recount) => recount.run(&database).await,
        Command::Verify(verify) => verify.run(),
        Command::Token(token) => token.run(&database).await,
        Command::Backup(backup) => backup.run(&database),
        Command::Restore(restore) => restore.run(&database),
        Command::Migrate(migrate) => migrate.run(&database).await,
        Command::Schema => say(&Graph::new()?.sdl()),
        Command::Doctor(doctor) => doctor.run(&database).await,
        Command::Health(health) => health.run().await,
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    }
}

/// An app for a command that serves nobody.
async fn offline_app(database: &Database, keys: Keys, options: Options) -> Result<App, Failure> {
    let db = Db::open(&database.url_or(DEFAULT_DATABASE)?, database.max_connections).await?;
    // A server may be running beside it.
    let options = Options { has_peers: Some(true), ..options };
    Ok(App::with(db, Clock::system(), keys, Hasher::owasp()?, options))
}

/// Prints to standard output, where a closed pipe is an error like any other.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Sentences, a line each, and no more than a screen of them.
fn listed(sentences: &[String]) -> String {
    const MOST: usize = 20;
    let shown = sentences.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join("\n");
    match sentences.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown}\nand {more} more"),
    }
}

/// What is wrong with `.env`, without a word of it: it holds secrets.
fn wrong_in_env_file(error: dotenvy::Error) -> String {
    let dotenvy::Error::LineParse(wrong, _) = error else { return format!(".env: {error}") };
    let start = wrong.lines().next().unwrap_or_default();
    let text = fs::read_to_string(".env").unwrap_or_default();
    let line = text.lines().position(|line| line.contains(start)).map_or(1, |before| before + 1);
    format!(".env, line {line}: expected NAME=VALUE, and NAME='VALUE' if the value has spaces or quotes in it")
}

/// Ends with what is wrong with the command line or its variables. Of what may be secret it does not show the value: it would
/// stand in the log of each attempt to start.
fn exit(command: &clap::Command, mut error: clap::Error) -> ! {
    if let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg)
        && is_secret(command, named)
        && error.get(ContextKind::InvalidValue).is_some_and(|value| !value.to_string().is_empty())
    {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error.exit()
}

/// Whether an argument, as an error names it (`--flag <VALUE>`), is one whose value is not shown in the help either.
fn is_secret(command: &clap::Command, named: &str) -> bool {
    let flag = named.strip_prefix("--").and_then(|named| named.split(' ').next());
    let is_it = |argument: &Arg| argument.is_hide_env_values_set() && argument.get_long() == flag;
    command.get_arguments().any(is_it) || command.get_subcommands().any(|command| is_secret(command, named))
}

fn fail(error: &impl std::fmt::Display) -> ExitCode {
    // There is nowhere to report that standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
