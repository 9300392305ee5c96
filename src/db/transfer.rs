//! Copies a SQLite database to PostgreSQL.
//!
//! The source determines the tables and columns. SQLite converts each row to a JSON array of texts, and PostgreSQL
//! converts it back. PostgreSQL can also convert its rows to such arrays, so the copy is compared with the source.

use std::collections::BTreeSet;

use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{conn::Conn, file::NumberRow};
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
        let insert = sql_query(table.insert()).bind::<Text, _>(format!("[{}]", rows.join(",")));
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum DatabaseKind {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug)]
struct Table {
    name: String,
    columns: Vec<ColumnRow>,
}

#[derive(Clone, Debug, QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct JsonRow {
    #[diesel(sql_type = Text)]
    row: String,
}

#[derive(QueryableByName)]
struct ReferenceRow {
    #[diesel(sql_type = Text)]
    from: String,
    #[diesel(sql_type = Text)]
    to: String,
}

/// Returns the tables of a SQLite database, each after those that it refers to.
fn tables_of(source: &mut SqliteConnection) -> Result<Vec<Table>> {
    let is_table =
        "t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let columns: Vec<ColumnRow> = sql_query(format!(
        "SELECT t.name AS \"table\", c.name AS name, upper(c.type) AS kind
         FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE {is_table} ORDER BY t.name, c.cid"
    ))
    .load(source)?;
    let references: Vec<ReferenceRow> = sql_query(format!(
        "SELECT DISTINCT t.name AS \"from\", f.\"table\" AS \"to\"
         FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE {is_table} AND f.\"table\" <> t.name"
    ))
    .load(source)?;
    let mut remaining: Vec<Table> = columns
        .chunk_by(|a, b| a.table == b.table)
        .filter_map(|columns| Some(Table { name: columns.first()?.table.clone(), columns: columns.to_vec() }))
        .filter(|table| !SKIPPED_TABLES.contains(&table.name.as_str()))
        .collect();
    let (mut tables, mut sorted) = (Vec::new(), BTreeSet::new());
    while !remaining.is_empty() {
        let (ready, others): (Vec<Table>, _) = remaining
            .into_iter()
            .partition(|table| references.iter().filter(|it| it.from == table.name).all(|it| sorted.contains(&it.to)));
        if ready.is_empty() {
            return Err(Error::internal("the tables' foreign keys form a cycle"));
        }
        sorted.extend(ready.iter().map(|table| table.name.clone()));
        tables.extend(ready);
        remaining = others;
    }
    Ok(tables)
}

impl Table {
    /// The query for every row as a JSON array of texts, which are the same on both databases.
    fn select(&self, database: DatabaseKind) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| column.as_text(database)).collect();
        let array = if database == DatabaseKind::Sqlite { "json_array" } else { "json_build_array" };
        format!("SELECT CAST({array}({}) AS TEXT) AS \"row\" FROM \"{}\"", values.join(", "), self.name)
    }

    /// The statement that inserts rows into PostgreSQL, given as a JSON array of such arrays.
    fn insert(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let values: Vec<String> =
            (0..).zip(&self.columns).map(|(index, column)| format!("(sent->>{index})::{}", column.kind)).collect();
        format!(
            "INSERT INTO \"{}\" ({}) SELECT {} FROM json_array_elements($1::json) AS sent",
            self.name,
            names.join(", "),
            values.join(", ")
        )
    }

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

impl ColumnRow {
    /// The SQL for the column's value in PostgreSQL's text format, except that booleans are 1 and 0, which it also
    /// reads.
    fn as_text(&self, database: DatabaseKind) -> String {
        let name = format!("\"{}\"", self.name);
        match (database, self.kind.as_str()) {
            (DatabaseKind::Postgres, "BOOLEAN") => format!("{name}::int::text"),
            (DatabaseKind::Postgres, _) => format!("{name}::text"),
            // Removes the trailing zeros of fractional seconds.
            (DatabaseKind::Sqlite, "TIMESTAMP") => {
                format!("CASE WHEN instr({name}, '.') THEN rtrim(rtrim({name}, '0'), '.') ELSE {name} END")
            }
            (DatabaseKind::Sqlite, _) => format!("CAST({name} AS TEXT)"),
        }
    }
}
