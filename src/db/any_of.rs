//! The condition that a column's value is in a list, in one statement for lists of any length.
//!
//! diesel's `eq_any` is such a statement on PostgreSQL alone. On SQLite, it binds the values one by one, and diesel
//! keeps no such statement: SQLite parses and plans it again each time, which takes longer than most lookups.

use std::{borrow::Cow, sync::OnceLock};

use diesel::{
    AppearsOnTable, QueryResult,
    expression::{Expression, ValidGrouping, is_aggregate},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{Array, Bool, HasSqlType, SingleValue, Text},
    sqlite::Sqlite,
};
use serde::Serialize;

/// The condition of [`AnyOf::any_of`].
pub struct IsAnyOf<'v, C, T: Clone> {
    column: C,
    values: Cow<'v, [T]>,
    /// The values for SQLite, once they are needed.
    json: OnceLock<String>,
}

/// Compares a column with the values of a list.
pub trait AnyOf: Expression + Sized {
    /// Whether the column's value is in the list. In JSON, the values must look as in the column.
    fn any_of<'v, T: Clone>(self, values: impl Into<Cow<'v, [T]>>) -> IsAnyOf<'v, Self, T> {
        IsAnyOf { column: self, values: values.into(), json: OnceLock::new() }
    }
}

impl<C: Expression<SqlType: SingleValue>> AnyOf for C {}

impl<C: Expression, T: Clone> Expression for IsAnyOf<'_, C, T> {
    type SqlType = Bool;
}

impl<C, T: Clone> ValidGrouping<()> for IsAnyOf<'_, C, T> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<QS>, T: Clone, QS> AppearsOnTable<QS> for IsAnyOf<'_, C, T> {}

impl<C: QueryId, T: Clone> QueryId for IsAnyOf<'_, C, T> {
    type QueryId = IsAnyOf<'static, C::QueryId, ()>;

    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C, T> QueryFragment<Pg> for IsAnyOf<'_, C, T>
where
    C: Expression<SqlType: 'static> + QueryFragment<Pg>,
    T: Clone,
    Pg: HasSqlType<Array<C::SqlType>>,
    [T]: ToSql<Array<C::SqlType>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<Array<C::SqlType>, [T]>(&self.values)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C, T> QueryFragment<Sqlite> for IsAnyOf<'_, C, T>
where
    C: QueryFragment<Sqlite>,
    T: Clone + Serialize,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let json = if let Some(json) = self.json.get() {
            json
        } else {
            let json = serde_json::to_string(&self.values);
            let json = json.map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
            self.json.get_or_init(|| json)
        };
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, String>(json)?;
        out.push_sql("))");
        Ok(())
    }
}
