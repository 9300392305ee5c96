//! Entries of one campaign: each option stands on a ballot once.

use serde_json::{Value, json};

use crate::support::{
    TestApp, TestCampaign,
    campaigns::campaign_input,
    documents::{ADD_ENTRY, CREATE_CAMPAIGN},
    on_both, refusal_in, strings,
};

const UPDATE: &str = "mutation($input: UpdateEntryInput!) { updateEntry(input: $input) { entry { name } } }";
const ENTRIES: &str = "query($id: ID!) { campaign(id: $id) { entries { name } } }";

#[on_both]
async fn entries_of_a_campaign_differ_by_name_and_by_member(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (one, two) = (guild.member("one", "Member").await, guild.member("two", "Member").await);
    let entry = |name: &str, member: Option<&str>| json!({ "name": name, "associatedMemberId": member });
    for (entries, refusal) in [
        (
            json!([entry("Karazhan", None), entry(" karazhan", None), entry("Onyxia", None)]),
            "CONFLICT NAME_TAKEN entries[1].name",
        ),
        (
            json!([entry("Onyxia", None), entry("Karazhan", None), entry("KARAZHAN ", None)]),
            "CONFLICT NAME_TAKEN entries[2].name",
        ),
        (json!([entry("Straße", None), entry("STRASSE", None)]), "CONFLICT NAME_TAKEN entries[1].name"),
        (json!([entry("Karazhan", None), entry("Ｋａｒａｚｈａｎ", None)]), "CONFLICT NAME_TAKEN entries[1].name"),
        (json!([entry("Guild  Hall", None), entry("guild hall", None)]), "CONFLICT NAME_TAKEN entries[1].name"),
        (
            json!([entry("a", Some(&one.id)), entry("b", Some(&two.id)), entry("c", Some(&one.id))]),
            "CONFLICT MEMBER_TAKEN entries[2].associatedMemberId",
        ),
    ] {
        let input = campaign_input(0, json!({ "entries": entries }));
        assert_eq!(officer.refusal(CREATE_CAMPAIGN, input).await, refusal, "{entries}");
    }
    let refused = officer
        .run(CREATE_CAMPAIGN, campaign_input(0, json!({ "entries": [entry("Ony", None), entry("ony", None)] })))
        .await;
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("Ony"), "{refused}");

    // Entries of other campaigns do not matter.
    for _ in 0..2 {
        TestCampaign::draft(&officer, 2, json!({})).await;
    }
    let entries = json!([entry("Karazhan", Some(&one.id)), entry("Onyxia", None)]);
    let draft = TestCampaign::draft(&officer, 0, json!({ "entries": entries })).await;
    let add = |new: Value| json!({ "input": { "campaignId": draft.id, "entry": new } });
    assert_eq!(officer.refusal(ADD_ENTRY, add(entry("onyxia", None))).await, "CONFLICT NAME_TAKEN entry.name");
    let taken = officer.refusal(ADD_ENTRY, add(entry("other", Some(&one.id)))).await;
    assert_eq!(taken, "CONFLICT MEMBER_TAKEN entry.associatedMemberId");
    let change = |change: Value| {
        let mut input = json!({ "id": draft.entries[1] });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "input": input })
    };
    assert_eq!(officer.refusal(UPDATE, change(json!({ "name": "karazhan" }))).await, "CONFLICT NAME_TAKEN name");
    let taken = officer.refusal(UPDATE, change(json!({ "associatedMemberId": one.id }))).await;
    assert_eq!(taken, "CONFLICT MEMBER_TAKEN associatedMemberId");
    // An entry keeps its own name in another case, and its own member.
    officer.ok(UPDATE, change(json!({ "name": "ONYXIA", "associatedMemberId": two.id }))).await;
    officer.ok(UPDATE, change(json!({ "name": "Onyxia", "associatedMemberId": two.id, "description": "x" }))).await;
    assert_eq!(
        strings(&officer.ok(ENTRIES, draft.vars()).await["campaign"]["entries"], "/name"),
        ["Karazhan", "Onyxia"]
    );
}

#[on_both]
async fn of_entries_added_at_once_each_name_stays_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    let names = ["Karazhan", " karazhan", "KARAZHAN", "Karazhan "];
    let add =
        |name: &str| officer.run(ADD_ENTRY, json!({ "input": { "campaignId": draft.id, "entry": { "name": name } } }));
    let rename = |entry: &str| officer.run(UPDATE, json!({ "input": { "id": entry, "name": "kaRazhan" } }));
    let (added, renamed) = tokio::join!(
        futures_util::future::join_all(names.iter().map(|name| add(name))),
        futures_util::future::join_all(draft.entries.iter().map(|entry| rename(entry))),
    );
    let refused: Vec<&Value> = added.iter().chain(&renamed).filter(|it| it.get("errors").is_some()).collect();
    assert_eq!(refused.len(), 5, "{added:?} {renamed:?}");
    assert!(refused.iter().all(|it| refusal_in(it).starts_with("CONFLICT NAME_TAKEN")), "{refused:?}");
}

#[on_both]
async fn equal_entries_of_an_earlier_release_do_not_prevent_other_edits(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let draft = TestCampaign::draft(&officer, 3, json!({})).await;
    app.execute_sql("UPDATE entries SET name = 'Onyxia' WHERE sort_order < 2").await;
    officer.ok(UPDATE, json!({ "input": { "id": draft.entries[0], "description": "Dragon" } })).await;
    officer.ok(UPDATE, json!({ "input": { "id": draft.entries[2], "name": "Third" } })).await;
    let taken = json!({ "input": { "id": draft.entries[2], "name": "ONYXIA" } });
    assert_eq!(officer.refusal(UPDATE, taken).await, "CONFLICT NAME_TAKEN name");
}
