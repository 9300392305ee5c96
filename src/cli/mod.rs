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
mod offline;
mod output;
mod program;
mod recount;
mod restore;
mod serve;
pub mod settings;
mod token;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use self::{
    output::BoxError,
    program::{launch, parse},
};
use self::{output::say, settings::DatabaseSettings};
use crate::api::Graph;

/// The server behind a gaming guild's site: roster, ranks, votes and live tallies over GraphQL.
///
/// Every setting can be given by its flag or its variable; a .env file in the working directory is read.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    database: DatabaseSettings,
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
    launch(
        || {
            Cli::try_parse().unwrap_or_else(|error| {
                doctor::parse_regardless(error, |cli: &Cli| matches!(cli.command, Command::Doctor(_)))
            })
        },
        run,
    )
}

async fn run(cli: Cli) -> Result<(), BoxError> {
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
        Command::Doctor(doctor) => doctor.run(&database, Cli::command()).await,
        Command::Health(health) => health.run().await,
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
    }
}
