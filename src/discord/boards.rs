//! The message that announced a campaign. It is edited as ballots arrive, and when the campaign closes.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{
    announcement_rules::{AnnouncedState, AnnouncementEvent},
    embed::{self, AnnouncementContext, Branding},
    rows::{Board, Destination},
    store,
};
use crate::{
    db::Conn,
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::CampaignId,
    },
    outbox::{self, Message, MessageKind},
    voting::{self, Campaign, CampaignStatus, Turnout},
};

/// Shortest time between two edits of a message. Discord allows five requests in five seconds for each channel.
const EDIT_INTERVAL: Duration = Duration::from_secs(5);
/// Shortest time between two edits of a message that is older than an hour. Discord allows few of them.
const LATE_EDIT_INTERVAL: Duration = Duration::from_mins(1);
/// Age of a message from which Discord allows few edits.
const LATE: Duration = Duration::from_hours(1);
/// Longest time that an edit waits for its delivery.
const EDIT_LIFETIME: Duration = Duration::from_hours(7 * 24);
/// The parts of a message that an edit replaces.
const EDITED_PARTS: [&str; 3] = ["embeds", "components", "allowed_mentions"];

/// The time of the next edit of a campaign's message; `None` if it is up to date.
pub(super) async fn next_edit(
    conn: &mut Conn,
    campaign: &Campaign,
    turnout: Turnout,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let board = store::board(conn, campaign.guild_id, campaign.id).await?;
    let outdated = board.filter(|board| board.shown != contents(campaign, turnout));
    Ok(outdated.map(|board| due_at(&board, campaign, now)))
}

/// The earliest time of an edit. The last one waits for no interval.
fn due_at(board: &Board, campaign: &Campaign, now: Timestamp) -> Timestamp {
    if campaign.status == CampaignStatus::Live { now.max(board.next_edit_at) } else { now }
}

/// Queues the edit of a campaign's message, if it shows less than it could. An edit that is queued already is replaced.
pub(super) async fn refresh(
    conn: &mut Conn,
    campaign: &Campaign,
    turnout: Turnout,
    branding: &Branding,
    now: Timestamp,
) -> Result<()> {
    let (guild, id, shown) = (campaign.guild_id, campaign.id, contents(campaign, turnout));
    let Some(board) = store::board(conn, guild, id).await?.filter(|board| board.shown != shown) else { return Ok(()) };
    let Some(destination) = board.destination() else { return Ok(()) };
    let Some(body) = render(conn, campaign, turnout, branding, now).await? else { return Ok(()) };
    let (due_at, is_last) = (due_at(&board, campaign, now), campaign.status != CampaignStatus::Live);
    let edit = Message::new(guild, destination.encode(guild), MessageKind::Edit, now, now + EDIT_LIFETIME);
    let edit = Message { campaign_id: Some(id), body, due_at, ..edit };
    let mut next_edit_at = board.next_edit_at;
    if !outbox::store::replace_edit(conn, guild, id, &edit, is_last).await? {
        let is_late = campaign.start_at.is_none_or(|start| now > start + LATE);
        next_edit_at = due_at + if is_late { LATE_EDIT_INTERVAL } else { EDIT_INTERVAL };
        outbox::store::enqueue(conn, edit).await?;
    }
    Ok(store::upsert_board(conn, &Board { shown, next_edit_at, ..board }).await?)
}

/// The campaign whose launch a message announces.
pub(super) fn launched_campaign(message: &Message) -> Option<CampaignId> {
    let is_launch = message.event.as_deref() == Some(AnnouncementEvent::Launch.to_string().as_str());
    message.campaign_id.filter(|_| is_launch)
}

/// Remembers the message that announced the launch of a campaign, so that it can be edited.
pub(super) async fn record(
    conn: &mut Conn,
    campaign: &Campaign,
    turnout: Turnout,
    message: &Message,
    posted: u64,
    now: Timestamp,
) -> Result<()> {
    let Some(Destination::Channel(channel)) = Destination::decode(&message.destination) else { return Ok(()) };
    // Without a ballot, the message is up to date.
    let is_new = campaign.status == CampaignStatus::Live && turnout.voted == 0;
    let board = Board {
        guild_id: campaign.guild_id,
        campaign_id: campaign.id,
        channel_id: channel.to_string(),
        message_id: posted.to_string(),
        shown: if is_new { contents(campaign, turnout) } else { String::new() },
        next_edit_at: now + EDIT_INTERVAL,
    };
    Ok(store::upsert_board(conn, &board).await?)
}

/// The turnout of a campaign.
pub(super) async fn turnout(conn: &mut Conn, campaign: &Campaign) -> Result<Turnout> {
    let mut turnouts = voting::turnouts(conn, None, campaign.guild_id, std::slice::from_ref(campaign)).await?;
    Ok(turnouts.remove(&campaign.id).unwrap_or_default())
}

/// What a message shows of a campaign, for comparison.
fn contents(campaign: &Campaign, turnout: Turnout) -> String {
    match campaign.status {
        CampaignStatus::Draft | CampaignStatus::Live => format!("{} of {}", turnout.voted, turnout.eligible),
        // Also of a cancelled one, so that a server of an earlier release does not edit its message again.
        CampaignStatus::Closed | CampaignStatus::Archived => "closed".to_owned(),
    }
}

/// The edited message, as Discord's JSON; `None` for a campaign that does not exist.
async fn render(
    conn: &mut Conn,
    campaign: &Campaign,
    turnout: Turnout,
    branding: &Branding,
    now: Timestamp,
) -> Result<Option<String>> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let announced = AnnouncedState::default();
    let message = if campaign.status == CampaignStatus::Live {
        let entries: Vec<_> = voting::store::entries_of(conn, guild, &[id]).await?.into_iter().map(Arc::new).collect();
        let event = AnnouncementEvent::Launch;
        let context =
            AnnouncementContext { campaign, entries: &entries, turnout, outcome: None, event, announced: &announced };
        embed::board(&context, branding)
    } else {
        let tally = voting::tallies(conn, None, guild, vec![campaign.clone()], now).await?.remove(&id);
        let Some(tally) = tally else { return Ok(None) };
        let context = AnnouncementContext {
            campaign,
            entries: &tally.entries,
            turnout: tally.turnout,
            outcome: Some(&tally.outcome),
            event: if campaign.is_cancelled() { AnnouncementEvent::Cancelled } else { AnnouncementEvent::Results },
            announced: &announced,
        };
        embed::board(&context, branding)
    };
    let mut message: Map<String, Value> =
        serde_json::to_value(message).and_then(serde_json::from_value).map_err(Error::internal)?;
    message.retain(|part, _| EDITED_PARTS.contains(&part.as_str()));
    // An edit keeps the parts that it does not name.
    message.insert("content".to_owned(), "".into());
    serde_json::to_string(&message).map(Some).map_err(Error::internal)
}
