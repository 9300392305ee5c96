//! Watches tallies: counts each once for all its subscribers.

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

/// Shortest time between two counts of a campaign. Ballots that arrive faster share a count.
const COUNT_INTERVAL: Duration = Duration::from_millis(50);
/// The time between two counts is at least this many times the duration of a count, so large campaigns are counted less
/// often.
const INTERVAL_FACTOR: u32 = 5;
/// Longest time between two counts that [`INTERVAL_FACTOR`] demands.
const MAX_COUNT_INTERVAL: Duration = Duration::from_millis(500);
/// Time of one core that is reserved for each message to a subscriber. A message takes about a third of it, from the
/// count to the socket; the rest is left for requests and for clients on the same machine.
const TIME_PER_MESSAGE: Duration = Duration::from_micros(60);
/// How long to wait after a failed count.
const RETRY_DELAY: Duration = Duration::from_millis(500);

type TallyKey = (GuildId, CampaignId);

/// The tallies of a campaign, the current one first. While there is a `TallyWatch`, the campaign is counted.
pub struct TallyWatch {
    newest: watch::Receiver<Newest>,
    cohort: watch::Receiver<Newest>,
    last_revision: Option<i64>,
}

impl TallyWatch {
    /// The next tally newer than the one before.
    pub async fn next(&mut self) -> TallyUpdate {
        loop {
            // The current tally is sent immediately, later ones with the cohort.
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
            // Cannot fail: the feed lives as long as `self.newest`.
            let _ = self.cohort.changed().await;
        }
    }
}

/// Watches a campaign's tally. The first subscriber starts the counting, and it ends with the last.
pub fn watch_tally(live: &Arc<Live>, guild: GuildId, campaign: CampaignId) -> TallyWatch {
    let key = (guild, campaign);
    let mut tallies = live.tallies.lock();
    let feed = tallies.entry(key).or_insert_with(|| {
        let feed = Arc::new(TallyFeed::new());
        feed.recount();
        let (counter, publisher) = ((Arc::clone(live), Arc::clone(&feed)), (Arc::clone(live), Arc::clone(&feed)));
        tokio::spawn(async move {
            supervise::restart_on_panic("counting", || count_tallies(&counter.0, key, &counter.1)).await;
        });
        tokio::spawn(async move {
            supervise::restart_on_panic("publishing", || publish_tallies(&publisher.0, key, &publisher.1)).await;
        });
        feed
    });
    TallyWatch { newest: feed.newest.subscribe(), cohort: feed.join_cohort(), last_revision: None }
}

impl Live {
    /// Waits for a notification. Returns `false` once the last subscriber has left.
    async fn wait_for_notification(&self, key: TallyKey, feed: &Arc<TallyFeed>, notify: &Notify) -> bool {
        loop {
            tokio::select! {
                () = notify.notified() => return true,
                () = feed.newest.closed() => {}
            }
            // New subscribers are added under this lock.
            let mut tallies = self.tallies.lock();
            if feed.newest.receiver_count() == 0 {
                if tallies.get(&key).is_some_and(|current| Arc::ptr_eq(current, feed)) {
                    tallies.remove(&key);
                }
                return false;
            }
        }
    }
}

/// Counts a campaign whenever its tally is stale, until the last subscriber has left.
async fn count_tallies(live: &Live, key: TallyKey, feed: &Arc<TallyFeed>) {
    while live.wait_for_notification(key, feed, &feed.stale).await {
        let started = Instant::now();
        let requests = feed.requests.swap(0, Ordering::Relaxed);
        live.metrics.tallies_coalesced.inc_by(requests.saturating_sub(1));
        let pause = match voting::tally(&live.voting, key.0, key.1).await {
            Ok(Some(tally)) => {
                live.metrics.tallies_counted.inc();
                let is_newer = feed.revision().is_none_or(|revision| revision < tally.revision);
                if is_newer {
                    feed.newest.send_replace(Some(TallyUpdate { tally: Arc::new(tally), responses: Arc::default() }));
                    feed.fresh.notify_one();
                }
                COUNT_INTERVAL
            }
            // The campaign was deleted, as a draft can be. Subscribers notice when they are refreshed.
            Ok(None) => COUNT_INTERVAL,
            Err(error) => {
                tracing::error!(%error, "could not count a tally; retrying");
                feed.recount();
                RETRY_DELAY
            }
        };
        let interval = (started.elapsed() * INTERVAL_FACTOR).min(MAX_COUNT_INTERVAL);
        tokio::time::sleep_until(started + pause.max(interval)).await;
    }
}

/// Sends each newer tally to the subscribers, one cohort after the other, until the last subscriber has left.
async fn publish_tallies(live: &Live, key: TallyKey, feed: &Arc<TallyFeed>) {
    while live.wait_for_notification(key, feed, &feed.fresh).await {
        let mut number = 0;
        while let Some(cohort) = feed.cohort(number) {
            live.wait_to_send(cohort.receiver_count()).await;
            cohort.send_replace(feed.newest.borrow().clone());
            number += 1;
        }
    }
}

impl Live {
    /// Waits until this many subscribers may be notified.
    async fn wait_to_send(&self, subscribers: usize) {
        let send_at = {
            let mut next_send_at = self.next_send_at.lock();
            let now = Instant::now();
            let send_at = next_send_at.map_or(now, |next_send_at| next_send_at.max(now));
            *next_send_at =
                Some(send_at + TIME_PER_MESSAGE * u32::try_from(subscribers).unwrap_or(u32::MAX) / self.cores);
            send_at
        };
        tokio::time::sleep_until(send_at).await;
    }
}
