//! Watches campaigns: reads the state of each once for all its subscribers.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{
    feed::{CampaignKey, Feed, FeedUpdate, Feeds, Newest},
    service::Live,
};
use crate::{
    kernel::{error::Result, metrics::Metrics, supervise},
    voting::Voting,
};

/// Shortest time between two reads of a campaign. Ballots that arrive faster share a read.
const READ_INTERVAL: Duration = Duration::from_millis(50);
/// The time between two reads is at least this many times the duration of a read, so large campaigns are read less
/// often.
const INTERVAL_FACTOR: u32 = 5;
/// Longest time between two reads that [`INTERVAL_FACTOR`] demands.
const MAX_READ_INTERVAL: Duration = Duration::from_millis(500);
/// How long to wait after a failed read.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// A state of a campaign that can be watched.
pub(super) trait Watched: Send + Sync + Sized + 'static {
    /// The feeds of this server.
    fn feeds(live: &Live) -> &Feeds<Self>;

    /// Reads the state of a campaign; `None` if there is no such campaign.
    fn read(voting: &Voting, campaign: CampaignKey) -> impl Future<Output = Result<Option<Self>>> + Send;

    /// Whether subscribers need this state after `sent`, which was read before.
    fn replaces(&self, sent: &Self) -> bool;

    /// The counters of reads, and of changes that shared a read with an earlier one.
    fn counters(metrics: &Metrics) -> (&Counter, &Counter);
}

/// The states of a campaign, the current one first. While there is a `FeedWatch`, the campaign is read.
pub struct FeedWatch<T> {
    newest: watch::Receiver<Newest<T>>,
    cohort: watch::Receiver<Newest<T>>,
    last_number: Option<u64>,
}

impl<T> FeedWatch<T> {
    /// The next state newer than the one before.
    pub async fn next(&mut self) -> FeedUpdate<T> {
        loop {
            // The current state is sent immediately, later ones with the cohort.
            let newest = match self.last_number {
                None => self.newest.borrow().clone(),
                Some(_) => self.cohort.borrow_and_update().clone(),
            };
            if let Some(update) = newest
                && self.last_number.is_none_or(|last| last < update.number)
            {
                self.last_number = Some(update.number);
                return update;
            }
            // Cannot fail: the feed lives as long as `self.newest`.
            let _ = self.cohort.changed().await;
        }
    }
}

/// Watches a campaign. The first subscriber starts the reading, and it ends with the last.
pub(super) fn watch_campaign<T: Watched>(live: &Arc<Live>, campaign: CampaignKey) -> FeedWatch<T> {
    let mut feeds = T::feeds(live).lock();
    let feed = feeds.entry(campaign).or_insert_with(|| {
        let feed = Arc::new(Feed::<T>::new());
        feed.request();
        let (reader, publisher) = ((Arc::clone(live), Arc::clone(&feed)), (Arc::clone(live), Arc::clone(&feed)));
        tokio::spawn(async move {
            supervise::restart_on_panic("counting", || read_states(&reader.0, campaign, &reader.1)).await;
        });
        tokio::spawn(async move {
            supervise::restart_on_panic("publishing", || publish_states(&publisher.0, campaign, &publisher.1)).await;
        });
        feed
    });
    FeedWatch { newest: feed.newest.subscribe(), cohort: feed.join_cohort(), last_number: None }
}

/// Waits for a notification. Returns `false` once the last subscriber has left.
async fn wait_for_notification<T: Watched>(
    live: &Live,
    campaign: CampaignKey,
    feed: &Arc<Feed<T>>,
    notify: &Notify,
) -> bool {
    loop {
        tokio::select! {
            () = notify.notified() => return true,
            () = feed.newest.closed() => {}
        }
        // New subscribers are added under this lock.
        let mut feeds = T::feeds(live).lock();
        if feed.subscribers() == 0 {
            if feeds.get(&campaign).is_some_and(|current| Arc::ptr_eq(current, feed)) {
                feeds.remove(&campaign);
            }
            return false;
        }
    }
}

/// Reads a campaign whenever its state is stale, until the last subscriber has left.
async fn read_states<T: Watched>(live: &Live, campaign: CampaignKey, feed: &Arc<Feed<T>>) {
    let (reads, shared) = T::counters(&live.metrics);
    while wait_for_notification(live, campaign, feed, &feed.stale).await {
        let started = Instant::now();
        let requests = feed.requests.swap(0, Ordering::Relaxed);
        shared.inc_by(requests.saturating_sub(1));
        let pause = match T::read(&live.voting, campaign).await {
            Ok(state) => {
                reads.inc();
                let is_news = feed.newest().is_none_or(|sent| match (&sent.state, &state) {
                    (Some(sent), Some(state)) => state.replaces(sent),
                    (sent, state) => sent.is_some() || state.is_some(),
                });
                if is_news {
                    feed.publish(state);
                }
                READ_INTERVAL
            }
            Err(error) => {
                tracing::error!(%error, "could not read a watched campaign; retrying");
                feed.request();
                RETRY_DELAY
            }
        };
        let interval = (started.elapsed() * INTERVAL_FACTOR).min(MAX_READ_INTERVAL);
        tokio::time::sleep_until(started + pause.max(interval)).await;
    }
}

/// Sends each newer state to the subscribers, one cohort after the other, until the last subscriber has left.
async fn publish_states<T: Watched>(live: &Live, campaign: CampaignKey, feed: &Arc<Feed<T>>) {
    while wait_for_notification(live, campaign, feed, &feed.fresh).await {
        let mut number = 0;
        while let Some(cohort) = feed.cohort(number) {
            live.wait_to_send(cohort.receiver_count()).await;
            cohort.send_replace(feed.newest());
            number += 1;
        }
    }
}
