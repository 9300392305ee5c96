//! Members' participation in votes, and the winners of past votes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{ARCHIVE_CAMPAIGN, UPDATE_MEMBER},
    on_both, strings,
};

const PARTICIPATION: &str = "query($id: ID!) { member(id: $id) { participation {
    eligible voted percent campaigns { totalCount nodes { voted campaign { title } } }
} } }";

async fn participation(viewer: &Client<'_>, member: &Client<'_>) -> Value {
    viewer.ok(PARTICIPATION, json!({ "id": member.id })).await["member"]["participation"].clone()
}

/// `(eligible, voted)`.
fn counts(participation: &Value) -> (i64, i64) {
    (participation["eligible"].as_i64().unwrap(), participation["voted"].as_i64().unwrap())
}

fn titled(title: &str) -> Value {
    json!({ "title": title, "earlyCloseIfAllVoted": false })
}

#[on_both]
async fn participation_counts_the_votes_a_member_was_eligible_for(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    let mut votes = Vec::new();
    for title in ["voted", "abstained", "open", "waiting"] {
        app.clock.advance(Duration::from_secs(1));
        votes.push(TestCampaign::live(&leader, 2, titled(title)).await);
    }
    TestCampaign::draft(&leader, 2, titled("a draft")).await;
    votes[0].vote(&member, &[0]).await;
    votes[2].vote(&member, &[0]).await;
    for over in &votes[..2] {
        over.close(&leader).await;
    }
    let mine = participation(&member, &member).await;
    assert_eq!((counts(&mine), &mine["percent"]), ((4, 2), &json!(50.0)));
    let campaigns = &mine["campaigns"];
    assert_eq!(campaigns["totalCount"], 4);
    assert_eq!(strings(&campaigns["nodes"], "/campaign/title"), ["waiting", "open", "abstained", "voted"]);
    let voted: Vec<bool> =
        campaigns["nodes"].as_array().unwrap().iter().map(|it| it["voted"].as_bool().unwrap()).collect();
    assert_eq!(voted, [false, true, false, true]);

    // Votes that closed before a member joined, or that were above their rank at the time, do not count for them.
    let newcomer = guild.member("newcomer", "Veteran").await;
    assert_eq!(counts(&participation(&newcomer, &newcomer).await), (2, 0));
    let initiate = json!(async_graphql::ID::from(guild.rank("Initiate").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": initiate } })).await;
    assert_eq!(counts(&participation(&member, &member).await), (4, 2), "they were eligible in the vote that is open");
}

#[on_both]
async fn participation_is_shown_to_the_member_and_to_campaign_managers(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let (one, two) = (guild.member("one", "Veteran").await, guild.member("two", "Veteran").await);
    let open = TestCampaign::live(&leader, 2, titled("open")).await;
    let high =
        TestCampaign::live(&leader, 2, json!({ "title": "high", "minRankLevelToView": 3, "minRankLevelToVote": 3 }))
            .await;
    open.vote(&one, &[0]).await;
    high.vote(&one, &[0]).await;
    for viewer in [&two, &guild.anonymous()] {
        assert_eq!(participation(viewer, &one).await, Value::Null);
    }
    assert_eq!(counts(&participation(&one, &one).await), (2, 2));
    for viewer in [&officer, &leader] {
        let known = participation(viewer, &one).await;
        assert_eq!(counts(&known), (0, 0), "not while they could compare it with moving standings");
    }
    let secret = TestCampaign::live(&leader, 2, json!({ "title": "secret", "resultsVisibility": "AFTER_CLOSE" })).await;
    assert_eq!(counts(&participation(&officer, &one).await), (1, 0), "so that they can remind members");
    secret.vote(&one, &[0]).await;
    assert_eq!(counts(&participation(&officer, &one).await), (1, 1));
    for vote in [&open, &high, &secret] {
        vote.close(&leader).await;
    }
    for viewer in [&one, &officer, &leader] {
        assert_eq!(counts(&participation(viewer, &one).await), (3, 3));
    }
    // A campaign above the member's rank does not exist for them, even if they voted in it.
    let member = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": one.id, "rankId": member } })).await;
    let mine = participation(&one, &one).await;
    assert_eq!(
        (counts(&mine), strings(&mine["campaigns"]["nodes"], "/campaign/title").contains(&"high".to_owned())),
        ((2, 2), false)
    );
    assert_eq!(counts(&participation(&officer, &one).await), (3, 3));
    // The number of statements does not depend on the page's size.
    let page = "query($first: Int) { members(first: $first) { nodes {
        participation { voted campaigns { nodes { campaign { title } } } }
    } } }";
    let statements = async |first: i64| officer.count_statements(page, json!({ "first": first })).await;
    assert_eq!(statements(1).await, statements(4).await);
}

#[on_both]
async fn participation_is_read_in_pages(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    for number in 0..5 {
        app.clock.advance(Duration::from_secs(1));
        TestCampaign::live(&leader, 2, titled(&number.to_string())).await;
    }
    let query = "query($first: Int, $after: String, $last: Int, $before: String) { me { participation {
        campaigns(first: $first, after: $after, last: $last, before: $before) {
            nodes { campaign { title } } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    } } }";
    let page = async |page: Value| member.ok(query, page).await["me"]["participation"]["campaigns"].clone();
    let first = page(json!({ "first": 2 })).await;
    assert_eq!(strings(&first["nodes"], "/campaign/title"), ["4", "3"]);
    let next = page(json!({ "first": 4, "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(strings(&next["nodes"], "/campaign/title"), ["2", "1", "0"]);
    assert_eq!(next["pageInfo"]["hasNextPage"], false);
    let last = page(json!({ "last": 2, "before": next["pageInfo"]["startCursor"] })).await;
    assert_eq!(strings(&last["nodes"], "/campaign/title"), ["4", "3"]);
    assert_eq!(last["pageInfo"]["hasPreviousPage"], false);
    let of_another = "query($id: ID!, $after: String) { member(id: $id) {
        participation { campaigns(after: $after) { nodes { voted } } }
    } }";
    let cursor = json!({ "id": member.id, "after": first["pageInfo"]["endCursor"] });
    leader.ok(of_another, cursor.clone()).await;
    let elsewhere = json!({ "id": leader.id, "after": cursor["after"] });
    assert_eq!(leader.refusal(of_another, elsewhere).await, "BAD_USER_INPUT after");
}

#[on_both]
async fn past_votes_show_their_winners_last_closed_first(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    let mut votes = Vec::new();
    for (title, change) in [
        ("won", json!({})),
        ("tied", json!({ "method": "APPROVAL", "picksPerVoter": 2 })),
        ("no ballots", json!({})),
        ("seats", json!({ "method": "SINGLE_TRANSFERABLE_VOTE", "seats": 2, "picksPerVoter": 3 })),
        ("hidden", json!({ "minRankLevelToView": 4, "minRankLevelToVote": 4 })),
    ] {
        let mut settings = titled(title);
        settings.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        votes.push(TestCampaign::live(&leader, 3, settings).await);
    }
    votes[0].vote(&member, &[2]).await;
    votes[1].vote(&member, &[0, 1]).await;
    votes[3].vote(&member, &[2, 0, 1]).await;
    TestCampaign::live(&leader, 3, titled("still open")).await;
    // They close in another order than that of their creation.
    for index in [4, 2, 0, 3, 1] {
        app.clock.advance(Duration::from_secs(1));
        votes[index].close(&leader).await;
    }
    leader.ok(ARCHIVE_CAMPAIGN, votes[0].vars()).await;
    let query = "query($first: Int, $after: String) { pastVotes(first: $first, after: $after) {
        totalCount nodes { closedAt campaign { title winners { name } } winners { name } }
        pageInfo { endCursor hasNextPage }
    } }";
    let all = member.ok(query, json!({})).await["pastVotes"].clone();
    assert_eq!(strings(&all["nodes"], "/campaign/title"), ["tied", "seats", "won", "no ballots"]);
    assert_eq!(all["totalCount"], 4);
    let winners: Vec<Vec<String>> =
        all["nodes"].as_array().unwrap().iter().map(|it| strings(&it["winners"], "/name")).collect();
    let of = |entries: &[i64]| -> Vec<String> { entries.iter().map(|it| format!("entry {it}")).collect() };
    assert_eq!(winners, [of(&[0, 1]), of(&[2, 0]), of(&[2]), of(&[])]);
    for vote in all["nodes"].as_array().unwrap() {
        assert_eq!(vote["campaign"]["winners"], vote["winners"]);
    }
    let first = member.ok(query, json!({ "first": 3 })).await["pastVotes"].clone();
    let rest =
        member.ok(query, json!({ "first": 3, "after": first["pageInfo"]["endCursor"] })).await["pastVotes"].clone();
    assert_eq!(strings(&rest["nodes"], "/campaign/title"), ["no ballots"]);
    assert_eq!(leader.ok(query, json!({})).await["pastVotes"]["totalCount"], 5);
    assert_eq!(guild.anonymous().ok(query, json!({})).await["pastVotes"]["totalCount"], 4);
    let statements = async |first: i64| member.count_statements(query, json!({ "first": first })).await;
    assert_eq!(statements(1).await, statements(4).await);
}
