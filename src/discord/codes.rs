//! Delivers codes by direct message: the accounts' port.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serenity::all::MessageFlags;
use tokio::sync::oneshot;

use super::{
    client::Bot,
    outbox::{blank, queue},
    rows::{DiscordMessageKind, Lane, Message},
    store,
    words::escape,
};
use crate::{
    auth::{Cipher, CodeDelivery, CodeLetter, InviteDelivery, PendingDelivery, Purpose},
    db::Conn,
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
        id::DiscordMessageId,
    },
};

/// How long the issuer of a code waits for its delivery.
const WAIT: Duration = Duration::from_secs(2);

/// Delivers codes by direct message.
pub struct DirectMessages {
    /// The bot, where there is one.
    pub bot: Option<Arc<Bot>>,
    /// Encrypts codes in the outbox.
    pub cipher: Cipher,
    /// The time.
    pub clock: Clock,
}

/// A code on its way.
struct DirectMessage {
    id: DiscordMessageId,
    bot: Arc<Bot>,
    cipher: Cipher,
    clock: Clock,
    /// Whether the message was sent, once that is known.
    sent: oneshot::Receiver<bool>,
}

impl CodeDelivery for DirectMessages {
    fn start(&self) -> Option<Box<dyn PendingDelivery>> {
        let (bot, id) = (Arc::clone(self.bot.as_ref()?), DiscordMessageId::new());
        let sent = bot.hear_of(id);
        Some(Box::new(DirectMessage { id, bot, cipher: self.cipher.clone(), clock: self.clock.clone(), sent }))
    }
}

impl PendingDelivery for DirectMessage {
    fn enqueue<'c>(
        &'c self,
        conn: &'c mut Conn,
        letter: &'c CodeLetter<'c>,
        now: Timestamp,
    ) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            let (guild, member) = (letter.member.guild_id, letter.member.id);
            let Some(lane) = letter.member.discord_id.as_deref().and_then(Lane::user) else { return Ok(()) };
            let body = self.cipher.seal(&self.id.0.to_string(), &body(letter))?;
            let kind = kind(letter.purpose);
            store::drop_messages_to(conn, guild, member, kind).await?;
            let blank = blank(guild, lane, kind, now, letter.expires_at);
            queue(conn, Message { id: self.id, member_id: Some(member), body, ..blank }).await
        })
    }

    fn outcome(self: Box<Self>) -> BoxFuture<'static, InviteDelivery> {
        Box::pin(async move {
            self.bot.wake();
            // Not awaited while Discord is down.
            if self.bot.is_down() {
                return InviteDelivery::Queued;
            }
            tokio::select! {
                sent = self.sent => match sent {
                    Ok(true) => InviteDelivery::Sent,
                    Ok(false) => InviteDelivery::Failed,
                    Err(_) => InviteDelivery::Queued,
                },
                () = self.clock.sleep_until(self.clock.now() + WAIT) => InviteDelivery::Queued,
            }
        })
    }
}

const fn kind(purpose: Purpose) -> DiscordMessageKind {
    match purpose {
        Purpose::Invite => DiscordMessageKind::Invite,
        Purpose::Reset => DiscordMessageKind::ResetCode,
    }
}

/// The message with a code.
fn body(letter: &CodeLetter<'_>) -> String {
    let CodeLetter { purpose, guild_name, member, code, expires_at } = letter;
    let (guild, username) = (escape(guild_name, 200), escape(&member.discord_username, 200));
    let what = match purpose {
        Purpose::Reset => "Choose a new password with this code",
        Purpose::Invite => "You are invited! Register with this code",
    };
    let until = expires_at.and_utc().timestamp();
    let content = format!(
        "**{guild}**\n{what} and your Discord username {username}:\n```\n{code}\n```It is good until <t:{until}:F>, once, and \
         for you alone: nobody from the guild will ever ask you for it."
    );
    let flags = MessageFlags::SUPPRESS_EMBEDS.bits();
    serde_json::json!({ "content": content, "flags": flags, "allowed_mentions": { "parse": [] } }).to_string()
}
