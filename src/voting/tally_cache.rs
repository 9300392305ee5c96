//! Caches electorates, outcomes, results and entries of campaigns, so that a page of campaigns is counted once for all
//! viewers.
//!
//! Every change of the eligible members increments the roster's version, so the size of an electorate is valid while the
//! version is the same. Ballots are only added, so an outcome is valid while their number is the same. A result
//! never changes, nor do the entries of a campaign that is no longer a draft.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};

use super::rows::{Campaign, Entries, Entry, Outcome, StoredResult};
use crate::{
    db::CampaignStatus,
    kernel::id::{CampaignId, GuildId},
};

/// Maximum number of guilds with cached numbers of members, and of cached electorates. Also the expected number of
/// cached outcomes and entry lists, which sizes the cache's tables.
const MAX_CACHED: usize = 5_000;
/// Maximum memory for outcomes, for results and for entries, in bytes (estimated). Most outcomes are small, but the comparisons of
/// 200 entries are not.
const MAX_BYTES: u64 = 32_000_000;

/// The numbers of active members and of registered ones among them at each rank level, in any order.
pub type ActiveMembers = Vec<(i64, i64, i64)>;

/// The inputs of an electorate's size. A cached size is valid while they are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElectorateKey {
    /// The version of the guild's roster.
    pub roster_version: i64,
    /// The lowest rank level that can vote. It can change while the campaign is a draft.
    pub min_rank_level: i64,
}

/// The size of a campaign's electorate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ElectorateSize {
    /// The number of members who are eligible, or were since the campaign went live.
    pub eligible: i64,
    /// The number of active members whose rank suffices and who have no account.
    pub awaiting_registration: i64,
}

/// The cache. Insert only values that were read in a snapshot: a transaction also reads its own writes, which may be
/// rolled back.
pub struct TallyCache {
    active_members: Cache<GuildId, (i64, Arc<ActiveMembers>)>,
    electorates: Cache<CampaignId, (ElectorateKey, ElectorateSize)>,
    outcomes: Cache<CampaignId, (i64, Arc<Outcome>), TallyCacheWeighter>,
    results: Cache<CampaignId, StoredResult, TallyCacheWeighter>,
    entries: Cache<CampaignId, Entries, TallyCacheWeighter>,
}

#[derive(Clone)]
struct TallyCacheWeighter;

impl Weighter<CampaignId, (i64, Arc<Outcome>)> for TallyCacheWeighter {
    fn weight(&self, _: &CampaignId, (_, outcome): &(i64, Arc<Outcome>)) -> u64 {
        bytes_of(outcome)
    }
}

impl Weighter<CampaignId, StoredResult> for TallyCacheWeighter {
    fn weight(&self, _: &CampaignId, result: &StoredResult) -> u64 {
        bytes_of(&result.outcome)
    }
}

fn bytes_of(outcome: &Outcome) -> u64 {
    let positions: usize = outcome.standings.iter().map(|standing| 8 + standing.pick_counts.len()).sum();
    8 * (8 + positions + outcome.table_size()) as u64
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
            active_members: Cache::new(MAX_CACHED),
            electorates: Cache::new(MAX_CACHED),
            outcomes: Cache::with_weighter(MAX_CACHED, MAX_BYTES, TallyCacheWeighter),
            results: Cache::with_weighter(MAX_CACHED, MAX_BYTES, TallyCacheWeighter),
            entries: Cache::with_weighter(MAX_CACHED, MAX_BYTES, TallyCacheWeighter),
        }
    }
}

impl TallyCache {
    /// Returns the numbers of active members of a guild, if they are cached for this version of the roster.
    pub fn active_members(&self, guild: GuildId, roster_version: i64) -> Option<Arc<ActiveMembers>> {
        self.active_members.get(&guild).filter(|(version, _)| *version == roster_version).map(|(_, it)| it)
    }

    /// Caches the numbers of active members of a guild.
    pub fn insert_active_members(&self, guild: GuildId, roster_version: i64, members: &Arc<ActiveMembers>) {
        self.active_members.insert(guild, (roster_version, Arc::clone(members)));
    }

    /// Returns the size of a campaign's electorate, if it is cached for this key.
    pub fn electorate(&self, campaign: CampaignId, key: ElectorateKey) -> Option<ElectorateSize> {
        self.electorates.get(&campaign).filter(|(cached_key, _)| *cached_key == key).map(|(_, it)| it)
    }

    /// Caches the size of a campaign's electorate.
    pub fn insert_electorate(&self, campaign: CampaignId, key: ElectorateKey, size: ElectorateSize) {
        self.electorates.insert(campaign, (key, size));
    }

    /// Returns the outcome of a campaign, if it is cached for this number of ballots.
    pub fn outcome(&self, campaign: CampaignId, voted: i64) -> Option<Arc<Outcome>> {
        self.outcomes.get(&campaign).filter(|(ballots, _)| *ballots == voted).map(|(_, it)| it)
    }

    /// Returns the result of a campaign that is over, if it is cached.
    pub fn result(&self, campaign: CampaignId) -> Option<StoredResult> {
        self.results.get(&campaign)
    }

    /// Caches the result of a campaign that is over.
    pub fn insert_result(&self, campaign: CampaignId, result: &StoredResult) {
        self.results.insert(campaign, result.clone());
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
