//! Checks the settings.

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
    cli::{
        api_settings::ApiSettings,
        settings::{DiscordSettings, HttpSettings, ListenSettings, SigningSettings},
    },
    cli::{site, variables},
    db::DatabaseUrl,
    kernel::clock::Clock,
};

const SET_SECRET: &str = "set GUILDHALL_JWT_SECRET to what `openssl rand -base64 48` prints, the same on all servers";

/// Reports the address of the web app.
pub(super) fn site(report: &mut DoctorReport, listen: &ListenSettings, http: &HttpSettings) {
    report.ok("web app", format!("it will be at {}/", site::site(http, listen.bind)));
}

/// Reports variables that are invalid, empty or unknown.
pub(super) fn variables(report: &mut DoctorReport, cli: &Command) {
    const CHECK: &str = "settings";
    const LEAVE_IT_OUT: &str = "leave it out, or give it a value: an empty variable does not select the default";
    let before = report.findings.len();
    let doctors = cli.find_subcommand("doctor").into_iter().flat_map(Command::get_arguments);
    for argument in cli.get_arguments().chain(doctors) {
        let Some(variable) = argument.get_env().map(|name| name.to_string_lossy()) else { continue };
        let is_empty = env::var_os(&*variable).is_some_and(|value| value.is_empty());
        match (value_error(argument), is_empty) {
            (None, false) => {}
            // If the value may be empty, the variable has the same effect as an unset one.
            (None, true) => report.warn(CHECK, format!("{variable} is empty"), LEAVE_IT_OUT),
            (Some(_), true) => report.fail(CHECK, format!("{variable} is empty"), LEAVE_IT_OUT),
            (Some(problem), false) => {
                let meaning = argument.get_help().map(ToString::to_string).unwrap_or_default();
                report.fail(CHECK, format!("{variable} is not valid: {problem}"), format!("it means: {meaning}"));
            }
        }
    }
    for (name, similar) in variables::unknown(cli) {
        let remedy = match similar {
            Some(meant) => format!("did you mean {meant}?"),
            None => "remove it; `guildhall help serve` lists the known variables".to_owned(),
        };
        report.warn(CHECK, format!("{name} is not a known variable"), remedy);
    }
    if let Ok(file) = fs::metadata(".env")
        && file.permissions().mode() & 0o007 != 0
    {
        report.warn(CHECK, ".env can be read by anyone on this machine", "chmod 600 .env");
    }
    if report.findings.len() == before {
        report.ok(CHECK, "every variable is valid");
    }
}

/// Describes the error in the value of an argument's variable, if there is one. Leaves out the value, which may be
/// secret.
pub(super) fn value_error(argument: &Arg) -> Option<String> {
    let mut value = OsString::from("--value=");
    value.push(env::var_os(argument.get_env()?)?);
    let only_argument = argument.clone().env(Resettable::Reset).long("value").required(false);
    let parsed = Command::new("guildhall").no_binary_name(true).arg(only_argument).try_get_matches_from([value]);
    let error = parsed.err()?;
    Some(match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(values))) => format!("expected {}", values.join(" or ")),
        _ => error.kind().to_string(),
    })
}

/// Checks the secret that signs access tokens.
pub(super) fn secret(report: &mut DoctorReport, signing: &SigningSettings, database: &DatabaseUrl) {
    const CHECK: &str = "secret";
    match (&signing.jwt_secret, database.file()) {
        (Some(secret), _) if secret.len() < MIN_SECRET => {
            report.fail(CHECK, format!("GUILDHALL_JWT_SECRET has fewer than {MIN_SECRET} bytes"), SET_SECRET);
        }
        (Some(secret), _) if is_guessable(secret) => {
            report.fail(
                CHECK,
                "GUILDHALL_JWT_SECRET looks like an example: anyone who guesses it can act as any member",
                SET_SECRET,
            );
        }
        (Some(_), _) => report.ok(CHECK, "GUILDHALL_JWT_SECRET is long enough"),
        (None, Some(file)) => {
            let mut key = file.clone().into_os_string();
            key.push(".key");
            key_file(report, key.as_ref(), file.exists());
        }
        (None, None) => report.fail(CHECK, "GUILDHALL_JWT_SECRET is needed on PostgreSQL", SET_SECRET),
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
                format!("chmod 600 {name}; if others may have read it, remove it: the server generates a new one, and all members sign in again"),
            );
        }
        Ok(found) if found.len() < MIN_SECRET as u64 => {
            let message = format!("{name} holds fewer than {MIN_SECRET} bytes");
            report.fail(
                CHECK,
                message,
                "restore it from a backup, or remove it: the server generates a new one, and all members sign in again",
            );
        }
        Ok(_) => match fs::File::open(file) {
            Ok(_) => report.ok(CHECK, format!("{name} is readable by its owner only")),
            Err(error) => {
                report.fail(CHECK, format!("{name}: {error}"), "run the server and the doctor as the file's owner");
            }
        },
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            report.fail(CHECK, format!("{name}: {error}"), "let the server's user read it");
        }
        Err(_) if has_data => {
            let remedy =
                "restore it from a backup; otherwise the server generates a new one, and all members sign in again";
            report.warn(CHECK, format!("{name} is missing next to its database"), remedy);
        }
        Err(_) => report.ok(CHECK, format!("the first start creates {name}")),
    }
}

/// Whether a secret is easy to guess: an example, or a text with few different characters.
fn is_guessable(secret: &str) -> bool {
    const EXAMPLES: [&str; 8] =
        ["changeme", "change-me", "change_me", "change me", "secret", "example", "password", "openssl"];
    let lower = secret.to_lowercase();
    EXAMPLES.iter().any(|example| lower.contains(example)) || secret.bytes().collect::<BTreeSet<_>>().len() < 8
}

/// Checks the manifest of trusted documents against the schema and the limits.
pub(super) fn documents(report: &mut DoctorReport, api: &ApiSettings) {
    const CHECK: &str = "documents";
    let Some(file) = &api.documents.trusted_documents else { return };
    match api.settings().and_then(|settings| Graph::with(&settings)) {
        Ok(_) => report.ok(CHECK, format!("{} holds documents of this schema", file.display())),
        Err(problem) => {
            let remedy = "set GUILDHALL_TRUSTED_DOCUMENTS to a manifest that was built for this version";
            report.fail(CHECK, problem, remedy);
        }
    }
}

/// Checks the trusted proxies, and whether clients reach the server over plain HTTP.
pub(super) fn proxies(report: &mut DoctorReport, listen: &ListenSettings, http: &HttpSettings) {
    const CHECK: &str = "proxies";
    let trusted = &http.trusted_proxies;
    let shortest_prefix = |ip: IpAddr| if ip.is_ipv4() { 8 } else { 16 };
    if let Some(network) = trusted.iter().find(|network| network.prefix_len() < shortest_prefix(network.network())) {
        let message = format!("every address in {network} may forge a client's address with X-Forwarded-For");
        report.warn(
            CHECK,
            message,
            "name the proxies' own addresses in GUILDHALL_TRUSTED_PROXIES, such as 10.0.0.2/32",
        );
    } else if trusted.is_empty() && !listen.bind.ip().is_loopback() {
        let message =
            format!("{} is reachable from other machines over plain HTTP, and there is no trusted proxy", listen.bind);
        let remedy = "put a proxy with TLS in front and name it in GUILDHALL_TRUSTED_PROXIES, or bind to 127.0.0.1";
        report.warn(CHECK, message, remedy);
    } else if trusted.is_empty() {
        report.ok(CHECK, "no proxy is trusted: each request counts for the address it comes from");
    } else {
        let named: Vec<_> = trusted.iter().map(ToString::to_string).collect();
        report.ok(CHECK, format!("trusted: {}", named.join(", ")));
    }
}

/// Checks the settings of the Discord bot.
pub(super) async fn discord(report: &mut DoctorReport, discord: &DiscordSettings, clock: &Clock, online: bool) {
    const CHECK: &str = "discord";
    const COPY_TOKEN: &str =
        "copy the bot's token from Discord's developer portal, without `Bot` before it (docs/discord.md)";
    let token = discord.discord_token.as_deref().unwrap_or_default().trim();
    let is_official_api = discord.discord_api.trim_end_matches('/') == "https://discord.com";
    let bot = match discord.bot(clock) {
        Ok(Some(bot)) => bot,
        Ok(None) => return report.ok(CHECK, "there is no bot"),
        Err(problem) => return report.fail(CHECK, problem, "see GUILDHALL_DISCORD_API in .env.example"),
    };
    let has_no_prefix = !token.starts_with("Bot ") && !token.contains(char::is_whitespace);
    if is_official_api && !(has_no_prefix && serenity::utils::validate_token(token).is_ok()) {
        return report.fail(CHECK, "GUILDHALL_DISCORD_TOKEN does not look like a bot's token", COPY_TOKEN);
    }
    if !online {
        return report.ok(CHECK, "there is a token (--online checks it with Discord)");
    }
    match bot.check_token().await {
        Ok(()) => report.ok(CHECK, "Discord accepts the bot's token"),
        Err(problem) if problem.contains("token") => report.fail(CHECK, problem, COPY_TOKEN),
        Err(problem) => {
            report.warn(CHECK, problem, "check that this machine reaches GUILDHALL_DISCORD_API, and try again");
        }
    }
}
