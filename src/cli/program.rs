//! How a program starts: `.env`, the command line, the runtime, the log and the traces.

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

/// Runs a program: reads `.env`, parses the command line, and runs the command on a multi-threaded runtime, with the log and
/// the traces set up. The benchmarks are started the same way, so that they and the server share their settings.
pub fn launch<C, F>(parse: impl FnOnce() -> C, run: impl FnOnce(C) -> F) -> ExitCode
where
    F: Future<Output = Result<(), BoxError>>,
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
pub(super) fn exit(command: &clap::Command, mut error: clap::Error) -> ! {
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
