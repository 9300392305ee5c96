//! Whether everyone eligible has voted, asked after every ballot.
//!
//! To look through all members and ballots each time would make the vote of a guild cost the square of its size. So a
//! server remembers of each vote somebody who has not voted, and asks only whether that is still so. They are drawn at
//! random: in whatever order the others vote, somebody else must be found only some ten times in a vote of thousands.

use rand::seq::IndexedRandom;

use super::{rows::Campaign, service::Voting, store};
use crate::{db::Conn, kernel::error::Result};

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
        voting.non_voters.insert(campaign, waited_for);
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
