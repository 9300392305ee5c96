//! Bulk inserts within the databases' limits on bound values.

use diesel::Table;

/// Maximum number of bound values in a statement. SQLite allows 32,766; PostgreSQL's `Bind` message counts them in 16 bits.
const MAX_BOUND_VALUES: usize = 32_766;

/// The number of columns of a table, by the tuple [`Table::AllColumns`].
pub(crate) trait ColumnCount {
    /// The number of columns.
    const COLUMNS: usize;
}

macro_rules! column_counts {
    () => {};
    ($first:ident $($rest:ident)*) => {
        impl<$first, $($rest),*> ColumnCount for ($first, $($rest,)*) {
            const COLUMNS: usize = [stringify!($first), $(stringify!($rest)),*].len();
        }
        column_counts!($($rest)*);
    };
}
// As many as a table can have by diesel's feature `32-column-tables`. A wider table does not compile.
column_counts! {
    C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C20 C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 C31 C32
}

/// The number of rows that one statement can insert into a table. A row binds at most one value per column.
pub(crate) const fn rows_per_statement<T>(_: &T) -> usize
where
    T: Table<AllColumns: ColumnCount>,
{
    MAX_BOUND_VALUES / T::AllColumns::COLUMNS
}

/// Inserts any number of rows, in as few statements as possible. On SQLite, that needs rows of a type with
/// `#[diesel(treat_none_as_default_value = false)]`, and matters for searched tables: each statement writes the pending
/// entries of their index.
macro_rules! insert_all {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match $conn {
            $crate::db::conn::Conn::Postgres(conn) => {
                for chunk in rows.chunks($crate::db::insert::rows_per_statement(&$table)) {
                    diesel_async::RunQueryDsl::execute(diesel::insert_into($table).values(chunk), &mut **conn).await?;
                }
            }
            $crate::db::conn::Conn::Sqlite(conn) => {
                conn.spawn_blocking(move |conn| {
                    for chunk in rows.chunks($crate::db::insert::rows_per_statement(&$table)) {
                        diesel::RunQueryDsl::execute(diesel::insert_into($table).values(chunk), conn)?;
                    }
                    Ok(())
                })
                .await?;
            }
        }
        Ok::<(), diesel::result::Error>(())
    }};
}
pub(crate) use insert_all;

/// Like [`insert_all!`]. If the number of rows is one of `few`, each connection prepares the statement only once.
macro_rules! insert_few {
    ($conn:expr, $table:expr, $rows:expr, few = [$($few:literal)*]) => {
        'done: {
            let rows = $rows;
            $(
                let rows = match <[_; $few]>::try_from(rows) {
                    Ok(few) => {
                        break 'done match $conn {
                            $crate::db::conn::Conn::Postgres(conn) => {
                                diesel_async::RunQueryDsl::execute(diesel::insert_into($table).values(few), &mut **conn).await
                            }
                            $crate::db::conn::Conn::Sqlite(conn) => {
                                conn.spawn_blocking(move |conn| {
                                    diesel::RunQueryDsl::execute(diesel::insert_into($table).values(&few), conn)
                                })
                                .await
                            }
                        }
                        .map(|_| ());
                    }
                    Err(rows) => rows,
                };
            )*
            $crate::db::insert::insert_all!($conn, $table, rows)
        }
    };
}
pub(crate) use insert_few;
