//! How codes reach their members: a port that Discord implements.

use futures_util::future::BoxFuture;

use super::store::Purpose;
use crate::{
    db::Conn,
    identity::Member,
    kernel::{clock::Timestamp, error::Result},
};

/// How a code reached its member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum InviteDelivery {
    /// By direct message.
    Sent,
    /// It will be sent by direct message.
    Queued,
    /// The member has no known Discord id; pass the code on.
    NotLinked,
    /// The direct message could not be sent, since they take none; pass the code on.
    Failed,
    /// There is no bot; pass the code on.
    NotConfigured,
}

/// A code with what its letter says.
pub struct CodeLetter<'c> {
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
        letter: &'c CodeLetter<'c>,
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
