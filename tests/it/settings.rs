//! The settings as they are documented.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use clap::{Arg, Command, builder::Resettable};

use crate::support::process::{run, stdout};

fn committed(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The flags of all commands.
fn flags() -> Vec<Arg> {
    let cli = guildhall::cli::command();
    let of_commands = cli.get_subcommands().flat_map(Command::get_arguments);
    cli.get_arguments().chain(of_commands).filter(|argument| argument.get_long().is_some()).cloned().collect()
}

#[test]
fn the_committed_page_is_fresh() {
    let page = stdout(&run(tempfile::tempdir().unwrap().path(), &["settings"]));
    assert!(
        committed("docs/settings.md") == page,
        "docs/settings.md is stale: run `cargo run -- settings > docs/settings.md`"
    );
}

#[test]
fn the_example_of_an_env_file_has_every_variable_and_its_default() {
    let example = committed(".env.example");
    let settings: BTreeMap<&str, &str> = example
        .lines()
        .filter_map(|line| line.strip_prefix("# ")?.split_once('='))
        .filter(|it| !it.0.contains(' '))
        .collect();
    let mut variables = vec!["RUST_LOG".to_owned()];
    for flag in flags() {
        let Some(variable) = flag.get_env().map(|name| name.to_str().unwrap()) else { continue };
        variables.push(variable.to_owned());
        let Some(value) = settings.get(variable) else { panic!("{variable} is missing in .env.example") };
        let default = flag.get_default_values().first().map(|value| value.to_str().unwrap());
        let help = flag.get_long_help().map(ToString::to_string).unwrap_or_default();
        let is_default = default.map_or(value.is_empty() || help.contains(value), |default| default == *value);
        assert!(is_default, "{variable}={value} in .env.example is not the default");
    }
    let unknown: Vec<_> = settings.keys().filter(|name| !variables.iter().any(|it| it == *name)).collect();
    assert!(unknown.is_empty(), "no flag reads {unknown:?} of .env.example");
}

#[test]
fn help_texts_state_the_limits_of_numbers() {
    let mut limited = 0;
    for flag in flags().into_iter().filter(|flag| flag.get_action().takes_values()) {
        let name = flag.get_long().unwrap().to_owned();
        let help = flag.get_help().unwrap().to_string();
        let only_flag = flag.env(Resettable::Reset).long("value").required(false);
        let command = Command::new("guildhall").no_binary_name(true).arg(only_flag);
        let Err(error) = command.try_get_matches_from([format!("--value={}", i64::MAX)]) else { continue };
        let problem = error.source().map(ToString::to_string).unwrap_or_default();
        let Some((_, range)) = problem.split_once(" is not in ") else { continue };
        let (from, to) = range.split_once("..=").unwrap();
        if to.parse() == Ok(u32::MAX) {
            continue;
        }
        let expected = format!("{from} to {}", with_separators(to));
        assert!(help.contains(&expected), "the help of --{name} must contain {expected:?}: {help}");
        limited += 1;
    }
    assert!(limited >= 4, "{limited}");
}

/// A number with a comma before each three digits.
fn with_separators(number: &str) -> String {
    let groups: Vec<String> =
        number.as_bytes().rchunks(3).rev().map(|it| String::from_utf8_lossy(it).into_owned()).collect();
    groups.join(",")
}
