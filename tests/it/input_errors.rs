//! Variables and literals of a wrong type: the error names all fields at fault, before anything runs.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_both};

/// The fields of an error of the whole request, in the order of the error's `extensions.fields`.
async fn fields_at_fault(client: &Client<'_>, query: &str, variables: Value) -> Vec<String> {
    let response = client.run(query, variables).await;
    assert_eq!(response["data"], Value::Null, "{response}");
    let errors = response["errors"].as_array().unwrap();
    let field = |item: &Value| item["field"].as_str().unwrap().to_owned();
    let fields = |error: &Value| {
        let extensions = &error["extensions"];
        assert_eq!(extensions["code"], "BAD_USER_INPUT", "{response}");
        let fields: Vec<String> = extensions["fields"].as_array().into_iter().flatten().map(field).collect();
        assert_eq!(extensions["field"].as_str(), fields.first().map(String::as_str), "{response}");
        fields
    };
    errors.iter().flat_map(fields).collect()
}

#[on_both]
async fn all_fields_of_variables_at_fault_are_named(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let create = "mutation($input: CreateCampaignInput!, $id: ID!) {
        createCampaign(input: $input) { campaign { id } } deleteCampaign(id: $id) { deletedId }
    }";
    let input = json!({
        "title": 7, "durationHours": 1.5, "startAt": "2027-01-01T20:00:00", "announcements": "LOUD",
        "entries": [{ "name": "Karazhan" }, { "name": null, "imageUrl": [1] }, { "description": "no name" }, 7],
    });
    let fields = fields_at_fault(&leader, create, json!({ "input": input, "id": true })).await;
    assert_eq!(
        fields,
        [
            "title",
            "minRankLevelToVote",
            "startAt",
            "durationHours",
            "announcements",
            "entries[1].name",
            "entries[1].imageUrl",
            "entries[2].name",
            "entries",
            "id",
        ]
    );
    let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(fields_at_fault(&leader, nodes, json!({ "ids": ["x", null, true] })).await, ["ids"]);
    assert_eq!(fields_at_fault(&leader, nodes, json!({ "ids": vec![(); 10_000] })).await, ["ids"]);
    let entries = "mutation($entries: [EntryInput!]!) { createCampaign(input: {
        title: \"Raid\", minRankLevelToVote: 1, durationHours: 1, entries: $entries
    }) { campaign { id } } }";
    let many = vec![json!({ "name": 1 }); 30];
    let fields = fields_at_fault(&leader, entries, json!({ "entries": many })).await;
    assert_eq!((fields.len(), fields[1].as_str()), (20, "entries[1].name"));
    assert_eq!(leader.ok("{ campaigns { totalCount } }", json!({})).await["campaigns"]["totalCount"], 0);
}

#[on_both]
async fn literals_at_fault_are_named_by_their_fields(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let create = |input: &str| format!("mutation {{ createCampaign(input: {{ {input} }}) {{ campaign {{ id }} }} }}");
    let rest = "minRankLevelToVote: 1, durationHours: 1";
    for (query, expected) in [
        ("{ members(first: 1.5) { totalCount } }".to_owned(), &["first"][..]),
        ("{ members(first: 99999999999) { totalCount } }".to_owned(), &["first"]),
        (
            "{ members(filter: { rankLevelAtLeast: \"4\", active: 1 }) { totalCount } }".to_owned(),
            &["rankLevelAtLeast", "active"],
        ),
        ("{ members(orderBy: { field: BOGUS }) { totalCount } }".to_owned(), &["field"]),
        ("query($first: Int = \"x\") { members(first: $first) { totalCount } }".to_owned(), &["first"]),
        ("{ nodes(ids: [\"x\", null]) { id } }".to_owned(), &["ids"]),
        ("{ node { id } }".to_owned(), &["id"]),
        ("mutation { createCampaign { campaign { id } } }".to_owned(), &["input"]),
        (create(&format!("title: 7, {rest}")), &["title"]),
        (create("title: \"Raid\", minRankLevelToVote: 1"), &["durationHours"]),
        (
            create(&format!("title: \"Raid\", {rest}, entries: [{{ name: \"a\" }}, {{ name: 1 }}, {{}}]")),
            &["entries[1].name", "entries[2].name"],
        ),
        (create(&format!("title: \"Raid\", {rest}, colour: \"red\"")), &[]),
        (
            create(&format!(
                "title: \"Raid\", {rest}, startAt: \"tomorrow\", entries: [{{ name: \"a\", name: \"b\" }}]"
            )),
            &["startAt", "entries[0].name"],
        ),
        (create(&format!("title: \"Raid\", {rest}, title: \"Raid\"")), &["title"]),
        (create(&format!("title: \"Raid\", {rest}, title: \"Party\", durationHours: 2")), &["title", "durationHours"]),
    ] {
        let mut fields = fields_at_fault(&leader, &query, json!({})).await;
        let mut expected = expected.to_vec();
        fields.sort_unstable();
        expected.sort_unstable();
        assert_eq!(fields, expected, "{query}");
    }
    assert_eq!(leader.ok("{ campaigns { totalCount } }", json!({})).await["campaigns"]["totalCount"], 0);
}
