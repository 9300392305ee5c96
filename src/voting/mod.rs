//! Votes: campaigns, ballots, tallies.

mod ballot_box;
mod ballot_file;
mod completeness;
pub mod count;
mod counted;
mod drafts;
mod entries;
pub mod graphql;
mod lifecycle;
mod participation;
mod publication;
mod rows;
mod rules;
pub mod scheduler;
pub(crate) mod store;
mod tally;

use std::sync::Arc;

pub(crate) use self::tally::freeze;
pub use self::{
    ballot_box::{BallotBox, PublishedBallot, new_nonce, receipt_of},
    ballot_file::BallotFile,
    completeness::WaitedFor,
    count::{Outcome, Rules, Standing},
    counted::Counts,
    drafts::{CampaignChange, NewCampaign, create_campaign, delete_campaign, update_campaign},
    entries::{Entries, EntryChange, NewEntry, add_entry, remove_entry, reorder_entries, update_entry},
    lifecycle::{activate, archive, close},
    participation::{Part, Participation, may_know_participation, participations},
    publication::{Recount, ballot_boxes, recount, recount_all},
    rows::{
        ActivationBlocker, AnnouncementLevel, Ballot, Campaign, CampaignChanged, CampaignFilter, CampaignKey,
        CampaignStatus, CannotVoteReason, Entry, PastKey, ResultsVisibility, StandingsHiddenReason, Tally, Turnout,
        VotingMethod,
    },
    rules::{activation_blockers, cannot_vote, may_see, standings_hidden},
    tally::{tallies, tally, turnouts},
};
use crate::{
    app::App,
    auth::Viewer,
    db::{Lock, violated},
    error::{Error, Refusal, Result},
    id::{CampaignId, EntryId, GuildId},
};

/// Casts the viewer's ballot: all of it or nothing, once. With a `nonce` of their own the voter need not trust this server
/// to have drawn one that nobody else has.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`NOT_REGISTERED`, `RANK_TOO_LOW`); `CONFLICT` (`CAMPAIGN_NOT_LIVE`, `ALREADY_VOTED`);
/// `BAD_USER_INPUT` (`WRONG_PICK_COUNT`, `DUPLICATE_PICK`, `UNKNOWN_ENTRY`); for the nonce `BAD_USER_INPUT`, or `CONFLICT`
/// (`NONCE_TAKEN`).
pub async fn cast_ballot(
    app: &Arc<App>,
    viewer: &Viewer,
    campaign: CampaignId,
    picks: Vec<Option<EntryId>>,
    nonce: Option<String>,
) -> Result<(Ballot, Campaign)> {
    let (voter, guild, clock, counts) = (viewer.clone(), viewer.guild, app.clock.clone(), Arc::clone(&app.counts));
    let cast = app
        .db
        // Voters share the turn, so they never wait for each other; whoever closes the campaign waits for those before, and
        // those after wait for it.
        .write_locked(store::campaign_lock(guild, campaign, Lock::Shared), async move |conn| {
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
            let picks = rules::check_picks(campaign.rules(), &picks, &entries)?;
            let nonce = match nonce {
                Some(nonce) => ballot_box::own_nonce(&nonce)?,
                None => ballot_box::new_nonce(),
            };
            let ballot = Ballot { campaign: campaign.id, member: voter.member, picks, cast_at: now, nonce };
            let stored = store::insert_ballots(conn, guild, std::slice::from_ref(&ballot)).await;
            stored.map_err(|error| match violated(&error) {
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
            let voted = app.db.read(async move |conn| Ok(store::has_voted(conn, guild, id, member).await?)).await?;
            let refusal = if voted { rules::ballot_refused(CannotVoteReason::AlreadyVoted) } else { refusal };
            return Err(refusal.into());
        }
        cast => cast?,
    };
    app.live.ballots_changed(guild, campaign.id);
    let campaign = close_if_complete_or_later(app, campaign).await;
    Ok((ballot, campaign))
}

/// Closes a guild's campaigns, or all guilds', in which everyone eligible has voted: to be called when someone ceases to be
/// eligible, and when that may have gone unheard.
///
/// The change that made them complete is done, whatever comes of this: a failure is logged, and they close by themselves
/// later.
pub async fn close_complete(app: &App, guild: Option<GuildId>) {
    match app.db.snapshot(async move |conn| Ok(store::complete(conn, guild).await?)).await {
        Ok(complete) => {
            for campaign in complete {
                close_if_complete_or_later(app, campaign).await;
            }
        }
        Err(error) => tracing::error!(%error, "could not look for complete campaigns"),
    }
}

async fn close_if_complete_or_later(app: &App, campaign: Campaign) -> Campaign {
    match lifecycle::close_if_complete(app, campaign.clone()).await {
        Ok(campaign) => campaign,
        Err(error) => {
            tracing::error!(%error, campaign = campaign.id.0, "a complete campaign could not be closed yet");
            campaign
        }
    }
}

/// A campaign that the viewer may see.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn visible_campaign(app: &App, guild: GuildId, viewer: Option<&Viewer>, id: CampaignId) -> Result<Campaign> {
    let campaign = app.db.read(async move |conn| Ok(store::campaign(conn, guild, id).await?)).await?;
    Ok(seen(campaign, viewer)?)
}

fn seen(campaign: Option<Campaign>, viewer: Option<&Viewer>) -> Result<Campaign, Refusal> {
    campaign.filter(|campaign| may_see(campaign, viewer)).ok_or_else(|| Refusal::not_found("campaign").at("campaignId"))
}

/// The campaign, if its standings are open to this viewer.
///
/// # Errors
/// `NOT_FOUND` when it does not exist for them; `FORBIDDEN`, `STANDINGS_HIDDEN`.
pub async fn watchable_campaign(
    app: &App,
    guild: GuildId,
    viewer: Option<&Viewer>,
    id: CampaignId,
) -> Result<Campaign> {
    let member = viewer.map(|viewer| viewer.member);
    let (campaign, has_voted) = app
        .db
        .read(async move |conn| {
            let campaign = store::campaign(conn, guild, id).await?;
            let has_voted = match member {
                Some(member) => store::has_voted(conn, guild, id, member).await?,
                None => false,
            };
            Ok((campaign, has_voted))
        })
        .await?;
    let campaign = seen(campaign, viewer)?;
    match standings_hidden(&campaign, viewer, has_voted) {
        Some(reason) => Err(rules::hidden(reason).into()),
        None => Ok(campaign),
    }
}
