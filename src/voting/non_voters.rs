//! Caches one member of each live campaign who has not voted. `early_close.rs` explains why.

use std::collections::HashMap;

use parking_lot::{Mutex, MutexGuard};

use super::rows::Campaign;
use crate::kernel::id::{CampaignId, GuildId, MemberId};

/// Maximum number of campaigns in the cache. A full cache is cleared.
const MAX_CAMPAIGNS: usize = 10_000;

/// A member of each live campaign who had not voted at the last check.
#[derive(Default)]
pub struct NonVoterCache(Mutex<HashMap<(GuildId, CampaignId), MemberId>>);

impl NonVoterCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<(GuildId, CampaignId), MemberId>> {
        self.0.lock()
    }

    pub(super) fn get(&self, campaign: &Campaign) -> Option<MemberId> {
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
