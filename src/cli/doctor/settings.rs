//! What can be said of the settings by themselves.

use std::{
    collections::BTreeSet, env, error::Error, ffi::OsString, fs, net::IpAddr, os::unix::fs::PermissionsExt, path::Path,
};

use clap::{
    Arg, Command,
    builder::Resettable,
    error::{ContextKind, ContextValue},
};

use super::report::DoctorReport;
use crate::{
    api::Graph,
    auth::MIN_SECRET,
    cli::settings::{DiscordSettings, Listen, PublicApi, Serving, Signing},
    db::DatabaseUrl,
    kernel::clock::Clock,
};

/// Variables that are read by the build alone.
const OF_THE_BUILD: [&str; 2] = ["GUILDHALL_SKIP_CONSOLE", "GUILDHALL_CONSOLE"];

const MAKE_A_SECRET: &str =
    "set GUILDHALL_JWT_SECRET to what `openssl rand -base64 48` prints, the same on all servers";

/// Variables that are not understood, that are empty, or that nothing reads.
pub(super) fn variables(report: &mut DoctorReport, cli: &Command) {
    const CHECK: &str = "settings";
    const LEAVE_IT_OUT: &str = "leave it out, or give it a value: an empty variable is not a default";
    let before = report.findings.len();
    let doctors = cli.find_subcommand("doctor").into_iter().flat_map(Command::get_arguments);
    for argument in cli.get_arguments().chain(doctors) {
        let Some(variable) = argument.get_env().map(|name| name.to_string_lossy()) else { continue };
        let is_empty = env::var_os(&*variable).is_some_and(|value| value.is_empty());
        match (trouble(argument), is_empty) {
            (None, false) => {}
            // What may be empty is then as good as not given.
            (None, true) => report.warn(CHECK, format!("{variable} is empty"), LEAVE_IT_OUT),
            (Some(_), true) => report.fail(CHECK, format!("{variable} is empty"), LEAVE_IT_OUT),
            (Some(problem), false) => {
                let meaning = argument.get_help().map(ToString::to_string).unwrap_or_default();
                report.fail(CHECK, format!("{variable} is not understood: {problem}"), format!("it means: {meaning}"));
            }
        }
    }
    let known = known_variables(cli);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if !name.starts_with("GUILDHALL_") || known.contains(&*name) || OF_THE_BUILD.contains(&&*name) {
            continue;
        }
        let remedy = match nearest(&name, &known) {
            Some(meant) => format!("{meant} may be meant"),
            None => "remove it; `guildhall help serve` lists what is read".to_owned(),
        };
        report.warn(CHECK, format!("{name} is read by nothing"), remedy);
    }
    if let Ok(file) = fs::metadata(".env")
        && file.permissions().mode() & 0o007 != 0
    {
        report.warn(CHECK, ".env can be read by anyone on this machine", "chmod 600 .env");
    }
    if report.findings.len() == before {
        report.ok(CHECK, "every variable is understood");
    }
}

/// What is wrong with the value of an argument's variable, without the value: it may be secret.
pub(super) fn trouble(argument: &Arg) -> Option<String> {
    let mut value = OsString::from("--value=");
    value.push(env::var_os(argument.get_env()?)?);
    let alone = argument.clone().env(Resettable::Reset).long("value").required(false);
    let parsed = Command::new("guildhall").no_binary_name(true).arg(alone).try_get_matches_from([value]);
    let error = parsed.err()?;
    Some(match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(values))) => format!("expected {}", values.join(" or ")),
        _ => error.kind().to_string(),
    })
}

fn known_variables(cli: &Command) -> BTreeSet<String> {
    let of_this = cli.get_arguments().filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned()));
    of_this.chain(cli.get_subcommands().flat_map(known_variables)).collect()
}

/// The variable whose name is most like this one, if any is.
fn nearest<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a String> {
    let bare = |name: &str| name.trim_start_matches("GUILDHALL_").to_owned();
    let distance = |other: &String| strsim::damerau_levenshtein(&bare(name), &bare(other));
    known.iter().min_by_key(|other| distance(other)).filter(|other| distance(other) * 3 <= bare(name).len())
}

/// What signs access tokens.
pub(super) fn secret(report: &mut DoctorReport, signing: &Signing, database: &DatabaseUrl) {
    const CHECK: &str = "secret";
    match (&signing.jwt_secret, database.file()) {
        (Some(secret), _) if secret.len() < MIN_SECRET => {
            report.fail(CHECK, format!("GUILDHALL_JWT_SECRET has fewer than {MIN_SECRET} bytes"), MAKE_A_SECRET);
        }
        (Some(secret), _) if is_guessable(secret) => {
            report.fail(
                CHECK,
                "GUILDHALL_JWT_SECRET looks like an example: whoever guesses it is whom they like",
                MAKE_A_SECRET,
            );
        }
        (Some(_), _) => report.ok(CHECK, "GUILDHALL_JWT_SECRET is long enough"),
        (None, Some(file)) => {
            let mut key = file.clone().into_os_string();
            key.push(".key");
            key_file(report, key.as_ref(), file.exists());
        }
        (None, None) => report.fail(CHECK, "GUILDHALL_JWT_SECRET is needed on PostgreSQL", MAKE_A_SECRET),
    }
}

fn key_file(report: &mut DoctorReport, file: &Path, has_data: bool) {
    const CHECK: &str = "secret";
    let name = file.display();
    match fs::metadata(file) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let message = format!("{name} can be read by others than its owner");
            report.fail(
                CHECK,
                message,
                format!("chmod 600 {name}; if others have read it, remove it: everyone signs in again"),
            );
        }
        Ok(found) if found.len() < MIN_SECRET as u64 => {
            let message = format!("{name} holds fewer than {MIN_SECRET} bytes");
            report.fail(
                CHECK,
                message,
                "restore it from a backup, or remove it: a new one is made, and everyone signs in again",
            );
        }
        Ok(_) => match fs::File::open(file) {
            Ok(_) => report.ok(CHECK, format!("{name} is readable by its owner only")),
            Err(error) => {
                report.fail(CHECK, format!("{name}: {error}"), "run the server, and this, as the file's owner");
            }
        },
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            report.fail(CHECK, format!("{name}: {error}"), "let the server's user read it");
        }
        Err(_) if has_data => {
            let remedy =
                "restore it from a backup; otherwise a new one is made at the start, and everyone signs in again";
            report.warn(CHECK, format!("{name} is missing beside its database"), remedy);
        }
        Err(_) => report.ok(CHECK, format!("{name} will be made at the first start")),
    }
}

/// Whether a secret is one that many have: an example's, or hardly any different letters.
fn is_guessable(secret: &str) -> bool {
    const EXAMPLES: [&str; 8] =
        ["changeme", "change-me", "change_me", "change me", "secret", "example", "password", "openssl"];
    let lower = secret.to_lowercase();
    EXAMPLES.iter().any(|example| lower.contains(example)) || secret.bytes().collect::<BTreeSet<_>>().len() < 8
}

/// The manifest of trusted documents, against this program's schema and limits.
pub(super) fn documents(report: &mut DoctorReport, api: &PublicApi) {
    const CHECK: &str = "documents";
    let Some(file) = &api.documents.trusted_documents else { return };
    match api.settings().and_then(|settings| Graph::with(&settings)) {
        Ok(_) => report.ok(CHECK, format!("{} holds documents of this schema", file.display())),
        Err(problem) => {
            let remedy = "see that GUILDHALL_TRUSTED_DOCUMENTS names the manifest that was made for this version";
            report.fail(CHECK, problem, remedy);
        }
    }
}

/// Who is believed, and who is spoken to in plain HTTP.
pub(super) fn proxies(report: &mut DoctorReport, listen: &Listen, serving: &Serving) {
    const CHECK: &str = "proxies";
    let trusted = &serving.trusted_proxies;
    let widest = |ip: IpAddr| if ip.is_ipv4() { 8 } else { 16 };
    if let Some(network) = trusted.iter().find(|network| network.prefix_len() < widest(network.network())) {
        let message = format!("all of {network} may say in X-Forwarded-For from where a request comes");
        report.warn(
            CHECK,
            message,
            "name the proxies' own addresses in GUILDHALL_TRUSTED_PROXIES, such as 10.0.0.2/32",
        );
    } else if trusted.is_empty() && !listen.bind.ip().is_loopback() {
        let message =
            format!("{} is reached from elsewhere, in plain HTTP, and there is no trusted proxy", listen.bind);
        let remedy = "put a proxy with TLS in front and name it in GUILDHALL_TRUSTED_PROXIES, or bind to 127.0.0.1";
        report.warn(CHECK, message, remedy);
    } else if trusted.is_empty() {
        report.ok(CHECK, "none is trusted: every request counts for the address it comes from");
    } else {
        let named: Vec<_> = trusted.iter().map(ToString::to_string).collect();
        report.ok(CHECK, format!("trusted: {}", named.join(", ")));
    }
}

/// The Discord bot.
pub(super) async fn discord(report: &mut DoctorReport, discord: &DiscordSettings, clock: &Clock, online: bool) {
    const CHECK: &str = "discord";
    const GET_IT: &str =
        "copy the bot's token from Discord's developer portal, without `Bot` before it (docs/discord.md)";
    let token = discord.discord_token.as_deref().unwrap_or_default().trim();
    let is_discords_own = discord.discord_api.trim_end_matches('/') == "https://discord.com";
    let bot = match discord.bot(clock) {
        Ok(Some(bot)) => bot,
        Ok(None) => return report.ok(CHECK, "there is no bot"),
        Err(problem) => return report.fail(CHECK, problem, "see GUILDHALL_DISCORD_API in .env.example"),
    };
    let is_bare = !token.starts_with("Bot ") && !token.contains(char::is_whitespace);
    if is_discords_own && !(is_bare && serenity::utils::validate_token(token).is_ok()) {
        return report.fail(CHECK, "GUILDHALL_DISCORD_TOKEN does not look like a bot's token", GET_IT);
    }
    if !online {
        return report.ok(CHECK, "there is a token (--online asks Discord about it)");
    }
    match bot.check_token().await {
        Ok(()) => report.ok(CHECK, "Discord takes the bot's token"),
        Err(problem) if problem.contains("token") => report.fail(CHECK, problem, GET_IT),
        Err(problem) => {
            report.warn(CHECK, problem, "see that this machine reaches GUILDHALL_DISCORD_API, and try again");
        }
    }
}
