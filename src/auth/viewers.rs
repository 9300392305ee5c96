//! Viewers looked up before, kept for as long as nothing can have changed about them.
//!
//! What changes who may do what ([`crate::app::App::change_access`]) tells all servers in its own transaction; where it takes
//! something away, it is acknowledged only a [`Viewers::lease`] later. A server goes by what it has kept only while it has, within that lease,
//! looked the viewer up or made sure that it hears the others. So once a demotion is acknowledged, no server knows the
//! demoted by their old rank: it has heard of it, or no longer trusts what it knows.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::Viewer;
use crate::id::{GuildId, MemberId, SessionId};

/// How long a server may go by what it knows without having heard anything. Demotions and the like take as long on a
/// database that others use, and quiet servers ask a few times in it whether they still hear.
pub const LEASE: Duration = Duration::from_millis(250);

/// How long a viewer is kept at the most: what changes the database past Guildhall is noticed after that.
const MAX_AGE: Duration = Duration::from_secs(30);

/// Most viewers that are kept: some 20 MB.
const MAX_KEPT: usize = 50_000;

type Key = (MemberId, Option<SessionId>);

/// The viewers that this server keeps.
pub struct Viewers {
    /// How long a server may go by what it knows without having heard anything.
    pub lease: Duration,
    kept: Mutex<Kept>,
    asked: AtomicBool,
}

#[derive(Default)]
struct Kept {
    by_guild: HashMap<GuildId, HashMap<Key, (Instant, Viewer)>>,
    count: usize,
    /// All that was told to the servers before this moment has been heard.
    heard: Option<Instant>,
    /// Grows whenever something is forgotten.
    generation: u64,
}

/// A look-up under way: what it finds is kept only if nothing was forgotten meanwhile.
#[derive(Clone, Copy)]
pub struct LookUp {
    generation: u64,
    begun: Instant,
}

impl Default for Viewers {
    fn default() -> Self {
        Self { lease: LEASE, kept: Mutex::default(), asked: AtomicBool::new(false) }
    }
}

impl Viewers {
    /// The viewer as they certainly are, if that is known here.
    pub fn known(&self, guild: GuildId, member: MemberId, session: Option<SessionId>) -> Option<Viewer> {
        self.asked.store(true, Ordering::Relaxed);
        let kept = self.lock();
        let (looked_up, viewer) = kept.by_guild.get(&guild)?.get(&(member, session))?;
        let sure = kept.heard.map_or(*looked_up, |heard| heard.max(*looked_up));
        // A longer lease, such as tests have, is not cut short.
        let is_sure = sure.elapsed() < self.lease && looked_up.elapsed() < MAX_AGE.max(self.lease);
        is_sure.then(|| viewer.clone())
    }

    /// To be called before a viewer is looked up.
    pub fn begin(&self) -> LookUp {
        LookUp { generation: self.lock().generation, begun: Instant::now() }
    }

    /// Keeps what a look-up found.
    pub fn keep(&self, look_up: LookUp, viewer: Viewer) {
        let mut kept = self.lock();
        if kept.generation != look_up.generation {
            return;
        }
        if kept.count >= MAX_KEPT {
            kept.by_guild.clear();
            kept.count = 0;
        }
        let key = (viewer.member, viewer.session);
        let before = kept.by_guild.entry(viewer.guild).or_default().insert(key, (look_up.begun, viewer));
        kept.count += usize::from(before.is_none());
    }

    /// Forgets viewers of a guild about whom something has changed: this member, or anyone.
    pub fn forget(&self, guild: GuildId, of: Option<MemberId>) {
        let mut kept = self.lock();
        kept.generation += 1;
        let Some(mut viewers) = kept.by_guild.remove(&guild) else { return };
        let before = viewers.len();
        viewers.retain(|(member, _), _| of.is_some_and(|of| of != *member));
        kept.count -= before - viewers.len();
        if !viewers.is_empty() {
            kept.by_guild.insert(guild, viewers);
        }
    }

    /// Forgets everything: the other servers were not heard for a time.
    pub fn forget_all(&self) {
        let mut kept = self.lock();
        *kept = Kept { generation: kept.generation + 1, ..Kept::default() };
    }

    /// Notes that all that was told to the servers before `moment` has been heard here.
    pub fn heard_all_before(&self, moment: Instant) {
        self.lock().heard = Some(moment);
    }

    /// Whether anyone has been asked for since this was last called.
    pub fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// A lock is only ever held for a few lines that do not panic.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::viewer::some_viewer;

    #[test]
    fn what_was_looked_up_before_a_change_is_not_kept_after_it() {
        let viewers = Viewers { lease: Duration::from_hours(1), ..Viewers::default() };
        let viewer = some_viewer(3);
        let known = |viewers: &Viewers| viewers.known(viewer.guild, viewer.member, viewer.session);
        let look_up = viewers.begin();
        viewers.keep(look_up, viewer.clone());
        assert_eq!(known(&viewers), Some(viewer.clone()));
        viewers.forget(GuildId(2), None);
        assert_eq!(known(&viewers), Some(viewer.clone()), "another guild's change");
        viewers.forget(viewer.guild, Some(MemberId(2)));
        assert_eq!(known(&viewers), Some(viewer.clone()), "another member's change");
        let look_up = viewers.begin();
        viewers.forget(viewer.guild, Some(viewer.member));
        viewers.keep(look_up, viewer.clone());
        assert_eq!(known(&viewers), None);
    }

    #[test]
    fn nothing_is_trusted_longer_than_the_lease_unless_the_others_are_heard() {
        let viewers = Viewers { lease: Duration::ZERO, ..Viewers::default() };
        let viewer = some_viewer(3);
        viewers.keep(viewers.begin(), viewer.clone());
        assert_eq!(viewers.known(viewer.guild, viewer.member, viewer.session), None);
        let viewers = Viewers { lease: Duration::from_secs(20), ..viewers };
        let known = || viewers.known(viewer.guild, viewer.member, viewer.session);
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap_or_else(Instant::now);
        let looked_up = |at| {
            viewers.lock().by_guild.values_mut().flat_map(HashMap::values_mut).for_each(|kept| kept.0 = at);
        };
        looked_up(ago(25));
        assert_eq!(known(), None, "looked up longer ago than the lease");
        viewers.heard_all_before(ago(22));
        assert_eq!(known(), None, "and heard longer ago than that");
        viewers.heard_all_before(ago(5));
        assert_eq!(known(), Some(viewer.clone()));
        looked_up(ago(31));
        assert_eq!(known(), None, "kept for too long, whatever was heard");
    }
}
