//! Delivers codes by direct message: implements the port of `auth`.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serenity::all::MessageFlags;
use tokio::sync::oneshot;

use super::{client::Bot, rows::Destination, wording::escape};
use crate::{
    auth::{self, Cipher, CodeDelivery, CodeMessage, InviteDelivery, PendingDelivery, Purpose},
    db::Conn,
    identity,
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
        id::{GuildId, MessageId},
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

/// The delivery of one code.
struct DirectMessage {
    guild: GuildId,
    id: MessageId,
    bot: Arc<Bot>,
    cipher: Cipher,
    clock: Clock,
    wait: Duration,
    public_url: Option<PublicUrl>,
    /// Receives whether the message was sent. Taken by the one call that waits for it.
    sent: Mutex<Option<oneshot::Receiver<bool>>>,
}

impl CodeDelivery for DirectMessages {
    fn start(&self, guild: GuildId) -> Option<Arc<dyn PendingDelivery>> {
        let (bot, id) = (Arc::clone(self.bot.as_ref()?), MessageId::new());
        let sent = Mutex::new(Some(bot.outbox().subscribe(id)));
        Some(Arc::new(DirectMessage {
            guild,
            id,
            bot,
            cipher: self.cipher.clone(),
            clock: self.clock.clone(),
            wait: self.wait,
            public_url: self.public_url.clone(),
            sent,
        }))
    }
}

impl PendingDelivery for DirectMessage {
    fn enqueue<'c>(
        &'c self,
        conn: &'c mut Conn,
        code_message: &'c CodeMessage<'c>,
        now: Timestamp,
    ) -> BoxFuture<'c, Result<()>> {
        Box::pin(async move {
            let (guild, member) = (code_message.member.guild_id, code_message.member.id);
            let Some(destination) = code_message.member.discord_id.as_deref().and_then(Destination::user) else {
                return Ok(());
            };
            let body = self.cipher.encrypt(&self.id.0.to_string(), &body(code_message, self.public_url.as_ref()))?;
            let kind = kind(code_message.purpose);
            outbox::store::delete_messages_to(conn, guild, member, kind).await?;
            let blank = Message::new(guild, destination.encode(guild), kind, now, code_message.expires_at);
            let message = Message { id: self.id, member_id: Some(member), body, ..blank };
            Ok(outbox::store::enqueue(conn, message).await?)
        })
    }

    fn outcome(self: Arc<Self>) -> BoxFuture<'static, InviteDelivery> {
        Box::pin(async move {
            self.bot.outbox().wake();
            // While Discord is down, the wait would only delay the issuer.
            if self.bot.is_down_for(self.guild) {
                return InviteDelivery::Queued;
            }
            let Some(sent) = self.sent.lock().take() else { return InviteDelivery::Queued };
            tokio::select! {
                sent = sent => match sent {
                    Ok(true) => InviteDelivery::Sent,
                    Ok(false) => InviteDelivery::Failed,
                    Err(_) => InviteDelivery::Queued,
                },
                () = self.clock.sleep_until(self.clock.now() + self.wait) => InviteDelivery::Queued,
            }
        })
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
fn body(code_message: &CodeMessage<'_>, public_url: Option<&PublicUrl>) -> String {
    let CodeMessage { purpose, guild_name, guild_slug, member, code, expires_at } = code_message;
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
