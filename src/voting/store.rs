//! Queries over campaigns, entries, ballots and results.

use std::collections::HashMap;

use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
};
use diesel_async::RunQueryDsl;

use super::{
    Ballot, Campaign, CampaignFilter, CampaignKey, CampaignStatus, Entry, Tally, Turnout,
    count::{PickCounts, Ranking},
};
use crate::{
    clock::Instant,
    db::{
        Conn, Lock, first_locked, insert_all, on,
        schema::{ballots, campaigns, entries, guilds, members, picks, tallies},
    },
    id::{CampaignId, EntryId, GuildId, MemberId},
    page::Page,
};

diesel::allow_columns_to_appear_in_same_group_by_clause!(ballots::campaign_id, members::rank_level, members::is_active,);

pub async fn insert_campaigns(conn: &mut Conn, rows: Vec<Campaign>) -> QueryResult<()> {
    insert_all!(conn, campaigns::table, rows, columns = 19)
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
    on!(conn, c => campaigns::table.find((guild, id)).select(Campaign::as_select()).first(c)).optional()
}

/// The campaign, locked until the transaction ends: shared by voters, exclusive for whoever moves it on.
pub async fn lock_campaign(
    conn: &mut Conn,
    guild: GuildId,
    id: CampaignId,
    lock: Lock,
) -> QueryResult<Option<Campaign>> {
    first_locked!(conn, lock, campaigns::table.find((guild, id)).select(Campaign::as_select())).optional()
}

pub async fn campaigns_by_id(conn: &mut Conn, guild: GuildId, ids: &[CampaignId]) -> QueryResult<Vec<Campaign>> {
    on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.eq(guild).and(campaigns::id.eq_any(ids)))
        .select(Campaign::as_select())
        .load(c))
}

/// Narrows a boxed query over campaigns by a filter.
macro_rules! filtered_campaigns {
    ($guild:expr, $filter:expr) => {{
        let mut query = campaigns::table.filter(campaigns::guild_id.eq($guild)).into_boxed();
        query = match $filter.viewer_level {
            Some(level) => query.filter(
                campaigns::min_rank_level_to_view
                    .is_null()
                    .or(campaigns::min_rank_level_to_view.assume_not_null().le(level)),
            ),
            None => query.filter(campaigns::min_rank_level_to_view.is_null()),
        };
        if !$filter.drafts {
            query = query.filter(campaigns::status.ne(CampaignStatus::Draft));
        }
        match &$filter.status {
            Some(statuses) => query.filter(campaigns::status.eq_any(statuses.clone())),
            None => query.filter(campaigns::status.ne(CampaignStatus::Archived)),
        }
    }};
}

/// Campaigns, newest first; from the end of the page where it is asked for backward.
pub async fn list_campaigns(
    conn: &mut Conn,
    guild: GuildId,
    filter: &CampaignFilter,
    page: &Page<CampaignKey>,
) -> QueryResult<Vec<Campaign>> {
    on!(conn, c => {
        let mut query = filtered_campaigns!(guild, filter).limit(page.limit());
        if let Some((at, id)) = page.after {
            query = query.filter(
                campaigns::created_at.lt(at).or(campaigns::created_at.eq(at).and(campaigns::id.lt(id))),
            );
        }
        if let Some((at, id)) = page.before {
            query = query.filter(
                campaigns::created_at.gt(at).or(campaigns::created_at.eq(at).and(campaigns::id.gt(id))),
            );
        }
        query = if page.backward {
            query.order((campaigns::created_at.asc(), campaigns::id.asc()))
        } else {
            query.order((campaigns::created_at.desc(), campaigns::id.desc()))
        };
        query.select(Campaign::as_select()).load(c)
    })
}

pub async fn count_campaigns(conn: &mut Conn, guild: GuildId, filter: &CampaignFilter) -> QueryResult<i64> {
    on!(conn, c => filtered_campaigns!(guild, filter).select(count_star()).first(c))
}

pub async fn insert_entries(conn: &mut Conn, rows: Vec<Entry>) -> QueryResult<()> {
    insert_all!(conn, entries::table, rows, columns = 8)
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
    on!(conn, c => entries::table
        .filter(entries::guild_id.eq(guild).and(entries::id.eq_any(ids)))
        .select(Entry::as_select())
        .load(c))
}

/// Entries of these campaigns, each campaign's in their order.
pub async fn entries_of(conn: &mut Conn, guild: GuildId, of: &[CampaignId]) -> QueryResult<Vec<Entry>> {
    on!(conn, c => entries::table
        .filter(entries::guild_id.eq(guild).and(entries::campaign_id.eq_any(of)))
        .order((entries::sort_order, entries::id))
        .select(Entry::as_select())
        .load(c))
}

#[derive(Insertable)]
#[diesel(table_name = ballots)]
struct BallotRow {
    guild_id: GuildId,
    campaign_id: CampaignId,
    member_id: MemberId,
    cast_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = picks)]
struct PickRow {
    guild_id: GuildId,
    campaign_id: CampaignId,
    member_id: MemberId,
    position: i64,
    entry_id: EntryId,
}

/// Stores ballots with their picks. A second one of the same member violates `ballots_one_per_member`.
pub async fn insert_ballots(conn: &mut Conn, guild: GuildId, cast: &[Ballot]) -> QueryResult<()> {
    let rows: Vec<BallotRow> = cast
        .iter()
        .map(|ballot| BallotRow {
            guild_id: guild,
            campaign_id: ballot.campaign,
            member_id: ballot.member,
            cast_at: ballot.cast_at,
        })
        .collect();
    let pick_rows: Vec<PickRow> = cast
        .iter()
        .flat_map(|ballot| {
            (1..).zip(&ballot.picks).map(|(position, entry)| PickRow {
                guild_id: guild,
                campaign_id: ballot.campaign,
                member_id: ballot.member,
                position,
                entry_id: *entry,
            })
        })
        .collect();
    insert_all!(conn, ballots::table, rows, columns = 4)?;
    insert_all!(conn, picks::table, pick_rows, columns = 5)
}

/// A member's ballots in these campaigns.
pub async fn ballots_by(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    of: &[CampaignId],
) -> QueryResult<Vec<Ballot>> {
    let cast: Vec<(CampaignId, Instant)> = on!(conn, c => ballots::table
        .filter(ballots::guild_id.eq(guild).and(ballots::member_id.eq(member)).and(ballots::campaign_id.eq_any(of)))
        .select((ballots::campaign_id, ballots::cast_at))
        .load(c))?;
    let picked: Vec<(CampaignId, EntryId)> = on!(conn, c => picks::table
        .filter(picks::guild_id.eq(guild).and(picks::member_id.eq(member)).and(picks::campaign_id.eq_any(of)))
        .order(picks::position)
        .select((picks::campaign_id, picks::entry_id))
        .load(c))?;
    let ballot = |(campaign, cast_at)| Ballot {
        campaign,
        member,
        picks: picked.iter().filter(|(of, _)| *of == campaign).map(|(_, entry)| *entry).collect(),
        cast_at,
    };
    Ok(cast.into_iter().map(ballot).collect())
}

pub async fn has_voted(conn: &mut Conn, guild: GuildId, campaign: CampaignId, member: MemberId) -> QueryResult<bool> {
    on!(conn, c => diesel::select(exists(ballots::table.find((guild, campaign, member)))).get_result(c))
}

/// Whether everyone eligible in a campaign has voted, and there is someone.
pub async fn is_complete(conn: &mut Conn, campaign: &Campaign) -> QueryResult<bool> {
    let eligible = || {
        members::table.filter(
            members::guild_id
                .eq(campaign.guild_id)
                .and(members::rank_level.ge(campaign.min_rank_level_to_vote))
                .and(members::is_active)
                .and(members::registered_at.is_not_null()),
        )
    };
    let their_ballot = || {
        ballots::table.filter(
            ballots::guild_id
                .eq(campaign.guild_id)
                .and(ballots::campaign_id.eq(campaign.id))
                .and(ballots::member_id.eq(members::id)),
        )
    };
    let somebody_left: bool =
        on!(conn, c => diesel::select(exists(eligible().filter(not(exists(their_ballot()))))).get_result(c))?;
    if somebody_left {
        return Ok(false);
    }
    on!(conn, c => diesel::select(exists(eligible())).get_result(c))
}

/// The roster's version, with the roster locked against changes until the transaction ends.
pub async fn lock_roster(conn: &mut Conn, guild: GuildId) -> QueryResult<i64> {
    first_locked!(conn, Lock::Exclusive, guilds::table.find(guild).select(guilds::roster_version))
}

pub async fn roster_version(conn: &mut Conn, guild: GuildId) -> QueryResult<i64> {
    on!(conn, c => guilds::table.find(guild).select(guilds::roster_version).first(c))
}

/// The turnout of campaigns as it is now.
pub async fn turnouts(
    conn: &mut Conn,
    guild: GuildId,
    of: &[(CampaignId, i64)],
) -> QueryResult<HashMap<CampaignId, Turnout>> {
    let ids: Vec<CampaignId> = of.iter().map(|(campaign, _)| *campaign).collect();
    let may_vote_at: Vec<(i64, i64)> = on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::is_active).and(members::registered_at.is_not_null()))
        .group_by(members::rank_level)
        .select((members::rank_level, count_star()))
        .load(c))?;
    // Voters by campaign and, so that those no longer eligible can be told, by what they are now.
    let voters: Vec<(CampaignId, i64, bool, i64)> = on!(conn, c => ballots::table
        .inner_join(members::table.on(members::guild_id.eq(ballots::guild_id).and(members::id.eq(ballots::member_id))))
        .filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.eq_any(&ids)))
        .group_by((ballots::campaign_id, members::rank_level, members::is_active))
        .select((ballots::campaign_id, members::rank_level, members::is_active, count_star()))
        .load(c))?;
    let turnout = |(campaign, least): &(CampaignId, i64)| {
        let (mut eligible, mut voted) = (0, 0);
        for (level, members) in &may_vote_at {
            eligible += if level >= least { *members } else { 0 };
        }
        for (_, level, is_active, ballots) in voters.iter().filter(|(of, ..)| of == campaign) {
            voted += ballots;
            // Whoever voted was registered, and registration stays.
            eligible += if *is_active && level >= least { 0 } else { *ballots };
        }
        (*campaign, Turnout { eligible, voted })
    };
    Ok(of.iter().map(turnout).collect())
}

/// How often each entry was picked at each position, in each of these campaigns.
pub async fn pick_counts(
    conn: &mut Conn,
    guild: GuildId,
    of: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, PickCounts>> {
    let rows: Vec<(CampaignId, EntryId, i64, i64)> = on!(conn, c => picks::table
        .filter(picks::guild_id.eq(guild).and(picks::campaign_id.eq_any(of)))
        .group_by((picks::campaign_id, picks::entry_id, picks::position))
        .select((picks::campaign_id, picks::entry_id, picks::position, count_star()))
        .load(c))?;
    let mut counts: HashMap<CampaignId, PickCounts> = HashMap::new();
    for (campaign, entry, position, ballots) in rows {
        let of_entry = counts.entry(campaign).or_default().entry(entry).or_default();
        let position = usize::try_from(position).unwrap_or_default();
        if of_entry.len() < position {
            of_entry.resize(position, 0);
        }
        if let Some(count) = of_entry.get_mut(position - 1) {
            *count = ballots;
        }
    }
    Ok(counts)
}

/// The ballots of each of these campaigns as rankings, equal ones together.
pub async fn rankings(
    conn: &mut Conn,
    guild: GuildId,
    of: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, Vec<Ranking>>> {
    let rows: Vec<(CampaignId, MemberId, EntryId)> = on!(conn, c => picks::table
        .filter(picks::guild_id.eq(guild).and(picks::campaign_id.eq_any(of)))
        .order((picks::campaign_id, picks::member_id, picks::position))
        .select((picks::campaign_id, picks::member_id, picks::entry_id))
        .load(c))?;
    let mut ballots: HashMap<CampaignId, HashMap<Vec<EntryId>, i64>> = HashMap::new();
    for ballot in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        if let Some((campaign, ..)) = ballot.first() {
            let ranking = ballot.iter().map(|(_, _, entry)| *entry).collect();
            *ballots.entry(*campaign).or_default().entry(ranking).or_default() += 1;
        }
    }
    Ok(ballots.into_iter().map(|(campaign, rankings)| (campaign, rankings.into_iter().collect())).collect())
}

/// A result as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = tallies)]
pub struct ResultRow {
    pub guild_id: GuildId,
    pub campaign_id: CampaignId,
    pub revision: i64,
    pub eligible: i64,
    pub voted: i64,
    pub outcome: String,
    pub counted_at: Instant,
}

impl ResultRow {
    pub fn new(tally: &Tally) -> Self {
        Self {
            guild_id: tally.campaign.guild_id,
            campaign_id: tally.campaign.id,
            revision: tally.revision,
            eligible: tally.turnout.eligible,
            voted: tally.turnout.voted,
            outcome: serde_json::to_string(&tally.outcome).unwrap_or_default(),
            counted_at: tally.counted_at,
        }
    }
}

/// Stores final results; a campaign has one.
pub async fn insert_results(conn: &mut Conn, rows: Vec<ResultRow>) -> QueryResult<()> {
    insert_all!(conn, tallies::table, rows, columns = 7)
}

pub async fn results(conn: &mut Conn, guild: GuildId, of: &[CampaignId]) -> QueryResult<Vec<ResultRow>> {
    on!(conn, c => tallies::table
        .filter(tallies::guild_id.eq(guild).and(tallies::campaign_id.eq_any(of)))
        .select(ResultRow::as_select())
        .load(c))
}

/// Live campaigns that close as soon as everyone has voted: of a guild or, for the scheduler alone, of all guilds.
pub async fn closing_early(conn: &mut Conn, guild: Option<GuildId>) -> QueryResult<Vec<Campaign>> {
    on!(conn, c => {
        let mut query = campaigns::table
            .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::early_close_if_all_voted))
            .into_boxed();
        if let Some(guild) = guild {
            query = query.filter(campaigns::guild_id.eq(guild));
        }
        query.select(Campaign::as_select()).load(c)
    })
}

/// Campaigns of all guilds whose next step is due: live ones to close, drafts to start. For the scheduler alone.
pub async fn due(conn: &mut Conn, now: Instant) -> QueryResult<Vec<Campaign>> {
    on!(conn, c => campaigns::table
        .filter(
            campaigns::status.eq(CampaignStatus::Live).and(campaigns::closes_at.assume_not_null().le(now))
                .or(campaigns::status.eq(CampaignStatus::Draft)
                    .and(campaigns::start_at.assume_not_null().le(now))
                    .and(campaigns::closes_at.assume_not_null().gt(now))),
        )
        .select(Campaign::as_select())
        .load(c))
}

/// When the next campaign of any guild is due, after `now`. For the scheduler alone.
pub async fn next_due(conn: &mut Conn, now: Instant) -> QueryResult<Option<Instant>> {
    let closing: Option<Instant> = on!(conn, c => campaigns::table
        .filter(campaigns::status.eq(CampaignStatus::Live).and(campaigns::closes_at.assume_not_null().gt(now)))
        .select(diesel::dsl::min(campaigns::closes_at))
        .first(c))?;
    let starting: Option<Instant> = on!(conn, c => campaigns::table
        .filter(campaigns::status.eq(CampaignStatus::Draft).and(campaigns::start_at.assume_not_null().gt(now)))
        .select(diesel::dsl::min(campaigns::start_at))
        .first(c))?;
    Ok(closing.into_iter().chain(starting).min())
}
