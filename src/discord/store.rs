//! Queries over a guild's Discord: its link, its outbox, what was told of its votes; and who keeps the connection.

use diesel::{
    dsl::{count_star, exists, max, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;

use super::{
    rows::{DiscordMessageState, KeeperRow, Link, Message, MessageKey},
    story::Told,
};
use crate::{
    db::{
        Conn, Lock, first_locked, on, on_rows,
        schema::{campaigns, discord_keeper, discord_links, discord_messages, discord_stories, members},
    },
    identity::Member,
    kernel::{
        clock::Timestamp,
        id::{CampaignId, DiscordMessageId, GuildId, MemberId},
        page::Page,
    },
    voting::{AnnouncementLevel, Campaign, CampaignStatus},
};

pub async fn link(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<Link>> {
    on_rows!(conn, Link::first, all => all.filter(discord_links::guild_id.eq(guild)))
}

/// The guild that a Discord server is linked to, for the bot alone.
pub async fn link_of_server(conn: &mut Conn, server: &str) -> QueryResult<Option<Link>> {
    on_rows!(conn, Link::first, all => all.filter(discord_links::server_id.eq(server)))
}

/// The link, locked until the transaction ends.
pub async fn lock_link(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<Link>> {
    on_rows!(conn, Link::first_locked, all => all.filter(discord_links::guild_id.eq(guild)))
}

/// A server linked to another guild violates `discord_links_server`.
pub async fn insert_link(conn: &mut Conn, link: &Link) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(discord_links::table).values(link).execute(c))?;
    Ok(())
}

pub async fn update_link(conn: &mut Conn, link: &Link) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_links::table.find(link.guild_id)).set(link).execute(c))?;
    Ok(())
}

pub async fn delete_link(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_links::table.find(guild)).execute(c))?;
    Ok(())
}

/// The links of all guilds whose roles are to be looked at by now, for the bot alone.
pub async fn links_due(conn: &mut Conn, now: Timestamp, most: i64) -> QueryResult<Vec<Link>> {
    on_rows!(conn, Link::load, all => all
        .filter(discord_links::next_sync_at.le(now))
        .order(discord_links::next_sync_at)
        .limit(most))
}

/// When the roles of a guild are to be looked at next, of all guilds.
pub async fn next_sync(conn: &mut Conn) -> QueryResult<Option<Timestamp>> {
    on!(conn, c => discord_links::table.select(diesel::dsl::min(discord_links::next_sync_at)).first(c))
}

/// Puts the next look at a guild's roles off until then, if nobody else has done so; whether this did.
pub async fn put_sync_off(conn: &mut Conn, link: &Link, until: Timestamp) -> QueryResult<bool> {
    let unchanged = discord_links::next_sync_at.eq(link.next_sync_at);
    let changed = on!(conn, c => diesel::update(discord_links::table.find(link.guild_id).filter(unchanged))
        .set(discord_links::next_sync_at.eq(until))
        .execute(c))?;
    Ok(changed == 1)
}

/// Notes how a look at a guild's roles went.
pub async fn note_sync(
    conn: &mut Conn,
    guild: GuildId,
    report: Option<(Timestamp, String)>,
    problem: Option<String>,
) -> QueryResult<()> {
    let link = || discord_links::table.find(guild);
    if let Some((at, report)) = report {
        on!(conn, c => diesel::update(link())
            .set((discord_links::synced_at.eq(at), discord_links::report.eq(&report)))
            .execute(c))?;
    }
    on!(conn, c => diesel::update(link()).set(discord_links::problem.eq(&problem)).execute(c))?;
    Ok(())
}

/// The members whom a user of Discord may be: by their id, or by their username as [`crate::kernel::text::key`] makes it.
pub async fn members_like(
    conn: &mut Conn,
    guild: GuildId,
    discord_id: &str,
    username_key: &str,
) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load, all => all
        .filter(members::guild_id.eq(guild))
        .filter(members::discord_id.eq(discord_id).or(members::username_key.eq(username_key))))
}

pub async fn member_of_user(conn: &mut Conn, guild: GuildId, discord_id: &str) -> QueryResult<Option<MemberId>> {
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::discord_id.eq(discord_id)).and(members::is_active))
        .select(members::id)
        .first(c))
    .optional()
}

pub async fn insert_message(conn: &mut Conn, message: &Message) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(discord_messages::table).values(message).execute(c))?;
    Ok(())
}

/// The number of a lane's last message; 0 of an empty one.
pub async fn last_number(conn: &mut Conn, lane: &str) -> QueryResult<i64> {
    let last: Option<i64> = on!(conn, c => discord_messages::table
        .filter(discord_messages::lane.eq(lane))
        .select(max(discord_messages::number))
        .first(c))?;
    Ok(last.unwrap_or_default())
}

/// Drops a member's undelivered messages of a kind: a new one takes their place.
pub async fn drop_messages_to(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    kind: crate::discord::rows::DiscordMessageKind,
) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild))
        .filter(discord_messages::member_id.eq(member).and(discord_messages::kind.eq(kind)))
        .execute(c))?;
    Ok(())
}

diesel::alias!(const EARLIER: Alias<Earlier> = discord_messages as earlier);

/// The first message of each lane that may be tried at this moment, of all guilds; for the bot alone.
pub async fn due_messages(conn: &mut Conn, now: Timestamp, most: i64) -> QueryResult<Vec<Message>> {
    on_rows!(conn, Message::load, all => {
        let waits = discord_messages::state.eq(DiscordMessageState::Queued);
        let unclaimed = discord_messages::claimed_until.is_null().or(discord_messages::claimed_until.le(now));
        let number = EARLIER.field(discord_messages::number);
        let sooner = EARLIER.field(discord_messages::id).lt(discord_messages::id);
        let before = number.lt(discord_messages::number).or(number.eq(discord_messages::number).and(sooner));
        let earlier = EARLIER
            .filter(EARLIER.field(discord_messages::lane).eq(discord_messages::lane))
            .filter(EARLIER.field(discord_messages::state).eq(DiscordMessageState::Queued).and(before));
        all.filter(waits.and(discord_messages::due_at.le(now)).and(unclaimed))
            .filter(not(exists(earlier)))
            .order((discord_messages::due_at, discord_messages::id))
            .limit(most)
    })
}

/// When a message is to be tried next, after this moment; of all guilds.
pub async fn next_message(conn: &mut Conn, now: Timestamp) -> QueryResult<Option<Timestamp>> {
    let waits = || discord_messages::table.filter(discord_messages::state.eq(DiscordMessageState::Queued));
    let due: Option<Timestamp> = on!(conn, c => waits()
        .filter(discord_messages::due_at.gt(now))
        .select(diesel::dsl::min(discord_messages::due_at))
        .first(c))?;
    let given_up: Option<Timestamp> = on!(conn, c => waits()
        .filter(discord_messages::claimed_until.gt(now))
        .select(diesel::dsl::min(discord_messages::claimed_until))
        .first(c))?;
    Ok(due.into_iter().chain(given_up).min())
}

/// Claims a message for one attempt; whether nobody else has.
pub async fn claim_message(
    conn: &mut Conn,
    message: &Message,
    claim: i64,
    now: Timestamp,
    until: Timestamp,
) -> QueryResult<bool> {
    let unclaimed = discord_messages::claimed_until.is_null().or(discord_messages::claimed_until.le(now));
    let claimed = on!(conn, c => diesel::update(discord_messages::table.find((message.guild_id, message.id)))
        .filter(discord_messages::state.eq(DiscordMessageState::Queued).and(unclaimed))
        .set((discord_messages::claimed_until.eq(until), discord_messages::claim.eq(claim)))
        .execute(c))?;
    Ok(claimed == 1)
}

/// A claimed message was delivered: it is gone.
pub async fn delivered(conn: &mut Conn, guild: GuildId, id: DiscordMessageId, claim: i64) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table.find((guild, id)))
        .filter(discord_messages::claim.eq(claim))
        .execute(c))?;
    Ok(())
}

/// What becomes of a claimed message that was not delivered.
pub struct Setback {
    pub state: DiscordMessageState,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub problem: Option<String>,
}

pub async fn set_back(
    conn: &mut Conn,
    guild: GuildId,
    id: DiscordMessageId,
    claim: i64,
    setback: &Setback,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_messages::table.find((guild, id)))
        .filter(discord_messages::claim.eq(claim))
        .set((
            discord_messages::state.eq(setback.state),
            discord_messages::due_at.eq(setback.due_at),
            discord_messages::attempts.eq(setback.attempts),
            discord_messages::problem.eq(&setback.problem),
            discord_messages::claimed_until.eq(None::<Timestamp>),
            discord_messages::claim.eq(None::<i64>),
        ))
        .execute(c))?;
    Ok(())
}

/// Puts a dead letter back at the end of its lane; whether there was one.
pub async fn requeue(conn: &mut Conn, message: &Message) -> QueryResult<bool> {
    let requeued = on!(conn, c => diesel::update(discord_messages::table.find((message.guild_id, message.id)))
        .filter(discord_messages::state.eq(DiscordMessageState::Failed))
        .set((
            discord_messages::state.eq(DiscordMessageState::Queued),
            discord_messages::number.eq(message.number),
            discord_messages::due_at.eq(message.due_at),
            discord_messages::expires_at.eq(message.expires_at),
        ))
        .execute(c))?;
    Ok(requeued == 1)
}

/// Drops the messages of all guilds that were queued before this, whatever became of them.
pub async fn drop_old_messages(conn: &mut Conn, before: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::queued_at.lt(before))
        .execute(c))?;
    Ok(())
}

/// Drops what is still to be told of a guild's votes.
pub async fn drop_announcements(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild))
        .filter(discord_messages::kind.eq(crate::discord::rows::DiscordMessageKind::Announcement))
        .execute(c))?;
    Ok(())
}

pub async fn message(conn: &mut Conn, guild: GuildId, id: DiscordMessageId) -> QueryResult<Option<Message>> {
    on_rows!(conn, Message::first, all => all
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::id.eq(id))))
}

pub async fn messages_by_id(conn: &mut Conn, guild: GuildId, ids: &[DiscordMessageId]) -> QueryResult<Vec<Message>> {
    on_rows!(conn, Message::load, all => all
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::id.eq_any(ids))))
}

/// A guild's messages in one of these states, newest first; from the end of the page where it is asked for backward.
pub async fn list_messages(
    conn: &mut Conn,
    guild: GuildId,
    states: &[DiscordMessageState],
    page: &Page<MessageKey>,
) -> QueryResult<Vec<Message>> {
    on_rows!(conn, Message::load, all => {
        let mut query = all
            .filter(discord_messages::guild_id.eq(guild).and(discord_messages::state.eq_any(states)))
            .limit(page.limit());
        if let Some((at, id)) = page.after {
            let same = discord_messages::queued_at.eq(at).and(discord_messages::id.gt(id));
            query = query.filter(discord_messages::queued_at.lt(at).or(same));
        }
        if let Some((at, id)) = page.before {
            let same = discord_messages::queued_at.eq(at).and(discord_messages::id.lt(id));
            query = query.filter(discord_messages::queued_at.gt(at).or(same));
        }
        if page.backward {
            query.order((discord_messages::queued_at.asc(), discord_messages::id.desc()))
        } else {
            query.order((discord_messages::queued_at.desc(), discord_messages::id.asc()))
        }
    })
}

pub async fn count_messages(conn: &mut Conn, guild: GuildId, states: &[DiscordMessageState]) -> QueryResult<i64> {
    on!(conn, c => discord_messages::table
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::state.eq_any(states)))
        .select(count_star())
        .first(c))
}

/// How many messages of all guilds are in each state, for operators.
pub async fn outbox_depth(conn: &mut Conn) -> QueryResult<Vec<(DiscordMessageState, i64)>> {
    on!(conn, c => discord_messages::table
        .group_by(discord_messages::state)
        .select((discord_messages::state, count_star()))
        .load(c))
}

/// What was told of a vote.
pub async fn story(conn: &mut Conn, guild: GuildId, campaign: CampaignId) -> QueryResult<Told> {
    let story = discord_stories::table.find((guild, campaign)).select(discord_stories::told);
    let told: Option<String> = on!(conn, c => story.first(c)).optional()?;
    Ok(told.and_then(|told| serde_json::from_str(&told).ok()).unwrap_or_default())
}

/// What was told of a vote, locked until the transaction ends.
pub async fn lock_story(conn: &mut Conn, guild: GuildId, campaign: CampaignId) -> QueryResult<Told> {
    let key = (discord_stories::guild_id.eq(guild), discord_stories::campaign_id.eq(campaign));
    on!(conn, c => diesel::insert_into(discord_stories::table)
        .values((key, discord_stories::told.eq("{}")))
        .on_conflict_do_nothing()
        .execute(c))?;
    let story = discord_stories::table.find((guild, campaign)).select(discord_stories::told);
    let told: String = first_locked!(conn, Lock::Exclusive, story)?;
    Ok(serde_json::from_str(&told).unwrap_or_default())
}

pub async fn update_story(conn: &mut Conn, guild: GuildId, campaign: CampaignId, told: &Told) -> QueryResult<()> {
    let told = serde_json::to_string(told).unwrap_or_default();
    on!(conn, c => diesel::update(discord_stories::table.find((guild, campaign)))
        .set(discord_stories::told.eq(&told))
        .execute(c))?;
    Ok(())
}

/// The live votes of all guilds with a link that are told of, for the bot alone.
pub async fn told_campaigns(conn: &mut Conn) -> QueryResult<Vec<Campaign>> {
    let linked = || discord_links::table.filter(discord_links::guild_id.eq(campaigns::guild_id));
    on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::announcements.ne(AnnouncementLevel::Off)))
        .filter(exists(linked())))
}

pub async fn keeper(conn: &mut Conn) -> QueryResult<Option<KeeperRow>> {
    on!(conn, c => discord_keeper::table.find(1).select(KeeperRow::as_select()).first(c)).optional()
}

/// Takes or renews the keeping of the connection, unless another server has it, which can be until `latest`; whether this
/// one has it now.
pub async fn keep(conn: &mut Conn, row: &KeeperRow, now: Timestamp, latest: Timestamp) -> QueryResult<bool> {
    let inserted = on!(conn, c => diesel::insert_into(discord_keeper::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    let is_over = discord_keeper::held_until.le(now).or(discord_keeper::held_until.gt(latest));
    let free = discord_keeper::holder.eq(row.holder).or(is_over);
    let taken = on!(conn, c => diesel::update(discord_keeper::table.find(row.id).filter(free)).set(row).execute(c))?;
    Ok(inserted + taken > 0)
}

/// Lets another server keep the connection at once.
pub async fn release(conn: &mut Conn, holder: i64, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_keeper::table.find(1).filter(discord_keeper::holder.eq(holder)))
        .set(discord_keeper::held_until.eq(now))
        .execute(c))?;
    Ok(())
}
