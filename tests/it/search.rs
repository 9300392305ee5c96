//! Searches in names: what they find, and the indexes that they use.

use diesel::{ExpressionMethods, QueryDsl, QueryableByName, dsl::count_star, pg::Pg, sql_types::Text, sqlite::Sqlite};
use diesel_async::RunQueryDsl;
use guildhall::{
    db::{Conn, NameContains, SearchScope, schema},
    identity::Member,
    kernel::{id::GuildId, text},
};
use serde_json::json;

use crate::support::{
    Client, TestApp, TestGuild,
    documents::{CREATE_CHARACTER, DELETE_CHARACTER, UPDATE_MEMBER},
    on_both, strings,
};

const MEMBERS: &str = "query($search: String) {
    members(filter: { search: $search }) { totalCount nodes { displayName } }
}";
const CHARACTERS: &str = "query($search: String) {
    characters(filter: { search: $search }) { totalCount nodes { name } }
}";

/// The names that a search finds, sorted by the server. The total count must be the same.
async fn found(client: &Client<'_>, query: &str, search: &str) -> Vec<String> {
    let data = client.ok(query, json!({ "search": search })).await;
    let (page, field) =
        if query == MEMBERS { (&data["members"], "/displayName") } else { (&data["characters"], "/name") };
    let names = strings(&page["nodes"], field);
    assert_eq!(page["totalCount"], names.len(), "{search}");
    names
}

/// A member's row with this display name.
async fn named(guild: &TestGuild<'_>, number: usize, name: &str) -> Member {
    let mut row = guild.member_row(&format!("u{number}"), "Member", false).await;
    row.sort_key = text::sort_key(&[name, &row.discord_username]);
    name.clone_into(&mut row.display_name);
    row
}

#[on_both]
async fn a_search_finds_texts_of_any_length_literally(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let member = guild.leader().await;
    other.member("Thalindra", "Member").await;
    let mut rows = Vec::new();
    for name in ["Thalindra", "Thal in Dra", "日本太郎", "a\"b*c", "AND OR", "50%_\\x", "Anne-Marie", "O’Brien", "👨‍👩‍👧x"]
    {
        rows.push(named(&guild, rows.len(), name).await);
    }
    guild.add_members(rows).await;
    for (search, names) in [
        ("thalindra", vec!["Thal in Dra", "Thalindra"]),
        ("thal in", vec!["Thal in Dra", "Thalindra"]),
        ("THAL-INDRA", vec!["Thal in Dra", "Thalindra"]),
        ("indr", vec!["Thal in Dra", "Thalindra"]),
        ("nope", vec![]),
        ("thalindrax", vec![]),
        ("日本", vec!["日本太郎"]),
        ("太", vec!["日本太郎"]),
        ("本太郎", vec!["日本太郎"]),
        ("\"b*", vec!["a\"b*c"]),
        ("a\"b*c", vec!["a\"b*c"]),
        ("and or", vec!["AND OR"]),
        ("d O", vec!["AND OR"]),
        ("%_\\", vec!["50%_\\x"]),
        ("0%_\\x", vec!["50%_\\x"]),
        ("%%%", vec![]),
        ("___", vec![]),
        ("search_key : x", vec![]),
        ("NEAR(a b)", vec![]),
        ("anne marie", vec!["Anne-Marie"]),
        ("annemarie", vec!["Anne-Marie"]),
        ("o'brien", vec!["O’Brien"]),
        ("👨👩👧", vec!["👨‍👩‍👧x"]),
    ] {
        assert_eq!(found(&member, MEMBERS, search).await, names, "{search}");
    }
    let longest = "ﷺ".repeat(200);
    assert_eq!(found(&member, MEMBERS, &longest).await, Vec::<String>::new());
    for everything in ["", " ", "-", "'"] {
        assert_eq!(found(&member, MEMBERS, everything).await.len(), 10, "{everything:?}");
    }
}

#[on_both]
async fn a_search_follows_changes(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("thalindra", "Member").await);
    let rename = async |name: &str| {
        let input = json!({ "input": { "id": member.id, "displayName": name } });
        leader.ok(UPDATE_MEMBER, input).await;
    };
    rename("Zoë").await;
    assert_eq!(found(&leader, MEMBERS, "zoe").await, ["Zoë"]);
    assert_eq!(found(&leader, MEMBERS, "thalindra").await, ["Zoë"]);
    rename("Aurelia").await;
    assert_eq!(found(&leader, MEMBERS, "zoe").await, Vec::<String>::new());
    assert_eq!(found(&leader, MEMBERS, "relia").await, ["Aurelia"]);

    let input = json!({ "name": "Stormcaller", "realm": "Area 52", "class": "MAGE", "role": "RANGED_DPS" });
    let created = leader.ok(CREATE_CHARACTER, json!({ "input": input })).await;
    for search in ["storm", "area52", "area 52", "AREA-52", "rea"] {
        assert_eq!(found(&leader, CHARACTERS, search).await, ["Stormcaller"], "{search}");
    }
    assert_eq!(
        found(&leader, CHARACTERS, "stormcaller area").await,
        Vec::<String>::new(),
        "no text crosses two fields"
    );
    leader.ok(DELETE_CHARACTER, json!({ "id": created["createCharacter"]["character"]["id"] })).await;
    assert_eq!(found(&leader, CHARACTERS, "storm").await, Vec::<String>::new());
    // Deleting a guild deletes its names from the index, too.
    app.execute_sql("DELETE FROM guilds").await;
    assert_eq!(app.count_rows("members").await, 0);
}

#[derive(QueryableByName)]
struct PlanRow {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The plan of the statement that counts the names with a text.
async fn plan(app: &TestApp, guild: GuildId, scope: SearchScope, search: &'static str) -> String {
    let quote = |text: String| format!("'{}'", text.replace('\'', "''"));
    let explain = async move |conn: &mut Conn| {
        macro_rules! statement {
            ($database:ty, $table:ident) => {{
                let query = schema::$table::table
                    .filter(schema::$table::guild_id.eq(guild))
                    .filter(NameContains::new(scope, guild, search))
                    .select(count_star());
                diesel::debug_query::<$database, _>(&query).to_string()
            }};
        }
        let (sqlite, postgres) = match scope {
            SearchScope::Characters => (statement!(Sqlite, characters), statement!(Pg, characters)),
            _ => (statement!(Sqlite, members), statement!(Pg, members)),
        };
        let sql = if matches!(conn, Conn::Sqlite(_)) { sqlite } else { postgres };
        let (sql, binds) = sql.split_once(" -- binds: ").unwrap();
        let binds: Vec<serde_json::Value> =
            serde_json::from_str(&binds.replace("GuildId(", "").replace("),", ",")).unwrap();
        let literals =
            binds.into_iter().map(|bind| bind.as_str().map_or_else(|| bind.to_string(), |text| quote(text.to_owned())));
        let literals: Vec<String> = literals.collect();
        let rows: Vec<PlanRow> = match conn {
            Conn::Sqlite(conn) => {
                let mut literals = literals.iter();
                let parts = sql.split('?').flat_map(|part| [part, literals.next().map_or("", String::as_str)]);
                let sql: String = parts.collect();
                diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut **conn).await?
            }
            Conn::Postgres(conn) => {
                let numbered = literals.iter().enumerate().rev();
                let sql = numbered
                    .fold(sql.to_owned(), |sql, (index, literal)| sql.replace(&format!("${}", index + 1), literal));
                diesel::sql_query("SELECT plan_of($1) AS detail").bind::<Text, _>(sql).load(&mut **conn).await?
            }
        };
        Ok(rows.into_iter().map(|row| row.detail).collect::<Vec<_>>().join("\n"))
    };
    app.app.db.read(explain).await.unwrap()
}

#[on_both]
async fn a_search_uses_the_index(app: TestApp) {
    let guild = app.guild("gg").await;
    let mut rows = Vec::new();
    for number in 0..3_000 {
        rows.push(guild.member_row(&format!("member{number}"), "Member", false).await);
    }
    guild.add_members(rows).await;
    app.execute_sql(
        "INSERT INTO characters
            (guild_id, id, member_id, name, name_key, realm, realm_key, sort_key, class, role, is_main)
        SELECT guild_id, id, id, discord_username, username_key, 'r', 'r', sort_key, 'MAGE', 'RANGED_DPS', false
        FROM members",
    )
    .await;
    let is_sqlite = matches!(app.database, guildhall::db::DatabaseUrl::Sqlite(_));
    if !is_sqlite {
        let plan_of = "CREATE FUNCTION plan_of(statement TEXT) RETURNS SETOF TEXT LANGUAGE plpgsql AS
            $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || statement; END $$";
        app.execute_sql(plan_of).await;
        app.execute_sql("ANALYZE").await;
    }
    for (scope, index) in [
        (SearchScope::Members, "members_search"),
        (SearchScope::PublicMembers, "members_search"),
        (SearchScope::Characters, "characters_search"),
    ] {
        let long = plan(&app, guild.id, scope, "ber2999").await;
        assert!(long.contains(index), "{scope:?}: {long}");
        let short = plan(&app, guild.id, scope, "99").await;
        assert!(!short.contains(index), "{scope:?}: {short}");
    }
    assert_eq!(found(&guild.leader().await, MEMBERS, "ber2999").await, ["member2999"]);
    if is_sqlite {
        // Without the index, nothing is found.
        app.execute_sql("INSERT INTO __members_search (__members_search) VALUES ('delete-all')").await;
        assert_eq!(found(&guild.leader().await, MEMBERS, "ber2999").await, Vec::<String>::new());
    }
}
