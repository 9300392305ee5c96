//! A member of each live campaign who has not voted, so that most ballots need not look for one.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};

use super::rows::Campaign;
use crate::kernel::id::{CampaignId, GuildId, MemberId};

/// Most campaigns in the cache; beyond, it is emptied and filled again.
const MAX_CAMPAIGNS: usize = 10_000;

/// A member of each live campaign who had not voted when last looked up.
#[derive(Default)]
pub struct NonVoterCache(Mutex<HashMap<(GuildId, CampaignId), MemberId>>);

impl NonVoterCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<(GuildId, CampaignId), MemberId>> {
        self.0.lock()
    }

    pub(super) fn of(&self, campaign: &Campaign) -> Option<MemberId> {
        self.lock().get(&(campaign.guild_id, campaign.id)).copied()
    }

    pub(super) fn insert(&self, campaign: &Campaign, member: Option<MemberId>) {
        let mut members = self.lock();
        if members.len() >= MAX_CAMPAIGNS {
            members.clear();
        }
        match member {
            Some(member) => members.insert((campaign.guild_id, campaign.id), member),
            None => members.remove(&(campaign.guild_id, campaign.id)),
        };
    }
}
