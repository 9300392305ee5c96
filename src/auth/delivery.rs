//! The port by which codes are delivered to members. Discord implements it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::store::Purpose;
use crate::{
    db::Conn,
    identity::Member,
    kernel::{clock::Timestamp, error::Result, id::GuildId},
};

/// Whether and how a code was delivered to its member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum InviteDelivery {
    /// The bot sent it by direct message.
    Sent,
    /// The bot will send it by direct message.
    Queued,
    /// Not delivered, because the Discord id of the member is unknown. Pass the code on.
    NotLinked,
    /// Not delivered, because the member does not accept direct messages. Pass the code on.
    Failed,
    /// Not delivered, because the server has no bot. Pass the code on.
    NotConfigured,
}

/// The content of a message that delivers a code.
pub struct CodeMessage<'c> {
    /// Whether the code registers an account or resets a password.
    pub purpose: Purpose,
    /// The guild's name.
    pub guild_name: &'c str,
    /// The guild's slug.
    pub guild_slug: &'c str,
    /// The member.
    pub member: &'c Member,
    /// The code.
    pub code: &'c str,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Delivers codes to members.
pub trait CodeDelivery: Send + Sync {
    /// Starts a delivery for this guild; `None` if codes cannot be delivered.
    fn start(&self, guild: GuildId) -> Option<Arc<dyn PendingDelivery>>;
}

/// The delivery of one code.
pub trait PendingDelivery: Send + Sync {
    /// Queues the message in the transaction that issues the code, and deletes earlier ones. Does nothing for a member
    /// without an address.
    fn enqueue<'c>(
        &'c self,
        conn: &'c mut Conn,
        message: &'c CodeMessage<'c>,
        now: Timestamp,
    ) -> BoxFuture<'c, Result<()>>;

    /// Waits briefly after the commit, and returns the state of the delivery.
    fn outcome(self: Arc<Self>) -> BoxFuture<'static, InviteDelivery>;
}

/// Delivers no codes.
pub struct NoDelivery;

impl CodeDelivery for NoDelivery {
    fn start(&self, _: GuildId) -> Option<Arc<dyn PendingDelivery>> {
        None
    }
}
