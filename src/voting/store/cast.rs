//! Queries over ballots, their sums, and results.

use std::{collections::HashMap, sync::Arc};

use diesel::{
    dsl::{count, count_star, exists, not},
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{self, Array, BigInt, Text},
};
use diesel_async::RunQueryDsl;
use guildhall_count::{PickCounts, Ranking};

use crate::{
    db::{
        AnyOf, Conn, insert_all, insert_few, on,
        schema::{ballots, former_electors, members, picks, tallies},
    },
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{CampaignId, EntryId, GuildId, MemberId},
    },
    voting::{
        published_ballot::PublishedBallot,
        rows::{Ballot, Outcome, StoredResult, Tally, Turnout},
    },
};

/// A campaign, a rank level, whether the members are active, their number, and how many of them have an account.
type ElectorCount = (CampaignId, i64, bool, i64, i64);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    ballots::campaign_id,
    former_electors::campaign_id,
    members::rank_level,
    members::is_active,
);

#[derive(Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = ballots)]
struct BallotRow {
    guild_id: GuildId,
    campaign_id: CampaignId,
    member_id: MemberId,
    cast_at: Timestamp,
    nonce: String,
}

#[derive(Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = picks)]
struct PickRow {
    guild_id: GuildId,
    campaign_id: CampaignId,
    member_id: MemberId,
    position: i64,
    entry_id: EntryId,
}

/// PostgreSQL's statement for one ballot with its picks.
struct InsertBallot<'b> {
    guild: GuildId,
    ballot: &'b Ballot,
}

impl QueryId for InsertBallot<'_> {
    type QueryId = InsertBallot<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for InsertBallot<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Ballot { campaign, member, picks, cast_at, nonce } = self.ballot;
        out.push_sql("WITH ballot AS (INSERT INTO ballots (guild_id, campaign_id, member_id, cast_at, nonce) VALUES (");
        out.push_bind_param::<BigInt, GuildId>(&self.guild)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, CampaignId>(campaign)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, MemberId>(member)?;
        out.push_sql(", ");
        out.push_bind_param::<sql_types::Timestamp, Timestamp>(cast_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, String>(nonce)?;
        out.push_sql(
            ") RETURNING guild_id, campaign_id, member_id)
            INSERT INTO picks (guild_id, campaign_id, member_id, position, entry_id)
            SELECT ballot.*, picked.position, picked.entry FROM ballot, unnest(",
        );
        out.push_bind_param::<Array<BigInt>, [EntryId]>(picks)?;
        out.push_sql(") WITH ORDINALITY AS picked (entry, position)");
        Ok(())
    }
}

/// Stores a ballot as [`insert_ballots`] does, on PostgreSQL in one statement.
pub async fn insert_ballot(conn: &mut Conn, guild: GuildId, ballot: &Ballot) -> QueryResult<()> {
    match conn {
        Conn::Postgres(conn) => InsertBallot { guild, ballot }.execute(&mut **conn).await.map(|_| ()),
        Conn::Sqlite(_) => insert_ballots(conn, guild, std::slice::from_ref(ballot)).await,
    }
}

/// Stores ballots with their picks. A member's second ballot violates `ballots_one_per_member`, and a nonce that
/// another ballot has violates `ballots_nonce`.
pub async fn insert_ballots(conn: &mut Conn, guild: GuildId, cast: &[Ballot]) -> QueryResult<()> {
    let rows: Vec<BallotRow> = cast
        .iter()
        .map(|ballot| BallotRow {
            guild_id: guild,
            campaign_id: ballot.campaign,
            member_id: ballot.member,
            cast_at: ballot.cast_at,
            nonce: ballot.nonce.clone(),
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
    insert_few!(conn, ballots::table, rows, few = [1])?;
    insert_few!(conn, picks::table, pick_rows, few = [1 2 3 4 5 6 7 8 9 10])
}

/// A member's ballots in these campaigns.
pub async fn ballots_by(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    ids: &[CampaignId],
) -> QueryResult<Vec<Ballot>> {
    let cast: Vec<(CampaignId, Timestamp, String)> = on!(conn, c => ballots::table
        .filter(ballots::guild_id.eq(guild).and(ballots::member_id.eq(member)).and(ballots::campaign_id.any_of(ids)))
        .select((ballots::campaign_id, ballots::cast_at, ballots::nonce))
        .load(c))?;
    let picked: Vec<(CampaignId, EntryId)> = on!(conn, c => picks::table
        .filter(picks::guild_id.eq(guild).and(picks::member_id.eq(member)).and(picks::campaign_id.any_of(ids)))
        .order(picks::position)
        .select((picks::campaign_id, picks::entry_id))
        .load(c))?;
    let ballot = |(campaign, cast_at, nonce)| Ballot {
        campaign,
        member,
        picks: picked.iter().filter(|(id, _)| *id == campaign).map(|(_, entry)| *entry).collect(),
        cast_at,
        nonce,
    };
    Ok(cast.into_iter().map(ballot).collect())
}

pub async fn has_voted(conn: &mut Conn, guild: GuildId, campaign: CampaignId, member: MemberId) -> QueryResult<bool> {
    on!(conn, c => diesel::select(exists(ballots::table.find((guild, campaign, member)))).get_result(c))
}

/// The number of ballots of each of these campaigns. A campaign without ballots is not in the result.
pub async fn ballots_cast(
    conn: &mut Conn,
    guild: GuildId,
    ids: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, i64>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let voted: Vec<(CampaignId, i64)> = on!(conn, c => ballots::table
        .filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.any_of(ids)))
        .group_by(ballots::campaign_id)
        .select((ballots::campaign_id, count_star()))
        .load(c))?;
    Ok(voted.into_iter().collect())
}

/// The number of active members at each rank level, and how many of them are registered.
pub async fn electorate_by_level(conn: &mut Conn, guild: GuildId) -> QueryResult<Vec<(i64, i64, i64)>> {
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::is_active))
        .group_by(members::rank_level)
        .select((members::rank_level, count_star(), count(members::registered_at)))
        .load(c))
}

/// The number of former electors of each of these campaigns who have not voted, by their current rank level and by
/// whether they are active, and how many of them have an account.
pub async fn former_electors_by_level(
    conn: &mut Conn,
    guild: GuildId,
    ids: &[CampaignId],
) -> QueryResult<Vec<ElectorCount>> {
    let own_ballot = || {
        ballots::table.filter(
            ballots::guild_id
                .eq(former_electors::guild_id)
                .and(ballots::campaign_id.eq(former_electors::campaign_id))
                .and(ballots::member_id.eq(former_electors::member_id)),
        )
    };
    on!(conn, c => former_electors::table
        .inner_join(members::table.on(
            members::guild_id.eq(former_electors::guild_id).and(members::id.eq(former_electors::member_id)),
        ))
        .filter(former_electors::guild_id.eq(guild).and(former_electors::campaign_id.any_of(ids)))
        .filter(not(exists(own_ballot())))
        .group_by((former_electors::campaign_id, members::rank_level, members::is_active))
        .select((
            former_electors::campaign_id,
            members::rank_level,
            members::is_active,
            count_star(),
            count(members::registered_at),
        ))
        .load(c))
}

/// The number of voters of each of these campaigns, by their current rank level and by whether they are active, and how
/// many of them have an account.
pub async fn voters_by_level(conn: &mut Conn, guild: GuildId, ids: &[CampaignId]) -> QueryResult<Vec<ElectorCount>> {
    on!(conn, c => ballots::table
        .inner_join(members::table.on(members::guild_id.eq(ballots::guild_id).and(members::id.eq(ballots::member_id))))
        .filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.any_of(ids)))
        .group_by((ballots::campaign_id, members::rank_level, members::is_active))
        .select((
            ballots::campaign_id,
            members::rank_level,
            members::is_active,
            count_star(),
            count(members::registered_at),
        ))
        .load(c))
}

/// How often each entry was picked at each position, for each of these campaigns.
pub async fn pick_counts(
    conn: &mut Conn,
    guild: GuildId,
    ids: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, PickCounts<EntryId>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(CampaignId, EntryId, i64, i64)> = on!(conn, c => picks::table
        .filter(picks::guild_id.eq(guild).and(picks::campaign_id.any_of(ids)))
        .group_by((picks::campaign_id, picks::entry_id, picks::position))
        .select((picks::campaign_id, picks::entry_id, picks::position, count_star()))
        .load(c))?;
    let mut counts: HashMap<CampaignId, PickCounts<EntryId>> = HashMap::new();
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

/// The ballots of each of these campaigns as rankings, each with the number of equal ballots.
pub async fn rankings(
    conn: &mut Conn,
    guild: GuildId,
    ids: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, Vec<Ranking<EntryId>>>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(CampaignId, MemberId, EntryId)> = on!(conn, c => picks::table
        .filter(picks::guild_id.eq(guild).and(picks::campaign_id.any_of(ids)))
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

/// The total number of ballots of these campaigns.
pub async fn count_ballots(conn: &mut Conn, guild: GuildId, ids: &[CampaignId]) -> QueryResult<i64> {
    on!(conn, c => ballots::table
        .filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.any_of(ids)))
        .select(count_star())
        .first(c))
}

/// The ballots of each of these campaigns, without their voters and in an unspecified order.
pub async fn published_ballots(
    conn: &mut Conn,
    guild: GuildId,
    ids: &[CampaignId],
) -> QueryResult<HashMap<CampaignId, Vec<PublishedBallot>>> {
    let rows: Vec<(CampaignId, String, EntryId)> = on!(conn, c => ballots::table
        .inner_join(picks::table.on(picks::guild_id
            .eq(ballots::guild_id)
            .and(picks::campaign_id.eq(ballots::campaign_id))
            .and(picks::member_id.eq(ballots::member_id))))
        .filter(ballots::guild_id.eq(guild).and(ballots::campaign_id.any_of(ids)))
        .order((ballots::campaign_id, ballots::nonce, picks::position))
        .select((ballots::campaign_id, ballots::nonce, picks::entry_id))
        .load(c))?;
    let mut published: HashMap<CampaignId, Vec<PublishedBallot>> = HashMap::new();
    for ballot in rows.chunk_by(|a, b| (a.0, &a.1) == (b.0, &b.1)) {
        if let Some((campaign, nonce, _)) = ballot.first() {
            let picks = ballot.iter().map(|(_, _, entry)| *entry).collect();
            let ballot = PublishedBallot::new(*campaign, nonce.clone(), picks);
            published.entry(*campaign).or_default().push(ballot);
        }
    }
    Ok(published)
}

/// A stored result.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = tallies)]
pub struct ResultRow {
    pub guild_id: GuildId,
    pub campaign_id: CampaignId,
    pub revision: i64,
    pub eligible: i64,
    pub voted: i64,
    pub outcome: String,
    pub counted_at: Timestamp,
    pub awaiting_registration: i64,
}

impl ResultRow {
    pub fn new(tally: &Tally) -> Self {
        Self {
            guild_id: tally.campaign.guild_id,
            campaign_id: tally.campaign.id,
            revision: tally.revision,
            eligible: tally.turnout.eligible,
            voted: tally.turnout.voted,
            outcome: serde_json::to_string(&*tally.outcome).unwrap_or_default(),
            counted_at: tally.counted_at,
            awaiting_registration: tally.turnout.awaiting_registration,
        }
    }

    /// Parses the standings and the steps of the count.
    ///
    /// # Errors
    /// `INTERNAL` if the stored JSON is invalid.
    pub fn parse(&self) -> Result<StoredResult> {
        let Self { revision, eligible, voted, awaiting_registration, counted_at, .. } = *self;
        let outcome: Outcome = serde_json::from_str(&self.outcome)
            .map_err(|error| Error::internal(format!("a stored result cannot be read: {error}")))?;
        let turnout = Turnout { eligible, voted, awaiting_registration };
        Ok(StoredResult { revision, turnout, outcome: Arc::new(outcome), counted_at })
    }
}

/// Stores the results of closed campaigns. A campaign has one result.
pub async fn insert_results(conn: &mut Conn, rows: Vec<ResultRow>) -> QueryResult<()> {
    insert_all!(conn, tallies::table, rows)
}

pub async fn results(conn: &mut Conn, guild: GuildId, ids: &[CampaignId]) -> QueryResult<Vec<ResultRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    on!(conn, c => tallies::table
        .filter(tallies::guild_id.eq(guild).and(tallies::campaign_id.any_of(ids)))
        .select(ResultRow::as_select())
        .load(c))
}
