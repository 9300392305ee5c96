//! How long the viewer cache uses a cached viewer.

use std::time::{Duration, Instant};

use guildhall::{
    access::{Viewer, ViewerCache},
    bus::{BusEvent, BusSubscriber, Publisher},
    kernel::id::{GuildId, MemberId},
};

use super::viewer;

fn cache_with_lease(lease: Duration) -> ViewerCache {
    ViewerCache::new(lease)
}

fn cached(viewers: &ViewerCache, viewer: &Viewer) -> Option<Viewer> {
    viewers.get(viewer.guild, viewer.member, viewer.session)
}

#[test]
fn a_change_discards_viewers_loaded_before_it() {
    let viewers = cache_with_lease(Duration::from_hours(1));
    let viewer = viewer(3);
    let lookup = viewers.start_lookup();
    viewers.insert(lookup, viewer.clone());
    assert_eq!(cached(&viewers, &viewer), Some(viewer.clone()));
    viewers.apply(BusEvent::Access(GuildId(2), None), Publisher::Local);
    assert_eq!(cached(&viewers, &viewer), Some(viewer.clone()), "the change is in another guild");
    viewers.apply(BusEvent::Access(viewer.guild, Some(MemberId(2))), Publisher::Local);
    assert_eq!(cached(&viewers, &viewer), Some(viewer.clone()), "the change is of another member");
    let lookup = viewers.start_lookup();
    viewers.apply(BusEvent::Access(viewer.guild, Some(viewer.member)), Publisher::Local);
    viewers.insert(lookup, viewer.clone());
    assert_eq!(cached(&viewers, &viewer), None);
}

#[test]
fn a_viewer_expires_with_the_lease_unless_the_notifications_are_up_to_date() {
    let mut viewers = cache_with_lease(Duration::ZERO);
    let viewer = viewer(3);
    viewers.insert(viewers.start_lookup(), viewer.clone());
    assert_eq!(cached(&viewers, &viewer), None);
    viewers.lease = Duration::from_secs(20);
    let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap_or_else(Instant::now);
    let loaded = |at| {
        let mut lookup = viewers.start_lookup();
        lookup.started_at = at;
        viewers.insert(lookup, viewer.clone());
    };
    loaded(ago(25));
    assert_eq!(cached(&viewers, &viewer), None, "the viewer was loaded before the lease began");
    viewers.caught_up(ago(22));
    assert_eq!(cached(&viewers, &viewer), None, "the last notification came before the lease began, too");
    viewers.caught_up(ago(5));
    assert_eq!(cached(&viewers, &viewer), Some(viewer.clone()));
    loaded(ago(31));
    assert_eq!(cached(&viewers, &viewer), None, "the viewer is older than the maximum age");
}
