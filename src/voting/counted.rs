//! What was counted of votes that run, kept for as long as nothing that it was counted from has changed.
//!
//! Ballots are only ever added, and the roster's version grows with every change of who may vote: with as many ballots and
//! the same version, a count comes to the same again. So a page of votes is counted once for all who look at it.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{Outcome, Turnout};
use crate::id::{CampaignId, GuildId};

/// Most votes, and most guilds, of which something is kept: some 50 MB of the largest, mostly far less.
const MAX_KEPT: usize = 5_000;

/// How many may vote at each level, lowest first or not.
pub type Electorate = Vec<(i64, i64)>;

/// What a count is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Of the guild.
    pub roster_version: i64,
    /// How many ballots there are.
    pub voted: i64,
}

/// What was counted. Holds only what was read in a snapshot: what a transaction sees of its own may never come to be.
pub struct Counts {
    electorates: Cache<GuildId, (i64, Arc<Electorate>)>,
    turnouts: Cache<CampaignId, (State, Turnout)>,
    outcomes: Cache<CampaignId, (i64, Arc<Outcome>)>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { electorates: Cache::new(MAX_KEPT), turnouts: Cache::new(MAX_KEPT), outcomes: Cache::new(MAX_KEPT) }
    }
}

impl Counts {
    /// Who may vote in a guild, if that is known of this version of its roster.
    pub fn electorate(&self, guild: GuildId, roster_version: i64) -> Option<Arc<Electorate>> {
        self.electorates.get(&guild).filter(|(of, _)| *of == roster_version).map(|(_, it)| it)
    }

    /// Keeps who may vote.
    pub fn keep_electorate(&self, guild: GuildId, roster_version: i64, electorate: &Arc<Electorate>) {
        self.electorates.insert(guild, (roster_version, Arc::clone(electorate)));
    }

    /// A vote's turnout, if it is known in this state.
    pub fn turnout(&self, campaign: CampaignId, state: State) -> Option<Turnout> {
        self.turnouts.get(&campaign).filter(|(of, _)| *of == state).map(|(_, it)| it)
    }

    /// Keeps a turnout.
    pub fn keep_turnout(&self, campaign: CampaignId, state: State, turnout: Turnout) {
        self.turnouts.insert(campaign, (state, turnout));
    }

    /// A vote's outcome, if it is known of so many ballots.
    pub fn outcome(&self, campaign: CampaignId, voted: i64) -> Option<Arc<Outcome>> {
        self.outcomes.get(&campaign).filter(|(of, _)| *of == voted).map(|(_, it)| it)
    }

    /// Keeps an outcome. Without ballots there is none to keep: a draft's rules may still change.
    pub fn keep_outcome(&self, campaign: CampaignId, voted: i64, outcome: &Arc<Outcome>) {
        if voted > 0 {
            self.outcomes.insert(campaign, (voted, Arc::clone(outcome)));
        }
    }
}
