//! Characters: members manage their own, officers those of lower ranks.

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp,
    documents::{DELETE_CHARACTER, UPDATE_GUILD},
    on_both, strings,
};

const CREATE: &str = "mutation($input: CreateCharacterInput!) {
    createCharacter(input: $input) { character { id name realm class spec role isMain armoryUrl member { id } } }
}";
const UPDATE: &str = "mutation($input: UpdateCharacterInput!) {
    updateCharacter(input: $input) { character { id name realm class spec role isMain } }
}";
const PAGE: &str = "query($first: Int, $after: String, $filter: CharacterFilter) {
    characters(first: $first, after: $after, filter: $filter) {
        totalCount nodes { name isMain } pageInfo { endCursor }
    }
}";

/// The input for a mage of this name, with some fields changed.
fn mage(name: &str, change: Value) -> Value {
    let mut input = json!({ "name": name, "realm": "Sen'jin", "class": "MAGE", "role": "RANGED_DPS" });
    if let (Some(input), Value::Object(change)) = (input.as_object_mut(), change) {
        input.extend(change);
    }
    json!({ "input": input })
}

async fn create(client: &Client<'_>, name: &str, change: Value) -> Value {
    client.ok(CREATE, mage(name, change)).await["createCharacter"]["character"].clone()
}

async fn mains(client: &Client<'_>, member: &str) -> Vec<String> {
    let query = "query($id: ID!) { member(id: $id) { mainCharacter { name } characters { name isMain } } }";
    let member = client.ok(query, json!({ "id": member })).await["member"].clone();
    let mains: Vec<String> = member["characters"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["isMain"] == true)
        .map(|it| it["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(member["mainCharacter"]["name"].as_str(), mains.first().map(String::as_str));
    mains
}

#[on_both]
async fn a_member_manages_their_characters_and_has_one_main(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("member", "Initiate").await;
    let first = create(&member, "  Zoe\u{308} ", json!({ "spec": "frost" })).await;
    assert_eq!(
        first,
        json!({
            "id": first["id"], "name": "Zoë", "realm": "Sen'jin", "class": "MAGE", "spec": "Frost",
            "role": "RANGED_DPS", "isMain": true,
            "armoryUrl": "https://worldofwarcraft.blizzard.com/en-us/character/us/senjin/zo%C3%AB",
            "member": { "id": member.id },
        })
    );
    assert_eq!(create(&member, "Second", json!({})).await["isMain"], false);
    let third = create(&member, "Third", json!({ "isMain": true })).await;
    assert_eq!(mains(&member, &member.id).await, ["Third"]);
    member.ok(UPDATE, json!({ "input": { "id": first["id"], "isMain": true } })).await;
    assert_eq!(mains(&member, &member.id).await, ["Zoë"]);
    // Other changes keep the main; deleting the main leaves none.
    member.ok(UPDATE, json!({ "input": { "id": third["id"], "realm": "Area 52" } })).await;
    assert_eq!(
        member.ok(DELETE_CHARACTER, json!({ "id": first["id"] })).await["deleteCharacter"]["deletedId"],
        first["id"]
    );
    assert_eq!(mains(&member, &member.id).await, Vec::<String>::new());
    assert_eq!(
        create(&member, "Fourth", json!({})).await["isMain"],
        false,
        "only a member's first character becomes the main"
    );
    member.ok(UPDATE, json!({ "input": { "id": third["id"], "isMain": true } })).await;
    member.ok(UPDATE, json!({ "input": { "id": third["id"], "isMain": false } })).await;
    assert_eq!(mains(&member, &member.id).await, Vec::<String>::new());
}

#[on_both]
async fn characters_created_as_main_at_once_leave_one_main(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("member", "Member").await;
    let new = |name: &str| member.run(CREATE, mage(name, json!({ "isMain": true })));
    let responses = tokio::join!(new("a"), new("b"), new("c"), new("d"));
    for response in [responses.0, responses.1, responses.2, responses.3] {
        assert!(response.get("errors").is_none(), "{response}");
    }
    assert_eq!(mains(&member, &member.id).await.len(), 1);
}

#[on_both]
async fn a_spec_must_belong_to_its_class(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("member", "Member").await;
    let hunter = create(&member, "Hunter", json!({ "class": "HUNTER", "spec": "beast mastery" })).await;
    assert_eq!(hunter["spec"], "Beast Mastery");
    for (change, refusal) in [
        (json!({ "spec": "Frost" }), "BAD_USER_INPUT spec"),
        (json!({ "class": "MAGE" }), "BAD_USER_INPUT spec"),
        (json!({ "class": "MAGE", "spec": "Beast Mastery" }), "BAD_USER_INPUT spec"),
    ] {
        let mut input = change.clone();
        input["id"] = hunter["id"].clone();
        assert_eq!(member.refusal(UPDATE, json!({ "input": input })).await, refusal, "{change}");
    }
    let changed = member
        .ok(UPDATE, json!({ "input": { "id": hunter["id"], "class": "MAGE", "spec": "arcane", "role": "RANGED_DPS" } }))
        .await;
    assert_eq!(changed["updateCharacter"]["character"]["spec"], "Arcane");
    let cleared = member
        .ok(UPDATE, json!({ "input": { "id": hunter["id"], "class": "ROGUE", "spec": null, "role": "MELEE_DPS" } }))
        .await;
    assert_eq!(cleared["updateCharacter"]["character"]["spec"], json!(null));
    for (input, refusal) in [
        (mage("x", json!({ "spec": "Havoc" })), "BAD_USER_INPUT spec"),
        (mage(" ", json!({})), "BAD_USER_INPUT name"),
        (mage(&"x".repeat(51), json!({})), "BAD_USER_INPUT name"),
        (mage("a\tb", json!({})), "BAD_USER_INPUT name"),
        (mage("x", json!({ "realm": "" })), "BAD_USER_INPUT realm"),
        (mage("x", json!({ "realm": "x".repeat(51) })), "BAD_USER_INPUT realm"),
        (mage("x", json!({ "class": "BARD" })), "BAD_USER_INPUT class"),
        (mage("HUNTER", json!({ "realm": "SEN'JIN" })), "CONFLICT NAME_TAKEN name"),
        (mage("x", json!({ "memberId": "nonsense" })), "NOT_FOUND memberId"),
    ] {
        assert_eq!(member.refusal(CREATE, input.clone()).await, refusal, "{input}");
    }
}

#[on_both]
async fn officers_manage_the_characters_of_lower_ranks(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let (peer, member) = (guild.member("peer", "Officer").await, guild.member("member", "Member").await);
    let other = guild.member("other", "Member").await;
    let of = |who: &Client<'_>| json!({ "memberId": who.id });
    let own = create(&member, "Own", json!({})).await;
    let given = create(&officer, "Given", of(&member)).await;
    assert_eq!((&given["member"]["id"], &given["isMain"]), (&json!(member.id), &json!(false)));
    create(&leader, "Leaders", of(&officer)).await;
    create(&officer, "Mine", of(&officer)).await;
    let of_leader = create(&leader, "Chief", json!({})).await;
    let (no_permission, too_low) = ("FORBIDDEN PERMISSION_REQUIRED", "FORBIDDEN RANK_TOO_LOW");
    assert_eq!(officer.refusal(CREATE, mage("x", of(&peer))).await, too_low);
    assert_eq!(officer.refusal(CREATE, mage("x", of(&leader))).await, too_low);
    assert_eq!(other.refusal(CREATE, mage("x", of(&member))).await, no_permission);
    for (client, character, refusal) in [(&officer, &of_leader, too_low), (&other, &own, no_permission)] {
        let change = json!({ "input": { "id": character["id"], "name": "Stolen" } });
        assert_eq!(client.refusal(UPDATE, change).await, refusal);
        assert_eq!(client.refusal(DELETE_CHARACTER, json!({ "id": character["id"] })).await, refusal);
    }
    officer.ok(UPDATE, json!({ "input": { "id": own["id"], "name": "Renamed" } })).await;
    officer.ok(DELETE_CHARACTER, json!({ "id": own["id"] })).await;
    assert_eq!(guild.anonymous().refusal(CREATE, mage("x", json!({}))).await, "UNAUTHENTICATED");
}

#[on_both]
async fn characters_are_searched_filtered_and_paged(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("member", "Member").await;
    create(&member, "Élodie", json!({ "realm": "Aggra (Português)" })).await;
    create(&member, "Bär_100%", json!({ "class": "DRUID", "spec": "guardian", "role": "TANK" })).await;
    create(&member, "ana", json!({})).await;
    for (filter, found) in [
        (json!({ "search": "ELO" }), vec!["Élodie"]),
        (json!({ "search": "portugues" }), vec!["Élodie"]),
        (json!({ "search": "bar_" }), vec!["Bär_100%"]),
        (json!({ "search": "0%" }), vec!["Bär_100%"]),
        (json!({ "search": "l_d" }), vec![]),
        (json!({ "class": "MAGE" }), vec!["ana", "Élodie"]),
        (json!({ "role": "TANK" }), vec!["Bär_100%"]),
        (json!({ "mainsOnly": true }), vec!["Élodie"]),
        (json!({}), vec!["ana", "Bär_100%", "Élodie"]),
    ] {
        let page = guild.anonymous().ok(PAGE, json!({ "filter": filter })).await["characters"].clone();
        assert_eq!(strings(&page["nodes"], "/name"), found, "{filter}");
        assert_eq!(page["totalCount"], found.len());
    }
    let page = guild.anonymous().ok(PAGE, json!({ "first": 1 })).await["characters"].clone();
    create(&member, "aaa", json!({})).await;
    create(&member, "Beth", json!({})).await;
    let rest =
        guild.anonymous().ok(PAGE, json!({ "after": page["pageInfo"]["endCursor"] })).await["characters"].clone();
    assert_eq!(strings(&rest["nodes"], "/name"), ["Bär_100%", "Beth", "Élodie"]);
}

#[on_both]
async fn armory_links_use_the_guilds_region(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    create(&leader, "Thal", json!({ "realm": "Aggra (Português)" })).await;
    let changed = leader.ok(UPDATE_GUILD, json!({ "input": { "name": " Ember ", "region": "EU" } })).await;
    assert_eq!(changed["updateGuild"]["guild"], json!({ "name": "Ember", "region": "EU" }));
    let url = leader.ok("{ characters { nodes { armoryUrl } } }", json!({})).await;
    assert_eq!(
        url["characters"]["nodes"][0]["armoryUrl"],
        "https://worldofwarcraft.blizzard.com/en-us/character/eu/aggra-portugu%C3%AAs/thal"
    );
    assert_eq!(leader.refusal(UPDATE_GUILD, json!({ "input": { "name": "" } })).await, "BAD_USER_INPUT name");
    let officer = guild.member("officer", "Officer").await;
    assert_eq!(officer.refusal(UPDATE_GUILD, json!({ "input": {} })).await, "FORBIDDEN PERMISSION_REQUIRED");
}

#[on_both]
async fn clients_list_the_classes_and_specialisations_of_the_game(app: TestApp) {
    let guild = app.guild("gg").await;
    let query = "{ characterClasses { class name specs { name role } } }";
    let classes = guild.anonymous().ok(query, json!({})).await["characterClasses"].clone();
    let names = strings(&classes, "/name");
    assert_eq!((names.len(), names[0].as_str(), names[12].as_str()), (13, "Death Knight", "Warrior"));
    let knight = json!({
        "class": "DEATH_KNIGHT", "name": "Death Knight",
        "specs": [
            { "name": "Blood", "role": "TANK" }, { "name": "Frost", "role": "MELEE_DPS" },
            { "name": "Unholy", "role": "MELEE_DPS" },
        ],
    });
    assert_eq!(classes[0], knight);
    // Each of them is accepted, and stored under the same name.
    let member = guild.member("member", "Member").await;
    for class in classes.as_array().unwrap() {
        for spec in class["specs"].as_array().unwrap() {
            let name = format!("{} {}", spec["name"].as_str().unwrap(), class["name"].as_str().unwrap());
            let input = json!({ "class": class["class"], "spec": spec["name"], "role": spec["role"] });
            let created = create(&member, &name, input).await;
            assert_eq!((&created["class"], &created["spec"]), (&class["class"], &spec["name"]));
        }
    }
}
