//! Caches viewers until their rights may have changed.
//!
//! A change of rights ([`crate::access::changes::Access::change`]) notifies all servers in its own transaction. After a
//! revocation, the server waits for [`ViewerCache::lease`] before it responds. Meanwhile each server either applies the
//! notification or stops using its cached viewer. A cached viewer is used only if, within the lease, the server looked
//! it up or checked that notifications arrive. So no server uses the old rank once a demotion is acknowledged.

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

/// How long a server uses its cache without checking that the other servers' notifications arrive. Revocations wait as
/// long on a database that several servers use.
pub const LEASE: Duration = Duration::from_millis(250);

/// Longest time that a viewer stays cached. Direct changes to the database send no notification, so they take effect
/// within this time.
const MAX_AGE: Duration = Duration::from_secs(30);

/// Maximum number of cached viewers, which take about 20 MB.
const MAX_CACHED: usize = 50_000;

type Key = (MemberId, Option<SessionId>);

/// This server's cached viewers.
pub struct ViewerCache {
    /// How long a cached viewer is used without checking that notifications arrive.
    pub lease: Duration,
    cached: Mutex<Cached>,
    /// Whether the cache was read since the listener last called [`BusSubscriber::take_demand`].
    demand: AtomicBool,
}

#[derive(Default)]
struct Cached {
    by_guild: HashMap<GuildId, HashMap<Key, (Instant, Viewer)>>,
    count: usize,
    /// Whether guilds are suspended. Has no limit: it holds only guilds that exist.
    suspended: HashMap<GuildId, (Instant, bool)>,
    /// The time before which all published notifications have been applied.
    caught_up: Option<Instant>,
    /// Increases whenever viewers are evicted.
    generation: u64,
}

/// A lookup in progress. Its result is cached only if no viewer was evicted since it started.
#[derive(Clone, Copy)]
pub struct Lookup {
    generation: u64,
    /// When the lookup started. The lease and the age of the cached viewer are counted from this time.
    pub started_at: Instant,
}

impl ViewerCache {
    /// Creates an empty cache with this lease.
    pub fn new(lease: Duration) -> Self {
        Self { lease, cached: Mutex::default(), demand: AtomicBool::new(false) }
    }

    /// Returns the cached viewer, unless it may be out of date.
    pub fn get(&self, guild: GuildId, member: MemberId, session: Option<SessionId>) -> Option<Viewer> {
        self.demand.store(true, Ordering::Relaxed);
        let cached = self.cached.lock();
        let (looked_up, viewer) = cached.by_guild.get(&guild)?.get(&(member, session))?;
        self.is_current(*looked_up, &cached).then(|| viewer.clone())
    }

    /// Whether a guild is suspended; `None` if that is not cached or may be out of date.
    pub fn is_suspended(&self, guild: GuildId) -> Option<bool> {
        self.demand.store(true, Ordering::Relaxed);
        let cached = self.cached.lock();
        let (looked_up, is_suspended) = cached.suspended.get(&guild)?;
        self.is_current(*looked_up, &cached).then_some(*is_suspended)
    }

    fn is_current(&self, looked_up: Instant, cached: &Cached) -> bool {
        let current_as_of = cached.caught_up.map_or(looked_up, |caught_up| caught_up.max(looked_up));
        // Some tests have a lease longer than `MAX_AGE`.
        current_as_of.elapsed() < self.lease && looked_up.elapsed() < MAX_AGE.max(self.lease)
    }

    /// Starts a lookup. Call it before reading the viewer from the database.
    pub fn start_lookup(&self) -> Lookup {
        Lookup { generation: self.cached.lock().generation, started_at: Instant::now() }
    }

    /// Caches the result of a lookup.
    pub fn insert(&self, lookup: Lookup, viewer: Viewer) {
        let mut cached = self.cached.lock();
        if cached.generation != lookup.generation {
            return;
        }
        if cached.count >= MAX_CACHED {
            cached.by_guild.clear();
            cached.count = 0;
        }
        let key = (viewer.member, viewer.session);
        let replaced = cached.by_guild.entry(viewer.guild).or_default().insert(key, (lookup.started_at, viewer));
        cached.count += usize::from(replaced.is_none());
    }

    /// Caches whether a guild is suspended.
    pub fn insert_suspension(&self, lookup: Lookup, guild: GuildId, is_suspended: bool) {
        let mut cached = self.cached.lock();
        if cached.generation == lookup.generation {
            cached.suspended.insert(guild, (lookup.started_at, is_suspended));
        }
    }

    /// Evicts the viewers of a guild whose rights may have changed: of one member, or of all if `changed` is `None`.
    fn evict(&self, guild: GuildId, changed: Option<MemberId>) {
        let mut cached = self.cached.lock();
        cached.generation += 1;
        if changed.is_none() {
            cached.suspended.remove(&guild);
        }
        let Some(mut viewers) = cached.by_guild.remove(&guild) else { return };
        let count_before = viewers.len();
        viewers.retain(|(member, _), _| changed.is_some_and(|changed| changed != *member));
        cached.count -= count_before - viewers.len();
        if !viewers.is_empty() {
            cached.by_guild.insert(guild, viewers);
        }
    }

    /// Evicts all viewers.
    fn clear(&self) {
        let mut cached = self.cached.lock();
        *cached = Cached { generation: cached.generation + 1, ..Cached::default() };
    }
}

impl BusSubscriber for ViewerCache {
    fn apply(&self, event: BusEvent, _: Publisher) {
        if let BusEvent::Access(guild, member) = event {
            self.evict(guild, member);
        }
    }

    fn resync(&self) {
        self.clear();
    }

    fn caught_up(&self, moment: Instant) {
        self.cached.lock().caught_up = Some(moment);
    }

    fn take_demand(&self) -> bool {
        self.demand.swap(false, Ordering::Relaxed)
    }
}
