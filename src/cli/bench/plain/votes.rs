//! Pages of votes.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use axum::extract::{Path, State};
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::{
    Answer, Oops, PageInfo, Viewer, answer, rfc3339,
    sql::{Value, places, sql},
};
use crate::{
    app::App,
    clock::Instant,
    db::{Conn, on},
    error,
    id::{CampaignId, EntryId, GuildId},
    voting::Turnout,
};

#[derive(Serialize)]
pub(super) struct Campaigns {
    campaigns: CampaignPage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CampaignPage {
    page_info: PageInfo,
    nodes: Vec<ListedCampaign>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedCampaign {
    id: ID,
    title: String,
    status: String,
    method: String,
    closes_at: Option<String>,
    created_by: Option<Named>,
    entries: Vec<NamedEntry>,
    turnout: ShownTurnout,
    viewer_can_vote: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    display_name: String,
}

#[derive(Serialize)]
pub(super) struct NamedEntry {
    pub(super) id: ID,
    pub(super) name: String,
}

#[derive(Serialize)]
struct ShownTurnout {
    eligible: i64,
    voted: i64,
    percent: f64,
}

impl From<Turnout> for ShownTurnout {
    fn from(turnout: Turnout) -> Self {
        Self { eligible: turnout.eligible, voted: turnout.voted, percent: turnout.percent() }
    }
}

/// Campaigns that the viewer sees, with what there is to know of each and of the viewer: all but their entries and, as long as
/// they run, their turnout.
const SEEN: &str = "
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

type SeenRow = (
    (BigInt, Text, Text, Text, Timestamp, Nullable<Timestamp>, BigInt),
    (Text, Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Nullable<BigInt>),
    (BigInt, Bool, Bool),
);

#[derive(diesel::Queryable)]
struct Seen {
    campaign: (i64, String, String, String, Instant, Option<Instant>, i64),
    shown: (String, Option<String>, Option<String>, Option<i64>, Option<i64>),
    viewer: (i64, bool, bool),
}

impl Seen {
    fn is_live(&self, now: Instant) -> bool {
        let (_, _, status, _, _, closes_at, _) = &self.campaign;
        status == "LIVE" && closes_at.is_some_and(|closes| now < closes)
    }

    fn hindrance(&self, now: Instant) -> Option<&'static str> {
        let (level, is_registered, has_voted) = self.viewer;
        if !is_registered {
            Some("NOT_REGISTERED")
        } else if !self.is_live(now) {
            Some("NOT_LIVE")
        } else if has_voted {
            Some("ALREADY_VOTED")
        } else if level < self.campaign.6 {
            Some("RANK_TOO_LOW")
        } else {
            None
        }
    }

    fn shows_standings(&self) -> bool {
        let (level, is_registered, has_voted) = self.viewer;
        let is_eligible = is_registered && level >= self.campaign.6;
        match (self.campaign.2.as_str(), self.shown.0.as_str()) {
            ("LIVE", "ALWAYS") => true,
            ("LIVE", "AFTER_VOTING") => has_voted || !is_eligible,
            _ => false,
        }
    }

    const fn frozen(&self) -> Option<Turnout> {
        match (self.shown.3, self.shown.4) {
            (Some(eligible), Some(voted)) => Some(Turnout { eligible, voted }),
            _ => None,
        }
    }
}

/// How many may vote at each level. The sign keeps SQLite from an index in which it would look every member up.
const ELECTORATE: &str = "
    SELECT min(rank_level), count(*) FROM members
    WHERE guild_id = ? AND is_active AND registered_at IS NOT NULL
    GROUP BY +rank_level";

/// How many have voted in a campaign, and how many of them may no longer: joined for each campaign by itself, nothing is
/// sorted to be grouped.
const VOTED: &str = "
    SELECT ?, count(*), count(*) FILTER (WHERE NOT (m.is_active AND m.rank_level >= ?))
    FROM ballots b
    JOIN members m ON m.guild_id = b.guild_id AND m.id = b.member_id
    WHERE b.guild_id = ? AND b.campaign_id = ?";

fn within(guild: GuildId, ids: &[i64]) -> Vec<Value> {
    [guild.0].iter().chain(ids).map(|id| Value::Number(*id)).collect()
}

/// The turnouts of campaigns that run.
async fn turnouts(conn: &mut Conn, guild: GuildId, of: &[(i64, i64)]) -> error::Result<HashMap<i64, Turnout>> {
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    let electorate = sql::<(BigInt, BigInt)>(ELECTORATE, vec![Value::Number(guild.0)]);
    let electorate = on!(conn, c => electorate.load::<(i64, i64)>(c))?;
    let voted = vec![VOTED; of.len()].join(" UNION ALL ");
    let values = of.iter().flat_map(|(id, least)| [*id, *least, guild.0, *id].map(Value::Number)).collect();
    let voted = sql::<(BigInt, BigInt, BigInt)>(voted, values);
    let voted = on!(conn, c => voted.load::<(i64, i64, i64)>(c))?;
    let voted: HashMap<i64, (i64, i64)> = voted.into_iter().map(|(id, voted, gone)| (id, (voted, gone))).collect();
    let turnout = |(id, least): &(i64, i64)| {
        let may: i64 = electorate.iter().filter(|(level, _)| level >= least).map(|(_, members)| members).sum();
        let (voted, gone) = voted.get(id).copied().unwrap_or_default();
        (*id, Turnout { eligible: may + gone, voted })
    };
    Ok(of.iter().map(turnout).collect())
}

pub(super) async fn campaigns(State(app): State<Arc<App>>, viewer: Viewer) -> Answer<Campaigns> {
    const SIZE: usize = 25;
    let Viewer { guild, member } = viewer;
    let now = app.clock.now();
    let (seen, entries, mut turnouts) = app
        .db
        .read(async move |conn| {
            let seen = format!("{SEEN} AND c.status <> 'ARCHIVED' ORDER BY c.created_at DESC, c.id DESC LIMIT 26");
            let seen = sql::<SeenRow>(seen, vec![Value::Number(guild.0), Value::Number(member.0)]);
            let seen = on!(conn, c => seen.load::<Seen>(c))?;
            let shown = || seen.iter().take(SIZE);
            let ids: Vec<i64> = shown().map(|it| it.campaign.0).collect();
            let entries = format!(
                "SELECT campaign_id, id, name FROM entries WHERE guild_id = ? AND campaign_id IN {} ORDER BY sort_order, id",
                places(ids.len())
            );
            let entries = sql::<(BigInt, BigInt, Text)>(entries, within(guild, &ids));
            let entries = match ids.len() {
                0 => Vec::new(),
                _ => on!(conn, c => entries.load::<(i64, i64, String)>(c))?,
            };
            let running = shown().filter(|it| it.frozen().is_none()).map(|it| (it.campaign.0, it.campaign.6)).collect::<Vec<_>>();
            let turnouts = turnouts(conn, guild, &running).await?;
            Ok((seen, entries, turnouts))
        })
        .await?;
    let mut entries_of: HashMap<i64, Vec<NamedEntry>> = HashMap::new();
    for (campaign, id, name) in entries {
        entries_of.entry(campaign).or_default().push(NamedEntry { id: EntryId(id).into(), name });
    }
    let has_next_page = seen.len() > SIZE;
    let last = seen.iter().take(SIZE).next_back();
    let end_cursor = last.map(|it| app.keys.cursors.cursor("Campaign", guild, &(it.campaign.4, it.campaign.0)));
    let shown = |seen: Seen| {
        let (viewer_can_vote, frozen) = (seen.hindrance(now).is_none(), seen.frozen());
        let (id, title, status, method, _, closes_at, _) = seen.campaign;
        ListedCampaign {
            entries: entries_of.remove(&id).unwrap_or_default(),
            turnout: frozen.or_else(|| turnouts.remove(&id)).unwrap_or_default().into(),
            id: CampaignId(id).into(),
            title,
            status,
            method,
            closes_at: closes_at.map(rfc3339),
            created_by: seen.shown.2.map(|display_name| Named { display_name }),
            viewer_can_vote,
        }
    };
    let nodes = seen.into_iter().take(SIZE).map(shown).collect();
    Ok(answer(Campaigns { campaigns: CampaignPage { page_info: PageInfo { has_next_page, end_cursor }, nodes } }))
}

#[derive(Serialize)]
pub(super) struct One<T> {
    campaign: Option<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Campaign {
    id: ID,
    title: String,
    description: Option<String>,
    status: String,
    method: String,
    closes_at: Option<String>,
    created_by: Option<Named>,
    entries: Vec<Entry>,
    turnout: ShownTurnout,
    viewer_can_vote: bool,
    viewer_cannot_vote_reason: Option<&'static str>,
    standings: Option<Vec<Standing>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: ID,
    name: String,
    description: Option<String>,
    associated_member: Option<Named>,
}

#[derive(Serialize)]
struct Standing {
    place: i64,
    points: i64,
    entry: NamedEntry,
}

#[derive(Serialize)]
pub(super) struct Tally {
    id: ID,
    status: String,
    turnout: ShownTurnout,
    standings: Option<Vec<Standing>>,
}

/// The entries of a weighted vote of three picks in their order, with their places and points: ties are parted by first
/// picks, then second picks, then third ones.
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

type StandingRow = (BigInt, Text, Nullable<Text>, Nullable<Text>, BigInt, BigInt);
type StandingValues = (i64, String, Option<String>, Option<String>, i64, i64);

/// A campaign that the viewer sees, its turnout, and its entries as they stand.
async fn look(app: &App, viewer: &Viewer, id: &str) -> Result<Option<(Seen, Turnout, Vec<StandingValues>)>, Oops> {
    let (guild, member) = (viewer.guild, viewer.member);
    let id = CampaignId::try_from(&ID::from(id)).map_err(|_| Oops::Refused("There is no such campaign."))?;
    let found = app.db.read(async move |conn| {
        let seen = sql::<SeenRow>(
            format!("{SEEN} AND c.id = ?"),
            vec![Value::Number(guild.0), Value::Number(member.0), Value::Number(id.0)],
        );
        let Some(seen) = on!(conn, c => seen.load::<Seen>(c))?.pop() else { return Ok(None) };
        let turnout = match seen.frozen() {
            Some(turnout) => turnout,
            None => turnouts(conn, guild, &[(id.0, seen.campaign.6)]).await?.remove(&id.0).unwrap_or_default(),
        };
        let values = [guild.0, id.0, guild.0, id.0].map(Value::Number).into();
        let standings = sql::<StandingRow>(STANDINGS, values);
        let standings = on!(conn, c => standings.load::<StandingValues>(c))?;
        Ok(Some((seen, turnout, standings)))
    });
    Ok(found.await?)
}

fn ranked(seen: &Seen, rows: &[StandingValues]) -> Option<Vec<Standing>> {
    if !seen.shows_standings() {
        return None;
    }
    let mut standings: Vec<Standing> = rows
        .iter()
        .map(|(id, name, _, _, points, place)| Standing {
            place: *place,
            points: *points,
            entry: NamedEntry { id: EntryId(*id).into(), name: name.clone() },
        })
        .collect();
    // Equals stay in the entries' order.
    standings.sort_by_key(|standing| standing.place);
    Some(standings)
}

pub(super) async fn campaign(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Answer<One<Campaign>> {
    let Some((seen, turnout, rows)) = look(&app, &viewer, &id).await? else {
        return Ok(answer(One { campaign: None }));
    };
    let standings = ranked(&seen, &rows);
    let reason = seen.hindrance(app.clock.now());
    let entry = |(id, name, description, member, _, _): StandingValues| Entry {
        id: EntryId(id).into(),
        name,
        description,
        associated_member: member.map(|display_name| Named { display_name }),
    };
    let (id, title, status, method, _, closes_at, _) = seen.campaign;
    Ok(answer(One {
        campaign: Some(Campaign {
            id: CampaignId(id).into(),
            title,
            description: seen.shown.1,
            status,
            method,
            closes_at: closes_at.map(rfc3339),
            created_by: seen.shown.2.map(|display_name| Named { display_name }),
            entries: rows.into_iter().map(entry).collect(),
            turnout: turnout.into(),
            viewer_can_vote: reason.is_none(),
            viewer_cannot_vote_reason: reason,
            standings,
        }),
    }))
}

pub(super) async fn standings(
    State(app): State<Arc<App>>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Answer<One<Tally>> {
    let Some((seen, turnout, rows)) = look(&app, &viewer, &id).await? else {
        return Ok(answer(One { campaign: None }));
    };
    let standings = ranked(&seen, &rows);
    let (id, _, status, ..) = seen.campaign;
    Ok(answer(One { campaign: Some(Tally { id: CampaignId(id).into(), status, turnout: turnout.into(), standings }) }))
}
