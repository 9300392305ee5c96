//! The port by which codes are delivered to members. Discord implements it.

use std::{collections::HashMap, sync::Arc};

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
    /// The number of its delivery, from 0.
    pub number: usize,
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
    /// Starts this number of deliveries for a guild; `None` if codes cannot be delivered.
    fn start(&self, guild: GuildId, number: usize) -> Option<Arc<dyn PendingDeliveries>>;
}

/// The deliveries of codes that are issued in one transaction.
pub trait PendingDeliveries: Send + Sync {
    /// Queues the messages in the transaction that issues the codes, and deletes earlier ones to the same members. Leaves
    /// out members without an address.
    fn enqueue<'c>(
        &'c self,
        conn: &'c mut Conn,
        purpose: Purpose,
        messages: Vec<CodeMessage<'c>>,
        now: Timestamp,
    ) -> BoxFuture<'c, Result<()>>;

    /// Waits briefly after the commit, for the deliveries of these numbers together, and returns the state of each.
    fn outcomes(self: Arc<Self>, numbers: Vec<usize>) -> BoxFuture<'static, HashMap<usize, InviteDelivery>>;
}

/// Delivers no codes.
pub struct NoDelivery;

impl CodeDelivery for NoDelivery {
    fn start(&self, _: GuildId, _: usize) -> Option<Arc<dyn PendingDeliveries>> {
        None
    }
}
