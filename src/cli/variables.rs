//! The environment variables that the command line reads.

use std::{collections::BTreeSet, env};

use clap::Command;

/// Variables that only the build reads.
const BUILD_VARIABLES: [&str; 2] = ["GUILDHALL_SKIP_WEB", "GUILDHALL_WEB"];

/// Returns the variables that begin like Guildhall's but aren't known, each with the known one that is most similar.
pub(super) fn unknown(cli: &Command) -> Vec<(String, Option<String>)> {
    let known = known(cli);
    let is_unknown = |name: &String| {
        name.starts_with("GUILDHALL_") && !known.contains(name) && !BUILD_VARIABLES.contains(&name.as_str())
    };
    let names = env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).filter(is_unknown);
    names.map(|name| (name.clone(), most_similar(&name, &known).cloned())).collect()
}

/// Logs a warning of each unknown variable.
pub(super) fn warn_of_unknown(cli: &Command) {
    for (name, similar) in unknown(cli) {
        let hint = similar.map(|meant| format!(": did you mean {meant}?")).unwrap_or_default();
        tracing::warn!("{name} is not a known variable and has no effect{hint}");
    }
}

fn known(cli: &Command) -> BTreeSet<String> {
    let own = cli.get_arguments().filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()));
    own.chain(cli.get_subcommands().flat_map(known)).collect()
}

/// The known variable with the most similar name, if there is one.
fn most_similar<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a String> {
    let bare = |name: &str| name.trim_start_matches("GUILDHALL_").to_owned();
    let distance = |other: &String| strsim::damerau_levenshtein(&bare(name), &bare(other));
    known.iter().min_by_key(|other| distance(other)).filter(|other| distance(other) * 3 <= bare(name).len())
}
