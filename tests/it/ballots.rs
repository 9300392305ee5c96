//! Ballots: casting and counting them, and who sees the standings.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    TestApp, TestCampaign,
    campaigns::state,
    documents::{CAST_BALLOT, NODE_ID, UPDATE_MEMBER},
    on_both, strings,
};

/// Standings as `(entry, place, points)`.
fn places(campaign: &Value) -> Vec<(String, i64, i64)> {
    let row = |row: &Value| {
        (
            row["entry"]["name"].as_str().unwrap().to_owned(),
            row["place"].as_i64().unwrap(),
            row["points"].as_i64().unwrap(),
        )
    };
    campaign["standings"].as_array().unwrap().iter().map(row).collect()
}

#[on_both]
async fn an_eligible_member_casts_one_ballot(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let officer = guild.member("officer", "Officer").await;
    let voter = guild.member("voter", "Member").await;
    let (initiate, unregistered) =
        (guild.member("initiate", "Initiate").await, guild.unregistered("new", "Member").await);
    let draft = TestCampaign::draft(&officer, 4, json!({ "picksPerVoter": 2 })).await;
    assert_eq!(voter.refusal(CAST_BALLOT, draft.ballot(&[0, 1])).await, "NOT_FOUND campaignId");
    assert_eq!(officer.refusal(CAST_BALLOT, draft.ballot(&[0, 1])).await, "CONFLICT CAMPAIGN_NOT_LIVE");
    draft.activate(&officer).await;
    let elsewhere = TestCampaign::live(&officer, 2, json!({})).await;
    let foreign = json!({ "input": { "campaignId": draft.id, "picks": [draft.entries[0], elsewhere.entries[0]] } });
    let nonsense = json!({ "input": { "campaignId": draft.id, "picks": [draft.entries[0], "nonsense"] } });
    for (client, ballot, refusal) in [
        (&guild.anonymous(), draft.ballot(&[0, 1]), "UNAUTHENTICATED"),
        (&initiate, draft.ballot(&[0, 1]), "FORBIDDEN RANK_TOO_LOW"),
        (&unregistered, draft.ballot(&[0, 1]), "FORBIDDEN NOT_REGISTERED"),
        (&other.leader().await, draft.ballot(&[0, 1]), "NOT_FOUND campaignId"),
        (&voter, draft.ballot(&[0]), "BAD_USER_INPUT WRONG_PICK_COUNT picks"),
        (&voter, draft.ballot(&[0, 1, 2]), "BAD_USER_INPUT WRONG_PICK_COUNT picks"),
        (&voter, draft.ballot(&[]), "BAD_USER_INPUT WRONG_PICK_COUNT picks"),
        (&voter, draft.ballot(&[1, 1]), "BAD_USER_INPUT DUPLICATE_PICK picks"),
        (&voter, foreign, "BAD_USER_INPUT UNKNOWN_ENTRY picks"),
        (&voter, nonsense, "BAD_USER_INPUT UNKNOWN_ENTRY picks"),
    ] {
        assert_eq!(client.refusal(CAST_BALLOT, ballot.clone()).await, refusal, "{ballot}");
    }
    assert_eq!(state(&guild.anonymous(), &draft).await["turnout"]["voted"], 0);
    let cast = voter.ok(CAST_BALLOT, draft.ballot(&[2, 0])).await["castBallot"].clone();
    assert_eq!(strings(&cast["ballot"]["picks"], "/id"), [draft.entries[2].clone(), draft.entries[0].clone()]);
    assert_eq!(cast["campaign"], json!({ "status": "LIVE", "turnout": { "voted": 1 } }));
    assert_eq!(voter.refusal(CAST_BALLOT, draft.ballot(&[0, 1])).await, "CONFLICT ALREADY_VOTED");
    // No other viewer sees the ballot, by its id or through the campaign.
    let id = json!({ "id": cast["ballot"]["id"] });
    assert_eq!(voter.ok(NODE_ID, id.clone()).await["node"]["id"], cast["ballot"]["id"]);
    for peer in [&officer, &guild.leader().await, &guild.anonymous()] {
        assert_eq!(peer.ok(NODE_ID, id.clone()).await["node"], json!(null));
        assert_eq!(state(peer, &draft).await["viewerBallot"], json!(null));
    }
    assert_eq!(strings(&state(&voter, &draft).await["viewerBallot"]["picks"], "/name"), ["entry 2", "entry 0"]);
}

#[on_both]
async fn fifty_concurrent_casts_by_one_member_leave_one_ballot(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let campaign = TestCampaign::live(&officer, 3, json!({})).await;
    let casts = (0..50).map(|number| voter.run(CAST_BALLOT, campaign.ballot(&[number % 3])));
    let responses = futures_util::future::join_all(casts).await;
    let accepted = responses.iter().filter(|response| response.get("errors").is_none()).count();
    assert_eq!(accepted, 1);
    let refused =
        responses.iter().filter(|response| response["errors"][0]["extensions"]["reason"] == "ALREADY_VOTED").count();
    assert_eq!(refused, 49);
    assert_eq!(state(&officer, &campaign).await["turnout"]["voted"], 1);
}

#[on_both]
async fn ballots_are_refused_from_the_closing_time_on(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (early, late) = (guild.member("early", "Member").await, guild.member("late", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({ "durationHours": 1 })).await;
    app.clock.advance(Duration::from_micros(3_600_000_000 - 1));
    campaign.vote(&early, &[0]).await;
    app.clock.advance(Duration::from_micros(1));
    // The stored status is still live, because no scheduler runs.
    assert_eq!(state(&late, &campaign).await["status"], "LIVE");
    assert_eq!(late.refusal(CAST_BALLOT, campaign.ballot(&[0])).await, "CONFLICT CAMPAIGN_NOT_LIVE");
    assert_eq!(state(&late, &campaign).await["viewerCannotVoteReason"], "NOT_LIVE");
}

#[on_both]
async fn weighted_standings_share_places(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 5, json!({ "picksPerVoter": 3, "resultsVisibility": "ALWAYS" })).await;
    assert_eq!(
        places(&state(&guild.anonymous(), &campaign).await).iter().map(|row| row.1).collect::<Vec<_>>(),
        [1, 1, 1, 1, 1]
    );
    for (name, picks) in [("a", [0, 1, 2]), ("b", [1, 0, 3]), ("c", [0, 1, 2]), ("d", [1, 0, 3])] {
        campaign.vote(&guild.member(name, "Member").await, &picks).await;
    }
    let now = state(&guild.anonymous(), &campaign).await;
    let row = |name: &str, place, points| (name.to_owned(), place, points);
    assert_eq!(
        places(&now),
        [
            row("entry 0", 1, 10),
            row("entry 1", 1, 10),
            row("entry 2", 3, 2),
            row("entry 3", 3, 2),
            row("entry 4", 5, 0),
        ]
    );
    assert_eq!(now["standings"][0]["pickCounts"], json!([2, 2, 0]));
    assert_eq!(now["turnout"], json!({ "eligible": 6, "voted": 4, "percent": 66.7, "allVoted": false }));
}

#[on_both]
async fn approval_and_instant_runoff_are_counted_by_their_own_rules(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let change = |method: &str| json!({ "method": method, "picksPerVoter": 3, "resultsVisibility": "ALWAYS" });
    let (approval, runoff) = (
        TestCampaign::live(&officer, 3, change("APPROVAL")).await,
        TestCampaign::live(&officer, 3, change("INSTANT_RUNOFF")).await,
    );
    for (name, picks) in [("a", vec![0]), ("b", vec![0]), ("c", vec![1, 2]), ("d", vec![2, 1]), ("e", vec![2, 1])] {
        let voter = guild.member(name, "Member").await;
        approval.vote(&voter, &picks).await;
        runoff.vote(&voter, &picks).await;
    }
    let row = |name: &str, place, points| (name.to_owned(), place, points);
    let now = state(&officer, &approval).await;
    assert_eq!(places(&now), [row("entry 1", 1, 3), row("entry 2", 1, 3), row("entry 0", 3, 2)]);
    let rounds = "query($id: ID!) { campaign(id: $id) { runoffRounds {
        number counts { entry { name } votes } exhausted eliminated { name } tieBroken winner { name }
    } } }";
    assert_eq!(officer.ok(rounds, approval.vars()).await["campaign"]["runoffRounds"], json!(null));
    runoff.close(&officer).await;
    let now = state(&officer, &runoff).await;
    assert_eq!(places(&now), [row("entry 2", 1, 3), row("entry 0", 2, 2), row("entry 1", 3, 1)]);
    let rounds = officer.ok(rounds, runoff.vars()).await["campaign"]["runoffRounds"].clone();
    assert_eq!(strings(&rounds[0]["eliminated"], "/name"), ["entry 1"]);
    assert_eq!(rounds[1]["winner"]["name"], "entry 2");
    assert_eq!(rounds.as_array().unwrap().len(), 2);
}

#[on_both]
async fn hidden_standings_give_each_viewer_the_reason(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (voted, waiting) = (guild.member("voted", "Member").await, guild.member("waiting", "Member").await);
    let (initiate, anyone) = (guild.member("initiate", "Initiate").await, guild.anonymous());
    for (visibility, expected) in [
        ("ALWAYS", [json!(null), json!(null), json!(null), json!(null), json!(null)]),
        ("AFTER_VOTING", [json!(null), json!("VOTE_FIRST"), json!(null), json!("SIGN_IN"), json!("VOTE_FIRST")]),
        (
            "AFTER_CLOSE",
            [
                json!("AFTER_CLOSE"),
                json!("AFTER_CLOSE"),
                json!("AFTER_CLOSE"),
                json!("AFTER_CLOSE"),
                json!("AFTER_CLOSE"),
            ],
        ),
    ] {
        let draft = TestCampaign::draft(&officer, 2, json!({ "resultsVisibility": visibility })).await;
        assert_eq!(state(&officer, &draft).await["standingsHiddenReason"], "NOT_STARTED");
        draft.activate(&officer).await;
        draft.vote(&voted, &[0]).await;
        let viewers = [&voted, &waiting, &initiate, &anyone, &officer];
        for (viewer, reason) in viewers.iter().zip(expected) {
            let now = state(viewer, &draft).await;
            assert_eq!(now["standingsHiddenReason"], reason, "{visibility}");
            assert_eq!(now["standings"].is_null(), !reason.is_null(), "{visibility}");
            assert_eq!(now["turnout"]["voted"], 1);
        }
        draft.close(&officer).await;
        for viewer in viewers {
            assert_eq!(state(viewer, &draft).await["standings"][0]["points"], 1);
        }
    }
}

#[on_both]
async fn the_last_ballot_closes_the_campaign(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let (one, two) = (
        TestCampaign::live(&officer, 2, json!({ "earlyCloseIfAllVoted": true })).await,
        TestCampaign::live(&officer, 2, json!({})).await,
    );
    for (draft, last) in [(&one, "CLOSED"), (&two, "LIVE")] {
        assert_eq!(leader.ok(CAST_BALLOT, draft.ballot(&[0])).await["castBallot"]["campaign"]["status"], "LIVE");
        assert_eq!(officer.ok(CAST_BALLOT, draft.ballot(&[1])).await["castBallot"]["campaign"]["status"], last);
    }
    assert_eq!(
        state(&leader, &one).await["turnout"],
        json!({ "eligible": 2, "voted": 2, "percent": 100.0, "allVoted": true })
    );
}

#[on_both]
async fn turnout_counts_eligible_members_and_voters_and_is_final_after_closing(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, gone) = (guild.member("officer", "Officer").await, guild.member("gone", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    campaign.vote(&gone, &[1]).await;
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": gone.id, "active": false } })).await;
    let turnout = json!({ "eligible": 3, "voted": 1, "percent": 33.3, "allVoted": false });
    assert_eq!(state(&officer, &campaign).await["turnout"], turnout);
    campaign.close(&officer).await;
    guild.member("newcomer", "Member").await;
    assert_eq!(state(&officer, &campaign).await["turnout"], turnout);
    let page = "{ campaigns { nodes { turnout { eligible voted } standings { points } } } }";
    let page = officer.ok(page, json!({})).await["campaigns"]["nodes"][0].clone();
    assert_eq!(
        page,
        json!({ "turnout": { "eligible": 3, "voted": 1 }, "standings": [{ "points": 1 }, { "points": 0 }] })
    );
}

#[on_both]
async fn a_connection_prepares_the_insertion_of_a_ballot_once(app: TestApp) {
    if !app.app.db.is_shared() {
        return;
    }
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let vote = TestCampaign::live(&officer, 3, json!({ "picksPerVoter": 2 })).await;
    for number in 0..6 {
        vote.vote(&guild.member(&format!("voter{number}"), "Member").await, &[0, 1]).await;
    }
    let kept = app.prepared_statements("WITH ballot AS (INSERT INTO ballots").await;
    assert!((1..=4).contains(&kept), "{kept} statements on four connections");
}
