//! How codes reach their members: a port that Discord implements.

use futures_util::future::BoxFuture;

use super::store::Purpose;
use crate::{
    db::Conn,
    identity::Member,
    kernel::{clock::Timestamp, error::Result},
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

/// A code with what its letter says.
pub struct CodeMessage<'c> {
    /// Whether it opens an account or resets a password.
    pub purpose: Purpose,
    /// The guild's name.
    pub guild_name: &'c str,
    /// The member.
    pub member: &'c Member,
    /// The code.
    pub code: &'c str,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Delivers codes to members.
pub trait CodeDelivery: Send + Sync {
    /// Begins a delivery; `None` where nothing can deliver codes.
    fn start(&self) -> Option<Box<dyn PendingDelivery>>;
}

/// The delivery of one code.
pub trait PendingDelivery: Send + Sync {
    /// Queues the letter in the transaction that issues the code, in place of earlier ones. Does nothing for a member who
    /// has no address.
    fn enqueue<'c>(
        &'c self,
        conn: &'c mut Conn,
        letter: &'c CodeMessage<'c>,
        now: Timestamp,
    ) -> BoxFuture<'c, Result<()>>;

    /// What has become of the letter, as far as it is known within a moment after the commit.
    fn outcome(self: Box<Self>) -> BoxFuture<'static, InviteDelivery>;
}

/// Delivers nothing.
pub struct NoDelivery;

impl CodeDelivery for NoDelivery {
    fn start(&self) -> Option<Box<dyn PendingDelivery>> {
        None
    }
}
