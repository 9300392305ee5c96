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
    let written = app.db.write(async move |conn| {
        // The vote can't be closed before this transaction ends.
        let lock = if matches!(conn, Conn::Postgres(_)) { " FOR SHARE OF c" } else { "" };
        let vote = sql(format!("{VOTE}{lock}"), [guild.0, member.0, campaign.0].map(Value::Number));
        let vote = vote.load::<VoteRow>(conn).await?.pop();
        let now = clock.now();
        let Some(vote) = vote else { return Ok(None) };
        if vote.status != "LIVE" || vote.closes_at.is_none_or(|closes| closes <= now) || !vote.is_eligible {
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
        let ballot = Ballot { campaign, member, picks, cast_at: now, nonce };
        insert_ballot(conn, guild, &ballot).await?;
        Ok(Some((vote.status, receipt_of(campaign, &ballot.nonce, &ballot.picks), named)))
    });
    let (status, receipt, picks) = written.await?.ok_or(PlainError::Refused("This ballot is not accepted."))?;
    let campaign = CampaignStatusJson { id: campaign.into(), status };
    Ok(data(CastJson { cast_ballot: PayloadJson { ballot: BallotJson { receipt, picks }, campaign } }))
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
