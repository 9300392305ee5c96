//! Backups of SQLite, by the command line.

mod copies;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde_json::{Value, json};

use crate::support::{
    Client,
    documents::CAST_BALLOT,
    process::{ServerProcess, guildhall, run, stdout},
    strings,
};

const SERVE: [&str; 3] = ["serve", "--bind", "127.0.0.1:0"];
const DEMO: [&str; 6] = ["demo", "--bind", "127.0.0.1:0", "--no-simulate", "--database-url", "sqlite://guildhall.db"];

/// What a guild shows: roster, votes and their results.
const SHOWN: &str = "{ guild { name } me { displayName } ranks { name level permissions }
    members(first: 100) { totalCount nodes { id displayName rank { name } registeredAt characters { name spec role } } }
    campaigns(first: 100) { nodes {
        id title description status startAt turnout { voted eligible } standings { place points entry { name } }
    } }
    pastVotes(first: 100) { nodes { campaign { id closedAt winners { name } ballotBox { count digest } } } } }";

/// A command that must be refused; what it says.
#[track_caller]
fn refused(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stdout));
    assert!(said.starts_with("error: ") && !said.contains("panicked"), "{said}");
    said
}

fn sqlite(file: &Path) -> SqliteConnection {
    SqliteConnection::establish(file.to_str().unwrap()).unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Ends a server as an operator does.
async fn end(mut served: ServerProcess) {
    served.terminate();
    tokio::task::spawn_blocking(move || assert!(served.child.wait().unwrap().success())).await.unwrap();
}

/// A guild with a leader, in a database that nobody has open.
fn bootstrapped(folder: &Path, slug: &str, database: &str) {
    stdout(&run(folder, &["bootstrap", "--guild", slug, "--leader", "x", "--database-url", database]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_server_has_every_ballot_acknowledged_before_and_becomes_a_server_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = ServerProcess::start(folder.path(), &[&DEMO[..], &["--members", "150"]].concat());
    let tokens = stdout(&run(folder.path(), &["token", "--guild", "emberwatch", "--all"]));
    let tokens: Vec<String> =
        tokens.lines().filter_map(|line| line.rsplit_once(' ')).map(|(_, token)| token.to_owned()).collect();
    let live = "{ campaigns(filter: { status: [LIVE] }) { nodes { id entries { id } turnout { voted } } } }";
    let campaign = served.post(None, live, json!({})).await.unwrap()["data"]["campaigns"]["nodes"][0].clone();
    let input =
        json!({ "input": { "campaignId": campaign["id"], "picks": strings(&campaign["entries"], "/id")[..3] } });
    let mut casts = tokio::task::JoinSet::new();
    for token in &tokens {
        let (token, url, body) =
            (token.clone(), served.url.clone(), json!({ "query": CAST_BALLOT, "variables": input }));
        casts.spawn(async move {
            let answer = reqwest::Client::new().post(url).bearer_auth(&token).json(&body).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            answer["data"]["castBallot"].is_object().then_some(token)
        });
    }
    // Backed up in the midst of it.
    let mut before = Vec::new();
    while before.len() < 20 {
        before.extend(casts.join_next().await.expect("too few voters").unwrap());
    }
    let backing_up = guildhall(folder.path()).args(["backup", "copy.db"]).stdout(Stdio::piped()).spawn().unwrap();
    let said = tokio::task::spawn_blocking(|| backing_up.wait_with_output().unwrap()).await.unwrap();
    let said = stdout(&said);
    assert!(said.starts_with("copy.db: a copy of sqlite://guildhall.db, "), "{said}");
    assert!(said.contains("copy.db.key: the signing key."), "{said}");
    while let Some(cast) = casts.join_next().await {
        cast.unwrap();
    }
    // Nothing but the two, and the key is as private as it was.
    assert!(names_in(folder.path()).iter().all(|name| !name.contains("partial")), "{:?}", names_in(folder.path()));
    let mode = |name: &str| {
        let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
    };
    assert_eq!((mode("copy.db.key"), mode("copy.db")), (0o600, mode("guildhall.db")));
    // A name is given once.
    assert!(refused(&run(folder.path(), &["backup", "copy.db"])).contains("copy.db exists already"));
    stdout(&run(folder.path(), &["backup", "copy-2.db"]));

    // Elsewhere, it answers for all that was acknowledged, and by the same tokens.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db").display().to_string();
    let said = stdout(&run(elsewhere.path(), &["restore", &copy]));
    assert_eq!(said, format!("sqlite://guildhall.db is restored from {copy}.\nguildhall.db.key: its signing key.\n"));
    assert_eq!(names_in(elsewhere.path()), ["guildhall.db", "guildhall.db.key"]);
    let again = ServerProcess::start(elsewhere.path(), &SERVE);
    for token in &before {
        let answer = again.post(Some(token), CAST_BALLOT, input.clone()).await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["reason"], "ALREADY_VOTED", "{answer}");
    }
    drop(again);

    // A server has its database to itself: nothing is put in its place meanwhile, whatever is forced.
    let shown = served.post(Some(&tokens[0]), SHOWN, json!({})).await.unwrap();
    assert_eq!(shown["errors"], Value::Null, "{shown}");
    for restore in [&["restore", "copy-2.db"][..], &["restore", "--force", "copy-2.db"]] {
        assert!(refused(&run(folder.path(), restore)).contains("guildhall.db is in use"));
    }
    // Killed with a change in its log, which belongs to the former database and must not be taken for the next one's.
    let change = "PRAGMA busy_timeout = 10000; UPDATE members SET display_name = 'changed since'";
    sqlite(&folder.path().join("guildhall.db")).batch_execute(change).unwrap();
    drop(served);
    assert!(std::fs::metadata(folder.path().join("guildhall.db-wal")).unwrap().len() > 0);
    stdout(&run(folder.path(), &["restore", "--force", "copy-2.db"]));
    assert!(!folder.path().join("guildhall.db-wal").exists());
    let back = ServerProcess::start(folder.path(), &SERVE);
    assert_eq!(back.post(Some(&tokens[0]), SHOWN, json!({})).await.unwrap(), shown);
}

#[test]
fn a_backup_that_is_cut_short_has_no_name() {
    let folder = tempfile::tempdir().unwrap();
    bootstrapped(folder.path(), "gg", "sqlite://guildhall.db");
    // A key that nobody writes: there the backup waits, when the copy itself is done.
    assert!(Command::new("mkfifo").arg(folder.path().join("guildhall.db.key")).status().unwrap().success());
    let mut backing_up = guildhall(folder.path()).args(["backup", "copy.db"]).spawn().unwrap();
    let kill = format!("exec 3>guildhall.db.key && kill -KILL {}", backing_up.id());
    let killed = Command::new("timeout").args(["60", "sh", "-c", &kill]).current_dir(folder.path()).status().unwrap();
    assert!(killed.success(), "it never came to the key");
    assert!(!backing_up.wait().unwrap().success());
    let names = names_in(folder.path());
    assert!(names.iter().any(|name| name.starts_with("copy.db.") && name.ends_with(".partial")), "{names:?}");
    assert!(!names.iter().any(|name| name == "copy.db" || name == "copy.db.key"), "{names:?}");
    // And the next one is none the worse for it.
    std::fs::remove_file(folder.path().join("guildhall.db.key")).unwrap();
    let said = stdout(&run(folder.path(), &["backup", "copy.db"]));
    assert!(said.ends_with(
        "There is no signing key beside sqlite://guildhall.db: back up its GUILDHALL_JWT_SECRET as well.\n"
    ));
}

#[test]
fn a_backup_is_refused_where_it_would_harm() {
    let folder = tempfile::tempdir().unwrap();
    let backup = |arguments: &[&str]| run(folder.path(), &[&["backup"], arguments].concat());
    assert!(refused(&backup(&["copy.db"])).contains("guildhall.db: No such file"));
    assert_eq!(names_in(folder.path()), [""; 0], "nothing was made");
    bootstrapped(folder.path(), "gg", "sqlite://guildhall.db");
    std::fs::write(folder.path().join("guildhall.db.key"), [b'k'; 64]).unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(folder.path().join("open.db-wal"), "").unwrap();
    std::fs::write(folder.path().join("other.db.key"), "another's").unwrap();
    for (arguments, expected) in [
        (vec!["--force", "guildhall.db"], "guildhall.db is the database itself"),
        (vec!["--force", "folder"], "folder is a directory"),
        (vec!["--force", "open.db"], "open.db is a database in use: there is open.db-wal beside it"),
        (vec!["other.db"], "other.db.key exists already"),
        (vec!["nowhere/copy.db"], "nowhere/copy.db: No such file"),
        (vec!["copy.db", "--database-url", "postgres://127.0.0.1:1/x"], "pg_dump"),
    ] {
        let said = refused(&backup(&arguments));
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    // The key of an earlier backup of that name is kept.
    stdout(&backup(&["--force", "other.db"]));
    assert_eq!(std::fs::read(folder.path().join("other.db.key")).unwrap(), [b'k'; 64]);
    assert_eq!(std::fs::read(folder.path().join("other.db.key.former")).unwrap(), b"another's");
    // What is damaged is not backed up, least of all over a good copy.
    stdout(&backup(&["good.db"]));
    let good = std::fs::read(folder.path().join("good.db")).unwrap();
    sqlite(&folder.path().join("guildhall.db"))
        .batch_execute("PRAGMA foreign_keys = OFF; UPDATE members SET rank_id = 1")
        .unwrap();
    let said = refused(&backup(&["--force", "good.db"]));
    assert!(said.contains("guildhall.db is damaged:\nmembers refers to missing ranks"), "{said}");
    assert_eq!(std::fs::read(folder.path().join("good.db")).unwrap(), good);
    assert!(names_in(folder.path()).iter().all(|name| !name.contains("partial")));
}

#[test]
fn only_a_sound_backup_of_ours_is_restored_and_only_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    bootstrapped(folder.path(), "gg", "sqlite://source.db");
    std::fs::write(folder.path().join("source.db.key"), [b'k'; 64]).unwrap();
    let from_source = ["--database-url", "sqlite://source.db"];
    stdout(&run(folder.path(), &[&["backup", "good.db"], &from_source[..]].concat()));
    let of = |name: &str| folder.path().join(name);
    let changed = |name: &str, sql: &str| {
        std::fs::copy(of("good.db"), of(name)).unwrap();
        sqlite(&of(name)).batch_execute(sql).unwrap();
    };
    std::fs::write(of("garbage.db"), [7; 8192]).unwrap();
    std::fs::write(of("empty.db"), "").unwrap();
    sqlite(&of("foreign.db")).batch_execute("CREATE TABLE guilds (id INTEGER)").unwrap();
    changed("newer.db", "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    changed("dangling.db", "PRAGMA foreign_keys = OFF; DELETE FROM ranks");
    let mut bytes = std::fs::read(of("good.db")).unwrap();
    let half = bytes.len() / 2;
    bytes[half..half + 4096].fill(0xA5);
    std::fs::write(of("damaged.db"), bytes).unwrap();
    std::fs::write(of("half.db"), &std::fs::read(of("good.db")).unwrap()[..half]).unwrap();
    let restore = |arguments: &[&str]| run(folder.path(), &[&["restore"], arguments].concat());
    for (file, expected) in [
        ("nowhere.db", "nowhere.db: No such file"),
        ("garbage.db", "garbage.db cannot be read: file is not a database"),
        ("empty.db", "empty.db is not a Guildhall database"),
        ("foreign.db", "foreign.db is not a Guildhall database"),
        ("newer.db", "newer.db was written by a newer release (its schema has the version 29990101000000)"),
        ("dangling.db", "dangling.db is damaged:\n"),
        ("damaged.db", "damaged.db "),
        ("half.db", "half.db "),
    ] {
        let said = refused(&restore(&["--force", file]));
        assert!(said.contains(expected), "{file}: {said}");
    }
    let made = |name: &String| name.starts_with("guildhall.db") || name.contains("partial");
    assert!(!names_in(folder.path()).iter().any(made), "{:?}", names_in(folder.path()));
    let to_postgres = ["good.db", "--database-url", "postgres://127.0.0.1:1/x"];
    assert!(refused(&restore(&to_postgres)).contains("pg_restore"));

    // A database without a guild is nothing to lose. An older one becomes a newer one, and the backup stays as it was.
    stdout(&run(folder.path(), &["migrate"]));
    let older = ["2026-11-22-000000_discord", "2026-11-21-210000_nonce_first"].map(|name| {
        let down = std::fs::read_to_string(format!("migrations/sqlite/{name}/down.sql")).unwrap();
        let version: String = name.chars().filter(char::is_ascii_digit).take(14).collect();
        format!("{down}; DELETE FROM __diesel_schema_migrations WHERE version = '{version}';")
    });
    changed("older.db", &older.concat());
    let before = std::fs::read(of("older.db")).unwrap();
    let said = stdout(&restore(&["older.db"]));
    assert!(
        said.contains("older.db.key does not exist: start the server with its former GUILDHALL_JWT_SECRET"),
        "{said}"
    );
    assert_eq!(std::fs::read(of("older.db")).unwrap(), before);
    stdout(&run(
        folder.path(),
        &["token", "--guild", "gg", "--all", "--jwt-secret", "0123456789abcdef0123456789abcdef"],
    ));

    // What has a guild is, whatever the backup; and so is another key.
    let now = std::fs::read(of("guildhall.db")).unwrap();
    assert!(refused(&restore(&["good.db"])).contains("guildhall.db holds data, which --force would replace"));
    std::fs::write(of("guildhall.db"), [7; 8192]).unwrap();
    assert!(refused(&restore(&["good.db"])).contains("guildhall.db cannot be read"));
    std::fs::remove_file(of("guildhall.db")).unwrap();
    std::fs::write(of("guildhall.db.key"), "another's").unwrap();
    assert!(refused(&restore(&["good.db"])).contains("guildhall.db.key is another key"));
    assert!(!of("guildhall.db").exists());
    // What is left of a database that is gone is not taken for the log of this one.
    std::fs::write(of("guildhall.db"), &now[..100]).unwrap();
    std::fs::write(of("guildhall.db-wal"), "what is this").unwrap();
    // Where not all that is to be written can be, nothing is touched.
    std::fs::create_dir_all(of("guildhall.db.key.former/in the way")).unwrap();
    assert!(refused(&restore(&["--force", "good.db"])).contains("guildhall.db.key.former"));
    assert_eq!(std::fs::read(of("guildhall.db")).unwrap(), now[..100]);
    assert_eq!(std::fs::read(of("guildhall.db.key")).unwrap(), b"another's");
    std::fs::remove_dir_all(of("guildhall.db.key.former")).unwrap();
    stdout(&restore(&["--force", "good.db"]));
    assert_eq!(std::fs::read(of("guildhall.db.key")).unwrap(), [b'k'; 64]);
    assert_eq!(std::fs::read(of("guildhall.db.key.former")).unwrap(), b"another's");
    let former = std::fs::metadata(of("guildhall.db.key.former")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&former.permissions()) & 0o777, 0o600);
    assert!(!of("guildhall.db-wal").exists());
    stdout(&run(folder.path(), &["export", "--guild", "gg"]));
    assert!(refused(&restore(&["--force", "guildhall.db"])).contains("guildhall.db is the database itself"));
    // A database elsewhere stays there.
    std::os::unix::fs::symlink(of("guildhall.db"), of("link.db")).unwrap();
    stdout(&restore(&["--force", "good.db", "--database-url", "sqlite://link.db"]));
    assert!(of("link.db").is_symlink());
}
