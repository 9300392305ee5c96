//! Queries of personal data that no feature needs otherwise.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    db::{
        Conn, on,
        schema::{campaigns, codes, discord_messages, entries, former_electors, known_addresses, sessions},
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, GuildId, MemberId, SessionId},
    },
    outbox::MessageKind,
};

/// A session, ended or not.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct StoredSession {
    pub id: SessionId,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

/// All sessions of a member, the oldest first.
pub async fn sessions_of(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<Vec<StoredSession>> {
    on!(conn, c => sessions::table
        .filter(sessions::guild_id.eq(guild).and(sessions::member_id.eq(member)))
        .order((sessions::created_at, sessions::id))
        .select(StoredSession::as_select())
        .load(c))
}

/// The times at which a member last used each known address.
pub async fn known_addresses_of(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<Vec<Timestamp>> {
    on!(conn, c => known_addresses::table
        .filter(known_addresses::guild_id.eq(guild).and(known_addresses::member_id.eq(member)))
        .order(known_addresses::last_used_at)
        .select(known_addresses::last_used_at)
        .load(c))
}

/// The purpose of each code for a member, the time of issue if it is known, and the time of expiry.
pub async fn codes_of(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
) -> QueryResult<Vec<(String, Option<Timestamp>, Timestamp)>> {
    on!(conn, c => codes::table
        .filter(codes::guild_id.eq(guild).and(codes::member_id.eq(member)))
        .order(codes::purpose)
        .select((codes::purpose, codes::issued_at, codes::expires_at))
        .load(c))
}

/// The kind, the state and the time of each undelivered message to a member.
pub async fn messages_to(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
) -> QueryResult<Vec<(String, String, Timestamp)>> {
    on!(conn, c => discord_messages::table
        .filter(discord_messages::guild_id.eq(guild).and(discord_messages::member_id.eq(member)))
        .order((discord_messages::queued_at, discord_messages::id))
        .select((discord_messages::kind, discord_messages::state, discord_messages::queued_at))
        .load(c))
}

/// Deletes the undelivered messages to a member, of any kind, and all reports to the officers' channel, which can name
/// the member.
pub async fn delete_messages_about(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_messages::table)
        .filter(discord_messages::guild_id.eq(guild))
        .filter(discord_messages::member_id.eq(member).or(discord_messages::kind.eq(MessageKind::Log)))
        .execute(c))?;
    Ok(())
}

/// Deletes a member's sessions with their refresh tokens, and their known addresses.
pub async fn delete_sign_ins_of(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(sessions::table)
        .filter(sessions::guild_id.eq(guild).and(sessions::member_id.eq(member)))
        .execute(c))?;
    on!(conn, c => diesel::delete(known_addresses::table)
        .filter(known_addresses::guild_id.eq(guild).and(known_addresses::member_id.eq(member)))
        .execute(c))?;
    Ok(())
}

/// The campaigns that a member created.
pub async fn created_campaigns(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<Vec<CampaignId>> {
    on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.eq(guild).and(campaigns::created_by.eq(member)))
        .order((campaigns::created_at, campaigns::id))
        .select(campaigns::id)
        .load(c))
}

/// The live campaigns in which a member could vote once, and no longer can.
pub async fn formerly_eligible(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<Vec<CampaignId>> {
    on!(conn, c => former_electors::table
        .filter(former_electors::guild_id.eq(guild).and(former_electors::member_id.eq(member)))
        .order(former_electors::campaign_id)
        .select(former_electors::campaign_id)
        .load(c))
}

/// The entries that are about a member.
pub async fn entries_about(conn: &mut Conn, guild: GuildId, member: MemberId) -> QueryResult<Vec<EntryId>> {
    on!(conn, c => entries::table
        .filter(entries::guild_id.eq(guild).and(entries::associated_member_id.eq(member)))
        .order(entries::id)
        .select(entries::id)
        .load(c))
}
