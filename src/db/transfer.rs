//! Everything of a SQLite database into a PostgreSQL one.
//!
//! Tables and columns are those that the source has. A row travels as a JSON array of texts, which either database makes of
//! its values and PostgreSQL makes its values of; so what arrived can be held against what was sent.

use std::collections::BTreeSet;

use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{conn::Conn, file::NumberRow};
use crate::kernel::error::{Error, Refusal, Result};

/// Which server keeps the connection to Discord is no affair of other servers on another database.
const LEFT_BEHIND: [&str; 1] = ["discord_keeper"];

/// How much is sent in a statement: rows, or bytes.
const BATCH: (usize, usize) = (5_000, 1_024 * 1_024);

/// A table that was transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferredTable {
    /// Its name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
}

/// Copies every row of `source`, which nobody changes meanwhile, to PostgreSQL, and reads it all again: the numbers of rows
/// and their digests are the same on both sides. Meant for a transaction, to be rolled back when it fails; until it ends,
/// nobody else writes. The source is given back, so that it stays held until then.
///
/// # Errors
/// `CONFLICT` when there is something already; internal when the source cannot be read or the target does not hold it.
pub async fn transfer(
    mut source: SqliteConnection,
    target: &mut Conn,
) -> Result<(Vec<TransferredTable>, SqliteConnection)> {
    let Conn::Postgres(target) = target else { return Err(Error::internal("the target is not PostgreSQL")) };
    let target: &mut AsyncPgConnection = target;
    let tables = tables_of(&mut source)?;
    let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    // As long as it takes; and instants are written one way.
    let set_up = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
        SET LOCAL datestyle = ISO; SET LOCAL lock_timeout = '10s'";
    target.batch_execute(&format!("{set_up}; LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", names.join(", "))).await?;
    for table in &tables {
        if table.rows_in_postgres(target).await? > 0 {
            let message = format!("the PostgreSQL database holds a guild already (its table {} has rows)", table.name);
            return Err(Refusal::conflict("NOT_EMPTY", message).into());
        }
    }
    let (sender, mut batches) = mpsc::channel(2);
    let reading = tokio::task::spawn_blocking({
        let tables = tables.clone();
        move || send(&mut source, &tables, &sender).map(|sent| (sent, source))
    });
    while let Some(RowBatch { table, rows }) = batches.recv().await {
        let table = tables.get(table).ok_or_else(|| Error::internal("rows of no table"))?;
        let insert = sql_query(table.insert()).bind::<Text, _>(format!("[{}]", rows.join(",")));
        diesel_async::RunQueryDsl::execute(insert, &mut *target)
            .await
            .map_err(|error| Error::internal(format!("{}: {error}", table.name)))?;
    }
    let (sent, source) = reading.await.map_err(Error::internal)??;
    target.batch_execute(&format!("ANALYZE {}", names.join(", "))).await?;
    let mut transferred = Vec::new();
    for (table, sent) in tables.iter().zip(sent) {
        let arrived = table.read_again(target).await?;
        if arrived != sent {
            let (table, sent, arrived) = (&table.name, sent.rows, arrived.rows);
            let what = if sent == arrived { "not the same rows".to_owned() } else { format!("{arrived} rows") };
            return Err(Error::internal(format!("{table} has {sent} rows in SQLite, and {what} in PostgreSQL")));
        }
        transferred.push(TransferredTable { table: table.name.clone(), rows: sent.rows });
    }
    Ok((transferred, source))
}

/// Rows on their way, by the number of their table.
struct RowBatch {
    table: usize,
    rows: Vec<String>,
}

/// Sends every row of these tables; what each table holds.
fn send(source: &mut SqliteConnection, tables: &[Table], to: &mpsc::Sender<RowBatch>) -> Result<Vec<Holding>> {
    let mut sent = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let mut holding = Holding::default();
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in sql_query(table.select(DatabaseKind::Sqlite)).load_iter::<JsonRow, _>(source)? {
            let row = row?.row;
            holding.add(&row).map_err(|error| Error::internal(format!("{}: {error}", table.name)))?;
            bytes += row.len();
            rows.push(row);
            if rows.len() == BATCH.0 || bytes >= BATCH.1 {
                // Nobody takes them any more when the transfer has failed, and says so by itself.
                let _ = to.blocking_send(RowBatch { table: number, rows: std::mem::take(&mut rows) });
                bytes = 0;
            }
        }
        if !rows.is_empty() {
            let _ = to.blocking_send(RowBatch { table: number, rows });
        }
        sent.push(holding);
    }
    Ok(sent)
}

/// How many rows a table has, and a digest of them. Rows differ by their keys, so the exclusive disjunction of their hashes
/// is one, in whatever order they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Holding {
    rows: u64,
    digest: [u8; 32],
}

impl Holding {
    fn add(&mut self, row: &str) -> serde_json::Result<()> {
        // The two databases write JSON each in their own way.
        let values: Vec<Option<String>> = serde_json::from_str(row)?;
        let hash = Sha256::digest(serde_json::to_vec(&values)?);
        self.rows += 1;
        self.digest.iter_mut().zip(hash).for_each(|(digest, byte)| *digest ^= byte);
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
    of: String,
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

/// The tables of a SQLite database, those that others refer to before these.
fn tables_of(source: &mut SqliteConnection) -> Result<Vec<Table>> {
    let ours =
        "t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let columns: Vec<ColumnRow> = sql_query(format!(
        "SELECT t.name AS \"of\", c.name AS name, upper(c.type) AS kind
         FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE {ours} ORDER BY t.name, c.cid"
    ))
    .load(source)?;
    let references: Vec<ReferenceRow> = sql_query(format!(
        "SELECT DISTINCT t.name AS \"from\", f.\"table\" AS \"to\"
         FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f WHERE {ours} AND f.\"table\" <> t.name"
    ))
    .load(source)?;
    let mut waiting: Vec<Table> = columns
        .chunk_by(|a, b| a.of == b.of)
        .filter_map(|columns| Some(Table { name: columns.first()?.of.clone(), columns: columns.to_vec() }))
        .filter(|table| !LEFT_BEHIND.contains(&table.name.as_str()))
        .collect();
    let (mut tables, mut taken) = (Vec::new(), BTreeSet::new());
    while !waiting.is_empty() {
        let (ready, others): (Vec<Table>, _) = waiting
            .into_iter()
            .partition(|table| references.iter().filter(|it| it.from == table.name).all(|it| taken.contains(&it.to)));
        if ready.is_empty() {
            return Err(Error::internal("tables that refer to each other in a circle"));
        }
        taken.extend(ready.iter().map(|table| table.name.clone()));
        tables.extend(ready);
        waiting = others;
    }
    Ok(tables)
}

impl Table {
    /// Every row as a JSON array of texts, alike on both databases.
    fn select(&self, on: DatabaseKind) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| column.as_text(on)).collect();
        let array = if on == DatabaseKind::Sqlite { "json_array" } else { "json_build_array" };
        format!("SELECT CAST({array}({}) AS TEXT) AS \"row\" FROM \"{}\"", values.join(", "), self.name)
    }

    /// Takes such rows, in a JSON array of them.
    fn insert(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let values: Vec<String> =
            (0..).zip(&self.columns).map(|(at, column)| format!("(sent->>{at})::{}", column.kind)).collect();
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

    /// What PostgreSQL has of it.
    async fn read_again(&self, conn: &mut AsyncPgConnection) -> Result<Holding> {
        let query = self.select(DatabaseKind::Postgres);
        conn.batch_execute(&format!("DECLARE transferred NO SCROLL CURSOR FOR {query}")).await?;
        let fetch = format!("FETCH {} FROM transferred", BATCH.0);
        let mut holding = Holding::default();
        loop {
            let rows: Vec<JsonRow> = diesel_async::RunQueryDsl::load(sql_query(&fetch), conn).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                holding.add(&row.row).map_err(Error::internal)?;
            }
        }
        conn.batch_execute("CLOSE transferred").await?;
        if i64::try_from(holding.rows) != Ok(self.rows_in_postgres(conn).await?) {
            return Err(Error::internal(format!("{}: PostgreSQL counts other rows than it shows", self.name)));
        }
        Ok(holding)
    }
}

impl ColumnRow {
    /// The value as text, as PostgreSQL reads and writes it, but for truth: 1 and 0, which it reads too.
    fn as_text(&self, on: DatabaseKind) -> String {
        let name = format!("\"{}\"", self.name);
        match (on, self.kind.as_str()) {
            (DatabaseKind::Postgres, "BOOLEAN") => format!("{name}::int::text"),
            (DatabaseKind::Postgres, _) => format!("{name}::text"),
            // Without the zeros at the end of a second's parts.
            (DatabaseKind::Sqlite, "TIMESTAMP") => {
                format!("CASE WHEN instr({name}, '.') THEN rtrim(rtrim({name}, '0'), '.') ELSE {name} END")
            }
            (DatabaseKind::Sqlite, _) => format!("CAST({name} AS TEXT)"),
        }
    }
}
