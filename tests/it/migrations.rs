//! The tables of the two databases, and what migrations do to stored rows.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use guildhall::{
    db::{Conn, DatabaseUrl},
    kernel::id::CampaignId,
    voting,
};
use serde_json::json;

use crate::support::{TestApp, TestCampaign, on_both, process::run, strings};

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SchemaRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    nullable: i64,
}

const SQLITE_COLUMNS: &str = "SELECT t.name AS table_name, c.name AS column_name, lower(c.type) AS kind,
        CASE c.\"notnull\" WHEN 1 THEN 0 ELSE 1 END AS nullable
    FROM sqlite_master t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY 1, 2";

/// Without generated columns, which SQLite doesn't list either.
const POSTGRES_COLUMNS: &str = "SELECT table_name::text, column_name::text,
        CASE data_type WHEN 'timestamp without time zone' THEN 'timestamp' ELSE data_type END AS kind,
        CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END::bigint AS nullable
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' AND is_generated = 'NEVER' ORDER BY 1, 2";

/// Indexes and unique constraints by their columns. The databases index searches differently (`db/search.rs`).
const SQLITE_INDEXES: &str = "SELECT t.name AS table_name,
        (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
            AS column_name,
        CASE i.\"unique\" WHEN 1 THEN 'unique' ELSE 'plain' END AS kind, 0 AS nullable
    FROM sqlite_master t JOIN pragma_index_list(t.name) i
    WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND NOT EXISTS (SELECT 1 FROM pragma_index_info(i.name) WHERE name IS NULL)
    ORDER BY 1, 2, 3";

/// Without indexes on expressions, as on SQLite.
const POSTGRES_INDEXES: &str = "SELECT c.relname::text AS table_name,
        (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k(col, n)
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.col) AS column_name,
        CASE WHEN i.indisunique THEN 'unique' ELSE 'plain' END AS kind, 0::bigint AS nullable
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname NOT LIKE '\\_\\_%' AND i.indexprs IS NULL ORDER BY 1, 2, 3";

async fn schema_rows(app: &TestApp, on_sqlite: &'static str, on_postgres: &'static str) -> Vec<SchemaRow> {
    let read = async move |conn: &mut Conn| {
        Ok(match conn {
            Conn::Sqlite(conn) => diesel::sql_query(on_sqlite).load::<SchemaRow>(&mut **conn).await?,
            Conn::Postgres(conn) => diesel::sql_query(on_postgres).load::<SchemaRow>(&mut **conn).await?,
        })
    };
    let mut rows = app.app.db.read(read).await.unwrap();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_columns_and_indexes() {
    let sqlite = TestApp::on_sqlite().await;
    let Some(postgres) = TestApp::on_postgres().await else { return };
    let columns = schema_rows(&sqlite, SQLITE_COLUMNS, POSTGRES_COLUMNS).await;
    assert!(columns.len() > 80, "{columns:?}");
    assert_eq!(columns, schema_rows(&postgres, SQLITE_COLUMNS, POSTGRES_COLUMNS).await);
    let indexes = schema_rows(&sqlite, SQLITE_INDEXES, POSTGRES_INDEXES).await;
    assert_eq!(indexes, schema_rows(&postgres, SQLITE_INDEXES, POSTGRES_INDEXES).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indexed_texts_do_not_depend_on_the_systems_collation() {
    let Some(postgres) = TestApp::on_postgres().await else { return };
    let texts = "SELECT c.relname::text AS table_name, i.indexrelid::regclass::text AS column_name,
            co.collname::text AS kind, 0::bigint AS nullable
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN unnest(i.indcollation) AS text(collation_id) JOIN pg_collation co ON co.oid = text.collation_id
        WHERE n.nspname = 'public'";
    let texts = schema_rows(&postgres, "", texts).await;
    assert!(texts.len() > 15, "{texts:?}");
    let others: Vec<&SchemaRow> = texts.iter().filter(|text| text.kind != "C").collect();
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn primary_keys_of_a_guilds_tables_start_with_the_guild() {
    let sqlite = TestApp::on_sqlite().await;
    let keys = "SELECT t.name AS table_name, c.name AS column_name, '' AS kind, c.pk AS nullable
        FROM sqlite_master t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
            AND t.name NOT IN ('guilds', 'discord_keeper') AND c.pk = 1";
    let keys = schema_rows(&sqlite, keys, "").await;
    assert_eq!(keys.len(), 20);
    assert!(keys.iter().all(|key| key.column_name == "guild_id"), "{keys:?}");
}

/// A change of rank levels has to move the bounds: `identity/bounds.rs` knows all columns that have one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn columns_with_rank_levels_are_known() {
    let sqlite = TestApp::on_sqlite().await;
    let columns = schema_rows(&sqlite, SQLITE_COLUMNS, "").await;
    let name = |it: &SchemaRow| format!("{}.{}", it.table_name, it.column_name);
    let levels: Vec<String> =
        columns.iter().map(name).filter(|it| it.contains("level") || it.contains("reach")).collect();
    let bounds = [
        "audit_events.min_rank_level",
        "campaigns.min_rank_level_to_view",
        "campaigns.min_rank_level_to_vote",
        "codes.reach",
    ];
    // The ladder itself, its copy at each member, and the rank of an actor at the time of an event.
    let others = ["audit_events.actor_rank_level", "members.rank_level", "ranks.level"];
    let mut known = [&bounds[..], &others[..]].concat();
    known.sort_unstable();
    assert_eq!(levels, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_gathers_statistics_of_its_tables() {
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let mut rows = Vec::new();
    for number in 0..100 {
        rows.push(guild.member_row(&format!("member{number}"), "Member", false).await);
    }
    guild.add_members(rows).await;
    app.app.db.maintain().await.unwrap();
    let statistics = "sqlite_stat1 WHERE tbl = 'members' AND stat LIKE '101 %'";
    assert!(app.count_rows(statistics).await > 0, "each index has the number of members, and of rows per key");
}

#[on_both]
async fn ballots_from_before_receipts_existed_get_receipts(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 3, json!({ "method": "INSTANT_RUNOFF", "picksPerVoter": 2 })).await;
    for (name, picks) in [("a", [0, 1]), ("b", [0, 1]), ("c", [2, 0])] {
        campaign.vote(&guild.member(name, "Member").await, &picks).await;
    }
    campaign.close(&leader).await;
    let kind = if matches!(app.database, DatabaseUrl::Sqlite(_)) { "sqlite" } else { "postgres" };
    for step in ["down", "up"] {
        let file = format!("migrations/{kind}/2026-11-21-180000_receipts/{step}.sql");
        app.execute_sql(&std::fs::read_to_string(file).unwrap()).await;
    }
    // The recount runs on a server that starts after the migration.
    let server = app.another_server().await;
    let id = CampaignId::try_from(&async_graphql::ID(campaign.id.clone())).unwrap();
    assert_eq!(voting::recount(&server.voting, id).await.unwrap().problems, Vec::<String>::new());
    let query = "query($id: ID!) { campaign(id: $id) { ballotBox { ballots { nodes { nonce } } } } }";
    let published = leader.run_on(&server, query, campaign.vars()).await;
    let mut nonces = strings(&published["data"]["campaign"]["ballotBox"]["ballots"]["nodes"], "/nonce");
    assert!(nonces.iter().all(|nonce| nonce.len() == 64), "{nonces:?}");
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 3);
}

#[test]
fn connecting_to_a_database_that_does_not_respond_fails() {
    // The system accepts connections to this port, but no program reads from them.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://guild:hidden@{}/guildhall", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["migrate", "--database-url", &url]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("the server does not respond") && !stderr.contains("hidden"), "{stderr}");
}
