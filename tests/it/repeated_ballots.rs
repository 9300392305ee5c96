//! Ballots that are cast again, because the client has not received the response.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{CANCEL_CAMPAIGN, CAST_BALLOT, UPDATE_MEMBER},
    on_both, refusal_in,
};

const CAST: &str = "mutation($input: CastBallotInput!) { castBallot(input: $input) {
    ballot { id receipt nonce castAt picks { id } } campaign { status turnout { voted } }
} }";

fn ballot(vote: &TestCampaign, picks: &[usize], nonce: &str) -> Value {
    let mut ballot = vote.ballot(picks);
    ballot["input"]["nonce"] = json!(nonce);
    ballot
}

fn nonce(digit: &str) -> String {
    digit.repeat(64)
}

async fn cast(voter: &Client<'_>, ballot: &Value) -> Value {
    voter.ok(CAST, ballot.clone()).await["castBallot"].clone()
}

#[on_both]
async fn the_same_ballot_again_returns_the_first(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let other = app.another_server().await;
    let vote = TestCampaign::live(&officer, 3, json!({ "method": "APPROVAL", "picksPerVoter": 2 })).await;
    let same = ballot(&vote, &[2, 0], &nonce("a"));
    let first = cast(&voter, &same).await;
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(cast(&voter, &same).await, first);
    assert_eq!(cast(&voter, &ballot(&vote, &[2, 0], &nonce("A"))).await, first, "the nonce in another case");
    assert_eq!(voter.run_on(&other, CAST, same.clone()).await["data"]["castBallot"], first);
    for (again, refusal) in [
        (ballot(&vote, &[0, 2], &nonce("a")), "CONFLICT ALREADY_VOTED"),
        (ballot(&vote, &[2], &nonce("a")), "CONFLICT ALREADY_VOTED"),
        (ballot(&vote, &[2, 0], &nonce("b")), "CONFLICT ALREADY_VOTED"),
        (vote.ballot(&[2, 0]), "CONFLICT ALREADY_VOTED"),
        (ballot(&vote, &[2, 0], "a"), "CONFLICT ALREADY_VOTED"),
        (ballot(&vote, &[0, 1, 2], &nonce("a")), "CONFLICT ALREADY_VOTED"),
        (ballot(&vote, &[2, 2], &nonce("b")), "CONFLICT ALREADY_VOTED"),
        (vote.ballot(&[]), "CONFLICT ALREADY_VOTED"),
    ] {
        assert_eq!(voter.refusal(CAST, again.clone()).await, refusal, "{again}");
    }
    // Nobody else gets the ballot by its nonce and picks, not even as an error that tells of them.
    let stranger = guild.member("stranger", "Member").await;
    assert_eq!(stranger.refusal(CAST, same.clone()).await, "CONFLICT NONCE_TAKEN nonce");
    assert_eq!(stranger.refusal(CAST, ballot(&vote, &[1], &nonce("a"))).await, "CONFLICT NONCE_TAKEN nonce");
    assert_eq!(cast(&stranger, &ballot(&vote, &[1], &nonce("c"))).await["campaign"]["turnout"]["voted"], 2);
    assert_eq!(stranger.refusal(CAST, same).await, "CONFLICT ALREADY_VOTED");
    assert_eq!((app.count_rows("ballots").await, app.count_rows("picks").await), (2, 3));
}

#[on_both]
async fn a_ballot_that_was_cast_is_returned_after_the_end(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let late = guild.member("late", "Member").await;
    let expired = TestCampaign::live(&officer, 2, json!({ "durationHours": 1 })).await;
    let closed = TestCampaign::live(&officer, 2, json!({})).await;
    let cancelled = TestCampaign::live(&officer, 2, json!({})).await;
    let demoted = TestCampaign::live(&officer, 2, json!({})).await;
    let mut receipts = Vec::new();
    for vote in [&expired, &closed, &cancelled, &demoted] {
        receipts.push(cast(&voter, &ballot(vote, &[1], &nonce("7"))).await["ballot"].clone());
    }
    app.clock.advance(Duration::from_hours(1));
    closed.close(&officer).await;
    officer.ok(CANCEL_CAMPAIGN, json!({ "input": { "id": cancelled.id, "reason": "Wrong week" } })).await;
    let initiate = async_graphql::ID::from(guild.rank("Initiate").id);
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": voter.id, "rankId": initiate } })).await;
    for (vote, receipt) in [&expired, &closed, &cancelled, &demoted].into_iter().zip(receipts) {
        assert_eq!(cast(&voter, &ballot(vote, &[1], &nonce("7"))).await["ballot"], receipt);
    }
    for vote in [&expired, &closed, &cancelled] {
        for (client, again) in [
            (&voter, ballot(vote, &[0], &nonce("7"))),
            (&voter, ballot(vote, &[1], &nonce("8"))),
            (&voter, vote.ballot(&[1])),
            (&late, ballot(vote, &[1], &nonce("7"))),
            (&late, ballot(vote, &[1], &nonce("9"))),
        ] {
            assert_eq!(client.refusal(CAST, again.clone()).await, "CONFLICT CAMPAIGN_NOT_LIVE", "{again}");
        }
    }
    assert_eq!(voter.refusal(CAST, ballot(&demoted, &[0], &nonce("7"))).await, "CONFLICT ALREADY_VOTED");
    // A campaign that the voter can no longer see stays hidden.
    app.execute_sql("UPDATE campaigns SET min_rank_level_to_view = 2").await;
    assert_eq!(voter.refusal(CAST, ballot(&closed, &[1], &nonce("7"))).await, "NOT_FOUND campaignId");
}

#[on_both]
async fn of_many_equal_requests_all_return_the_one_ballot(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let other = app.another_server().await;
    let vote = TestCampaign::live(&officer, 2, json!({})).await;
    let same = ballot(&vote, &[1], &nonce("5"));
    let here = futures_util::future::join_all((0..8).map(|_| voter.run(CAST, same.clone())));
    let there = futures_util::future::join_all((0..8).map(|_| voter.run_on(&other, CAST, same.clone())));
    let different = futures_util::future::join_all((0..4).map(|_| voter.run(CAST_BALLOT, vote.ballot(&[1]))));
    let (here, there, different) = tokio::join!(here, there, different);
    assert_eq!(app.count_rows("ballots").await, 1);
    let mut returned = here.iter().chain(&there).filter(|it| it.get("errors").is_none());
    match returned.next() {
        Some(first) => {
            assert_eq!(returned.count(), 15);
            for response in here.iter().chain(&there) {
                assert_eq!(response["data"]["castBallot"]["ballot"], first["data"]["castBallot"]["ballot"]);
            }
            assert!(different.iter().all(|it| refusal_in(it) == "CONFLICT ALREADY_VOTED"), "{different:?}");
        }
        // One without a nonce was first.
        None => assert_eq!(different.iter().filter(|it| it.get("errors").is_none()).count(), 1),
    }
}
