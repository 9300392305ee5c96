//! Messages on their way to Discord: queued with the change that causes them, and what became of those that were given up.

use super::{
    rows::{DiscordMessageKind, DiscordMessageState, Lane, Message},
    service::{self, Discord},
    store,
};
use crate::{
    access::Viewer,
    audit::{self, Action},
    db::Conn,
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{CampaignId, DiscordMessageId, GuildId},
    },
};

/// How long an announcement is worth delivering.
const ANNOUNCEMENT: std::time::Duration = std::time::Duration::from_hours(24);

/// Queues what a channel is to be told of a vote, in the transaction of what there is to tell.
pub(super) async fn announce(
    conn: &mut Conn,
    (guild, campaign): (GuildId, CampaignId),
    lane: Lane,
    body: String,
    now: Timestamp,
) -> Result<()> {
    let message = Message {
        campaign_id: Some(campaign),
        body,
        ..blank(guild, lane, DiscordMessageKind::Announcement, now, now + ANNOUNCEMENT)
    };
    queue(conn, message).await
}

pub(super) fn blank(
    guild: GuildId,
    lane: Lane,
    kind: DiscordMessageKind,
    now: Timestamp,
    expires_at: Timestamp,
) -> Message {
    Message {
        guild_id: guild,
        id: DiscordMessageId::new(),
        lane: lane.written(guild),
        number: 0,
        kind,
        campaign_id: None,
        member_id: None,
        body: String::new(),
        state: DiscordMessageState::Queued,
        queued_at: now,
        expires_at,
        due_at: now,
        claimed_until: None,
        claim: None,
        attempts: 0,
        problem: None,
    }
}

pub(super) async fn queue(conn: &mut Conn, message: Message) -> Result<()> {
    let number = store::last_number(conn, &message.lane).await? + 1;
    Ok(store::insert_message(conn, &Message { number, ..message }).await?)
}

/// Tries a message anew that was given up.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `NOT_FAILED` or `CODE_EXPIRED`; without a bot `CONFLICT`, `DISCORD_OFF`.
pub async fn retry_message(discord: &Discord, viewer: &Viewer, id: DiscordMessageId) -> Result<Message> {
    let bot = discord.bot()?;
    let (officer, now) = (viewer.clone(), discord.access.clock.now());
    let message = discord
        .access
        .db
        .write(async move |conn| {
            let officer = service::officer(conn, &officer).await?;
            let not_found = || Error::from(Refusal::not_found("message").at("id"));
            let mut message = store::message(conn, officer.guild, id).await?.ok_or_else(not_found)?;
            if message.kind == DiscordMessageKind::Announcement {
                message.expires_at = now + ANNOUNCEMENT;
            } else if message.expires_at <= now {
                let message = "The code has expired. Issue another one.";
                return Err(Refusal::conflict("CODE_EXPIRED", message).into());
            }
            message.number = store::last_number(conn, &message.lane).await? + 1;
            message.due_at = now;
            if !store::requeue(conn, &message).await? {
                return Err(Refusal::conflict("NOT_FAILED", "The message is on its way already.").into());
            }
            message.state = DiscordMessageState::Queued;
            let entry = audit::entry(Action::DiscordRetry, id, "Had a message to Discord tried again");
            audit::record(conn, officer.guild, Some(&officer), now, entry).await?;
            Ok(message)
        })
        .await?;
    bot.wake();
    Ok(message)
}
