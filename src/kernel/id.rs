//! Ids: typed numbers in the server, opaque strings in the API.
//!
//! An id is a random 63-bit number. It doesn't reveal the number of rows, and rows that refer to each other can get
//! their ids before any is inserted. In the API it is nine bytes in base64url: a letter for its kind, then the number.
//! The server looks an id up only within the request's guild, so another guild's id behaves like one that never
//! existed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use diesel_derive_newtype::DieselNewType;
use rand::Rng;
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DieselNewType, Serialize, Deserialize,
            )]
            pub struct $name(pub i64);

            impl $name {
                /// A new random id.
                #[expect(clippy::new_without_default, reason = "each call returns another id")]
                pub fn new() -> Self {
                    Self(rand::rng().random_range(1..=i64::MAX))
                }

                /// The id that a client sent. A malformed one becomes 0, which no row has, so that it is refused in the
                /// same way as an unknown one.
                pub fn from_input(id: &async_graphql::ID) -> Self {
                    Self::try_from(id).unwrap_or(Self(0))
                }
            }

            impl From<$name> for async_graphql::ID {
                fn from(id: $name) -> Self {
                    encode($kind, &[id.0]).into()
                }
            }

            impl TryFrom<&async_graphql::ID> for $name {
                type Error = InvalidId;

                fn try_from(id: &async_graphql::ID) -> Result<Self, InvalidId> {
                    decode($kind, id).map(|[number]| Self(number))
                }
            }
        )*

        /// A decoded global id of any kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GlobalId {
            $($(#[$doc])* $name($name),)*
            /// A ballot, identified by its campaign and its voter.
            Ballot(CampaignId, MemberId),
        }

        impl TryFrom<&async_graphql::ID> for GlobalId {
            type Error = InvalidId;

            fn try_from(id: &async_graphql::ID) -> Result<Self, InvalidId> {
                match id.as_bytes() {
                    $(_ if $name::try_from(id).is_ok() => $name::try_from(id).map(Self::$name),)*
                    _ => decode(BALLOT, id).map(|[campaign, member]| {
                        Self::Ballot(CampaignId(campaign), MemberId(member))
                    }),
                }
            }
        }
    };
}

ids! {
    /// A guild, the tenant.
    GuildId = b'G';
    /// A rank of a guild.
    RankId = b'R';
    /// A member of a guild.
    MemberId = b'M';
    /// A member's character.
    CharacterId = b'C';
    /// A vote campaign.
    CampaignId = b'V';
    /// An entry of a campaign.
    EntryId = b'E';
    /// A signed-in session.
    SessionId = b'S';
    /// An entry of the audit log.
    AuditEventId = b'A';
    /// A message of the outbox.
    MessageId = b'D';
}

const BALLOT: u8 = b'B';

/// The string is not an id of this kind. Clients get the same error as for an id that never existed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

/// Returns the global id of the ballot that `member` cast in `campaign`.
pub fn ballot_id(campaign: CampaignId, member: MemberId) -> async_graphql::ID {
    encode(BALLOT, &[campaign.0, member.0]).into()
}

fn encode(kind: u8, numbers: &[i64]) -> String {
    let mut bytes = vec![kind];
    bytes.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode<const N: usize>(kind: u8, id: &str) -> Result<[i64; N], InvalidId> {
    let bytes = URL_SAFE_NO_PAD.decode(id).map_err(|_| InvalidId)?;
    let (first, rest) = bytes.split_first().ok_or(InvalidId)?;
    let (numbers, remainder) = rest.as_chunks::<8>();
    if *first != kind || !remainder.is_empty() {
        return Err(InvalidId);
    }
    let numbers: Vec<i64> = numbers.iter().map(|number| i64::from_be_bytes(*number)).collect();
    numbers.try_into().map_err(|_| InvalidId)
}
