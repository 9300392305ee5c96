//! The whole list of a draft's entries, and the draft's revision.

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{ACTIVATE_CAMPAIGN, ADD_ENTRY, REMOVE_ENTRY, UPDATE_CAMPAIGN},
    on_both, refusal_in, strings,
};

const SET: &str = "mutation($input: SetEntriesInput!) { setEntries(input: $input) { campaign {
    draftRevision entries { id name description imageUrl sortOrder associatedMember { id } }
} } }";
const DRAFT: &str = "query($id: ID!) { campaign(id: $id) { draftRevision entries { id name } } }";
const UPDATE_ENTRY: &str =
    "mutation($input: UpdateEntryInput!) { updateEntry(input: $input) { campaign { draftRevision } } }";

fn input(draft: &TestCampaign, revision: Option<i64>, entries: Value) -> Value {
    let mut variables = json!({ "input": { "campaignId": draft.id, "draftRevision": revision } });
    variables["input"]["entries"] = entries;
    variables
}

async fn revision(officer: &Client<'_>, draft: &TestCampaign) -> i64 {
    officer.ok(DRAFT, draft.vars()).await["campaign"]["draftRevision"].as_i64().unwrap()
}

/// The fields at fault, each with its reason.
fn faults(response: &Value) -> Vec<String> {
    let fields = response["errors"][0]["extensions"]["fields"].as_array().cloned().unwrap_or_default();
    let fault = |it: &Value| format!("{} {}", it["field"].as_str().unwrap(), it["reason"].as_str().unwrap_or("-"));
    fields.iter().map(fault).collect()
}

#[on_both]
async fn a_list_keeps_changes_adds_and_removes_entries(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let member = guild.member("member", "Member").await;
    let draft = TestCampaign::draft(&officer, 3, json!({})).await;
    let [first, second, third] = &*draft.entries else { panic!("{:?}", draft.entries) };
    let entries = json!([
        { "entry": { "name": "new", "description": "fresh", "associatedMemberId": member.id } },
        { "id": third, "entry": { "name": "entry 2" } },
        { "id": first, "entry": { "name": " entry  1 ", "imageUrl": "https://img.example/1.png" } },
    ]);
    let before = revision(&officer, &draft).await;
    let set = officer.ok(SET, input(&draft, Some(before), entries)).await["setEntries"]["campaign"].clone();
    assert_eq!(set["draftRevision"], before + 1);
    assert_eq!(strings(&set["entries"], "/name"), ["new", "entry 2", "entry 1"]);
    assert_eq!(&strings(&set["entries"], "/id")[1..], [third.clone(), first.clone()]);
    let new = json!({
        "id": set["entries"][0]["id"], "name": "new", "description": "fresh", "imageUrl": null, "sortOrder": 0,
        "associatedMember": { "id": member.id },
    });
    assert_eq!(set["entries"][0], new);
    assert_eq!(set["entries"][2]["imageUrl"], "https://img.example/1.png");
    assert_eq!(app.count_rows("entries").await, 3, "the second is gone");
    let gone = json!({ "input": { "id": second, "name": "x" } });
    assert_eq!(officer.refusal(UPDATE_ENTRY, gone).await, "NOT_FOUND id");
    // The entry is given as a whole, so a field that is left out becomes empty. Names may change places.
    let entries = json!([
        { "id": set["entries"][0]["id"], "entry": { "name": "entry 1" } },
        { "id": first, "entry": { "name": "new", "associatedMemberId": member.id } },
    ]);
    let set = officer.ok(SET, input(&draft, None, entries)).await["setEntries"]["campaign"].clone();
    assert_eq!(strings(&set["entries"], "/name"), ["entry 1", "new"]);
    assert_eq!(
        (&set["entries"][0]["description"], &set["entries"][1]["imageUrl"]),
        (&json!(null), &json!(null)),
        "{set}"
    );
    let empty = officer.ok(SET, input(&draft, None, json!([]))).await["setEntries"]["campaign"].clone();
    assert_eq!((&empty["entries"], &empty["draftRevision"]), (&json!([]), &json!(before + 3)));
    let log = "{ auditLog(first: 3, filter: { actions: [\"campaign.update\"] }) { nodes { summary } } }";
    let logged = strings(&officer.ok(log, json!({})).await["auditLog"]["nodes"], "/summary");
    let summary = |changes: &str| format!("Set the entries of the vote “Where next?”: {changes}");
    let mut expected =
        [summary("2 removed"), summary("2 changed, 1 removed"), summary("1 added, 2 changed, 1 removed")];
    let mut logged: [String; 3] = logged.try_into().unwrap();
    // The clock stands still, so the events have no order.
    logged.sort();
    expected.sort();
    assert_eq!(logged, expected);
}

#[on_both]
async fn every_entry_at_fault_is_named_and_nothing_changes(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, stranger) = (guild.member("officer", "Officer").await, other.leader().await);
    let draft = TestCampaign::draft(&officer, 3, json!({})).await;
    let elsewhere = TestCampaign::draft(&officer, 1, json!({})).await;
    let foreign = TestCampaign::draft(&stranger, 1, json!({})).await;
    let before = officer.ok(DRAFT, draft.vars()).await;
    let entries = json!([
        { "id": draft.entries[0], "entry": { "name": "entry 0" } },
        { "id": draft.entries[0], "entry": { "name": "twice" } },
        { "id": elsewhere.entries[0], "entry": { "name": "" } },
        { "id": foreign.entries[0], "entry": { "name": "foreign", "associatedMemberId": stranger.id } },
        { "id": "nonsense", "entry": { "name": "ENTRY 0", "imageUrl": "javascript:alert(1)" } },
        { "entry": { "name": "entry  0" } },
    ]);
    let refused = officer.run(SET, input(&draft, None, entries)).await;
    assert_eq!(refusal_in(&refused), "BAD_USER_INPUT entries[1].id");
    let mut named = faults(&refused);
    named.sort();
    let mut expected = [
        "entries[1].id -",
        "entries[2].id -",
        "entries[2].entry.name -",
        "entries[3].id -",
        "entries[3].entry.associatedMemberId -",
        "entries[4].id -",
        "entries[4].entry.imageUrl -",
        "entries[4].entry.name NAME_TAKEN",
        "entries[5].entry.name NAME_TAKEN",
    ];
    expected.sort_unstable();
    assert_eq!(named, expected);
    let many: Vec<Value> = (0..201).map(|number| json!({ "entry": { "name": number.to_string() } })).collect();
    assert_eq!(officer.refusal(SET, input(&draft, None, json!(many))).await, "BAD_USER_INPUT entries");
    let unknown = json!({ "input": { "campaignId": "nonsense", "entries": [
        { "id": draft.entries[0], "entry": { "name": "" } },
    ] } });
    let refused = officer.run(SET, unknown).await;
    assert_eq!(faults(&refused), ["campaignId -", "entries[0].entry.name -"]);
    assert_eq!(stranger.refusal(SET, input(&draft, None, json!([]))).await, "NOT_FOUND campaignId");
    assert_eq!(officer.ok(DRAFT, draft.vars()).await, before);
    // The most entries fit, in any order.
    let most: Vec<Value> = (0..200).map(|number| json!({ "entry": { "name": number.to_string() } })).collect();
    let set = officer.ok(SET, input(&draft, None, json!(most))).await["setEntries"]["campaign"]["entries"].clone();
    let reversed: Vec<Value> = set
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| json!({ "id": entry["id"], "entry": { "name": entry["name"] } }))
        .collect();
    let set = officer.ok(SET, input(&draft, None, json!(reversed))).await["setEntries"]["campaign"]["entries"].clone();
    assert_eq!((set[0]["name"].as_str(), set[199]["name"].as_str()), (Some("199"), Some("0")));
    officer.ok(ACTIVATE_CAMPAIGN, draft.vars()).await;
    assert_eq!(officer.refusal(SET, input(&draft, None, json!([]))).await, "CONFLICT NOT_A_DRAFT");
}

#[on_both]
async fn each_edit_raises_the_revision_and_a_stale_one_is_refused(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    let start = revision(&officer, &draft).await;
    let change =
        |revision: Option<i64>| json!({ "input": { "id": draft.id, "title": "Another", "draftRevision": revision } });
    officer.ok(UPDATE_CAMPAIGN, change(None)).await;
    officer.ok(UPDATE_CAMPAIGN, change(Some(start + 1))).await;
    officer.ok(ADD_ENTRY, json!({ "input": { "campaignId": draft.id, "entry": { "name": "third" } } })).await;
    let edited = json!({ "input": { "id": draft.entries[0], "name": "first" } });
    let edited = officer.ok(UPDATE_ENTRY, edited).await["updateEntry"]["campaign"]["draftRevision"].clone();
    assert_eq!(edited, start + 4);
    officer.ok(REMOVE_ENTRY, json!({ "id": draft.entries[1] })).await;
    let entries = officer.ok(DRAFT, draft.vars()).await["campaign"]["entries"].clone();
    let reorder = "mutation($id: ID!, $order: [ID!]!) {
        reorderEntries(campaignId: $id, entryIds: $order) { campaign { draftRevision } }
    }";
    let order = [&entries[1]["id"], &entries[0]["id"]];
    let reordered = officer.ok(reorder, json!({ "id": draft.id, "order": order })).await;
    assert_eq!(reordered["reorderEntries"]["campaign"]["draftRevision"], start + 6);
    for stale in [start, start + 5, start + 7, 0, -1] {
        assert_eq!(officer.refusal(UPDATE_CAMPAIGN, change(Some(stale))).await, "CONFLICT STALE_DRAFT draftRevision");
        let set = input(&draft, Some(stale), json!([{ "entry": { "name": "" } }]));
        assert_eq!(officer.refusal(SET, set).await, "CONFLICT STALE_DRAFT draftRevision");
    }
    // A refused edit raises nothing.
    assert_eq!(
        officer.refusal(UPDATE_CAMPAIGN, json!({ "input": { "id": draft.id, "title": "" } })).await,
        "BAD_USER_INPUT title"
    );
    assert_eq!(revision(&officer, &draft).await, start + 6);
    officer.ok(ACTIVATE_CAMPAIGN, draft.vars()).await;
    assert_eq!(revision(&officer, &draft).await, start + 6);
    assert_eq!(officer.refusal(UPDATE_CAMPAIGN, change(Some(0))).await, "CONFLICT NOT_A_DRAFT");
    assert_eq!(member.refusal(DRAFT, draft.vars()).await, "FORBIDDEN PERMISSION_REQUIRED");
}

#[on_both]
async fn of_edits_of_one_revision_one_is_stored(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let other = app.another_server().await;
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    for _ in 0..3 {
        let seen = revision(&officer, &draft).await;
        let list = |name: &str| input(&draft, Some(seen), json!([{ "entry": { "name": name } }]));
        let title = json!({ "input": { "id": draft.id, "title": "Third", "draftRevision": seen } });
        let (one, two, three) = tokio::join!(
            officer.run(SET, list("one")),
            officer.run_on(&other, SET, list("two")),
            officer.run_on(&other, UPDATE_CAMPAIGN, title),
        );
        let refused: Vec<String> =
            [&one, &two, &three].into_iter().filter(|it| it.get("errors").is_some()).map(refusal_in).collect();
        assert_eq!(refused, ["CONFLICT STALE_DRAFT draftRevision"; 2]);
        assert_eq!(revision(&officer, &draft).await, seen + 1);
    }
}

#[on_both]
async fn equal_entries_of_an_earlier_release_may_stay_in_the_list(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    app.execute_sql("UPDATE entries SET name = 'Onyxia'").await;
    let [first, second] = &*draft.entries else { panic!("{:?}", draft.entries) };
    let keep = |id: &str| json!({ "id": id, "entry": { "name": "Onyxia", "description": "Dragon" } });
    officer.ok(SET, input(&draft, None, json!([keep(second), keep(first)]))).await;
    let third = json!([keep(second), { "entry": { "name": "onyxia" } }, keep(first)]);
    assert_eq!(officer.refusal(SET, input(&draft, None, third)).await, "CONFLICT NAME_TAKEN entries[1].entry.name");
}
