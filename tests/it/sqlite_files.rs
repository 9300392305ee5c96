//! SQLite's files: all data is in one file after a shutdown, the log stays small, and only the owner can read them.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use guildhall::db::{Conn, DatabaseUrl};
use serde_json::json;

use crate::support::{
    TestApp,
    documents::CREATE_MEMBER,
    process::{ServerProcess, guildhall, run, stdout},
};

const SERVE: [&str; 3] = ["serve", "--bind", "127.0.0.1:0"];
const BOOTSTRAP: [&str; 5] = ["bootstrap", "--guild", "gg", "--leader", "leader"];

/// The number of members in a copy of the database file alone.
fn members_in_copy(file: &Path) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct CountRow {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(file, &copy).unwrap();
    let mut conn = SqliteConnection::establish(copy.to_str().unwrap()).unwrap();
    diesel::sql_query("SELECT count(*) AS number FROM members").get_result::<CountRow>(&mut conn).unwrap().number
}

/// The names of the files that are not for their owner only.
fn readable_by_others(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let is_readable = |entry: &fs::DirEntry| fs::metadata(entry.path()).unwrap().permissions().mode() & 0o777 != 0o600;
    entries.filter(is_readable).map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Whether SQLite's log has nothing that is not in the file.
fn log_is_empty(file: &Path) -> bool {
    fs::metadata(file.with_extension("db-wal")).map_or(true, |log| log.len() == 0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_shutdown_one_file_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guildhall.db");
    stdout(&run(folder.path(), &BOOTSTRAP));
    assert!(log_is_empty(&file));
    assert_eq!(members_in_copy(&file), 1, "a command leaves one file, too");
    let token = stdout(&run(folder.path(), &["token", "--guild", "gg", "--member", "leader"]));
    let token = token.split_whitespace().nth(1).unwrap();
    for signal in ["-TERM", "-INT"] {
        let mut served = ServerProcess::start(folder.path(), &SERVE);
        let before = members_in_copy(&file);
        for number in 0..10 {
            let input = json!({ "input": { "discordUsername": format!("member{number}{signal}") } });
            let answer = served.post(Some(token), CREATE_MEMBER, input).await.unwrap();
            assert!(answer.get("errors").is_none(), "{answer}");
        }
        let sent = Command::new("kill").args([signal, &served.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let ended = tokio::task::spawn_blocking(move || served.child.wait().unwrap()).await.unwrap();
        assert!(ended.success());
        assert!(log_is_empty(&file));
        assert_eq!(members_in_copy(&file), before + 10);
    }
}

#[test]
fn a_path_may_start_with_two_slashes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guildhall.db");
    // As other programs write the URL of an absolute path.
    let url = format!("sqlite:///{}", file.display());
    assert!(url.starts_with("sqlite:////"));
    let output = run(folder.path(), &[&BOOTSTRAP[..], &["--database-url", &url]].concat());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("WARN"), "{output:?}");
    stdout(&output);
    assert!(log_is_empty(&file));
    assert_eq!(members_in_copy(&file), 1);
    stdout(&run(folder.path(), &["backup", "copy.db", "--database-url", &url]));
}

#[test]
fn a_command_that_is_stopped_closes_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guildhall.db");
    stdout(&run(folder.path(), &BOOTSTRAP));
    // Another process holds the write lock, so the command waits in the middle of its work.
    let mut lock = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    lock.batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE late (id INTEGER); BEGIN IMMEDIATE").unwrap();
    let mut waiting = guildhall(folder.path())
        .args(["bootstrap", "--guild", "hh", "--leader", "other"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = waiting.id().to_string();
    let handles_signals = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << 14) != 0
    };
    while !handles_signals() {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    lock.batch_execute("COMMIT").unwrap();
    drop(lock);
    assert_eq!(waiting.wait().unwrap().code(), Some(1));
    assert!(log_is_empty(&file));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_shrinks_after_a_long_read() {
    let app = TestApp::on_sqlite().await;
    app.guild("gg").await;
    let _http = app.serve().await;
    let DatabaseUrl::Sqlite(path) = &app.database else { panic!("not SQLite") };
    let mut reader = SqliteConnection::establish(path).unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM members").unwrap();
    app.execute_sql("CREATE TABLE blobs (data BLOB)").await;
    for _ in 0..8 {
        app.execute_sql("INSERT INTO blobs VALUES (randomblob(2000000))").await;
    }
    let log = Path::new(path).with_extension("db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 16_000_000);
    reader.batch_execute("COMMIT").unwrap();
    let shrunk = async {
        while fs::metadata(&log).unwrap().len() > 4_200_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), shrunk).await.expect("the log has not shrunk");
    // Changes were possible meanwhile, and still are.
    app.execute_sql("INSERT INTO blobs VALUES (randomblob(10))").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_for_their_owner_only() {
    // Some umasks would open the files to everyone, others would lock the owner out.
    for umask in ["000", "022", "077", "277"] {
        let folder = tempfile::tempdir().unwrap();
        let shell = |script: &str| {
            let script = format!("umask {umask}; {script}");
            let program = env!("CARGO_BIN_EXE_guildhall");
            let mut command = Command::new("sh");
            command.current_dir(folder.path()).env_clear().args(["-c", &script, "sh", program]);
            stdout(&command.output().unwrap())
        };
        symlink("linked.db", folder.path().join("link.db")).unwrap();
        shell("\"$1\" bootstrap --guild gg --leader x --database-url sqlite://link.db");
        shell("\"$1\" bootstrap --guild gg --leader x && \"$1\" token --guild gg --all");
        shell("\"$1\" backup copy.db && \"$1\" export roster.csv --guild gg");
        shell("\"$1\" restore copy.db --database-url sqlite://restored.db");
        assert_eq!(readable_by_others(folder.path()), [""; 0], "umask {umask}");
        let names = ["linked.db", "guildhall.db", "guildhall.db.key", "copy.db", "copy.db.key", "roster.csv"];
        assert!(names.iter().all(|name| folder.path().join(name).exists()));
    }
    let folder = tempfile::tempdir().unwrap();
    let served = ServerProcess::start(folder.path(), &SERVE);
    assert!(folder.path().join("guildhall.db-wal").exists());
    assert_eq!(readable_by_others(folder.path()), [""; 0]);
    served.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statistics_are_gathered_in_bounded_time() {
    #[derive(diesel::QueryableByName)]
    struct LimitRow {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        analysis_limit: i32,
    }
    let app = TestApp::on_sqlite().await;
    let limit = async |conn: &mut Conn| {
        let Conn::Sqlite(conn) = conn else { panic!("not SQLite") };
        let query = diesel::sql_query("SELECT analysis_limit FROM pragma_analysis_limit");
        Ok(diesel_async::RunQueryDsl::get_result::<LimitRow>(query, &mut **conn).await?.analysis_limit)
    };
    assert_eq!(app.app.db.write(limit).await.unwrap(), 400);
}
