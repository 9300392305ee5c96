//! `guildhall completions` and `guildhall man`.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::output::{BoxError, print};

/// Print completions for a shell.
#[derive(Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut cli: Command) -> Result<(), BoxError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli, "guildhall", &mut script);
        print(&String::from_utf8(script)?)
    }
}

/// Print the man page guildhall(1).
#[derive(Args)]
pub(super) struct Man {
    /// Instead, write it and a page for each command, such as guildhall-serve(1), into this directory.
    directory: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, cli: Command) -> Result<(), BoxError> {
        let Some(directory) = self.directory else {
            let mut command = cli.disable_help_subcommand(true);
            command.build();
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            return print(&String::from_utf8(page)?);
        };
        let write_error = |error| format!("cannot write into {}: {error}", directory.display());
        std::fs::create_dir_all(&directory).map_err(write_error)?;
        Ok(clap_mangen::generate_to(cli, &directory).map_err(write_error)?)
    }
}
