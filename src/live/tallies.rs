//! Tallies that are watched: each is counted once for all who watch it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use super::{Live, answers::Answers, lock};
use crate::{
    app::App,
    id::{CampaignId, GuildId},
    voting::{self, Tally},
};

/// The least time between two counts of a campaign: ballots that come faster share one.
const COUNT_INTERVAL: Duration = Duration::from_millis(50);
/// How long a message takes, from the count to the client's having read it, on a core that is shared with the client. After
/// a count, so much time for each who watches passes before the next, whichever campaign's it is: more counts would only
/// make everyone wait.
const MESSAGE: Duration = Duration::from_micros(20);
/// How long to wait after a count failed.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// A tally as it was counted, and the answers that were made of it.
#[derive(Clone)]
pub struct Counted {
    /// The tally.
    pub tally: Arc<Tally>,
    /// The answers.
    pub answers: Arc<Answers>,
}

/// A campaign that is watched: its newest tally, and a call for a newer one.
pub(super) struct Feed {
    newest: watch::Sender<Option<Counted>>,
    stale: Notify,
}

impl Feed {
    /// Calls for a newer tally.
    pub(super) fn recount(&self) {
        self.stale.notify_one();
    }

    /// The revision of the newest tally, if there is one.
    pub(super) fn revision(&self) -> Option<i64> {
        self.newest.borrow().as_ref().map(|counted| counted.tally.revision)
    }
}

/// The tallies of a campaign, the present one first.
pub struct Watch {
    newest: watch::Receiver<Option<Counted>>,
    last_revision: Option<i64>,
    /// Keeps the counting going.
    _feed: Arc<Feed>,
}

impl Watch {
    /// The next tally newer than the one before.
    pub async fn next(&mut self) -> Counted {
        loop {
            let newest = self.newest.borrow_and_update().clone();
            if let Some(counted) = newest
                && self.last_revision.is_none_or(|last| last < counted.tally.revision)
            {
                self.last_revision = Some(counted.tally.revision);
                return counted;
            }
            // The counting goes on as long as we hold the feed.
            let _ = self.newest.changed().await;
        }
    }
}

/// Watches a campaign. The first to do so sets the counting going, the last to leave ends it.
pub fn watch_tally(app: &Arc<App>, guild: GuildId, campaign: CampaignId) -> Watch {
    let mut tallies = lock(&app.live.tallies);
    let feed = tallies.get(&(guild, campaign)).and_then(Weak::upgrade).unwrap_or_else(|| {
        let feed = Arc::new(Feed { newest: watch::Sender::new(None), stale: Notify::new() });
        tallies.hold((guild, campaign), Arc::downgrade(&feed), |feed| feed.strong_count() > 0);
        feed.recount();
        tokio::spawn(keep_counting(Arc::clone(app), guild, campaign, Arc::downgrade(&feed)));
        feed
    });
    Watch { newest: feed.newest.subscribe(), last_revision: None, _feed: feed }
}

/// Counts a campaign whenever its tally is stale, until nobody watches it.
async fn keep_counting(app: Arc<App>, guild: GuildId, campaign: CampaignId, feed: Weak<Feed>) {
    loop {
        let Some(watched) = feed.upgrade() else { return };
        let is_watched = tokio::select! {
            () = watched.stale.notified() => true,
            () = watched.newest.closed() => false,
        };
        if !is_watched {
            // Lets go of the feed. Whoever began to watch meanwhile holds it, and then the counting goes on.
            continue;
        }
        app.live.wait_until_free(watched.newest.receiver_count()).await;
        let started = Instant::now();
        let pause = match voting::tally(&app, guild, campaign).await {
            Ok(Some(tally)) => {
                watched.newest.send_if_modified(|newest| {
                    let is_newer = newest.as_ref().is_none_or(|it| it.tally.revision < tally.revision);
                    if is_newer {
                        *newest = Some(Counted { tally: Arc::new(tally), answers: Arc::default() });
                    }
                    is_newer
                });
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
        drop(watched);
        tokio::time::sleep_until(started + pause).await;
    }
}

impl Live {
    /// Returns when there is time to tell so many watchers of another count.
    async fn wait_until_free(&self, watchers: usize) {
        let turn = {
            let mut free_at = lock(&self.free_at);
            let now = Instant::now();
            let turn = free_at.map_or(now, |free_at| free_at.max(now));
            *free_at = Some(turn + MESSAGE * u32::try_from(watchers).unwrap_or(u32::MAX));
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}
