//! SQL that a test runs past the server's own code.

use std::sync::Arc;

use diesel::sql_types::BigInt;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use guildhall::{app::App, db::Conn};
use tokio::sync::Barrier;

use super::TestApp;

impl TestApp {
    /// The number of rows of a table, in all guilds. A condition can follow the table's name.
    pub async fn count_rows(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS number FROM {table}");
        self.app.db.read(async move |conn: &mut Conn| Ok(number(conn, query).await)).await.unwrap()
    }

    /// The number of statements with this start that the four connections to PostgreSQL keep prepared.
    pub async fn prepared_statements(&self, start: &str) -> i64 {
        let query = format!("SELECT count(*) AS number FROM pg_prepared_statements WHERE statement LIKE '{start}%'");
        let all_at_once = Arc::new(Barrier::new(4));
        let count = || {
            let (query, all_at_once) = (query.clone(), Arc::clone(&all_at_once));
            self.app.db.read(async move |conn: &mut Conn| {
                all_at_once.wait().await;
                Ok(number(conn, query.clone()).await)
            })
        };
        let (a, b, c, d) = tokio::try_join!(count(), count(), count(), count()).unwrap();
        a + b + c + d
    }

    /// Changes the database without the server's knowledge.
    pub async fn execute_sql(&self, statement: &str) {
        let statement = statement.to_owned();
        let change = async move |conn: &mut Conn| {
            match conn {
                Conn::Sqlite(conn) => conn.batch_execute(&statement).await?,
                Conn::Postgres(conn) => conn.batch_execute(&statement).await?,
            }
            Ok(())
        };
        self.app.db.write(change).await.unwrap();
    }
}

/// Runs a statement in an open transaction. Only PostgreSQL has concurrent write transactions, so it panics on SQLite.
pub async fn execute(conn: &mut Conn, statement: &str) {
    try_execute(conn, statement).await.unwrap();
}

/// Like [`execute`], for a statement that may fail.
pub async fn try_execute(conn: &mut Conn, statement: &str) -> diesel::QueryResult<()> {
    let Conn::Postgres(conn) = conn else { panic!("only for PostgreSQL: SQLite runs one write transaction at a time") };
    conn.batch_execute(statement).await
}

/// The number of connections to this PostgreSQL database that wait for a lock.
pub async fn lock_waiters(server: &App) -> i64 {
    let query = "SELECT count(*) AS number FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    server.db.read(async |conn| Ok(number(conn, query.to_owned()).await)).await.unwrap()
}

async fn number(conn: &mut Conn, query: String) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct CountRow {
        #[diesel(sql_type = BigInt)]
        number: i64,
    }
    let query = diesel::sql_query(query);
    let found: CountRow = match conn {
        Conn::Sqlite(conn) => query.get_result(&mut **conn).await.unwrap(),
        Conn::Postgres(conn) => query.get_result(&mut **conn).await.unwrap(),
    };
    found.number
}
