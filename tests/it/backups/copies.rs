//! Copies from SQLite to PostgreSQL on the command line: `guildhall migrate --to`.

use std::{path::Path, process::Command};

use diesel::{
    RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use serde_json::{Value, json};

use super::{DEMO, GUILD, SERVE, bootstrap, error_of, names_in, sqlite, stop};
use crate::support::{
    TestApp,
    process::{ServerProcess, run, stdout},
};

/// The tables of diesel's schema.
fn tables() -> Vec<&'static str> {
    let schema = include_str!("../../../src/db/schema.rs").split("diesel::table! {").skip(1);
    schema.filter_map(|table| table.trim_start().split(' ').next()).collect()
}

#[derive(diesel::QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn count_rows(conn: &mut SqliteConnection, table: &str) -> i64 {
    sql_query(format!("SELECT count(*) AS number FROM {table}")).get_result::<CountRow>(conn).unwrap().number
}

/// Rows that the demo lacks: texts and times that the two databases represent differently, and Discord's tables.
const MORE_ROWS: &str = "
    UPDATE guilds SET created_at = '2026-03-01 20:00:00.100';
    UPDATE campaigns SET description = 'Zoë \"\\\\n'' 🐉' || char(10, 9, 1) || '$1 {} [null]',
        start_at = '2026-03-01 20:00:00' WHERE status = 'LIVE';
    UPDATE members SET last_seen_at = '2026-03-01 20:00:00.000120' WHERE discord_username = 'member';
    INSERT INTO discord_keeper
        VALUES (1, 9223372036854775807, '2026-03-01 20:00:00', 'CONNECTED', '2026-03-01 20:00:00', NULL);
    INSERT INTO discord_links SELECT id, '18446744073709551615', NULL, 'https://x/{id}', -1, NULL, NULL, 5,
        '2026-03-01 20:00:00', NULL, NULL, 'null', '1', NULL FROM guilds;
    INSERT INTO discord_messages
        (guild_id, id, lane, number, kind, body, state, queued_at, expires_at, due_at, attempts)
        SELECT id, -9223372036854775807, '1', 1, 'INVITE', 'sealed', 'QUEUED', '2026-03-01 20:00:00',
            '2026-03-04 20:00:00', '2026-03-01 20:00:00.5', 0 FROM guilds;
    INSERT INTO discord_stories SELECT guild_id, id, '{\"told\": []}' FROM campaigns WHERE status = 'LIVE';
    INSERT INTO discord_boards
        SELECT guild_id, id, '1', '2', '0 of 1', '2026-03-01 20:00:00.5' FROM campaigns WHERE status = 'LIVE';
    INSERT OR IGNORE INTO abstentions
        SELECT guild_id, (SELECT id FROM campaigns WHERE status = 'CLOSED'), id FROM members;
    INSERT INTO former_electors
        SELECT guild_id, (SELECT id FROM campaigns WHERE status = 'LIVE'), id FROM members WHERE discord_username = 'member';
    INSERT INTO audit_events SELECT guild_id, id, created_at, id, NULL, NULL, 'X', NULL, NULL, NULL, '' FROM members;
";

/// Creates a demo in which every table has rows. Returns its officer's access token, the response to [`GUILD`], and a
/// refresh token.
async fn create_full_demo(folder: &Path) -> (String, Value, String) {
    let served = ServerProcess::start(folder, &DEMO);
    let login = "mutation($password: String!) {
        login(input: { discordUsername: \"officer\", password: $password }) { accessToken refreshToken }
    }";
    let wrong = served.post(None, login, json!({ "password": "not this one" })).await.unwrap();
    assert!(wrong["errors"].is_array(), "{wrong}");
    let signed_in = served.post(None, login, json!({ "password": "guildhall-demo" })).await.unwrap();
    let [token, refresh] = ["accessToken", "refreshToken"]
        .map(|name| signed_in["data"]["login"][name].as_str().unwrap_or_else(|| panic!("{signed_in}")).to_owned());
    let source = format!("sqlite://{}", folder.join("guildhall.db").display());
    assert!(
        error_of(&run(folder, &["migrate", "--to", "postgres://127.0.0.1:1/x", "--database-url", &source]))
            .contains("guildhall.db is in use")
    );
    stop(served).await;
    let mut conn = sqlite(&folder.join("guildhall.db"));
    conn.batch_execute(MORE_ROWS).unwrap();
    let codes = "INSERT INTO codes (guild_id, member_id, purpose, code_hash, expires_at, reach, permissions)
        SELECT guild_id, id, 'RESET', 'hash', '2999-01-01 00:00:00', 1, '' FROM members LIMIT 1";
    conn.batch_execute(codes).unwrap();
    drop(conn);
    let served = ServerProcess::start(folder, &SERVE);
    let response = served.post(Some(&token), GUILD, json!({})).await.unwrap();
    assert_eq!(response["errors"], Value::Null, "{response}");
    stop(served).await;
    (token, response, refresh)
}

async fn assert_empty(app: &TestApp) {
    for table in tables() {
        assert_eq!(app.count_rows(table).await, 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_to_postgres_is_complete_or_leaves_nothing() {
    let Some(postgres) = TestApp::on_postgres().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (token, before, refresh) = create_full_demo(folder.path()).await;
    let target = postgres.database.reveal();
    let migrate = || run(folder.path(), &["migrate", "--to", &target]);

    // A row that the target changes is detected.
    postgres
        .execute_sql(
            "CREATE FUNCTION change_row() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
            CREATE TRIGGER change_row BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION change_row()",
        )
        .await;
    let error = error_of(&migrate());
    assert!(error.contains("entries has ") && error.contains("different rows in PostgreSQL"), "{error}");
    assert_empty(&postgres).await;
    // A row that the target drops is detected.
    postgres
        .execute_sql(
            "DROP TRIGGER change_row ON entries;
            CREATE OR REPLACE FUNCTION change_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER change_row BEFORE INSERT ON discord_stories FOR EACH ROW EXECUTE FUNCTION change_row()",
        )
        .await;
    let error = error_of(&migrate());
    assert!(error.contains("discord_stories has 1 rows in SQLite, and 0 rows in PostgreSQL"), "{error}");
    assert_empty(&postgres).await;
    postgres.execute_sql("DROP TRIGGER change_row ON discord_stories").await;

    // A stored result that differs from a recount is detected, wherever the difference is.
    let mut conn = sqlite(&folder.path().join("guildhall.db"));
    for (tamper, repair) in [
        ("UPDATE tallies SET voted = voted + 1", "UPDATE tallies SET voted = voted - 1"),
        (
            "CREATE TEMP TABLE kept AS SELECT * FROM picks;
             DELETE FROM picks WHERE position = 1 AND campaign_id = (SELECT min(campaign_id) FROM tallies)",
            "DELETE FROM picks; INSERT INTO picks SELECT * FROM kept",
        ),
        ("UPDATE tallies SET outcome = '!' || outcome", "UPDATE tallies SET outcome = substr(outcome, 2)"),
    ] {
        conn.batch_execute(&format!("{tamper}; PRAGMA wal_checkpoint; PRAGMA journal_mode = DELETE")).unwrap();
        let error = error_of(&migrate());
        assert!(error.contains("stored results differ from the ballots:\n"), "{tamper}: {error}");
        assert_empty(&postgres).await;
        conn.batch_execute(repair).unwrap();
    }
    drop(conn);

    // All tables of the schema are copied. A new table needs rows in `MORE_ROWS`.
    let printed = stdout(&migrate());
    let mut conn = sqlite(&folder.path().join("guildhall.db"));
    for table in tables() {
        let rows = count_rows(&mut conn, table);
        assert!(rows > 0, "{table} has no rows to copy");
        // The lease of the connection to Discord belongs to the old server.
        let expected = if table == "discord_keeper" { 0 } else { rows };
        assert_eq!(postgres.count_rows(table).await, expected, "{table}");
    }
    assert_eq!(postgres.count_rows("pg_sequences").await, 0, "a copy must set a sequence's next value");
    assert!(
        printed.contains(" tables, ") && printed.contains("results recounted: each matches its ballots."),
        "{printed}"
    );
    let count = "SELECT count(*) AS number FROM tallies";
    let recounted = sql_query(count).get_result::<CountRow>(&mut conn).unwrap().number;
    assert!(recounted >= 2 && printed.contains(&format!("\n{recounted} results recounted")), "{printed}");
    assert!(error_of(&migrate()).contains("the PostgreSQL database contains a guild already"));

    // A server on the copy accepts the same tokens, with the key that the command names, and returns the same data.
    let export = printed.lines().last().unwrap();
    let secret = format!("{export}; printf %s \"$GUILDHALL_JWT_SECRET\"");
    let secret = Command::new("sh").args(["-c", &secret]).current_dir(folder.path()).output().unwrap();
    let secret = stdout(&secret);
    assert_eq!(secret.len(), 64, "{export}");
    let served = ServerProcess::start(
        folder.path(),
        &[&SERVE[..], &["--database-url", &target, "--jwt-secret", &secret]].concat(),
    );
    assert_eq!(served.post(Some(&token), GUILD, json!({})).await.unwrap(), before);
    let renew = "mutation($token: String!) { refreshSession(input: { refreshToken: $token }) { accessToken } }";
    let renewed = served.post(None, renew, json!({ "token": refresh })).await.unwrap();
    assert!(renewed["data"]["refreshSession"]["accessToken"].is_string(), "{renewed}");
}

#[derive(diesel::QueryableByName)]
struct VersionRow {
    #[diesel(sql_type = Text)]
    version: String,
}

#[test]
fn a_copy_to_postgres_is_refused_before_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let migrate = |arguments: &[&str]| error_of(&run(folder.path(), &[&["migrate"], arguments].concat()));
    let nowhere = "postgres://guild:s3cret@127.0.0.1:1/x";
    assert!(migrate(&["--to", nowhere]).contains("guildhall.db: No such file"));
    assert_eq!(names_in(folder.path()), [""; 0], "no file is created");
    for arguments in
        [["--to", "sqlite://x.db", "--database-url", nowhere], ["--to", nowhere, "--database-url", nowhere]]
    {
        assert!(migrate(&arguments).contains("--to copies from SQLite"), "{arguments:?}");
    }
    bootstrap(folder.path(), "gg", "sqlite://guildhall.db");
    assert!(!migrate(&["--to", nowhere]).contains("s3cret"));
    let mut conn = sqlite(&folder.path().join("guildhall.db"));
    let last = sql_query("SELECT max(version) AS version FROM __diesel_schema_migrations");
    let last = last.get_result::<VersionRow>(&mut conn).unwrap().version;
    let newer = format!("UPDATE __diesel_schema_migrations SET version = '29990101000000' WHERE version = '{last}'");
    conn.batch_execute(&newer).unwrap();
    drop(conn);
    assert!(migrate(&["--to", nowhere]).contains("written by a newer release"));
}
