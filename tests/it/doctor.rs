//! The operator's commands `doctor`, `health`, `completions` and `man`.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use guildhall::db::DatabaseUrl;
use serde_json::Value;

use crate::support::{
    LocalDiscord, TestApp, on_both,
    process::{ServerProcess, guildhall, run, stdout},
};

const SECRET: &str = "q0dWm3Jt8Zc5Yx1Vb7Ns2Lk9Hf4Gp6Ra";

/// The exit code of `guildhall doctor`, and its findings: one line each, `level check message remedy`.
struct DoctorOutput {
    code: Option<i32>,
    text: String,
}

impl DoctorOutput {
    #[track_caller]
    fn has(&self, level: &str, check: &str, parts: &[&str]) -> &Self {
        let found = self
            .text
            .lines()
            .any(|line| line.starts_with(&format!("{level} {check} ")) && parts.iter().all(|part| line.contains(part)));
        assert!(found, "{level} {check} {parts:?} is not in\n{}", self.text);
        self
    }

    #[track_caller]
    fn ends_with_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }
}

fn doctor(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> DoctorOutput {
    let mut command = guildhall(folder);
    // A free port, unless the test sets another.
    command.env("GUILDHALL_BIND", "127.0.0.1:0").envs(variables.iter().copied());
    let output = command.args(["doctor", "--json"]).args(arguments).output().unwrap();
    let json = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&json)
        .unwrap_or_else(|error| panic!("{error}: {json}{}", String::from_utf8_lossy(&output.stderr)));
    let line = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        assert!(finding["level"] == "ok" || !text("remedy").is_empty(), "{finding}");
        [text("level"), text("check"), text("message"), text("remedy")].join(" ")
    };
    let lines: Vec<String> = report["findings"].as_array().unwrap().iter().map(line).collect();
    DoctorOutput { code: output.status.code(), text: lines.join("\n") }
}

/// Runs the doctor on a test's database.
fn doctor_on(app: &TestApp, arguments: &[&str]) -> DoctorOutput {
    let [flag, database, ..] = app.flags();
    let all = [&[flag.as_str(), &database, "--jwt-secret", SECRET], arguments].concat();
    doctor(tempfile::tempdir().unwrap().path(), &all, &[])
}

#[test]
fn the_doctor_creates_no_files() {
    let folder = tempfile::tempdir().unwrap();
    doctor(folder.path(), &[], &[])
        .ends_with_code(0)
        .has("ok", "settings", &["every variable"])
        .has("ok", "secret", &["the first start creates guildhall.db.key"])
        .has("ok", "database", &["sqlite://guildhall.db does not exist yet"])
        .has("ok", "address", &["is free"])
        .has("ok", "discord", &["no bot"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    // The output for people.
    let output = run(folder.path(), &["doctor", "--bind", "0.0.0.0:0", "--jwt-secret", "short"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nfail  secret     GUILDHALL_JWT_SECRET has fewer than 32 bytes\n"), "{text}");
    assert!(text.contains("→ set GUILDHALL_JWT_SECRET to what `openssl rand"), "{text}");
    assert!(text.contains("\nwarn  proxies    0.0.0.0:0 is reachable from other machines"), "{text}");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), error.as_str()),
        (Some(1), "error: the server cannot run like this; failures: 1, warnings: 1\n")
    );
}

#[test]
fn the_doctor_reports_every_invalid_variable_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), "GUILDHALL_DISCORD_TOKEN='Bot hidden.hidden'\n").unwrap();
    fs::write(folder.path().join("manifest.json"), "{\"one\": \"{ nonsense }\"}").unwrap();
    let report = doctor(
        folder.path(),
        &[],
        &[
            ("DATABASE_URL", "postgress://guildhall:hidden@db/guildhall"),
            ("GUILDHALL_JWT_SECRET", "hidden"),
            ("GUILDHALL_BIND", ""),
            ("GUILDHALL_DEFAULT_GUILD", ""),
            ("GUILDHALL_ACCESS_TTL", "soon"),
            ("GUILDHALL_INTROSPECTION", "maybe"),
            ("GUILDHALL_TRUSTED_PROXY", "10.0.0.2"),
            ("GUILDHALL_DATABASE_URL", "hidden"),
            ("GUILDHALL_WHATEVER_ELSE", "hidden"),
            ("GUILDHALL_TRUSTED_PROXIES", "0.0.0.0/0"),
            ("GUILDHALL_TRUSTED_DOCUMENTS", "manifest.json"),
        ],
    );
    report
        .ends_with_code(1)
        .has("fail", "settings", &["DATABASE_URL is not valid: the database is sqlite://FILE or postgres://"])
        .has("fail", "settings", &["GUILDHALL_BIND is empty", "leave it out"])
        .has("warn", "settings", &["GUILDHALL_DEFAULT_GUILD is empty", "leave it out"])
        .has("fail", "settings", &["GUILDHALL_ACCESS_TTL is not valid", "How long an access token"])
        .has("fail", "settings", &["GUILDHALL_INTROSPECTION is not valid: expected on or off"])
        .has(
            "warn",
            "settings",
            &["GUILDHALL_TRUSTED_PROXY is not a known variable", "did you mean GUILDHALL_TRUSTED_PROXIES?"],
        )
        .has("warn", "settings", &["GUILDHALL_DATABASE_URL is not a known variable", "did you mean DATABASE_URL?"])
        .has("warn", "settings", &["GUILDHALL_WHATEVER_ELSE is not a known variable", "remove it"])
        .has("warn", "settings", &[".env can be read by anyone", "chmod 600"])
        .has("warn", "proxies", &["0.0.0.0/0", "such as 10.0.0.2/32"])
        .has("fail", "secret", &["fewer than 32 bytes", "openssl rand"])
        .has("fail", "documents", &["one"])
        .has("fail", "discord", &["does not look like a bot's token"]);
    assert!(!report.text.contains("hidden"), "{}", report.text);
    // Other commands fail on an invalid variable, if they read it.
    let refused = guildhall(folder.path()).env("GUILDHALL_BIND", "").arg("schema").output().unwrap();
    assert!(refused.status.success(), "schema reads no address");
    let refused = guildhall(folder.path()).env("GUILDHALL_BIND", "").arg("serve").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_reports_a_database_that_does_not_respond() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let DatabaseUrl::Postgres { url, .. } = &app.database else { unreachable!() };
    let mut conn = AsyncPgConnection::establish(url.reveal()).await.unwrap();
    conn.batch_execute("BEGIN; LOCK TABLE guilds").await.unwrap();
    doctor_on(&app, &[]).ends_with_code(1).has("ok", "schema", &[]).has(
        "fail",
        "database",
        &["cannot be read: no response within 5 seconds", "holds a lock"],
    );
}

#[test]
fn example_secrets_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for secret in
        ["change-me-change-me-change-me-change-me", "$(openssl rand -base64 48) as it was copied", &"ab".repeat(32)]
    {
        doctor(folder.path(), &["--jwt-secret", secret], &[]).ends_with_code(1).has(
            "fail",
            "secret",
            &["looks like an example"],
        );
    }
    doctor(folder.path(), &["--jwt-secret", SECRET], &[]).ends_with_code(0).has("ok", "secret", &["long enough"]);
    let on_postgres = ["--database-url", "postgres://guildhall:hidden@127.0.0.1:1/guildhall"];
    let report = doctor(folder.path(), &on_postgres, &[]);
    report.ends_with_code(1).has("fail", "secret", &["needed on PostgreSQL"]).has(
        "fail",
        "database",
        &["postgres://127.0.0.1:1/guildhall cannot be reached", "check that PostgreSQL runs"],
    );
    assert!(!report.text.contains("hidden"), "{}", report.text);
    let direct = ["--direct-url", "postgres://127.0.0.1:1/guildhall"];
    doctor(folder.path(), &direct, &[]).has("fail", "database", &["a direct URL is for PostgreSQL"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_passes_doctor_and_health() {
    let folder = tempfile::tempdir().unwrap();
    stdout(&run(folder.path(), &["bootstrap", "--guild", "emberwatch", "--leader", "thal"]));
    let served = ServerProcess::start(folder.path(), &["serve", "--bind", "127.0.0.1:0"]);
    let address = served.url.trim_start_matches("http://").trim_end_matches("/graphql").to_owned();
    doctor(folder.path(), &["--bind", &address], &[])
        .ends_with_code(0)
        .has("ok", "address", &["is in use by a server that is ready"])
        .has("ok", "secret", &["guildhall.db.key is readable by its owner only"])
        .has("ok", "database", &["sqlite://guildhall.db is read by SQLite 3."])
        .has("ok", "database", &["quick_check finds no damage"])
        .has("ok", "schema", &["the newest"])
        .has("ok", "guild", &["emberwatch serves"]);
    assert_eq!(stdout(&run(folder.path(), &["health", "--bind", &address])), "ready\n");
    assert_eq!(stdout(&run(folder.path(), &["health", "--url", &format!("http://{address}/")])), "ready\n");
    // In a container the server is bound to all addresses; `health` then uses the loopback address.
    let everywhere = address.replace("127.0.0.1", "0.0.0.0");
    assert_eq!(stdout(&run(folder.path(), &["health", "--bind", &everywhere])), "ready\n");
    drop(served);
    let gone = run(folder.path(), &["health", "--bind", &address]);
    let stderr = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(gone.status.code() == Some(1) && stderr.contains("/health/ready: cannot connect"), "{stderr}");
}

#[test]
fn health_fails_for_foreign_servers_and_servers_that_are_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let serve_bytes = |body: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4_096]);
                let _ = stream.write_all(body.as_bytes());
            }
        });
        address
    };
    let failing = serve_bytes("HTTP/1.1 503 X\r\nContent-Length: 22\r\n\r\n{\"status\":\"not ready\"}");
    let strange = serve_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    let silent = serve_bytes("");
    for (address, expected) in [
        (&failing, "not ready (HTTP 503)"),
        (&strange, "HTTP 200, without a readiness status"),
        (&silent, "not a valid HTTP response"),
    ] {
        let output = run(folder.path(), &["health", "--url", &format!("http://{address}")]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && stderr.contains(expected), "{stderr}");
    }
    doctor(folder.path(), &["--bind", &strange], &[]).ends_with_code(1).has(
        "fail",
        "address",
        &["cannot listen on 127.0.0.1:", "stop the program that listens there"],
    );
}

#[test]
fn the_doctor_checks_a_database_file_and_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    stdout(&run(folder.path(), &["bootstrap", "--guild", "gg", "--leader", "thal"]));
    // Only commands that serve or issue tokens need the key.
    doctor(folder.path(), &[], &[]).ends_with_code(0).has("warn", "secret", &["guildhall.db.key is missing", "backup"]);
    fs::write(at("guildhall.db.key"), SECRET).unwrap();
    fs::set_permissions(at("guildhall.db.key"), fs::Permissions::from_mode(0o644)).unwrap();
    doctor(folder.path(), &[], &[]).ends_with_code(1).has("fail", "secret", &["read by others", "chmod 600"]);
    fs::set_permissions(at("guildhall.db.key"), fs::Permissions::from_mode(0o600)).unwrap();
    doctor(folder.path(), &[], &[]).ends_with_code(0).has("ok", "secret", &["owner only"]);

    fs::set_permissions(at("guildhall.db"), fs::Permissions::from_mode(0o640)).unwrap();
    doctor(folder.path(), &[], &[]).ends_with_code(0).has("warn", "database", &["can be read by others", "chmod 600"]);
    fs::write(at("letter.db"), "Dear guild, ".repeat(1_000)).unwrap();
    let report = doctor(folder.path(), &["--database-url", "sqlite://letter.db"], &[]);
    report.ends_with_code(1).has("fail", "database", &["cannot be", "letter.db"]);
    doctor(folder.path(), &["--database-url", "sqlite://nowhere/guildhall.db"], &[]).ends_with_code(1).has(
        "fail",
        "database",
        &["the directory nowhere does not exist", "mkdir"],
    );
    assert!(!at("nowhere").exists());

    // Damages the second half of the file, after the pages of the schema.
    let mut bytes = fs::read(at("guildhall.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xA5);
    fs::write(at("damaged.db"), bytes).unwrap();
    doctor(folder.path(), &["--database-url", "sqlite://damaged.db"], &[]).ends_with_code(1).has(
        "fail",
        "database",
        &["restore"],
    );
}

#[on_both]
async fn the_doctor_reports_the_schemas_version_and_changes_nothing(app: TestApp) {
    doctor_on(&app, &[]).ends_with_code(0).has("ok", "schema", &["the newest"]).has(
        "warn",
        "guild",
        &["no guild yet", "bootstrap"],
    );
    app.guild("gg").await;
    doctor_on(&app, &[]).ends_with_code(0).has("ok", "guild", &["gg serves requests that name none (of 1 in all)"]);
    doctor_on(&app, &["--default-guild", "gg"]).ends_with_code(0).has("ok", "guild", &["gg serves"]);
    doctor_on(&app, &["--default-guild", "hh"]).ends_with_code(1).has("fail", "guild", &["no guild hh"]);
    let versions = app.count_rows("__diesel_schema_migrations").await;
    app.execute_sql("DELETE FROM __diesel_schema_migrations WHERE version = '20261122000000'").await;
    doctor_on(&app, &[]).ends_with_code(0).has("warn", "schema", &["20261122000000", "backup"]);
    app.execute_sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('20261122000000'), ('29990101000000')")
        .await;
    doctor_on(&app, &[]).ends_with_code(1).has("fail", "schema", &["newer guildhall", "29990101000000"]);
    assert_eq!(app.count_rows("__diesel_schema_migrations").await, versions + 1);
    app.execute_sql("DELETE FROM __diesel_schema_migrations").await;
    doctor_on(&app, &[]).ends_with_code(0).has("ok", "schema", &["none yet"]);
    assert_eq!(app.count_rows("__diesel_schema_migrations").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_checks_what_servers_need_of_postgresql() {
    let Some(app) = TestApp::on_postgres().await else { return };
    doctor_on(&app, &[])
        .ends_with_code(0)
        .has("ok", "database", &["is PostgreSQL "])
        .has("ok", "clock", &["agrees"])
        .has("ok", "collation", &["sorts texts as when"])
        .has("ok", "rights", &["can create tables"])
        .has("ok", "room", &["with 13 each"])
        .has("ok", "listening", &["notifications arrive"]);
    doctor_on(&app, &["--max-connections", "1000", "--servers", "9"]).ends_with_code(1).has(
        "fail",
        "room",
        &["not for 9", "--max-connections"],
    );
    // As after an update of the system's C library.
    app.execute_sql("UPDATE pg_database SET datcollversion = '0' WHERE datname = current_database()").await;
    doctor_on(&app, &[]).ends_with_code(0).has("warn", "collation", &["version 0", "REFRESH COLLATION VERSION"]);
    let DatabaseUrl::Postgres { url, .. } = &app.database else { panic!("not PostgreSQL") };
    let url = url.reveal();
    // A notification in one database does not reach listeners of another.
    let Some(other) = TestApp::on_postgres().await else { return };
    let [_, other, ..] = other.flags();
    doctor_on(&app, &["--direct-url", &other]).ends_with_code(1).has(
        "fail",
        "listening",
        &["does not receive", "GUILDHALL_DIRECT_URL"],
    );
    // Connects as a role without rights.
    let folder = tempfile::tempdir().unwrap();
    let stranger = format!("{url}{}options=-c%20role%3Dpg_monitor", if url.contains('?') { '&' } else { '?' });
    let report = doctor(folder.path(), &["--database-url", &stranger, "--jwt-secret", SECRET], &[]);
    report.ends_with_code(1).has("fail", "rights", &["cannot read and write", "ballots", "guilds", "members"]);
    app.execute_sql(
        "DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
        END $$",
    )
    .await;
    doctor_on(&app, &[]).ends_with_code(1).has("fail", "database", &["read-only", "primary"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_contacts_discord_only_with_online() {
    let folder = tempfile::tempdir().unwrap();
    let token = ["--discord-token", "MTk4NjIy.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"];
    doctor(folder.path(), &token, &[]).ends_with_code(0).has("ok", "discord", &["there is a token (--online"]);
    let unreachable = [&token[..], &["--discord-api", "http://127.0.0.1:1", "--online"]].concat();
    doctor(folder.path(), &unreachable, &[]).ends_with_code(0).has(
        "warn",
        "discord",
        &["reaches GUILDHALL_DISCORD_API"],
    );
    let discord = LocalDiscord::start().await;
    let base = discord.base();
    let wrong = [&token[..], &["--discord-api", &base, "--online"]].concat();
    doctor(folder.path(), &wrong, &[]).ends_with_code(1).has("fail", "discord", &["rejects the bot's token"]);
    let right = ["--discord-token", LocalDiscord::TOKEN, "--discord-api", &base, "--online"];
    doctor(folder.path(), &right, &[]).ends_with_code(0).has("ok", "discord", &["Discord accepts"]);
}

#[test]
fn completions_and_man_pages_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout(&run(folder.path(), &["help"]));
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() > 10 && commands.contains(&"doctor"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&run(folder.path(), &["completions", shell]));
        for command in &commands {
            assert!(script.contains(command), "no {command} in the completions of {shell}");
        }
    }
    let page = stdout(&run(folder.path(), &["man"]));
    stdout(&run(folder.path(), &["man", "man1"]));
    let pages: BTreeMap<String, String> = fs::read_dir(folder.path().join("man1"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .collect();
    assert_eq!(pages["guildhall.1"], page);
    for command in &commands {
        let reference = format!("guildhall-{command}(1)").replace('-', "\\-");
        assert!(page.contains(&reference), "{command}");
        assert!(pages.contains_key(&format!("guildhall-{command}.1")), "{command}");
    }
}
