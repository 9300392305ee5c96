//! Relay connections, defined once for all listed types (<https://relay.dev/graphql/connections.htm>).

use std::{borrow::Cow, fmt::Debug};

use async_graphql::{Context, Object, OutputType, SimpleObject, TypeName};
use serde::{Serialize, de::DeserializeOwned};

use super::{context::RequestContext, row::List};
use crate::kernel::{
    error::{Refusal, Result},
    id::GuildId,
    input::InputCheck,
    page::{CursorSigner, DEFAULT_SIZE, MAX_SIZE, Page},
};

/// The four arguments of a connection field.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// Number of items from the start.
    pub first: Option<i32>,
    /// Return only items after this cursor.
    pub after: Option<String>,
    /// Number of items from the end.
    pub last: Option<i32>,
    /// Return only items before this cursor.
    pub before: Option<String>,
}

/// A type that connections list.
pub trait ConnectionNode: OutputType + Clone {
    /// Its GraphQL name, the prefix of the names of its connection and edge.
    const NAME: &'static str;
    /// The filter of the list.
    type Filter: Send + Sync;
    /// The orders of the list; `()` if there is only one.
    type Order: Copy + Default + PartialEq + Debug + Send + Sync;
    /// The position of a row in the list, unique for each row.
    type Key: Serialize + DeserializeOwned;

    /// This row's position in a list of this order.
    fn key(&self, order: Self::Order) -> Self::Key;
    /// Counts the rows that pass the filter.
    fn count(ctx: &Context<'_>, filter: &Self::Filter) -> impl Future<Output = Result<i64>> + Send;
}

/// The name of the list in its cursors. A cursor is valid only in the order of the list that it is from.
fn cursor_name<T: ConnectionNode>(order: T::Order) -> Cow<'static, str> {
    if order == T::Order::default() { T::NAME.into() } else { format!("{} {order:?}", T::NAME).into() }
}

impl PageArgs {
    /// Checks the arguments of a connection of `T` in the request's guild and in the default order.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`: a size out of range, `first` with `last`, a cursor that was not issued for this connection,
    /// guild and order.
    pub fn check<T: ConnectionNode>(self, request: &RequestContext) -> Result<PageRequest<T>, Refusal> {
        self.check_ordered(request, T::Order::default())
    }

    /// Checks the arguments as [`PageArgs::check`] does, for a list in this order.
    ///
    /// # Errors
    /// As for [`PageArgs::check`].
    pub fn check_ordered<T: ConnectionNode>(
        self,
        request: &RequestContext,
        order: T::Order,
    ) -> Result<PageRequest<T>, Refusal> {
        let (signer, guild) = (request.app.accounts.keys.cursors.clone(), request.guild);
        let name = cursor_name::<T>(order);
        let page = InputCheck::run(|check| Page {
            size: check.valid(page_size(self.first, self.last)),
            backward: self.last.is_some(),
            after: self.after.and_then(|cursor| check.found(signer.decode(&name, guild, "after", &cursor))),
            before: self.before.and_then(|cursor| check.found(signer.decode(&name, guild, "before", &cursor))),
        })?;
        Ok(PageRequest { page, order, signer, guild })
    }
}

/// The number of items on a page with these arguments.
fn page_size(first: Option<i32>, last: Option<i32>) -> Result<usize, Refusal> {
    let (field, size) = match (first, last) {
        (Some(_), Some(_)) => return Err(Refusal::input("last", "Give either first or last, not both.")),
        (None, Some(last)) => ("last", Some(last)),
        (first, None) => ("first", first),
    };
    match size.map(usize::try_from) {
        None => Ok(DEFAULT_SIZE),
        Some(Ok(size @ 1..=MAX_SIZE)) => Ok(size),
        Some(_) => Err(Refusal::input(field, format!("{field} must be from 1 to {MAX_SIZE}."))),
    }
}

/// A page of a connection of `T` that a client requests, with checked arguments.
pub struct PageRequest<T: ConnectionNode> {
    /// The part of the list to load.
    pub page: Page<T::Key>,
    /// The order of the list.
    pub order: T::Order,
    signer: CursorSigner,
    guild: GuildId,
}

impl<T: ConnectionNode> PageRequest<T> {
    /// Builds the page from the rows that a store loaded for it: at most [`Page::limit`], in the order of the request.
    pub fn connection(self, mut rows: Vec<T>, filter: T::Filter) -> Connection<T> {
        let Self { page, order, signer, guild } = self;
        let more = rows.len() > page.size;
        rows.truncate(page.size);
        let (has_next, has_previous) = if page.backward {
            rows.reverse();
            (page.before.is_some(), more)
        } else {
            (more, page.after.is_some())
        };
        Connection { signer, guild, order, rows, has_next, has_previous, filter }
    }
}

/// A page of a list, as a Relay connection.
pub struct Connection<T: ConnectionNode> {
    signer: CursorSigner,
    guild: GuildId,
    order: T::Order,
    rows: Vec<T>,
    has_next: bool,
    has_previous: bool,
    filter: T::Filter,
}

impl<T: ConnectionNode> Connection<T> {
    fn cursor(&self, row: &T) -> String {
        self.signer.encode(&cursor_name::<T>(self.order), self.guild, &row.key(self.order))
    }
}

impl<T: ConnectionNode> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::NAME).into()
    }
}

/// A page of a list (a Relay connection).
#[Object(name_type)]
impl<T: ConnectionNode> Connection<T> {
    /// Items of the page with their cursors.
    async fn edges(&self) -> List<Vec<Edge<T>>> {
        List(self.rows.iter().map(|row| Edge { cursor: self.cursor(row), node: row.clone() }).collect())
    }

    /// Items of the page.
    async fn nodes(&self) -> List<&[T]> {
        List(&self.rows)
    }

    /// Position of the page in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.rows.first().map(|row| self.cursor(row)),
            end_cursor: self.rows.last().map(|row| self.cursor(row)),
        }
    }

    /// Number of items in the whole list. The server counts them only if this field is selected.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        T::count(ctx, &self.filter).await
    }
}

/// An item of a page.
pub struct Edge<T: ConnectionNode> {
    cursor: String,
    node: T,
}

impl<T: ConnectionNode> TypeName for Edge<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::NAME).into()
    }
}

/// An item of a page with its cursor.
#[Object(name_type, serial)]
impl<T: ConnectionNode> Edge<T> {
    /// Position of the item in the list, for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }
}

/// Position of a page in its list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct PageInfo {
    /// Whether the list has items after this page.
    has_next_page: bool,
    /// Whether the list has items before this page.
    has_previous_page: bool,
    /// Cursor of the first item; `null` if the page is empty.
    start_cursor: Option<String>,
    /// Cursor of the last item; `null` if the page is empty.
    end_cursor: Option<String>,
}
