//! Starts a program: `.env`, the command line, the runtime, the log and the traces.

use std::{fs, io::Write, process::ExitCode};

use clap::{
    Arg, Parser,
    error::{ContextKind, ContextValue},
};

use super::{log, output::BoxError};

/// Parses the command line of a program. If it is wrong, prints the error without the values of secrets, and exits.
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| exit(&C::command(), error))
}

/// Runs a program: reads `.env`, parses the command line, sets up the log and the traces, and runs the command on a
/// multi-threaded runtime. The benchmarks use it too, so that they share the settings of the server.
pub fn launch<C, F>(parse: impl FnOnce() -> C, run: impl FnOnce(C) -> F) -> ExitCode
where
    F: Future<Output = Result<(), BoxError>>,
{
    // A variable cannot contain NUL: setting one would panic with a message that shows the value.
    if fs::read(".env").is_ok_and(|text| text.contains(&0)) {
        return fail(&".env: there is a NUL byte in it");
    }
    // A missing file is fine, a malformed one is not.
    if let Err(error) = dotenvy::from_path(".env")
        && !error.not_found()
    {
        return fail(&describe_env_file_error(error));
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
    traces.shutdown();
    // Cancels the tasks that still run.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Describes an error in `.env` without quoting the file, which contains secrets.
fn describe_env_file_error(error: dotenvy::Error) -> String {
    let dotenvy::Error::LineParse(wrong, _) = error else { return format!(".env: {error}") };
    let start = wrong.lines().next().unwrap_or_default();
    let text = fs::read_to_string(".env").unwrap_or_default();
    let line = text.lines().position(|line| line.contains(start)).map_or(1, |before| before + 1);
    format!(".env, line {line}: expected NAME=VALUE, and NAME='VALUE' if the value has spaces or quotes in it")
}

/// Prints an error of the command line or its variables, and exits. Hides the values of secrets: otherwise each attempt
/// to start would write them to the log.
pub(super) fn exit(command: &clap::Command, mut error: clap::Error) -> ! {
    if let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg)
        && is_secret(command, named)
        && error.get(ContextKind::InvalidValue).is_some_and(|value| !value.to_string().is_empty())
    {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error.exit()
}

/// Whether the argument that an error names (`--flag <VALUE>`) is a secret: the help does not show its value either.
fn is_secret(command: &clap::Command, named: &str) -> bool {
    let flag = named.strip_prefix("--").and_then(|named| named.split(' ').next());
    let matches = |argument: &Arg| argument.is_hide_env_values_set() && argument.get_long() == flag;
    command.get_arguments().any(matches) || command.get_subcommands().any(|command| is_secret(command, named))
}

fn fail(error: &impl std::fmt::Display) -> ExitCode {
    // If standard error is closed, there is nowhere to report it.
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
