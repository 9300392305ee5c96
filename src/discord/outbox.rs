//! Messages on their way to Discord: queued with the change that causes them, and what became of those that were given up.

use serenity::all::MessageFlags;

use super::{Bot, DiscordMessageKind, DiscordMessageState, Lane, Message, store};
use crate::{
    app::App,
    audit::{self, Action},
    auth::{Cipher, Viewer},
    clock::Instant,
    db::Conn,
    error::{Error, Refusal, Result},
    id::{CampaignId, DiscordMessageId, GuildId, MemberId},
};

/// How long an announcement is worth delivering.
const ANNOUNCEMENT: std::time::Duration = std::time::Duration::from_hours(24);

/// Queues what a channel is to be told of a vote, in the transaction of what there is to tell.
pub(super) async fn announce(
    conn: &mut Conn,
    (guild, campaign): (GuildId, CampaignId),
    lane: Lane,
    body: String,
    now: Instant,
) -> Result<()> {
    let message = Message {
        campaign_id: Some(campaign),
        body,
        ..blank(guild, lane, DiscordMessageKind::Announcement, now, now + ANNOUNCEMENT)
    };
    queue(conn, message).await
}

/// A code for a member, as it is sent to them.
pub struct CodeLetter<'c> {
    /// The message that brings it.
    pub id: DiscordMessageId,
    /// Whether it opens an account or gives it another password.
    pub kind: DiscordMessageKind,
    /// The guild's name.
    pub guild_name: &'c str,
    /// The member's Discord username.
    pub username: &'c str,
    /// The code.
    pub code: &'c str,
    /// When it expires.
    pub expires_at: Instant,
}

/// Queues a code for a member in the transaction that issues it, in place of those before. Only servers can read it.
///
/// # Errors
/// The database's.
pub async fn send_code(
    conn: &mut Conn,
    cipher: &Cipher,
    to: (GuildId, MemberId, Lane),
    letter: &CodeLetter<'_>,
    now: Instant,
) -> Result<()> {
    let (guild, member, lane) = to;
    let body = cipher.seal(&letter.id.0.to_string(), &letter.body())?;
    store::drop_messages_to(conn, guild, member, letter.kind).await?;
    let blank = blank(guild, lane, letter.kind, now, letter.expires_at);
    queue(conn, Message { id: letter.id, member_id: Some(member), body, ..blank }).await
}

impl CodeLetter<'_> {
    fn body(&self) -> String {
        let Self { kind, guild_name, username, code, expires_at, .. } = self;
        let (guild, username) = (super::escape(guild_name, 200), super::escape(username, 200));
        let what = match kind {
            DiscordMessageKind::ResetCode => "Choose a new password with this code",
            _ => "You are invited! Register with this code",
        };
        let until = expires_at.and_utc().timestamp();
        let content = format!(
            "**{guild}**\n{what} and your Discord username {username}:\n```\n{code}\n```It is good until <t:{until}:F>, once, and \
             for you alone: nobody from the guild will ever ask you for it."
        );
        let flags = MessageFlags::SUPPRESS_EMBEDS.bits();
        serde_json::json!({ "content": content, "flags": flags, "allowed_mentions": { "parse": [] } }).to_string()
    }
}

fn blank(guild: GuildId, lane: Lane, kind: DiscordMessageKind, now: Instant, expires_at: Instant) -> Message {
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

async fn queue(conn: &mut Conn, message: Message) -> Result<()> {
    let number = store::last_number(conn, &message.lane).await? + 1;
    Ok(store::insert_message(conn, &Message { number, ..message }).await?)
}

/// Tries a message anew that was given up.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT`, `NOT_FAILED` or `CODE_EXPIRED`; without a bot `CONFLICT`, `DISCORD_OFF`.
pub async fn retry_message(app: &App, viewer: &Viewer, id: DiscordMessageId) -> Result<Message> {
    let bot = Bot::of(app)?;
    let (officer, now) = (viewer.clone(), app.clock.now());
    let message = app
        .db
        .write(async move |conn| {
            let officer = super::officer(conn, &officer).await?;
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
