//! Copies from SQLite to PostgreSQL, by the command line.

use std::{path::Path, process::Command};

use diesel::{
    RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use serde_json::{Value, json};

use super::{DEMO, SERVE, SHOWN, bootstrapped, end, names_in, refused, sqlite};
use crate::support::{
    TestApp,
    process::{ServerProcess, run, stdout},
};

/// The tables of the schema, as diesel has them.
fn tables() -> Vec<&'static str> {
    let schema = include_str!("../../../src/db/schema.rs").split("diesel::table! {").skip(1);
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
    UPDATE campaigns SET description = 'Zoë \"\\\\n'' 🐉' || char(10, 9, 1) || '$1 {} [null]',
        start_at = '2026-03-01 20:00:00' WHERE status = 'LIVE';
    UPDATE members SET last_seen_at = '2026-03-01 20:00:00.000120' WHERE discord_username = 'member';
    INSERT INTO discord_keeper
        VALUES (1, 9223372036854775807, '2026-03-01 20:00:00', 'CONNECTED', '2026-03-01 20:00:00', NULL);
    INSERT INTO discord_links SELECT id, '18446744073709551615', NULL, 'https://x/{id}', -1, NULL, NULL, 5,
        '2026-03-01 20:00:00', NULL, NULL, 'null' FROM guilds;
    INSERT INTO discord_messages
        (guild_id, id, lane, number, kind, body, state, queued_at, expires_at, due_at, attempts)
        SELECT id, -9223372036854775807, '1', 1, 'INVITE', 'sealed', 'QUEUED', '2026-03-01 20:00:00',
            '2026-03-04 20:00:00', '2026-03-01 20:00:00.5', 0 FROM guilds;
    INSERT INTO discord_stories SELECT guild_id, id, '{\"told\": []}' FROM campaigns WHERE status = 'LIVE';
    INSERT OR IGNORE INTO abstentions
        SELECT guild_id, (SELECT id FROM campaigns WHERE status = 'CLOSED'), id FROM members;
    INSERT INTO audit_events SELECT guild_id, id, created_at, id, NULL, NULL, 'X', NULL, NULL, NULL, '' FROM members;
";

/// A demo in which every table has rows; a token of its officer, what that shows, and a refresh token.
async fn filled(folder: &Path) -> (String, Value, String) {
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
        refused(&run(folder, &["migrate", "--to", "postgres://127.0.0.1:1/x", "--database-url", &source]))
            .contains("guildhall.db is in use")
    );
    end(served).await;
    let mut conn = sqlite(&folder.join("guildhall.db"));
    conn.batch_execute(MORE).unwrap();
    let codes = "INSERT INTO codes SELECT guild_id, id, 'RESET', 'hash', created_at, 1, '' FROM members LIMIT 1";
    conn.batch_execute(codes).unwrap();
    drop(conn);
    let served = ServerProcess::start(folder, &SERVE);
    let shown = served.post(Some(&token), SHOWN, json!({})).await.unwrap();
    assert_eq!(shown["errors"], Value::Null, "{shown}");
    end(served).await;
    (token, shown, refresh)
}

async fn is_empty(app: &TestApp) {
    for table in tables() {
        assert_eq!(app.count_rows(table).await, 0, "{table}");
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
        .execute_sql(
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
        .execute_sql(
            "DROP TRIGGER otherwise ON entries;
            CREATE OR REPLACE FUNCTION otherwise() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER otherwise BEFORE INSERT ON discord_stories FOR EACH ROW EXECUTE FUNCTION otherwise()",
        )
        .await;
    let said = refused(&migrate());
    assert!(said.contains("discord_stories has 1 rows in SQLite, and 0 rows in PostgreSQL"), "{said}");
    is_empty(&postgres).await;
    postgres.execute_sql("DROP TRIGGER otherwise ON discord_stories").await;

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
        assert!(said.contains("stored results differ from the ballots:\n"), "{tamper}: {said}");
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
        assert_eq!(postgres.count_rows(table).await, expected, "{table}");
    }
    assert_eq!(postgres.count_rows("pg_sequences").await, 0, "a sequence would have to be set");
    assert!(said.contains(" tables, ") && said.contains("results recounted: each is what its ballots say."), "{said}");
    let count = "SELECT count(*) AS number FROM tallies";
    let recounted = sql_query(count).get_result::<CountRow>(&mut conn).unwrap().number;
    assert!(recounted >= 2 && said.contains(&format!("\n{recounted} results recounted")), "{said}");
    assert!(refused(&migrate()).contains("the PostgreSQL database contains a guild already"));

    // The same answers, to the same tokens, by the key that it names.
    let export = said.lines().last().unwrap();
    let secret = format!("{export}; printf %s \"$GUILDHALL_JWT_SECRET\"");
    let secret = Command::new("sh").args(["-c", &secret]).current_dir(folder.path()).output().unwrap();
    let secret = stdout(&secret);
    assert_eq!(secret.len(), 64, "{export}");
    let served = ServerProcess::start(
        folder.path(),
        &[&SERVE[..], &["--database-url", &target, "--jwt-secret", &secret]].concat(),
    );
    assert_eq!(served.post(Some(&token), SHOWN, json!({})).await.unwrap(), shown);
    let renew = "mutation($token: String!) { refreshSession(input: { refreshToken: $token }) { accessToken } }";
    let renewed = served.post(None, renew, json!({ "token": refresh })).await.unwrap();
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
