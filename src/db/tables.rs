//! The tables of either database and their columns, as the database itself lists them.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use diesel::{QueryableByName, sql_types::Text};

use crate::kernel::error::{Error, Result};

/// SQLite's columns. The names of other tables start with `__` or `sqlite_`.
pub(super) const SQLITE_COLUMNS: &str = "SELECT t.name AS \"table\", c.name AS name, upper(c.type) AS kind
    FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY t.name, c.cid";

/// SQLite's foreign keys.
pub(super) const SQLITE_REFERENCES: &str = "SELECT DISTINCT t.name AS \"from\", f.\"table\" AS \"to\"
    FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND f.\"table\" <> t.name";

/// PostgreSQL's columns, except generated ones, which SQLite doesn't list either.
pub(super) const POSTGRES_COLUMNS: &str = "SELECT c.table_name::text AS \"table\", c.column_name::text AS name,
        upper(c.data_type)::text AS kind
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.is_generated = 'NEVER'
        AND c.table_name NOT LIKE '\\_\\_%'
    ORDER BY c.table_name, c.ordinal_position";

/// PostgreSQL's foreign keys.
pub(super) const POSTGRES_REFERENCES: &str = "SELECT DISTINCT source.relname::text AS \"from\", target.relname::text AS \"to\"
    FROM pg_constraint k JOIN pg_class source ON source.oid = k.conrelid JOIN pg_class target ON target.oid = k.confrelid
    WHERE k.contype = 'f' AND k.conrelid <> k.confrelid AND k.connamespace = current_schema()::regnamespace";

/// The format of times: without a fraction, or with one of 3, 6 or 9 digits.
const TIME_FORMAT: &str = "%F %T%.f";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum DatabaseKind {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<ColumnRow>,
}

#[derive(Clone, Debug, QueryableByName)]
pub(super) struct ColumnRow {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    pub(super) name: String,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
}

#[derive(QueryableByName)]
pub(super) struct ReferenceRow {
    #[diesel(sql_type = Text)]
    from: String,
    #[diesel(sql_type = Text)]
    to: String,
}

#[derive(QueryableByName)]
pub(super) struct JsonRow {
    #[diesel(sql_type = Text)]
    pub(super) row: String,
}

/// Groups columns by their tables, and sorts the tables so that each is after those that it refers to.
pub(super) fn sort(columns: &[ColumnRow], references: &[ReferenceRow]) -> Result<Vec<Table>> {
    let mut remaining: Vec<Table> = columns
        .chunk_by(|a, b| a.table == b.table)
        .filter_map(|columns| Some(Table { name: columns.first()?.table.clone(), columns: columns.to_vec() }))
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
    pub(super) fn select(&self, database: DatabaseKind) -> String {
        let values: Vec<String> = self.columns.iter().map(|column| column.as_text(database)).collect();
        let array = if database == DatabaseKind::Sqlite { "json_array" } else { "json_build_array" };
        format!("SELECT CAST({array}({}) AS TEXT) AS \"row\" FROM \"{}\"", values.join(", "), self.name)
    }

    /// The statement that inserts rows, given as a JSON array of such arrays.
    pub(super) fn insert(&self, database: DatabaseKind) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let value = |(index, column): (usize, &ColumnRow)| match database {
            DatabaseKind::Postgres => format!("(sent.value->>{index})::{}", column.kind),
            // The column's affinity converts the text.
            DatabaseKind::Sqlite => format!("sent.value->>{index}"),
        };
        let values: Vec<String> = self.columns.iter().enumerate().map(value).collect();
        let rows = match database {
            DatabaseKind::Postgres => "json_array_elements($1::json) AS sent(value)",
            DatabaseKind::Sqlite => "json_each(?) AS sent",
        };
        format!("INSERT INTO \"{}\" ({}) SELECT {} FROM {rows}", self.name, names.join(", "), values.join(", "))
    }
}

impl ColumnRow {
    /// The value as this database stores it, given in the format of [`Table::select`]; `None` if it is of another type.
    pub(super) fn stored(&self, value: &str, database: DatabaseKind) -> Option<String> {
        let is_valid = match self.kind.as_str() {
            "BIGINT" => value.parse::<i64>().is_ok(),
            "BOOLEAN" => matches!(value, "0" | "1"),
            "TEXT" => !value.contains('\0'),
            _ => {
                let time = NaiveDateTime::parse_from_str(value, TIME_FORMAT).ok()?;
                // SQLite compares times as texts, so that each must have the form in which diesel writes it.
                return Some(if database == DatabaseKind::Sqlite {
                    time.format(TIME_FORMAT).to_string()
                } else {
                    value.to_owned()
                });
            }
        };
        is_valid.then(|| value.to_owned())
    }

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
