//! The steps of a campaign's life after the draft: live, closed or cancelled, archived.
//!
//! Each step locks the campaign and reads its status again, so that only one of several servers takes the step. The
//! time of a step is read after the lock was acquired, so no ballot is later than the time of closing.

use std::sync::Arc;

use super::{
    early_close,
    editing::{lock, quoted, record},
    rows::{ActivationBlocker, Campaign, CampaignCloseReason},
    rules,
    service::{Announcer, Voting},
    store,
    tally::{store_result, turnouts},
};
use crate::{
    access::Viewer,
    audit::Action,
    db::{CampaignStatus, Conn},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::{CampaignId, GuildId},
        input::{both, refused_field},
        text,
    },
};

/// Longest reason for the cancellation of a vote, in Unicode characters.
const MAX_CANCEL_REASON: usize = 500;

/// Sets a draft live.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` (`ILLEGAL_TRANSITION`, `NOT_READY`).
pub async fn activate(voting: &Voting, viewer: &Viewer, id: CampaignId) -> Result<Campaign> {
    let (officer, clock, announcer) = (viewer.clone(), voting.clock.clone(), Arc::clone(&voting.announcer));
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let draft =
                lock_with_status(conn, &officer, id, CampaignStatus::Draft, "Only a draft can be activated.").await?;
            let now = clock.now();
            let draft = draft.with_start(Some(now));
            if let Some(blocker) = blockers(conn, &draft, now).await?.first() {
                let message = match blocker {
                    ActivationBlocker::TooFewEntries => "A vote needs at least two entries.",
                    ActivationBlocker::FewerEntriesThanPicks => "A vote needs at least as many entries as picks.",
                    ActivationBlocker::FewerEntriesThanSeats => "A vote needs at least as many entries as seats.",
                    ActivationBlocker::DeadlinePassed => "The vote would have ended already.",
                };
                return Err(Refusal::conflict("NOT_READY", message).into());
            }
            let live = save(conn, Campaign { status: CampaignStatus::Live, ..draft }).await?;
            announcer.announce(conn, &live, now).await?;
            let summary = format!("Set {} live", quoted(&live));
            record(conn, &live, Some(&officer), now, Action::CampaignActivate, summary).await?;
            Ok(live)
        })
        .await
}

/// Closes a live campaign before its end.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` (`ILLEGAL_TRANSITION`).
pub async fn close(voting: &Voting, viewer: &Viewer, id: CampaignId) -> Result<Campaign> {
    let (officer, clock, announcer) = (viewer.clone(), voting.clock.clone(), Arc::clone(&voting.announcer));
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let live =
                lock_with_status(conn, &officer, id, CampaignStatus::Live, "Only a live vote can be closed.").await?;
            let now = clock.now();
            let closed = close_locked(conn, &*announcer, live, CampaignCloseReason::ByHand, now).await?;
            let summary = format!("Closed {}", quoted(&closed));
            record(conn, &closed, Some(&officer), now, Action::CampaignClose, summary).await?;
            Ok(closed)
        })
        .await
}

/// Cancels a live campaign. It ends without a result: its ballots are kept, and never counted or published.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT` (`ILLEGAL_TRANSITION`).
pub async fn cancel(voting: &Voting, viewer: &Viewer, id: CampaignId, reason: String) -> Result<Campaign> {
    let (officer, clock, announcer) = (viewer.clone(), voting.clock.clone(), Arc::clone(&voting.announcer));
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let live =
                lock_with_status(conn, &officer, id, CampaignStatus::Live, "Only a live vote can be cancelled.").await;
            let (live, reason) = both(refused_field(live)?, cancel_reason(&reason))?;
            let now = clock.now();
            conn.prefer_hash_joins().await?;
            let turnout = turnouts(conn, None, live.guild_id, std::slice::from_ref(&live)).await?.remove(&id);
            store::delete_former_electors(conn, &live).await?;
            let cancelled = save(conn, live.cancelled(reason, turnout.unwrap_or_default(), now)).await?;
            announcer.announce(conn, &cancelled, now).await?;
            let summary = format!("Cancelled {}", quoted(&cancelled));
            record(conn, &cancelled, Some(&officer), now, Action::CampaignCancel, summary).await?;
            Ok(cancelled)
        })
        .await
}

fn cancel_reason(reason: &str) -> Result<String, Refusal> {
    let reason = text::paragraphs("reason", reason, MAX_CANCEL_REASON)?;
    reason.ok_or_else(|| Refusal::input("reason", "reason must not be empty."))
}

/// Archives a closed campaign.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` (`ILLEGAL_TRANSITION`).
pub async fn archive(voting: &Voting, viewer: &Viewer, id: CampaignId) -> Result<Campaign> {
    let (officer, clock) = (viewer.clone(), voting.clock.clone());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let closed =
                lock_with_status(conn, &officer, id, CampaignStatus::Closed, "Only a closed vote can be archived.")
                    .await?;
            let now = clock.now();
            let archived = save(conn, Campaign { status: CampaignStatus::Archived, ..closed }).await?;
            let summary = format!("Archived {}", quoted(&archived));
            record(conn, &archived, Some(&officer), now, Action::CampaignArchive, summary).await?;
            Ok(archived)
        })
        .await
}

/// Sets a draft live if it is due and ready. Its `startAt` does not change.
pub(super) async fn start_if_due(voting: &Voting, campaign: &Campaign) -> Result<()> {
    let (guild, id, now) = (campaign.guild_id, campaign.id, voting.clock.now());
    let announcer = Arc::clone(&voting.announcer);
    voting
        .change_campaign(async move |conn| {
            let Some(draft) = lock_for_step(conn, guild, id, CampaignStatus::Draft).await? else { return Ok(None) };
            let is_due = draft.start_at.is_some_and(|start| start <= now);
            if !is_due || !blockers(conn, &draft, now).await?.is_empty() {
                return Ok(None);
            }
            let live = save(conn, Campaign { status: CampaignStatus::Live, ..draft }).await?;
            announcer.announce(conn, &live, now).await?;
            record_automatic(conn, &live, now, Action::CampaignActivate, "went live at its start").await?;
            Ok(Some(live))
        })
        .await?;
    Ok(())
}

/// Closes a live campaign if its end has passed.
pub(super) async fn close_if_due(voting: &Voting, campaign: &Campaign) -> Result<()> {
    let (guild, id, now) = (campaign.guild_id, campaign.id, voting.clock.now());
    let announcer = Arc::clone(&voting.announcer);
    voting
        .change_campaign(async move |conn| {
            let Some(live) = lock_for_step(conn, guild, id, CampaignStatus::Live).await? else { return Ok(None) };
            if live.closes_at.is_none_or(|closes| now < closes) {
                return Ok(None);
            }
            let closed = close_locked(conn, &*announcer, live, CampaignCloseReason::Deadline, now).await?;
            record_automatic(conn, &closed, now, Action::CampaignClose, "closed at its end").await?;
            Ok(Some(closed))
        })
        .await?;
    Ok(())
}

/// Closes a live campaign early if all its electors have voted and its settings say so. Returns the campaign, closed or
/// not.
async fn close_if_complete(voting: &Voting, campaign: Campaign) -> Result<Campaign> {
    if !campaign.early_close_if_all_voted || campaign.status != CampaignStatus::Live {
        return Ok(campaign);
    }
    let (guild, id, clock) = (campaign.guild_id, campaign.id, voting.clock.clone());
    let announcer = Arc::clone(&voting.announcer);
    // Checked first without the lock, since few ballots are the last.
    if !early_close::looks_complete(voting, &campaign).await? {
        return Ok(campaign);
    }
    let closed = voting
        .change_campaign(async move |conn| {
            let Some(live) = lock_for_step(conn, guild, id, CampaignStatus::Live).await? else { return Ok(None) };
            if !early_close::is_complete(conn, &live).await? {
                return Ok(None);
            }
            let now = clock.now();
            let closed = close_locked(conn, &*announcer, live, CampaignCloseReason::AllVoted, now).await?;
            record_automatic(conn, &closed, now, Action::CampaignClose, "closed early, since everyone had voted")
                .await?;
            Ok(Some(closed))
        })
        .await?;
    Ok(closed.unwrap_or(campaign))
}

/// Closes the campaigns of all guilds in which all electors have voted. The last ballot normally does so; this is for
/// the ballots of a server that crashed before it could. An error is only logged, since the scheduler retries.
pub(super) async fn close_complete_campaigns(voting: &Voting) {
    match voting.db.snapshot(async |conn| Ok(store::complete_campaigns(conn).await?)).await {
        Ok(campaigns) => {
            for campaign in campaigns {
                try_close_if_complete(voting, campaign).await;
            }
        }
        Err(error) => tracing::error!(%error, "could not look for complete campaigns"),
    }
}

/// Closes a campaign if it is complete. An error is only logged, since the scheduler retries.
pub(super) async fn try_close_if_complete(voting: &Voting, campaign: Campaign) -> Campaign {
    match close_if_complete(voting, campaign.clone()).await {
        Ok(campaign) => campaign,
        Err(error) => {
            tracing::error!(%error, campaign = campaign.id.0, "could not close a complete campaign yet");
            campaign
        }
    }
}

/// Closes a live campaign, which the caller must have locked, and stores its result.
async fn close_locked(
    conn: &mut Conn,
    announcer: &dyn Announcer,
    live: Campaign,
    reason: CampaignCloseReason,
    now: Timestamp,
) -> Result<Campaign> {
    store_result(conn, live.clone(), now).await?;
    let closed = save(conn, live.closed(reason, now)).await?;
    announcer.announce(conn, &closed, now).await?;
    Ok(closed)
}

async fn save(conn: &mut Conn, campaign: Campaign) -> Result<Campaign> {
    store::update_campaign(conn, &campaign).await?;
    Ok(campaign)
}

/// Records a step that the server took.
async fn record_automatic(
    conn: &mut Conn,
    campaign: &Campaign,
    now: Timestamp,
    action: Action,
    predicate: &str,
) -> Result<()> {
    let summary = format!("{} {predicate}", quoted(campaign));
    record(conn, campaign, None, now, action, summary).await
}

/// Locks a campaign as [`lock`] does, and refuses with `message` unless it has this status.
async fn lock_with_status(
    conn: &mut Conn,
    officer: &Viewer,
    id: CampaignId,
    status: CampaignStatus,
    message: &'static str,
) -> Result<Campaign> {
    let campaign = lock(conn, officer, id, "id").await?;
    if campaign.status != status {
        return Err(Refusal::conflict("ILLEGAL_TRANSITION", message).into());
    }
    Ok(campaign)
}

/// Locks a campaign for a step of the server. Returns `None` if it no longer has this status: another server has taken
/// the step.
async fn lock_for_step(
    conn: &mut Conn,
    guild: GuildId,
    id: CampaignId,
    status: CampaignStatus,
) -> Result<Option<Campaign>> {
    let campaign = store::lock_campaign(conn, guild, id).await?;
    Ok(campaign.filter(|campaign| campaign.status == status))
}

async fn blockers(conn: &mut Conn, campaign: &Campaign, now: Timestamp) -> Result<Vec<ActivationBlocker>> {
    let entries = store::entries_of(conn, campaign.guild_id, &[campaign.id]).await?;
    Ok(rules::activation_blockers(campaign, entries.len(), now))
}
