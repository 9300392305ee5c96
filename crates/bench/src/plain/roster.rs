//! The roster page.

use std::sync::Arc;

use async_graphql::ID;
use axum::extract::State;
use guildhall::{
    app::App,
    identity::{Region, armory_url},
    kernel::{clock::Timestamp, error::Error, id::MemberId},
};
use serde::Serialize;

use super::{DataResult, PageInfoJson, TokenViewer, data, rfc3339};
use crate::sql::{Value, row, sql};

#[derive(Serialize)]
pub(super) struct RosterJson {
    members: MemberPageJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberPageJson {
    total_count: i64,
    page_info: PageInfoJson,
    nodes: Vec<MemberJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberJson {
    id: ID,
    display_name: String,
    created_at: String,
    rank: RankJson,
    main_character: Option<CharacterJson>,
}

#[derive(Serialize)]
struct RankJson {
    name: String,
    level: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CharacterJson {
    name: String,
    realm: String,
    class: String,
    spec: Option<String>,
    role: String,
    armory_url: String,
}

const ROSTER: &str = "
    SELECT m.id, m.rank_level, m.sort_key, m.display_name, m.created_at, r.name, r.level, g.region,
        (SELECT count(*) FROM members a WHERE a.guild_id = ? AND a.is_active),
        c.name, c.realm, c.class, c.spec, c.role
    FROM (SELECT * FROM members WHERE guild_id = ? AND is_active
        ORDER BY rank_level DESC, sort_key, id LIMIT 51) m
    JOIN guilds g ON g.id = m.guild_id
    JOIN ranks r ON r.guild_id = m.guild_id AND r.id = m.rank_id
    LEFT JOIN characters c ON c.guild_id = m.guild_id AND c.member_id = m.id AND c.is_main
    ORDER BY m.rank_level DESC, m.sort_key, m.id";

row! {
    struct MemberRow {
        id: i64,
        level: i64,
        sort_key: String,
        display_name: String,
        created_at: Timestamp,
        rank_name: String,
        rank_level: i64,
        region: String,
        total_count: i64,
        character_name: Option<String>,
        realm: Option<String>,
        class: Option<String>,
        spec: Option<String>,
        role: Option<String>,
    }
}

pub(super) async fn roster(State(app): State<Arc<App>>, viewer: TokenViewer) -> DataResult<RosterJson> {
    const SIZE: usize = 50;
    let guild = viewer.guild;
    let mut rows: Vec<MemberRow> =
        app.db.read(async move |conn| Ok(sql(ROSTER, [guild.0; 2].map(Value::Number)).load(conn).await?)).await?;
    let has_next_page = rows.len() > SIZE;
    rows.truncate(SIZE);
    let cursor =
        |row: &MemberRow| app.accounts.keys.cursors.encode("Member", guild, &(row.level, &row.sort_key, row.id));
    let end_cursor = rows.last().map(cursor);
    let mut total_count = 0;
    let mut nodes = Vec::with_capacity(rows.len());
    for row in rows {
        total_count = row.total_count;
        let region: Region = row.region.parse().map_err(Error::internal)?;
        let main_character = match (row.character_name, row.realm, row.class, row.role) {
            (Some(name), Some(realm), Some(class), Some(role)) => {
                let armory_url = armory_url(region, &realm, &name);
                Some(CharacterJson { name, realm, class, spec: row.spec, role, armory_url })
            }
            _ => None,
        };
        nodes.push(MemberJson {
            id: MemberId(row.id).into(),
            display_name: row.display_name,
            created_at: rfc3339(row.created_at),
            rank: RankJson { name: row.rank_name, level: row.rank_level },
            main_character,
        });
    }
    let page_info = PageInfoJson { has_next_page, end_cursor };
    Ok(data(RosterJson { members: MemberPageJson { total_count, page_info, nodes } }))
}
