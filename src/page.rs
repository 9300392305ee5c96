//! Pages of long lists: keyset cursors and Relay connections, once for all of them.

use async_graphql::{Context, Object, OutputType, SimpleObject, TypeName};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256, Sha512};

use crate::{
    error::{Refusal, Result},
    id::GuildId,
};

/// Page size unless asked.
pub const DEFAULT_SIZE: usize = 25;
/// The largest page.
pub const MAX_SIZE: usize = 100;

/// The four arguments of a connection field.
#[derive(Clone, Debug, Default)]
pub struct PageArgs {
    /// How many, from the start.
    pub first: Option<i32>,
    /// Only what comes after this cursor.
    pub after: Option<String>,
    /// How many, from the end.
    pub last: Option<i32>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
}

/// Which rows a store is to load: those between two sort positions `K`, from one end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// How many rows are wanted.
    pub size: usize,
    /// From the end rather than from the start.
    pub backward: bool,
    /// Only rows after this position.
    pub after: Option<K>,
    /// Only rows before this position.
    pub before: Option<K>,
}

impl<K> Page<K> {
    /// How many rows to fetch: one more than wanted, which tells whether there are more.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// The rows of this page, and one more, of a list that is here in full, in the order of its keys.
    pub fn of<T: Listed<Key = K>>(&self, list: &[T]) -> Vec<T>
    where
        K: Ord,
    {
        let from = self.after.as_ref().map_or(0, |after| list.partition_point(|row| row.key() <= *after));
        let to = self.before.as_ref().map_or(list.len(), |before| list.partition_point(|row| row.key() < *before));
        let between = list.get(from..to).unwrap_or_default().iter();
        let size = self.size + 1;
        if self.backward { between.rev().take(size).cloned().collect() } else { between.take(size).cloned().collect() }
    }

    /// Checks that the cursors are of a part of what the connection of this type lists.
    ///
    /// # Errors
    /// Bad input.
    pub fn must_be(&self, part: impl Fn(&K) -> bool) -> Result<(), Refusal> {
        match [("after", &self.after), ("before", &self.before)]
            .into_iter()
            .find(|(_, key)| !key.as_ref().is_none_or(&part))
        {
            Some((field, _)) => Err(not_a_cursor(field)),
            None => Ok(()),
        }
    }
}

/// Something listed in a connection.
pub trait Listed: OutputType + Clone {
    /// The GraphQL name of one of these; the connection's and the edge's are made from it.
    const NAME: &'static str;
    /// What the list is filtered by.
    type Filter: Send + Sync;
    /// The position in the list's order, unique for each row.
    type Key: Serialize + DeserializeOwned;

    /// This row's position.
    fn key(&self) -> Self::Key;
    /// How many rows the filter lets through.
    fn count(ctx: &Context<'_>, filter: &Self::Filter) -> impl Future<Output = Result<i64>> + Send;
}

impl PageArgs {
    /// Checks the arguments of a connection of `T` in `guild`.
    ///
    /// # Errors
    /// Bad input: a size out of range, `first` with `last`, a cursor that was not issued for this connection and guild.
    pub fn page<T: Listed>(self, seal: &Seal, guild: GuildId) -> Result<Page<T::Key>, Refusal> {
        let (field, size) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(Refusal::input("last", "Give either first or last, not both.")),
            (None, Some(last)) => ("last", Some(last)),
            (first, None) => ("first", first),
        };
        let size = match size.map(usize::try_from) {
            None => DEFAULT_SIZE,
            Some(Ok(size @ 1..=MAX_SIZE)) => size,
            Some(_) => return Err(Refusal::input(field, format!("{field} must be from 1 to {MAX_SIZE}."))),
        };
        Ok(Page {
            size,
            backward: self.last.is_some(),
            after: self.after.map(|cursor| read_cursor::<T>(seal, "after", guild, &cursor)).transpose()?,
            before: self.before.map(|cursor| read_cursor::<T>(seal, "before", guild, &cursor)).transpose()?,
        })
    }
}

/// Marks cursors as issued here, so that nobody can make up a position.
#[derive(Clone)]
pub struct Seal(Hmac<Sha256>);

impl Seal {
    /// How much of the mark stands in a cursor, in bytes.
    const LENGTH: usize = 12;

    /// A seal of the signing secret; what it marks cannot be taken for anything else the secret signs.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&Sha512::digest(secret));
        mac.update(b"guildhall cursor\0");
        Self(mac)
    }

    /// The cursor of a row at this position, of the type of this name.
    pub(crate) fn cursor(&self, name: &str, guild: GuildId, key: &impl Serialize) -> String {
        let text = serde_json::to_vec(&(name, guild, key)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([self.mark(&text), text].concat())
    }

    fn mark(&self, text: &[u8]) -> Vec<u8> {
        let mark = self.0.clone().chain_update(text).finalize().into_bytes();
        mark.iter().take(Self::LENGTH).copied().collect()
    }

    fn opens(&self, mark: &[u8], text: &[u8]) -> bool {
        mark.len() == Self::LENGTH && self.0.clone().chain_update(text).verify_truncated_left(mark).is_ok()
    }
}

fn cursor<T: Listed>(seal: &Seal, guild: GuildId, row: &T) -> String {
    seal.cursor(T::NAME, guild, &row.key())
}

fn read_cursor<T: Listed>(seal: &Seal, field: &'static str, guild: GuildId, cursor: &str) -> Result<T::Key, Refusal> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (mark, text) = bytes.split_at_checked(Seal::LENGTH)?;
        let (name, of, key): (String, GuildId, T::Key) =
            seal.opens(mark, text).then(|| serde_json::from_slice(text).ok()).flatten()?;
        (name == T::NAME && of == guild).then_some(key)
    };
    read().ok_or_else(|| not_a_cursor(field))
}

fn not_a_cursor(field: &'static str) -> Refusal {
    Refusal::input(field, format!("{field} is not a cursor of this connection."))
}

/// A page of a list, in the shape Relay knows.
pub struct Connection<T: Listed> {
    seal: Seal,
    guild: GuildId,
    rows: Vec<T>,
    has_next: bool,
    has_previous: bool,
    filter: T::Filter,
}

impl<T: Listed> Connection<T> {
    /// Makes the page from the rows a store loaded for `page`: at most [`Page::limit`], in the order asked from.
    pub fn new(seal: Seal, guild: GuildId, page: &Page<T::Key>, mut rows: Vec<T>, filter: T::Filter) -> Self {
        let more = rows.len() > page.size;
        rows.truncate(page.size);
        let (has_next, has_previous) = if page.backward {
            rows.reverse();
            (page.before.is_some(), more)
        } else {
            (more, page.after.is_some())
        };
        Self { seal, guild, rows, has_next, has_previous, filter }
    }
}

impl<T: Listed> TypeName for Connection<T> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        format!("{}Connection", T::NAME).into()
    }
}

/// A page of a list.
#[Object(name_type)]
impl<T: Listed> Connection<T> {
    /// The page's items, each with its cursor.
    async fn edges(&self) -> Vec<Edge<T>> {
        self.rows.iter().map(|row| Edge { cursor: cursor(&self.seal, self.guild, row), node: row.clone() }).collect()
    }

    /// The page's items.
    async fn nodes(&self) -> &[T] {
        &self.rows
    }

    /// Where this page lies in the list.
    async fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.rows.first().map(|row| cursor(&self.seal, self.guild, row)),
            end_cursor: self.rows.last().map(|row| cursor(&self.seal, self.guild, row)),
        }
    }

    /// How many items the whole list has. Counted only when asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i64> {
        T::count(ctx, &self.filter).await
    }
}

/// An item of a page.
pub struct Edge<T: Listed> {
    cursor: String,
    node: T,
}

impl<T: Listed> TypeName for Edge<T> {
    fn type_name() -> std::borrow::Cow<'static, str> {
        format!("{}Edge", T::NAME).into()
    }
}

/// An item of a page with its cursor.
#[Object(name_type, serial)]
impl<T: Listed> Edge<T> {
    /// The item's place in the list, for `after` and `before`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The item.
    async fn node(&self) -> &T {
        &self.node
    }
}

/// Where a page lies in its list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub struct PageInfo {
    /// Whether there are items after this page.
    has_next_page: bool,
    /// Whether there are items before this page.
    has_previous_page: bool,
    /// The cursor of the page's first item.
    start_cursor: Option<String>,
    /// The cursor of the page's last item.
    end_cursor: Option<String>,
}
