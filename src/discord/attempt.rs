//! One attempt to deliver a message.

use serde_json::{Map, Value};
use serenity::all::MessageId as PostedId;

use super::{
    announcements, breaker::Scope, client::Bot, codes, officer_log, refused_parts, rest::DiscordError,
    rows::Destination, service::Discord, store,
};
use crate::{
    db::Conn,
    identity,
    kernel::{error::Error, id::GuildId},
    outbox::{Message, MessageKind},
};

/// Discord's code for a body with parts that it refuses.
const INVALID_BODY: i64 = 50_035;
/// Discord's code for a message that the bot may not send, also because of its embeds.
pub(super) const MISSING_PERMISSIONS: i64 = 50_013;
/// Discord's code for a channel that does not exist.
pub(super) const UNKNOWN_CHANNEL: i64 = 10_003;
/// Discord's code for a message that does not exist.
const UNKNOWN_MESSAGE: i64 = 10_008;

/// What came of an attempt that did not fail.
#[derive(Clone, Copy)]
pub(super) enum Delivery {
    /// The message has this id.
    Posted(PostedId),
    /// Another message was edited.
    Edited,
    /// The message came too late, so it was not sent.
    Dropped,
}

/// Makes one attempt to deliver a message.
///
/// # Errors
/// See [`DiscordError`].
pub(super) async fn attempt(discord: &Discord, bot: &Bot, message: &Message) -> Result<Delivery, DiscordError> {
    let refused =
        |message: &str| DiscordError::Refused { status: 0, code: 0, message: message.to_owned(), parts: Vec::new() };
    // An edit of a message that is out of reach is no loss.
    let given_up =
        |why: &str| if message.kind == MessageKind::Edit { Ok(Delivery::Dropped) } else { Err(refused(why)) };
    if message.expires_at <= discord.access.clock.now() {
        return given_up("the message has expired");
    }
    let destination = Destination::decode(&message.destination).ok_or_else(|| refused("the destination is invalid"))?;
    if is_late(discord, message).await? {
        return Ok(Delivery::Dropped);
    }
    if !is_current(discord, bot, message, destination).await? {
        // A member who was deactivated since the first check has no valid code either.
        let is_late = is_late(discord, message).await?;
        return if is_late { Ok(Delivery::Dropped) } else { given_up("the destination is no longer valid") };
    }
    let body = match message.kind {
        kind if codes::is_code(kind) => discord.cipher.decrypt(&message.id.0.to_string(), &message.body),
        _ => Some(message.body.clone()),
    };
    let body = body.and_then(|body| serde_json::from_str::<Map<String, Value>>(&body).ok());
    let mut body = body.ok_or_else(|| refused("it was sealed with another secret"))?;
    if message.kind != MessageKind::Edit {
        // Discord drops a message with a nonce that it has received within the last minutes.
        body.insert("nonce".to_owned(), message.id.0.to_string().into());
        body.insert("enforce_nonce".to_owned(), true.into());
    }
    // A part that Discord refuses must not withhold the rest.
    let refusal = match send(bot, message.guild_id, destination, &body).await {
        Err(refusal) if is_about_body(&refusal) => refusal,
        result => return result,
    };
    if let DiscordError::Refused { code: INVALID_BODY, parts, .. } = &refusal
        && let Some(reduced) = refused_parts::without(&body, parts)
    {
        match send(bot, message.guild_id, destination, &reduced).await {
            Err(refusal) if is_about_body(&refusal) => {}
            result => return result,
        }
    }
    match refused_parts::plain(&body) {
        Some(plain) => send(bot, message.guild_id, destination, &plain).await,
        None => Err(refusal),
    }
}

/// Whether Discord may accept another body: it refuses a part of this one, or the bot may not send embeds.
const fn is_about_body(failure: &DiscordError) -> bool {
    matches!(
        failure,
        DiscordError::Refused { status: 400, .. } | DiscordError::Refused { code: MISSING_PERMISSIONS, .. }
    )
}

/// Posts a message to its destination.
async fn send(
    bot: &Bot,
    guild: GuildId,
    destination: Destination,
    body: &Map<String, Value>,
) -> Result<Delivery, DiscordError> {
    let body = serde_json::to_string(body).map_err(|error| DiscordError::Down(error.to_string()))?;
    let posted = match destination {
        Destination::Channel(channel) => bot.rest().post(Scope::Guild(guild, channel.get()), channel, body).await,
        Destination::Message(channel, message) => {
            let edited = bot.rest().edit(Scope::Guild(guild, channel.get()), channel, message, body).await;
            return match edited {
                // An officer has deleted the message or its channel.
                Err(DiscordError::Refused { code: UNKNOWN_MESSAGE | UNKNOWN_CHANNEL, .. }) => Ok(Delivery::Dropped),
                edited => edited.map(|()| Delivery::Edited),
            };
        }
        Destination::User(user) => {
            let channel = bot.direct_channel(guild, user).await?;
            let scope = Scope::Guild(guild, user.get());
            match bot.rest().post(scope, channel, body.clone()).await {
                Err(DiscordError::Refused { code: UNKNOWN_CHANNEL, .. }) => {
                    bot.forget_direct_channel(user);
                    let channel = bot.direct_channel(guild, user).await?;
                    bot.rest().post(scope, channel, body).await
                }
                posted => posted,
            }
        }
    };
    posted.map(Delivery::Posted)
}

/// Whether a message comes too late to make sense: an announcement of a campaign that is over, a code that was used, or
/// a report to a channel that is no longer for officers.
async fn is_late(discord: &Discord, message: &Message) -> Result<bool, DiscordError> {
    let (now, message) = (discord.access.clock.now(), message.clone());
    let query = async move |conn: &mut Conn| match message.kind {
        MessageKind::Announcement => announcements::is_obsolete(conn, &message, now).await,
        MessageKind::Invite | MessageKind::ResetCode => Ok(!codes::is_current(conn, &message, now).await?),
        MessageKind::Log => Ok(!officer_log::is_current(conn, &message).await?),
        MessageKind::Edit => Ok(false),
    };
    discord.access.db.read(query).await.map_err(|error| unavailable(&error))
}

fn unavailable(error: &Error) -> DiscordError {
    DiscordError::Down(format!("the database does not respond: {error}"))
}

/// Whether the destination is still valid: a channel of the guild's own server, or the current Discord id of the
/// member.
async fn is_current(
    discord: &Discord,
    bot: &Bot,
    message: &Message,
    destination: Destination,
) -> Result<bool, DiscordError> {
    let guild = message.guild_id;
    match destination {
        Destination::Channel(channel) | Destination::Message(channel, _) => {
            let link = discord
                .access
                .db
                .read(async move |conn| Ok(store::link(conn, guild).await?))
                .await
                .map_err(|error| unavailable(&error))?;
            let Some(link) = link else { return Ok(false) };
            match bot.server_of(guild, channel).await {
                Ok(server) => Ok(server.is_none_or(|server| server == link.server_id)),
                // The bot can't see the channel, so it can't post there either. Discord's response to the post gives
                // the reason.
                Err(DiscordError::Refused { .. }) => Ok(true),
                Err(failure) => Err(failure),
            }
        }
        Destination::User(user) => {
            let Some(member) = message.member_id else { return Ok(false) };
            let query = async move |conn: &mut Conn| Ok(identity::store::member(conn, guild, member).await?);
            let member = discord.access.db.read(query).await.map_err(|error| unavailable(&error))?;
            Ok(member.is_some_and(|member| member.is_active && member.discord_id == Some(user.to_string())))
        }
    }
}
