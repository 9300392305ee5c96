//! Live tallies.

use std::{sync::Arc, time::Duration};

use guildhall::identity::{ImportOptions, import::Format, import_roster};
use serde_json::{Value, json};

use crate::support::{
    Client, Responses, TestApp, TestCampaign,
    documents::{LOGOUT, UPDATE_MEMBER},
    next_response, on_both, refusal_in,
};

const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) {
    revision isFinal status turnout { voted eligible } standings { place points entry { name } }
    campaign { title closedAt }
} }";

/// Waits for the tally with this number of ballots, and checks that the revisions before it grow.
async fn wait_for_tally(responses: &mut Responses, voted: i64, mut revision: i64) -> Value {
    loop {
        let response = next_response(responses).await.expect("the stream ended");
        let tally = response["data"]["voteTally"].clone();
        assert!(tally["revision"].as_i64().unwrap() > revision, "{response}");
        revision = tally["revision"].as_i64().unwrap();
        assert!(tally["turnout"]["voted"].as_i64().unwrap() <= voted, "{response}");
        if tally["turnout"]["voted"] == voted {
            return tally;
        }
    }
}

#[on_both]
async fn a_subscription_sends_the_current_tally_then_updates_then_the_result(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    campaign.vote(&guild.member("a", "Member").await, &[1]).await;
    let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    let first = wait_for_tally(&mut responses, 1, -1).await;
    assert_eq!(first["isFinal"], false);
    assert_eq!(first["standings"][0], json!({ "place": 1, "points": 1, "entry": { "name": "entry 1" } }));
    for (number, name) in ["b", "c", "d"].into_iter().enumerate() {
        campaign.vote(&guild.member(name, "Member").await, &[0]).await;
        wait_for_tally(&mut responses, i64::try_from(number).unwrap() + 2, -1).await;
    }
    campaign.close(&officer).await;
    let last = loop {
        let tally = next_response(&mut responses).await.unwrap()["data"]["voteTally"].clone();
        if tally["isFinal"] == true {
            break tally;
        }
    };
    assert_eq!((&last["status"], &last["turnout"]["voted"]), (&json!("CLOSED"), &json!(4)));
    assert_eq!(last["standings"][0]["points"], 3);
    assert_eq!(next_response(&mut responses).await, None);
    // A subscription to the closed campaign sends only the result.
    let mut second = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next_response(&mut second).await.unwrap()["data"]["voteTally"], last);
    assert_eq!(next_response(&mut second).await, None);
}

#[on_both]
async fn every_watcher_receives_the_newest_tally_after_a_burst_of_ballots(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 3, json!({ "resultsVisibility": "ALWAYS" })).await;
    let mut watchers = Vec::new();
    for _ in 0..20 {
        let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        let first = next_response(&mut responses).await.unwrap();
        watchers.push((responses, first["data"]["voteTally"]["revision"].as_i64().unwrap()));
    }
    let mut rows = Vec::new();
    for number in 0..30 {
        rows.push(guild.member_row(&format!("voter{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    futures_util::future::join_all(voters.iter().map(|voter| campaign.vote(voter, &[1]))).await;
    for (mut responses, revision) in watchers {
        let newest = wait_for_tally(&mut responses, 30, revision).await;
        assert_eq!(newest["standings"][0]["points"], 30);
    }
}

#[on_both]
async fn one_count_serves_all_watchers(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let mut watchers = Vec::new();
    for _ in 0..50 {
        let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        next_response(&mut responses).await;
        watchers.push(responses);
    }
    let voter = guild.member("voter", "Member").await;
    let before = app.app.db.statements();
    campaign.vote(&voter, &[0]).await;
    for responses in &mut watchers {
        wait_for_tally(responses, 1, -1).await;
    }
    let statements = app.app.db.statements() - before;
    assert!(statements < 50, "{statements} statements for one ballot and 50 watchers");
}

#[on_both]
async fn a_hidden_tally_cannot_be_watched(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let draft = TestCampaign::draft(&officer, 2, json!({ "minRankLevelToView": 2 })).await;
    let refused = async |client: &Client<'_>, vars: Value| {
        let mut responses = client.subscribe(WATCH, vars).await;
        let refusal = refusal_in(&next_response(&mut responses).await.unwrap());
        assert_eq!(next_response(&mut responses).await, None);
        refusal
    };
    assert_eq!(refused(&officer, draft.vars()).await, "FORBIDDEN STANDINGS_HIDDEN");
    assert_eq!(refused(&voter, draft.vars()).await, "NOT_FOUND campaignId");
    draft.activate(&officer).await;
    assert_eq!(refused(&voter, draft.vars()).await, "FORBIDDEN STANDINGS_HIDDEN");
    for (client, vars) in [
        (&guild.anonymous(), draft.vars()),
        (&guild.member("initiate", "Initiate").await, draft.vars()),
        (&other.leader().await, draft.vars()),
        (&officer, json!({ "id": "nonsense" })),
    ] {
        assert_eq!(refused(client, vars).await, "NOT_FOUND campaignId");
    }
    draft.vote(&voter, &[0]).await;
    wait_for_tally(&mut voter.subscribe(WATCH, draft.vars()).await, 1, -1).await;
}

#[on_both]
async fn losing_the_right_to_watch_ends_the_stream(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "minRankLevelToView": 1 })).await;
    let rank = |name: &str| json!(async_graphql::ID::from(guild.rank(name).id));
    let (gone, promoted) = (guild.member("gone", "Initiate").await, guild.member("promoted", "Initiate").await);
    let out = guild.member("out", "Initiate").await;
    let session = guild.login("out").await;
    let signed_in = out.with_token(session["accessToken"].as_str().unwrap());
    let mut streams = Vec::new();
    for client in [&gone, &promoted, &signed_in, &out] {
        let mut responses = client.subscribe(WATCH, campaign.vars()).await;
        wait_for_tally(&mut responses, 0, -1).await;
        streams.push(responses);
    }
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": gone.id, "active": false } })).await;
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": promoted.id, "rankId": rank("Member") } })).await;
    signed_in.ok(LOGOUT, json!({})).await;
    for (responses, expected) in streams.iter_mut().zip([
        "UNAUTHENTICATED INVALID_TOKEN",
        "FORBIDDEN STANDINGS_HIDDEN",
        "UNAUTHENTICATED INVALID_TOKEN",
    ]) {
        let error = loop {
            let response = next_response(responses).await.expect("the stream ended without an error");
            if response.get("errors").is_some() {
                break response;
            }
        };
        assert_eq!(refusal_in(&error), expected);
        assert_eq!(next_response(responses).await, None);
    }
    // A viewer who keeps the right keeps the stream.
    campaign.vote(&officer, &[0]).await;
    wait_for_tally(&mut streams[3], 1, -1).await;
}

#[on_both]
async fn a_stream_ends_when_its_token_expires(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let session = guild.login("officer").await;
    let signed_in = guild.anonymous().with_token(session["accessToken"].as_str().unwrap());
    let mut responses = signed_in.subscribe(WATCH, campaign.vars()).await;
    wait_for_tally(&mut responses, 0, -1).await;
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(refusal_in(&next_response(&mut responses).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
    assert_eq!(next_response(&mut responses).await, None);
}

#[on_both]
async fn drafts_start_and_campaigns_end_on_schedule(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let _background = guildhall::bot::start(&app.app);
    let always = |start: &str| json!({ "resultsVisibility": "ALWAYS", "startAt": start, "durationHours": 1 });
    let draft = TestCampaign::draft(&officer, 2, always("2026-03-01T21:00:00Z")).await;
    let unready = TestCampaign::draft(&officer, 1, always("2026-03-01T21:00:00Z")).await;
    let watched = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS", "durationHours": 2 })).await;
    let mut responses = officer.subscribe(WATCH, watched.vars()).await;
    wait_for_tally(&mut responses, 0, -1).await;
    let status = "query($id: ID!) { campaign(id: $id) { status startAt closedAt activationBlockers } }";
    let wait_for = async |draft: &TestCampaign, expected: &str| {
        // Polls without a pause; the time limit only stops a failing test.
        let polling = async {
            loop {
                let now = officer.ok(status, draft.vars()).await["campaign"].clone();
                if now["status"] == expected {
                    return now;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), polling).await.expect("its status never changed")
    };
    app.clock.advance(Duration::from_hours(1));
    let live = wait_for(&draft, "LIVE").await;
    assert_eq!(live["startAt"], "2026-03-01T21:00:00+00:00");
    let blocked = officer.ok(status, unready.vars()).await["campaign"].clone();
    assert_eq!((&blocked["status"], &blocked["activationBlockers"]), (&json!("DRAFT"), &json!(["TOO_FEW_ENTRIES"])));
    app.clock.advance(Duration::from_hours(1));
    let closed = wait_for(&draft, "CLOSED").await;
    assert_eq!(closed["closedAt"], "2026-03-01T22:00:00+00:00");
    let last = next_response(&mut responses).await.unwrap();
    assert_eq!(last["data"]["voteTally"]["isFinal"], true, "{last}");
    assert_eq!(next_response(&mut responses).await, None);
}

#[on_both]
async fn a_command_that_demotes_the_last_non_voter_changes_no_tally(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, voter) = (guild.leader().await, guild.member("voter", "Veteran").await);
    guild.member("last", "Veteran").await;
    let settings = json!({ "resultsVisibility": "ALWAYS", "minRankLevelToVote": 3, "earlyCloseIfAllVoted": true });
    let campaign = TestCampaign::live(&leader, 2, settings).await;
    campaign.vote(&leader, &[0]).await;
    campaign.vote(&voter, &[1]).await;
    let _background = guildhall::bot::start(&app.app);
    let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    let mut next = async || next_response(&mut responses).await.expect("the stream ended")["data"]["voteTally"].clone();
    let before = next().await;
    assert_eq!((&before["status"], &before["turnout"]), (&json!("LIVE"), &json!({ "voted": 2, "eligible": 3 })));
    let command = app.another_server_with(|command| command.has_peers = Some(true)).await;
    let file = (Format::Csv, b"discord_username,rank\nlast,Member".to_vec());
    import_roster(&command.access, guild.id, None, file, ImportOptions::default(), |_, _| ()).await.unwrap();
    let after = next().await;
    assert!(after["revision"].as_i64() > before["revision"].as_i64(), "{after}");
    assert_eq!((&after["status"], &after["turnout"]), (&before["status"], &before["turnout"]));
}

#[on_both]
async fn a_demotion_by_a_command_ends_the_members_stream(app: TestApp) {
    // Starts before the guild exists, because all of this may happen between two reads of the database.
    let _background = guildhall::bot::start(&app.app);
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Veteran").await);
    let hidden = json!({ "resultsVisibility": "ALWAYS", "minRankLevelToView": 3, "minRankLevelToVote": 3 });
    let campaign = TestCampaign::live(&leader, 2, hidden).await;
    let mut responses = member.subscribe(WATCH, campaign.vars()).await;
    assert!(next_response(&mut responses).await.unwrap().get("errors").is_none());
    let command = app.another_server_with(|command| command.has_peers = Some(true)).await;
    let file = (Format::Csv, b"discord_username,rank\nmember,Member".to_vec());
    import_roster(&command.access, guild.id, None, file, ImportOptions::default(), |_, _| ()).await.unwrap();
    let refused = loop {
        let response = next_response(&mut responses).await.expect("the stream ended without an error");
        if response.get("errors").is_some() {
            break response;
        }
    };
    assert_eq!(refusal_in(&refused), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut responses).await, None);
}

/// A single-threaded runtime is enough for it.
#[tokio::test]
async fn counting_stops_with_the_last_watcher() {
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let id = guildhall::kernel::id::CampaignId::try_from(&async_graphql::ID(campaign.id.clone())).unwrap();
    for _ in 0..3 {
        let (mut one, mut two) = (
            guild.anonymous().subscribe(WATCH, campaign.vars()).await,
            guild.anonymous().subscribe(WATCH, campaign.vars()).await,
        );
        next_response(&mut one).await.unwrap();
        next_response(&mut two).await.unwrap();
        assert_eq!(app.app.live.tally_subscribers(guild.id, id), Some(2));
        drop(one);
        assert_eq!(app.app.live.tally_subscribers(guild.id, id), Some(1));
        drop(two);
        while app.app.live.tally_subscribers(guild.id, id).is_some() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ballot_cast_on_one_server_reaches_watchers_of_another() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let other = app.another_server().await;
    let (_here, _there) = (guildhall::bot::start(&app.app), guildhall::bot::start(&other));
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let watcher = guild.member("watcher", "Initiate").await;
    let mut responses = watcher.subscribe_on(&Arc::clone(&other), WATCH, campaign.vars()).await;
    let first = wait_for_tally(&mut responses, 0, -1).await["revision"].as_i64().unwrap();
    let voter = guild.member("voter", "Member").await;
    campaign.vote(&voter, &[0]).await;
    wait_for_tally(&mut responses, 1, first).await;
    // A deactivation on one server ends the member's stream on the other.
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": watcher.id, "active": false } })).await;
    let ended = loop {
        let response = next_response(&mut responses).await.unwrap();
        if response.get("errors").is_some() {
            break response;
        }
    };
    assert_eq!(refusal_in(&ended), "UNAUTHENTICATED INVALID_TOKEN");
}
