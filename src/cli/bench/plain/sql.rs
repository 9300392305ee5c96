//! SQL as it is written by hand, on either database.

use std::marker::PhantomData;

use diesel::{
    QueryResult,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Text, Timestamp},
};

use crate::clock::Instant;

/// A statement with a `?` for each of its values, which gives rows of `T`. Each connection prepares it once, as it does
/// diesel's own statements, and not its `sql_query`s.
pub(super) struct Sql<T> {
    text: String,
    values: Vec<Value>,
    rows: PhantomData<fn() -> T>,
}

pub(super) enum Value {
    Number(i64),
    Text(String),
    Time(Instant),
}

pub(super) fn sql<T>(text: impl Into<String>, values: Vec<Value>) -> Sql<T> {
    Sql { text: text.into(), values, rows: PhantomData }
}

/// So many places for values, in parentheses.
pub(super) fn places(count: usize) -> String {
    format!("({})", vec!["?"; count].join(", "))
}

impl<T> Query for Sql<T> {
    type SqlType = T;
}

impl<T> QueryId for Sql<T> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, DB> QueryFragment<DB> for Sql<T>
where
    DB: Backend + HasSqlType<BigInt> + HasSqlType<Text> + HasSqlType<Timestamp>,
    i64: ToSql<BigInt, DB>,
    String: ToSql<Text, DB>,
    Instant: ToSql<Timestamp, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut pieces = self.text.split('?');
        out.push_sql(pieces.next().unwrap_or_default());
        for (value, piece) in self.values.iter().zip(pieces) {
            match value {
                Value::Number(number) => out.push_bind_param::<BigInt, _>(number)?,
                Value::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Value::Time(time) => out.push_bind_param::<Timestamp, _>(time)?,
            }
            out.push_sql(piece);
        }
        Ok(())
    }
}
