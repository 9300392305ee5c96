//! Delivers codes by direct message: implements the port of `auth`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use parking_lot::Mutex;
use serenity::all::MessageFlags;
use tokio::sync::oneshot;

use super::{client::Bot, rows::Destination, wording::escape};
use crate::{
    auth::{self, Cipher, CodeDelivery, CodeMessage, InviteDelivery, PendingDeliveries, Purpose},
    db::Conn,
    identity,
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
        id::{GuildId, MemberId, MessageId},
        public_url::PublicUrl,
    },
    outbox::{self, Message, MessageKind},
};

/// Longest time that the issuer of a code waits for its delivery.
pub const DELIVERY_WAIT: Duration = Duration::from_secs(2);

/// Delivers codes by direct message.
pub struct DirectMessages {
    /// The bot, if the operator has set a token.
    pub bot: Option<Arc<Bot>>,
    /// Encrypts codes in the outbox.
    pub cipher: Cipher,
    /// The time.
    pub clock: Clock,
    /// Longest time that the issuer of a code waits for its delivery.
    pub wait: Duration,
    /// The address of the site, for links in messages.
    pub public_url: Option<PublicUrl>,
}

/// The deliveries of codes that are issued together.
struct DirectMessageBatch {
    guild: GuildId,
    bot: Arc<Bot>,
    cipher: Cipher,
    clock: Clock,
    wait: Duration,
    public_url: Option<PublicUrl>,
    messages: Vec<PendingMessage>,
}

/// A message of a batch, by the number of its delivery.
struct PendingMessage {
    id: MessageId,
    /// Receives whether the message was sent. Taken by the one call that waits for it.
    sent: Mutex<Option<oneshot::Receiver<bool>>>,
}

impl CodeDelivery for DirectMessages {
    fn start(&self, guild: GuildId, number: usize) -> Option<Arc<dyn PendingDeliveries>> {
        let bot = Arc::clone(self.bot.as_ref()?);
        let messages = (0..number).map(|_| {
            let id = MessageId::new();
            PendingMessage { id, sent: Mutex::new(Some(bot.outbox().subscribe(id))) }
        });
        let messages = messages.collect();
        Some(Arc::new(DirectMessageBatch {
            guild,
            bot,
            cipher: self.cipher.clone(),
            clock: self.clock.clone(),
            wait: self.wait,
            public_url: self.public_url.clone(),
            messages,
        }))
    }
}

impl PendingDeliveries for DirectMessageBatch {
    fn enqueue<'c>(
        &'c self,
        conn: &'c mut Conn,
        purpose: Purpose,
        messages: Vec<CodeMessage<'c>>,
        now: Timestamp,
    ) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            let (guild, kind) = (self.guild, kind(purpose));
            let mut rows = Vec::new();
            for message in &messages {
                let address = message.member.discord_id.as_deref().and_then(Destination::user);
                let (Some(address), Some(pending)) = (address, self.messages.get(message.number)) else { continue };
                let text = body(purpose, message, self.public_url.as_ref());
                let body = self.cipher.encrypt(&pending.id.0.to_string(), &text)?;
                let blank = Message::new(guild, address.encode(guild), kind, now, message.expires_at);
                rows.push(Message { id: pending.id, member_id: Some(message.member.id), body, ..blank });
            }
            let members: Vec<MemberId> = rows.iter().filter_map(|row| row.member_id).collect();
            outbox::store::delete_messages_to(conn, guild, &members, kind).await?;
            Ok(outbox::store::enqueue_all(conn, rows).await?)
        })
    }

    fn outcomes(self: Arc<Self>, numbers: Vec<usize>) -> BoxFuture<'static, HashMap<usize, InviteDelivery>> {
        Box::pin(async move {
            self.bot.outbox().wake();
            // While Discord is down, the wait would only delay the issuer.
            if self.bot.is_down_for(self.guild) {
                let queued = numbers.into_iter().map(|number| (number, InviteDelivery::Queued));
                return queued.collect::<HashMap<_, _>>();
            }
            let until = self.clock.now() + self.wait;
            let outcomes = numbers.into_iter().map(|number| {
                let batch = Arc::clone(&self);
                async move { (number, batch.outcome(number, until).await) }
            });
            join_all(outcomes).await.into_iter().collect()
        })
    }
}

impl DirectMessageBatch {
    /// Waits for a delivery at most until this time.
    async fn outcome(&self, number: usize, until: Timestamp) -> InviteDelivery {
        let sent = self.messages.get(number).and_then(|message| message.sent.lock().take());
        let Some(sent) = sent else { return InviteDelivery::Queued };
        tokio::select! {
            sent = sent => match sent {
                Ok(true) => InviteDelivery::Sent,
                Ok(false) => InviteDelivery::Failed,
                Err(_) => InviteDelivery::Queued,
            },
            () = self.clock.sleep_until(until) => InviteDelivery::Queued,
        }
    }
}

/// The kind of the message that delivers a code.
const fn kind(purpose: Purpose) -> MessageKind {
    match purpose {
        Purpose::Invite => MessageKind::Invite,
        Purpose::Reset => MessageKind::ResetCode,
    }
}

/// Whether messages of this kind contain a code.
pub(super) const fn is_code(kind: MessageKind) -> bool {
    matches!(kind, MessageKind::Invite | MessageKind::ResetCode)
}

/// Whether the code in a message is still valid. It is not when it was used meanwhile.
pub(super) async fn is_current(conn: &mut Conn, message: &Message, now: Timestamp) -> Result<bool> {
    let purpose = match message.kind {
        MessageKind::Invite => Purpose::Invite,
        MessageKind::ResetCode => Purpose::Reset,
        _ => return Ok(false),
    };
    let Some(member) = message.member_id else { return Ok(false) };
    let Some(member) = identity::store::member(conn, message.guild_id, member).await? else { return Ok(false) };
    auth::is_code_valid(conn, &member, purpose, message.expires_at, now).await
}

/// The message that contains a code, as Discord's JSON.
fn body(purpose: Purpose, code_message: &CodeMessage<'_>, public_url: Option<&PublicUrl>) -> String {
    let CodeMessage { number: _, guild_name, guild_slug, member, code, expires_at } = code_message;
    let (guild, username) = (escape(guild_name, 200), escape(&member.discord_username, 200));
    let what = match purpose {
        Purpose::Reset => "Choose a new password with this code",
        Purpose::Invite => "You are invited! Register with this code",
    };
    let path = match purpose {
        Purpose::Reset => "/reset",
        Purpose::Invite => "/register",
    };
    let values = [("code", *code), ("as", member.discord_username.as_str())];
    let link = public_url.map(|site| site.page_with_fragment(guild_slug, path, &values));
    let link = link.map(|link| format!("Open this page, which fills it in: <{link}>\n")).unwrap_or_default();
    let until = expires_at.and_utc().timestamp();
    let content = format!(
        "**{guild}**\n{what} and your Discord username {username}:\n```\n{code}\n```{link}It is valid once, until <t:{until}:F>. Do \
         not share it: nobody from the guild will ever ask you for it."
    );
    let flags = MessageFlags::SUPPRESS_EMBEDS.bits();
    serde_json::json!({ "content": content, "flags": flags, "allowed_mentions": { "parse": [] } }).to_string()
}
