//! The statements of the lists read each order from an index, in both directions, and find filtered rows by one.

use std::sync::{Arc, Mutex};

use diesel::{QueryableByName, connection::InstrumentationEvent, sql_types::Text};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use guildhall::{
    audit::{self, AuditFilter, AuditScope},
    db::{CampaignStatus, Conn, DatabaseUrl},
    identity::{
        CharacterClass, CharacterFilter, CharacterKey, CharacterRole, MemberFilter, MemberKey, MemberList, MemberOrder,
        MemberOrderField, store,
    },
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{AuditEventId, CampaignId, CharacterId, GuildId, MemberId},
        page::{OrderDirection, Page},
    },
    voting::{self, CampaignFilter, CampaignOrder, CampaignOrderField, CampaignPosition, Voter},
};

use crate::support::{TestApp, TestGuild, on_both};

/// A page of a list.
#[derive(Clone, Debug)]
enum List {
    Members(MemberList),
    Characters(CharacterFilter, Page<CharacterKey>),
    Campaigns(CampaignFilter, CampaignOrder, Page<CampaignPosition>),
    Events(AuditFilter, Page<(Timestamp, AuditEventId)>),
}

impl List {
    async fn read(&self, conn: &mut Conn, guild: GuildId) -> Result<()> {
        let scope = AuditScope::Of { viewer: MemberId(1), sees_drafts: true };
        match self {
            Self::Members(list) => drop(store::list_members(conn, guild, list).await?),
            Self::Characters(filter, page) => drop(store::list_characters(conn, guild, filter, page).await?),
            Self::Campaigns(filter, order, page) => {
                drop(voting::list_campaigns(conn, guild, filter, *order, page).await?);
            }
            Self::Events(filter, page) => drop(audit::store::list_events(conn, guild, &scope, filter, page).await?),
        }
        Ok(())
    }
}

#[derive(QueryableByName)]
struct PlanRow {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The plan of the statement that loads a page. On PostgreSQL, a plan that sorts or reads a whole table shows that no
/// index serves the statement: both are switched off as far as possible.
async fn plan(app: &TestApp, guild: GuildId, list: List) -> String {
    let explain = async move |conn: &mut Conn| {
        let statements = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&statements);
        let capture = move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                seen.lock().unwrap().push(query.to_string());
            }
        };
        match conn {
            Conn::Sqlite(conn) => conn.set_instrumentation(capture),
            Conn::Postgres(conn) => conn.set_instrumentation(capture),
        }
        list.read(conn, guild).await?;
        let statements = std::mem::take(&mut *statements.lock().unwrap());
        let [statement] = &*statements else { panic!("{statements:?}") };
        let (sql, _) = statement.split_once(" -- binds: ").unwrap();
        let rows: Vec<PlanRow> = match conn {
            Conn::Sqlite(conn) => diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut **conn).await?,
            Conn::Postgres(conn) => {
                // The limit is the last parameter. With an unknown limit, the planner assumes a tenth of all rows.
                let (sql, limit) = sql.rsplit_once("LIMIT $").unwrap();
                let parameters = vec!["NULL"; limit.trim().parse::<usize>().unwrap() - 1].join(", ");
                let set_up = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL enable_seqscan = off;
                    SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off";
                conn.batch_execute(&format!("{set_up}; PREPARE listed AS {sql} LIMIT 26")).await?;
                let query = diesel::sql_query("SELECT plan_of($1) AS detail");
                let rows = query.bind::<Text, _>(format!("EXECUTE listed({parameters})")).load(&mut **conn).await?;
                conn.batch_execute("DEALLOCATE listed").await?;
                rows
            }
        };
        Ok(rows.into_iter().map(|row| row.detail).collect::<Vec<_>>().join("\n"))
    };
    // A transaction, because the settings are for one only.
    app.app.db.write(explain).await.unwrap()
}

/// Fills the lists with 2,000 rows each.
async fn fill(app: &TestApp, guild: &TestGuild<'_>) {
    let mut rows = Vec::new();
    for number in 0..2_000 {
        let rank = ["Initiate", "Member", "Member", "Veteran", "Officer"][number % 5];
        rows.push(guild.member_row(&format!("member{number}"), rank, false).await);
    }
    guild.add_members(rows).await;
    for statement in [
        "INSERT INTO characters
            (guild_id, id, member_id, name, name_key, realm, realm_key, sort_key, class, role, is_main)
        SELECT guild_id, id, id, discord_username, username_key, 'r', 'r', sort_key,
            CASE WHEN id % 9 = 0 THEN 'MAGE' ELSE 'ROGUE' END, CASE WHEN id % 9 = 1 THEN 'TANK' ELSE 'MELEE_DPS' END, false
        FROM members",
        "INSERT INTO campaigns (guild_id, id, title, method, picks_per_voter, min_rank_level_to_vote, duration_hours,
            closes_at, status, early_close_if_all_voted, results_visibility, announcements, created_at, sort_key)
        SELECT guild_id, id, discord_username, 'WEIGHTED', 1, 1, 24, created_at, 'CLOSED', false, 'ALWAYS', 'OFF',
            created_at, username_key
        FROM members",
        "INSERT INTO audit_events (guild_id, id, at, actor_id, action, subject, summary)
        SELECT guild_id, id, created_at, id, CASE WHEN id % 9 = 0 THEN 'member.create' ELSE 'member.update' END,
            username_key, 'x'
        FROM members",
    ] {
        app.execute_sql(statement).await;
    }
    if matches!(app.database, DatabaseUrl::Postgres { .. }) {
        let plan_of = "CREATE FUNCTION plan_of(statement TEXT) RETURNS SETOF TEXT LANGUAGE plpgsql AS
            $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || statement; END $$";
        app.execute_sql(plan_of).await;
        app.execute_sql("ANALYZE").await;
    } else {
        app.app.db.maintain().await.unwrap();
    }
}

/// The first page, the page after a position, and the same backwards.
fn pages<K: Clone>(position: K) -> [Page<K>; 4] {
    let page = |backward, after, before| Page { size: 25, backward, after, before };
    [
        page(false, None, None),
        page(false, Some(position.clone()), None),
        page(true, None, None),
        page(true, None, Some(position)),
    ]
}

fn assert_read_in_order(plan: &str, index: &str, list: &List) {
    let uses_index = plan.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == index);
    assert!(uses_index && !plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{list:?}\n{plan}");
}

const DIRECTIONS: [OrderDirection; 2] = [OrderDirection::Asc, OrderDirection::Desc];

#[on_both]
async fn each_order_is_read_from_an_index(app: TestApp) {
    let guild = app.guild("gg").await;
    fill(&app, &guild).await;
    let (now, member) = (app.now(), MemberId(1 << 60));
    for (for_visitors, field, direction, index) in [
        (false, MemberOrderField::Rank, OrderDirection::Desc, "members_roster"),
        (true, MemberOrderField::Rank, OrderDirection::Desc, "members_public"),
        // Not the reverse of the descending order: names within a rank are from A to Z in both.
        (false, MemberOrderField::Rank, OrderDirection::Asc, "members_by_level"),
        (true, MemberOrderField::Rank, OrderDirection::Asc, "members_by_public_level"),
    ] {
        for page in pages(MemberKey::Rank(2, "m".to_owned(), member)) {
            let filter = MemberFilter { active: Some(true), for_visitors, ..MemberFilter::default() };
            let list = List::Members(MemberList { filter, order: MemberOrder { field, direction }, page });
            assert_read_in_order(&plan(&app, guild.id, list.clone()).await, index, &list);
        }
    }
    for (for_visitors, field, position, index) in [
        (false, MemberOrderField::Name, MemberKey::Name("m".to_owned(), member), "members_by_name"),
        (true, MemberOrderField::Name, MemberKey::Name("m".to_owned(), member), "members_by_public_name"),
        (false, MemberOrderField::JoinedAt, MemberKey::JoinedAt(now, member), "members_by_age"),
        (false, MemberOrderField::LastSeenAt, MemberKey::LastSeenAt(now, member), "members_by_last_seen"),
    ] {
        for (direction, page) in DIRECTIONS.into_iter().flat_map(|it| pages(position.clone()).map(|page| (it, page))) {
            let filter = MemberFilter { active: Some(true), for_visitors, ..MemberFilter::default() };
            let list = List::Members(MemberList { filter, order: MemberOrder { field, direction }, page });
            assert_read_in_order(&plan(&app, guild.id, list.clone()).await, index, &list);
        }
    }
    let campaign = CampaignId(1 << 60);
    for (field, position, index) in [
        (CampaignOrderField::CreatedAt, CampaignPosition::At(now, campaign), "campaigns_newest"),
        (CampaignOrderField::ClosesAt, CampaignPosition::At(now, campaign), "campaigns_by_end"),
        (CampaignOrderField::Title, CampaignPosition::Title("m".to_owned(), campaign), "campaigns_by_title"),
    ] {
        for (direction, page) in DIRECTIONS.into_iter().flat_map(|it| pages(position.clone()).map(|page| (it, page))) {
            let list = List::Campaigns(CampaignFilter::default(), CampaignOrder { field, direction }, page);
            assert_read_in_order(&plan(&app, guild.id, list.clone()).await, index, &list);
        }
    }
    for page in pages(("m".to_owned(), CharacterId(1 << 60))) {
        let list = List::Characters(CharacterFilter::default(), page);
        assert_read_in_order(&plan(&app, guild.id, list.clone()).await, "characters_roster", &list);
    }
    for page in pages((now, AuditEventId(1 << 60))) {
        let by = |filter| List::Events(filter, page.clone());
        for (list, index) in [
            (by(AuditFilter::default()), "audit_events_newest"),
            (by(AuditFilter { from: Some(now), to: Some(now), ..AuditFilter::default() }), "audit_events_newest"),
            (by(AuditFilter { actor: Some(member), ..AuditFilter::default() }), "audit_events_of_actor"),
            (by(AuditFilter { subject: Some("x".to_owned()), ..AuditFilter::default() }), "audit_events_of_subject"),
        ] {
            assert_read_in_order(&plan(&app, guild.id, list.clone()).await, index, &list);
        }
    }
}

#[on_both]
async fn filtered_rows_are_found_by_an_index(app: TestApp) {
    let guild = app.guild("gg").await;
    fill(&app, &guild).await;
    let (mage, tank) = (Some(CharacterClass::Mage), Some(CharacterRole::Tank));
    let [page, ..] = pages(MemberKey::Rank(2, "m".to_owned(), MemberId(1)));
    let members = |filter| List::Members(MemberList { filter, order: MemberOrder::default(), page: page.clone() });
    let [page, ..] = pages(("m".to_owned(), CharacterId(1)));
    let characters = |filter| List::Characters(filter, page.clone());
    let [page, ..] = pages(CampaignPosition::At(app.now(), CampaignId(1)));
    let campaigns = |filter| List::Campaigns(filter, CampaignOrder::default(), page.clone());
    let voter = Voter { registered: Some(MemberId(1)), now: app.now() };
    let [page, ..] = pages((app.now(), AuditEventId(1)));
    let actions = Some(vec!["member.create".to_owned(), "guild.update".to_owned()]);
    for list in [
        members(MemberFilter { rank: Some(guild.rank("Officer").id), ..MemberFilter::default() }),
        members(MemberFilter { rank_level_at_least: Some(4), ..MemberFilter::default() }),
        members(MemberFilter { registered: Some(false), ..MemberFilter::default() }),
        members(MemberFilter { class: mage, ..MemberFilter::default() }),
        members(MemberFilter { role: tank, ..MemberFilter::default() }),
        members(MemberFilter { class: mage, role: tank, ..MemberFilter::default() }),
        characters(CharacterFilter { class: mage, ..CharacterFilter::default() }),
        characters(CharacterFilter { role: tank, mains_only: true, ..CharacterFilter::default() }),
        campaigns(CampaignFilter { status: Some(vec![CampaignStatus::Live]), ..CampaignFilter::default() }),
        campaigns(CampaignFilter { viewer_can_vote: Some((true, voter)), ..CampaignFilter::default() }),
        campaigns(CampaignFilter { viewer_can_vote: Some((false, voter)), ..CampaignFilter::default() }),
        List::Events(AuditFilter { actions, ..AuditFilter::default() }, page.clone()),
    ] {
        let plan = plan(&app, guild.id, list.clone()).await;
        assert!(!plan.contains("Seq Scan"), "{list:?}\n{plan}");
        // There is only one guild, so an index would not help to find it. The other is the list of values in the filter.
        let scanned = plan.lines().filter_map(|line| line.trim_start().strip_prefix("SCAN "));
        let others: Vec<_> =
            scanned.filter(|table| !table.starts_with("guilds ") && !table.starts_with("json_each ")).collect();
        assert!(others.is_empty(), "{list:?}\n{plan}");
    }
}
