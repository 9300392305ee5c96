//! Imports of rosters by officers.

use std::fmt::Write;

use guildhall::identity::{ImportOptions, import::Format, import_roster};
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestGuild,
    documents::{AUDIT_COUNT, CREATE_CHARACTER, CREATE_MEMBER, SEND_INVITE, UPDATE_MEMBER},
    on_both, refusal_in, strings,
};

const IMPORT: &str = "mutation($input: ImportRosterInput!) {
    importRoster(input: $input) {
        imported rows membersAdded membersChanged charactersAdded charactersChanged rowsUnchanged rowsLeftOut
        unknownColumns
        problems { place field reason message }
    }
}";

async fn import(client: &Client<'_>, format: &str, data: &str, skip_bad: bool) -> Value {
    let input = json!({ "input": { "format": format, "data": data, "skipBad": skip_bad } });
    client.ok(IMPORT, input).await["importRoster"].clone()
}

/// `place field reason` of each problem.
fn problems(outcome: &Value) -> Vec<String> {
    let line = |problem: &Value| {
        let parts = ["place", "field", "reason"].iter().filter_map(|part| problem[part].as_str());
        parts.collect::<Vec<_>>().join(" ")
    };
    outcome["problems"].as_array().unwrap().iter().map(line).collect()
}

async fn roster(guild: &TestGuild<'_>) -> Value {
    let query = "{ members(first: 100, filter: { active: null }) { nodes {
        displayName discordUsername rank { name } rankSource characters { name realm class spec role isMain }
    } } }";
    guild.leader().await.ok(query, json!({})).await["members"]["nodes"].clone()
}

/// A character as [`roster`] shows it.
fn character(name: &str, realm: &str, class: &str, spec: Option<&str>, role: &str, is_main: bool) -> Value {
    json!({ "name": name, "realm": realm, "class": class, "spec": spec, "role": role, "isMain": is_main })
}

#[on_both]
async fn an_officer_imports_a_roster_of_lower_ranks(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let known = guild.member("Known", "Initiate").await;
    let add = "mutation {
        createCharacter(input: { name: \"Old\", realm: \"Area 52\", class: MAGE, role: RANGED_DPS }) {
            character { id }
        }
    }";
    known.ok(add, json!({})).await;
    let file = json!({ "members": [
        { "discordUsername": "new", "discordId": 42, "displayName": " Zoe\u{308} ", "rank": "veteran", "characters": [
            { "name": "Alt", "realm": "Sen'jin", "class": "Death Knight", "spec": "frost", "isMain": false },
            { "name": "Main", "realm": "Sen'jin", "class": "DRUID", "spec": "guardian", "isMain": true },
        ] },
        { "discordUsername": "@KNOWN", "rank": "Member", "characters": [
            { "name": "OLD", "realm": "area 52", "spec": "Fire" },
            { "name": "Second", "realm": "Area 52", "class": "hunter", "role": "ranged", "isMain": true },
        ] },
        { "discordUsername": "bare" },
    ] })
    .to_string();
    let outcome = import(&officer, "JSON", &file, false).await;
    assert_eq!(
        outcome,
        json!({
            "imported": true, "rows": 5, "membersAdded": 2, "membersChanged": 1, "charactersAdded": 3,
            "charactersChanged": 1, "rowsUnchanged": 0, "rowsLeftOut": 0, "unknownColumns": [], "problems": [],
        })
    );
    let imported = roster(&guild).await;
    assert_eq!(
        imported
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["discordUsername"] != "leader" && it["discordUsername"] != "officer")
            .cloned()
            .collect::<Vec<_>>(),
        [
            json!({
                "displayName": "Zoë", "discordUsername": "new", "rank": { "name": "Veteran" },
                "rankSource": "MANUAL", "characters": [
                    character("Main", "Sen'jin", "DRUID", Some("Guardian"), "TANK", true),
                    character("Alt", "Sen'jin", "DEATH_KNIGHT", Some("Frost"), "MELEE_DPS", false),
                ],
            }),
            json!({
                "displayName": "Known", "discordUsername": "Known", "rank": { "name": "Member" },
                "rankSource": "MANUAL", "characters": [
                    character("Second", "Area 52", "HUNTER", None, "RANGED_DPS", true),
                    character("Old", "Area 52", "MAGE", Some("Fire"), "RANGED_DPS", false),
                ],
            }),
            json!({
                "displayName": "bare", "discordUsername": "bare", "rank": { "name": "Initiate" },
                "rankSource": "MANUAL", "characters": [],
            }),
        ]
    );
    let log = officer.ok("{ auditLog { nodes { action summary actor { displayName } } } }", json!({})).await;
    let mut summaries = strings(&log["auditLog"]["nodes"], "/summary");
    summaries.sort();
    assert_eq!(
        summaries,
        [
            "Added Second-Area 52, a character of Known",
            "Added Zoë as Veteran",
            "Added bare as Initiate",
            "Changed Old-Area 52 of Known: spec from none to Fire, main from true to false",
            "Imported a roster: 2 members added and 1 changed, 3 characters added and 1 changed",
            "Promoted Known: rank from Initiate to Member",
        ]
    );
    // A repeated import changes and records nothing.
    let repeated = import(&officer, "JSON", &file, false).await;
    assert_eq!(
        (&repeated["rowsUnchanged"], &repeated["membersAdded"], &repeated["charactersChanged"]),
        (&json!(5), &json!(0), &json!(0))
    );
    assert_eq!(roster(&guild).await, imported);
    assert_eq!(officer.ok(AUDIT_COUNT, json!({})).await["auditLog"]["totalCount"], 6);
}

#[on_both]
async fn a_bad_row_refuses_the_whole_file_unless_it_is_skipped(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    guild.member("peer", "Officer").await;
    let file = "Discord-Username,RANK,Character Name,realm,class,spec,role,Main/Alt,Shoe size\n\
        good,Veteran,Good,Sen'jin,Mage,,healer,,44\n\
        ,Veteran,,,,,,,\n\
        peer,Initiate,,,,,,,\n\
        climber,Guild Leader,,,,,,,\n\
        lost,Nowhere,,,,,,,\n\
        good,,GOOD,SEN'JIN,Mage,,healer,,\n\
        good,,Other,Sen'jin,Bard,,healer,,\n\
        good,,Other,Sen'jin,Mage,,,,\n";
    let before = roster(&guild).await;
    let refused = import(&officer, "CSV", file, false).await;
    assert_eq!(refused["imported"], false);
    assert_eq!(
        problems(&refused),
        [
            "line 3 discordUsername",
            "line 4 RANK_TOO_LOW",
            "line 5 rank RANK_TOO_LOW",
            "line 6 rank",
            "line 7 name",
            "line 8 class",
            "line 9 role",
        ]
    );
    assert_eq!(refused["unknownColumns"], json!(["Shoe size"]));
    assert_eq!(roster(&guild).await, before, "nothing was imported");
    let skipped = import(&officer, "CSV", file, true).await;
    assert_eq!(
        (&skipped["imported"], &skipped["membersAdded"], &skipped["charactersAdded"], &skipped["rowsLeftOut"]),
        (&json!(true), &json!(1), &json!(1), &json!(7))
    );
    // The leader may import these ranks, except for the demotion of the last leader.
    let outcome = import(&leader, "CSV", "discord_username,rank\nclimber,Guild Leader\nleader,Member\n", false).await;
    assert_eq!(problems(&outcome), ["line 3 rank LAST_LEADER"], "an unregistered member does not count as a leader");
    for (data, format) in [("[]", "JSON"), ("{\"members\": 5}", "JSON"), ("name,rank\nx,y", "CSV"), ("", "CSV")] {
        let input = json!({ "input": { "format": format, "data": data } });
        assert_eq!(leader.refusal(IMPORT, input).await, "BAD_USER_INPUT data", "{data}");
    }
    let member = guild.member("member", "Member").await;
    let input = json!({ "input": { "format": "CSV", "data": "discord_username\nx" } });
    assert_eq!(member.refusal(IMPORT, input).await, "FORBIDDEN PERMISSION_REQUIRED");
}

/// Username, Discord id, display name and rank of all members but the leader.
async fn identities(guild: &TestGuild<'_>) -> Vec<String> {
    let query = "{ members(first: 100, filter: { active: null }) { nodes {
        id discordUsername discordId displayName rank { name }
    } } }";
    let members = guild.leader().await.ok(query, json!({})).await["members"]["nodes"].clone();
    let fields = ["discordUsername", "discordId", "displayName"];
    let mut lines: Vec<String> = (members.as_array().unwrap().iter())
        .map(|member| {
            let texts = fields.iter().filter_map(|field| member[field].as_str());
            texts.chain(member["rank"]["name"].as_str()).collect::<Vec<_>>().join(" ")
        })
        .filter(|line| !line.starts_with("leader "))
        .collect();
    lines.sort();
    lines
}

#[on_both]
async fn a_known_discord_id_is_the_same_person(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let start = "discord_username,discord_id,display_name,rank\n\
        thal,700000000000000001,Thal,Veteran\n\
        korr,700000000000000002,Korr,Member\n\
        mira,700000000000000003,Mira,Initiate\n";
    import(&leader, "CSV", start, false).await;

    let renamed = "discord_username,discord_id\nthal.renamed,700000000000000001\n";
    let outcome = import(&leader, "CSV", renamed, false).await;
    assert_eq!((&outcome["membersChanged"], &outcome["membersAdded"]), (&json!(1), &json!(0)));
    let members = identities(&guild).await;
    assert_eq!(members[2], "thal.renamed 700000000000000001 Thal Veteran");

    // Two exchange their names, and a third takes the former name of the first.
    let exchanged = "discord_username,discord_id\nkorr,700000000000000003\nmira,700000000000000002\n\
        thal,700000000000000009\n";
    let outcome = import(&leader, "CSV", exchanged, false).await;
    assert_eq!((&outcome["membersChanged"], &outcome["membersAdded"]), (&json!(2), &json!(1)), "{outcome}");
    let expected = [
        "korr 700000000000000003 Mira Initiate",
        "mira 700000000000000002 Korr Member",
        "thal 700000000000000009 thal Initiate",
        "thal.renamed 700000000000000001 Thal Veteran",
    ];
    assert_eq!(identities(&guild).await, expected);
    let again = import(&leader, "CSV", exchanged, false).await;
    assert_eq!(again["rowsUnchanged"], 3);

    // An exchange of ids is the same as an exchange of names. A rounded id changes nothing.
    for bad in ["korr,700000000000000000", "thal.renamed,700000000000000000", "new,7.00E+17", "mira,700000000000000009"]
    {
        let outcome = import(&leader, "CSV", &format!("discord_username,discord_id\n{bad}\n"), true).await;
        assert_eq!(problems(&outcome), ["line 2 discordId"], "{bad}");
    }
    assert_eq!(identities(&guild).await, expected);
    let summary = leader.ok("{ auditLog(first: 50) { nodes { summary } } }", json!({})).await;
    let summaries = strings(&summary["auditLog"]["nodes"], "/summary");
    assert!(
        summaries.contains(&"Changed Thal: Discord username from thal to thal.renamed".to_owned()),
        "{summaries:?}"
    );
}

#[on_both]
async fn discords_decoration_of_usernames_is_dropped(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    guild.member("thalindra", "Member").await;
    for written in ["thalindra#0", "@Thalindra#0000", " @thalindra #0 "] {
        assert_eq!(guild.login(written).await["member"]["displayName"], "thalindra");
        let input = json!({ "input": { "discordUsername": written } });
        assert_eq!(leader.refusal(CREATE_MEMBER, input).await, "CONFLICT NAME_TAKEN discordUsername");
        let file = format!("discord_username,rank\n{written},Member\n");
        assert_eq!(import(&leader, "CSV", &file, false).await["rowsUnchanged"], 1);
    }
    let create = "mutation($name: String!) { createMember(input: { discordUsername: $name }) {
        member { id discordUsername displayName }
    } }";
    let created = leader.ok(create, json!({ "name": "@korr#0#0000" })).await["createMember"]["member"].clone();
    assert_eq!((&created["discordUsername"], &created["displayName"]), (&json!("korr"), &json!("korr")));
    let update = "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { discordUsername } } }";
    let input = json!({ "input": { "id": created["id"], "discordUsername": "mira#0" } });
    assert_eq!(leader.ok(update, input).await["updateMember"]["member"]["discordUsername"], "mira");
    // A former discriminator is a part of the name.
    let kept = leader.ok(create, json!({ "name": "korr#1230" })).await;
    assert_eq!(kept["createMember"]["member"]["discordUsername"], "korr#1230");
    for empty in ["#0", "@#0000"] {
        assert_eq!(leader.refusal(create, json!({ "name": empty })).await, "BAD_USER_INPUT discordUsername");
    }
}

#[on_both]
async fn deactivated_members_are_named_in_reports_and_refusals(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let gone = guild.member("gone", "Member").await;
    let add = "mutation { createCharacter(input: { name: \"Old\", realm: \"Area 52\", class: MAGE, role: TANK }) {
        character { id }
    } }";
    gone.ok(add, json!({})).await;
    let change = json!({ "input": { "id": gone.id, "discordId": "700000000000000001", "active": false } });
    leader.ok(UPDATE_MEMBER, change).await;
    let other = guild.unregistered("other", "Member").await;
    let message = async |query: &str, variables: Value, expected: &str| {
        let response = leader.run(query, variables).await;
        assert_eq!(refusal_in(&response), expected);
        response["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let username = "CONFLICT NAME_TAKEN discordUsername";
    let id = "CONFLICT NAME_TAKEN discordId";
    for (query, input, expected) in [
        (CREATE_MEMBER, json!({ "discordUsername": "@GONE" }), username),
        (CREATE_MEMBER, json!({ "discordUsername": "new", "discordId": "700000000000000001" }), id),
        (UPDATE_MEMBER, json!({ "id": other.id, "discordUsername": "gone" }), username),
        (UPDATE_MEMBER, json!({ "id": other.id, "discordId": "700000000000000001" }), id),
        (
            CREATE_CHARACTER,
            json!({ "name": "OLD", "realm": "area 52", "class": "MAGE", "role": "TANK" }),
            "CONFLICT NAME_TAKEN name",
        ),
    ] {
        let text = message(query, json!({ "input": input }), expected).await;
        assert!(text.contains("deactivated"), "{text}");
    }
    let text = message(SEND_INVITE, json!({ "id": gone.id }), "CONFLICT ALREADY_REGISTERED").await;
    assert!(text.contains("deactivated"), "{text}");
    // A member who is active is not called deactivated.
    let text = message(CREATE_MEMBER, json!({ "input": { "discordUsername": "other" } }), username).await;
    assert!(!text.contains("deactivated"), "{text}");

    let file = "discord_username,discord_id,display_name,character,realm,class,role\n\
        gone,,,New,Area 52,Mage,tank\n\
        renamed,700000000000000001,,,,,\n\
        other,,,Old,Area 52,Mage,tank\n\
        gone,,,,,,\n";
    let outcome = import(&leader, "CSV", file, true).await;
    let inactive = "discordUsername MEMBER_INACTIVE";
    assert_eq!(
        problems(&outcome),
        [format!("line 2 {inactive}"), format!("line 3 {inactive}"), "line 4 name".to_owned()]
    );
    assert!(strings(&outcome["problems"], "/message").iter().all(|text| text.contains("deactivated")), "{outcome}");
    assert_eq!((&outcome["charactersAdded"], &outcome["membersChanged"]), (&json!(0), &json!(0)));
}

#[on_both]
async fn a_dry_run_reports_and_changes_nothing(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let before = identities(&guild).await;
    let input = json!({ "input": { "format": "CSV", "data": "discord_username\nnew\n", "dryRun": true } });
    let outcome = leader.ok(IMPORT, input).await["importRoster"].clone();
    assert_eq!((&outcome["imported"], &outcome["membersAdded"]), (&json!(false), &json!(1)));
    assert_eq!(identities(&guild).await, before);
    assert_eq!(leader.ok(AUDIT_COUNT, json!({})).await["auditLog"]["totalCount"], 0);
}

#[on_both]
async fn twenty_thousand_rows_are_imported_in_bulk(app: TestApp) {
    let guild = app.guild("gg").await;
    let mut file = String::from("discord_username,display_name,rank,character_name,realm,class,spec,role,main_alt\n");
    for member in 0..5_000 {
        for character in 0..4 {
            let main = if character == 0 { "main" } else { "alt" };
            writeln!(file, "member{member},Member {member},Member,Name{member}x{character},Sen'jin,Mage,Frost,,{main}")
                .unwrap();
        }
    }
    let before = app.app.db.statements();
    let data = (Format::Csv, file.clone().into_bytes());
    let outcome =
        import_roster(&app.app.access, guild.id, None, data, ImportOptions::default(), |_, _| ()).await.unwrap();
    assert_eq!((outcome.members_added, outcome.characters_added, outcome.left_out), (5_000, 20_000, 0));
    // On SQLite each row counts as a statement, although it is prepared once.
    let statements = app.app.db.statements() - before;
    assert!(!app.app.db.is_shared() || statements < 100, "{statements} statements");
    let data = (Format::Csv, file.into_bytes());
    let again =
        import_roster(&app.app.access, guild.id, None, data, ImportOptions::default(), |_, _| ()).await.unwrap();
    assert_eq!((again.unchanged, again.members_changed, again.characters_changed), (20_000, 0, 0));
    let counted = guild.anonymous().ok("{ members { totalCount } characters { totalCount } }", json!({})).await;
    assert_eq!(
        (&counted["members"]["totalCount"], &counted["characters"]["totalCount"]),
        (&json!(5_001), &json!(20_000))
    );
}
