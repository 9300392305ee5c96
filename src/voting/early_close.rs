//! Checks after every ballot whether all electors have voted: the members who are eligible, and those who were at some
//! moment since the campaign went live.
//!
//! Electors are only added, so no change of the roster completes a campaign. Otherwise the demotion of a member would
//! reveal that they were the last who had not voted.
//!
//! Reading all members and ballots each time would make the cost of a vote quadratic in the number of voters. So the
//! server caches one elector per campaign who has not voted, and first checks only that member. The member is chosen at
//! random, so whatever the order of voting, a vote of thousands needs about ten such choices.

use rand::seq::IndexedRandom;

use super::{rows::Campaign, service::Voting, store};
use crate::{db::Conn, kernel::error::Result};

/// Whether all electors of a campaign have voted. Call it after a ballot. Without the campaign's lock, the answer may be
/// out of date.
///
/// # Errors
/// A database error.
pub async fn looks_complete(voting: &Voting, campaign: &Campaign) -> Result<bool> {
    let (live, cached) = (campaign.clone(), voting.non_voters.get(campaign));
    let read = async move |conn: &mut Conn| {
        if let Some(member) = cached
            && !store::has_voted(conn, live.guild_id, live.id, member).await?
        {
            return Ok((false, cached));
        }
        let non_voters = store::non_voters(conn, &live).await?;
        Ok((non_voters.is_empty(), non_voters.choose(&mut rand::rng()).copied()))
    };
    let (is_complete, non_voter) = voting.db.read(read).await?;
    if non_voter != cached {
        voting.non_voters.insert(campaign, non_voter);
    }
    Ok(is_complete)
}

/// Whether all electors of a campaign have voted, and at least one. The caller must have locked the campaign.
///
/// # Errors
/// A database error.
pub async fn is_complete(conn: &mut Conn, campaign: &Campaign) -> Result<bool> {
    let has_ballots = store::count_ballots(conn, campaign.guild_id, &[campaign.id]).await? > 0;
    Ok(has_ballots && store::non_voters(conn, campaign).await?.is_empty())
}
