//! Backups of SQLite, and the way from there to PostgreSQL, by the command line.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use serde_json::{Value, json};

use crate::support::{
    CAST, TestApp,
    process::{Served, ask, guildhall, run, stdout},
    strings,
};

const SERVE: [&str; 3] = ["serve", "--bind", "127.0.0.1:0"];
const DEMO: [&str; 6] = ["demo", "--bind", "127.0.0.1:0", "--no-simulate", "--database-url", "sqlite://guildhall.db"];

/// What a guild shows: roster, votes and their results.
const SHOWN: &str = "{ guild { name } me { displayName } ranks { name level permissions }
    members(first: 100) { totalCount nodes { id displayName rank { name } registeredAt characters { name spec role } } }
    campaigns(first: 100) { nodes { id title description status startAt turnout { voted eligible } standings { place points entry { name } } } }
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
async fn end(mut served: Served) {
    served.tell_to_end();
    tokio::task::spawn_blocking(move || assert!(served.child.wait().unwrap().success())).await.unwrap();
}

/// A guild with a leader, in a database that nobody has open.
fn bootstrapped(folder: &Path, slug: &str, database: &str) {
    stdout(&run(folder, &["bootstrap", "--guild", slug, "--leader", "x", "--database-url", database]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_running_server_has_every_ballot_acknowledged_before_and_becomes_a_server_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &[&DEMO[..], &["--members", "150"]].concat());
    let tokens = stdout(&run(folder.path(), &["token", "--guild", "emberwatch", "--all"]));
    let tokens: Vec<String> =
        tokens.lines().filter_map(|line| line.rsplit_once(' ')).map(|(_, token)| token.to_owned()).collect();
    let live = "{ campaigns(filter: { status: [LIVE] }) { nodes { id entries { id } turnout { voted } } } }";
    let campaign = ask(&served, None, live, json!({})).await.unwrap()["data"]["campaigns"]["nodes"][0].clone();
    let input =
        json!({ "input": { "campaignId": campaign["id"], "picks": strings(&campaign["entries"], "/id")[..3] } });
    let mut casts = tokio::task::JoinSet::new();
    for token in &tokens {
        let (token, url, body) = (token.clone(), served.url.clone(), json!({ "query": CAST, "variables": input }));
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
    assert!(refused(&run(folder.path(), &["backup", "copy.db"])).contains("copy.db is there already"));
    stdout(&run(folder.path(), &["backup", "copy-2.db"]));

    // Elsewhere, it answers for all that was acknowledged, and by the same tokens.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db").display().to_string();
    let said = stdout(&run(elsewhere.path(), &["restore", &copy]));
    assert_eq!(said, format!("sqlite://guildhall.db is {copy} again.\nguildhall.db.key: its signing key.\n"));
    assert_eq!(names_in(elsewhere.path()), ["guildhall.db", "guildhall.db.key"]);
    let again = Served::start(elsewhere.path(), &SERVE);
    for token in &before {
        let answer = ask(&again, Some(token), CAST, input.clone()).await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["reason"], "ALREADY_VOTED", "{answer}");
    }
    drop(again);

    // A server has its database to itself: nothing is put in its place meanwhile, whatever is forced.
    let shown = ask(&served, Some(&tokens[0]), SHOWN, json!({})).await.unwrap();
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
    let back = Served::start(folder.path(), &SERVE);
    assert_eq!(ask(&back, Some(&tokens[0]), SHOWN, json!({})).await.unwrap(), shown);
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
    assert!(
        said.ends_with("There is no signing key beside sqlite://guildhall.db: keep its GUILDHALL_JWT_SECRET, too.\n")
    );
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
        (vec!["other.db"], "other.db.key is there already"),
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
        ("empty.db", "empty.db is no database of Guildhall's"),
        ("foreign.db", "foreign.db is no database of Guildhall's"),
        ("newer.db", "newer.db was written by a newer Guildhall than this (its schema has the version 29990101000000)"),
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
    assert!(said.contains("older.db.key is not there: give the server the GUILDHALL_JWT_SECRET"), "{said}");
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

/// The tables of the schema, as diesel has them.
fn tables() -> Vec<&'static str> {
    let schema = include_str!("../../src/db/schema.rs").split("diesel::table! {").skip(1);
    schema.filter_map(|table| table.trim_start().split(' ').next()).collect()
}

#[derive(diesel::QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn rows_of(conn: &mut SqliteConnection, table: &str) -> i64 {
    sql_query(format!("SELECT count(*) AS number FROM {table}")).get_result::<CountRow>(conn).unwrap().number
}

/// What a demo does not come by: texts and instants that databases write each in their own way, and Discord.
const MORE: &str = "
    UPDATE guilds SET created_at = '2026-03-01 20:00:00.100';
    UPDATE campaigns SET description = 'Zoë \"\\\\n'' 🐉' || char(10, 9, 1) || '$1 {} [null]', start_at = '2026-03-01 20:00:00'
        WHERE status = 'LIVE';
    UPDATE members SET last_seen_at = '2026-03-01 20:00:00.000120' WHERE discord_username = 'member';
    INSERT INTO discord_keeper VALUES (1, 9223372036854775807, '2026-03-01 20:00:00', 'CONNECTED', '2026-03-01 20:00:00', NULL);
    INSERT INTO discord_links SELECT id, '18446744073709551615', NULL, 'https://x/{id}', -1, NULL, NULL, 5,
        '2026-03-01 20:00:00', NULL, NULL, 'null' FROM guilds;
    INSERT INTO discord_messages (guild_id, id, lane, number, kind, body, state, queued_at, expires_at, due_at, attempts)
        SELECT id, -9223372036854775807, '1', 1, 'INVITE', 'sealed', 'QUEUED', '2026-03-01 20:00:00',
            '2026-03-04 20:00:00', '2026-03-01 20:00:00.5', 0 FROM guilds;
    INSERT INTO discord_stories SELECT guild_id, id, '{\"told\": []}' FROM campaigns WHERE status = 'LIVE';
    INSERT OR IGNORE INTO abstentions SELECT guild_id, (SELECT id FROM campaigns WHERE status = 'CLOSED'), id FROM members;
    INSERT INTO audit_events SELECT guild_id, id, created_at, id, NULL, NULL, 'X', NULL, NULL, NULL, '' FROM members;
";

/// A demo in which every table has rows; a token of its officer, what that shows, and a refresh token.
async fn filled(folder: &Path) -> (String, Value, String) {
    let served = Served::start(folder, &DEMO);
    let login = "mutation($password: String!) { login(input: { discordUsername: \"officer\", password: $password }) { accessToken refreshToken } }";
    let wrong = ask(&served, None, login, json!({ "password": "not this one" })).await.unwrap();
    assert!(wrong["errors"].is_array(), "{wrong}");
    let signed_in = ask(&served, None, login, json!({ "password": "guildhall-demo" })).await.unwrap();
    let [token, refresh] = ["accessToken", "refreshToken"]
        .map(|name| signed_in["data"]["login"][name].as_str().unwrap_or_else(|| panic!("{signed_in}")).to_owned());
    let source = format!("sqlite://{}", folder.join("guildhall.db").display());
    assert!(
        refused(&run(folder, &["migrate", "--to", "postgres://127.0.0.1:1/x", "--database-url", &source]))
            .contains("guildhall.db is in use")
    );
    end(served).await;
    let mut conn = sqlite(&folder.join("guildhall.db"));
    conn.batch_execute(MORE).unwrap();
    let codes = "INSERT INTO codes SELECT guild_id, id, 'RESET', 'hash', created_at, 1, '' FROM members LIMIT 1";
    conn.batch_execute(codes).unwrap();
    drop(conn);
    let served = Served::start(folder, &SERVE);
    let shown = ask(&served, Some(&token), SHOWN, json!({})).await.unwrap();
    assert_eq!(shown["errors"], Value::Null, "{shown}");
    end(served).await;
    (token, shown, refresh)
}

async fn is_empty(app: &TestApp) {
    for table in tables() {
        assert_eq!(app.rows_of(table).await, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_from_sqlite_to_postgres_or_nothing_does() {
    let Some(postgres) = TestApp::on_postgres().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (token, shown, refresh) = filled(folder.path()).await;
    let target = postgres.database.reveal();
    let migrate = || run(folder.path(), &["migrate", "--to", &target]);

    // A row that arrives otherwise than it was sent is noticed.
    postgres
        .sql(
            "CREATE FUNCTION otherwise() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
            CREATE TRIGGER otherwise BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION otherwise()",
        )
        .await;
    let said = refused(&migrate());
    assert!(said.contains("entries has ") && said.contains("not the same rows in PostgreSQL"), "{said}");
    is_empty(&postgres).await;
    // And one that does not arrive.
    postgres
        .sql(
            "DROP TRIGGER otherwise ON entries;
            CREATE OR REPLACE FUNCTION otherwise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER otherwise BEFORE INSERT ON discord_stories FOR EACH ROW EXECUTE FUNCTION otherwise()",
        )
        .await;
    let said = refused(&migrate());
    assert!(said.contains("discord_stories has 1 rows in SQLite, and 0 rows in PostgreSQL"), "{said}");
    is_empty(&postgres).await;
    postgres.sql("DROP TRIGGER otherwise ON discord_stories").await;

    // A stored result that is not what the ballots say is found, wherever it was changed.
    let mut conn = sqlite(&folder.path().join("guildhall.db"));
    for (tamper, mend) in [
        ("UPDATE tallies SET voted = voted + 1", "UPDATE tallies SET voted = voted - 1"),
        (
            "CREATE TEMP TABLE kept AS SELECT * FROM picks;
             DELETE FROM picks WHERE position = 1 AND campaign_id = (SELECT min(campaign_id) FROM tallies)",
            "DELETE FROM picks; INSERT INTO picks SELECT * FROM kept",
        ),
        ("UPDATE tallies SET outcome = '!' || outcome", "UPDATE tallies SET outcome = substr(outcome, 2)"),
    ] {
        conn.batch_execute(&format!("{tamper}; PRAGMA wal_checkpoint; PRAGMA journal_mode = DELETE")).unwrap();
        let said = refused(&migrate());
        assert!(said.contains("stored results are not what the ballots say:\n"), "{tamper}: {said}");
        is_empty(&postgres).await;
        conn.batch_execute(mend).unwrap();
    }
    drop(conn);

    // All of it, by the schema's own list: a table that is new there is to be filled here.
    let said = stdout(&migrate());
    let mut conn = sqlite(&folder.path().join("guildhall.db"));
    for table in tables() {
        let rows = rows_of(&mut conn, table);
        assert!(rows > 0, "{table} has no rows to be copied");
        // Who keeps the connection to Discord is not for the new servers.
        let expected = if table == "discord_keeper" { 0 } else { rows };
        assert_eq!(postgres.rows_of(table).await, expected, "{table}");
    }
    assert_eq!(postgres.rows_of("pg_sequences").await, 0, "a sequence would have to be set");
    assert!(said.contains(" tables, ") && said.contains("results recounted: each is what its ballots say."), "{said}");
    let count = "SELECT count(*) AS number FROM tallies";
    let recounted = sql_query(count).get_result::<CountRow>(&mut conn).unwrap().number;
    assert!(recounted >= 2 && said.contains(&format!("\n{recounted} results recounted")), "{said}");
    assert!(refused(&migrate()).contains("the PostgreSQL database holds a guild already"));

    // The same answers, to the same tokens, by the key that it names.
    let export = said.lines().last().unwrap();
    let secret = format!("{export}; printf %s \"$GUILDHALL_JWT_SECRET\"");
    let secret = Command::new("sh").args(["-c", &secret]).current_dir(folder.path()).output().unwrap();
    let secret = stdout(&secret);
    assert_eq!(secret.len(), 64, "{export}");
    let served =
        Served::start(folder.path(), &[&SERVE[..], &["--database-url", &target, "--jwt-secret", &secret]].concat());
    assert_eq!(ask(&served, Some(&token), SHOWN, json!({})).await.unwrap(), shown);
    let renew = "mutation($token: String!) { refreshSession(input: { refreshToken: $token }) { accessToken } }";
    let renewed = ask(&served, None, renew, json!({ "token": refresh })).await.unwrap();
    assert!(renewed["data"]["refreshSession"]["accessToken"].is_string(), "{renewed}");
}

#[derive(diesel::QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[test]
fn a_copy_to_postgres_is_refused_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |arguments: &[&str]| refused(&run(folder.path(), &[&["migrate"], arguments].concat()));
    let nowhere = "postgres://guild:s3cret@127.0.0.1:1/x";
    assert!(migrate(&["--to", nowhere]).contains("guildhall.db: No such file"));
    assert_eq!(names_in(folder.path()), [""; 0], "nothing was made");
    for arguments in
        [["--to", "sqlite://x.db", "--database-url", nowhere], ["--to", nowhere, "--database-url", nowhere]]
    {
        assert!(migrate(&arguments).contains("--to copies from SQLite"), "{arguments:?}");
    }
    bootstrapped(folder.path(), "gg", "sqlite://guildhall.db");
    assert!(!migrate(&["--to", nowhere]).contains("s3cret"));
    let mut conn = sqlite(&folder.path().join("guildhall.db"));
    let last = sql_query("SELECT max(version) AS version FROM __diesel_schema_migrations");
    let last = last.get_result::<Version>(&mut conn).unwrap().version;
    let newer = format!("UPDATE __diesel_schema_migrations SET version = '29990101000000' WHERE version = '{last}'");
    conn.batch_execute(&newer).unwrap();
    drop(conn);
    assert!(migrate(&["--to", nowhere]).contains("written by a newer Guildhall"));
}
