//! Copies a SQLite database to PostgreSQL.
//!
//! The source determines the tables and columns. SQLite converts each row to a JSON array of texts, and PostgreSQL
//! converts it back. PostgreSQL can also convert its rows to such arrays, so the copy is compared with the source.

use diesel::{RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{
    conn::Conn,
    file::NumberRow,
    tables::{self, DatabaseKind, JsonRow, SQLITE_COLUMNS, SQLITE_REFERENCES, Table},
};
use crate::kernel::error::{Error, Refusal, Result};

/// Tables that are not copied. The lease of the connection to Discord belongs to the servers of one database.
const SKIPPED_TABLES: [&str; 1] = ["discord_keeper"];

/// Maximum number of rows in a statement.
const BATCH_ROWS: usize = 5_000;
/// Size from which a statement takes no more rows, in bytes of JSON.
const BATCH_BYTES: usize = 1_024 * 1_024;

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredTable {
    /// The table's name.
    pub table: String,
    /// The number of rows.
    pub rows: u64,
}

/// Copies every row of `source` to PostgreSQL, then compares the numbers of rows and their digests on both sides.
///
/// `source` must be open exclusively, so that it can't change during the copy. `target` must be in a transaction, which
/// the caller rolls back on an error. The target's tables are locked against other writers until the transaction ends.
/// The source is returned, so that the caller can keep it open until then.
///
/// # Errors
/// `CONFLICT` if a table of the target has rows; an internal error if the source cannot be read or the copy differs.
pub async fn transfer(
    mut source: SqliteConnection,
    target: &mut Conn,
) -> Result<(Vec<TransferredTable>, SqliteConnection)> {
    let Conn::Postgres(target) = target else { return Err(Error::internal("the target is not PostgreSQL")) };
    let target: &mut AsyncPgConnection = target;
    let tables = tables_of(&mut source)?;
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    // Removes the time limits of statements, and fixes the format of timestamps, which are compared as text.
    let set_up = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
        SET LOCAL datestyle = ISO; SET LOCAL lock_timeout = '10s'";
    target.batch_execute(&format!("{set_up}; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", names.join(", "))).await?;
    for table in &tables {
        if table.rows_in_postgres(target).await? > 0 {
            let message =
                format!("the PostgreSQL database contains a guild already (its table {} has rows)", table.name);
            return Err(Refusal::conflict("NOT_EMPTY", message).into());
        }
    }
    let (sender, mut batches) = mpsc::channel(2);
    let reader = tokio::task::spawn_blocking({
        let tables = tables.clone();
        move || send(&mut source, &tables, &sender).map(|sent| (sent, source))
    });
    while let Some(RowBatch { table, rows }) = batches.recv().await {
        let table = tables.get(table).ok_or_else(|| Error::internal("a batch of an unknown table"))?;
        let insert = sql_query(table.insert(DatabaseKind::Postgres)).bind::<Text, _>(format!("[{}]", rows.join(",")));
        diesel_async::RunQueryDsl::execute(insert, &mut *target)
            .await
            .map_err(|error| Error::internal(format!("{}: {error}", table.name)))?;
    }
    let (sent, source) = reader.await.map_err(Error::internal)??;
    target.batch_execute(&format!("ANALYZE {}", names.join(", "))).await?;
    let mut transferred = Vec::new();
    for (table, sent) in tables.iter().zip(sent) {
        let stored = table.digest_in_postgres(target).await?;
        if stored != sent {
            let (table, sent, stored) = (&table.name, sent.rows, stored.rows);
            let difference = if sent == stored { "different rows".to_owned() } else { format!("{stored} rows") };
            return Err(Error::internal(format!("{table} has {sent} rows in SQLite, and {difference} in PostgreSQL")));
        }
        transferred.push(TransferredTable { table: table.name.clone(), rows: sent.rows });
    }
    Ok((transferred, source))
}

/// Rows of one table, as JSON arrays.
struct RowBatch {
    /// The table's index.
    table: usize,
    rows: Vec<String>,
}

/// Sends every row of these tables to the channel. Returns each table's digest.
fn send(source: &mut SqliteConnection, tables: &[Table], batches: &mpsc::Sender<RowBatch>) -> Result<Vec<TableDigest>> {
    let mut sent = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let mut digest = TableDigest::default();
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in sql_query(table.select(DatabaseKind::Sqlite)).load_iter::<JsonRow, _>(source)? {
            let row = row?.row;
            digest.add(&row).map_err(|error| Error::internal(format!("{}: {error}", table.name)))?;
            bytes += row.len();
            rows.push(row);
            if rows.len() == BATCH_ROWS || bytes >= BATCH_BYTES {
                // Fails only after an insert has failed, which the receiver reports.
                let _ = batches.blocking_send(RowBatch { table: index, rows: std::mem::take(&mut rows) });
                bytes = 0;
            }
        }
        if !rows.is_empty() {
            let _ = batches.blocking_send(RowBatch { table: index, rows });
        }
        sent.push(digest);
    }
    Ok(sent)
}

/// The number of a table's rows, and the exclusive or of their hashes, which doesn't depend on their order. Rows differ
/// by their keys, so no two hashes cancel out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TableDigest {
    rows: u64,
    hash: [u8; 32],
}

impl TableDigest {
    fn add(&mut self, row: &str) -> serde_json::Result<()> {
        // Serializes the row again, because the two databases format JSON differently.
        let values: Vec<Option<String>> = serde_json::from_str(row)?;
        let hash = Sha256::digest(serde_json::to_vec(&values)?);
        self.rows += 1;
        self.hash.iter_mut().zip(hash).for_each(|(sum, byte)| *sum ^= byte);
        Ok(())
    }
}

/// Returns the tables to copy, each after those that it refers to.
fn tables_of(source: &mut SqliteConnection) -> Result<Vec<Table>> {
    let columns = sql_query(SQLITE_COLUMNS).load(source)?;
    let references: Vec<_> = sql_query(SQLITE_REFERENCES).load(source)?;
    let tables = tables::sort(&columns, &references)?;
    Ok(tables.into_iter().filter(|table| !SKIPPED_TABLES.contains(&table.name.as_str())).collect())
}

impl Table {
    async fn rows_in_postgres(&self, conn: &mut AsyncPgConnection) -> Result<i64> {
        let count = sql_query(format!("SELECT count(*) AS number FROM \"{}\"", self.name));
        let count: NumberRow = diesel_async::RunQueryDsl::get_result(count, conn).await?;
        Ok(count.number)
    }

    async fn digest_in_postgres(&self, conn: &mut AsyncPgConnection) -> Result<TableDigest> {
        let query = self.select(DatabaseKind::Postgres);
        conn.batch_execute(&format!("DECLARE transferred NO SCROLL CURSOR FOR {query}")).await?;
        let fetch = format!("FETCH {BATCH_ROWS} FROM transferred");
        let mut digest = TableDigest::default();
        loop {
            let rows: Vec<JsonRow> = diesel_async::RunQueryDsl::load(sql_query(&fetch), conn).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                digest.add(&row.row).map_err(Error::internal)?;
            }
        }
        conn.batch_execute("CLOSE transferred").await?;
        if i64::try_from(digest.rows) != Ok(self.rows_in_postgres(conn).await?) {
            return Err(Error::internal(format!(
                "{}: PostgreSQL's count differs from the rows it returned",
                self.name
            )));
        }
        Ok(digest)
    }
}
