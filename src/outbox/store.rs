//! Queries over the outbox.
//!
//! During an upgrade, a newer release may store messages of a kind or a state that this release does not know. This
//! release does not list, count, claim or delete them, so that the newer release finds them unchanged. They don't delay
//! other messages to their destination either: after a downgrade, nothing would ever deliver them and end the delay. So
//! this release delivers the messages that it knows in order.

use std::collections::HashMap;

use diesel::{
    dsl::{count_star, exists, max, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;
use strum::VariantArray;

use super::rows::{KnownMessages, Message, MessageKey, MessageKind, MessageState};
use crate::{
    db::{
        AnyOf, Conn, IsAnyOf, insert_all, on, on_rows,
        schema::{discord_messages, guilds},
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, GuildId, MemberId, MessageId},
        page::Page,
    },
};

/// Selects the messages of a kind that this release knows.
fn has_known_kind() -> IsAnyOf<'static, discord_messages::kind, MessageKind> {
    discord_messages::kind.any_of(MessageKind::VARIANTS)
}

/// Queues a message behind the others to its destination, in the transaction of its cause.
pub async fn enqueue(conn: &mut Conn, message: Message) -> QueryResult<()> {
    let number = last_number(conn, &message.destination).await? + 1;
    let message = Message { number, ..message };
    on!(conn, c => diesel::insert_into(discord_messages::table).values(&message).execute(c))?;
    Ok(())
}

/// Queues messages as [`enqueue`] does, in the same number of statements for any number of messages.
pub async fn enqueue_all(conn: &mut Conn, messages: Vec<Message>) -> QueryResult<()> {
    let destinations: Vec<&str> = messages.iter().map(|message| message.destination.as_str()).collect();
    let last: Vec<(String, Option<i64>)> = on!(conn, c => discord_messages::table
        .filter(discord_messages::lane.any_of(&destinations))
        .group_by(discord_messages::lane)
        .select((discord_messages::lane, max(discord_messages::number)))
        .load(c))?;
    let mut last: HashMap<String, i64> =
        last.into_iter().map(|(destination, number)| (destination, number.unwrap_or_default())).collect();
    let numbered = messages.into_iter().map(|message| {
        let number = last.entry(message.destination.clone()).or_default();
        *number += 1;
        Message { number: *number, ..message }
    });
    let rows: Vec<Message> = numbered.collect();
    insert_all!(conn, discord_messages::table, rows)
}

/// The number of the last message to a destination, known or unknown; 0 if there is none.
pub async fn last_number(conn: &mut Conn, destination: &str) -> QueryResult<i64> {
    let last: Option<i64> = on!(conn, c => discord_messages::table
        .filter(discord_messages::lane.eq(destination))
        .select(max(discord_messages::number))
        .first(c))?;
    Ok(last.unwrap_or_default())
}

/// Deletes the undelivered messages of a kind to these members, because new ones replace them.
pub async fn delete_messages_to(
    conn: &mut Conn,
    guild: GuildId,
    members: &[MemberId],
    kind: MessageKind,
) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild))
        .filter(discord_messages::member_id.assume_not_null().any_of(members).and(discord_messages::kind.eq(kind)))
        .filter(KnownMessages)
        .execute(c))?;
    Ok(())
}

/// Deletes all undelivered messages to a member.
pub async fn delete_all_messages_to(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::member_id.eq(member)))
        .execute(c))?;
    Ok(())
}

/// Deletes a campaign's queued announcements, apart from one event, because a later announcement replaces them. Those
/// in flight remain.
pub async fn delete_announcements(
    conn: &mut Conn,
    guild: GuildId,
    campaign: CampaignId,
    except: Option<&str>,
) -> QueryResult<()> {
    let queued = || {
        let queued = discord_messages::state.eq(MessageState::Queued).and(discord_messages::claimed_until.is_null());
        discord_messages::table
            .filter(discord_messages::guild_id.eq(guild).and(discord_messages::campaign_id.eq(campaign)))
            .filter(discord_messages::kind.eq(MessageKind::Announcement).and(queued))
    };
    match except {
        // An older release queued messages without their event, which may be any.
        Some(kept) => on!(conn, c => diesel::delete(queued().filter(discord_messages::event.ne(kept))).execute(c))?,
        None => on!(conn, c => diesel::delete(queued()).execute(c))?,
    };
    Ok(())
}

/// Replaces the body of a campaign's queued edit by that of `edit`, and if it is urgent, makes it due at
/// the time of `edit`. Returns false if there is none, or it is in flight.
pub async fn replace_edit(
    conn: &mut Conn,
    guild: GuildId,
    campaign: CampaignId,
    edit: &Message,
    is_urgent: bool,
) -> QueryResult<bool> {
    let due_at = is_urgent.then_some(edit.due_at);
    let replaced = on!(conn, c => diesel::update(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::campaign_id.eq(campaign)))
        .filter(discord_messages::kind.eq(MessageKind::Edit))
        .filter(discord_messages::state.eq(MessageState::Queued).and(discord_messages::claimed_until.is_null()))
        .set((
            discord_messages::body.eq(&edit.body),
            discord_messages::expires_at.eq(edit.expires_at),
            due_at.map(|at| discord_messages::due_at.eq(at)),
        ))
        .execute(c))?;
    Ok(replaced > 0)
}

/// The last message of a kind that waits for its delivery to a destination and is not in flight.
pub async fn waiting_message(
    conn: &mut Conn,
    guild: GuildId,
    destination: &str,
    kind: MessageKind,
) -> QueryResult<Option<Message>> {
    on_rows!(conn, Message::first, all => all
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::lane.eq(destination)))
        .filter(discord_messages::kind.eq(kind))
        .filter(discord_messages::state.eq(MessageState::Queued).and(discord_messages::claimed_until.is_null()))
        .order(discord_messages::number.desc()))
}

/// Replaces the body of a waiting message. Returns false if it is in flight or was changed.
pub async fn replace_body(conn: &mut Conn, message: &Message, body: &str) -> QueryResult<bool> {
    let replaced = on!(conn, c => diesel::update(discord_messages::table.find((message.guild_id, message.id)))
        .filter(discord_messages::state.eq(MessageState::Queued).and(discord_messages::claimed_until.is_null()))
        .filter(discord_messages::body.eq(&message.body))
        .set(discord_messages::body.eq(body))
        .execute(c))?;
    Ok(replaced == 1)
}

/// Deletes a guild's undelivered messages of a kind.
pub async fn delete_messages(conn: &mut Conn, guild: GuildId, kind: MessageKind) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild))
        .filter(discord_messages::kind.eq(kind).and(KnownMessages))
        .execute(c))?;
    Ok(())
}

/// Deletes the messages of all guilds that were queued before this time, in any state.
pub async fn delete_old_messages(conn: &mut Conn, before: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::queued_at.lt(before).and(KnownMessages))
        .execute(c))?;
    Ok(())
}

diesel::alias!(const EARLIER: Alias<Earlier> = discord_messages as earlier);

/// The first queued message of each destination, if it is due and unclaimed, of all guilds but `except`; for the
/// delivery only. Messages with few attempts come first, so that failing destinations don't delay others.
pub async fn due_messages(
    conn: &mut Conn,
    now: Timestamp,
    except: &[GuildId],
    limit: i64,
) -> QueryResult<Vec<Message>> {
    on_rows!(conn, Message::load, all => {
        let queued = discord_messages::state.eq(MessageState::Queued);
        let unclaimed = discord_messages::claimed_until.is_null().or(discord_messages::claimed_until.le(now));
        let number = EARLIER.field(discord_messages::number);
        let lower_id = EARLIER.field(discord_messages::id).lt(discord_messages::id);
        let before = number.lt(discord_messages::number).or(number.eq(discord_messages::number).and(lower_id));
        let earlier = EARLIER
            .filter(EARLIER.field(discord_messages::lane).eq(discord_messages::lane))
            .filter(EARLIER.field(discord_messages::state).eq(MessageState::Queued).and(before))
            .filter(EARLIER.field(discord_messages::kind).any_of(MessageKind::VARIANTS));
        // Messages of a suspended guild wait until it is resumed.
        let is_its_guild = guilds::id.eq(discord_messages::guild_id);
        let suspended = guilds::table.filter(is_its_guild.and(guilds::suspended_at.is_not_null()));
        all.filter(queued.and(discord_messages::due_at.le(now)).and(unclaimed).and(has_known_kind()))
            .filter(not(discord_messages::guild_id.any_of(except)))
            .filter(not(exists(earlier)))
            .filter(not(exists(suspended)))
            .order((discord_messages::attempts, discord_messages::due_at, discord_messages::id))
            .limit(limit)
    })
}

/// The time of the next delivery attempt of any guild, after `now`.
pub async fn next_attempt(conn: &mut Conn, now: Timestamp) -> QueryResult<Option<Timestamp>> {
    let queued =
        || discord_messages::table.filter(discord_messages::state.eq(MessageState::Queued).and(has_known_kind()));
    let due: Option<Timestamp> = on!(conn, c => queued()
        .filter(discord_messages::due_at.gt(now))
        .select(diesel::dsl::min(discord_messages::due_at))
        .first(c))?;
    let claim_expires: Option<Timestamp> = on!(conn, c => queued()
        .filter(discord_messages::claimed_until.gt(now))
        .select(diesel::dsl::min(discord_messages::claimed_until))
        .first(c))?;
    Ok(due.into_iter().chain(claim_expires).min())
}

/// Claims a message for one attempt. Returns false if another server has claimed it, or if its body was replaced after
/// it was read.
pub async fn claim_message(
    conn: &mut Conn,
    message: &Message,
    claim: i64,
    now: Timestamp,
    until: Timestamp,
) -> QueryResult<bool> {
    let unclaimed = discord_messages::claimed_until.is_null().or(discord_messages::claimed_until.le(now));
    let claimed = on!(conn, c => diesel::update(discord_messages::table.find((message.guild_id, message.id)))
        .filter(discord_messages::state.eq(MessageState::Queued).and(unclaimed))
        .filter(discord_messages::body.eq(&message.body))
        .set((discord_messages::claimed_until.eq(until), discord_messages::claim.eq(claim)))
        .execute(c))?;
    Ok(claimed == 1)
}

/// Ends all claims, because the server that made them has stopped and no other shares the database.
pub async fn release_claims(conn: &mut Conn) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_messages::table.filter(discord_messages::claimed_until.is_not_null()))
        .filter(KnownMessages)
        .set((discord_messages::claimed_until.eq(None::<Timestamp>), discord_messages::claim.eq(None::<i64>)))
        .execute(c))?;
    Ok(())
}

/// Deletes a claimed message, because it was delivered.
pub async fn delete_delivered(conn: &mut Conn, guild: GuildId, id: MessageId, claim: i64) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table.find((guild, id)))
        .filter(discord_messages::claim.eq(claim))
        .execute(c))?;
    Ok(())
}

/// The state of a claimed message after an attempt that did not deliver it.
pub struct DeliveryFailure {
    pub state: MessageState,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub problem: Option<String>,
}

/// Records a failed attempt, and gives up the claim.
pub async fn record_failure(
    conn: &mut Conn,
    guild: GuildId,
    id: MessageId,
    claim: i64,
    failure: &DeliveryFailure,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_messages::table.find((guild, id)))
        .filter(discord_messages::claim.eq(claim))
        .set((
            discord_messages::state.eq(failure.state),
            discord_messages::due_at.eq(failure.due_at),
            discord_messages::attempts.eq(failure.attempts),
            discord_messages::problem.eq(&failure.problem),
            discord_messages::claimed_until.eq(None::<Timestamp>),
            discord_messages::claim.eq(None::<i64>),
        ))
        .execute(c))?;
    Ok(())
}

/// Queues a failed message again, behind the others to its destination. Returns false if there is no such failed
/// message.
pub async fn requeue(conn: &mut Conn, message: &Message) -> QueryResult<bool> {
    let requeued = on!(conn, c => diesel::update(discord_messages::table.find((message.guild_id, message.id)))
        .filter(discord_messages::state.eq(MessageState::Failed))
        .set((
            discord_messages::state.eq(MessageState::Queued),
            discord_messages::number.eq(message.number),
            discord_messages::due_at.eq(message.due_at),
            discord_messages::expires_at.eq(message.expires_at),
        ))
        .execute(c))?;
    Ok(requeued == 1)
}

pub async fn message(conn: &mut Conn, guild: GuildId, id: MessageId) -> QueryResult<Option<Message>> {
    on_rows!(conn, Message::first, all => all
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::id.eq(id)).and(KnownMessages)))
}

pub async fn messages_by_id(conn: &mut Conn, guild: GuildId, ids: &[MessageId]) -> QueryResult<Vec<Message>> {
    on_rows!(conn, Message::load, all => all
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::id.any_of(ids)).and(KnownMessages)))
}

/// A page of a guild's messages in one of these states, newest first; a backward page is in reverse order.
pub async fn list_messages(
    conn: &mut Conn,
    guild: GuildId,
    states: &[MessageState],
    page: &Page<MessageKey>,
) -> QueryResult<Vec<Message>> {
    on_rows!(conn, Message::load, all => {
        let mut query = all
            .filter(discord_messages::guild_id.eq(guild).and(discord_messages::state.any_of(states)).and(has_known_kind()))
            .limit(page.limit());
        if let Some((at, id)) = page.after {
            let same_time = discord_messages::queued_at.eq(at).and(discord_messages::id.gt(id));
            query = query.filter(discord_messages::queued_at.lt(at).or(same_time));
        }
        if let Some((at, id)) = page.before {
            let same_time = discord_messages::queued_at.eq(at).and(discord_messages::id.lt(id));
            query = query.filter(discord_messages::queued_at.gt(at).or(same_time));
        }
        if page.backward {
            query.order((discord_messages::queued_at.asc(), discord_messages::id.desc()))
        } else {
            query.order((discord_messages::queued_at.desc(), discord_messages::id.asc()))
        }
    })
}

pub async fn count_messages(conn: &mut Conn, guild: GuildId, states: &[MessageState]) -> QueryResult<i64> {
    on!(conn, c => discord_messages::table
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::state.any_of(states)).and(has_known_kind()))
        .select(count_star())
        .first(c))
}

/// Counts the messages of all guilds by state, for operators.
pub async fn count_by_state(conn: &mut Conn) -> QueryResult<Vec<(MessageState, i64)>> {
    on!(conn, c => discord_messages::table
        .filter(KnownMessages)
        .group_by(discord_messages::state)
        .select((discord_messages::state, count_star()))
        .load(c))
}
