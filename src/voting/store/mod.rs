//! Queries over campaigns and entries. `cast.rs` has those over ballots, `history.rs` those over participation and past
//! campaigns, `list.rs` the list of campaigns.

/// Members of a guild who are eligible to vote in a campaign for this rank level, even if they have voted.
macro_rules! eligible {
    ($guild:expr, $level:expr) => {
        members::table.filter(
            members::guild_id
                .eq($guild)
                .and(members::rank_level.ge($level))
                .and(members::is_active)
                .and(members::registered_at.is_not_null()),
        )
    };
}

/// The [`eligible!`] members who have not voted.
macro_rules! non_voters {
    ($guild:expr, $campaign:expr, $level:expr) => {
        eligible!($guild, $level).filter(not(exists(
            ballots::table.filter(
                ballots::guild_id
                    .eq($guild)
                    .and(ballots::campaign_id.eq($campaign))
                    .and(ballots::member_id.eq(members::id)),
            ),
        )))
    };
}

/// The former electors of a campaign who have not voted: members who were eligible at some moment since it went live.
/// Some of them may be eligible again.
macro_rules! former_non_voters {
    ($guild:expr, $campaign:expr) => {
        former_electors::table.filter(
            former_electors::guild_id.eq($guild).and(former_electors::campaign_id.eq($campaign)).and(not(exists(
                ballots::table.filter(
                    ballots::guild_id
                        .eq(former_electors::guild_id)
                        .and(ballots::campaign_id.eq(former_electors::campaign_id))
                        .and(ballots::member_id.eq(former_electors::member_id)),
                ),
            ))),
        )
    };
}

mod cast;
mod history;
mod list;

use std::collections::{HashMap, HashSet};

use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;

pub use self::{cast::*, history::*, list::*};
use super::{
    rows::{Campaign, Entry, KnownCampaigns},
    rules::MIN_ENTRIES,
};
use crate::{
    db::{
        AdvisoryLock, AnyOf, CampaignStatus, Conn, LockMode, first_locked, insert_all, on, on_rows,
        schema::{ballots, campaigns, entries, former_electors, guilds, members},
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, GuildId, MemberId},
    },
};

pub async fn insert_campaigns(conn: &mut Conn, rows: Vec<Campaign>) -> QueryResult<()> {
    insert_all!(conn, campaigns::table, rows)
}

pub async fn update_campaign(conn: &mut Conn, campaign: &Campaign) -> QueryResult<()> {
    on!(conn, c => diesel::update(campaigns::table.find((campaign.guild_id, campaign.id))).set(campaign).execute(c))?;
    Ok(())
}

pub async fn delete_campaign(conn: &mut Conn, guild: GuildId, id: CampaignId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(campaigns::table.find((guild, id))).execute(c))?;
    Ok(())
}

pub async fn campaign(conn: &mut Conn, guild: GuildId, id: CampaignId) -> QueryResult<Option<Campaign>> {
    on_rows!(conn, Campaign::first, all => all.filter(campaigns::guild_id.eq(guild).and(campaigns::id.eq(id))))
}

/// A campaign of any guild; for operators only.
pub async fn campaign_of_any_guild(conn: &mut Conn, id: CampaignId) -> QueryResult<Option<Campaign>> {
    on_rows!(conn, Campaign::first, all => all.filter(campaigns::id.eq(id)))
}

/// The campaigns of all guilds that are over; for operators only.
pub async fn past_campaigns_of_all_guilds(conn: &mut Conn) -> QueryResult<Vec<Campaign>> {
    on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.any_of(&CampaignStatus::OVER))
        .order((campaigns::guild_id, campaigns::id)))
}

/// The advisory lock of a campaign. Voters hold it shared; changes and steps of the campaign hold it exclusively. A
/// change waits for earlier voters, but not for later ones.
pub const fn campaign_lock(guild: GuildId, id: CampaignId, mode: LockMode) -> AdvisoryLock {
    AdvisoryLock { key: guild.0 ^ id.0, mode }
}

/// Locks a campaign exclusively until the transaction ends, and returns it. Then locks the guild's roster, so that no
/// member changes who is eligible, and no change of the ladder moves the campaign's bounds. Every transaction that locks
/// both takes the locks in this order.
pub async fn lock_campaign(conn: &mut Conn, guild: GuildId, id: CampaignId) -> QueryResult<Option<Campaign>> {
    conn.lock(campaign_lock(guild, id, LockMode::Exclusive)).await?;
    lock_roster(conn, guild).await?;
    campaign(conn, guild, id).await
}

pub async fn campaigns_by_id(conn: &mut Conn, guild: GuildId, ids: &[CampaignId]) -> QueryResult<Vec<Campaign>> {
    on_rows!(conn, Campaign::load, all => all.filter(campaigns::guild_id.eq(guild).and(campaigns::id.any_of(ids))))
}

/// The campaigns of a guild that are not archived, so that their status can still change.
pub async fn unarchived_campaigns(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<Campaign>> {
    on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::guild_id.eq(guild).and(campaigns::status.ne(CampaignStatus::Archived))))
}

/// The statuses of the campaigns of these guilds that are not archived; for the server only.
pub async fn unarchived_statuses(
    conn: &mut Conn,
    guilds: &[GuildId],
) -> QueryResult<Vec<(GuildId, CampaignId, CampaignStatus)>> {
    on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.any_of(guilds).and(campaigns::status.ne(CampaignStatus::Archived)).and(KnownCampaigns))
        .select((campaigns::guild_id, campaigns::id, campaigns::status))
        .load(c))
}

/// The status and the number of ballots of each of these campaigns of any guilds; for the server only.
pub async fn progress(
    conn: &mut Conn,
    keys: &[(GuildId, CampaignId)],
) -> QueryResult<HashMap<CampaignId, (CampaignStatus, i64)>> {
    let mut progress: HashMap<CampaignId, (CampaignStatus, i64)> = HashMap::new();
    // In chunks, since SQLite binds at most 32,766 values in a statement.
    for chunk in keys.chunks(10_000) {
        let (guilds, ids): (Vec<GuildId>, Vec<CampaignId>) = chunk.iter().copied().unzip();
        let statuses: Vec<(CampaignId, CampaignStatus)> = on!(conn, c => campaigns::table
            .filter(campaigns::guild_id.any_of(&guilds).and(campaigns::id.any_of(&ids)).and(KnownCampaigns))
            .select((campaigns::id, campaigns::status))
            .load(c))?;
        let ballots: Vec<(CampaignId, i64)> = on!(conn, c => ballots::table
            .filter(ballots::guild_id.any_of(&guilds).and(ballots::campaign_id.any_of(&ids)))
            .group_by(ballots::campaign_id)
            .select((ballots::campaign_id, count_star()))
            .load(c))?;
        let ballots: HashMap<CampaignId, i64> = ballots.into_iter().collect();
        let voted = |id| ballots.get(&id).copied().unwrap_or_default();
        progress.extend(statuses.into_iter().map(|(id, status)| (id, (status, voted(id)))));
    }
    Ok(progress)
}

pub async fn insert_entries(conn: &mut Conn, rows: Vec<Entry>) -> QueryResult<()> {
    insert_all!(conn, entries::table, rows)
}

pub async fn update_entry(conn: &mut Conn, entry: &Entry) -> QueryResult<()> {
    on!(conn, c => diesel::update(entries::table.find((entry.guild_id, entry.id))).set(entry).execute(c))?;
    Ok(())
}

pub async fn delete_entry(conn: &mut Conn, guild: GuildId, id: EntryId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(entries::table.find((guild, id))).execute(c))?;
    Ok(())
}

pub async fn entries_by_id(conn: &mut Conn, guild: GuildId, ids: &[EntryId]) -> QueryResult<Vec<Entry>> {
    on_rows!(conn, Entry::load, all => all.filter(entries::guild_id.eq(guild).and(entries::id.any_of(ids))))
}

/// The entries of these campaigns, sorted by their order within a campaign.
pub async fn entries_of(conn: &mut Conn, guild: GuildId, ids: &[CampaignId]) -> QueryResult<Vec<Entry>> {
    on_rows!(conn, Entry::load, all => all
        .filter(entries::guild_id.eq(guild).and(entries::campaign_id.any_of(ids)))
        .order((entries::sort_order, entries::id)))
}

/// Locks a guild's roster against changes until the transaction ends.
async fn lock_roster(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    first_locked!(conn, LockMode::Exclusive, guilds::table.find(guild).select(guilds::id)).map(|_: GuildId| ())
}

pub async fn roster_version(conn: &mut Conn, guild: GuildId) -> QueryResult<i64> {
    on!(conn, c => guilds::table.find(guild).select(guilds::roster_version).first(c))
}

/// The live campaigns of all guilds to close early: all their electors have voted, and there is at least one ballot.
/// For the scheduler only.
pub async fn complete_campaigns(conn: &mut Conn) -> QueryResult<Vec<Campaign>> {
    let ballots =
        || ballots::table.filter(ballots::guild_id.eq(campaigns::guild_id).and(ballots::campaign_id.eq(campaigns::id)));
    let level = campaigns::min_rank_level_to_vote;
    on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::early_close_if_all_voted))
        .filter(exists(ballots()))
        .filter(not(exists(non_voters!(campaigns::guild_id, campaigns::id, level))))
        .filter(not(exists(former_non_voters!(campaigns::guild_id, campaigns::id)))))
}

/// The electors of a live campaign who have not voted: members who are eligible, or were at some moment since it went
/// live.
pub async fn non_voters(conn: &mut Conn, campaign: &Campaign) -> QueryResult<Vec<MemberId>> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    // Not the level of the given campaign, which may be of an earlier ladder than the members' levels.
    let bound = || campaigns::table.find((guild, id)).select(campaigns::min_rank_level_to_vote).single_value();
    let level = || bound().assume_not_null();
    let eligible: Vec<MemberId> = on!(conn, c => eligible!(guild, level()).select(members::id).load(c))?;
    let mut electors: HashSet<MemberId> = eligible.into_iter().collect();
    let former =
        former_electors::table.filter(former_electors::guild_id.eq(guild).and(former_electors::campaign_id.eq(id)));
    electors.extend(on!(conn, c => former.select(former_electors::member_id).load::<MemberId>(c))?);
    let voters = ballots::table.filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.eq(id)));
    for voter in on!(conn, c => voters.select(ballots::member_id).load::<MemberId>(c))? {
        electors.remove(&voter);
    }
    Ok(electors.into_iter().collect())
}

/// The campaigns of all guilds whose next step is due: live ones to close, then drafts to start that have enough
/// entries. For the scheduler only.
pub async fn due_campaigns(conn: &mut Conn, now: Timestamp) -> QueryResult<Vec<Campaign>> {
    let entry_count = entries::table
        .filter(entries::guild_id.eq(campaigns::guild_id).and(entries::campaign_id.eq(campaigns::id)))
        .select(count_star())
        .single_value();
    let entries = || entry_count.assume_not_null();
    let min_entries = i64::try_from(MIN_ENTRIES).unwrap_or_default();
    let ready =
        entries().ge(min_entries).and(entries().ge(campaigns::picks_per_voter)).and(entries().ge(campaigns::seats));
    let mut due = on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::closes_at.assume_not_null().le(now))))?;
    let starting = on_rows!(conn, Campaign::load, all => all
        .filter(campaigns::status.eq(CampaignStatus::Draft).and(campaigns::start_at.assume_not_null().le(now)).and(ready)))?;
    // Not a condition of the query: the database would read all drafts with a later end instead of the few that are
    // due.
    due.extend(starting.into_iter().filter(|draft| draft.closes_at.is_some_and(|closes| closes > now)));
    Ok(due)
}

/// The time after `now` at which the next campaign of any guild is due; for the scheduler only.
pub async fn next_due(conn: &mut Conn, now: Timestamp) -> QueryResult<Option<Timestamp>> {
    let closing: Option<Timestamp> = on!(conn, c => campaigns::table
        .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::closes_at.assume_not_null().gt(now)))
        .select(diesel::dsl::min(campaigns::closes_at))
        .first(c))?;
    let starting: Option<Timestamp> = on!(conn, c => campaigns::table
        .filter(campaigns::status.eq(CampaignStatus::Draft).and(campaigns::start_at.assume_not_null().gt(now)))
        .select(diesel::dsl::min(campaigns::start_at))
        .first(c))?;
    Ok(closing.into_iter().chain(starting).min())
}
