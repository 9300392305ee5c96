//! A ballot.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use axum::{
    Json,
    extract::{Path, State},
};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Oops, Viewer, answer,
    sql::{Value, places, sql},
    votes::NamedEntry,
};
use crate::{
    app::App,
    clock::Instant,
    db::{Conn, on},
    id::{CampaignId, EntryId},
    voting::{new_nonce, receipt_of},
};

#[derive(Deserialize)]
pub(super) struct Picks {
    picks: Vec<String>,
    nonce: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cast {
    cast_ballot: Payload,
}

#[derive(Serialize)]
struct Payload {
    ballot: Ballot,
    campaign: CampaignState,
}

#[derive(Serialize)]
struct Ballot {
    receipt: String,
    picks: Vec<NamedEntry>,
}

#[derive(Serialize)]
struct CampaignState {
    id: ID,
    status: String,
}

pub(super) async fn cast(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
    Json(sent): Json<Picks>,
) -> Answer<Cast> {
    let Viewer { guild, member } = viewer;
    let campaign = CampaignId::try_from(&ID::from(id)).map_err(|_| Oops::Refused("There is no such campaign."))?;
    let picks: Vec<EntryId> = sent
        .picks
        .into_iter()
        .map(|pick| EntryId::try_from(&ID::from(pick)).map_err(|_| Oops::Refused("There is no such entry.")))
        .collect::<Result<_, _>>()?;
    let (clock, nonce) = (app.clock.clone(), sent.nonce.unwrap_or_else(new_nonce));
    let written = app.db.write(async move |conn| {
        // Nobody closes the vote before this transaction has ended.
        let lock = if matches!(conn, Conn::Postgres(_)) { " FOR SHARE OF c" } else { "" };
        let seen = format!("{CASTABLE}{lock}");
        let values = [guild.0, member.0, campaign.0].map(Value::Number).into();
        let seen = sql::<(Text, Nullable<Timestamp>, BigInt, Bool)>(seen, values);
        let seen = on!(conn, c => seen.load::<(String, Option<Instant>, i64, bool)>(c))?.pop();
        let now = clock.now();
        let Some((status, closes_at, wanted, may)) = seen else { return Ok(None) };
        if status != "LIVE" || closes_at.is_none_or(|closes| closes <= now) || !may {
            return Ok(None);
        }
        let entries = "SELECT id, name FROM entries WHERE guild_id = ? AND campaign_id = ?";
        let entries = sql::<(BigInt, Text)>(entries, [guild.0, campaign.0].map(Value::Number).into());
        let names: HashMap<i64, String> = on!(conn, c => entries.load::<(i64, String)>(c))?.into_iter().collect();
        let named: Option<Vec<NamedEntry>> = picks
            .iter()
            .map(|pick| Some(NamedEntry { id: (*pick).into(), name: names.get(&pick.0)?.clone() }))
            .collect();
        let is_twice = |(at, pick): (usize, &EntryId)| picks.iter().take(at).any(|other| other == pick);
        let Some(named) = named.filter(|it| i64::try_from(it.len()) == Ok(wanted)) else { return Ok(None) };
        if picks.iter().enumerate().any(is_twice) {
            return Ok(None);
        }
        // Who has voted violates the primary key.
        let ballot = "INSERT INTO ballots (guild_id, campaign_id, member_id, cast_at, nonce) VALUES (?, ?, ?, ?, ?)";
        let mut values: Vec<Value> = [guild.0, campaign.0, member.0].map(Value::Number).into();
        values.extend([Value::Time(now), Value::Text(nonce.clone())]);
        let ballot = sql::<()>(ballot, values);
        on!(conn, c => ballot.execute(c))?;
        let row =
            |(position, pick): (i64, &EntryId)| [guild.0, campaign.0, member.0, position, pick.0].map(Value::Number);
        let rows = (1..).zip(&picks).flat_map(row).collect();
        let places = vec![places(5); picks.len()].join(", ");
        let insert = "INSERT INTO picks (guild_id, campaign_id, member_id, position, entry_id) VALUES ";
        let insert = sql::<()>(format!("{insert}{places}"), rows);
        on!(conn, c => insert.execute(c))?;
        Ok(Some((status, receipt_of(campaign, &nonce, &picks), named)))
    });
    let (status, receipt, picks) = written.await?.ok_or(Oops::Refused("This ballot is not taken."))?;
    let campaign = CampaignState { id: campaign.into(), status };
    Ok(answer(Cast { cast_ballot: Payload { ballot: Ballot { receipt, picks }, campaign } }))
}

/// A campaign that the voter sees, and whether they are among those who may vote.
const CASTABLE: &str = "
    SELECT c.status, c.closes_at, c.picks_per_voter,
        v.is_active AND v.registered_at IS NOT NULL AND v.rank_level >= c.min_rank_level_to_vote
    FROM members v
    JOIN campaigns c ON c.guild_id = v.guild_id
    WHERE v.guild_id = ? AND v.id = ? AND c.id = ?
        AND (c.min_rank_level_to_view IS NULL OR c.min_rank_level_to_view <= v.rank_level)";
