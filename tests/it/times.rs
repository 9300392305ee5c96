//! Times in requests need an offset from UTC, and errors name their fields.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_both, refusal_in};

const CREATE: &str =
    "mutation($input: CreateCampaignInput!) { createCampaign(input: $input) { campaign { startAt } } }";
const WRONG: [&str; 9] = [
    "2027-01-01T20:00:00",
    "2027-01-01T20:00:00.123456",
    "2026-12-31T23:59:60Z",
    "2026-12-31T23:59:60.5+00:00",
    "2027-01-01",
    "2027-01-01T20:00Z",
    "2027-02-30T20:00:00Z",
    "tomorrow",
    "",
];

/// Creates a campaign that starts at this time, once as a variable, once as a field of one, and once in the document.
async fn create(client: &Client<'_>, start: &Value) -> [Value; 3] {
    let rest = json!({ "title": "Trial", "minRankLevelToVote": 1, "durationHours": 1 });
    let mut input = rest.clone();
    input["startAt"] = start.clone();
    let fields = "title: \"Trial\", minRankLevelToVote: 1, durationHours: 1";
    let document = |arguments: &str, start: &str| {
        let call = format!("createCampaign(input: {{ {fields}, startAt: {start} }})");
        format!("mutation{arguments} {{ {call} {{ campaign {{ startAt }} }} }}")
    };
    [
        client.run(CREATE, json!({ "input": input })).await,
        client.run(&document("($startAt: DateTime)", "$startAt"), json!({ "startAt": start })).await,
        client.run(&document("", &start.to_string()), json!({})).await,
    ]
}

#[on_both]
async fn a_time_without_an_offset_is_refused_at_its_field(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    for wrong in WRONG.map(Value::from).into_iter().chain([
        json!(1_798_833_600),
        json!(true),
        json!({}),
        json!([1]),
        json!(["2027-01-01T20:00:00Z"]),
    ]) {
        for response in create(&officer, &wrong).await {
            assert_eq!(refusal_in(&response), "BAD_USER_INPUT startAt", "{wrong}: {response}");
        }
    }
    let [response, ..] = create(&officer, &json!("2027-01-01T20:00:00")).await;
    let message = response["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("offset") && message.contains("startAt"), "{message}");
    // A default value of a variable is in the document.
    let query = "mutation($at: DateTime = \"2027-01-01T20:00:00\") {
        createCampaign(input: { title: \"a\", minRankLevelToVote: 1, durationHours: 1, startAt: $at }) {
            campaign { id }
        }
    }";
    assert_eq!(officer.refusal(query, json!({})).await, "BAD_USER_INPUT at");
}

#[on_both]
async fn a_time_with_any_offset_is_accepted(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    for (start, shown) in [
        ("2027-01-01T20:00:00Z", "2027-01-01T20:00:00+00:00"),
        ("2027-01-01t20:00:00z", "2027-01-01T20:00:00+00:00"),
        ("2027-01-01T20:00:00.5+05:30", "2027-01-01T14:30:00.500+00:00"),
        ("2026-12-31T23:59:59-11:00", "2027-01-01T10:59:59+00:00"),
    ] {
        for response in create(&officer, &json!(start)).await {
            assert_eq!(response["data"]["createCampaign"]["campaign"]["startAt"], shown, "{start}: {response}");
        }
    }
}
