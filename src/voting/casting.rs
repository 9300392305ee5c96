//! Casting a ballot.

use std::sync::Arc;

use guildhall_count::{check_picks, parse_nonce};

use super::{
    ballot_box, entries, lifecycle,
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
    },
};

/// Casts the viewer's ballot: all of it or nothing, once. With a `nonce` of their own the voter need not trust this server
/// to have drawn one that nobody else has.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`NOT_REGISTERED`, `RANK_TOO_LOW`); `CONFLICT` (`CAMPAIGN_NOT_LIVE`, `ALREADY_VOTED`);
/// `BAD_USER_INPUT` (`WRONG_PICK_COUNT`, `DUPLICATE_PICK`, `UNKNOWN_ENTRY`); for the nonce `BAD_USER_INPUT`, or `CONFLICT`
/// (`NONCE_TAKEN`).
pub async fn cast_ballot(
    voting: &Voting,
    viewer: &Viewer,
    campaign: CampaignId,
    picks: Vec<Option<EntryId>>,
    nonce: Option<String>,
) -> Result<(Ballot, Campaign)> {
    let (voter, guild, clock, counts) =
        (viewer.clone(), viewer.guild, voting.clock.clone(), Arc::clone(&voting.tallies));
    let cast = voting
        .db
        // Voters share the turn, so they never wait for each other; whoever closes the campaign waits for those before, and
        // those after wait for it.
        .write_locked(store::campaign_lock(guild, campaign, LockMode::Shared), async move |conn| {
            let voter = voter.confirm(conn).await?;
            let campaign = store::campaign(conn, guild, campaign)
                .await?
                .filter(|campaign| may_see(campaign, Some(&voter)))
                .ok_or_else(|| Refusal::not_found("campaign").at("campaignId"))?;
            // The instant counts at which the lock is held, not the one at which the request came.
            let now = clock.now();
            if let Some(reason) = cannot_vote(&campaign, Some(&voter), false, now) {
                return Err(rules::ballot_refused(reason).into());
            }
            let entries = entries::of(conn, Some(&counts), guild, std::slice::from_ref(&campaign)).await?;
            let entries: Vec<EntryId> = entries.values().flat_map(|it| it.iter()).map(|entry| entry.id).collect();
            let picks = check_picks(campaign.rules(), &picks, &entries).map_err(Refusal::from)?;
            let nonce = match nonce {
                Some(nonce) => parse_nonce(&nonce).map_err(Refusal::from)?,
                None => ballot_box::new_nonce(),
            };
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
    let (ballot, campaign) = match cast {
        // The same ballot sent again is first of all a second one; which of the two a database notices first is its affair.
        Err(Error::Refused(refusal)) if refusal == rules::nonce_taken() => {
            let (member, id) = (viewer.member, campaign);
            let voted = voting.db.read(async move |conn| Ok(store::has_voted(conn, guild, id, member).await?)).await?;
            let refusal = if voted { rules::ballot_refused(CannotVoteReason::AlreadyVoted) } else { refusal };
            return Err(refusal.into());
        }
        cast => cast?,
    };
    voting.bus.ballots_changed(guild, campaign.id);
    let campaign = lifecycle::close_if_complete_or_later(voting, campaign).await;
    Ok((ballot, campaign))
}
