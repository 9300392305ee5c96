//! Queues announcements, and messages that officers send again.

use super::{
    announcement_rules::AnnouncementEvent,
    codes,
    rows::Destination,
    service::{self, Discord},
};
use crate::{
    access::Viewer,
    audit::{self, Action},
    db::Conn,
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{CampaignId, GuildId, MessageId},
    },
    outbox::{self, Message, MessageKind, MessageState},
};

/// Longest time that an announcement waits for its delivery; later it is no longer news.
const ANNOUNCEMENT_LIFETIME: std::time::Duration = std::time::Duration::from_hours(24);

/// Queues an announcement of a campaign, in the transaction of its cause.
pub(super) async fn announce(
    conn: &mut Conn,
    (guild, campaign): (GuildId, CampaignId),
    destination: Destination,
    (event, body): (AnnouncementEvent, String),
    now: Timestamp,
) -> Result<()> {
    let blank =
        Message::new(guild, destination.encode(guild), MessageKind::Announcement, now, now + ANNOUNCEMENT_LIFETIME);
    let event = Some(event.to_string());
    Ok(outbox::store::enqueue(conn, Message { campaign_id: Some(campaign), body, event, ..blank }).await?)
}

/// Queues a failed message again.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `NOT_FAILED` or `CODE_EXPIRED`; without a bot `CONFLICT`, `DISCORD_OFF`.
pub async fn retry_message(discord: &Discord, viewer: &Viewer, id: MessageId) -> Result<Message> {
    let bot = discord.bot()?;
    let (officer, now) = (viewer.clone(), discord.access.clock.now());
    let message = discord
        .access
        .db
        .write(async move |conn| {
            let officer = service::officer(conn, &officer).await?;
            let not_found = || Error::from(Refusal::not_found("message").at("id"));
            let mut message = outbox::store::message(conn, officer.guild, id).await?.ok_or_else(not_found)?;
            if !codes::is_code(message.kind) {
                message.expires_at = now + ANNOUNCEMENT_LIFETIME;
            } else if !codes::is_current(conn, &message, now).await? {
                let message = "The code has expired or was used. Issue another one.";
                return Err(Refusal::conflict("CODE_EXPIRED", message).into());
            }
            message.number = outbox::store::last_number(conn, &message.destination).await? + 1;
            message.due_at = now;
            if !outbox::store::requeue(conn, &message).await? {
                return Err(Refusal::conflict("NOT_FAILED", "The message is queued already.").into());
            }
            message.state = MessageState::Queued;
            let entry = audit::event(Action::DiscordRetry, id, "Retried a message to Discord");
            audit::record(conn, officer.guild, Some(&officer), now, entry).await?;
            Ok(message)
        })
        .await?;
    bot.outbox().wake();
    Ok(message)
}
