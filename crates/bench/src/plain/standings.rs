//! The standings of a campaign with weighted picks.

use std::sync::Arc;

use async_graphql::ID;
use axum::extract::{Path, State};
use guildhall::{app::App, kernel::id::EntryId, voting::Turnout};
use serde::Serialize;

use super::{
    DataResult, TokenViewer,
    campaigns::{CampaignFieldJson, NamedEntryJson, campaign_id},
    data,
};
use crate::sql::{Value, row, sql};

#[derive(Serialize)]
pub(super) struct TallyJson {
    id: ID,
    status: String,
    turnout: TurnoutJson,
    standings: Option<Vec<StandingJson>>,
}

#[derive(Serialize)]
struct TurnoutJson {
    eligible: i64,
    voted: i64,
    percent: f64,
}

#[derive(Serialize)]
struct StandingJson {
    place: i64,
    points: i64,
    entry: NamedEntryJson,
}

/// A campaign that the viewer may see, whether they may see its standings, and the turnout that was stored when it
/// closed.
const CAMPAIGN: &str = "
    SELECT c.status, c.min_rank_level_to_vote,
        c.status IN ('CLOSED', 'ARCHIVED') OR c.status = 'LIVE' AND (c.results_visibility = 'ALWAYS'
            OR c.results_visibility = 'AFTER_VOTING' AND (NOT v.is_active OR v.registered_at IS NULL
                OR v.rank_level < c.min_rank_level_to_vote OR EXISTS (SELECT 1 FROM ballots b
                    WHERE b.guild_id = c.guild_id AND b.campaign_id = c.id AND b.member_id = v.id))),
        t.eligible, t.voted
    FROM members v
    JOIN ranks r ON r.guild_id = v.guild_id AND r.id = v.rank_id
    JOIN campaigns c ON c.guild_id = v.guild_id
    LEFT JOIN tallies t ON t.guild_id = c.guild_id AND t.campaign_id = c.id
    WHERE v.guild_id = ? AND v.id = ? AND c.id = ?
        AND (c.min_rank_level_to_view IS NULL OR c.min_rank_level_to_view <= v.rank_level)
        AND (c.status <> 'DRAFT' OR ' ' || r.permissions || ' ' LIKE '% CAMPAIGNS_MANAGE %')";

row! {
    struct CampaignRow {
        status: String,
        min_level: i64,
        shows_standings: bool,
        stored_eligible: Option<i64>,
        stored_voted: Option<i64>,
    }
}

/// Number of members who can vote, or could when they voted, and number of voters.
const TURNOUT: &str = "
    SELECT (SELECT count(*) FROM members
            WHERE guild_id = ? AND is_active AND registered_at IS NOT NULL AND rank_level >= ?)
        + count(*) FILTER (WHERE NOT (m.is_active AND m.rank_level >= ?)), count(*)
    FROM ballots b
    JOIN members m ON m.guild_id = b.guild_id AND m.id = b.member_id
    WHERE b.guild_id = ? AND b.campaign_id = ?";

row! {
    struct TurnoutRow {
        eligible: i64,
        voted: i64,
    }
}

/// The entries of a weighted vote of three picks by their places. First picks break ties, then second picks, then third
/// picks.
const STANDINGS: &str = "
    SELECT e.id, e.name, coalesce(p.points, 0),
        rank() OVER (ORDER BY coalesce(p.points, 0) DESC, coalesce(p.firsts, 0) DESC, coalesce(p.seconds, 0) DESC) AS place
    FROM entries e
    LEFT JOIN (
        SELECT entry_id, CAST(sum(4 - position) AS BIGINT) AS points,
            count(*) FILTER (WHERE position = 1) AS firsts, count(*) FILTER (WHERE position = 2) AS seconds
        FROM picks WHERE guild_id = ? AND campaign_id = ? GROUP BY entry_id
    ) p ON p.entry_id = e.id
    WHERE e.guild_id = ? AND e.campaign_id = ?
    ORDER BY place, e.sort_order, e.id";

row! {
    struct StandingRow {
        id: i64,
        name: String,
        points: i64,
        place: i64,
    }
}

pub(super) async fn standings(
    State(app): State<Arc<App>>,
    viewer: TokenViewer,
    Path(id): Path<String>,
) -> DataResult<CampaignFieldJson<TallyJson>> {
    let TokenViewer { guild, member } = viewer;
    let id = campaign_id(id)?;
    let read = app.db.read(async move |conn| {
        let campaign = sql(CAMPAIGN, [guild.0, member.0, id.0].map(Value::Number));
        let Some(campaign) = campaign.load::<CampaignRow>(conn).await?.pop() else { return Ok(None) };
        let turnout = if let (Some(eligible), Some(voted)) = (campaign.stored_eligible, campaign.stored_voted) {
            Some(TurnoutRow { eligible, voted })
        } else {
            let level = campaign.min_level;
            sql(TURNOUT, [guild.0, level, level, guild.0, id.0].map(Value::Number)).load(conn).await?.pop()
        };
        let values = [guild.0, id.0, guild.0, id.0].map(Value::Number);
        let standings: Option<Vec<StandingRow>> =
            if campaign.shows_standings { Some(sql(STANDINGS, values).load(conn).await?) } else { None };
        Ok(Some((campaign, turnout, standings)))
    });
    let campaign = read.await?.map(|(campaign, turnout, standings)| {
        let TurnoutRow { eligible, voted } = turnout.unwrap_or(TurnoutRow { eligible: 0, voted: 0 });
        let percent = Turnout { eligible, voted, awaiting_registration: 0 }.percent();
        let standing = |StandingRow { id, name, points, place }| StandingJson {
            place,
            points,
            entry: NamedEntryJson { id: EntryId(id).into(), name },
        };
        TallyJson {
            id: id.into(),
            status: campaign.status,
            turnout: TurnoutJson { eligible, voted, percent },
            standings: standings.map(|rows| rows.into_iter().map(standing).collect()),
        }
    });
    Ok(data(CampaignFieldJson { campaign }))
}
