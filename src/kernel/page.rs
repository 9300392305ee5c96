//! Keyset pagination: which rows to load, and signed cursors.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac, digest::KeyInit};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256, Sha512};

use super::{error::Refusal, id::GuildId};

/// Number of rows in a page if the client doesn't request another.
pub const DEFAULT_SIZE: usize = 25;
/// Maximum number of rows in a page.
pub const MAX_SIZE: usize = 100;

/// Direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
pub enum OrderDirection {
    /// Lowest, earliest or alphabetically first item first.
    Asc,
    /// Highest, latest or alphabetically last item first.
    Desc,
}

impl OrderDirection {
    /// Whether a page with this direction is loaded in ascending order: a backward page is loaded in reverse.
    pub fn is_ascending<K>(self, page: &Page<K>) -> bool {
        (self == Self::Asc) != page.backward
    }
}

/// The rows that a store loads: at most `size` between two sort positions of type `K`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page<K> {
    /// Number of rows.
    pub size: usize,
    /// Whether to take the last rows instead of the first.
    pub backward: bool,
    /// Only rows after this position.
    pub after: Option<K>,
    /// Only rows before this position.
    pub before: Option<K>,
}

impl<K> Page<K> {
    /// Number of rows to fetch: one more than [`Page::size`], to see whether there are more.
    pub fn limit(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Returns this page's rows and one more from a complete list that is sorted by `key`.
    pub fn slice<T: Clone>(&self, list: &[T], key: impl Fn(&T) -> K) -> Vec<T>
    where
        K: Ord,
    {
        let from = self.after.as_ref().map_or(0, |after| list.partition_point(|row| key(row) <= *after));
        let to = self.before.as_ref().map_or(list.len(), |before| list.partition_point(|row| key(row) < *before));
        let between = list.get(from..to).unwrap_or_default().iter();
        let size = self.size + 1;
        if self.backward { between.rev().take(size).cloned().collect() } else { between.take(size).cloned().collect() }
    }

    /// Checks that both cursors are of this connection, such as one campaign's ballots.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` at `after` or `before`.
    pub fn require_cursors(&self, belongs: impl Fn(&K) -> bool) -> Result<(), Refusal> {
        match [("after", &self.after), ("before", &self.before)]
            .into_iter()
            .find(|(_, key)| !key.as_ref().is_none_or(&belongs))
        {
            Some((field, _)) => Err(invalid_cursor(field)),
            None => Ok(()),
        }
    }
}

/// Signs cursors, so that clients can't forge positions.
#[derive(Clone)]
pub struct CursorSigner(Hmac<Sha256>);

impl CursorSigner {
    /// Length of the truncated HMAC tag in a cursor, in bytes.
    const TAG_LENGTH: usize = 12;

    /// A signer with the server's secret. The prefix keeps its tags apart from everything else that the secret signs.
    pub fn new(secret: &[u8]) -> Self {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&Sha512::digest(secret));
        mac.update(b"guildhall cursor\0");
        Self(mac)
    }

    /// Returns the cursor of a row of type `name` at position `key`.
    pub fn encode(&self, name: &str, guild: GuildId, key: &impl Serialize) -> String {
        let text = serde_json::to_vec(&(name, guild, key)).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([self.tag(&text), text].concat())
    }

    fn tag(&self, text: &[u8]) -> Vec<u8> {
        let tag = self.0.clone().chain_update(text).finalize().into_bytes();
        tag.iter().take(Self::TAG_LENGTH).copied().collect()
    }

    fn verify(&self, tag: &[u8], text: &[u8]) -> bool {
        tag.len() == Self::TAG_LENGTH && self.0.clone().chain_update(text).verify_truncated_left(tag).is_ok()
    }

    /// Returns the position in a cursor that was issued for rows of type `name` in `guild`.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` at `field`.
    pub(crate) fn decode<K: DeserializeOwned>(
        &self,
        name: &str,
        guild: GuildId,
        field: &'static str,
        cursor: &str,
    ) -> Result<K, Refusal> {
        let decode = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (tag, text) = bytes.split_at_checked(Self::TAG_LENGTH)?;
            let (cursor_name, cursor_guild, key): (String, GuildId, K) =
                self.verify(tag, text).then(|| serde_json::from_slice(text).ok()).flatten()?;
            (cursor_name == name && cursor_guild == guild).then_some(key)
        };
        decode().ok_or_else(|| invalid_cursor(field))
    }
}

fn invalid_cursor(field: &'static str) -> Refusal {
    Refusal::input(field, format!("{field} is not a cursor of this connection."))
}
