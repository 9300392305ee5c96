//! Delivers the outbox: the first message of each destination, several destinations at once.
//!
//! A server claims a message for the time that an attempt can take. When a server crashes, its claim expires and
//! another attempt follows. Discord drops the duplicate by its nonce.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value};
use tokio::task::JoinSet;

use super::{
    breaker::{Scope, backoff},
    client::Bot,
    refused_parts,
    rest::DiscordError,
    rows::Destination,
    service::Discord,
    store,
};
use crate::{
    db::Conn,
    identity,
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{GuildId, MessageId},
    },
    outbox::{self, Message, MessageKind, MessageState, store::DeliveryFailure},
};

/// Maximum number of destinations to which one server delivers at once.
const MAX_CONCURRENT: usize = 16;
/// Maximum number of destinations of one guild to which one server delivers at once.
const MAX_PER_GUILD: usize = 4;
/// Duration of a claim: longer than the three requests of an attempt.
const CLAIM: Duration = Duration::from_secs(30);
/// Longest time between two searches for messages that other servers and commands have queued or left undelivered.
const POLL: Duration = Duration::from_secs(2);
/// Pause after a first failed attempt, and the longest pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Discord's code for a body with parts that it refuses.
const INVALID_BODY: i64 = 50_035;
/// Discord's code for a message that the bot may not send, also because of its embeds.
const MISSING_PERMISSIONS: i64 = 50_013;
/// Discord's code for a channel that does not exist.
const UNKNOWN_CHANNEL: i64 = 10_003;

/// Delivers until the task is dropped.
pub(crate) async fn run(discord: Arc<Discord>) {
    let Some(bot) = &discord.bot else { return };
    release_claims(&discord).await;
    let mut deliveries = JoinSet::new();
    // A message that this server is delivering is not started again, even if the clock is changed.
    let mut in_progress = HashMap::new();
    loop {
        let now = discord.access.clock.now();
        match claim(&discord, bot, &in_progress, now).await {
            Ok(claimed) => {
                for (message, claim) in claimed {
                    in_progress.insert(message.id, message.guild_id);
                    deliveries.spawn(deliver(Arc::clone(&discord), message, claim));
                }
            }
            Err(error) => tracing::warn!(%error, "could not read the outbox; retrying"),
        }
        let next_check = next_check(&discord, bot, now).await;
        tokio::select! {
            () = bot.outbox().woken() => {}
            Some(done) = deliveries.join_next() => match done {
                Ok(id) => {
                    in_progress.remove(&id);
                }
                // A delivery panicked, and the error does not say which.
                Err(_) => in_progress.clear(),
            },
            () = discord.access.clock.sleep_until(next_check) => {}
        }
    }
}

/// Frees the messages that an earlier process has claimed. On SQLite no other server can deliver them; on PostgreSQL
/// another one may, so their claims must expire.
async fn release_claims(discord: &Discord) {
    if discord.access.db.is_shared() {
        return;
    }
    if let Err(error) = discord.access.db.write(async |conn| Ok(outbox::store::release_claims(conn).await?)).await {
        tracing::warn!(%error, "could not release the claims of an earlier process; they expire");
    }
}

/// Chooses the messages to deliver now: for all guilds as many as there are free slots, and a few for each guild.
async fn choose(
    discord: &Discord,
    bot: &Bot,
    in_progress: &HashMap<MessageId, GuildId>,
    now: Timestamp,
) -> Result<Vec<Message>> {
    let slots = bot.rest().breakers().capacity(now, MAX_CONCURRENT.saturating_sub(in_progress.len()));
    let mut taken: HashMap<GuildId, usize> = HashMap::new();
    for guild in in_progress.values() {
        *taken.entry(*guild).or_default() += 1;
    }
    let is_full = |guild: GuildId, taken: &HashMap<GuildId, usize>| {
        let most = bot.rest().breakers().guild_capacity(guild, now, MAX_PER_GUILD);
        taken.get(&guild).copied().unwrap_or_default() >= most
    };
    let mut full: HashSet<GuildId> = bot.rest().breakers().paused_guilds(now).collect();
    full.extend(taken.keys().copied().filter(|guild| is_full(*guild, &taken)));
    let mut chosen: Vec<Message> = Vec::new();
    while chosen.len() < slots {
        let except: Vec<GuildId> = full.iter().copied().collect();
        let limit = i64::try_from(2 * MAX_CONCURRENT).unwrap_or(i64::MAX);
        let due = async move |conn: &mut Conn| Ok(outbox::store::due_messages(conn, now, &except, limit).await?);
        let full_before = full.len();
        for message in discord.access.db.read(due).await? {
            let guild = message.guild_id;
            let is_known = in_progress.contains_key(&message.id) || chosen.iter().any(|it| it.id == message.id);
            if !is_known && chosen.len() < slots && !full.contains(&guild) {
                *taken.entry(guild).or_default() += 1;
                chosen.push(message);
            }
            if is_full(guild, &taken) {
                full.insert(guild);
            }
        }
        // Without the guilds that are full now, there may be messages of others.
        if full.len() == full_before {
            break;
        }
    }
    Ok(chosen)
}

/// Claims due messages.
async fn claim(
    discord: &Discord,
    bot: &Bot,
    in_progress: &HashMap<MessageId, GuildId>,
    now: Timestamp,
) -> Result<Vec<(Message, i64)>> {
    // Reads first: usually no message is due, and a read doesn't block writers.
    let due = choose(discord, bot, in_progress, now).await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let clock = discord.access.clock.clone();
    discord
        .access
        .db
        .write(async move |conn| {
            // The wait for the connection may have taken a while.
            let now = clock.now();
            let mut claimed = Vec::new();
            for message in due {
                let claim: i64 = rand::random();
                if outbox::store::claim_message(conn, &message, claim, now, now + CLAIM).await? {
                    claimed.push((message, claim));
                }
            }
            Ok(claimed)
        })
        .await
}

/// The time of the next search for due messages, if no signal comes before.
async fn next_check(discord: &Discord, bot: &Bot, now: Timestamp) -> Timestamp {
    let probe = {
        let breakers = bot.rest().breakers();
        let probes = breakers.open_guilds(now).map(|(_, until)| until).chain(breakers.open_until(now));
        probes.min()
    };
    let due = discord
        .access
        .db
        .read(async move |conn| Ok(outbox::store::next_attempt(conn, now).await?))
        .await
        .ok()
        .flatten();
    due.into_iter().chain(probe).min().unwrap_or(now + POLL).min(now + POLL)
}

/// Makes one attempt to deliver a message, and records the outcome.
async fn deliver(discord: Arc<Discord>, message: Message, claim: i64) -> MessageId {
    let (guild, id) = (message.guild_id, message.id);
    let Some(bot) = &discord.bot else { return id };
    let result = attempt(&discord, bot, &message).await;
    let failure = failure_of(&message, result, discord.access.clock.now());
    let is_over = failure.as_ref().is_none_or(|failure| failure.state == MessageState::Failed);
    let was_sent = failure.is_none();
    if let Some(DeliveryFailure { problem: Some(problem), state, .. }) = &failure {
        tracing::warn!(guild = guild.0, message = id.0, %state, problem, "could not deliver a message to Discord");
    }
    let failure = Arc::new(failure);
    // Retried until it succeeds: a delivery that is not recorded would be repeated.
    loop {
        let failure = Arc::clone(&failure);
        let recorded = discord.access.db.write(async move |conn| match &*failure {
            None => Ok(outbox::store::delete_delivered(conn, guild, id, claim).await?),
            Some(failure) => Ok(outbox::store::record_failure(conn, guild, id, claim, failure).await?),
        });
        let Err(error) = recorded.await else { break };
        tracing::warn!(%error, "could not record the outcome of a delivery to Discord; retrying");
        discord.access.clock.sleep_until(discord.access.clock.now() + FIRST_PAUSE).await;
    }
    if is_over {
        bot.outbox().finish(id, was_sent);
    }
    id
}

async fn attempt(discord: &Discord, bot: &Bot, message: &Message) -> Result<(), DiscordError> {
    let refused =
        |message: &str| DiscordError::Refused { status: 0, code: 0, message: message.to_owned(), parts: Vec::new() };
    if message.expires_at <= discord.access.clock.now() {
        return Err(refused("the message has expired"));
    }
    let destination = Destination::decode(&message.destination).ok_or_else(|| refused("the destination is invalid"))?;
    let is_current = is_current(discord, bot, message, destination).await?;
    if !is_current {
        return Err(refused("the destination is no longer valid"));
    }
    let body = match message.kind {
        MessageKind::Announcement => Some(message.body.clone()),
        _ => discord.cipher.decrypt(&message.id.0.to_string(), &message.body),
    };
    let body = body.and_then(|body| serde_json::from_str::<Map<String, Value>>(&body).ok());
    let mut body = body.ok_or_else(|| refused("it was sealed with another secret"))?;
    // Discord drops a message with a nonce that it has received within the last minutes.
    body.insert("nonce".to_owned(), message.id.0.to_string().into());
    body.insert("enforce_nonce".to_owned(), true.into());
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
) -> Result<(), DiscordError> {
    let body = serde_json::to_string(body).map_err(|error| DiscordError::Down(error.to_string()))?;
    match destination {
        Destination::Channel(channel) => bot.rest().post(Scope::Guild(guild, channel.get()), channel, body).await,
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
    }
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
    let unavailable = |error: Error| DiscordError::Down(format!("the database does not respond: {error}"));
    match destination {
        Destination::Channel(channel) => {
            let link = discord
                .access
                .db
                .read(async move |conn| Ok(store::link(conn, guild).await?))
                .await
                .map_err(unavailable)?;
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
            let member = discord.access.db.read(query).await.map_err(unavailable)?;
            Ok(member.is_some_and(|member| member.is_active && member.discord_id == Some(user.to_string())))
        }
    }
}

/// The state of a message after an attempt; `None` if it was delivered.
fn failure_of(message: &Message, result: Result<(), DiscordError>, now: Timestamp) -> Option<DeliveryFailure> {
    let attempts = message.attempts + 1;
    let failed = |state, due_at, problem: Option<String>| DeliveryFailure { state, due_at, attempts, problem };
    match result {
        Ok(()) => None,
        // No request was made, so this is no attempt.
        Err(DiscordError::NotBefore(until)) => Some(DeliveryFailure {
            attempts: message.attempts,
            ..failed(MessageState::Queued, until, message.problem.clone())
        }),
        Err(error @ (DiscordError::Down(_) | DiscordError::Unauthorized)) => {
            let failures = u32::try_from(message.attempts).unwrap_or(u32::MAX);
            let due_at = now + backoff(FIRST_PAUSE, LONGEST_PAUSE, failures, rand::random());
            Some(failed(MessageState::Queued, due_at, Some(error.to_string())))
        }
        Err(error @ DiscordError::Refused { .. }) => {
            Some(failed(MessageState::Failed, message.due_at, Some(problem_text(&error))))
        }
    }
}

/// Why Discord refuses a message, for the officer who can fix it.
fn problem_text(failure: &DiscordError) -> String {
    // https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
    match failure {
        DiscordError::Refused { code: 50_007 | 50_278, .. } => {
            "The member does not accept direct messages from the bot.".to_owned()
        }
        DiscordError::Refused { code: 50_001 | MISSING_PERMISSIONS, .. } => {
            "The bot is not allowed to post in this channel.".to_owned()
        }
        DiscordError::Refused { code: UNKNOWN_CHANNEL, .. } => "There is no such channel.".to_owned(),
        DiscordError::Refused { code: 10_013, .. } => "There is no Discord user with this id.".to_owned(),
        DiscordError::Refused { status: 0, message, .. } => format!("It was not sent: {message}."),
        _ => failure.to_string(),
    }
}
