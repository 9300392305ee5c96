//! Delivers the outbox: the first message of each destination, several destinations at once.
//!
//! A server claims a message for the time that an attempt can take. When a server crashes, its claim expires and
//! another attempt follows. Discord drops the duplicate by its nonce.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    announcements,
    attempt::{Delivery, MISSING_PERMISSIONS, UNKNOWN_CHANNEL, attempt},
    breaker::backoff,
    client::Bot,
    officer_log,
    rest::DiscordError,
    service::Discord,
    store,
    wording::{escape, single_line},
};
use crate::{
    db::Conn,
    identity,
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{GuildId, MessageId},
    },
    outbox::{self, Message, MessageKind, MessageState, store::DeliveryFailure},
};

/// Maximum number of destinations to which one server delivers at once.
const MAX_CONCURRENT: usize = 16;
/// Maximum number of destinations of one guild to which one server delivers at once.
const MAX_PER_GUILD: usize = 4;
/// Duration of a claim: longer than the five requests that an attempt makes at most.
const CLAIM: Duration = Duration::from_secs(45);
/// Longest time between two searches for messages that other servers and commands have queued or left undelivered.
const POLL: Duration = Duration::from_secs(2);
/// Pause after a first failed attempt, and the longest pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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
    let now = discord.access.clock.now();
    let result = attempt(&discord, bot, &message).await;
    let delivery = result.as_ref().ok().copied();
    let failure = failure_of(&message, result.map(|_| ()), discord.access.clock.now());
    let is_over = failure.as_ref().is_none_or(|failure| failure.state == MessageState::Failed);
    if let Some(DeliveryFailure { problem: Some(problem), state, .. }) = &failure {
        tracing::warn!(guild = guild.0, message = id.0, %state, problem, "could not deliver a message to Discord");
    }
    let (failure, message) = (Arc::new(failure), Arc::new(message));
    // Retried until it succeeds: a delivery that is not recorded would be repeated.
    loop {
        let (failure, message, public_url) = (Arc::clone(&failure), Arc::clone(&message), discord.public_url.clone());
        let recorded = discord.access.db.write(async move |conn| match (&*failure, delivery) {
            (Some(failure), _) => record_failure(conn, &message, claim, failure, now).await,
            (None, Some(Delivery::Posted(posted))) => {
                // First, because it locks the campaign's announcements, as their other changes do.
                announcements::record_posted(conn, public_url.as_ref(), &message, posted.get(), now).await?;
                Ok(outbox::store::delete_delivered(conn, guild, id, claim).await?)
            }
            (None, Some(Delivery::Dropped)) => {
                outbox::store::delete_delivered(conn, guild, id, claim).await?;
                forget_board(conn, &message).await
            }
            (None, _) => Ok(outbox::store::delete_delivered(conn, guild, id, claim).await?),
        });
        let Err(error) = recorded.await else { break };
        tracing::warn!(%error, "could not record the outcome of a delivery to Discord; retrying");
        discord.access.clock.sleep_until(discord.access.clock.now() + FIRST_PAUSE).await;
    }
    match delivery {
        Some(Delivery::Dropped) => bot.outbox().cancel(id),
        _ if is_over => bot.outbox().finish(id, delivery.is_some()),
        _ => {}
    }
    id
}

/// Records a failed attempt. Officers see a message that was given up in their channel.
async fn record_failure(
    conn: &mut Conn,
    message: &Message,
    claim: i64,
    failure: &DeliveryFailure,
    now: Timestamp,
) -> Result<()> {
    let (guild, id) = (message.guild_id, message.id);
    if message.kind == MessageKind::Edit && failure.state == MessageState::Failed {
        // Another attempt would show what is out of date by then.
        outbox::store::delete_delivered(conn, guild, id, claim).await?;
        forget_board(conn, message).await?;
    } else {
        outbox::store::record_failure(conn, guild, id, claim, failure).await?;
    }
    if failure.state != MessageState::Failed {
        return Ok(());
    }
    let what = match message.kind {
        // The channel itself does not work.
        MessageKind::Log => return Ok(()),
        MessageKind::Announcement => "An announcement of a vote",
        MessageKind::Edit => "The update of an announcement",
        MessageKind::Invite => "An invite code",
        MessageKind::ResetCode => "A reset code",
    };
    let member = match message.member_id {
        Some(member) => identity::store::member(conn, guild, member).await?,
        None => None,
    };
    let to = member.map(|member| format!(" for **{}**", escape(&member.display_name, 100))).unwrap_or_default();
    let problem = failure.problem.as_deref().unwrap_or_default();
    let line = format!("{what}{to} could not be delivered. {}", single_line(problem, 300));
    officer_log::enqueue(conn, guild, &[line], now).await
}

/// Forgets the message that an edit could not change, because further edits would fail, too.
async fn forget_board(conn: &mut Conn, message: &Message) -> Result<()> {
    if let (MessageKind::Edit, Some(campaign)) = (message.kind, message.campaign_id) {
        store::delete_board(conn, message.guild_id, campaign).await?;
    }
    Ok(())
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
