//! Helpers for operations that change campaigns and their entries.

use diesel::QueryResult;

use super::{rows::Campaign, rules, store};
use crate::{
    access::Viewer,
    audit::{self, Action},
    db::{CampaignStatus, Conn},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::CampaignId,
        text,
    },
};

/// Longest title of a campaign or name of an entry, in Unicode characters.
pub(super) const MAX_TITLE: usize = 200;

/// Records a change of a campaign in the audit log. Without an `officer`, the server made it.
pub(super) async fn record(
    conn: &mut Conn,
    campaign: &Campaign,
    officer: Option<&Viewer>,
    now: Timestamp,
    action: Action,
    summary: String,
) -> Result<()> {
    let event = audit::event(action, campaign.id, summary).of_campaign(campaign.id, campaign.min_rank_level_to_view);
    audit::record(conn, campaign.guild_id, officer, now, event).await
}

/// Returns a campaign's title as quoted in the audit log.
pub(super) fn quoted(campaign: &Campaign) -> String {
    format!("the vote \u{201c}{}\u{201d}", campaign.title)
}

/// Locks a campaign that this officer can see. Checks that the officer can manage campaigns.
pub(super) async fn lock(conn: &mut Conn, officer: &Viewer, id: CampaignId, field: &'static str) -> Result<Campaign> {
    officer.require(rules::MANAGE)?;
    let campaign = store::lock_campaign(conn, officer.guild, id).await?;
    // Read again, since the officer's rank may have changed while this transaction waited for the locks.
    let officer = officer.confirm(conn).await?;
    officer.require(rules::MANAGE)?;
    let visible = campaign.filter(|campaign| rules::may_see(campaign, Some(&officer)));
    Ok(visible.ok_or_else(|| Refusal::not_found("campaign").at(field))?)
}

/// Locks a campaign as [`lock`] does, and checks that it is a draft.
pub(super) async fn lock_draft(
    conn: &mut Conn,
    officer: &Viewer,
    id: CampaignId,
    field: &'static str,
) -> Result<Campaign> {
    let campaign = lock(conn, officer, id, field).await?;
    if campaign.status != CampaignStatus::Draft {
        return Err(Refusal::conflict("NOT_A_DRAFT", "Only a draft can be edited.").into());
    }
    Ok(campaign)
}

/// Checks that an officer has seen the current revision of a draft. Without a revision, any is fine.
pub(super) fn check_revision(draft: &Campaign, seen: Option<i64>) -> Result<(), Refusal> {
    if seen.is_none_or(|seen| seen == draft.draft_revision) {
        return Ok(());
    }
    let message = "This draft was changed meanwhile. Load it again, and repeat your changes.";
    Err(Refusal::conflict("STALE_DRAFT", message).at("draftRevision"))
}

/// Stores a draft after an edit of it or its entries, as the next revision. The caller must have locked the draft.
pub(super) async fn save_edit(conn: &mut Conn, draft: Campaign) -> QueryResult<Campaign> {
    let campaign = Campaign { draft_revision: draft.draft_revision + 1, ..draft };
    store::update_campaign(conn, &campaign).await?;
    Ok(campaign)
}

pub(super) fn optional_description(text: Option<&str>) -> Result<Option<String>, Refusal> {
    text.map_or(Ok(None), |text| text::description("description", text))
}
