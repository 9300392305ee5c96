//! Roster files of officers: what an import would change, and exports that an import reads without changes.

use std::fmt::Write;

use guildhall::identity::{ImportOptions, import::Format, import_roster};
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestGuild,
    documents::{AUDIT_COUNT, CREATE_CHARACTER, CREATE_MEMBER, UPDATE_ME, UPDATE_MEMBER},
    on_both, strings,
};

const IMPORT: &str = "mutation($input: ImportRosterInput!) { importRoster(input: $input) {
    imported membersAdded membersChanged charactersAdded charactersChanged rows rowsUnchanged problems { message }
    changes { place kind name changes { field from to } member { displayName } }
} }";
const EXPORT: &str = "query($format: RosterFormat!) { exportRoster(format: $format) { fileName data members } }";

async fn import(client: &Client<'_>, format: &str, data: &str, dry_run: bool) -> Value {
    let input = json!({ "input": { "format": format, "data": data, "dryRun": dry_run, "skipBad": true } });
    client.ok(IMPORT, input).await["importRoster"].clone()
}

async fn export(client: &Client<'_>, format: &str) -> Value {
    client.ok(EXPORT, json!({ "format": format })).await["exportRoster"].clone()
}

fn change(place: &str, kind: &str, name: &str, fields: &[(&str, Value, Value)], member: Option<&str>) -> Value {
    let fields = fields.iter().map(|(field, from, to)| json!({ "field": field, "from": from, "to": to }));
    let member = member.map(|name| json!({ "displayName": name }));
    json!({ "place": place, "kind": kind, "name": name, "changes": fields.collect::<Vec<_>>(), "member": member })
}

/// The changes without their members, who exist only after an import.
fn without_members(changes: &Value) -> Vec<Value> {
    let without = |change: &Value| {
        let mut change = change.clone();
        change.as_object_mut().unwrap().remove("member");
        change
    };
    changes.as_array().unwrap().iter().map(without).collect()
}

#[on_both]
async fn a_dry_run_lists_the_changes_that_the_import_makes(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, known) = (guild.member("officer", "Officer").await, guild.member("known", "Initiate").await);
    let old = json!({ "memberId": known.id, "name": "Old", "realm": "R", "class": "MAGE", "spec": "Frost", "role": "RANGED_DPS" });
    officer.ok(CREATE_CHARACTER, json!({ "input": old })).await;
    let file = "\
discord_username,discord_id,display_name,rank,character_name,realm,class,spec,role,main_alt
new,77,Newcomer,Veteran,Fresh,R,Druid,Guardian,,
known,,Known One,Member,Young,R,Hunter,,ranged,main
known,,,,OLD,r,,fire,,
officer,,,,,,,,,
";
    let expected = [
        change(
            "line 2",
            "MEMBER_ADDED",
            "Newcomer",
            &[
                ("discordUsername", json!(null), json!("new")),
                ("discordId", json!(null), json!("77")),
                ("displayName", json!(null), json!("Newcomer")),
                ("rank", json!(null), json!("Veteran")),
            ],
            Some("Newcomer"),
        ),
        change(
            "line 2",
            "CHARACTER_ADDED",
            "Fresh-R",
            &[
                ("name", json!(null), json!("Fresh")),
                ("realm", json!(null), json!("R")),
                ("class", json!(null), json!("DRUID")),
                ("spec", json!(null), json!("Guardian")),
                ("role", json!(null), json!("TANK")),
                ("isMain", json!(null), json!("true")),
            ],
            Some("Newcomer"),
        ),
        change(
            "line 3",
            "MEMBER_CHANGED",
            "Known One",
            &[("displayName", json!("known"), json!("Known One")), ("rank", json!("Initiate"), json!("Member"))],
            Some("Known One"),
        ),
        // The row of the new main makes the former one an alt. A later row changes it too.
        change(
            "line 3",
            "CHARACTER_CHANGED",
            "Old-R",
            &[("spec", json!("Frost"), json!("Fire")), ("isMain", json!("true"), json!("false"))],
            Some("Known One"),
        ),
        change(
            "line 3",
            "CHARACTER_ADDED",
            "Young-R",
            &[
                ("name", json!(null), json!("Young")),
                ("realm", json!(null), json!("R")),
                ("class", json!(null), json!("HUNTER")),
                ("role", json!(null), json!("RANGED_DPS")),
                ("isMain", json!(null), json!("true")),
            ],
            Some("Known One"),
        ),
    ];
    let logged = officer.ok(AUDIT_COUNT, json!({})).await;
    let dry = import(&officer, "CSV", file, true).await;
    assert_eq!((&dry["imported"], &dry["membersAdded"], &dry["problems"]), (&json!(false), &json!(1), &json!([])));
    assert_eq!(without_members(&dry["changes"]), without_members(&json!(expected)));
    let members: Vec<&Value> = dry["changes"].as_array().unwrap().iter().map(|it| &it["member"]).collect();
    let stored = json!({ "displayName": "known" });
    assert_eq!(members, [&json!(null), &json!(null), &stored, &stored, &stored]);
    assert_eq!(officer.ok(AUDIT_COUNT, json!({})).await, logged);

    // The command line makes the same plan.
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let file_data = (Format::Csv, file.as_bytes().to_vec());
    let by_operator = import_roster(&app.app.access, guild.id, None, file_data, options, |_, _| ()).await.unwrap();
    let named: Vec<String> = by_operator.changes.iter().map(|it| it.name.clone()).collect();
    assert_eq!(named, strings(&dry["changes"], "/name"));

    let imported = import(&officer, "CSV", file, false).await;
    assert_eq!(imported["changes"], json!(expected));
    let again = import(&officer, "CSV", file, false).await;
    assert_eq!((&again["changes"], &again["rowsUnchanged"]), (&json!([]), &json!(4)));
}

#[on_both]
async fn changes_name_their_place_in_a_json_file_and_leave_out_bad_rows(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let character = |name: &str| json!({ "name": name, "realm": "R", "class": "MAGE", "role": "ranged" });
    let file = json!({ "members": [
        { "discordUsername": "bad", "rank": "Guild Leader", "characters": [character("Never")] },
        { "discordUsername": "two", "characters": [character("A"), character("B")] },
        { "discordUsername": "three" },
    ] });
    let dry = import(&officer, "JSON", &file.to_string(), true).await;
    let places: Vec<String> =
        dry["changes"].as_array().unwrap().iter().map(|it| format!("{} {}", it["place"], it["name"])).collect();
    assert_eq!(
        places,
        [
            "\"members[1]\" \"two\"",
            "\"members[1].characters[0]\" \"A-R\"",
            "\"members[1].characters[1]\" \"B-R\"",
            "\"members[2]\" \"three\"",
        ]
    );
    assert_eq!(dry["problems"].as_array().unwrap().len(), 1);
}

#[on_both]
async fn the_first_thousand_changes_are_listed(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let mut file = "discord_username\n".to_owned();
    for number in 0..1_200 {
        writeln!(file, "m{number}").unwrap();
    }
    let document = "mutation($input: ImportRosterInput!) { importRoster(input: $input) {
        membersAdded changes { place member { id viewerActions } }
    } }";
    for (dry_run, has_members) in [(true, false), (false, true)] {
        let input = json!({ "input": { "format": "CSV", "data": file, "dryRun": dry_run } });
        let outcome = officer.ok(document, input).await["importRoster"].clone();
        let changes = outcome["changes"].as_array().unwrap();
        assert_eq!((&outcome["membersAdded"], changes.len()), (&json!(1_200), 1_000));
        assert_eq!((&changes[0]["place"], &changes[999]["place"]), (&json!("line 2"), &json!("line 1001")));
        assert!(changes.iter().all(|change| change["member"].is_object() == has_members));
    }
}

/// Names that spreadsheets and parsers may take for something else.
const ODD_NAMES: [&str; 12] =
    ["=1+1", "'=x", "-2", "+3", "@@sum", "a;b", "a,b", "\"quoted\"", "a;=HYPERLINK(1)", "＝full", "Ægir", "'"];

/// A guild whose members and characters have odd names, on all ranks.
async fn odd_guild(guild: &TestGuild<'_>) {
    let leader = guild.leader().await;
    for (number, name) in ODD_NAMES.iter().enumerate() {
        let rank = ["Initiate", "Member", "Officer"][number % 3];
        let rank = async_graphql::ID::from(guild.rank(rank).id);
        let new = json!({
            "discordUsername": format!("u{number}{name}"), "displayName": name, "rankId": rank,
            "discordId": (number % 2 == 0).then(|| format!("12345678901234{}", 101 + number * 7)),
        });
        let member = leader.ok(CREATE_MEMBER, json!({ "input": new })).await["createMember"]["member"]["id"].clone();
        for (index, name) in ODD_NAMES.iter().enumerate().take(number % 4) {
            let new = json!({
                "memberId": member, "name": format!("{name}{number}"), "realm": name, "class": "MAGE",
                "spec": (index == 0).then_some("Fire"), "role": "RANGED_DPS", "isMain": index == 1,
            });
            leader.ok(CREATE_CHARACTER, json!({ "input": new })).await;
        }
    }
}

#[on_both]
async fn an_exported_roster_is_read_back_without_changes(app: TestApp) {
    let (guild, elsewhere) = (app.guild("gg").await, app.guild("other").await);
    odd_guild(&guild).await;
    let (officer, inactive) = (guild.member("officer", "Officer").await, guild.member("inactive", "Member").await);
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": inactive.id, "active": false } })).await;
    for format in ["CSV", "JSON"] {
        let file = export(&officer, format).await;
        assert_eq!(file["members"], 2 + ODD_NAMES.len(), "the leader, the officer and the others");
        assert_eq!(file["fileName"], format!("gg-roster-2026-03-01.{}", format.to_lowercase()));
        let data = file["data"].as_str().unwrap();
        assert!(!data.contains("inactive"), "{data}");
        let again = import(&officer, format, data, false).await;
        assert_eq!((&again["changes"], &again["problems"]), (&json!([]), &json!([])), "{format}");
        assert_eq!(again["rows"], again["rowsUnchanged"]);
        // In another guild, it adds all members below the importing officer.
        let added = import(&elsewhere.leader().await, format, data, true).await;
        assert_eq!((&added["membersAdded"], &added["problems"]), (&json!(1 + ODD_NAMES.len()), &json!([])), "{added}");
    }
}

/// A cell of a spreadsheet that splits at any of the usual separators.
fn cells(data: &str) -> impl Iterator<Item = &str> {
    data.split([',', ';', '|', '\t', '\n', '\r']).map(|cell| cell.trim_start_matches(['"', ' ', '\u{a0}', '\u{3000}']))
}

#[on_both]
async fn no_cell_of_an_exported_table_starts_a_formula(app: TestApp) {
    let guild = app.guild("gg").await;
    odd_guild(&guild).await;
    // Members choose their own names.
    let member = guild.member("member", "Member").await;
    for name in ["=cmd|' /C calc'!A0", "\u{3000}=1", "a;\"=1", "+1|-1", "@x;=y", "＋1"] {
        member.ok(UPDATE_ME, json!({ "input": { "displayName": name } })).await;
        let file = export(&guild.leader().await, "CSV").await;
        for cell in cells(file["data"].as_str().unwrap()) {
            assert!(!cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']), "{name}: {cell}");
        }
    }
}

#[on_both]
async fn rosters_are_exported_only_with_the_permission(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("other").await);
    other.member("stranger", "Member").await;
    let (member, officer) = (guild.member("member", "Member").await, guild.member("officer", "Officer").await);
    let format = json!({ "format": "CSV" });
    assert_eq!(guild.anonymous().refusal(EXPORT, format.clone()).await, "UNAUTHENTICATED");
    assert_eq!(member.refusal(EXPORT, format.clone()).await, "FORBIDDEN PERMISSION_REQUIRED");
    assert!(!export(&officer, "CSV").await["data"].as_str().unwrap().contains("stranger"));
    let default = officer.ok("{ exportRoster { fileName } }", json!({})).await;
    assert_eq!(default["exportRoster"]["fileName"], "gg-roster-2026-03-01.csv");
    // A response contains only a few files.
    let many: Vec<String> = (0..4).map(|number| format!("a{number}: exportRoster {{ data }}")).collect();
    let many = officer.refusal(&format!("{{ {} }}", many.join(" ")), json!({})).await;
    assert_eq!(many, "QUERY_TOO_COMPLEX");
}
