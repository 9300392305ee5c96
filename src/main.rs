//! The `guildhall` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    guildhall::cli::main()
}
