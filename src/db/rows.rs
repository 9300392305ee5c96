//! Queries for wide rows: one boxed query type and one loading function for each row type and database.
//!
//! rustc solves diesel's traits again for each statement. For a row of a dozen columns, that takes about a second per
//! statement for both databases together. A boxed query hides its columns, so the compiler solves the traits only once.
//!
//! A boxed query costs little at run time. diesel-async builds the SQL of each statement every time it runs, boxed or
//! not, and finds prepared statements by their SQL.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};
use futures_util::future::BoxFuture;

/// A row whose columns are all selected, with its query type for a connection `C`. Implemented by [`wide_row!`] and
/// used by [`on_rows!`].
pub trait WideRow<C>: Sized {
    /// The type of queries for these rows.
    type Query<'q>;

    /// Returns the query for all rows of the table.
    fn all<'q>() -> Self::Query<'q>;

    /// Returns the query for the rows whose values this release knows.
    fn known<'q>() -> Self::Query<'q> {
        Self::all()
    }

    /// Loads the rows of a query.
    fn load<'q>(query: Self::Query<'q>, conn: &'q mut C) -> BoxFuture<'q, QueryResult<Vec<Self>>>;

    /// Loads the first row of a query, if there is one.
    fn first<'q>(query: Self::Query<'q>, conn: &'q mut C) -> BoxFuture<'q, QueryResult<Option<Self>>>;

    /// Like [`WideRow::load`], and locks the rows until the transaction ends
    /// ([`LockMode::Exclusive`](super::LockMode)).
    fn load_locked<'q>(query: Self::Query<'q>, conn: &'q mut C) -> BoxFuture<'q, QueryResult<Vec<Self>>>;

    /// Like [`WideRow::first`], and locks the row until the transaction ends.
    fn first_locked<'q>(query: Self::Query<'q>, conn: &'q mut C) -> BoxFuture<'q, QueryResult<Option<Self>>>;
}

/// Runs a query for wide rows on either database: `on_rows!(conn, Member::load, all => all.filter(…))` expands the
/// query once for each. The query runs by a function of [`WideRow`] that loads.
///
/// If a row contains a value of a newer release, the query runs again with the condition of [`WideRow::known`]. So the
/// condition costs nothing as long as only one release uses the database.
macro_rules! on_rows {
    ($conn:expr, $row:ident::$run:ident, $all:ident => $query:expr) => {
        match $conn {
            $crate::db::conn::Conn::Postgres(conn) => {
                $crate::db::rows::on_rows!(diesel_async::AsyncPgConnection, conn, $row::$run, $all => $query)
            }
            $crate::db::conn::Conn::Sqlite(conn) => {
                $crate::db::rows::on_rows!($crate::db::conn::SqliteConn, conn, $row::$run, $all => $query)
            }
        }
    };
    ($backend:ty, $conn:ident, $row:ident::$run:ident, $all:ident => $query:expr) => {{
        let conn: &mut $backend = &mut *$conn;
        let narrowed = $crate::db::rows::narrowed::<<$row as $crate::db::rows::WideRow<$backend>>::Query<'_>>(|$all| $query);
        let all = narrowed(<$row as $crate::db::rows::WideRow<$backend>>::all());
        match <$row as $crate::db::rows::WideRow<$backend>>::$run(all, &mut *conn).await {
            Err(error) if $crate::db::text::is_unknown_value(&error) => {
                let known = narrowed(<$row as $crate::db::rows::WideRow<$backend>>::known());
                <$row as $crate::db::rows::WideRow<$backend>>::$run(known, conn).await
            }
            rows => rows,
        }
    }};
}
pub(crate) use on_rows;

/// Restricts a boxed query to a page in the order of a column and an id, both in `$direction`. `$key` matches a position
/// in this order.
///
/// The condition on the column alone lets both databases start at the position in an index.
macro_rules! in_order {
    ($query:expr, $page:expr, $direction:expr, $key:pat => ($at:expr, $at_id:expr), $column:expr, $id:expr) => {{
        let mut query = $query;
        let is_ascending = $direction == $crate::kernel::page::OrderDirection::Asc;
        for (position, is_later) in [(&$page.after, is_ascending), (&$page.before, !is_ascending)] {
            if let Some($key) = position {
                let same = || $column.eq($at);
                query = if is_later {
                    query.filter($column.ge($at)).filter($column.gt($at).or(same().and($id.gt($at_id))))
                } else {
                    query.filter($column.le($at)).filter($column.lt($at).or(same().and($id.lt($at_id))))
                };
            }
        }
        if $direction.is_ascending($page) {
            query.order(($column.asc(), $id.asc()))
        } else {
            query.order(($column.desc(), $id.desc()))
        }
    }};
}
pub(crate) use in_order;

/// Fixes the parameter type of a closure that narrows a query, which Rust couldn't infer.
pub const fn narrowed<Q>(narrow: impl Fn(Q) -> Q) -> impl Fn(Q) -> Q {
    narrow
}

/// Implements [`WideRow`] for a `Selectable` struct on both databases: `wide_row!(Member, members)` for rows of the
/// table `members`. `wide_row!(Campaign, campaigns join guilds, KnownCampaigns)` also selects columns of the row of another
/// table that each row refers to, and names the condition for [`WideRow::known`].
macro_rules! wide_row {
    ($row:ident, $table:ident $(, $condition:ident)?) => {
        $crate::db::rows::wide_row! { @both $row, $table::table, $table::table $(, $condition)? }
    };
    ($row:ident, $table:ident join $other:ident $(, $condition:ident)?) => {
        $crate::db::rows::wide_row! {
            // Not an inner join: SQLite could start with the other table, and then sorts instead of reading in order.
            @both $row, diesel::dsl::LeftJoin<$table::table, $other::table>,
            diesel::QueryDsl::left_join($table::table, $other::table) $(, $condition)?
        }
    };
    (@both $row:ident, $type:ty, $source:expr $(, $condition:ident)?) => {
        $crate::db::rows::wide_row! {
            @one $row, $type, $source, diesel_async::AsyncPgConnection, diesel::pg::Pg, $crate::db::rows::NoKeyUpdate
            $(, $condition)?
        }
        $crate::db::rows::wide_row! {
            @one $row, $type, $source, $crate::db::conn::SqliteConn, diesel::sqlite::Sqlite, std::convert::identity
            $(, $condition)?
        }
    };
    (@one $row:ident, $type:ty, $source:expr, $conn:ty, $backend:ty, $locked:path $(, $condition:ident)?) => {
        impl $crate::db::rows::WideRow<$conn> for $row {
            type Query<'q> = diesel::dsl::IntoBoxed<
                'q,
                diesel::dsl::Select<$type, diesel::dsl::AsSelect<$row, $backend>>,
                $backend,
            >;

            fn all<'q>() -> Self::Query<'q> {
                use diesel::{QueryDsl, SelectableHelper};
                $source.select($row::as_select()).into_boxed()
            }

            $(
                fn known<'q>() -> Self::Query<'q> {
                    diesel::QueryDsl::filter(<Self as $crate::db::rows::WideRow<$conn>>::all(), $condition)
                }
            )?

            fn load<'q>(
                query: Self::Query<'q>,
                conn: &'q mut $conn,
            ) -> futures_util::future::BoxFuture<'q, diesel::QueryResult<Vec<Self>>> {
                Box::pin(diesel_async::RunQueryDsl::load(query, conn))
            }

            fn first<'q>(
                query: Self::Query<'q>,
                conn: &'q mut $conn,
            ) -> futures_util::future::BoxFuture<'q, diesel::QueryResult<Option<Self>>> {
                use futures_util::{FutureExt, TryFutureExt};
                Self::load(diesel::QueryDsl::limit(query, 1), conn).map_ok(|mut rows| rows.pop()).boxed()
            }

            fn load_locked<'q>(
                query: Self::Query<'q>,
                conn: &'q mut $conn,
            ) -> futures_util::future::BoxFuture<'q, diesel::QueryResult<Vec<Self>>> {
                Box::pin(diesel_async::RunQueryDsl::load($locked(query), conn))
            }

            fn first_locked<'q>(
                query: Self::Query<'q>,
                conn: &'q mut $conn,
            ) -> futures_util::future::BoxFuture<'q, diesel::QueryResult<Option<Self>>> {
                use futures_util::{FutureExt, TryFutureExt};
                Self::load_locked(diesel::QueryDsl::limit(query, 1), conn).map_ok(|mut rows| rows.pop()).boxed()
            }
        }
    };
}
pub(crate) use wide_row;

/// A boxed query with `FOR NO KEY UPDATE`, which diesel offers only for other queries.
pub struct NoKeyUpdate<Q>(pub Q);

impl<Q: Query> Query for NoKeyUpdate<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for NoKeyUpdate<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for NoKeyUpdate<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" FOR NO KEY UPDATE");
        Ok(())
    }
}
