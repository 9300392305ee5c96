//! A setting means what it says, or the program does not start, and creates nothing.

use std::{fs, path::Path, process::Output};

use guildhall::cli::env_file;

use crate::support::{
    TestApp,
    databases::cluster::Cluster,
    process::{ServerProcess, guildhall, run, stdout},
};

const SERVE: [&str; 3] = ["serve", "--bind", "127.0.0.1:0"];

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn assert_refused(output: &Output, expected: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{error}");
    assert!(error.contains(expected) && !error.contains("panicked"), "{expected}: {error}");
}

#[test]
fn a_wrong_database_is_refused_before_anything_is_created() {
    let folder = tempfile::tempdir().unwrap();
    for (url, expected) in [
        ("sqlite://guildhall.db?mode=rw", "a SQLite URL has no parameters"),
        ("sqlite://guildhall.db?", "a SQLite URL has no parameters"),
        ("sqlite:///", "SQLite needs a file"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite://.", "SQLite needs a file"),
        ("sqlite://new/", "SQLite needs a file"),
        ("sqlite://guild%20hall.db", "not percent-encoded"),
        ("sqlite://file:guildhall.db", "the name of a file"),
        ("sqlite://sqlite://guildhall.db", "the name of a file"),
        ("sqlite://guildhall.db ", "the name of a file"),
        ("sqlite:guildhall.db", "sqlite://FILE or postgres://"),
        ("postgres://db.example", "names no database"),
        ("postgres://guild:secret@db.example/", "names no database"),
        ("postgres://db.example?dbname=", "names no database"),
        ("postgres://db.example/postgres", "PostgreSQL's own maintenance"),
        ("postgresql://guild@db.example/template1?sslmode=disable", "PostgreSQL's own maintenance"),
        ("postgres://db.example?dbname=postgres", "PostgreSQL's own maintenance"),
    ] {
        for command in
            [&SERVE[..], &["demo", "--bind", "127.0.0.1:0"], &["migrate"], &["token", "--guild", "gg", "--all"]]
        {
            let output = run(folder.path(), &[command, &["--database-url", url]].concat());
            assert_refused(&output, expected);
            assert_eq!(names_in(folder.path()), [""; 0], "{url}");
        }
    }
    fs::create_dir(folder.path().join("data")).unwrap();
    for command in [&SERVE[..], &["demo", "--bind", "127.0.0.1:0"], &["migrate"]] {
        let output = run(folder.path(), &[command, &["--database-url", "sqlite://data"]].concat());
        assert_refused(&output, "is a directory");
        let output = run(folder.path(), &[command, &["--database-url", "sqlite://nowhere/guildhall.db"]].concat());
        assert_refused(&output, "nowhere/guildhall.db: No such file");
    }
    assert_eq!(names_in(folder.path()), ["data"]);
    assert_eq!(names_in(&folder.path().join("data")), [""; 0]);
}

#[test]
fn numbers_and_times_that_mean_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value, expected) in [
        ("GUILDHALL_ACCESS_TTL", "15M", "expected m for minutes"),
        ("GUILDHALL_ACCESS_TTL", "0s", "one second to ten years"),
        ("GUILDHALL_MAX_BODY", "0", "--max-body"),
        ("GUILDHALL_MAX_TOKENS", "0", "--max-tokens"),
        ("GUILDHALL_MAX_DEPTH", "0", "--max-depth"),
        ("GUILDHALL_MAX_COMPLEXITY", "0", "--max-complexity"),
        ("GUILDHALL_MAX_ROOT_FIELDS", "0", "--max-root-fields"),
        ("GUILDHALL_BIND", "localhost:8080", "expected ADDRESS:PORT"),
        ("GUILDHALL_BIND", ":8080", "expected ADDRESS:PORT"),
    ] {
        let output = guildhall(folder.path()).arg("serve").env(name, value).output().unwrap();
        assert_refused(&output, expected);
        assert_eq!(names_in(folder.path()), [""; 0], "{name}={value}");
    }
}

#[test]
fn the_variables_of_libpq_choose_the_encryption_unless_the_url_does() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |parameters: &str, mode: &str, roots: &str| {
        let url = format!("postgres://127.0.0.1:1/guildhall{parameters}");
        let variables = [("DATABASE_URL", url.as_str()), ("PGSSLMODE", mode), ("PGSSLROOTCERT", roots)];
        guildhall(folder.path()).arg("migrate").envs(variables).output().unwrap()
    };
    assert_refused(&migrate("", "always", ""), "sslmode must be disable, allow,");
    assert_refused(&migrate("", "require", "system"), "sslrootcert=system needs sslmode=verify-full");
    assert_refused(&migrate("", "verify-full", "nowhere.pem"), "sslrootcert: cannot read nowhere.pem");
    for (parameters, mode) in [("?sslmode=disable", "always"), ("", "require"), ("", "")] {
        assert_refused(&migrate(parameters, mode, ""), "Connection refused");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_database_that_cannot_serve_is_refused() {
    let Some(cluster) = Cluster::start().await else { return };
    let template = "TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
    cluster.execute(&format!("CREATE DATABASE western ENCODING 'LATIN1' {template}")).await;
    cluster.execute("CREATE DATABASE guarded").await;
    cluster.execute("CREATE DATABASE frozen").await;
    cluster.execute("ALTER DATABASE frozen SET default_transaction_read_only = on").await;
    cluster.execute("CREATE ROLE guest LOGIN").await;
    cluster.execute("ALTER ROLE guest SET search_path = nowhere").await;
    let as_guest = cluster.url("guarded").replace("postgres@", "guest@");
    for (url, expected) in [
        (cluster.url("western"), "the database's encoding is LATIN1"),
        (cluster.url("frozen"), "this PostgreSQL is read-only: name the primary"),
        (as_guest, "the database's user cannot create tables: let the user own the database"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = run(folder.path(), &["migrate", "--database-url", &url]);
        assert_refused(&output, expected);
    }
}

#[test]
fn commands_for_an_existing_database_create_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("roster.csv"), "discord_username\nx\n").unwrap();
    for command in [
        &["export", "--guild", "gg"][..],
        &["import", "roster.csv", "--guild", "gg"],
        &["token", "--guild", "gg", "--all"],
        &["recount", "--campaign", "Q2FtcGFpZ246MQ"],
        &["backup", "copy.db"],
    ] {
        let output = run(folder.path(), &[command, &["--database-url", "sqlite://typo.db"]].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert_eq!(names_in(folder.path()), ["roster.csv"], "{command:?}");
    }
    let output = run(folder.path(), &["export", "--guild", "gg", "--database-url", "sqlite://typo.db"]);
    assert_refused(&output, "sqlite://typo.db does not exist: check --database-url");
    // An empty file, and another program's database.
    fs::write(folder.path().join("empty.db"), "").unwrap();
    let output = run(folder.path(), &["export", "--guild", "gg", "--database-url", "sqlite://empty.db"]);
    assert_refused(&output, "sqlite://empty.db is not a Guildhall database");
    assert_eq!(fs::metadata(folder.path().join("empty.db")).unwrap().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_program_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.db");
    let mut conn = <diesel::SqliteConnection as diesel::Connection>::establish(file.to_str().unwrap()).unwrap();
    diesel::connection::SimpleConnection::batch_execute(&mut conn, "CREATE TABLE notes (id INTEGER)").unwrap();
    drop(conn);
    let before = fs::read(&file).unwrap();
    let output = run(folder.path(), &[&SERVE[..], &["--database-url", "sqlite://other.db"]].concat());
    assert_refused(&output, "sqlite://other.db is the database of another program");
    assert_eq!((fs::read(&file).unwrap(), names_in(folder.path())), (before, vec!["other.db".to_owned()]));

    let Some(app) = TestApp::on_postgres().await else { return };
    app.execute_sql("DROP SCHEMA public CASCADE").await;
    app.execute_sql("CREATE SCHEMA public").await;
    let [flag, database, ..] = app.flags();
    let output = run(folder.path(), &["export", "--guild", "gg", &flag, &database]);
    assert_refused(&output, "is not a Guildhall database");
    assert_eq!(app.count_rows("pg_tables WHERE schemaname = 'public'").await, 0);
}

#[crate::support::on_both]
async fn a_newer_schema_is_refused(app: TestApp) {
    app.execute_sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')").await;
    let folder = tempfile::tempdir().unwrap();
    let flags = app.flags();
    for command in [&SERVE[..], &["demo", "--bind", "127.0.0.1:0"], &["migrate"], &["export", "--guild", "gg"]] {
        let with_secret = matches!(command[0], "serve" | "demo");
        let flags = flags.iter().map(String::as_str).take(if with_secret { 4 } else { 2 });
        let output = run(folder.path(), &command.iter().copied().chain(flags).collect::<Vec<_>>());
        assert_refused(&output, "was written by a newer release (its schema has the version 29990101000000)");
    }
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_second_server_on_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guildhall.db");
    let served = ServerProcess::start(folder.path(), &SERVE);
    std::os::unix::fs::symlink("guildhall.db", folder.path().join("symbolic.db")).unwrap();
    fs::hard_link(&file, folder.path().join("hard.db")).unwrap();
    for name in ["guildhall.db", "./guildhall.db", "symbolic.db", "hard.db"] {
        let url = format!("sqlite://{name}");
        for command in [&SERVE[..], &["demo", "--bind", "127.0.0.1:0"]] {
            let output = run(folder.path(), &[command, &["--database-url", &url]].concat());
            assert_refused(&output, "is served by another process");
        }
    }
    // Other commands can run beside the server.
    stdout(&run(folder.path(), &["bootstrap", "--guild", "gg", "--leader", "x"]));
    stdout(&run(folder.path(), &["export", "--guild", "gg"]));
    drop(served);
    ServerProcess::start(folder.path(), &SERVE).stop();
}

#[test]
fn a_server_that_cannot_start_leaves_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for arguments in [
        &["serve", "--bind", &address][..],
        &["demo", "--bind", &address],
        &["serve", "--bind", "127.0.0.1:0", "--trusted-documents", "nowhere.json"],
        &["serve", "--bind", "127.0.0.1:0", "--discord-token", "x", "--discord-api", "ftp://x"],
        &["serve", "--bind", "127.0.0.1:0", "--jwt-secret", "short"],
        &["bootstrap", "--guild", "No Slug", "--leader", "x"],
        &["bootstrap", "--guild", "gg", "--leader", " "],
    ] {
        assert_eq!(run(folder.path(), arguments).status.code(), Some(1), "{arguments:?}");
        assert_eq!(names_in(folder.path()), [""; 0], "{arguments:?}");
    }
    fs::write(folder.path().join("guildhall.db.key"), "short").unwrap();
    assert_refused(&run(folder.path(), &SERVE), "holds fewer than 32 bytes");
    assert_eq!(names_in(folder.path()), ["guildhall.db.key"]);
}

#[test]
fn an_env_file_is_read_literally() {
    let parse = |text: &str| {
        let parsed = env_file::parse(text)?;
        Ok::<_, String>(parsed.into_iter().map(|(name, value)| format!("{name}|{value}")).collect::<Vec<_>>())
    };
    for (text, expected) in [
        ("A=aaa$bbb", "A|aaa$bbb"),
        ("A=${HOME}/$(id)", "A|${HOME}/$(id)"),
        ("A=\"a$HOME\"", "A|a$HOME"),
        ("A='a$b \\ \"c\"' # note", "A|a$b \\ \"c\""),
        ("A=\"a\\\"b\\$c\\\\d\"", "A|a\"b$c\\d"),
        ("\u{feff}A=b\r\n", "A|b"),
        ("export A = b #c", "A|b"),
        ("A=b#c=d==", "A|b#c=d=="),
        ("A=", "A|"),
        ("A= # none", "A|"),
        ("A=postgres://guildhall:p?ss@db/guildhall", "A|postgres://guildhall:p?ss@db/guildhall"),
    ] {
        assert_eq!(parse(text), Ok(vec![expected.to_owned()]), "{text}");
    }
    for text in ["A", "A=b c", "A='b", "A=\"b", "A='b'c", "A=b\\c", "A=it's", "1A=b", "A B=c", "=b", "A=\"\\x\""] {
        let error = parse(&format!("# first\n{text}\n")).unwrap_err();
        assert!(error.starts_with(".env, line 2: expected NAME=VALUE"), "{text}: {error}");
    }
    assert_eq!(parse("A=1\nB=2\nA=1\n"), Err(".env, line 3: A is set in an earlier line already".to_owned()));
}

#[test]
fn the_variables_of_an_env_file_reach_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa$bbbbbbbbbbbbbb";
    stdout(&run(folder.path(), &["bootstrap", "--guild", "gg", "--leader", "x"]));
    let token = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["token", "--guild", "gg", "--all", "--ttl", "10d"], arguments].concat());
        // The signature depends on the secret, and the rest on the second in which the token is issued.
        stdout(&output).trim().rsplit_once(' ').unwrap().1.to_owned()
    };
    fs::write(folder.path().join(".env"), format!("GUILDHALL_JWT_SECRET={secret}\n")).unwrap();
    let (mut from_file, mut from_flag) = (token(&[]), token(&["--jwt-secret", secret]));
    while from_file.split('.').nth(1) != from_flag.split('.').nth(1) {
        (from_file, from_flag) = (token(&[]), token(&["--jwt-secret", secret]));
    }
    assert_eq!(from_file, from_flag);
    assert!(!folder.path().join("guildhall.db.key").exists());
    fs::write(folder.path().join(".env"), "GUILDHALL_BIND=127.0.0.1:0\nGUILDHALL_BIND=127.0.0.1:1\n").unwrap();
    assert_refused(&run(folder.path(), &["serve"]), ".env, line 2: GUILDHALL_BIND is set in an earlier line already");
}

#[test]
fn an_unknown_default_guild_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let with = |slug: &str| guildhall(folder.path()).env("GUILDHALL_DEFAULT_GUILD", slug).args(SERVE).output().unwrap();
    for slug in ["Emberwatch", "g", "our guild", "https://gg", "gg/"] {
        assert_refused(&with(slug), "A slug must be 2 to 40 characters");
        assert_eq!(names_in(folder.path()), [""; 0], "{slug}");
    }
    stdout(&run(folder.path(), &["guilds", "create", "gg"]));
    let files = names_in(folder.path());
    assert_refused(&with("hh"), "there is no guild hh, which GUILDHALL_DEFAULT_GUILD names");
    assert_refused(&run(folder.path(), &[&SERVE[..], &["--default-guild", "g-g"]].concat()), "there is no guild g-g");
    assert_eq!(names_in(folder.path()), files, "no key either");
    for slug in ["gg", ""] {
        ServerProcess::start_with_env(folder.path(), &SERVE, &[("GUILDHALL_DEFAULT_GUILD", slug)]).stop();
    }
}

#[tokio::test]
async fn a_server_waits_for_its_first_guild() {
    let folder = tempfile::tempdir().unwrap();
    let served = ServerProcess::start(folder.path(), &[&SERVE[..], &["--default-guild", "gg"]].concat());
    let query = async || served.post(None, "{ guild { slug } }", serde_json::json!({})).await.unwrap();
    assert_eq!(query().await["errors"][0]["extensions"]["code"], "NOT_FOUND");
    stdout(&run(folder.path(), &["bootstrap", "--guild", "gg", "--leader", "x"]));
    assert_eq!(query().await["data"]["guild"]["slug"], "gg");
    let log = served.stop().join("\n");
    assert!(log.contains("guildhall bootstrap --guild gg --leader"), "{log}");
}

#[test]
fn an_invalid_filter_of_the_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = guildhall(folder.path()).env("RUST_LOG", "guildhall=loud").args(SERVE).output().unwrap();
    assert_refused(&output, "RUST_LOG is not a filter of the log");
    assert_eq!(names_in(folder.path()), [""; 0]);
}

#[test]
fn a_public_url_that_is_no_safe_origin_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["http://guild.example", "https://guild.example/app", "guild.example", "https://a:b@guild.example", ""] {
        let output = run(folder.path(), &[&SERVE[..], &["--public-url", url]].concat());
        assert_refused(&output, "must be an https origin");
        let mut by_variable = guildhall(folder.path());
        let output = by_variable.env("GUILDHALL_PUBLIC_URL", url).args(SERVE).output().unwrap();
        assert_refused(&output, "must be an https origin");
        assert_eq!(names_in(folder.path()), [""; 0], "{url}");
    }
}

#[test]
fn a_misspelt_variable_is_reported_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut bootstrap = guildhall(folder.path());
    bootstrap.args(["bootstrap", "--guild", "gg", "--leader", "x"]);
    bootstrap.envs([
        ("GUILDHALL_INVITE_TLL", "1h"),
        ("GUILDHALL_DATABASE_URL", "sqlite://x.db"),
        ("GUILDHALL_ZZZ", "1"),
    ]);
    let output = bootstrap.output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    for expected in [
        "GUILDHALL_INVITE_TLL is not a known variable and has no effect: did you mean GUILDHALL_INVITE_TTL?",
        "GUILDHALL_DATABASE_URL is not a known variable and has no effect: did you mean DATABASE_URL?",
        "GUILDHALL_ZZZ is not a known variable and has no effect\"",
    ] {
        assert!(log.contains(expected), "{expected}: {log}");
    }
    let served = ServerProcess::start_with_env(folder.path(), &SERVE, &[("GUILDHALL_ACESS_TTL", "1h")]);
    let log = served.stop().join("\n");
    assert!(log.contains("did you mean GUILDHALL_ACCESS_TTL?"), "{log}");
}

#[test]
fn bootstrap_makes_another_leader_only_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = |leader: &str, arguments: &[&str]| {
        run(folder.path(), &[&["bootstrap", "--guild", "gg", "--leader", leader], arguments].concat())
    };
    let leaders = || {
        let roster = stdout(&run(folder.path(), &["export", "--guild", "gg", "--format", "csv"]));
        roster.lines().filter(|line| line.contains("Guild Leader")).count()
    };
    let code = stdout(&bootstrap("Thalindra", &[]));
    // The same leader, in any case, gets a new code as long as they have no account.
    assert_ne!(stdout(&bootstrap("thalindra", &[])), code);
    for typo in ["thalindre", "someone"] {
        let error = "Thalindra leads this guild already. To make";
        assert_refused(&bootstrap(typo, &[]), error);
        assert_eq!(leaders(), 1);
    }
    stdout(&bootstrap("second", &["--another-leader"]));
    assert_eq!(leaders(), 2);
    // A leader gets a code although there is another.
    stdout(&bootstrap("thalindra", &[]));
    assert_refused(&bootstrap("third", &[]), "leads this guild already");
    assert_eq!(leaders(), 2);
}
