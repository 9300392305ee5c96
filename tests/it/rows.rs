//! Rows answer their plain fields in one pass. For any selection, the response is as async-graphql's own way makes it.

use serde_json::{Value, json};

use crate::support::{TestApp, TestCampaign, on_both, refusal_in};

#[on_both]
async fn fields_are_in_the_order_of_the_selection_whether_they_load_or_not(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let query =
        "{ me { characters { id } name: displayName rank { level name } __typename isActive mainCharacter { id } } }";
    let expected = r#"{"data":{"me":{"characters":[],"name":"leader","rank":{"level":5,"name":"Guild Leader"},"__typename":"Member","isActive":true,"mainCharacter":null}}}"#;
    assert_eq!(leader.text(query, json!({})).await, expected);
}

#[on_both]
async fn fragments_repeated_fields_and_directives_are_merged(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let own = "query($no: Boolean!) {
        me {
            ...Names
            id
            ... on Member { rank { level } displayName }
            rank { name }
            ... { isActive }
            skipped: createdAt @include(if: $no)
            ... on Member @skip(if: $no) { rankSource }
        }
    }
    fragment Names on Member { displayName ...Rank }
    fragment Rank on Member { rank { name description } }";
    let plain = "{ me { displayName rank { name description level } id isActive rankSource } }";
    let expected = leader.text(plain, json!({})).await;
    assert_eq!(leader.text(own, json!({ "no": false })).await, expected);
    let interface =
        "{ me { isActive ... on Node { id __typename } ... on Member { id rank { name } } rank { level } } }";
    let (id, rank) = (&leader.id, r#"{"name":"Guild Leader","level":5}"#);
    let expected =
        format!(r#"{{"data":{{"me":{{"isActive":true,"id":"{id}","__typename":"Member","rank":{rank}}}}}}}"#);
    assert_eq!(leader.text(interface, json!({})).await, expected);
}

#[on_both]
async fn refused_fields_are_null_among_plain_ones(app: TestApp) {
    let guild = app.guild("gg").await;
    let vote = TestCampaign::live(&guild.leader().await, 2, json!({})).await;
    let query = "query($id: ID!) {
        campaign(id: $id) { draftRevision seats discordChannelId entries { sortOrder campaign { seats } } }
    }";
    let member = guild.member("anna", "Member").await;
    let text = member.text(query, json!({ "id": vote.id })).await;
    let campaign = r#"{"draftRevision":null,"seats":1,"discordChannelId":null,"entries":[{"sortOrder":0,"campaign":{"seats":1}},{"sortOrder":1,"campaign":{"seats":1}}]}"#;
    assert!(text.contains(campaign), "{text}");
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(response["errors"][0]["path"], json!(["campaign", "draftRevision"]));
    assert_eq!(response["errors"][1]["path"], json!(["campaign", "discordChannelId"]));
    assert_eq!(refusal_in(&response), "FORBIDDEN PERMISSION_REQUIRED");
}
