//! Tallies that are watched: each is counted once for all who watch it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    service::Live,
    tally_feed::{Newest, TallyFeed, TallyUpdate},
};
use crate::{
    kernel::{
        id::{CampaignId, GuildId},
        supervise,
    },
    voting,
};

/// The least time between two counts of a campaign: ballots that come faster share one.
const COUNT_INTERVAL: Duration = Duration::from_millis(50);
/// Of how much time a campaign's counts may take one part: those of a large one come less often.
const COUNT_SHARE: u32 = 5;
/// The most time between two counts all the same.
const MOST_BETWEEN: Duration = Duration::from_millis(500);
/// How much time of one core each who is told has to themselves, whichever campaign they watch: some three times what a
/// message takes, from the count to the socket, so that there is time left for requests and for whoever reads the messages.
const MESSAGE: Duration = Duration::from_micros(60);
/// How long to wait after a count failed.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

type TallyKey = (GuildId, CampaignId);

/// The tallies of a campaign, the present one first. Counting goes on for as long as there is one.
pub struct TallyWatch {
    newest: watch::Receiver<Newest>,
    cohort: watch::Receiver<Newest>,
    last_revision: Option<i64>,
}

impl TallyWatch {
    /// The next tally newer than the one before.
    pub async fn next(&mut self) -> TallyUpdate {
        loop {
            // The present tally is sent at once, later ones with the cohort.
            let newest = match self.last_revision {
                None => self.newest.borrow().clone(),
                Some(_) => self.cohort.borrow_and_update().clone(),
            };
            if let Some(counted) = newest
                && self.last_revision.is_none_or(|last| last < counted.tally.revision)
            {
                self.last_revision = Some(counted.tally.revision);
                return counted;
            }
            // The feed is kept for as long as we have its newest.
            let _ = self.cohort.changed().await;
        }
    }
}

/// Watches a campaign. The first to do so sets the counting going, the last to leave ends it.
pub fn watch_tally(live: &Arc<Live>, guild: GuildId, campaign: CampaignId) -> TallyWatch {
    let key = (guild, campaign);
    let mut tallies = live.tallies.lock();
    let feed = tallies.entry(key).or_insert_with(|| {
        let feed = Arc::new(TallyFeed::new());
        feed.recount();
        let (counted, told) = ((Arc::clone(live), Arc::clone(&feed)), (Arc::clone(live), Arc::clone(&feed)));
        tokio::spawn(async move {
            supervise::restart_on_panic("counting", || keep_counting(&counted.0, key, &counted.1)).await;
        });
        tokio::spawn(
            async move { supervise::restart_on_panic("telling", || keep_publishing(&told.0, key, &told.1)).await },
        );
        feed
    });
    TallyWatch { newest: feed.newest.subscribe(), cohort: feed.join_cohort(), last_revision: None }
}

impl Live {
    /// Waits for a notification; returns `false` once nobody watches any more.
    async fn wait_for_call(&self, key: TallyKey, feed: &Arc<TallyFeed>, call: &Notify) -> bool {
        loop {
            tokio::select! {
                () = call.notified() => return true,
                () = feed.newest.closed() => {}
            }
            // Who begins to watch does so under this lock.
            let mut tallies = self.tallies.lock();
            if feed.newest.receiver_count() == 0 {
                if tallies.get(&key).is_some_and(|kept| Arc::ptr_eq(kept, feed)) {
                    tallies.remove(&key);
                }
                return false;
            }
        }
    }
}

/// Counts a campaign whenever its tally is stale, until nobody watches it.
async fn keep_counting(live: &Live, key: TallyKey, watched: &Arc<TallyFeed>) {
    while live.wait_for_call(key, watched, &watched.stale).await {
        let started = Instant::now();
        let calls = watched.calls.swap(0, Ordering::Relaxed);
        live.metrics.tallies_coalesced.inc_by(calls.saturating_sub(1));
        let pause = match voting::tally(&live.voting, key.0, key.1).await {
            Ok(Some(tally)) => {
                live.metrics.tallies_counted.inc();
                let is_newer = watched.revision().is_none_or(|revision| revision < tally.revision);
                if is_newer {
                    watched
                        .newest
                        .send_replace(Some(TallyUpdate { tally: Arc::new(tally), responses: Arc::default() }));
                    watched.fresh.notify_one();
                }
                COUNT_INTERVAL
            }
            // Gone, as a draft can be; those who watch find out when they ask again.
            Ok(None) => COUNT_INTERVAL,
            Err(error) => {
                tracing::error!(%error, "a tally could not be counted; trying again");
                watched.recount();
                AFTER_FAILURE
            }
        };
        let share = (started.elapsed() * COUNT_SHARE).min(MOST_BETWEEN);
        tokio::time::sleep_until(started + pause.max(share)).await;
    }
}

/// Tells those who watch a campaign whenever there is a newer tally, until nobody does.
async fn keep_publishing(live: &Live, key: TallyKey, watched: &Arc<TallyFeed>) {
    while live.wait_for_call(key, watched, &watched.fresh).await {
        let mut number = 0;
        while let Some(cohort) = watched.cohort(number) {
            live.wait_until_free(cohort.receiver_count()).await;
            cohort.send_replace(watched.newest.borrow().clone());
            number += 1;
        }
    }
}

impl Live {
    /// Returns when that many subscribers may be notified.
    async fn wait_until_free(&self, watchers: usize) {
        let send_at = {
            let mut next_send_at = self.next_send_at.lock();
            let now = Instant::now();
            let send_at = next_send_at.map_or(now, |next_send_at| next_send_at.max(now));
            *next_send_at = Some(send_at + MESSAGE * u32::try_from(watchers).unwrap_or(u32::MAX) / self.cores);
            send_at
        };
        tokio::time::sleep_until(send_at).await;
    }
}
