//! Values that are stored as text, by their `Display` and `FromStr`.
//!
//! Two releases share a database during an upgrade, so a column may contain a value that this release doesn't know. If
//! the row makes no sense without it, the row counts as absent. [`known_values!`] defines the condition that excludes
//! such rows. `on_rows!` adds the condition only after it has loaded such a row. Counts and queries for single columns
//! always include it.

use diesel::{QueryResult, QueryableByName};
use diesel_async::RunQueryDsl;

use super::conn::{Conn, on};
use crate::kernel::unknown_values::warn_once;

/// Whether a query failed because a row contains an enum value that this release doesn't know.
pub fn is_unknown_value(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DeserializationError(error) = error else { return false };
    let cause: &(dyn std::error::Error + 'static) = &**error;
    std::iter::successors(Some(cause), |error| error.source()).any(<dyn std::error::Error>::is::<strum::ParseError>)
}

/// A column that may contain values of a newer release.
pub struct KnownValues {
    /// The column's table.
    pub table: &'static str,
    /// The column's name.
    pub column: &'static str,
    /// Whether this release knows a value.
    pub is_known: fn(&str) -> bool,
}

#[derive(QueryableByName)]
struct StoredValue {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

/// Logs each value of these columns that this release doesn't know, once per process. Reads whole tables.
pub async fn warn_of_unknown_values(conn: &mut Conn, columns: impl Iterator<Item = &KnownValues>) -> QueryResult<()> {
    for KnownValues { table, column, is_known } in columns {
        let distinct = format!("SELECT DISTINCT {column} AS value FROM {table} WHERE {column} IS NOT NULL");
        let query = || diesel::sql_query(&distinct);
        let stored: Vec<StoredValue> = on!(conn, c => query().load(c))?;
        for StoredValue { value } in stored.iter().filter(|stored| !is_known(&stored.value)) {
            warn_once(column, value);
        }
    }
    Ok(())
}

/// Defines the condition that this release knows all values in the given columns of a row.
///
/// `known_values!(KnownCampaigns, CAMPAIGN_VALUES, campaigns { method: VotingMethod, … })` defines the condition
/// `KnownCampaigns`, and the constant `CAMPAIGN_VALUES` with the columns, for [`warn_of_unknown_values`]. Columns that
/// can be NULL follow in `or_null { … }`.
///
/// The condition contains its values as literals. With bound values, as in `eq_any`, diesel wouldn't cache the
/// statement on SQLite.
macro_rules! known_values {
    (
        $condition:ident, $columns:ident, $table:ident { $($column:ident: $of_column:ty),+ $(,)? }
        $(or_null { $($nullable:ident: $of_nullable:ty),+ $(,)? })?
    ) => {
        /// Whether this release knows all values of a row. Rows with a value of a newer release count as absent.
        #[derive(Clone, Copy, Debug, diesel::query_builder::QueryId)]
        pub struct $condition;

        impl diesel::expression::Expression for $condition {
            type SqlType = diesel::sql_types::Bool;
        }

        impl diesel::expression::ValidGrouping<()> for $condition {
            type IsAggregate = diesel::expression::is_aggregate::No;
        }

        impl<QS> diesel::AppearsOnTable<QS> for $condition
        where
            $($table::$column: diesel::AppearsOnTable<QS>,)+
            $($($table::$nullable: diesel::AppearsOnTable<QS>,)+)?
        {
        }

        impl<DB> diesel::query_builder::QueryFragment<DB> for $condition
        where
            DB: diesel::backend::Backend,
            $($table::$column: diesel::query_builder::QueryFragment<DB>,)+
            $($($table::$nullable: diesel::query_builder::QueryFragment<DB>,)+)?
        {
            fn walk_ast<'b>(&'b self, mut out: diesel::query_builder::AstPass<'_, 'b, DB>) -> diesel::QueryResult<()> {
                out.push_sql("(TRUE");
                $(
                    out.push_sql(" AND ");
                    $table::$column.walk_ast(out.reborrow())?;
                    out.push_sql($crate::db::text::in_list!($of_column));
                )+
                $($(
                    out.push_sql(" AND (");
                    $table::$nullable.walk_ast(out.reborrow())?;
                    out.push_sql(" IS NULL OR ");
                    $table::$nullable.walk_ast(out.reborrow())?;
                    out.push_sql($crate::db::text::in_list!($of_nullable));
                    out.push_sql(")");
                )+)?
                out.push_sql(")");
                Ok(())
            }
        }

        /// The columns in which a newer release may store other values.
        pub const $columns: &[$crate::db::text::KnownValues] = &[
            $($crate::db::text::KnownValues {
                table: stringify!($table),
                column: stringify!($column),
                is_known: |value| value.parse::<$of_column>().is_ok(),
            },)+
            $($($crate::db::text::KnownValues {
                table: stringify!($table),
                column: stringify!($nullable),
                is_known: |value| value.parse::<$of_nullable>().is_ok(),
            },)+)?
        ];
    };
}
pub(crate) use known_values;

/// The SQL ` IN ('A', 'B')` with all values of an enum, built once.
macro_rules! in_list {
    ($values:ty) => {{
        static LIST: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
            let values = <$values as strum::VariantArray>::VARIANTS.iter();
            let quoted: Vec<String> = values.map(|value| format!("'{value}'")).collect();
            format!(" IN ({})", quoted.join(", "))
        });
        &LIST
    }};
}
pub(crate) use in_list;

/// Stores a type that is `Display` and `FromStr` in text columns of both databases. With `or $fallback`, a value that
/// this release doesn't know is read as the fallback.
macro_rules! stored_as_text {
    ($name:ident) => {
        $crate::db::text::stored_as_text! { $name, |text| Ok(text.parse()?) }
    };
    ($name:ident or $fallback:ident) => {
        $crate::db::text::stored_as_text! { $name, |text| Ok(text.parse().unwrap_or_else(|_| {
            $crate::kernel::unknown_values::warn_once(stringify!($name), &text);
            $name::$fallback
        })) }
    };
    ($name:ident, |$text:ident| $read:expr) => {
        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.to_string().as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>,
            ) -> diesel::serialize::Result {
                out.set_value(self.to_string());
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            DB: diesel::backend::Backend,
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let $text = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                $read
            }
        }
    };
}
pub(crate) use stored_as_text;

/// Defines a GraphQL enum whose values are stored by their names in the schema. `or $fallback` works as in
/// [`stored_as_text!`].
macro_rules! text_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($variants:tt)* } $(or $fallback:ident)?) => {
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            async_graphql::Enum,
            strum::Display, strum::EnumString, strum::VariantArray,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
            serde::Serialize, serde::Deserialize,
        )]
        #[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        #[diesel(sql_type = diesel::sql_types::Text)]
        $(#[$meta])*
        pub enum $name { $($variants)* }

        $crate::db::text::stored_as_text!($name $(or $fallback)?);
    };
}
pub(crate) use text_enum;
