//! Starts a program: `.env`, the command line, the runtime, the log and the traces.

use std::{io::Write, process::ExitCode, time::Duration};

use clap::{
    Arg, Parser,
    error::{ContextKind, ContextValue},
};

use super::{env_file, log, output::BoxError};

/// How long the end of a program waits for work on other threads.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

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
    if let Err(error) = env_file::load() {
        return fail(&error);
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
    // Cancels the tasks that still run, and waits for transactions in progress on SQLite.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
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
