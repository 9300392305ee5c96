//! The part of the server that voting needs, and the transactions that change campaigns.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{
    box_cache::BallotBoxCache,
    non_voters::NonVoterCache,
    rows::{Campaign, CampaignChanged},
    tally_cache::TallyCache,
};
use crate::{
    bus::{Bus, BusEvent},
    db::{Conn, Db, Work},
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
    },
};

/// Announces the steps of campaigns.
pub trait Announcer: Send + Sync {
    /// Queues the announcements of a campaign's step, in the transaction that takes the step.
    fn announce<'c>(&'c self, conn: &'c mut Conn, campaign: &'c Campaign, now: Timestamp) -> BoxFuture<'c, Result<()>>;

    /// Called after a transaction that changed a campaign was committed.
    fn on_commit(&self);
}

/// The part of the server that voting needs. Clones share the caches.
#[derive(Clone)]
pub struct Voting {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Notices of changes.
    pub bus: Arc<Bus>,
    /// Cached counts of live campaigns.
    pub tallies: Arc<TallyCache>,
    /// Cached ballot boxes of campaigns that are over.
    pub boxes: Arc<BallotBoxCache>,
    /// A member of each live campaign who has not voted.
    pub non_voters: Arc<NonVoterCache>,
    /// Announces the steps of campaigns.
    pub announcer: Arc<dyn Announcer>,
}

impl Voting {
    /// Runs `work` in a transaction that may change a campaign's settings, entries or status. If its result has a
    /// campaign, all servers are notified of it.
    ///
    /// # Errors
    /// Those of `work`; `INTERNAL` (`UNAVAILABLE`) when no connection is available.
    pub(super) async fn change_campaign<R, F>(&self, work: F) -> Result<R>
    where
        R: CampaignChanged + Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Clone
            + Send
            + 'static,
    {
        let notification = self.bus.campaign_notification();
        let notification = move |result: &R| result.campaign().map(|it| notification(it.guild_id, it.id));
        let result = self.db.write_and_notify(notification, work).await?;
        if let Some(campaign) = result.campaign() {
            self.bus.publish(BusEvent::Campaign(campaign.guild_id, campaign.id));
            self.announcer.on_commit();
        }
        Ok(result)
    }
}
