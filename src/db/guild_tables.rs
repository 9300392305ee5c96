//! A guild's rows in all tables: deletes and exports them. The database lists the tables, so that none is forgotten.

use diesel::sql_query;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{
    conn::{Conn, on},
    tables::{
        self, DatabaseKind, JsonRow, POSTGRES_COLUMNS, POSTGRES_REFERENCES, SQLITE_COLUMNS, SQLITE_REFERENCES, Table,
    },
};
use crate::kernel::{
    error::{Error, Result},
    id::GuildId,
};

/// Tables with secrets, which are of no use outside this database: sessions, codes, counters of attempts to sign in, hashes
/// of addresses, and messages that are not delivered yet.
const SECRET_TABLES: [&str; 6] =
    ["sessions", "refresh_tokens", "codes", "failures", "known_addresses", "discord_messages"];
/// Columns with secrets.
const SECRET_COLUMNS: [&str; 1] = ["password_hash"];

/// A guild's rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct GuildRows {
    /// The table.
    pub table: String,
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows: each value as a text, or `None` for NULL.
    pub rows: Vec<Vec<Option<String>>>,
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
    let (kind, tables) = tables(conn).await?;
    if let Conn::Postgres(conn) = conn {
        conn.batch_execute("SET LOCAL statement_timeout = 0").await?;
    }
    let mut exported = Vec::new();
    for mut table in tables.into_iter().filter(|table| !SECRET_TABLES.contains(&table.name.as_str())) {
        table.columns.retain(|column| !SECRET_COLUMNS.contains(&column.name.as_str()));
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
