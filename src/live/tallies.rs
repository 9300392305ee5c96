//! Watched tallies, and turnouts alone, which viewers see also while the standings are hidden.

use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;

use super::{
    feed::{CampaignKey, Feeds},
    service::Live,
    watched::{FeedWatch, Watched, watch_campaign},
};
use crate::{
    kernel::{
        error::Result,
        id::{CampaignId, GuildId},
        metrics::Metrics,
    },
    voting::{self, CampaignTurnout, Tally, Voting},
};

/// Watches a campaign's tally. The first subscriber starts the counting, and it ends with the last.
pub fn watch_tally(live: &Arc<Live>, guild: GuildId, campaign: CampaignId) -> FeedWatch<Tally> {
    watch_campaign(live, (guild, campaign))
}

/// Watches a campaign's turnout. It counts no picks.
pub fn watch_turnout(live: &Arc<Live>, guild: GuildId, campaign: CampaignId) -> FeedWatch<CampaignTurnout> {
    watch_campaign(live, (guild, campaign))
}

impl Watched for Tally {
    fn feeds(live: &Live) -> &Feeds<Self> {
        &live.tallies
    }

    async fn read(voting: &Voting, (guild, campaign): CampaignKey) -> Result<Option<Self>> {
        voting::tally(voting, guild, campaign).await
    }

    fn replaces(&self, sent: &Self) -> bool {
        sent.revision < self.revision
    }

    fn counters(metrics: &Metrics) -> (&Counter, &Counter) {
        (&metrics.tallies_counted, &metrics.tallies_coalesced)
    }
}

impl Watched for CampaignTurnout {
    fn feeds(live: &Live) -> &Feeds<Self> {
        &live.turnouts
    }

    async fn read(voting: &Voting, (guild, campaign): CampaignKey) -> Result<Option<Self>> {
        voting::turnout(voting, guild, campaign).await
    }

    /// The settings of a draft change without a new revision, and decide who is eligible and who sees the draft.
    fn replaces(&self, sent: &Self) -> bool {
        let settings = |it: &Self| (it.campaign.status, it.campaign.min_rank_level_to_view);
        self.turnout != sent.turnout || settings(self) != settings(sent)
    }

    fn counters(metrics: &Metrics) -> (&Counter, &Counter) {
        (&metrics.turnouts_counted, &metrics.turnouts_coalesced)
    }
}
