//! The roster page.

use std::sync::Arc;

use async_graphql::ID;
use axum::extract::State;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;
use serde::Serialize;

use super::{
    Answer, PageInfo, Viewer, answer, rfc3339,
    sql::{Value, sql},
};
use crate::{
    app::App,
    clock::Instant,
    db::on,
    error::Error,
    id::MemberId,
    identity::{Region, armory_url},
};

#[derive(Serialize)]
pub(super) struct Roster {
    members: MemberPage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberPage {
    total_count: i64,
    page_info: PageInfo,
    nodes: Vec<Member>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    id: ID,
    display_name: String,
    created_at: String,
    rank: Rank,
    main_character: Option<Character>,
}

#[derive(Serialize)]
struct Rank {
    name: String,
    level: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Character {
    name: String,
    realm: String,
    class: String,
    spec: Option<String>,
    role: String,
    armory_url: String,
}

type MemberRow = (
    (BigInt, BigInt, Text, Text, Timestamp),
    (Text, BigInt, Text, BigInt),
    (Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>, Nullable<Text>),
);
type MemberValues = (
    (i64, i64, String, String, Instant),
    (String, i64, String, i64),
    (Option<String>, Option<String>, Option<String>, Option<String>, Option<String>),
);

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

pub(super) async fn roster(State(app): State<Arc<App>>, viewer: Viewer) -> Answer<Roster> {
    const SIZE: usize = 50;
    let guild = viewer.guild;
    let mut rows = app
        .db
        .read(async move |conn| {
            let query = sql::<MemberRow>(ROSTER, vec![Value::Number(guild.0), Value::Number(guild.0)]);
            Ok(on!(conn, c => query.load::<MemberValues>(c))?)
        })
        .await?;
    let has_next_page = rows.len() > SIZE;
    rows.truncate(SIZE);
    let end_cursor =
        rows.last().map(|((id, level, key, ..), ..)| app.keys.cursors.cursor("Member", guild, &(level, key, id)));
    let mut total_count = 0;
    let mut nodes = Vec::with_capacity(rows.len());
    for ((id, _, _, display_name, created_at), (rank, level, region, total), character) in rows {
        total_count = total;
        let region: Region = region.parse().map_err(Error::internal)?;
        let main_character = match character {
            (Some(name), Some(realm), Some(class), spec, Some(role)) => {
                Some(Character { armory_url: armory_url(region, &realm, &name), name, realm, class, spec, role })
            }
            _ => None,
        };
        let rank = Rank { name: rank, level };
        nodes.push(Member {
            id: MemberId(id).into(),
            display_name,
            created_at: rfc3339(created_at),
            rank,
            main_character,
        });
    }
    Ok(answer(Roster { members: MemberPage { total_count, page_info: PageInfo { has_next_page, end_cursor }, nodes } }))
}
