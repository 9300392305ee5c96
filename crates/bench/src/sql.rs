//! Hand-written SQL, run on either database.

use std::ops::RangeFrom;

use diesel::{
    QueryResult,
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    row::{Field, Row},
    serialize::ToSql,
    sql_types::{self, BigInt, Bool, HasSqlType, Text, Untyped},
    sqlite::Sqlite,
};
use diesel_async::RunQueryDsl;
use guildhall::{db::Conn, kernel::clock::Timestamp};

/// A statement with a `?` for each of its values.
///
/// A connection prepares it once and caches it by its text, as it does with diesel's queries. `diesel::sql_query` would
/// be prepared on every call.
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
}

/// A value bound to a statement.
#[derive(Clone)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
    Time(Timestamp),
}

/// A statement with its values.
pub(crate) fn sql(text: impl Into<String>, values: impl Into<Vec<Value>>) -> Sql {
    Sql { text: text.into(), values: values.into() }
}

/// A parenthesised list of `count` placeholders.
pub(crate) fn placeholders(count: usize) -> String {
    format!("({})", vec!["?"; count].join(", "))
}

impl Sql {
    /// Loads all rows.
    pub(crate) async fn load<R>(self, conn: &mut Conn) -> QueryResult<Vec<R>>
    where
        R: FromSqlRow<Untyped, Pg> + FromSqlRow<Untyped, Sqlite> + Send + 'static,
    {
        match conn {
            Conn::Postgres(conn) => RunQueryDsl::load(self, &mut **conn).await,
            Conn::Sqlite(conn) => RunQueryDsl::load(self, &mut **conn).await,
        }
    }

    /// Runs a statement that returns no rows, and returns how many rows it changed.
    pub(crate) async fn execute(self, conn: &mut Conn) -> QueryResult<usize> {
        match conn {
            Conn::Postgres(conn) => RunQueryDsl::execute(self, &mut **conn).await,
            Conn::Sqlite(conn) => RunQueryDsl::execute(self, &mut **conn).await,
        }
    }
}

impl Query for Sql {
    type SqlType = Untyped;
}

impl QueryId for Sql {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> QueryFragment<DB> for Sql
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text> + HasSqlType<sql_types::Timestamp>,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
    Timestamp: ToSql<sql_types::Timestamp, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut pieces = self.text.split('?');
        out.push_sql(pieces.next().unwrap_or_default());
        for (value, piece) in self.values.iter().zip(pieces) {
            match value {
                Value::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Value::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Value::Time(time) => out.push_bind_param::<sql_types::Timestamp, _>(time)?,
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}

/// Defines a struct that [`Sql::load`] returns: its fields are the statement's columns, in their order.
///
/// diesel's tuples do the same, but the compiler takes seconds to check a wide one. Its `QueryableByName` compares
/// names for each value of each row.
macro_rules! row {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident { $($field:ident: $type:ty,)+ }) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($field: $type,)+
        }

        $crate::sql::row!(impl $name for diesel::pg::Pg { $($field,)+ });
        $crate::sql::row!(impl $name for diesel::sqlite::Sqlite { $($field,)+ });
    };
    (impl $name:ident for $backend:ty { $($field:ident,)+ }) => {
        impl diesel::deserialize::FromSqlRow<diesel::sql_types::Untyped, $backend> for $name {
            fn build_from_row<'a>(row: &impl diesel::row::Row<'a, $backend>) -> diesel::deserialize::Result<Self> {
                let mut columns = 0..;
                Ok(Self { $($field: $crate::sql::column(row, &mut columns)?,)+ })
            }
        }
    };
}
pub(crate) use row;

/// The next column of a row.
pub(crate) fn column<'a, DB: Backend, T: Column<DB>>(
    row: &impl Row<'a, DB>,
    columns: &mut RangeFrom<usize>,
) -> deserialize::Result<T> {
    let field = columns.next().and_then(|column| row.get(column)).ok_or("the statement returns too few columns")?;
    T::read(field.value())
}

/// A type that a column is read as.
pub(crate) trait Column<DB: Backend>: Sized {
    fn read(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self>;
}

macro_rules! columns {
    ($($type:ty: $sql_type:ty,)+) => {
        $(
            impl<DB: Backend> Column<DB> for $type
            where
                Self: FromSql<$sql_type, DB>,
            {
                fn read(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
                    <Self as FromSql<$sql_type, DB>>::from_nullable_sql(value)
                }
            }
        )+
    };
}

columns! {
    i64: BigInt,
    bool: Bool,
    String: Text,
    Timestamp: sql_types::Timestamp,
}

impl<DB: Backend, T: Column<DB>> Column<DB> for Option<T> {
    fn read(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        value.map(|value| T::read(Some(value))).transpose()
    }
}

/// A row of which no column is read.
pub(crate) struct UnreadRow;

impl FromSqlRow<Untyped, Pg> for UnreadRow {
    fn build_from_row<'a>(_: &impl Row<'a, Pg>) -> deserialize::Result<Self> {
        Ok(Self)
    }
}

impl FromSqlRow<Untyped, Sqlite> for UnreadRow {
    fn build_from_row<'a>(_: &impl Row<'a, Sqlite>) -> deserialize::Result<Self> {
        Ok(Self)
    }
}
