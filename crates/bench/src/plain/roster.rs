//! The roster page.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use axum::extract::State;
use guildhall::{
    app::App,
    kernel::id::{CharacterId, MemberId},
};
use serde::Serialize;

use super::{DataResult, PageInfoJson, TokenViewer, data};
use crate::sql::{Value, row, sql};

#[derive(Serialize)]
pub(super) struct RosterJson {
    members: MemberPageJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberPageJson {
    page_info: PageInfoJson,
    nodes: Vec<MemberJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberJson {
    id: ID,
    display_name: String,
    rank: RankJson,
    characters: Vec<CharacterJson>,
}

#[derive(Serialize)]
struct RankJson {
    name: String,
    level: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CharacterJson {
    id: ID,
    name: String,
    class: String,
    spec: Option<String>,
    role: String,
    is_main: bool,
}

const MEMBERS: &str = "
    SELECT m.id, m.rank_level, m.sort_key, m.display_name, r.name
    FROM members m
    JOIN ranks r ON r.guild_id = m.guild_id AND r.id = m.rank_id
    WHERE m.guild_id = ? AND m.is_active
    ORDER BY m.rank_level DESC, m.sort_key, m.id LIMIT 51";

/// Of all members on the page. Each member's main is first, and the others follow by their sort key.
const CHARACTERS: &str = "
    SELECT c.member_id, c.id, c.name, c.class, c.spec, c.role, c.is_main
    FROM (SELECT id FROM members WHERE guild_id = ? AND is_active
        ORDER BY rank_level DESC, sort_key, id LIMIT 50) m
    JOIN characters c ON c.guild_id = ? AND c.member_id = m.id
    ORDER BY c.is_main DESC, c.sort_key, c.id";

row! {
    struct MemberRow {
        id: i64,
        level: i64,
        sort_key: String,
        display_name: String,
        rank_name: String,
    }
}

row! {
    struct CharacterRow {
        member: i64,
        id: i64,
        name: String,
        class: String,
        spec: Option<String>,
        role: String,
        is_main: bool,
    }
}

pub(super) async fn roster(State(app): State<Arc<App>>, viewer: TokenViewer) -> DataResult<RosterJson> {
    const SIZE: usize = 50;
    let guild = viewer.guild;
    let read = app.db.read(async move |conn| {
        let members: Vec<MemberRow> = sql(MEMBERS, [guild.0].map(Value::Number)).load(conn).await?;
        let characters: Vec<CharacterRow> = sql(CHARACTERS, [guild.0; 2].map(Value::Number)).load(conn).await?;
        Ok((members, characters))
    });
    let (mut members, characters) = read.await?;
    let has_next_page = members.len() > SIZE;
    members.truncate(SIZE);
    let cursor =
        |row: &MemberRow| app.accounts.keys.cursors.encode("Member", guild, &(row.level, &row.sort_key, row.id));
    let end_cursor = members.last().map(cursor);
    let mut characters_of: HashMap<i64, Vec<CharacterJson>> = HashMap::with_capacity(SIZE);
    for CharacterRow { member, id, name, class, spec, role, is_main } in characters {
        let character = CharacterJson { id: CharacterId(id).into(), name, class, spec, role, is_main };
        characters_of.entry(member).or_default().push(character);
    }
    let node = |row: MemberRow| MemberJson {
        id: MemberId(row.id).into(),
        display_name: row.display_name,
        rank: RankJson { name: row.rank_name, level: row.level },
        characters: characters_of.remove(&row.id).unwrap_or_default(),
    };
    let nodes = members.into_iter().map(node).collect();
    let page_info = PageInfoJson { has_next_page, end_cursor };
    Ok(data(RosterJson { members: MemberPageJson { page_info, nodes } }))
}
