//! Casting a ballot.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use axum::{
    Json,
    extract::{Path, State},
};
use diesel::QueryResult;
use guildhall::{
    app::App,
    db::Conn,
    kernel::{
        clock::Timestamp,
        id::{EntryId, GuildId},
    },
    voting::{Ballot, new_nonce, receipt_of},
};
use serde::{Deserialize, Serialize};

use super::{
    DataResult, PlainError, TokenViewer,
    campaigns::{NamedEntryJson, campaign_id},
    data,
};
use crate::sql::{Value, placeholders, row, sql};

#[derive(Deserialize)]
pub(super) struct CastInput {
    picks: Vec<String>,
    nonce: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CastJson {
    cast_ballot: PayloadJson,
}

#[derive(Serialize)]
struct PayloadJson {
    ballot: BallotJson,
    campaign: CampaignStatusJson,
}

#[derive(Serialize)]
struct BallotJson {
    receipt: String,
    picks: Vec<NamedEntryJson>,
}

#[derive(Serialize)]
struct CampaignStatusJson {
    id: ID,
    status: String,
}

/// A campaign that the voter may see, and whether their rank and registration let them vote in it.
const VOTE: &str = "
    SELECT c.status, c.closes_at, c.picks_per_voter,
        v.is_active AND v.registered_at IS NOT NULL AND v.rank_level >= c.min_rank_level_to_vote
    FROM members v
    JOIN campaigns c ON c.guild_id = v.guild_id
    WHERE v.guild_id = ? AND v.id = ? AND c.id = ?
        AND (c.min_rank_level_to_view IS NULL OR c.min_rank_level_to_view <= v.rank_level)";

row! {
    struct VoteRow {
        status: String,
        closes_at: Option<Timestamp>,
        picks_per_voter: i64,
        is_eligible: bool,
    }
}

row! {
    struct EntryNameRow {
        id: i64,
        name: String,
    }
}

pub(super) async fn cast(
    State(app): State<Arc<App>>,
    viewer: TokenViewer,
    Path(id): Path<String>,
    Json(input): Json<CastInput>,
) -> DataResult<CastJson> {
    let TokenViewer { guild, member } = viewer;
    let campaign = campaign_id(id)?;
    let picks: Vec<EntryId> = input
        .picks
        .into_iter()
        .map(|pick| EntryId::try_from(&ID::from(pick)).map_err(|_| PlainError::Refused("There is no such entry.")))
        .collect::<Result<_, _>>()?;
    let (clock, nonce) = (app.clock.clone(), input.nonce.unwrap_or_else(new_nonce));
    let ballot = Ballot { campaign, member, picks, cast_at: clock.now(), nonce };
    let receipt = receipt_of(campaign, &ballot.nonce, &ballot.picks);
    let cast = if app.db.is_shared() {
        app.db.read(async move |conn| Ok(cast_at_once(conn, guild, &ballot).await?)).await?
    } else {
        app.db.write(async move |conn| Ok(cast_in_steps(conn, guild, &ballot).await?)).await?
    };
    let (status, picks) = cast.ok_or(PlainError::Refused("This ballot is not accepted."))?;
    let campaign = CampaignStatusJson { id: campaign.into(), status };
    Ok(data(CastJson { cast_ballot: PayloadJson { ballot: BallotJson { receipt, picks }, campaign } }))
}

/// The campaign's status and the names of the picks, in their order.
type Cast = Option<(String, Vec<NamedEntryJson>)>;

/// PostgreSQL's own: one statement checks the vote and the picks, and inserts the ballot. Its lock lets nobody close the
/// vote meanwhile.
async fn cast_at_once(conn: &mut Conn, guild: GuildId, ballot: &Ballot) -> QueryResult<Cast> {
    let positions: Vec<String> = (1..=ballot.picks.len()).map(|position| format!("({position}, ?)")).collect();
    let statement = format!(
        "WITH vote AS (
            SELECT c.id, c.status
            FROM members v
            JOIN campaigns c ON c.guild_id = v.guild_id
            WHERE v.guild_id = ? AND v.id = ? AND c.id = ? AND c.status = 'LIVE' AND c.closes_at > ?
                AND c.picks_per_voter = ? AND v.is_active AND v.registered_at IS NOT NULL
                AND v.rank_level >= c.min_rank_level_to_vote
                AND (c.min_rank_level_to_view IS NULL OR c.min_rank_level_to_view <= v.rank_level)
            FOR SHARE OF c
        ), picked AS (
            SELECT e.id, e.name, p.position
            FROM vote
            CROSS JOIN (VALUES {}) p (position, entry)
            JOIN entries e ON e.guild_id = ? AND e.campaign_id = vote.id AND e.id = p.entry
        ), ballot AS (
            INSERT INTO ballots (guild_id, campaign_id, member_id, cast_at, nonce)
            SELECT ?, vote.id, ?, ?, ? FROM vote WHERE (SELECT count(DISTINCT id) FROM picked) = ?
            RETURNING guild_id, campaign_id, member_id
        ), inserted AS (
            INSERT INTO picks (guild_id, campaign_id, member_id, position, entry_id)
            SELECT b.guild_id, b.campaign_id, b.member_id, p.position, p.id FROM ballot b, picked p
        )
        SELECT vote.status, p.id, p.name FROM vote, ballot, picked p ORDER BY p.position",
        positions.join(", ")
    );
    let count = Value::Number(i64::try_from(ballot.picks.len()).unwrap_or_default());
    let (guild, member) = (Value::Number(guild.0), Value::Number(ballot.member.0));
    let mut values = vec![guild.clone(), member.clone(), Value::Number(ballot.campaign.0), Value::Time(ballot.cast_at)];
    values.push(count.clone());
    values.extend(ballot.picks.iter().map(|pick| Value::Number(pick.0)));
    values.extend([
        guild.clone(),
        guild,
        member,
        Value::Time(ballot.cast_at),
        Value::Text(ballot.nonce.clone()),
        count,
    ]);
    let rows: Vec<CastRow> = sql(statement, values).load(conn).await?;
    let status = rows.first().map(|row| row.status.clone());
    let picks = rows.into_iter().map(|row| NamedEntryJson { id: EntryId(row.id).into(), name: row.name }).collect();
    Ok(status.map(|status| (status, picks)))
}

row! {
    struct CastRow {
        status: String,
        id: i64,
        name: String,
    }
}

/// SQLite's own: a write transaction of it locks out all others, and its statements have no round trips.
async fn cast_in_steps(conn: &mut Conn, guild: GuildId, ballot: &Ballot) -> QueryResult<Cast> {
    let (campaign, picks) = (ballot.campaign, &ballot.picks);
    let vote = sql(VOTE, [guild.0, ballot.member.0, campaign.0].map(Value::Number));
    let Some(vote) = vote.load::<VoteRow>(conn).await?.pop() else { return Ok(None) };
    if vote.status != "LIVE" || vote.closes_at.is_none_or(|closes| closes <= ballot.cast_at) || !vote.is_eligible {
        return Ok(None);
    }
    let entries = "SELECT id, name FROM entries WHERE guild_id = ? AND campaign_id = ?";
    let entries = sql(entries, [guild.0, campaign.0].map(Value::Number));
    let names: HashMap<i64, String> =
        entries.load::<EntryNameRow>(conn).await?.into_iter().map(|row| (row.id, row.name)).collect();
    let named: Option<Vec<NamedEntryJson>> = picks
        .iter()
        .map(|pick| Some(NamedEntryJson { id: (*pick).into(), name: names.get(&pick.0)?.clone() }))
        .collect();
    let is_duplicate = |(at, pick): (usize, &EntryId)| picks.iter().take(at).any(|other| other == pick);
    let Some(named) = named.filter(|it| i64::try_from(it.len()) == Ok(vote.picks_per_voter)) else {
        return Ok(None);
    };
    if picks.iter().enumerate().any(is_duplicate) {
        return Ok(None);
    }
    insert_ballot(conn, guild, ballot).await?;
    Ok(Some((vote.status, named)))
}

/// Inserts a ballot with its picks. A second ballot of the same member violates the primary key.
pub(crate) async fn insert_ballot(conn: &mut Conn, guild: GuildId, ballot: &Ballot) -> QueryResult<()> {
    let key = [guild.0, ballot.campaign.0, ballot.member.0];
    let insert = "INSERT INTO ballots (guild_id, campaign_id, member_id, cast_at, nonce) VALUES (?, ?, ?, ?, ?)";
    let mut values: Vec<Value> = key.map(Value::Number).into();
    values.extend([Value::Time(ballot.cast_at), Value::Text(ballot.nonce.clone())]);
    sql(insert, values).execute(conn).await?;
    let [guild, campaign, member] = key;
    let pick = |(position, entry): (i64, &EntryId)| [guild, campaign, member, position, entry.0].map(Value::Number);
    let values: Vec<Value> = (1..).zip(&ballot.picks).flat_map(pick).collect();
    let rows = vec![placeholders(5); ballot.picks.len()].join(", ");
    let insert = "INSERT INTO picks (guild_id, campaign_id, member_id, position, entry_id) VALUES";
    sql(format!("{insert} {rows}"), values).execute(conn).await?;
    Ok(())
}
