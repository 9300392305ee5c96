//! Queries over a guild's Discord server, its announced campaigns, and the lease of the gateway connection.

use diesel::{
    dsl::{exists, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;

use super::{
    announcement_rules::AnnouncedState,
    rows::{Board, GatewayLease, Link},
};
use crate::{
    db::{
        AnyOf, Conn, LockMode, first_locked, on, on_rows,
        schema::{campaigns, discord_boards, discord_keeper, discord_links, discord_stories, guilds, members},
    },
    identity::Member,
    kernel::{
        clock::Timestamp,
        id::{CampaignId, GuildId, MemberId},
        unknown_values,
    },
    voting::{AnnouncementLevel, Campaign, CampaignStatus},
};

pub async fn link(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<Link>> {
    on_rows!(conn, Link::first, all => all.filter(discord_links::guild_id.eq(guild)))
}

/// Selects the links of guilds that are not suspended. The bot does nothing for a suspended guild.
macro_rules! in_active_guild {
    () => {{
        let is_its_guild = guilds::id.eq(discord_links::guild_id);
        not(exists(guilds::table.filter(is_its_guild.and(guilds::suspended_at.is_not_null()))))
    }};
}

/// The link of a Discord server that is linked to a guild, unless the guild is suspended; for the bot only.
pub async fn link_by_server(conn: &mut Conn, server: &str) -> QueryResult<Option<Link>> {
    on_rows!(conn, Link::first, all => all.filter(discord_links::server_id.eq(server)).filter(in_active_guild!()))
}

/// The link, locked until the transaction ends.
pub async fn lock_link(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<Link>> {
    on_rows!(conn, Link::first_locked, all => all.filter(discord_links::guild_id.eq(guild)))
}

/// Inserts a link. A server that is linked to another guild violates `discord_links_server`.
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

/// The links of all guilds whose sync is due; for the bot only.
pub async fn due_links(conn: &mut Conn, now: Timestamp, most: i64) -> QueryResult<Vec<Link>> {
    on_rows!(conn, Link::load, all => all
        .filter(discord_links::next_sync_at.le(now))
        .filter(in_active_guild!())
        .order(discord_links::next_sync_at)
        .limit(most))
}

/// The time of the next sync of any guild.
pub async fn next_sync_at(conn: &mut Conn) -> QueryResult<Option<Timestamp>> {
    on!(conn, c => discord_links::table
        .filter(in_active_guild!())
        .select(diesel::dsl::min(discord_links::next_sync_at))
        .first(c))
}

/// Brings forward the syncs of all guilds, because changes may have been missed. A guild that has never been synced has
/// more time, in which its officers can try a dry run.
pub async fn bring_syncs_forward(conn: &mut Conn, until: Timestamp, first_until: Timestamp) -> QueryResult<()> {
    let late = discord_links::synced_at.is_not_null().and(discord_links::next_sync_at.gt(until));
    on!(conn, c => diesel::update(discord_links::table.filter(late))
        .set(discord_links::next_sync_at.eq(until))
        .execute(c))?;
    on!(conn, c => diesel::update(discord_links::table.filter(discord_links::next_sync_at.gt(first_until)))
        .set(discord_links::next_sync_at.eq(first_until))
        .execute(c))?;
    Ok(())
}

/// Brings forward a guild's next sync.
pub async fn bring_sync_forward(conn: &mut Conn, guild: GuildId, until: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_links::table.find(guild).filter(discord_links::next_sync_at.gt(until)))
        .set(discord_links::next_sync_at.eq(until))
        .execute(c))?;
    Ok(())
}

/// Postpones a guild's next sync. Returns false if another server has done so.
pub async fn postpone_sync(conn: &mut Conn, link: &Link, until: Timestamp) -> QueryResult<bool> {
    let unchanged = discord_links::next_sync_at.eq(link.next_sync_at);
    let changed = on!(conn, c => diesel::update(discord_links::table.find(link.guild_id).filter(unchanged))
        .set(discord_links::next_sync_at.eq(until))
        .execute(c))?;
    Ok(changed == 1)
}

/// Records the outcome of a sync: its time, counts and report, or the problem.
pub async fn record_sync(
    conn: &mut Conn,
    guild: GuildId,
    report: Option<(Timestamp, String, String)>,
    problem: Option<String>,
) -> QueryResult<()> {
    let link = || discord_links::table.find(guild);
    if let Some((at, counts, report)) = report {
        on!(conn, c => diesel::update(link())
            .set((
                discord_links::synced_at.eq(at),
                discord_links::report.eq(&counts),
                discord_links::sync_report.eq(&report),
            ))
            .execute(c))?;
    }
    on!(conn, c => diesel::update(link()).set(discord_links::problem.eq(&problem)).execute(c))?;
    Ok(())
}

/// The stored report of a guild's last sync. It is not a field of [`Link`], because it is large and rarely read.
pub async fn sync_report(conn: &mut Conn, guild: GuildId) -> QueryResult<Option<String>> {
    let report: Option<Option<String>> =
        on!(conn, c => discord_links::table.find(guild).select(discord_links::sync_report).first(c)).optional()?;
    Ok(report.flatten())
}

pub async fn set_sync_report(conn: &mut Conn, guild: GuildId, report: Option<String>) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_links::table.find(guild))
        .set(discord_links::sync_report.eq(&report))
        .execute(c))?;
    Ok(())
}

/// Those of these members who were erased.
pub async fn erased_members(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<MemberId>> {
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::id.any_of(ids)).and(members::erased_at.is_not_null()))
        .select(members::id)
        .load(c))
}

/// The members that match a Discord user by id, or by username as [`crate::kernel::text::key`] normalizes it.
pub async fn matching_members(
    conn: &mut Conn,
    guild: GuildId,
    discord_id: &str,
    username_key: &str,
) -> QueryResult<Vec<Member>> {
    on_rows!(conn, Member::load, all => all
        .filter(members::guild_id.eq(guild))
        .filter(members::discord_id.eq(discord_id).or(members::username_key.eq(username_key))))
}

pub async fn member_by_discord_id(conn: &mut Conn, guild: GuildId, discord_id: &str) -> QueryResult<Option<MemberId>> {
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::discord_id.eq(discord_id)).and(members::is_active))
        .select(members::id)
        .first(c))
    .optional()
}

/// The announcements of a campaign so far; `None` if this release can't read what is stored, so that it must announce
/// nothing.
pub async fn announced_state(
    conn: &mut Conn,
    guild: GuildId,
    campaign: CampaignId,
) -> QueryResult<Option<AnnouncedState>> {
    let row = discord_stories::table.find((guild, campaign)).select(discord_stories::told);
    let announced: Option<String> = on!(conn, c => row.first(c)).optional()?;
    Ok(announced
        .map_or_else(|| Some(AnnouncedState::default()), |announced| parse_announced_state(campaign, &announced)))
}

/// Reads what [`announced_state`] reads, and locks it until the transaction ends.
pub async fn lock_announced_state(
    conn: &mut Conn,
    guild: GuildId,
    campaign: CampaignId,
) -> QueryResult<Option<AnnouncedState>> {
    let key = (discord_stories::guild_id.eq(guild), discord_stories::campaign_id.eq(campaign));
    on!(conn, c => diesel::insert_into(discord_stories::table)
        .values((key, discord_stories::told.eq("{}")))
        .on_conflict_do_nothing()
        .execute(c))?;
    let row = discord_stories::table.find((guild, campaign)).select(discord_stories::told);
    let announced: String = first_locked!(conn, LockMode::Exclusive, row)?;
    Ok(parse_announced_state(campaign, &announced))
}

fn parse_announced_state(campaign: CampaignId, announced: &str) -> Option<AnnouncedState> {
    let Ok(announced) = serde_json::from_str::<AnnouncedState>(announced) else {
        unknown_values::warn_once("state of the announcements of a campaign", &campaign.0.to_string());
        return None;
    };
    for event in &announced.unknown_events {
        unknown_values::warn_once("announced event", &event.to_string());
    }
    for field in announced.unknown_fields.keys() {
        unknown_values::warn_once("field of the announcements of a campaign", field);
    }
    Some(announced)
}

pub async fn update_announced_state(
    conn: &mut Conn,
    guild: GuildId,
    campaign: CampaignId,
    announced: &AnnouncedState,
) -> QueryResult<()> {
    let announced = serde_json::to_string(announced).unwrap_or_default();
    on!(conn, c => diesel::update(discord_stories::table.find((guild, campaign)))
        .set(discord_stories::told.eq(&announced))
        .execute(c))?;
    Ok(())
}

/// The message that announced a campaign.
pub async fn board(conn: &mut Conn, guild: GuildId, campaign: CampaignId) -> QueryResult<Option<Board>> {
    let row = || discord_boards::table.find((guild, campaign));
    on!(conn, c => row().select(Board::as_select()).first(c)).optional()
}

pub async fn upsert_board(conn: &mut Conn, board: &Board) -> QueryResult<()> {
    on!(conn, c => diesel::insert_into(discord_boards::table)
        .values(board)
        .on_conflict((discord_boards::guild_id, discord_boards::campaign_id))
        .do_update()
        .set(board)
        .execute(c))?;
    Ok(())
}

pub async fn delete_board(conn: &mut Conn, guild: GuildId, campaign: CampaignId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_boards::table.find((guild, campaign))).execute(c))?;
    Ok(())
}

/// Forgets a guild's announced messages, which nothing edits any more.
pub async fn delete_boards(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(discord_boards::table.filter(discord_boards::guild_id.eq(guild))).execute(c))?;
    Ok(())
}

/// The drafts of all guilds with a log channel whose start was in this time; for the bot only.
pub async fn overdue_drafts(conn: &mut Conn, after: Timestamp, until: Timestamp) -> QueryResult<Vec<Campaign>> {
    let logging = || {
        discord_links::table
            .filter(discord_links::guild_id.eq(campaigns::guild_id))
            .filter(discord_links::log_channel_id.is_not_null())
    };
    on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.eq(CampaignStatus::Draft).and(campaigns::start_at.gt(after)))
        .filter(campaigns::start_at.le(until))
        .filter(exists(logging())))
}

/// The live campaigns of all linked guilds that are announced; for the bot only.
pub async fn announced_campaigns(conn: &mut Conn) -> QueryResult<Vec<Campaign>> {
    let linked = || discord_links::table.filter(discord_links::guild_id.eq(campaigns::guild_id));
    on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::announcements.ne(AnnouncementLevel::Off)))
        .filter(exists(linked())))
}

/// The own channels of a guild's campaigns that are not over.
pub async fn campaign_channels(conn: &mut Conn, guild: GuildId, most: i64) -> QueryResult<Vec<Option<String>>> {
    on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.eq(guild))
        .filter(campaigns::status.any_of(&[CampaignStatus::Draft, CampaignStatus::Live]))
        .filter(campaigns::discord_channel_id.is_not_null())
        .select(campaigns::discord_channel_id)
        .distinct()
        .order(campaigns::discord_channel_id)
        .limit(most)
        .load(c))
}

pub async fn gateway_lease(conn: &mut Conn) -> QueryResult<Option<GatewayLease>> {
    on!(conn, c => discord_keeper::table.find(1).select(GatewayLease::as_select()).first(c)).optional()
}

/// Acquires or renews the lease of the gateway connection. Returns false if another server holds it. A lease beyond
/// `latest` is invalid, because the clock was set back.
pub async fn acquire_gateway_lease(
    conn: &mut Conn,
    row: &GatewayLease,
    now: Timestamp,
    latest: Timestamp,
) -> QueryResult<bool> {
    let inserted = on!(conn, c => diesel::insert_into(discord_keeper::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    let is_expired = discord_keeper::held_until.le(now).or(discord_keeper::held_until.gt(latest));
    let free = discord_keeper::holder.eq(row.holder).or(is_expired);
    let updated = on!(conn, c => diesel::update(discord_keeper::table.find(row.id).filter(free)).set(row).execute(c))?;
    Ok(inserted + updated > 0)
}

/// Ends the lease, so that another server can acquire it immediately.
pub async fn release_gateway_lease(conn: &mut Conn, holder: i64, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::update(discord_keeper::table.find(1).filter(discord_keeper::holder.eq(holder)))
        .set(discord_keeper::held_until.eq(now))
        .execute(c))?;
    Ok(())
}
