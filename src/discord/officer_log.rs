//! Messages to the channel in which a guild's officers see what needs their attention.

use std::time::Duration;

use serde_json::Value;
use serenity::all::MessageFlags;

use super::{rows::Destination, store, wording::cut_lines};
use crate::{
    db::Conn,
    kernel::{clock::Timestamp, error::Result, id::GuildId},
    outbox::{self, Message, MessageKind},
};

/// Longest time that a message waits for its delivery.
const LIFETIME: Duration = Duration::from_hours(24);
/// Longest message, in characters: Discord's limit.
const MAX_LENGTH: usize = 2_000;

/// Whether a queued message still goes to the guild's log channel.
pub(super) async fn is_current(conn: &mut Conn, message: &Message) -> Result<bool> {
    let link = store::link(conn, message.guild_id).await?;
    let channel = link.and_then(|link| Destination::channel(link.log_channel_id.as_deref()?));
    Ok(channel.is_some_and(|channel| channel.encode(message.guild_id) == message.destination))
}

/// Queues a message of these lines, if the guild has a log channel. Adds them to a message that waits already, so that
/// many problems at once make few messages.
pub(super) async fn enqueue(conn: &mut Conn, guild: GuildId, lines: &[String], now: Timestamp) -> Result<()> {
    let Some(link) = store::link(conn, guild).await? else { return Ok(()) };
    let Some(channel) = link.log_channel_id.as_deref().and_then(Destination::channel) else { return Ok(()) };
    let (destination, text) = (channel.encode(guild), cut_lines(lines, MAX_LENGTH));
    let waiting = outbox::store::waiting_message(conn, guild, &destination, MessageKind::Log).await?;
    if let Some(waiting) = waiting
        && let Some(body) = with_more(&waiting.body, &text)
        && outbox::store::replace_body(conn, &waiting, &body).await?
    {
        return Ok(());
    }
    let blank = Message::new(guild, destination, MessageKind::Log, now, now + LIFETIME);
    Ok(outbox::store::enqueue(conn, Message { body: body(&text), ..blank }).await?)
}

/// A message as Discord's JSON.
fn body(content: &str) -> String {
    let flags = MessageFlags::SUPPRESS_EMBEDS.bits();
    serde_json::json!({ "content": content, "flags": flags, "allowed_mentions": { "parse": [] } }).to_string()
}

/// A message with more text; `None` if it would be too long.
fn with_more(message: &str, text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(message).ok()?;
    let content = format!("{}\n{text}", message.get("content")?.as_str()?);
    (content.chars().count() <= MAX_LENGTH).then(|| body(&content))
}
