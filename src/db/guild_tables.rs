//! A guild's rows in all tables: deletes, exports and imports them. The database lists the tables, so that none is
//! forgotten.

use diesel::{sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{
    conn::{Conn, on},
    tables::{
        self, DatabaseKind, JsonRow, POSTGRES_COLUMNS, POSTGRES_REFERENCES, SQLITE_COLUMNS, SQLITE_REFERENCES, Table,
    },
    unique::violated_constraint,
};
use crate::kernel::{
    error::{Code, Error, Refusal, Result},
    id::GuildId,
};

/// Tables with secrets, which are of no use outside this database: sessions, codes, counters of attempts to sign in, hashes
/// of addresses, and messages that are not delivered yet.
const SECRET_TABLES: [&str; 6] =
    ["sessions", "refresh_tokens", "codes", "failures", "known_addresses", "discord_messages"];
/// Columns with secrets.
const SECRET_COLUMNS: [&str; 1] = ["password_hash"];

/// A guild's rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GuildRows {
    /// The table.
    pub table: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows: each value as a text, or `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Maximum number of rows inserted by one statement.
const ROWS_PER_INSERT: usize = 2_000;

impl GuildRows {
    /// Returns a row's value of a column, unless there is none or it is NULL.
    pub fn value(&self, row: usize, column: &str) -> Option<&str> {
        self.rows.get(row)?.get(self.index(column)?)?.as_deref()
    }

    /// Sets a column in all rows.
    pub fn set(&mut self, column: &str, value: &str) {
        let Some(index) = self.index(column) else { return };
        for stored in self.rows.iter_mut().filter_map(|row| row.get_mut(index)) {
            *stored = Some(value.to_owned());
        }
    }

    fn index(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|name| name == column)
    }
}

/// The tables with rows of guilds, each after those that it refers to.
async fn tables(conn: &mut Conn) -> Result<(DatabaseKind, Vec<Table>)> {
    let (kind, columns, references) = match conn {
        Conn::Sqlite(_) => (DatabaseKind::Sqlite, SQLITE_COLUMNS, SQLITE_REFERENCES),
        Conn::Postgres(_) => (DatabaseKind::Postgres, POSTGRES_COLUMNS, POSTGRES_REFERENCES),
    };
    let columns = on!(conn, c => sql_query(columns).load(c))?;
    let references: Vec<_> = on!(conn, c => sql_query(references).load(c))?;
    let tables = tables::sort(&columns, &references)?;
    Ok((kind, tables.into_iter().filter(|table| guild_column(table).is_some()).collect()))
}

/// The column with the guild's id; `None` for a table that doesn't belong to guilds.
fn guild_column(table: &Table) -> Option<&'static str> {
    let has_guild = table.columns.iter().any(|column| column.name == "guild_id");
    if table.name == "guilds" { Some("id") } else { has_guild.then_some("guild_id") }
}

/// Deletes a guild's rows in all tables.
///
/// # Errors
/// A database error.
pub async fn delete_guild_rows(conn: &mut Conn, guild: GuildId) -> Result<()> {
    let (_, tables) = tables(conn).await?;
    if let Conn::Postgres(conn) = conn {
        conn.batch_execute("SET LOCAL statement_timeout = 0").await?;
    }
    for table in tables.iter().rev() {
        let Some(column) = guild_column(table) else { continue };
        let delete = || sql_query(format!("DELETE FROM \"{}\" WHERE \"{column}\" = {}", table.name, guild.0));
        on!(conn, c => delete().execute(c))?;
    }
    Ok(())
}

/// Reads a guild's rows of all tables, without secrets.
///
/// # Errors
/// A database error.
pub async fn export_guild_rows(conn: &mut Conn, guild: GuildId) -> Result<Vec<GuildRows>> {
    let (kind, tables) = exported_tables(conn).await?;
    let mut exported = Vec::new();
    for table in tables {
        let Some(column) = guild_column(&table) else { continue };
        let query = || sql_query(format!("{} WHERE \"{column}\" = {}", table.select(kind), guild.0));
        let rows: Vec<JsonRow> = on!(conn, c => query().load(c))?;
        let rows: Result<Vec<_>, _> = rows.iter().map(|row| serde_json::from_str(&row.row)).collect();
        exported.push(GuildRows {
            columns: table.columns.iter().map(|column| column.name.clone()).collect(),
            rows: rows.map_err(Error::internal)?,
            table: table.name,
        });
    }
    Ok(exported)
}

/// The tables and columns without secrets. Also removes the time limit of the transaction's statements.
async fn exported_tables(conn: &mut Conn) -> Result<(DatabaseKind, Vec<Table>)> {
    let (kind, mut tables) = tables(conn).await?;
    if let Conn::Postgres(conn) = conn {
        conn.batch_execute("SET LOCAL statement_timeout = 0").await?;
    }
    tables.retain(|table| !SECRET_TABLES.contains(&table.name.as_str()));
    for table in &mut tables {
        table.columns.retain(|column| !SECRET_COLUMNS.contains(&column.name.as_str()));
    }
    Ok((kind, tables))
}

/// Inserts the rows of a guild that [`export_guild_rows`] returned, from either database. A column that they lack gets
/// its default.
///
/// # Errors
/// `BAD_USER_INPUT` if the rows do not fit the tables, or are not all of this guild; `CONFLICT` if they contradict each
/// other or rows of other guilds.
pub async fn import_guild_rows(conn: &mut Conn, guild: GuildId, exported: &[GuildRows]) -> Result<()> {
    let (kind, tables) = exported_tables(conn).await?;
    if let Some(unknown) = exported.iter().find(|rows| tables.iter().all(|table| table.name != rows.table)) {
        return Err(unknown_to_this_release(&format!("table {}", unknown.table)).into());
    }
    for table in &tables {
        for rows in exported.iter().filter(|rows| rows.table == table.name) {
            insert(conn, kind, guild, table, rows).await?;
        }
    }
    Ok(())
}

async fn insert(conn: &mut Conn, kind: DatabaseKind, guild: GuildId, table: &Table, rows: &GuildRows) -> Result<()> {
    let name = &table.name;
    let mut target = Table { name: name.clone(), columns: Vec::new() };
    for column in &rows.columns {
        let known = table.columns.iter().find(|known| known.name == *column);
        let known = known.ok_or_else(|| unknown_to_this_release(&format!("column {name}.{column}")))?;
        target.columns.push(known.clone());
    }
    let owner = guild_column(table).unwrap_or_default();
    let malformed = |problem: String| Refusal::input("tables", format!("The file is damaged: {problem}."));
    let mut values = Vec::new();
    for (number, row) in (1..).zip(&rows.rows) {
        if row.len() != rows.columns.len() {
            return Err(malformed(format!("row {number} of {name} has {} values", row.len())).into());
        }
        if rows.value(number - 1, owner) != Some(&*guild.0.to_string()) {
            return Err(malformed(format!("row {number} of {name} is of another guild")).into());
        }
        let stored = target.columns.iter().zip(row).map(|(column, value)| match value {
            None => Ok(None),
            Some(value) => column
                .stored(value, kind)
                .map(Some)
                .ok_or_else(|| malformed(format!("row {number} of {name} has a wrong value of {}", column.name))),
        });
        values.push(stored.collect::<Result<Vec<_>, _>>()?);
    }
    let statement = target.insert(kind);
    for batch in values.chunks(ROWS_PER_INSERT) {
        let batch = serde_json::to_string(batch).map_err(Error::internal)?;
        let insert = || sql_query(&statement).bind::<Text, _>(&batch);
        on!(conn, c => insert().execute(c)).map_err(|error| not_insertable(name, error))?;
    }
    Ok(())
}

fn unknown_to_this_release(what: &str) -> Refusal {
    let message = format!("The file has the {what}, which this release does not know: use the release that wrote it.");
    Refusal::input("tables", message)
}

/// Maps a violated constraint to its refusal.
fn not_insertable(table: &str, error: diesel::result::Error) -> Error {
    use diesel::result::{DatabaseErrorKind as Kind, Error::DatabaseError};

    match &error {
        _ if violated_constraint(&error) == Some("discord_links_server") => {
            let message = "Another guild here is linked to the same Discord server: unlink it first.";
            Refusal::conflict("DISCORD_SERVER_TAKEN", message).into()
        }
        DatabaseError(
            Kind::UniqueViolation | Kind::ForeignKeyViolation | Kind::NotNullViolation | Kind::CheckViolation,
            information,
        ) => {
            let message = format!("The rows of {table} contradict others: {}.", information.message());
            Refusal::new(Code::Conflict, message).into()
        }
        _ => error.into(),
    }
}
