//! Pages of campaigns.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use axum::extract::{Path, State};
use guildhall::{
    app::App,
    db::Conn,
    kernel::{
        clock::Timestamp,
        error,
        id::{CampaignId, EntryId, GuildId},
    },
    voting::Turnout,
};
use serde::Serialize;

use super::{DataResult, PageInfoJson, PlainError, TokenViewer, data, rfc3339};
use crate::sql::{Value, placeholders, row, sql};

#[derive(Serialize)]
pub(super) struct CampaignsJson {
    campaigns: CampaignPageJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CampaignPageJson {
    page_info: PageInfoJson,
    nodes: Vec<ListedCampaignJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedCampaignJson {
    id: ID,
    title: String,
    status: String,
    method: String,
    closes_at: Option<String>,
    created_by: Option<MemberNameJson>,
    entries: Vec<NamedEntryJson>,
    turnout: TurnoutJson,
    viewer_can_vote: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberNameJson {
    display_name: String,
}

#[derive(Serialize)]
pub(super) struct NamedEntryJson {
    pub(super) id: ID,
    pub(super) name: String,
}

#[derive(Serialize)]
struct TurnoutJson {
    eligible: i64,
    voted: i64,
    percent: f64,
}

impl From<Turnout> for TurnoutJson {
    fn from(turnout: Turnout) -> Self {
        Self { eligible: turnout.eligible, voted: turnout.voted, percent: turnout.percent() }
    }
}

/// The campaigns that the viewer may see, with the columns of campaign and viewer that the responses need. Two other
/// statements load the entries, and the turnout of a campaign without a stored result.
const CAMPAIGNS: &str = "
    SELECT c.id, c.title, c.status, c.method, c.created_at, c.closes_at, c.min_rank_level_to_vote,
        c.results_visibility, c.description, o.display_name, t.eligible, t.voted,
        v.rank_level, v.is_active AND v.registered_at IS NOT NULL,
        EXISTS (SELECT 1 FROM ballots b WHERE b.guild_id = c.guild_id AND b.campaign_id = c.id AND b.member_id = v.id)
    FROM members v
    JOIN ranks r ON r.guild_id = v.guild_id AND r.id = v.rank_id
    JOIN campaigns c ON c.guild_id = v.guild_id
    LEFT JOIN members o ON o.guild_id = c.guild_id AND o.id = c.created_by
    LEFT JOIN tallies t ON t.guild_id = c.guild_id AND t.campaign_id = c.id
    WHERE v.guild_id = ? AND v.id = ?
        AND (c.min_rank_level_to_view IS NULL OR c.min_rank_level_to_view <= v.rank_level)
        AND (c.status <> 'DRAFT' OR ' ' || r.permissions || ' ' LIKE '% CAMPAIGNS_MANAGE %')";

row! {
    struct CampaignRow {
        id: i64,
        title: String,
        status: String,
        method: String,
        created_at: Timestamp,
        closes_at: Option<Timestamp>,
        min_level: i64,
        results_visibility: String,
        description: Option<String>,
        creator: Option<String>,
        stored_eligible: Option<i64>,
        stored_voted: Option<i64>,
        viewer_level: i64,
        is_viewer_registered: bool,
        has_viewer_voted: bool,
    }
}

impl CampaignRow {
    fn is_live(&self, now: Timestamp) -> bool {
        self.status == "LIVE" && self.closes_at.is_some_and(|closes| now < closes)
    }

    fn cannot_vote_reason(&self, now: Timestamp) -> Option<&'static str> {
        if !self.is_viewer_registered {
            Some("NOT_REGISTERED")
        } else if !self.is_live(now) {
            Some("NOT_LIVE")
        } else if self.has_viewer_voted {
            Some("ALREADY_VOTED")
        } else if self.viewer_level < self.min_level {
            Some("RANK_TOO_LOW")
        } else {
            None
        }
    }

    fn shows_standings(&self) -> bool {
        let is_eligible = self.is_viewer_registered && self.viewer_level >= self.min_level;
        match (self.status.as_str(), self.results_visibility.as_str()) {
            ("LIVE", "ALWAYS") => true,
            ("LIVE", "AFTER_VOTING") => self.has_viewer_voted || !is_eligible,
            _ => false,
        }
    }

    const fn stored_turnout(&self) -> Option<Turnout> {
        match (self.stored_eligible, self.stored_voted) {
            (Some(eligible), Some(voted)) => Some(Turnout { eligible, voted, awaiting_registration: NOT_ASKED_FOR }),
            _ => None,
        }
    }
}

/// No page of the benchmark asks for the members without an account.
const NOT_ASKED_FOR: i64 = 0;

/// Number of members who can vote, by rank level. The unary plus keeps SQLite from an index that would need a lookup of
/// every member.
const ELECTORATE: &str = "
    SELECT min(rank_level), count(*) FROM members
    WHERE guild_id = ? AND is_active AND registered_at IS NOT NULL
    GROUP BY +rank_level";

row! {
    struct LevelRow {
        level: i64,
        members: i64,
    }
}

/// Number of voters in a campaign, and how many of them are no longer eligible. One join for each campaign avoids the
/// sort of a grouping.
const VOTED: &str = "
    SELECT ?, count(*), count(*) FILTER (WHERE NOT (m.is_active AND m.rank_level >= ?))
    FROM ballots b
    JOIN members m ON m.guild_id = b.guild_id AND m.id = b.member_id
    WHERE b.guild_id = ? AND b.campaign_id = ?";

row! {
    struct VotedRow {
        campaign: i64,
        voted: i64,
        ineligible: i64,
    }
}

/// The turnouts of campaigns, each given by its id and the lowest level that may vote.
async fn turnouts(conn: &mut Conn, guild: GuildId, campaigns: &[(i64, i64)]) -> error::Result<HashMap<i64, Turnout>> {
    if campaigns.is_empty() {
        return Ok(HashMap::new());
    }
    let electorate: Vec<LevelRow> = sql(ELECTORATE, [Value::Number(guild.0)]).load(conn).await?;
    let statement = vec![VOTED; campaigns.len()].join(" UNION ALL ");
    let values = campaigns.iter().flat_map(|(id, min_level)| [*id, *min_level, guild.0, *id].map(Value::Number));
    let voted: Vec<VotedRow> = sql(statement, values.collect::<Vec<_>>()).load(conn).await?;
    let voted: HashMap<i64, VotedRow> = voted.into_iter().map(|row| (row.campaign, row)).collect();
    let turnout = |(id, min_level): &(i64, i64)| {
        let eligible: i64 = electorate.iter().filter(|row| row.level >= *min_level).map(|row| row.members).sum();
        let (voted, ineligible) = voted.get(id).map_or((0, 0), |row| (row.voted, row.ineligible));
        (*id, Turnout { eligible: eligible + ineligible, voted, awaiting_registration: NOT_ASKED_FOR })
    };
    Ok(campaigns.iter().map(turnout).collect())
}

row! {
    struct ListedEntryRow {
        campaign: i64,
        id: i64,
        name: String,
    }
}

pub(super) async fn campaigns(State(app): State<Arc<App>>, viewer: TokenViewer) -> DataResult<CampaignsJson> {
    const SIZE: usize = 25;
    let TokenViewer { guild, member } = viewer;
    let now = app.clock.now();
    let (rows, entries, mut turnouts) = app
        .db
        .read(async move |conn| {
            let newest =
                format!("{CAMPAIGNS} AND c.status <> 'ARCHIVED' ORDER BY c.created_at DESC, c.id DESC LIMIT 26");
            let rows: Vec<CampaignRow> = sql(newest, [guild.0, member.0].map(Value::Number)).load(conn).await?;
            let listed = || rows.iter().take(SIZE);
            let ids = placeholders(listed().count());
            let entries = format!(
                "SELECT campaign_id, id, name FROM entries WHERE guild_id = ? AND campaign_id IN {ids} ORDER BY sort_order, id"
            );
            let values: Vec<Value> = [guild.0].into_iter().chain(listed().map(|row| row.id)).map(Value::Number).collect();
            let entries: Vec<ListedEntryRow> = match rows.len() {
                0 => Vec::new(),
                _ => sql(entries, values).load(conn).await?,
            };
            let without_result = listed().filter(|row| row.stored_turnout().is_none());
            let without_result: Vec<(i64, i64)> = without_result.map(|row| (row.id, row.min_level)).collect();
            let turnouts = turnouts(conn, guild, &without_result).await?;
            Ok((rows, entries, turnouts))
        })
        .await?;
    let mut entries_of: HashMap<i64, Vec<NamedEntryJson>> = HashMap::new();
    for entry in entries {
        let named = NamedEntryJson { id: EntryId(entry.id).into(), name: entry.name };
        entries_of.entry(entry.campaign).or_default().push(named);
    }
    let has_next_page = rows.len() > SIZE;
    let cursor = |row: &CampaignRow| app.accounts.keys.cursors.encode("Campaign", guild, &(row.created_at, row.id));
    let end_cursor = rows.iter().take(SIZE).next_back().map(cursor);
    let node = |row: CampaignRow| ListedCampaignJson {
        id: CampaignId(row.id).into(),
        entries: entries_of.remove(&row.id).unwrap_or_default(),
        turnout: row.stored_turnout().or_else(|| turnouts.remove(&row.id)).unwrap_or_default().into(),
        viewer_can_vote: row.cannot_vote_reason(now).is_none(),
        title: row.title,
        status: row.status,
        method: row.method,
        closes_at: row.closes_at.map(rfc3339),
        created_by: row.creator.map(|display_name| MemberNameJson { display_name }),
    };
    let nodes = rows.into_iter().take(SIZE).map(node).collect();
    let page_info = PageInfoJson { has_next_page, end_cursor };
    Ok(data(CampaignsJson { campaigns: CampaignPageJson { page_info, nodes } }))
}

#[derive(Serialize)]
pub(super) struct CampaignFieldJson<T> {
    campaign: Option<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CampaignJson {
    id: ID,
    title: String,
    description: Option<String>,
    status: String,
    method: String,
    closes_at: Option<String>,
    created_by: Option<MemberNameJson>,
    entries: Vec<EntryJson>,
    turnout: TurnoutJson,
    viewer_can_vote: bool,
    viewer_cannot_vote_reason: Option<&'static str>,
    standings: Option<Vec<StandingJson>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson {
    id: ID,
    name: String,
    description: Option<String>,
    associated_member: Option<MemberNameJson>,
}

#[derive(Serialize)]
struct StandingJson {
    place: i64,
    points: i64,
    entry: NamedEntryJson,
}

#[derive(Serialize)]
pub(super) struct TallyJson {
    id: ID,
    status: String,
    turnout: TurnoutJson,
    standings: Option<Vec<StandingJson>>,
}

/// The entries of a weighted vote of three picks in their order, with their places and points. First picks break ties,
/// then second picks, then third picks.
const STANDINGS: &str = "
    SELECT e.id, e.name, e.description, m.display_name, coalesce(p.points, 0),
        rank() OVER (ORDER BY coalesce(p.points, 0) DESC, coalesce(p.firsts, 0) DESC, coalesce(p.seconds, 0) DESC)
    FROM entries e
    LEFT JOIN members m ON m.guild_id = e.guild_id AND m.id = e.associated_member_id
    LEFT JOIN (
        SELECT entry_id, CAST(sum(4 - position) AS BIGINT) AS points,
            count(*) FILTER (WHERE position = 1) AS firsts, count(*) FILTER (WHERE position = 2) AS seconds
        FROM picks WHERE guild_id = ? AND campaign_id = ? GROUP BY entry_id
    ) p ON p.entry_id = e.id
    WHERE e.guild_id = ? AND e.campaign_id = ?
    ORDER BY e.sort_order, e.id";

row! {
    struct PickCountRow {
        id: i64,
        name: String,
        description: Option<String>,
        associated_member: Option<String>,
        points: i64,
        place: i64,
    }
}

/// Loads a campaign that the viewer may see, its turnout, and its entries with their places.
async fn load_campaign(
    app: &App,
    viewer: &TokenViewer,
    id: String,
) -> Result<Option<(CampaignRow, Turnout, Vec<PickCountRow>)>, PlainError> {
    let (guild, member) = (viewer.guild, viewer.member);
    let id = campaign_id(id)?;
    let found = app.db.read(async move |conn| {
        let campaign = sql(format!("{CAMPAIGNS} AND c.id = ?"), [guild.0, member.0, id.0].map(Value::Number));
        let Some(campaign) = campaign.load::<CampaignRow>(conn).await?.pop() else { return Ok(None) };
        let turnout = match campaign.stored_turnout() {
            Some(turnout) => turnout,
            None => turnouts(conn, guild, &[(id.0, campaign.min_level)]).await?.remove(&id.0).unwrap_or_default(),
        };
        let standings = sql(STANDINGS, [guild.0, id.0, guild.0, id.0].map(Value::Number)).load(conn).await?;
        Ok(Some((campaign, turnout, standings)))
    });
    Ok(found.await?)
}

/// Parses a campaign's global id.
pub(super) fn campaign_id(id: String) -> Result<CampaignId, PlainError> {
    CampaignId::try_from(&ID::from(id)).map_err(|_| PlainError::Refused("There is no such campaign."))
}

fn ranked(campaign: &CampaignRow, rows: &[PickCountRow]) -> Option<Vec<StandingJson>> {
    if !campaign.shows_standings() {
        return None;
    }
    let standing = |row: &PickCountRow| StandingJson {
        place: row.place,
        points: row.points,
        entry: NamedEntryJson { id: EntryId(row.id).into(), name: row.name.clone() },
    };
    let mut standings: Vec<StandingJson> = rows.iter().map(standing).collect();
    // The sort is stable, so entries with equal places keep their order.
    standings.sort_by_key(|standing| standing.place);
    Some(standings)
}

pub(super) async fn campaign(
    State(app): State<Arc<App>>,
    viewer: TokenViewer,
    Path(id): Path<String>,
) -> DataResult<CampaignFieldJson<CampaignJson>> {
    let Some((campaign, turnout, rows)) = load_campaign(&app, &viewer, id).await? else {
        return Ok(data(CampaignFieldJson { campaign: None }));
    };
    let standings = ranked(&campaign, &rows);
    let reason = campaign.cannot_vote_reason(app.clock.now());
    let entry = |row: PickCountRow| EntryJson {
        id: EntryId(row.id).into(),
        name: row.name,
        description: row.description,
        associated_member: row.associated_member.map(|display_name| MemberNameJson { display_name }),
    };
    let campaign = CampaignJson {
        id: CampaignId(campaign.id).into(),
        title: campaign.title,
        description: campaign.description,
        status: campaign.status,
        method: campaign.method,
        closes_at: campaign.closes_at.map(rfc3339),
        created_by: campaign.creator.map(|display_name| MemberNameJson { display_name }),
        entries: rows.into_iter().map(entry).collect(),
        turnout: turnout.into(),
        viewer_can_vote: reason.is_none(),
        viewer_cannot_vote_reason: reason,
        standings,
    };
    Ok(data(CampaignFieldJson { campaign: Some(campaign) }))
}

pub(super) async fn standings(
    State(app): State<Arc<App>>,
    viewer: TokenViewer,
    Path(id): Path<String>,
) -> DataResult<CampaignFieldJson<TallyJson>> {
    let Some((campaign, turnout, rows)) = load_campaign(&app, &viewer, id).await? else {
        return Ok(data(CampaignFieldJson { campaign: None }));
    };
    let standings = ranked(&campaign, &rows);
    let (id, status) = (CampaignId(campaign.id).into(), campaign.status);
    Ok(data(CampaignFieldJson { campaign: Some(TallyJson { id, status, turnout: turnout.into(), standings }) }))
}
