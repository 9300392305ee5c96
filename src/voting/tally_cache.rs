//! Caches turnouts, outcomes and entries of campaigns, so that a page of campaigns is counted once for all viewers.
//!
//! Ballots are only added, and every change of the eligible members increments the roster's version. So a count is
//! valid while the number of ballots and the roster's version are the same. The entries of a campaign that is no longer
//! a draft never change.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};

use super::rows::{Campaign, Entries, Entry, Outcome, Turnout};
use crate::{
    db::CampaignStatus,
    kernel::id::{CampaignId, GuildId},
};

/// Maximum number of cached electorates, and of cached turnouts. Also the expected number of cached outcomes and entry
/// lists, which sizes the cache's tables.
const MAX_CACHED: usize = 5_000;
/// Maximum memory for outcomes, and for entries, in bytes (estimated). Most outcomes are small, but the comparisons of
/// 200 entries are not.
const MAX_BYTES: u64 = 32_000_000;

/// The number of members who can vote at each rank level, in any order.
pub type Electorate = Vec<(i64, i64)>;

/// The inputs of a turnout. A cached turnout is valid while they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnoutKey {
    /// The version of the guild's roster.
    pub roster_version: i64,
    /// The lowest rank level that can vote. It can change while the campaign is a draft.
    pub min_rank_level: i64,
    /// The number of ballots.
    pub voted: i64,
}

/// The cache. Insert only values that were read in a snapshot: a transaction also reads its own writes, which may be
/// rolled back.
pub struct TallyCache {
    electorates: Cache<GuildId, (i64, Arc<Electorate>)>,
    turnouts: Cache<CampaignId, (TurnoutKey, Turnout)>,
    outcomes: Cache<CampaignId, (i64, Arc<Outcome>), TallyCacheWeighter>,
    entries: Cache<CampaignId, Entries, TallyCacheWeighter>,
}

#[derive(Clone)]
struct TallyCacheWeighter;

impl Weighter<CampaignId, (i64, Arc<Outcome>)> for TallyCacheWeighter {
    fn weight(&self, _: &CampaignId, (_, outcome): &(i64, Arc<Outcome>)) -> u64 {
        let positions: usize = outcome.standings.iter().map(|standing| 8 + standing.pick_counts.len()).sum();
        8 * (8 + positions + outcome.table_size()) as u64
    }
}

impl Weighter<CampaignId, Entries> for TallyCacheWeighter {
    fn weight(&self, _: &CampaignId, entries: &Entries) -> u64 {
        let texts = |it: &Entry| [&it.description, &it.image_url].into_iter().flatten().map(String::len).sum::<usize>();
        64 + entries.iter().map(|it| (192 + it.name.len() + texts(it)) as u64).sum::<u64>()
    }
}

impl Default for TallyCache {
    fn default() -> Self {
        Self {
            electorates: Cache::new(MAX_CACHED),
            turnouts: Cache::new(MAX_CACHED),
            outcomes: Cache::with_weighter(MAX_CACHED, MAX_BYTES, TallyCacheWeighter),
            entries: Cache::with_weighter(MAX_CACHED, MAX_BYTES, TallyCacheWeighter),
        }
    }
}

impl TallyCache {
    /// Returns the electorate of a guild, if it is cached for this version of the roster.
    pub fn electorate(&self, guild: GuildId, roster_version: i64) -> Option<Arc<Electorate>> {
        self.electorates.get(&guild).filter(|(version, _)| *version == roster_version).map(|(_, it)| it)
    }

    /// Caches the electorate of a guild.
    pub fn insert_electorate(&self, guild: GuildId, roster_version: i64, electorate: &Arc<Electorate>) {
        self.electorates.insert(guild, (roster_version, Arc::clone(electorate)));
    }

    /// Returns the turnout of a campaign, if it is cached for this key.
    pub fn turnout(&self, campaign: CampaignId, key: TurnoutKey) -> Option<Turnout> {
        self.turnouts.get(&campaign).filter(|(cached_key, _)| *cached_key == key).map(|(_, it)| it)
    }

    /// Caches the turnout of a campaign.
    pub fn insert_turnout(&self, campaign: CampaignId, key: TurnoutKey, turnout: Turnout) {
        self.turnouts.insert(campaign, (key, turnout));
    }

    /// Returns the outcome of a campaign, if it is cached for this number of ballots.
    pub fn outcome(&self, campaign: CampaignId, voted: i64) -> Option<Arc<Outcome>> {
        self.outcomes.get(&campaign).filter(|(ballots, _)| *ballots == voted).map(|(_, it)| it)
    }

    /// Returns the entries of a campaign in their order, if they are cached.
    pub fn entries(&self, campaign: CampaignId) -> Option<Entries> {
        self.entries.get(&campaign)
    }

    /// Caches the entries of a campaign, unless it is a draft. The campaign must have been read before the entries.
    pub fn insert_entries(&self, campaign: &Campaign, entries: &Entries) {
        if campaign.status != CampaignStatus::Draft {
            self.entries.insert(campaign.id, Arc::clone(entries));
        }
    }

    /// Caches the outcome of a campaign, unless it has no ballots: it may be a draft, whose rules can still change.
    pub fn insert_outcome(&self, campaign: CampaignId, voted: i64, outcome: &Arc<Outcome>) {
        if voted > 0 {
            self.outcomes.insert(campaign, (voted, Arc::clone(outcome)));
        }
    }
}
