//! Names that members and officers type: which ones are accepted, and which ones are equal.

use std::path::PathBuf;

use async_graphql::ID;
use guildhall::{db::DatabaseUrl, identity};
use serde_json::json;

use crate::support::{
    PASSWORD, TestApp, TestCampaign,
    documents::{
        ADD_ENTRY, CREATE_CHARACTER, CREATE_MEMBER, LOGIN, UPDATE_CAMPAIGN, UPDATE_GUILD, UPDATE_MEMBER, UPDATE_RANK,
    },
    on_both,
    process::{ServerProcess, run},
    strings,
};

const CREATE_RANK: &str = "mutation($input: CreateRankInput!) { createRank(input: $input) { rank { name } } }";

#[on_both]
async fn names_are_visible_wherever_they_are_typed(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let draft = TestCampaign::draft(&leader, 2, json!({})).await;
    for name in
        ["\u{3164}", "\u{2800}", "\u{200b}", "\u{115f}a", "a\u{202e}b", "\u{e000}", "\u{378}", "\u{301}a", "a\nb"]
    {
        let calls = [
            (UPDATE_MEMBER, json!({ "id": leader.id, "displayName": name }), "displayName"),
            (CREATE_MEMBER, json!({ "discordUsername": name }), "discordUsername"),
            (CREATE_RANK, json!({ "name": name, "level": 10, "permissions": [] }), "name"),
            (UPDATE_GUILD, json!({ "name": name }), "name"),
            (ADD_ENTRY, json!({ "campaignId": draft.id, "entry": { "name": name } }), "entry.name"),
            (UPDATE_CAMPAIGN, json!({ "id": draft.id, "title": name }), "title"),
            (
                CREATE_CHARACTER,
                json!({ "name": name, "realm": "Area 52", "class": "MAGE", "role": "RANGED_DPS" }),
                "name",
            ),
            (CREATE_CHARACTER, json!({ "name": "Zoë", "realm": name, "class": "MAGE", "role": "RANGED_DPS" }), "realm"),
        ];
        for (mutation, input, field) in calls {
            let refusal = leader.refusal(mutation, json!({ "input": input })).await;
            assert_eq!(refusal, format!("BAD_USER_INPUT {field}"), "{name:?}");
        }
    }
    for name in ["👨‍👩‍👧", "می‌خواهم", "❤️"] {
        leader.ok(UPDATE_MEMBER, json!({ "input": { "id": leader.id, "displayName": name } })).await;
        assert_eq!(leader.ok("{ me { displayName } }", json!({})).await["me"]["displayName"], name);
    }
}

#[on_both]
async fn names_that_look_alike_are_taken(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let rank = ID::from(guild.rank("Member").id);
    let rename = |name: &str| json!({ "input": { "id": rank, "name": name } });
    for name in ["Guild  Leader", "guild\u{3000}leader", "GuildLeader", "ＯＦＦＩＣＥＲ"] {
        assert_eq!(leader.refusal(UPDATE_RANK, rename(name)).await, "CONFLICT NAME_TAKEN name", "{name}");
    }
    assert_eq!(leader.refusal(UPDATE_RANK, rename("Officer\u{200b}")).await, "BAD_USER_INPUT name");
    leader.ok(UPDATE_RANK, rename("Véteran")).await;
    for (username, other) in [("straße", "STRAẞE"), ("irem", "İREM"), ("thal", "Ｔｈａｌ"), ("two words", "twowords")]
    {
        leader.ok(CREATE_MEMBER, json!({ "input": { "discordUsername": username } })).await;
        let taken = leader.refusal(CREATE_MEMBER, json!({ "input": { "discordUsername": other } })).await;
        assert_eq!(taken, "CONFLICT NAME_TAKEN discordUsername", "{other}");
    }
}

#[on_both]
async fn members_sign_in_however_their_name_is_typed(app: TestApp) {
    let guild = app.guild("gg").await;
    for (username, typed) in [("straße", "STRAẞE"), ("irem", "İrem"), ("IRMAK", "ırmak"), ("thal", " @Ｔｈａｌ ")]
    {
        guild.member(username, "Member").await;
        let credentials = json!({ "name": typed, "password": PASSWORD });
        let member = guild.anonymous().ok(LOGIN, credentials).await["login"]["member"].clone();
        assert_eq!(member["displayName"], username, "{typed}");
    }
}

#[on_both]
async fn members_are_sorted_and_found_by_base_letters(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("aaa", "Officer").await;
    for name in ["Zoë", "Øyvind", "Ægir", "Łucja", "Bjørn", "Đorđe", "Straße", "İrem", "O’Brien"] {
        guild.member(name, "Member").await;
    }
    let page = "query($search: String) { members(filter: { search: $search }) { totalCount nodes { displayName } } }";
    let listed = member.ok(page, json!({})).await["members"]["nodes"].clone();
    let sorted = ["Ægir", "Bjørn", "Đorđe", "İrem", "Łucja", "O’Brien", "Øyvind", "Straße", "Zoë"];
    assert_eq!(strings(&listed, "/displayName")[2..], sorted);
    for (search, found) in [
        ("bjorn", "Bjørn"),
        ("BJØRN", "Bjørn"),
        ("lucja", "Łucja"),
        ("aegi", "Ægir"),
        ("dorde", "Đorđe"),
        ("STRASSE", "Straße"),
        ("STRAẞE", "Straße"),
        ("irem", "İrem"),
        ("obrien", "O’Brien"),
        ("o'brien", "O’Brien"),
        ("ｏ＇ｂ", "O’Brien"),
    ] {
        let page = member.ok(page, json!({ "search": search })).await["members"].clone();
        assert_eq!(
            (strings(&page["nodes"], "/displayName"), &page["totalCount"]),
            (vec![found.to_owned()], &json!(1)),
            "{search}"
        );
    }
}

#[on_both]
async fn a_realm_is_one_realm_however_it_is_spelled(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let create = async |name: &str, realm: &str| {
        let input = json!({ "name": name, "realm": realm, "class": "MAGE", "role": "RANGED_DPS" });
        let created = leader.run(CREATE_CHARACTER, json!({ "input": input })).await;
        created["errors"][0]["extensions"]["reason"].as_str().map(str::to_owned)
    };
    for [first, second, third] in [
        ["Area 52", "Area52", "area-52"],
        ["Sen'jin", "Sen’jin", "SENJIN"],
        ["Azjol-Nerub", "AzjolNerub", "azjol nerub"],
    ] {
        assert_eq!(create("Thal", first).await, None);
        assert_eq!(create("Thal", second).await.as_deref(), Some("NAME_TAKEN"), "{second}");
        assert_eq!(create("thal", third).await.as_deref(), Some("NAME_TAKEN"), "{third}");
    }
    let rows =
        "discordUsername,characterName,realm\nleader,Thal,AREA-52\nleader,Thal,Senjin\nleader,thal,azjol nerub\n";
    let import = "mutation($input: ImportRosterInput!) {
        importRoster(input: $input) { charactersAdded charactersChanged rowsUnchanged }
    }";
    let imported =
        leader.ok(import, json!({ "input": { "format": "CSV", "data": rows } })).await["importRoster"].clone();
    assert_eq!(imported, json!({ "charactersAdded": 0, "charactersChanged": 0, "rowsUnchanged": 3 }));
    let found = "query($search: String) { characters(filter: { search: $search }) { nodes { realm } } }";
    for (search, realm) in [("senjin", "Sen'jin"), ("sen’jin", "Sen'jin")] {
        let page = leader.ok(found, json!({ "search": search })).await;
        assert_eq!(strings(&page["characters"]["nodes"], "/realm"), [realm], "{search}");
    }
}

#[on_both]
async fn keys_that_the_former_release_stored_are_brought_up_to_date(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    // As 0.1.0 stored them: with spaces and hyphens, and with the dot of İ.
    let mut rows = Vec::new();
    for (name, key) in [
        ("İrem", "i\u{307}rem"),
        ("two words", "two words"),
        ("Bjørn", "bjørn"),
        ("İnci", "i\u{307}nci"),
        ("inci", "inci"),
    ] {
        let mut row = guild.member_row(name, "Member", true).await;
        (row.username_key, row.sort_key) = (key.to_owned(), format!("{key}\u{1}{key}"));
        rows.push(row);
    }
    guild.add_members(rows).await;
    for (name, realm) in [("Thal", "Area 52"), ("Thal", "Area 51")] {
        let input = json!({ "name": name, "realm": realm, "class": "MAGE", "role": "RANGED_DPS" });
        leader.ok(CREATE_CHARACTER, json!({ "input": input })).await;
    }
    app.execute_sql("UPDATE characters SET realm_key = lower(realm)").await;
    app.execute_sql("UPDATE ranks SET name_key = lower(name)").await;

    identity::refresh_keys(&app.app.db).await.unwrap();
    for (typed, name) in [("irem", "İrem"), ("TwoWords", "two words"), ("inci", "inci")] {
        let signed_in = guild.anonymous().ok(LOGIN, json!({ "name": typed, "password": PASSWORD })).await;
        assert_eq!(signed_in["login"]["member"]["displayName"], name);
    }
    // İnci's new key is taken: the former one stays until one of the two is renamed.
    assert_eq!(app.count_rows("members WHERE username_key IN ('inci', 'i\u{307}nci')").await, 2);
    let found = leader.ok("{ members(filter: { search: \"bjorn\" }) { nodes { displayName } } }", json!({})).await;
    assert_eq!(strings(&found["members"]["nodes"], "/displayName"), ["Bjørn"]);
    let rank = json!({ "input": { "id": ID::from(guild.rank("Member").id), "name": "guild leader" } });
    assert_eq!(leader.refusal(UPDATE_RANK, rank).await, "CONFLICT NAME_TAKEN name");
    let again = json!({ "input": { "name": "thal", "realm": "AREA-51", "class": "MAGE", "role": "RANGED_DPS" } });
    assert_eq!(leader.refusal(CREATE_CHARACTER, again).await, "CONFLICT NAME_TAKEN name");
    assert_eq!(app.count_rows("characters WHERE realm_key = 'area52'").await, 1);
}

#[on_both]
async fn the_doctor_lists_names_that_have_become_equal(app: TestApp) {
    let guild = app.guild("gg").await;
    let doctor = || {
        let folder = tempfile::tempdir().unwrap();
        let [url, database, ..] = app.flags();
        let secret = "0123456789abcdef0123456789abcdef";
        let output = run(folder.path(), &["doctor", &url, &database, "--jwt-secret", secret]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(doctor().contains("ok    names "), "{}", doctor());
    let mut row = guild.member_row("Leader", "Member", true).await;
    "former key".clone_into(&mut row.username_key);
    guild.add_members(vec![row]).await;
    let report = doctor();
    assert!(report.contains("warn  names ") && report.contains("1, such as Leader"), "{report}");
}

#[on_both]
async fn the_migration_command_brings_keys_up_to_date(app: TestApp) {
    app.guild("gg").await;
    for name in ["Guild Leader", "Officer"] {
        app.execute_sql(&format!("UPDATE ranks SET name_key = 'stale {name}' WHERE name = '{name}'")).await;
    }
    // A name that another rank's key already has.
    app.execute_sql("UPDATE ranks SET name_key = 'officer' WHERE name = 'Veteran'").await;
    let folder = tempfile::tempdir().unwrap();
    let [url, database, ..] = app.flags();
    let output = run(folder.path(), &["migrate", &url, &database]);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{log}");
    assert_eq!(app.count_rows("ranks WHERE name_key IN ('guildleader', 'veteran')").await, 2);
}

#[on_both]
async fn a_server_brings_keys_up_to_date_after_the_migration(app: TestApp) {
    app.guild("gg").await;
    let kind = if matches!(app.database, DatabaseUrl::Sqlite(_)) { "sqlite" } else { "postgres" };
    let first = format!("migrations/{kind}/2026-11-30-101000");
    let folders = std::fs::read_dir(format!("migrations/{kind}")).unwrap().map(|it| it.unwrap().path());
    let mut reverted: Vec<PathBuf> = folders.filter(|it| *it.to_string_lossy() >= *first).collect();
    reverted.sort();
    for folder in reverted.iter().rev() {
        app.execute_sql(&std::fs::read_to_string(folder.join("down.sql")).unwrap()).await;
    }
    app.execute_sql("DELETE FROM __diesel_schema_migrations WHERE version >= '20261130101000'").await;
    app.execute_sql("UPDATE ranks SET name_key = lower(name)").await;

    let folder = tempfile::tempdir().unwrap();
    let flags = app.flags();
    let flags: Vec<&str> =
        ["serve", "--bind", "127.0.0.1:0"].into_iter().chain(flags.iter().map(String::as_str)).collect();
    let _server = ServerProcess::start(folder.path(), &flags);
    assert_eq!(app.count_rows("ranks WHERE name_key = 'guildleader'").await, 1);
}
