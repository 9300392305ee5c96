//! Tallies as they move.

use std::{sync::Arc, time::Duration};

use guildhall::identity::{import::Format, import_roster};
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

/// Waits for a tally with so many ballots, checking that revisions grow on the way.
async fn tally_of(answers: &mut Responses, voted: i64, mut revision: i64) -> Value {
    loop {
        let answer = next_response(answers).await.expect("the stream ended");
        let tally = answer["data"]["voteTally"].clone();
        assert!(tally["revision"].as_i64().unwrap() > revision, "{answer}");
        revision = tally["revision"].as_i64().unwrap();
        assert!(tally["turnout"]["voted"].as_i64().unwrap() <= voted, "{answer}");
        if tally["turnout"]["voted"] == voted {
            return tally;
        }
    }
}

#[on_both]
async fn the_present_tally_comes_at_once_newer_ones_as_ballots_come_and_the_result_last(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    campaign.vote(&guild.member("a", "Member").await, &[1]).await;
    let mut answers = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    let first = tally_of(&mut answers, 1, -1).await;
    assert_eq!(first["isFinal"], false);
    assert_eq!(first["standings"][0], json!({ "place": 1, "points": 1, "entry": { "name": "entry 1" } }));
    for (number, name) in ["b", "c", "d"].into_iter().enumerate() {
        campaign.vote(&guild.member(name, "Member").await, &[0]).await;
        tally_of(&mut answers, i64::try_from(number).unwrap() + 2, -1).await;
    }
    campaign.close(&officer).await;
    let last = loop {
        let tally = next_response(&mut answers).await.unwrap()["data"]["voteTally"].clone();
        if tally["isFinal"] == true {
            break tally;
        }
    };
    assert_eq!((&last["status"], &last["turnout"]["voted"]), (&json!("CLOSED"), &json!(4)));
    assert_eq!(last["standings"][0]["points"], 3);
    assert_eq!(next_response(&mut answers).await, None);
    // On a closed campaign there is that one message, the same.
    let mut again = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next_response(&mut again).await.unwrap()["data"]["voteTally"], last);
    assert_eq!(next_response(&mut again).await, None);
}

#[on_both]
async fn a_burst_of_ballots_ends_on_the_newest_tally_for_every_watcher(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 3, json!({ "resultsVisibility": "ALWAYS" })).await;
    let mut watchers = Vec::new();
    for _ in 0..20 {
        let mut answers = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        let first = next_response(&mut answers).await.unwrap();
        watchers.push((answers, first["data"]["voteTally"]["revision"].as_i64().unwrap()));
    }
    let mut rows = Vec::new();
    for number in 0..30 {
        rows.push(guild.member_row(&format!("voter{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    futures_util::future::join_all(voters.iter().map(|voter| campaign.vote(voter, &[1]))).await;
    for (mut answers, revision) in watchers {
        let newest = tally_of(&mut answers, 30, revision).await;
        assert_eq!(newest["standings"][0]["points"], 30);
    }
}

#[on_both]
async fn one_count_serves_all_who_watch(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let mut watchers = Vec::new();
    for _ in 0..50 {
        let mut answers = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        next_response(&mut answers).await;
        watchers.push(answers);
    }
    let voter = guild.member("voter", "Member").await;
    let before = app.app.db.statements();
    campaign.vote(&voter, &[0]).await;
    for answers in &mut watchers {
        tally_of(answers, 1, -1).await;
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
        let mut answers = client.subscribe(WATCH, vars).await;
        let refusal = refusal_in(&next_response(&mut answers).await.unwrap());
        assert_eq!(next_response(&mut answers).await, None);
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
    tally_of(&mut voter.subscribe(WATCH, draft.vars()).await, 1, -1).await;
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
        let mut answers = client.subscribe(WATCH, campaign.vars()).await;
        tally_of(&mut answers, 0, -1).await;
        streams.push(answers);
    }
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": gone.id, "active": false } })).await;
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": promoted.id, "rankId": rank("Member") } })).await;
    signed_in.ok(LOGOUT, json!({})).await;
    for (answers, expected) in streams.iter_mut().zip([
        "UNAUTHENTICATED INVALID_TOKEN",
        "FORBIDDEN STANDINGS_HIDDEN",
        "UNAUTHENTICATED INVALID_TOKEN",
    ]) {
        let error = loop {
            let answer = next_response(answers).await.expect("the stream ended without a word");
            if answer.get("errors").is_some() {
                break answer;
            }
        };
        assert_eq!(refusal_in(&error), expected);
        assert_eq!(next_response(answers).await, None);
    }
    // Whoever keeps the right keeps the stream.
    campaign.vote(&officer, &[0]).await;
    tally_of(&mut streams[3], 1, -1).await;
}

#[on_both]
async fn a_stream_ends_when_its_token_expires(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let session = guild.login("officer").await;
    let signed_in = guild.anonymous().with_token(session["accessToken"].as_str().unwrap());
    let mut answers = signed_in.subscribe(WATCH, campaign.vars()).await;
    tally_of(&mut answers, 0, -1).await;
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(refusal_in(&next_response(&mut answers).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
    assert_eq!(next_response(&mut answers).await, None);
}

#[on_both]
async fn drafts_start_and_campaigns_end_by_themselves(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let _background = guildhall::bot::start(&app.app);
    let always = |start: &str| json!({ "resultsVisibility": "ALWAYS", "startAt": start, "durationHours": 1 });
    let draft = TestCampaign::draft(&officer, 2, always("2026-03-01T21:00:00Z")).await;
    let unready = TestCampaign::draft(&officer, 1, always("2026-03-01T21:00:00Z")).await;
    let watched = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS", "durationHours": 2 })).await;
    let mut answers = officer.subscribe(WATCH, watched.vars()).await;
    tally_of(&mut answers, 0, -1).await;
    let status = "query($id: ID!) { campaign(id: $id) { status startAt closedAt activationBlockers } }";
    let wait_for = async |draft: &TestCampaign, wanted: &str| {
        // Asked again and again rather than waited for; the bound is for a test that fails.
        let asking = async {
            loop {
                let now = officer.ok(status, draft.vars()).await["campaign"].clone();
                if now["status"] == wanted {
                    return now;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), asking).await.expect("its status never changed")
    };
    app.clock.advance(Duration::from_hours(1));
    let live = wait_for(&draft, "LIVE").await;
    assert_eq!(live["startAt"], "2026-03-01T21:00:00+00:00");
    let blocked = officer.ok(status, unready.vars()).await["campaign"].clone();
    assert_eq!((&blocked["status"], &blocked["activationBlockers"]), (&json!("DRAFT"), &json!(["TOO_FEW_ENTRIES"])));
    app.clock.advance(Duration::from_hours(1));
    let closed = wait_for(&draft, "CLOSED").await;
    assert_eq!(closed["closedAt"], "2026-03-01T22:00:00+00:00");
    let last = next_response(&mut answers).await.unwrap();
    assert_eq!(last["data"]["voteTally"]["isFinal"], true, "{last}");
    assert_eq!(next_response(&mut answers).await, None);
}

#[on_both]
async fn a_command_that_leaves_nobody_to_vote_ends_the_vote(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, voter) = (guild.leader().await, guild.member("voter", "Veteran").await);
    guild.member("last", "Veteran").await;
    let campaign =
        TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS", "minRankLevelToVote": 3 })).await;
    campaign.vote(&leader, &[0]).await;
    campaign.vote(&voter, &[1]).await;
    let _background = guildhall::bot::start(&app.app);
    let mut answers = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next_response(&mut answers).await.unwrap()["data"]["voteTally"]["status"], "LIVE");
    let command = app.another_server_with(|command| command.has_peers = Some(true)).await;
    let file = (Format::Csv, b"discord_username,rank\nlast,Member".to_vec());
    import_roster(&command.access, guild.id, None, file, false, |_, _| ()).await.unwrap();
    let last = loop {
        let tally =
            next_response(&mut answers).await.expect("the stream ended without its result")["data"]["voteTally"]
                .clone();
        if tally["isFinal"] == true {
            break tally;
        }
    };
    assert_eq!((&last["status"], &last["turnout"]["voted"]), (&json!("CLOSED"), &json!(2)));
}

#[on_both]
async fn what_a_command_beside_the_server_takes_away_ends_what_is_watched(app: TestApp) {
    // Running before there is a guild, for all of this may happen between two looks at the database.
    let _background = guildhall::bot::start(&app.app);
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Veteran").await);
    let hidden = json!({ "resultsVisibility": "ALWAYS", "minRankLevelToView": 3, "minRankLevelToVote": 3 });
    let campaign = TestCampaign::live(&leader, 2, hidden).await;
    let mut answers = member.subscribe(WATCH, campaign.vars()).await;
    assert!(next_response(&mut answers).await.unwrap().get("errors").is_none());
    let command = app.another_server_with(|command| command.has_peers = Some(true)).await;
    let file = (Format::Csv, b"discord_username,rank\nmember,Member".to_vec());
    import_roster(&command.access, guild.id, None, file, false, |_, _| ()).await.unwrap();
    let refused = loop {
        let answer = next_response(&mut answers).await.expect("the stream ended without a word");
        if answer.get("errors").is_some() {
            break answer;
        }
    };
    assert_eq!(refusal_in(&refused), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut answers).await, None);
}

/// Also where there is but one thread to do it.
#[tokio::test]
async fn counting_ends_with_the_last_who_watches() {
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
async fn a_ballot_cast_on_one_server_reaches_those_who_watch_at_another() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let other = app.another_server().await;
    let (_here, _there) = (guildhall::bot::start(&app.app), guildhall::bot::start(&other));
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let watcher = guild.member("watcher", "Initiate").await;
    let mut answers = watcher.subscribe_on(&Arc::clone(&other), WATCH, campaign.vars()).await;
    let first = tally_of(&mut answers, 0, -1).await["revision"].as_i64().unwrap();
    let voter = guild.member("voter", "Member").await;
    campaign.vote(&voter, &[0]).await;
    tally_of(&mut answers, 1, first).await;
    // What takes a right away here ends the stream there.
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": watcher.id, "active": false } })).await;
    let ended = loop {
        let answer = next_response(&mut answers).await.unwrap();
        if answer.get("errors").is_some() {
            break answer;
        }
    };
    assert_eq!(refusal_in(&ended), "UNAUTHENTICATED INVALID_TOKEN");
}
