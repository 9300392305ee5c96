//! Scheduled steps of votes: on time and once, whatever the clock and the servers do.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use guildhall::{kernel::clock::Clock, voting};
use serde_json::{Value, json};

use tokio::sync::Notify;

use crate::support::{
    TestApp, TestCampaign,
    documents::{CAMPAIGN_STATUS, CAMPAIGN_VOTED, CAST_BALLOT},
    next_response, on_both,
    process::ServerProcess,
    refusal_in, sql,
};

const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { isFinal campaign { closedAt closesAt } } }";
const LOG: &str = "{ auditLog(first: 100) { nodes { action actor { displayName } summary } } }";

#[on_both]
async fn a_vote_closes_at_its_end_although_the_clock_jumps(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(
        &leader,
        2,
        json!({ "resultsVisibility": "ALWAYS", "durationHours": 1, "earlyCloseIfAllVoted": false }),
    )
    .await;
    let _server = guildhall::bot::start(&app.app);
    let mut tally = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next_response(&mut tally).await.unwrap()["data"]["voteTally"]["isFinal"], false);
    // A day back: the vote stays live and accepts ballots.
    let start = app.now();
    app.clock.set(start - Duration::from_hours(24));
    campaign.vote(&leader, &[0]).await;
    assert_eq!(next_response(&mut tally).await.unwrap()["data"]["voteTally"]["isFinal"], false);
    // Two days ahead: the vote closes immediately, and its closing time is the planned one.
    app.clock.set(start + Duration::from_hours(48));
    let last = next_response(&mut tally).await.unwrap()["data"]["voteTally"].clone();
    assert_eq!((&last["isFinal"], &last["campaign"]["closedAt"]), (&json!(true), &last["campaign"]["closesAt"]));
}

#[on_both]
async fn steps_due_while_no_server_ran_are_taken_at_startup(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let start = DateTime::<Utc>::from_naive_utc_and_offset(app.now() + Duration::from_hours(1), Utc);
    let due = TestCampaign::draft(
        &leader,
        2,
        json!({ "startAt": start, "durationHours": 24, "resultsVisibility": "ALWAYS" }),
    )
    .await;
    let over = TestCampaign::live(&leader, 2, json!({ "durationHours": 1, "resultsVisibility": "ALWAYS" })).await;
    // Everyone has voted in this one, but no server has closed it.
    let complete = TestCampaign::live(
        &leader,
        2,
        json!({ "earlyCloseIfAllVoted": false, "durationHours": 24, "resultsVisibility": "ALWAYS" }),
    )
    .await;
    complete.vote(&leader, &[0]).await;
    app.execute_sql("UPDATE campaigns SET early_close_if_all_voted = true WHERE duration_hours = 24").await;
    app.clock.advance(Duration::from_hours(2));
    assert_eq!(leader.refusal(CAST_BALLOT, over.ballot(&[0])).await, "CONFLICT CAMPAIGN_NOT_LIVE", "its time is over");
    let mut ends = Vec::new();
    for vote in [&over, &complete] {
        ends.push(guild.anonymous().subscribe(WATCH, vote.vars()).await);
    }
    let _server = guildhall::bot::start(&app.app);
    for tally in &mut ends {
        while next_response(tally).await.unwrap()["data"]["voteTally"]["isFinal"] != true {}
    }
    while guild.anonymous().ok(CAMPAIGN_STATUS, due.vars()).await["campaign"]["status"] != "LIVE" {}
}

#[on_both]
async fn ballots_acknowledged_while_a_vote_closes_are_in_its_result(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let mut rows = Vec::new();
    for number in 0..40 {
        rows.push(guild.member_row(&format!("voter-{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    let campaign = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": false })).await;
    let casts =
        futures_util::future::join_all(voters.iter().map(|voter| voter.run(CAST_BALLOT, campaign.ballot(&[0]))));
    // The vote closes after a few ballots.
    let closing = async {
        while leader.ok(CAMPAIGN_VOTED, campaign.vars()).await["campaign"]["turnout"]["voted"].as_i64().unwrap() < 5 {}
        campaign.close(&leader).await;
    };
    let (responses, ()) = tokio::join!(casts, closing);
    let (cast, refused): (Vec<&Value>, Vec<&Value>) =
        responses.iter().partition(|response| response.get("errors").is_none());
    assert!(cast.len() >= 5);
    for response in refused {
        assert_eq!(refusal_in(response), "CONFLICT CAMPAIGN_NOT_LIVE");
    }
    let query = "query($id: ID!) { campaign(id: $id) { turnout { voted } standings { points } ballotBox { count } } }";
    let result = leader.ok(query, campaign.vars()).await["campaign"].clone();
    assert_eq!(result["turnout"]["voted"], cast.len());
    assert_eq!(result["standings"][0]["points"], cast.len());
    assert_eq!(result["ballotBox"]["count"], cast.len());
    let id = guildhall::kernel::id::CampaignId::try_from(&async_graphql::ID(campaign.id)).unwrap();
    assert_eq!(voting::recount(&app.app.voting, id).await.unwrap().problems, Vec::<String>::new());
}

#[on_both]
async fn automatic_steps_are_logged_without_an_actor(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let early = TestCampaign::live(&leader, 2, json!({ "title": "Early", "earlyCloseIfAllVoted": true })).await;
    app.clock.advance(Duration::from_secs(1));
    early.vote(&leader, &[0]).await;
    let log = leader.ok(LOG, json!({})).await["auditLog"]["nodes"].clone();
    let expected = json!({
        "action": "campaign.close", "actor": null,
        "summary": "the vote “Early” closed early, since everyone had voted",
    });
    assert_eq!(log[0], expected);
}

/// Campaigns that two servers start at the same moment. One server is killed before they end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_take_each_step_once_and_one_server_suffices() {
    const VOTES: usize = 12;
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let folder = tempfile::tempdir().unwrap();
    let flags = app.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let serve = || ServerProcess::start(folder.path(), &[&["serve", "--bind", "127.0.0.1:0"], &flags[..]].concat());
    let (one, two) = (serve(), serve());
    // The servers use the system's clock, so the campaigns' times are moved into the past instead of waiting for them.
    let now = Clock::system().now();
    let start = DateTime::<Utc>::from_naive_utc_and_offset(now + Duration::from_hours(10), Utc);
    for number in 0..VOTES {
        let change = json!({ "title": format!("{number}"), "startAt": start, "durationHours": 1 });
        TestCampaign::draft(&leader, 2, change).await;
    }
    let make_due = async |change: String| {
        app.execute_sql(&change).await;
        // Any change of a campaign makes the servers check for due steps.
        TestCampaign::draft(&leader, 2, json!({ "title": "unscheduled" })).await;
    };
    let steps = async |action: &str| {
        let log = two.post(leader.token.as_deref(), LOG, json!({})).await.unwrap();
        let log = log["data"]["auditLog"]["nodes"].as_array().unwrap().clone();
        log.iter().filter(|it| it["action"] == action && it["actor"].is_null()).count()
    };
    // The time limit only stops a failing test.
    tokio::time::timeout(Duration::from_mins(1), async {
        make_due(format!("UPDATE campaigns SET start_at = '{}'", now - Duration::from_mins(1))).await;
        while steps("campaign.activate").await < VOTES {}
        drop(one);
        make_due(format!("UPDATE campaigns SET closes_at = '{now}' WHERE status = 'LIVE'")).await;
        while steps("campaign.close").await < VOTES {}
    })
    .await
    .expect("not all campaigns started and ended");
    assert_eq!((steps("campaign.activate").await, steps("campaign.close").await), (VOTES, VOTES));
    let query = "{ campaigns(first: 100) { nodes { title status closesAt closedAt } } }";
    let campaigns = two.post(leader.token.as_deref(), query, json!({})).await.unwrap();
    let mut campaigns = campaigns["data"]["campaigns"]["nodes"].as_array().unwrap().clone();
    campaigns.retain(|it| it["title"] != "unscheduled");
    assert_eq!(campaigns.len(), VOTES);
    for vote in campaigns {
        assert_eq!((&vote["status"], &vote["closedAt"]), (&json!("CLOSED"), &vote["closesAt"]));
    }
}

/// Later ballots cannot delay the closing of a vote, because its lock is fair.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_a_vote_waits_for_earlier_ballots_and_not_for_later_ones() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let (leader, first) = (guild.leader().await, guild.member("first", "Member").await);
    let second = guild.member("second", "Member").await;
    let campaign = TestCampaign::live(&leader, 2, json!({})).await;
    // The first ballot waits in its transaction for the row of its voter.
    let elsewhere = app.another_server().await;
    let (held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (is_held, released) = (Arc::clone(&held), Arc::clone(&release));
    let holder = elsewhere.db.write(async move |conn| {
        sql::execute(conn, "SELECT 1 FROM members WHERE discord_username = 'first' FOR UPDATE").await;
        held.notify_one();
        released.notified().await;
        Ok(())
    });
    let wait_for_lock_waiters = async |transactions: i64| while sql::lock_waiters(&elsewhere).await < transactions {};
    let before = async {
        is_held.notified().await;
        first.run(CAST_BALLOT, campaign.ballot(&[0])).await
    };
    let close = async {
        wait_for_lock_waiters(1).await;
        campaign.close(&leader).await;
    };
    let after = async {
        wait_for_lock_waiters(2).await;
        let response = second.run(CAST_BALLOT, campaign.ballot(&[1])).await;
        assert_eq!(sql::lock_waiters(&elsewhere).await, 0, "the second ballot did not overtake the closing");
        response
    };
    let release_first = async {
        wait_for_lock_waiters(3).await;
        release.notify_one();
    };
    let all = async { tokio::join!(holder, before, close, after, release_first) };
    let all = tokio::time::timeout(Duration::from_mins(1), all).await.expect("a deadlock");
    let (_, before, (), after, ()) = all;
    assert_eq!(before.get("errors"), None);
    assert_eq!(refusal_in(&after), "CONFLICT CAMPAIGN_NOT_LIVE");
}
