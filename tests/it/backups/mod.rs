//! Backups of SQLite on the command line: `guildhall backup` and `guildhall restore`.

mod copies;

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use serde_json::{Value, json};

use crate::support::{
    documents::CAST_BALLOT,
    process::{ServerProcess, guildhall, run, stdout},
    strings,
};

const SERVE: [&str; 3] = ["serve", "--bind", "127.0.0.1:0"];
const DEMO: [&str; 6] = ["demo", "--bind", "127.0.0.1:0", "--no-simulate", "--database-url", "sqlite://guildhall.db"];

/// A guild's roster, campaigns and results.
const GUILD: &str = "{ guild { name } me { displayName } ranks { name level permissions }
    members(first: 100) { totalCount nodes { id displayName rank { name } registeredAt characters { name spec role } } }
    campaigns(first: 100) { nodes {
        id title description status startAt turnout { voted eligible } standings { place points entry { name } }
    } }
    pastVotes(first: 100) { nodes { campaign { id closedAt winners { name } ballotBox { count digest } } } } }";

/// The error message of a command that must have failed.
#[track_caller]
fn error_of(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}{}", String::from_utf8_lossy(&output.stdout));
    assert!(error.starts_with("error: ") && !error.contains("panicked"), "{error}");
    error
}

/// Opens a database file without the server's code.
fn sqlite(file: &Path) -> SqliteConnection {
    SqliteConnection::establish(file.to_str().unwrap()).unwrap()
}

/// The names of a folder's files, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Stops a server as an operator does.
async fn stop(mut served: ServerProcess) {
    served.terminate();
    tokio::task::spawn_blocking(move || assert!(served.child.wait().unwrap().success())).await.unwrap();
}

/// Creates a guild with a leader in a database that no server uses.
fn bootstrap(folder: &Path, slug: &str, database: &str) {
    stdout(&run(folder, &["bootstrap", "--guild", slug, "--leader", "x", "--database-url", database]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_server_has_every_acknowledged_ballot() {
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
    // The backup starts while ballots are cast.
    let mut acknowledged = Vec::new();
    while acknowledged.len() < 20 {
        acknowledged.extend(casts.join_next().await.expect("there are fewer than 20 voters").unwrap());
    }
    let backing_up = guildhall(folder.path()).args(["backup", "copy.db"]).stdout(Stdio::piped()).spawn().unwrap();
    let output = tokio::task::spawn_blocking(|| backing_up.wait_with_output().unwrap()).await.unwrap();
    let printed = stdout(&output);
    assert!(printed.starts_with("copy.db: a copy of sqlite://guildhall.db, "), "{printed}");
    assert!(printed.contains("copy.db.key: the signing key."), "{printed}");
    while let Some(cast) = casts.join_next().await {
        cast.unwrap();
    }
    // There are no temporary files, and only the owner can read the key.
    assert!(names_in(folder.path()).iter().all(|name| !name.contains("partial")), "{:?}", names_in(folder.path()));
    let mode = |name: &str| {
        let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
    };
    assert_eq!((mode("copy.db.key"), mode("copy.db")), (0o600, mode("guildhall.db")));
    // A backup never replaces a file unless forced to.
    assert!(error_of(&run(folder.path(), &["backup", "copy.db"])).contains("copy.db exists already"));
    stdout(&run(folder.path(), &["backup", "copy-2.db"]));

    // A server restored elsewhere has all acknowledged ballots, and accepts the same tokens.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db").display().to_string();
    let printed = stdout(&run(elsewhere.path(), &["restore", &copy]));
    assert_eq!(
        printed,
        format!("sqlite://guildhall.db is restored from {copy}.\nguildhall.db.key: its signing key.\n")
    );
    assert_eq!(names_in(elsewhere.path()), ["guildhall.db", "guildhall.db.key"]);
    let restored = ServerProcess::start(elsewhere.path(), &SERVE);
    for token in &acknowledged {
        let answer = restored.post(Some(token), CAST_BALLOT, input.clone()).await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["reason"], "ALREADY_VOTED", "{answer}");
    }
    drop(restored);

    // A database that a server uses is never replaced, even by force.
    let before = served.post(Some(&tokens[0]), GUILD, json!({})).await.unwrap();
    assert_eq!(before["errors"], Value::Null, "{before}");
    for restore in [&["restore", "copy-2.db"][..], &["restore", "--force", "copy-2.db"]] {
        assert!(error_of(&run(folder.path(), restore)).contains("guildhall.db is in use"));
    }
    // The killed server leaves a write-ahead log with a change, which must not be applied to the restored database.
    let change = "PRAGMA busy_timeout = 10000; UPDATE members SET display_name = 'changed since'";
    sqlite(&folder.path().join("guildhall.db")).batch_execute(change).unwrap();
    drop(served);
    assert!(std::fs::metadata(folder.path().join("guildhall.db-wal")).unwrap().len() > 0);
    stdout(&run(folder.path(), &["restore", "--force", "copy-2.db"]));
    assert!(!folder.path().join("guildhall.db-wal").exists());
    let restored = ServerProcess::start(folder.path(), &SERVE);
    assert_eq!(restored.post(Some(&tokens[0]), GUILD, json!({})).await.unwrap(), before);
}

#[test]
fn an_interrupted_backup_leaves_only_a_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    bootstrap(folder.path(), "gg", "sqlite://guildhall.db");
    // The key is a pipe without a writer, so the backup stops there, after it has copied the database.
    assert!(Command::new("mkfifo").arg(folder.path().join("guildhall.db.key")).status().unwrap().success());
    let mut backing_up = guildhall(folder.path()).args(["backup", "copy.db"]).spawn().unwrap();
    let kill = format!("exec 3>guildhall.db.key && kill -KILL {}", backing_up.id());
    let killed = Command::new("timeout").args(["60", "sh", "-c", &kill]).current_dir(folder.path()).status().unwrap();
    assert!(killed.success(), "the backup did not read the key");
    assert!(!backing_up.wait().unwrap().success());
    let names = names_in(folder.path());
    assert!(names.iter().any(|name| name.starts_with("copy.db.") && name.ends_with(".partial")), "{names:?}");
    assert!(!names.iter().any(|name| name == "copy.db" || name == "copy.db.key"), "{names:?}");
    // The next backup succeeds.
    std::fs::remove_file(folder.path().join("guildhall.db.key")).unwrap();
    let printed = stdout(&run(folder.path(), &["backup", "copy.db"]));
    assert!(printed.ends_with(
        "There is no signing key next to sqlite://guildhall.db: back up its GUILDHALL_JWT_SECRET as well.\n"
    ));
}

#[test]
fn a_backup_refuses_to_overwrite_or_to_copy_damage() {
    let folder = tempfile::tempdir().unwrap();
    let backup = |arguments: &[&str]| run(folder.path(), &[&["backup"], arguments].concat());
    assert!(error_of(&backup(&["copy.db"])).contains("guildhall.db: No such file"));
    assert_eq!(names_in(folder.path()), [""; 0], "no file is created");
    bootstrap(folder.path(), "gg", "sqlite://guildhall.db");
    std::fs::write(folder.path().join("guildhall.db.key"), [b'k'; 64]).unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(folder.path().join("open.db-wal"), "").unwrap();
    std::fs::write(folder.path().join("other.db.key"), "another's").unwrap();
    for (arguments, expected) in [
        (vec!["--force", "guildhall.db"], "guildhall.db is the database itself"),
        (vec!["--force", "folder"], "folder is a directory"),
        (vec!["--force", "open.db"], "open.db is a database in use: there is open.db-wal next to it"),
        (vec!["other.db"], "other.db.key exists already"),
        (vec!["nowhere/copy.db"], "nowhere/copy.db: No such file"),
        (vec!["copy.db", "--database-url", "postgres://127.0.0.1:1/x"], "pg_dump"),
    ] {
        let error = error_of(&backup(&arguments));
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    // Nothing of the database is replaced, by whatever name.
    std::fs::create_dir(folder.path().join("links")).unwrap();
    let key = folder.path().join("guildhall.db.key");
    std::os::unix::fs::symlink("../guildhall.db.key", folder.path().join("links/symbolic")).unwrap();
    std::fs::hard_link(&key, folder.path().join("links/hard")).unwrap();
    std::fs::hard_link(folder.path().join("guildhall.db"), folder.path().join("links/database")).unwrap();
    std::os::unix::fs::symlink("guildhall.db", folder.path().join("current.db")).unwrap();
    std::os::unix::fs::symlink("../guildhall.db-journal", folder.path().join("links/dangling")).unwrap();
    let absolute = key.display().to_string();
    let files_before = names_in(folder.path());
    for name in [
        "guildhall.db.key",
        "guildhall.db-wal",
        "guildhall.db-shm",
        "guildhall.db-journal",
        "guildhall.db.key.former",
        "./guildhall.db.key",
        "links/../guildhall.db.key",
        "links/../guildhall.db-wal",
        absolute.as_str(),
        "links/symbolic",
        "links/dangling",
        "links/hard",
        "links/database",
        "current.db",
    ] {
        let error = error_of(&backup(&["--force", name]));
        assert!(error.contains(&format!("{name} is the database itself, or its log or key")), "{error}");
        assert_eq!(names_in(folder.path()), files_before, "{name}");
        assert_eq!(std::fs::read(&key).unwrap(), [b'k'; 64]);
    }
    // The database is named by a link, and a backup's key would become the database.
    for (name, url) in [("guildhall.db.key", "sqlite://current.db"), ("guildhall.db-wal", "sqlite://current.db")] {
        error_of(&backup(&["--force", name, "--database-url", url]));
    }
    std::fs::copy(folder.path().join("guildhall.db"), folder.path().join("backup.db.key")).unwrap();
    std::fs::write(folder.path().join("backup.db.key.key"), [b'k'; 64]).unwrap();
    let error = error_of(&backup(&["--force", "backup.db", "--database-url", "sqlite://backup.db.key"]));
    assert!(error.contains("backup.db.key is the database itself"), "{error}");
    std::fs::write(folder.path().join("settings.env"), "GUILDHALL_BIND=127.0.0.1:0\n").unwrap();
    for (file, kind) in
        [("/dev/null", "not a regular file"), ("links", "is a directory"), ("settings.env", "is not a backup")]
    {
        assert!(error_of(&backup(&["--force", file])).contains(kind));
    }
    // Neither does a restore replace its backup, nor an export the database.
    stdout(&backup(&["restorable.db"]));
    let restore = ["restore", "--force", "restorable.db", "--database-url", "sqlite://restorable.db.key"];
    assert!(error_of(&run(folder.path(), &restore)).contains("are the same file"));
    let export = ["export", "--guild", "gg", "guildhall.db"];
    assert!(error_of(&run(folder.path(), &export)).contains("is the database itself, or its log or key"));
    // A forced backup keeps the key of the earlier one under another name.
    stdout(&backup(&["--force", "other.db"]));
    assert_eq!(std::fs::read(folder.path().join("other.db.key")).unwrap(), [b'k'; 64]);
    assert_eq!(std::fs::read(folder.path().join("other.db.key.former")).unwrap(), b"another's");
    // A damaged database is not backed up, and an earlier backup stays.
    stdout(&backup(&["good.db"]));
    let good = std::fs::read(folder.path().join("good.db")).unwrap();
    sqlite(&folder.path().join("guildhall.db"))
        .batch_execute("PRAGMA foreign_keys = OFF; UPDATE members SET rank_id = 1")
        .unwrap();
    let error = error_of(&backup(&["--force", "good.db"]));
    assert!(error.contains("guildhall.db is damaged:\nmembers refers to missing ranks"), "{error}");
    assert_eq!(std::fs::read(folder.path().join("good.db")).unwrap(), good);
    assert!(names_in(folder.path()).iter().all(|name| !name.contains("partial")));
}

#[test]
fn only_a_sound_backup_is_restored_and_never_over_data() {
    let folder = tempfile::tempdir().unwrap();
    bootstrap(folder.path(), "gg", "sqlite://source.db");
    std::fs::write(folder.path().join("source.db.key"), [b'k'; 64]).unwrap();
    let from_source = ["--database-url", "sqlite://source.db"];
    stdout(&run(folder.path(), &[&["backup", "good.db"], &from_source[..]].concat()));
    let path = |name: &str| folder.path().join(name);
    // A copy of the good backup after this change.
    let changed_copy = |name: &str, sql: &str| {
        std::fs::copy(path("good.db"), path(name)).unwrap();
        sqlite(&path(name)).batch_execute(sql).unwrap();
    };
    std::fs::write(path("garbage.db"), [7; 8192]).unwrap();
    std::fs::write(path("empty.db"), "").unwrap();
    sqlite(&path("foreign.db")).batch_execute("CREATE TABLE guilds (id INTEGER)").unwrap();
    changed_copy("newer.db", "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    changed_copy("dangling.db", "PRAGMA foreign_keys = OFF; DELETE FROM ranks");
    let mut bytes = std::fs::read(path("good.db")).unwrap();
    let half = bytes.len() / 2;
    bytes[half..half + 4096].fill(0xA5);
    std::fs::write(path("damaged.db"), bytes).unwrap();
    std::fs::write(path("half.db"), &std::fs::read(path("good.db")).unwrap()[..half]).unwrap();
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
        let error = error_of(&restore(&["--force", file]));
        assert!(error.contains(expected), "{file}: {error}");
    }
    let is_created = |name: &String| name.starts_with("guildhall.db") || name.contains("partial");
    assert!(!names_in(folder.path()).iter().any(is_created), "{:?}", names_in(folder.path()));
    let to_postgres = ["good.db", "--database-url", "postgres://127.0.0.1:1/x"];
    assert!(error_of(&restore(&to_postgres)).contains("pg_restore"));

    // A database without a guild is replaced. A backup of an older release is migrated, and its file stays unchanged.
    stdout(&run(folder.path(), &["migrate"]));
    let older = ["2026-11-22-000000_discord", "2026-11-21-210000_nonce_first"].map(|name| {
        let down = std::fs::read_to_string(format!("migrations/sqlite/{name}/down.sql")).unwrap();
        let version: String = name.chars().filter(char::is_ascii_digit).take(14).collect();
        format!("{down}; DELETE FROM __diesel_schema_migrations WHERE version = '{version}';")
    });
    changed_copy("older.db", &older.concat());
    let before = std::fs::read(path("older.db")).unwrap();
    let printed = stdout(&restore(&["older.db"]));
    assert!(
        printed.contains("older.db.key does not exist: start the server with its former GUILDHALL_JWT_SECRET"),
        "{printed}"
    );
    assert_eq!(std::fs::read(path("older.db")).unwrap(), before);
    stdout(&run(
        folder.path(),
        &["token", "--guild", "gg", "--all", "--jwt-secret", "0123456789abcdef0123456789abcdef"],
    ));

    // A database with a guild is kept, and so is another key.
    let now = std::fs::read(path("guildhall.db")).unwrap();
    assert!(error_of(&restore(&["good.db"])).contains("guildhall.db holds data, which --force would replace"));
    std::fs::write(path("guildhall.db"), [7; 8192]).unwrap();
    assert!(error_of(&restore(&["good.db"])).contains("guildhall.db cannot be read"));
    std::fs::remove_file(path("guildhall.db")).unwrap();
    std::fs::write(path("guildhall.db.key"), "another's").unwrap();
    assert!(error_of(&restore(&["good.db"])).contains("guildhall.db.key is another key"));
    assert!(!path("guildhall.db").exists());
    // The log of a former database is not applied to this one.
    std::fs::write(path("guildhall.db"), &now[..100]).unwrap();
    std::fs::write(path("guildhall.db-wal"), "what is this").unwrap();
    // If one of the files cannot be written, none is changed.
    std::fs::create_dir_all(path("guildhall.db.key.former/in the way")).unwrap();
    assert!(error_of(&restore(&["--force", "good.db"])).contains("guildhall.db.key.former"));
    assert_eq!(std::fs::read(path("guildhall.db")).unwrap(), now[..100]);
    assert_eq!(std::fs::read(path("guildhall.db.key")).unwrap(), b"another's");
    std::fs::remove_dir_all(path("guildhall.db.key.former")).unwrap();
    stdout(&restore(&["--force", "good.db"]));
    assert_eq!(std::fs::read(path("guildhall.db.key")).unwrap(), [b'k'; 64]);
    assert_eq!(std::fs::read(path("guildhall.db.key.former")).unwrap(), b"another's");
    let former = std::fs::metadata(path("guildhall.db.key.former")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&former.permissions()) & 0o777, 0o600);
    assert!(!path("guildhall.db-wal").exists());
    stdout(&run(folder.path(), &["export", "--guild", "gg"]));
    assert!(error_of(&restore(&["--force", "guildhall.db"])).contains("guildhall.db is the database itself"));
    // A symbolic link stays a link.
    std::os::unix::fs::symlink(path("guildhall.db"), path("link.db")).unwrap();
    stdout(&restore(&["--force", "good.db", "--database-url", "sqlite://link.db"]));
    assert!(path("link.db").is_symlink());
}
