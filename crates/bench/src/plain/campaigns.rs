//! Pages of campaigns.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use axum::extract::{Path, State};
use guildhall::{
    app::App,
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, MemberId},
    },
};
use serde::Serialize;

use super::{DataResult, PageInfoJson, PlainError, TokenViewer, data, rfc3339};
use crate::sql::{Value, row, sql};

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
    closes_at: Option<String>,
    entries: Vec<EntryJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EntryJson {
    id: ID,
    name: String,
    associated_member: Option<MemberNameJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberNameJson {
    id: ID,
    display_name: String,
}

#[derive(Serialize)]
pub(super) struct NamedEntryJson {
    pub(super) id: ID,
    pub(super) name: String,
}

/// The campaigns that a viewer may see, with a condition that the viewer is `v`.
const VISIBLE: &str = "
    FROM members v
    JOIN ranks r ON r.guild_id = v.guild_id AND r.id = v.rank_id
    JOIN campaigns c ON c.guild_id = v.guild_id
    WHERE v.guild_id = ? AND v.id = ?
        AND (c.min_rank_level_to_view IS NULL OR c.min_rank_level_to_view <= v.rank_level)
        AND (c.status <> 'DRAFT' OR ' ' || r.permissions || ' ' LIKE '% CAMPAIGNS_MANAGE %')";

row! {
    struct ListedCampaignRow {
        id: i64,
        title: String,
        status: String,
        created_at: Timestamp,
        closes_at: Option<Timestamp>,
    }
}

row! {
    struct EntryRow {
        campaign: i64,
        id: i64,
        name: String,
        about: Option<i64>,
        about_name: Option<String>,
    }
}

impl From<EntryRow> for EntryJson {
    fn from(row: EntryRow) -> Self {
        let associated_member = match (row.about, row.about_name) {
            (Some(id), Some(display_name)) => Some(MemberNameJson { id: MemberId(id).into(), display_name }),
            _ => None,
        };
        Self { id: EntryId(row.id).into(), name: row.name, associated_member }
    }
}

pub(super) async fn campaigns(State(app): State<Arc<App>>, viewer: TokenViewer) -> DataResult<CampaignsJson> {
    const SIZE: usize = 20;
    let TokenViewer { guild, member } = viewer;
    let newest = "AND c.status <> 'ARCHIVED' ORDER BY c.created_at DESC, c.id DESC LIMIT";
    let (mut rows, entries) = app
        .db
        .read(async move |conn| {
            let campaigns = format!("SELECT c.id, c.title, c.status, c.created_at, c.closes_at {VISIBLE} {newest} 21");
            let rows: Vec<ListedCampaignRow> =
                sql(campaigns, [guild.0, member.0].map(Value::Number)).load(conn).await?;
            let entries = format!(
                "SELECT e.campaign_id, e.id, e.name, m.id, m.display_name
                FROM (SELECT c.id {VISIBLE} {newest} 20) c
                JOIN entries e ON e.guild_id = ? AND e.campaign_id = c.id
                LEFT JOIN members m ON m.guild_id = e.guild_id AND m.id = e.associated_member_id
                ORDER BY e.sort_order, e.id"
            );
            let values = [guild.0, member.0, guild.0].map(Value::Number);
            Ok((rows, sql(entries, values).load::<EntryRow>(conn).await?))
        })
        .await?;
    let has_next_page = rows.len() > SIZE;
    rows.truncate(SIZE);
    let mut entries_of: HashMap<i64, Vec<EntryJson>> = HashMap::with_capacity(SIZE);
    for entry in entries {
        entries_of.entry(entry.campaign).or_default().push(entry.into());
    }
    let cursor =
        |row: &ListedCampaignRow| app.accounts.keys.cursors.encode("Campaign", guild, &(row.created_at, row.id));
    let end_cursor = rows.last().map(cursor);
    let node = |row: ListedCampaignRow| ListedCampaignJson {
        id: CampaignId(row.id).into(),
        entries: entries_of.remove(&row.id).unwrap_or_default(),
        title: row.title,
        status: row.status,
        closes_at: row.closes_at.map(rfc3339),
    };
    let nodes = rows.into_iter().map(node).collect();
    let page_info = PageInfoJson { has_next_page, end_cursor };
    Ok(data(CampaignsJson { campaigns: CampaignPageJson { page_info, nodes } }))
}

#[derive(Serialize)]
pub(super) struct CampaignFieldJson<T> {
    pub(super) campaign: Option<T>,
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
    entries: Vec<EntryJson>,
}

row! {
    struct CampaignRow {
        title: String,
        description: Option<String>,
        status: String,
        method: String,
        closes_at: Option<Timestamp>,
    }
}

const ENTRIES: &str = "
    SELECT e.campaign_id, e.id, e.name, m.id, m.display_name
    FROM entries e
    LEFT JOIN members m ON m.guild_id = e.guild_id AND m.id = e.associated_member_id
    WHERE e.guild_id = ? AND e.campaign_id = ?
    ORDER BY e.sort_order, e.id";

pub(super) async fn campaign(
    State(app): State<Arc<App>>,
    viewer: TokenViewer,
    Path(id): Path<String>,
) -> DataResult<CampaignFieldJson<CampaignJson>> {
    let TokenViewer { guild, member } = viewer;
    let id = campaign_id(id)?;
    let read = app.db.read(async move |conn| {
        let campaign = format!("SELECT c.title, c.description, c.status, c.method, c.closes_at {VISIBLE} AND c.id = ?");
        let campaign = sql(campaign, [guild.0, member.0, id.0].map(Value::Number));
        let Some(campaign) = campaign.load::<CampaignRow>(conn).await?.pop() else { return Ok(None) };
        let entries: Vec<EntryRow> = sql(ENTRIES, [guild.0, id.0].map(Value::Number)).load(conn).await?;
        Ok(Some((campaign, entries)))
    });
    let campaign = read.await?.map(|(campaign, entries)| CampaignJson {
        id: id.into(),
        title: campaign.title,
        description: campaign.description,
        status: campaign.status,
        method: campaign.method,
        closes_at: campaign.closes_at.map(rfc3339),
        entries: entries.into_iter().map(EntryJson::from).collect(),
    });
    Ok(data(CampaignFieldJson { campaign }))
}

/// Parses a campaign's global id.
pub(super) fn campaign_id(id: String) -> Result<CampaignId, PlainError> {
    CampaignId::try_from(&ID::from(id)).map_err(|_| PlainError::Refused("There is no such campaign."))
}
