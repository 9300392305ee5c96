//! Whether everyone eligible has voted, asked after every ballot.
//!
//! To look through all members and ballots each time would make the vote of a guild cost the square of its size. So a
//! server remembers of each vote somebody who has not voted, and asks only whether that is still so. They are drawn at
//! random: in whatever order the others vote, somebody else must be found only some ten times in a vote of thousands.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::seq::IndexedRandom;

use super::{rows::Campaign, service::Voting, store};
use crate::{
    db::Conn,
    kernel::{
        error::Result,
        id::{CampaignId, GuildId, MemberId},
    },
};

/// Most votes of which somebody is remembered; beyond, all are forgotten and found again.
const MAX_REMEMBERED: usize = 10_000;

/// Somebody of each vote who had not voted when they were last looked at.
#[derive(Default)]
pub struct NonVoterCache(Mutex<HashMap<(GuildId, CampaignId), MemberId>>);

impl NonVoterCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<(GuildId, CampaignId), MemberId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, campaign: &Campaign) -> Option<MemberId> {
        self.lock().get(&(campaign.guild_id, campaign.id)).copied()
    }

    fn remember(&self, campaign: &Campaign, member: Option<MemberId>) {
        let mut remembered = self.lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        match member {
            Some(member) => remembered.insert((campaign.guild_id, campaign.id), member),
            None => remembered.remove(&(campaign.guild_id, campaign.id)),
        };
    }
}

/// Whether everyone eligible in a campaign has voted, and there is someone, as far as can be told without its lock.
///
/// # Errors
/// The database's.
pub async fn looks_complete(voting: &Voting, campaign: &Campaign) -> Result<bool> {
    let (live, remembered) = (campaign.clone(), voting.non_voters.of(campaign));
    let look = async move |conn: &mut Conn| {
        if let Some(member) = remembered
            && store::is_waited_for(conn, &live, member).await?
        {
            return Ok((false, remembered));
        }
        let (voted, silent) = store::electorate(conn, &live).await?;
        let member = silent.choose(&mut rand::rng()).copied();
        Ok((silent.is_empty() && !voted.is_empty(), member))
    };
    let (complete, waited_for) = voting.db.read(look).await?;
    if waited_for != remembered {
        voting.non_voters.remember(campaign, waited_for);
    }
    Ok(complete)
}

/// Whether everyone eligible in a campaign has voted, and there is someone. The caller holds the campaign and the roster
/// locked.
///
/// # Errors
/// The database's.
pub async fn is_complete(conn: &mut Conn, campaign: &Campaign) -> Result<bool> {
    let (voted, silent) = store::electorate(conn, campaign).await?;
    Ok(silent.is_empty() && !voted.is_empty())
}
