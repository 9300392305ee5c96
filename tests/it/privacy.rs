//! Personal data: what is kept about a member, its export, its erasure, and its deletion after a while.

use std::{collections::BTreeMap, time::Duration};

use diesel::{QueryableByName, sql_types::Text};
use diesel_async::RunQueryDsl;
use guildhall::{
    db::Conn,
    kernel::error::Code,
    privacy::{Retention, clean_up},
};
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, TestApp, TestCampaign, TestGuild,
    documents::{
        CREATE_CHARACTER, CREATE_MEMBER, DELETE_CHARACTER, LOGIN, REFRESH_SESSION, SEND_INVITE, UPDATE_MEMBER,
    },
    on_both,
    process::{run, stdout},
    refusal_in,
};

const EXPORT: &str = "{ exportMyData { fileName data } }";
const ERASE: &str = "mutation($id: ID!) {
    eraseMember(id: $id) { member { id displayName discordUsername isActive isRegistered characters { name } } }
}";

#[derive(QueryableByName)]
struct TextRow {
    #[diesel(sql_type = Text)]
    value: String,
}

async fn texts(app: &TestApp, query: String) -> Vec<String> {
    let read = async move |conn: &mut Conn| {
        let query = diesel::sql_query(query);
        Ok(match conn {
            Conn::Sqlite(conn) => query.load::<TextRow>(&mut **conn).await?,
            Conn::Postgres(conn) => query.load::<TextRow>(&mut **conn).await?,
        })
    };
    app.app.db.read(read).await.unwrap().into_iter().map(|row| row.value).collect()
}

/// All columns of the database, as `table.column`.
async fn columns(app: &TestApp) -> Vec<String> {
    let on_postgres = app.app.db.is_shared();
    let query = if on_postgres {
        "SELECT table_name || '.' || column_name AS value FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'"
    } else {
        "SELECT t.name || '.' || c.name AS value FROM sqlite_master t JOIN pragma_table_xinfo(t.name) c
         WHERE t.type = 'table' AND c.hidden <> 1 AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
            AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    };
    let mut columns = texts(app, query.to_owned()).await;
    columns.sort();
    columns
}

/// The columns whose values contain a text.
async fn columns_with(app: &TestApp, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for column in columns(app).await {
        let (table, name) = column.split_once('.').unwrap();
        let filter = format!("{table} WHERE lower(CAST({name} AS TEXT)) LIKE '%{}%'", text.to_lowercase());
        if app.count_rows(&filter).await > 0 {
            found.push(column);
        }
    }
    found
}

#[on_both]
async fn every_column_has_its_place_in_the_documentation(app: TestApp) {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/privacy.md")).unwrap();
    let list = page.split_once("## Every column").unwrap().1;
    let mut documented: BTreeMap<String, usize> = BTreeMap::new();
    for row in list.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [table, columns, personal, export, erasure] = cells.as_slice() else { panic!("{row}") };
        assert!([personal, export, erasure].iter().all(|cell| !cell.is_empty()), "{row}");
        for column in columns.split(", ").map(|column| column.trim_matches('`')) {
            *documented.entry(format!("{}.{column}", table.trim_matches('`'))).or_default() += 1;
        }
    }
    let twice = documented.iter().filter(|(name, count)| **count > 1 && !name.ends_with(".guild_id"));
    assert_eq!(twice.count(), 0, "listed twice");
    let documented: Vec<String> = documented.into_keys().collect();
    assert_eq!(documented, columns(&app).await, "docs/privacy.md must say what export and erasure do with each column");
}

/// A member with data in every table that has personal data: names, an account, a character, a vote, and a history.
async fn member_with_history<'t>(guild: &TestGuild<'t>, leader: &Client<'t>) -> (Client<'t>, TestCampaign) {
    let officer = guild.member("officer", "Officer").await;
    let input = json!({ "input": { "discordUsername": "Marker.first", "discordId": "77001122" } });
    let id = officer.ok(CREATE_MEMBER, input).await["createMember"]["member"]["id"].as_str().unwrap().to_owned();
    let code = officer.ok(SEND_INVITE, json!({ "id": id })).await["sendInvite"]["code"].clone();
    let rename = |name: &str| json!({ "input": { "id": id, "displayName": name } });
    officer.ok(UPDATE_MEMBER, rename("Marker to, second: as")).await;
    let character = |name: &str| {
        json!({ "input": {
            "memberId": id, "name": name, "realm": "Markerrealm", "class": "MAGE", "role": "HEALER",
        } })
    };
    officer.ok(CREATE_CHARACTER, character("Markerchar")).await;
    let deleted = officer.ok(CREATE_CHARACTER, character("Markergone")).await;
    officer.ok(DELETE_CHARACTER, json!({ "id": deleted["createCharacter"]["character"]["id"] })).await;
    officer.ok(UPDATE_MEMBER, rename("Marker third")).await;
    let register = "mutation($code: String!, $password: String!) {
        register(input: { inviteCode: $code, discordUsername: \"marker.first\", password: $password }) {
            accessToken refreshToken
        }
    }";
    let anyone = guild.anonymous().at("198.51.100.7");
    let tokens = anyone.ok(register, json!({ "code": code, "password": PASSWORD })).await["register"].clone();
    let mut member = guild.anonymous().with_token(tokens["accessToken"].as_str().unwrap());
    member.id = id.clone();
    let settings = json!({ "resultsVisibility": "ALWAYS", "minRankLevelToVote": 1 });
    let campaign = TestCampaign::live(leader, 3, settings).await;
    campaign.vote(&member, &[0]).await;
    let messages =
        "INSERT INTO discord_messages (guild_id, id, lane, number, kind, member_id, body, state, queued_at, expires_at,
            due_at, attempts)
         SELECT guild_id, 5, '1 user 77001122', 1, 'INVITE', id, 'to Marker', 'QUEUED', created_at, created_at,
            created_at, 0
         FROM members WHERE username_key = 'marker.first'";
    guild.test.execute_sql(messages).await;
    (member, campaign)
}

#[on_both]
async fn members_export_everything_that_is_kept_about_them(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (member, campaign) = member_with_history(&guild, &leader).await;
    let exported = member.ok(EXPORT, json!({})).await["exportMyData"].clone();
    assert_eq!(exported["fileName"], "gg-personal-data-2026-03-01.json");
    let text = exported["data"].as_str().unwrap();
    let data: Value = serde_json::from_str(text).unwrap();
    assert_eq!(data["member"]["discordUsername"], "Marker.first");
    assert_eq!(data["member"]["discordId"], "77001122");
    assert_eq!(data["member"]["displayName"], "Marker third");
    assert_eq!(data["characters"][0]["name"], "Markerchar");
    assert_eq!(data["account"]["sessions"][0]["userAgent"], "tests");
    assert_eq!(data["account"]["knownAddresses"].as_array().unwrap().len(), 1);
    assert_eq!(data["account"]["discordMessages"][0]["kind"], "INVITE");
    assert_eq!(data["votes"]["ballots"][0]["campaign"]["id"], campaign.id.as_str());
    assert_eq!(data["votes"]["ballots"][0]["picks"].as_array().unwrap().len(), 1);
    assert!(data["auditEvents"].as_array().unwrap().len() >= 4, "{text}");
    // No secret is part of it.
    for secret in ["argon2", "password_hash", "passwordHash", "tokenHash", "codeHash"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    for table in ["SELECT token_hash AS value FROM refresh_tokens", "SELECT address AS value FROM known_addresses"] {
        for secret in texts(&app, table.to_owned()).await {
            assert!(!text.contains(&secret), "{table}");
        }
    }
    // Others have their own data, and the operator the same as the member.
    let of_leader = leader.ok(EXPORT, json!({})).await["exportMyData"]["data"].as_str().unwrap().to_owned();
    assert!(!of_leader.contains("77001122"));
    assert_eq!(guild.anonymous().refusal(EXPORT, json!({})).await, "UNAUTHENTICATED");
    let folder = tempfile::tempdir().unwrap();
    let [url_flag, url, ..] = app.flags();
    let arguments = ["export-member", "--guild", "gg", "--member", "@MARKER.first", &url_flag, &url];
    let printed: Value = serde_json::from_str(&stdout(&run(folder.path(), &arguments))).unwrap();
    assert_eq!((&printed["member"], &printed["votes"]), (&data["member"], &data["votes"]));
    let unknown = run(folder.path(), &["export-member", "--guild", "gg", "--member", "nobody", &url_flag, &url]);
    assert!(!unknown.status.success());
}

#[on_both]
async fn an_export_does_not_reveal_hidden_campaigns(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let veteran = guild.member("veteran", "Veteran").await;
    let settings = json!({
        "title": "Secret council", "minRankLevelToVote": 3, "minRankLevelToView": 3,
        "entries": [
            { "name": "The member", "associatedMemberId": veteran.id }, { "name": "Someone else" },
            { "name": "A third" },
        ],
    });
    TestCampaign::live(&leader, 0, settings).await;
    let exported = async || veteran.ok(EXPORT, json!({})).await["exportMyData"]["data"].as_str().unwrap().to_owned();
    let before = exported().await;
    assert!(before.contains("The member") && before.contains("Secret council"), "{before}");
    let rank = json!(async_graphql::ID::from(guild.rank("Initiate").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": veteran.id, "rankId": rank } })).await;
    let after = exported().await;
    assert!(!after.contains("Secret council") && !after.contains("The member"), "{after}");
    let data: Value = serde_json::from_str(&after).unwrap();
    assert_eq!(data["votes"]["formerlyEligible"], json!([]));
}

#[on_both]
async fn erasing_a_member_leaves_none_of_their_names_and_keeps_their_votes(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (member, campaign) = member_with_history(&guild, &leader).await;
    campaign.vote(&leader, &[1]).await;
    let result = "query($id: ID!) {
        campaign(id: $id) { standings { points entry { name } } turnout { voted } ballotBox { digest } }
    }";
    campaign.close(&leader).await;
    let before = leader.ok(result, campaign.vars()).await;
    assert!(columns_with(&app, "marker").await.len() >= 7);
    // A report to the officers' channel, which names the member.
    let (guild_id, now) = (guild.id.0, app.now());
    app.execute_sql(&format!(
        "INSERT INTO discord_messages
            (guild_id, id, lane, number, kind, body, state, queued_at, expires_at, due_at, attempts)
        VALUES ({guild_id}, 7, 'x', 1, 'LOG', 'marker', 'FAILED', '{now}', '{now}', '{now}', 1)"
    ))
    .await;

    let erased = leader.ok(ERASE, json!({ "id": member.id })).await["eraseMember"]["member"].clone();
    assert_eq!((&erased["isActive"], &erased["isRegistered"]), (&json!(false), &json!(false)));
    assert!(erased["displayName"].as_str().unwrap().starts_with("Erased member "), "{erased}");
    assert_eq!(columns_with(&app, "marker").await, Vec::<String>::new());
    assert_eq!(columns_with(&app, "77001122").await, Vec::<String>::new());
    for table in ["sessions", "refresh_tokens", "known_addresses", "discord_messages", "codes"] {
        assert_eq!(app.count_rows(table).await, 0, "{table}");
    }
    assert_eq!(leader.ok(result, campaign.vars()).await, before);
    assert_eq!(member.auth_error().await, Some(Code::Unauthenticated));
    let login = json!({ "name": "marker.first", "password": PASSWORD });
    assert_eq!(guild.anonymous().refusal(LOGIN, login).await, "UNAUTHENTICATED BAD_CREDENTIALS");

    // The log still says who did what; another erasure changes nothing.
    let log = "{ auditLog(first: 100) { nodes { action summary actor { displayName } } } }";
    let log_before = leader.ok(log, json!({})).await;
    let name = erased["displayName"].as_str().unwrap();
    let lines = log_before["auditLog"]["nodes"].as_array().unwrap();
    let renamed =
        lines.iter().filter(|it| it["action"] == "member.update" && it["summary"] == format!("Changed {name}"));
    assert_eq!(renamed.count(), 2, "{log_before}");
    assert_eq!(lines.iter().filter(|it| it["action"] == "member.erase").count(), 1);
    let deleted = lines.iter().find(|it| it["action"] == "character.delete").unwrap();
    assert_eq!(deleted["summary"], format!("Deleted a character of {name}"));
    assert_eq!(deleted["actor"]["displayName"], "officer");
    assert_eq!(leader.ok(ERASE, json!({ "id": member.id })).await["eraseMember"]["member"], erased);
    assert_eq!(leader.ok(log, json!({})).await, log_before);

    // The person can be added again, and nobody takes over the erased member.
    leader.ok(CREATE_MEMBER, json!({ "input": { "discordUsername": "Marker.first", "discordId": "77001122" } })).await;
    let reactivate = json!({ "input": { "id": member.id, "active": true } });
    assert_eq!(leader.refusal(UPDATE_MEMBER, reactivate).await, "CONFLICT MEMBER_ERASED");
    assert_eq!(leader.refusal(SEND_INVITE, json!({ "id": member.id })).await, "CONFLICT MEMBER_INACTIVE");
}

#[on_both]
async fn members_are_erased_only_by_officers_above_them(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let leader = guild.leader().await;
    let (officer, peer) = (guild.member("officer", "Officer").await, guild.member("peer", "Officer").await);
    let member = guild.member("member", "Member").await;
    let of = |client: &Client<'_>| json!({ "id": client.id });
    for (actor, target, refusal) in [
        (&officer, &officer, "FORBIDDEN RANK_TOO_LOW"),
        (&officer, &peer, "FORBIDDEN RANK_TOO_LOW"),
        (&officer, &leader, "FORBIDDEN RANK_TOO_LOW"),
        (&leader, &leader, "FORBIDDEN RANK_TOO_LOW"),
        (&member, &member, "FORBIDDEN PERMISSION_REQUIRED"),
        (&other.leader().await, &member, "NOT_FOUND id"),
    ] {
        assert_eq!(actor.refusal(ERASE, of(target)).await, refusal);
    }
    assert_eq!(leader.refusal(ERASE, json!({ "id": "nonsense" })).await, "NOT_FOUND id");
    // The last leader stays, also for an operator; one of two may go.
    let folder = tempfile::tempdir().unwrap();
    let [url_flag, url, ..] = app.flags();
    let erase =
        |name: &str| run(folder.path(), &["erase-member", "--guild", "gg", "--member", name, "--yes", &url_flag, &url]);
    let refused = erase("leader");
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("leader"));
    let second = guild.member("second", "Guild Leader").await;
    second.ok(ERASE, of(&leader)).await;
    assert_eq!(leader.auth_error().await, Some(Code::Unauthenticated));
    assert!(stdout(&erase("member")).contains("erased-"));
    assert_eq!(member.auth_error().await, Some(Code::Unauthenticated));
    assert!(
        !run(folder.path(), &["erase-member", "--guild", "gg", "--member", "peer", &url_flag, &url]).status.success()
    );
    assert_eq!(peer.auth_error().await, None, "without --yes");
}

#[on_both]
async fn erasing_a_member_closes_no_vote_and_changes_no_other_member(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (one, two) = (guild.member("one", "Member").await, guild.member("two", "Member").await);
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": two.id, "displayName": "one" } })).await;
    leader.ok(ERASE, json!({ "id": one.id })).await;
    let names = "{ members(filter: { active: null }) { nodes { id displayName } } }";
    let members = leader.ok(names, json!({})).await;
    let of_two = members["members"]["nodes"].as_array().unwrap().iter().find(|it| it["id"] == two.id.as_str()).unwrap();
    assert_eq!(of_two["displayName"], "one");
    assert_eq!(two.auth_error().await, None);
    let log = leader.ok("{ auditLog { nodes { summary } } }", json!({})).await;
    assert!(log.to_string().contains("display name from two to one"), "{log}");
}

#[on_both]
async fn old_sessions_addresses_codes_and_events_are_deleted(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    guild.member("someone", "Member").await;
    let new = guild.unregistered("new", "Member").await;
    leader.ok(SEND_INVITE, json!({ "id": new.id })).await;
    let home = guild.anonymous().at("198.51.100.7");
    let login = json!({ "name": "someone", "password": PASSWORD });
    let (kept, ended) = (home.ok(LOGIN, login.clone()).await, home.ok(LOGIN, login.clone()).await);
    let wrong = json!({ "name": "someone", "password": "wrong password" });
    assert_eq!(refusal_in(&home.run(LOGIN, wrong).await), "UNAUTHENTICATED BAD_CREDENTIALS");
    guild
        .anonymous()
        .with_token(ended["login"]["accessToken"].as_str().unwrap())
        .ok("mutation { logout { success } }", json!({}))
        .await;
    let refresh = app.app.accounts.lifetimes.refresh;
    let clean = async |retention: Retention| clean_up(&app.app.db, app.now(), retention, refresh).await.unwrap();
    let rows = async || {
        let mut rows = Vec::new();
        for table in ["sessions", "known_addresses", "codes", "failures", "audit_events"] {
            rows.push(app.count_rows(table).await);
        }
        rows
    };
    clean(Retention::default()).await;
    assert_eq!(rows().await, [2, 1, 1, 2, 1]);
    app.clock.advance(Duration::from_hours(24 * 29));
    home.ok(REFRESH_SESSION, json!({ "token": kept["login"]["refreshToken"] })).await;
    clean(Retention::default()).await;
    assert_eq!(rows().await, [2, 1, 0, 0, 1]);
    app.clock.advance(Duration::from_hours(24 * 2));
    clean(Retention::default()).await;
    assert_eq!(rows().await, [1, 1, 0, 0, 1], "the session that ended first");
    app.clock.advance(Duration::from_hours(24 * 60));
    let audit = Some(Duration::from_hours(24 * 90));
    clean(Retention { audit, ..Retention::default() }).await;
    assert_eq!(rows().await, [0, 1, 0, 0, 0]);
    app.clock.advance(Duration::from_hours(24 * 60));
    clean(Retention::default()).await;
    assert_eq!(rows().await, [0, 0, 0, 0, 0]);
}
