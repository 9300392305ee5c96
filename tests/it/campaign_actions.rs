//! What officers can do with a campaign, and why campaigns closed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{ARCHIVE_CAMPAIGN, CAMPAIGN_STATUS},
    on_both, strings,
};

const ACTIONS: &str = "query($id: ID!) { campaign(id: $id) { viewerActions } }";
const CLOSED: &str = "query($id: ID!) { campaign(id: $id) { status closeReason closedAt closesAt } }";

async fn actions(client: &Client<'_>, campaign: &TestCampaign) -> Vec<String> {
    strings(&client.ok(ACTIONS, campaign.vars()).await["campaign"]["viewerActions"], "")
}

async fn close_reason(client: &Client<'_>, campaign: &TestCampaign) -> Value {
    client.ok(CLOSED, campaign.vars()).await["campaign"]["closeReason"].clone()
}

#[on_both]
async fn actions_follow_the_status_and_the_permission(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let unready = TestCampaign::draft(&officer, 1, json!({})).await;
    assert_eq!(actions(&officer, &unready).await, ["EDIT", "DELETE"]);
    // Activating by hand sets a new start, so a period that has passed is no obstacle.
    let overdue = TestCampaign::draft(&officer, 2, json!({ "startAt": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(actions(&officer, &overdue).await, ["EDIT", "DELETE", "ACTIVATE"]);
    overdue.activate(&officer).await;
    assert_eq!(actions(&officer, &overdue).await, ["CLOSE", "CANCEL"]);
    for client in [&member, &guild.anonymous()] {
        assert_eq!(actions(client, &overdue).await, Vec::<String>::new());
    }
    overdue.close(&officer).await;
    assert_eq!(actions(&officer, &overdue).await, ["ARCHIVE", "SET_OUTCOME"]);
    assert_eq!(actions(&member, &overdue).await, Vec::<String>::new());
    officer.ok(ARCHIVE_CAMPAIGN, overdue.vars()).await;
    assert_eq!(actions(&officer, &overdue).await, ["SET_OUTCOME"]);
}

#[on_both]
async fn actions_are_those_of_the_viewers_rank_after_each_mutation(app: TestApp) {
    let guild = app.guild("gg").await;
    // Only a leader can change their own rank, and only while there is another one.
    let (leader, _other) = (guild.leader().await, guild.member("other", "Guild Leader").await);
    let vote = TestCampaign::live(&leader, 2, json!({})).await;
    let demote = "mutation($member: ID!, $rank: ID!, $ballot: CastBallotInput!) {
        updateMember(input: { id: $member, rankId: $rank }) { member { viewerActions } }
        castBallot(input: $ballot) { campaign { viewerActions } }
    }";
    let mut variables = vote.ballot(&[0]);
    variables["ballot"] = variables["input"].take();
    variables["member"] = json!(leader.id);
    variables["rank"] = json!(async_graphql::ID::from(guild.rank("Member").id));
    let changed = leader.run(demote, variables).await;
    assert_eq!(changed["data"]["castBallot"]["campaign"]["viewerActions"], json!([]), "{changed}");
}

#[on_both]
async fn actions_of_a_page_cost_one_statement_for_its_drafts(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let page = "{ campaigns { nodes { id viewerActions } } }";
    let live = TestCampaign::live(&officer, 2, json!({})).await;
    let without_drafts = officer.count_statements("{ campaigns { nodes { id } } }", json!({})).await;
    assert_eq!(officer.count_statements(page, json!({})).await, without_drafts);
    live.close(&officer).await;
    for _ in 0..3 {
        TestCampaign::draft(&officer, 2, json!({})).await;
        assert_eq!(officer.count_statements(page, json!({})).await, without_drafts + 1);
    }
    assert_eq!(guild.anonymous().count_statements(page, json!({})).await, without_drafts);
}

#[on_both]
async fn a_campaign_says_why_it_closed(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let by_hand = TestCampaign::live(&leader, 2, json!({ "durationHours": 9 })).await;
    let all_voted = TestCampaign::live(&leader, 2, json!({ "durationHours": 9, "earlyCloseIfAllVoted": true })).await;
    let early_by_hand = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": true })).await;
    let late = TestCampaign::live(&leader, 2, json!({ "durationHours": 1 })).await;
    let scheduled = TestCampaign::live(&leader, 2, json!({ "durationHours": 2 })).await;
    assert_eq!(close_reason(&leader, &by_hand).await, json!(null));
    by_hand.close(&leader).await;
    early_by_hand.close(&leader).await;
    all_voted.vote(&leader, &[0]).await;
    // An officer closes it before the scheduler does, and after its end.
    app.clock.advance(Duration::from_hours(1));
    late.close(&leader).await;
    let at_its_end = leader.ok(CLOSED, late.vars()).await["campaign"].clone();
    assert_eq!(at_its_end["closedAt"], at_its_end["closesAt"]);
    let _server = guildhall::bot::start(&app.app);
    app.clock.advance(Duration::from_hours(1));
    while leader.ok(CAMPAIGN_STATUS, scheduled.vars()).await["campaign"]["status"] != "CLOSED" {}
    let votes = [&by_hand, &all_voted, &early_by_hand, &late, &scheduled];
    for (vote, reason) in votes.into_iter().zip(["BY_HAND", "ALL_VOTED", "BY_HAND", "DEADLINE", "DEADLINE"]) {
        assert_eq!(close_reason(&guild.anonymous(), vote).await, reason);
    }
    // A server of an earlier release stored no reason.
    app.execute_sql("UPDATE campaigns SET close_reason = NULL").await;
    let derived = [json!("BY_HAND"), json!(null), json!(null), json!("DEADLINE"), json!("DEADLINE")];
    for (vote, reason) in votes.into_iter().zip(derived) {
        assert_eq!(close_reason(&leader, vote).await, reason);
    }
    leader.ok(ARCHIVE_CAMPAIGN, by_hand.vars()).await;
    assert_eq!(close_reason(&leader, &by_hand).await, "BY_HAND");
}
