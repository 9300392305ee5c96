//! What was counted of votes that run, kept for as long as nothing that it was counted from has changed.
//!
//! Ballots are only ever added, and the roster's version grows with every change of who may vote: with as many ballots and
//! the same version, a count comes to the same again. So a page of votes is counted once for all who look at it. And nobody
//! changes the entries of a vote that is no draft any more.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};

use super::rows::{Campaign, Entries, Entry, Outcome, Turnout};
use crate::{
    db::CampaignStatus,
    kernel::id::{CampaignId, GuildId},
};

/// Most votes, and most guilds, of which something small is kept.
const MAX_KEPT: usize = 5_000;
/// Most memory for outcomes, and most for entries, in bytes, roughly. Most are small: a table of two hundred by two hundred is
/// not.
const MAX_BYTES: u64 = 32_000_000;

/// How many may vote at each level, lowest first or not.
pub type Electorate = Vec<(i64, i64)>;

/// What a cached turnout was counted from: it is valid while these are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnoutKey {
    /// Of the guild.
    pub roster_version: i64,
    /// The least level to vote: of a draft it may change.
    pub least: i64,
    /// How many ballots there are.
    pub voted: i64,
}

/// What was counted. Holds only what was read in a snapshot: what a transaction sees of its own may never come to be.
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
            electorates: Cache::new(MAX_KEPT),
            turnouts: Cache::new(MAX_KEPT),
            outcomes: Cache::with_weighter(MAX_KEPT, MAX_BYTES, TallyCacheWeighter),
            entries: Cache::with_weighter(MAX_KEPT, MAX_BYTES, TallyCacheWeighter),
        }
    }
}

impl TallyCache {
    /// Who may vote in a guild, if that is known of this version of its roster.
    pub fn electorate(&self, guild: GuildId, roster_version: i64) -> Option<Arc<Electorate>> {
        self.electorates.get(&guild).filter(|(of, _)| *of == roster_version).map(|(_, it)| it)
    }

    /// Keeps who may vote.
    pub fn insert_electorate(&self, guild: GuildId, roster_version: i64, electorate: &Arc<Electorate>) {
        self.electorates.insert(guild, (roster_version, Arc::clone(electorate)));
    }

    /// A vote's turnout, if it is known in this state.
    pub fn turnout(&self, campaign: CampaignId, state: TurnoutKey) -> Option<Turnout> {
        self.turnouts.get(&campaign).filter(|(of, _)| *of == state).map(|(_, it)| it)
    }

    /// Keeps a turnout.
    pub fn insert_turnout(&self, campaign: CampaignId, state: TurnoutKey, turnout: Turnout) {
        self.turnouts.insert(campaign, (state, turnout));
    }

    /// A vote's outcome, if it is known of so many ballots.
    pub fn outcome(&self, campaign: CampaignId, voted: i64) -> Option<Arc<Outcome>> {
        self.outcomes.get(&campaign).filter(|(of, _)| *of == voted).map(|(_, it)| it)
    }

    /// The entries of a vote that is no draft any more, in their order, if they are known: nobody changes them from then on.
    pub fn entries(&self, campaign: CampaignId) -> Option<Entries> {
        self.entries.get(&campaign)
    }

    /// Keeps the entries of a vote, unless it was a draft before they were read.
    pub fn insert_entries(&self, of: &Campaign, entries: &Entries) {
        if of.status != CampaignStatus::Draft {
            self.entries.insert(of.id, Arc::clone(entries));
        }
    }

    /// Keeps an outcome. Without ballots there is none to keep: a draft's rules may still change.
    pub fn insert_outcome(&self, campaign: CampaignId, voted: i64, outcome: &Arc<Outcome>) {
        if voted > 0 {
            self.outcomes.insert(campaign, (voted, Arc::clone(outcome)));
        }
    }
}
