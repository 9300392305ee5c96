//! The latest look-ups of guilds' Discord servers, each made once for all who wait for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serenity::all::GuildId as ServerId;
use tokio::sync::watch;

use super::linked_server::LinkedServer;
use crate::kernel::id::GuildId;

/// How long an answer of Discord is kept, and the fact that there was none.
const KEPT: Duration = Duration::from_secs(30);
const FAILURE_KEPT: Duration = Duration::from_secs(5);
/// Maximum number of servers in the cache. A full cache is emptied.
const MAX_SERVERS: usize = 200;

/// The end of a look-up, on the monotonic clock, and the server if Discord described it.
pub(super) type LookedUp = Option<(Duration, Option<Arc<LinkedServer>>)>;

/// The look-ups of the last half minute.
#[derive(Default)]
pub(super) struct ServerCache(Mutex<HashMap<(GuildId, ServerId), watch::Receiver<LookedUp>>>);

impl ServerCache {
    /// The current look-up of a guild's server. If it returns a sender too, the caller must look the server up.
    pub(super) fn slot(
        &self,
        key: (GuildId, ServerId),
        now: Duration,
    ) -> (watch::Receiver<LookedUp>, Option<watch::Sender<LookedUp>>) {
        let is_current = |lookup: &watch::Receiver<LookedUp>| match &*lookup.borrow() {
            Some((at, server)) => now < *at + if server.is_some() { KEPT } else { FAILURE_KEPT },
            // Without a sender, the look-up has panicked.
            None => lookup.has_changed().is_ok(),
        };
        let mut lookups = self.0.lock();
        if let Some(current) = lookups.get(&key).filter(|it| is_current(it)) {
            return (current.clone(), None);
        }
        if lookups.len() >= MAX_SERVERS {
            lookups.clear();
        }
        let (sender, receiver) = watch::channel(None);
        lookups.insert(key, receiver.clone());
        (receiver, Some(sender))
    }
}
