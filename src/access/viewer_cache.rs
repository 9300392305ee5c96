//! Viewers looked up before, cached for as long as nothing can have changed about them.
//!
//! A change of rights ([`crate::access::changes::Access::change`]) notifies all servers in its own transaction, and a revocation is
//! acknowledged only a [`ViewerCache::lease`] later. A server uses a cached viewer only if, within that lease, it looked the
//! viewer up or checked that it receives the others' notices. So once a demotion is acknowledged, no server uses the old rank:
//! each has either applied the notice or lost trust in its cache.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::viewer::Viewer;
use crate::{
    bus::{BusEvent, BusSubscriber, Publisher},
    kernel::id::{GuildId, MemberId, SessionId},
};

/// How long a server trusts its cache without a sign that it receives the others' notices. Revocations wait as long on a
/// database that several servers use.
pub const LEASE: Duration = Duration::from_millis(250);

/// Longest time that a viewer stays cached, so that changes made past Guildhall are noticed.
const MAX_AGE: Duration = Duration::from_secs(30);

/// Most cached viewers: some 20 MB.
const MAX_CACHED: usize = 50_000;

type Key = (MemberId, Option<SessionId>);

/// This server's cached viewers.
pub struct ViewerCache {
    /// How long a cached viewer is trusted without a sign that notices arrive.
    pub lease: Duration,
    cached: Mutex<Cached>,
    /// Whether a viewer was asked for since the listener last looked.
    demand: AtomicBool,
}

#[derive(Default)]
struct Cached {
    by_guild: HashMap<GuildId, HashMap<Key, (Instant, Viewer)>>,
    count: usize,
    /// All notices published before this moment have been applied.
    caught_up: Option<Instant>,
    /// Grows whenever a viewer is dropped.
    generation: u64,
}

/// A look-up in progress: its result is cached only if no viewer was dropped meanwhile.
#[derive(Clone, Copy)]
pub struct Lookup {
    generation: u64,
    /// When the look-up began: the lease and the age of the viewer it finds are counted from here.
    pub started_at: Instant,
}

impl ViewerCache {
    /// An empty cache with this lease.
    pub fn new(lease: Duration) -> Self {
        Self { lease, cached: Mutex::default(), demand: AtomicBool::new(false) }
    }

    /// The cached viewer, if certainly current.
    pub fn get(&self, guild: GuildId, member: MemberId, session: Option<SessionId>) -> Option<Viewer> {
        self.demand.store(true, Ordering::Relaxed);
        let cached = self.cached.lock();
        let (looked_up, viewer) = cached.by_guild.get(&guild)?.get(&(member, session))?;
        let sure = cached.caught_up.map_or(*looked_up, |moment| moment.max(*looked_up));
        // A longer lease, such as tests have, is not cut short.
        let is_sure = sure.elapsed() < self.lease && looked_up.elapsed() < MAX_AGE.max(self.lease);
        is_sure.then(|| viewer.clone())
    }

    /// Call before a viewer is looked up.
    pub fn start_lookup(&self) -> Lookup {
        Lookup { generation: self.cached.lock().generation, started_at: Instant::now() }
    }

    /// Caches the result of a look-up.
    pub fn insert(&self, look_up: Lookup, viewer: Viewer) {
        let mut cached = self.cached.lock();
        if cached.generation != look_up.generation {
            return;
        }
        if cached.count >= MAX_CACHED {
            cached.by_guild.clear();
            cached.count = 0;
        }
        let key = (viewer.member, viewer.session);
        let before = cached.by_guild.entry(viewer.guild).or_default().insert(key, (look_up.started_at, viewer));
        cached.count += usize::from(before.is_none());
    }

    /// Drops viewers of a guild whose rights may have changed: one member, or all.
    fn forget(&self, guild: GuildId, of: Option<MemberId>) {
        let mut cached = self.cached.lock();
        cached.generation += 1;
        let Some(mut viewers) = cached.by_guild.remove(&guild) else { return };
        let before = viewers.len();
        viewers.retain(|(member, _), _| of.is_some_and(|of| of != *member));
        cached.count -= before - viewers.len();
        if !viewers.is_empty() {
            cached.by_guild.insert(guild, viewers);
        }
    }

    /// Drops all viewers.
    fn forget_all(&self) {
        let mut cached = self.cached.lock();
        *cached = Cached { generation: cached.generation + 1, ..Cached::default() };
    }
}

impl BusSubscriber for ViewerCache {
    fn apply(&self, event: BusEvent, _: Publisher) {
        if let BusEvent::Access(guild, of) = event {
            self.forget(guild, of);
        }
    }

    fn resync(&self) {
        self.forget_all();
    }

    fn caught_up(&self, moment: Instant) {
        self.cached.lock().caught_up = Some(moment);
    }

    fn take_demand(&self) -> bool {
        self.demand.swap(false, Ordering::Relaxed)
    }
}
