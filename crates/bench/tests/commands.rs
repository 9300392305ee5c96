//! Runs the program as an operator does, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../../tests/it/support/databases/mod.rs"]
#[expect(dead_code, reason = "the server's tests use the rest of it")]
mod databases;

use std::{path::Path, process::Command};

use diesel::{QueryableByName, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use guildhall::{
    db::{Conn, DatabaseUrl, Db},
    identity::{self, NewMember, Region},
    kernel::{clock::Clock, id::GuildId},
};
use guildhall_macros::on_both;

use databases::Database;

/// Runs the program in this folder, with these environment variables only.
fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guildhall-bench"));
    command.current_dir(folder).env_clear().envs(variables.iter().copied()).args(arguments).output().unwrap()
}

/// Runs a benchmark on a database with a guild, and returns its output. Checks that it removes everything of its own
/// guild.
async fn run_beside_a_guild(url: &DatabaseUrl, arguments: &[&str]) -> String {
    let db = Db::open(url, 2).await.unwrap();
    let now = Clock::system().now();
    let found = async move |conn: &mut Conn| {
        let (_, ranks) = identity::create_guild(conn, GuildId::new(), "gg", "gg", Region::Us, now).await?;
        let new = NewMember { discord_username: "leader".to_owned(), discord_id: None, display_name: None, rank: None };
        let leader = new.into_row(&ranks[0], now)?;
        Ok(identity::store::insert_members(conn, vec![leader]).await?)
    };
    db.write(found).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &[arguments, &["--database-url", &url.reveal()]].concat(), &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (table, rows) in [("guilds", 1), ("members", 1), ("campaigns", 0), ("ballots", 0), ("picks", 0)] {
        assert_eq!(rows_of(&db, table).await, rows, "{table}");
    }
    String::from_utf8(output.stdout).unwrap()
}

async fn rows_of(db: &Db, table: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let query = diesel::sql_query(format!("SELECT count(*) AS number FROM {table}"));
    let count = async move |conn: &mut Conn| {
        Ok(match conn {
            Conn::Postgres(conn) => query.get_result::<Count>(&mut **conn).await?,
            Conn::Sqlite(conn) => query.get_result::<Count>(&mut **conn).await?,
        })
    };
    db.read(count).await.unwrap().number
}

#[on_both]
async fn ballots_are_cast_both_ways(database: Database) {
    let printed = run_beside_a_guild(&database.url, &["ballots", "--voters", "20", "--at-once", "4"]).await;
    assert!(printed.contains("castBallot through GraphQL") && printed.contains("ratio"), "{printed}");
}

/// The benchmark itself compares the responses, and fails if they differ.
#[on_both]
async fn pages_are_the_same_from_both_servers(database: Database) {
    let arguments = [
        &["pages", "--members", "40", "--campaigns", "12", "--ballots", "300"][..],
        &["--connections", "2", "--turns", "1", "--requests", "8", "--subscribers", "0"],
    ];
    let printed = run_beside_a_guild(&database.url, &arguments.concat()).await;
    let pages = ["roster page", "campaigns page", "campaign", "standings, closed", "standings, live", "castBallot"];
    for page in pages {
        let start = format!("| {page} |");
        let row = printed.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{printed}"));
        let figures: Vec<f64> =
            row.split('|').filter_map(|cell| cell.trim().trim_end_matches(" %").parse().ok()).collect();
        assert_eq!(figures.len(), 10, "{row}");
        let (guildhall, plain) = (figures[0], figures[4]);
        assert!(guildhall > 0.0 && plain > 0.0, "{row}");
    }
}

#[on_both]
async fn costly_requests_are_measured(database: Database) {
    let arguments =
        ["costs", "--members", "40", "--campaigns", "12", "--ballots", "300", "--seconds", "1", "--at-once", "2"];
    let printed = run_beside_a_guild(&database.url, &arguments).await;
    for row in ["| none |", "| one search and count, 50 aliases |", "| 45 different counts |"] {
        assert!(printed.contains(row), "{printed}");
    }
}

#[on_both]
async fn a_storm_of_subscriptions_is_measured(database: Database) {
    let size = ["--members", "40", "--campaigns", "12", "--ballots", "300"];
    let storm = ["--sockets", "3", "--subscriptions", "5", "--seconds", "1", "--distinct"];
    let printed = run_beside_a_guild(&database.url, &[&["storm"][..], &size, &storm].concat()).await;
    for row in ["| 3 idle sockets |", "| 15 subscriptions start, in", "| 5 ballots reach them, in"] {
        assert!(printed.contains(row), "{printed}");
    }
}

#[test]
fn subscribers_receive_all_ballots() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["fanout", "--subscribers", "5", "--ballots", "3", "--every", "10ms"];
    let temporary = folder.path().display().to_string();
    let output = run(folder.path(), &arguments, &[("TMPDIR", &temporary)]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("reached the newest tally: 5 of 5"), "{printed}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the temporary database was not removed");
}

#[test]
fn an_error_does_not_show_the_value_of_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    for variable in ["DATABASE_URL", "GUILDHALL_DIRECT_URL"] {
        let output = run(folder.path(), &["ballots"], &[(variable, "\"postgres://guild:hidden@db/guildhall\"")]);
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success() && printed.contains("sqlite://FILE or postgres://"), "{printed}");
        assert!(!printed.contains("hidden"), "{printed}");
    }
}
