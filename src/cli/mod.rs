//! The command line: one file per command, and the settings.

pub mod api_settings;
mod backup;
mod bootstrap;
mod codes;
mod database;
pub mod demo;
mod doctor;
pub mod env_file;
mod export;
mod guild_file;
mod guilds;
mod health;
mod import;
mod log;
mod manual;
mod migrate;
mod offline;
mod open_databases;
mod output;
mod personal_data;
mod program;
mod recount;
mod restore;
mod serve;
pub mod settings;
mod settings_page;
mod signals;
mod site;
mod systemd;
mod token;
mod variables;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use self::{
    output::BoxError,
    program::{launch, parse},
};
use self::{output::print, settings::DatabaseSettings, settings_page::settings_page, signals::unless_stopped};
use crate::{api::Graph, http::WebFiles};

/// The server of a gaming guild's site: roster, ranks, votes and live tallies over GraphQL.
///
/// A setting can be given by its flag, by its environment variable, or in a .env file in the working directory. Times
/// are written like 90s, 15m, 12h or 30d.
#[derive(Parser)]
#[command(name = "guildhall", version, propagate_version = true, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the guilds of a database. Creates and migrates the database if needed.
    Serve(serve::Serve),
    /// Serve a sample guild on a new database, to try things out.
    Demo(demo::Demo),
    /// Create a guild and its leader, and print the leader's invite code.
    Bootstrap(bootstrap::Bootstrap),
    /// List, create, suspend, resume, export, import and delete guilds.
    Guilds(guilds::Guilds),
    /// Issue invite codes, and print a line `username code` for each.
    Invite(codes::Invite),
    /// Issue a code with which a registered member chooses a new password, and print it.
    ResetCode(codes::ResetCode),
    /// Import a roster from CSV or JSON, all of it or nothing. Importing the same file again changes nothing.
    Import(import::Import),
    /// Export a roster as CSV or JSON, in the format of import.
    Export(export::Export),
    /// Export everything that is kept about a member, as JSON.
    ExportMember(personal_data::ExportMember),
    /// Replace a member's names, ids and account with placeholders. Ballots, results and receipts stay valid.
    ///
    /// Members can also be erased by an officer, with the mutation `eraseMember`.
    EraseMember(personal_data::EraseMember),
    /// Recount the ballots of a closed vote, and compare the count with the stored result.
    Recount(recount::Recount),
    /// Verify a published ballot box: each ballot by its receipt, and the result by a recount.
    Verify(verify::Verify),
    /// Mint access tokens for active members, and print a line `username token` for each.
    Token(token::Token),
    /// Copy the SQLite database in its current state, and its signing key. A server may be running.
    ///
    /// The copy is checked and written to disk before it gets its name.
    Backup(backup::Backup),
    /// Restore the SQLite database and its signing key from a backup. No server may be running.
    ///
    /// The command checks and migrates a copy of the backup, then replaces the database with it. FILE is not changed,
    /// and until the replacement neither is the former database.
    Restore(restore::Restore),
    /// Migrate the database to the newest schema, or copy it from SQLite to PostgreSQL.
    Migrate(migrate::Migrate),
    /// Print the GraphQL schema.
    Schema,
    /// Print the reference of all settings, in Markdown.
    Settings,
    /// Check the settings and everything they refer to, and report what to do. Changes nothing.
    Doctor(doctor::Doctor),
    /// Check whether a server is ready. Exits with 0 if it is, otherwise with 1.
    Health(health::Health),
    /// Print completions for a shell.
    Completions(manual::Completions),
    /// Print the man page, or write the man pages of all commands into a directory.
    Man(manual::Man),
}

/// The definition of the command line.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that the process was started with. `web` has the pages of a server.
pub fn main(web: WebFiles) -> ExitCode {
    launch(
        || {
            Cli::try_parse().unwrap_or_else(|error| {
                doctor::parse_without_invalid_variables(error, |cli: &Cli| matches!(cli.command, Command::Doctor(_)))
            })
        },
        |cli| run(cli, web),
    )
}

async fn run(cli: Cli, web: WebFiles) -> Result<(), BoxError> {
    let database = cli.database;
    // The doctor reports them with its other findings.
    if !matches!(cli.command, Command::Doctor(_)) {
        variables::warn_of_unknown(&command());
    }
    let result = match cli.command {
        Command::Serve(serve) => Box::pin(serve.run(&database, &web)).await,
        Command::Demo(demo) => demo.run(&database, &web).await,
        command => Box::pin(unless_stopped(run_offline(command, &database))).await,
    };
    database.opened.close().await;
    result
}

/// Runs a command that serves nothing.
async fn run_offline(command: Command, database: &DatabaseSettings) -> Result<(), BoxError> {
    match command {
        Command::Serve(_) | Command::Demo(_) => Ok(()),
        Command::Bootstrap(bootstrap) => bootstrap.run(database).await,
        Command::Guilds(guilds) => guilds.run(database).await,
        Command::Invite(invite) => invite.run(database).await,
        Command::ResetCode(reset) => reset.run(database).await,
        Command::Import(import) => import.run(database).await,
        Command::Export(export) => export.run(database).await,
        Command::ExportMember(export) => export.run(database).await,
        Command::EraseMember(erase) => erase.run(database).await,
        Command::Recount(recount) => recount.run(database).await,
        Command::Verify(verify) => verify.run(),
        Command::Token(token) => token.run(database).await,
        Command::Backup(backup) => backup.run(database),
        Command::Restore(restore) => restore.run(database),
        Command::Migrate(migrate) => migrate.run(database).await,
        Command::Schema => print(&Graph::new()?.sdl()),
        Command::Settings => print(&settings_page(&self::command())?),
        Command::Doctor(doctor) => doctor.run(database, self::command()).await,
        Command::Health(health) => health.run().await,
        Command::Completions(completions) => completions.run(self::command()),
        Command::Man(man) => man.run(self::command()),
    }
}
