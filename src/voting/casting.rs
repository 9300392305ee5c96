//! Casts ballots.

use std::sync::Arc;

use guildhall_count::{check_picks, parse_nonce};

use super::{
    entries, lifecycle, published_ballot,
    rows::{Ballot, Campaign, CannotVoteReason},
    rules::{self, cannot_vote, may_see},
    service::Voting,
    store,
    visibility::confirm_with_campaign,
};
use crate::{
    access::Viewer,
    db::{Conn, LockMode, violated_constraint},
    kernel::{
        error::{Code, Error, Refusal, Result},
        id::{CampaignId, EntryId},
        input::both,
    },
};

/// Casts the viewer's only ballot in a campaign. Returns the ballot and the campaign, which it may have closed.
///
/// Voters can choose their `nonce`. Then they need not trust the server to give each voter a different one. A
/// repetition with the nonce and the picks of the viewer's ballot returns that ballot, also when no ballot is accepted
/// any longer.
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
    let (id, chosen, picked) = (campaign, nonce.clone(), picks.clone());
    let result = voting
        .db
        // Voters share the campaign's lock, so they don't wait for each other. A transaction that closes the campaign
        // waits for the ballots before it, and later ballots wait for it.
        .write_locked(store::campaign_lock(guild, id, LockMode::Shared), async move |conn| {
            let (voter, found) = confirm_with_campaign(conn, &voter, id).await?;
            let nonce = chosen.map(|nonce| parse_nonce(&nonce).map_err(Refusal::from)).transpose();
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
            let picks = check_picks(campaign.rules(), &picked, &entries).map_err(Refusal::from);
            let (picks, nonce) = both(picks, nonce)?;
            let nonce = nonce.unwrap_or_else(published_ballot::new_nonce);
            let ballot = Ballot { campaign: campaign.id, member: voter.member, picks, cast_at: now, nonce };
            let stored = store::insert_ballot(conn, guild, &ballot).await;
            stored.map_err(|error| match violated_constraint(&error) {
                Some("ballots_one_per_member") => rules::ballot_refused(CannotVoteReason::AlreadyVoted).into(),
                Some("ballots_nonce") => rules::nonce_taken().into(),
                _ => Error::from(error),
            })?;
            Ok((ballot, campaign))
        })
        .await;
    let (ballot, campaign) = match result {
        Err(Error::Refused(refusal)) if is_refused_repetition(&refusal) => {
            return repeated(voting, viewer, id, &picks, nonce.as_deref(), refusal).await;
        }
        result => result?,
    };
    voting.bus.ballots_changed(guild, id);
    let campaign = lifecycle::try_close_if_complete(voting, campaign).await;
    Ok((ballot, campaign))
}

/// Whether this can be the refusal of a member who has voted before.
fn is_refused_repetition(refusal: &Refusal) -> bool {
    // Of the two constraints that a repetition violates, the databases report different ones.
    let reasons = [CannotVoteReason::AlreadyVoted, CannotVoteReason::NotLive, CannotVoteReason::RankTooLow];
    refusal.code == Code::BadUserInput
        || *refusal == rules::nonce_taken()
        || reasons.into_iter().any(|reason| *refusal == rules::ballot_refused(reason))
}

/// Returns the viewer's ballot, if it was cast with this nonce and these picks: the client has not received the
/// response. Otherwise refuses the ballot.
async fn repeated(
    voting: &Voting,
    viewer: &Viewer,
    id: CampaignId,
    picks: &[Option<EntryId>],
    nonce: Option<&str>,
    refusal: Refusal,
) -> Result<(Ballot, Campaign)> {
    let (guild, member) = (viewer.guild, viewer.member);
    let read = async move |conn: &mut Conn| {
        let own = store::ballots_by(conn, guild, member, &[id]).await?.pop();
        Ok((own, store::campaign(conn, guild, id).await?))
    };
    let (Some(own), Some(campaign)) = voting.db.snapshot(read).await? else { return Err(refusal.into()) };
    let nonce = nonce.and_then(|nonce| parse_nonce(nonce).ok());
    if nonce.as_ref() == Some(&own.nonce) && picks.iter().copied().eq(own.picks.iter().copied().map(Some)) {
        return Ok((own, campaign));
    }
    // In the order of the reasons, only a vote that is not open comes before this one.
    let is_closed = refusal == rules::ballot_refused(CannotVoteReason::NotLive);
    Err(if is_closed { refusal } else { rules::ballot_refused(CannotVoteReason::AlreadyVoted) }.into())
}
