//! Concurrent transactions on PostgreSQL: the server sets the isolation level that it relies on, and repeats a transaction
//! that PostgreSQL aborts because of a conflict.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures_util::future::join_all;
use guildhall::db::{Conn, Db};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::{
    TestApp, TestCampaign,
    documents::{CAST_BALLOT, UPDATE_MEMBER},
    sql, test_options,
};

/// A server whose connections were opened after the database's defaults were changed.
async fn server_with_defaults(app: &TestApp, defaults: &[(&str, &str)]) -> Arc<guildhall::app::App> {
    for (name, value) in defaults {
        app.execute_sql(&format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {name} = ''{value}''', current_database()); END $$"
        ))
        .await;
    }
    app.another_server_on(Db::connect(&app.database, 8).await.unwrap(), test_options())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_changes_succeed_whatever_the_databases_default_isolation_is() {
    for level in ["serializable", "repeatable read"] {
        let Some(app) = TestApp::on_postgres().await else { return };
        let guild = app.guild("gg").await;
        let officer = guild.member("officer", "Officer").await;
        let mut rows = Vec::new();
        for number in 0..25 {
            rows.push(guild.member_row(&format!("member{number}"), "Member", true).await);
        }
        let members = guild.add_members(rows).await;
        let campaign = TestCampaign::live(&officer, 2, json!({})).await;
        let server = server_with_defaults(&app, &[("default_transaction_isolation", level)]).await;
        let renamed = members.iter().map(|member| {
            let input = json!({ "input": { "id": member.id, "displayName": format!("New {}", member.id) } });
            officer.run_on(&server, UPDATE_MEMBER, input)
        });
        let ballots = members.iter().map(|member| member.run_on(&server, CAST_BALLOT, campaign.ballot(&[0])));
        let (renamed, ballots) = tokio::join!(join_all(renamed), join_all(ballots));
        for response in renamed.iter().chain(&ballots) {
            assert_eq!(response["errors"], Value::Null, "{level}: {response}");
        }
        assert_eq!(app.count_rows("ballots").await, 25);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_do_not_depend_on_the_databases_defaults() {
    #[derive(diesel::QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    let Some(app) = TestApp::on_postgres().await else { return };
    let defaults = [
        ("default_transaction_isolation", "serializable"),
        ("synchronous_commit", "off"),
        ("lock_timeout", "1ms"),
        ("idle_session_timeout", "1h"),
        ("statement_timeout", "50ms"),
        ("idle_in_transaction_session_timeout", "50ms"),
    ];
    let server = server_with_defaults(&app, &defaults).await;
    let settings = defaults.map(|(name, _)| name);
    let read = async move |conn: &mut Conn| {
        let Conn::Postgres(conn) = conn else { panic!("not PostgreSQL") };
        let mut values = Vec::new();
        for name in settings {
            let query = diesel::sql_query(format!("SELECT current_setting('{name}') AS value"));
            values.push(diesel_async::RunQueryDsl::get_result::<Setting>(query, &mut **conn).await?.value);
        }
        Ok(values)
    };
    assert_eq!(server.db.read(read).await.unwrap(), ["read committed", "on", "0", "0", "30s", "1min"]);
    // Migrations take as long as they need.
    drop(Db::open(&app.database, 2).await.unwrap());
    // A choice that is at least as safe is kept.
    let server = server_with_defaults(&app, &[("synchronous_commit", "remote_apply")]).await;
    assert_eq!(server.db.read(read).await.unwrap(), ["read committed", "remote_apply", "0", "0", "30s", "1min"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlocked_transaction_is_repeated_as_a_whole() {
    let Some(app) = TestApp::on_postgres().await else { return };
    app.guild("gg").await;
    app.execute_sql("CREATE TABLE counters (id BIGINT PRIMARY KEY, count BIGINT NOT NULL)").await;
    app.execute_sql("INSERT INTO counters VALUES (1, 0), (2, 0)").await;
    let (both_locked, attempts) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    // Each transaction increments both counters, one of them in the reverse order.
    let increment = async |order: [u8; 2]| {
        let (both_locked, attempts, first_attempt) =
            (Arc::clone(&both_locked), Arc::clone(&attempts), Arc::new(AtomicU32::new(0)));
        app.app
            .db
            .write(async move |conn: &mut Conn| {
                attempts.fetch_add(1, Ordering::Relaxed);
                sql::execute(conn, "SET LOCAL deadlock_timeout = '10ms'").await;
                sql::try_execute(conn, &format!("UPDATE counters SET count = count + 1 WHERE id = {}", order[0]))
                    .await?;
                if first_attempt.fetch_add(1, Ordering::Relaxed) == 0 {
                    both_locked.wait().await;
                }
                sql::try_execute(conn, &format!("UPDATE counters SET count = count + 1 WHERE id = {}", order[1]))
                    .await?;
                Ok(())
            })
            .await
    };
    let (one, other) = tokio::join!(increment([1, 2]), increment([2, 1]));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert!(attempts.load(Ordering::Relaxed) > 2, "there was no deadlock");
    assert_eq!(app.count_rows("counters WHERE count = 2").await, 2, "each transaction is applied once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_always_conflicts_is_given_up() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&attempts);
    let conflicting = async move |conn: &mut Conn| {
        counted.fetch_add(1, Ordering::Relaxed);
        let raise = "DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure'; END $$";
        sql::try_execute(conn, raise).await?;
        Ok(())
    };
    let error = app.app.db.write(conflicting).await.unwrap_err();
    assert!(matches!(error, guildhall::kernel::error::Error::Unavailable(_)), "{error:?}");
    assert_eq!(attempts.load(Ordering::Relaxed), 5);
}
