//! Reports drafts that could not start to the officers' channels.

use std::time::Duration;

use super::{announcement_rules::AnnouncedState, officer_log, service::Discord, store, wording::escape};
use crate::{
    db::Conn,
    kernel::{clock::Timestamp, error::Result},
    voting::{self, ActivationBlocker, Campaign, CampaignStatus},
};

/// Time that the scheduler has to start a draft.
const START_DELAY: Duration = Duration::from_secs(1);
/// How long after its start a draft is still reported.
const REPORTED_WITHIN: Duration = Duration::from_hours(24);
/// Longest title, in characters.
const MAX_TITLE: usize = 200;

/// Reports drafts that could not start to the officers' channels, each start once.
pub(super) async fn report(discord: &Discord, now: Timestamp) -> Result<()> {
    for draft in discord.access.db.read(async move |conn| unreported(conn, now).await).await? {
        discord.access.db.write(async move |conn| report_draft(conn, &draft, now).await).await?;
    }
    Ok(())
}

/// The drafts that could not start and are not reported yet.
async fn unreported(conn: &mut Conn, now: Timestamp) -> Result<Vec<Campaign>> {
    let mut unreported = Vec::new();
    for draft in store::overdue_drafts(conn, now - REPORTED_WITHIN, now - START_DELAY).await? {
        let announced = store::announced_state(conn, draft.guild_id, draft.id).await?;
        if announced.is_some_and(|announced| announced.overdue != draft.start_at) {
            unreported.push(draft);
        }
    }
    Ok(unreported)
}

async fn report_draft(conn: &mut Conn, draft: &Campaign, now: Timestamp) -> Result<()> {
    let (guild, id) = (draft.guild_id, draft.id);
    let Some(announced) = store::lock_announced_state(conn, guild, id).await? else { return Ok(()) };
    let Some(draft) = voting::store::campaign(conn, guild, id).await? else { return Ok(()) };
    if draft.status != CampaignStatus::Draft || announced.overdue == draft.start_at {
        return Ok(());
    }
    let entries = voting::store::entries_of(conn, guild, &[id]).await?.len();
    let blockers = voting::activation_blockers(&draft, entries, now);
    if blockers.is_empty() {
        return Ok(());
    }
    // Readers of the channel may not see a vote that is for higher ranks only.
    let vote = match draft.min_rank_level_to_view {
        None => format!("The vote **{}**", escape(&draft.title, MAX_TITLE)),
        Some(_) => "A vote that some ranks cannot see".to_owned(),
    };
    let mut lines = vec![format!("{vote} could not start:")];
    lines.extend(blockers.into_iter().map(|blocker| {
        let why = match blocker {
            ActivationBlocker::TooFewEntries => "It needs at least two entries.",
            ActivationBlocker::FewerEntriesThanPicks => "It has fewer entries than a ballot has picks.",
            ActivationBlocker::FewerEntriesThanSeats => "It has fewer entries than seats.",
            ActivationBlocker::DeadlinePassed => "Its end has passed.",
        };
        format!("• {why}")
    }));
    officer_log::enqueue(conn, guild, &lines, now).await?;
    let after = AnnouncedState { overdue: draft.start_at, ..announced };
    Ok(store::update_announced_state(conn, guild, id, &after).await?)
}
