//! Checks after every ballot whether everyone eligible has voted.
//!
//! Reading all members and ballots each time would make the cost of a vote quadratic in the number of voters. So the
//! server caches one member per campaign who has not voted, and first checks only that member. The member is chosen at
//! random, so whatever the order of voting, a vote of thousands needs about ten such choices.

use rand::seq::IndexedRandom;

use super::{rows::Campaign, service::Voting, store};
use crate::{db::Conn, kernel::error::Result};

/// Whether everyone eligible in a campaign has voted, and at least one member is eligible. Without the campaign's lock,
/// the answer may be out of date.
///
/// # Errors
/// A database error.
pub async fn looks_complete(voting: &Voting, campaign: &Campaign) -> Result<bool> {
    let (live, cached) = (campaign.clone(), voting.non_voters.get(campaign));
    let read = async move |conn: &mut Conn| {
        if let Some(member) = cached
            && store::is_non_voter(conn, &live, member).await?
        {
            return Ok((false, cached));
        }
        let (voters, non_voters) = store::electorate(conn, &live).await?;
        let chosen = non_voters.choose(&mut rand::rng()).copied();
        Ok((non_voters.is_empty() && !voters.is_empty(), chosen))
    };
    let (is_complete, non_voter) = voting.db.read(read).await?;
    if non_voter != cached {
        voting.non_voters.insert(campaign, non_voter);
    }
    Ok(is_complete)
}

/// Whether everyone eligible in a campaign has voted, and at least one member is eligible. The caller must have locked
/// the campaign and the roster.
///
/// # Errors
/// A database error.
pub async fn is_complete(conn: &mut Conn, campaign: &Campaign) -> Result<bool> {
    let (voters, non_voters) = store::electorate(conn, campaign).await?;
    Ok(non_voters.is_empty() && !voters.is_empty())
}
