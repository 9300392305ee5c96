//! Casts ballots.

use std::sync::Arc;

use guildhall_count::{check_picks, parse_nonce};

use super::{
    entries, lifecycle, published_ballot,
    rows::{Ballot, Campaign, CannotVoteReason},
    rules::{self, cannot_vote, may_see},
    service::Voting,
    store,
};
use crate::{
    access::Viewer,
    db::{LockMode, violated_constraint},
    kernel::{
        error::{Error, Refusal, Result},
        id::{CampaignId, EntryId},
        input::both,
    },
};

/// Casts the viewer's only ballot in a campaign. Returns the ballot and the campaign, which it may have closed.
///
/// Voters can choose their `nonce`. Then they need not trust the server to give each voter a different one.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`NOT_REGISTERED`, `RANK_TOO_LOW`); `CONFLICT` (`CAMPAIGN_NOT_LIVE`, `ALREADY_VOTED`);
/// `BAD_USER_INPUT` (`WRONG_PICK_COUNT`, `DUPLICATE_PICK`, `UNKNOWN_ENTRY`); for the nonce `BAD_USER_INPUT`, or
/// `CONFLICT` (`NONCE_TAKEN`).
pub async fn cast_ballot(
    voting: &Voting,
    viewer: &Viewer,
    campaign: CampaignId,
    picks: Vec<Option<EntryId>>,
    nonce: Option<String>,
) -> Result<(Ballot, Campaign)> {
    let (voter, guild, clock, cache) =
        (viewer.clone(), viewer.guild, voting.clock.clone(), Arc::clone(&voting.tallies));
    let result = voting
        .db
        // Voters share the campaign's lock, so they don't wait for each other. A transaction that closes the campaign
        // waits for the ballots before it, and later ballots wait for it.
        .write_locked(store::campaign_lock(guild, campaign, LockMode::Shared), async move |conn| {
            let voter = voter.confirm(conn).await?;
            let nonce = nonce.map(|nonce| parse_nonce(&nonce).map_err(Refusal::from)).transpose();
            let found = store::campaign(conn, guild, campaign).await?;
            let Some(campaign) = found.filter(|campaign| may_see(campaign, Some(&voter))) else {
                return Err(Refusal::not_found("campaign").at("campaignId").and(nonce).into());
            };
            // Read after the lock was acquired: the campaign may have ended while the request waited.
            let now = clock.now();
            if let Some(reason) = cannot_vote(&campaign, Some(&voter), false, now) {
                return Err(rules::ballot_refused(reason).into());
            }
            let entries = entries::load(conn, Some(&cache), guild, std::slice::from_ref(&campaign)).await?;
            let entries: Vec<EntryId> = entries.values().flat_map(|it| it.iter()).map(|entry| entry.id).collect();
            let picks = check_picks(campaign.rules(), &picks, &entries).map_err(Refusal::from);
            let (picks, nonce) = both(picks, nonce)?;
            let nonce = nonce.unwrap_or_else(published_ballot::new_nonce);
            let ballot = Ballot { campaign: campaign.id, member: voter.member, picks, cast_at: now, nonce };
            let stored = store::insert_ballots(conn, guild, std::slice::from_ref(&ballot)).await;
            stored.map_err(|error| match violated_constraint(&error) {
                Some("ballots_one_per_member") => rules::ballot_refused(CannotVoteReason::AlreadyVoted).into(),
                Some("ballots_nonce") => rules::nonce_taken().into(),
                _ => Error::from(error),
            })?;
            Ok((ballot, campaign))
        })
        .await;
    let (ballot, campaign) = match result {
        // A repeated request violates both constraints, and the databases report different ones. `ALREADY_VOTED` has
        // precedence.
        Err(Error::Refused(refusal)) if refusal == rules::nonce_taken() => {
            let (member, id) = (viewer.member, campaign);
            let has_voted =
                voting.db.read(async move |conn| Ok(store::has_voted(conn, guild, id, member).await?)).await?;
            let refusal = if has_voted { rules::ballot_refused(CannotVoteReason::AlreadyVoted) } else { refusal };
            return Err(refusal.into());
        }
        result => result?,
    };
    voting.bus.ballots_changed(guild, campaign.id);
    let campaign = lifecycle::try_close_if_complete(voting, campaign).await;
    Ok((ballot, campaign))
}
