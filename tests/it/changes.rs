//! Campaigns as something becomes of them, and what is told to whom of all that is watched.

use std::time::Duration;

use futures_util::StreamExt;
use guildhall::{app::App, kernel::clock::Clock};
use serde_json::{Value, json};

use crate::support::{
    Responses, TestApp, TestCampaign, TestGuild,
    documents::{ADD_ENTRY, ARCHIVE_CAMPAIGN, CAST_BALLOT, DELETE_CAMPAIGN, UPDATE_MEMBER, WATCH_TURNOUT},
    next_response, on_both, refusal_in, while_time_passes,
};

const FOLLOW: &str = "subscription($id: ID) { campaignChanged(campaignId: $id) { id title status entries { name } } }";
const RENAME: &str =
    "mutation($id: ID!, $title: String!) { updateCampaign(input: { id: $id, title: $title }) { campaign { id } } }";

/// How long changes are collected, on the server's clock, before subscribers receive them.
const COLLECTING: Duration = Duration::from_millis(100);

/// The next response, once the changes so far have been collected.
async fn collected(clock: &Clock, answers: &mut Responses) -> Option<Value> {
    while_time_passes(clock, 1, COLLECTING, next_response(answers)).await
}

/// The next changed campaign, as `title STATUS`.
async fn told(clock: &Clock, answers: &mut Responses) -> String {
    let answer = collected(clock, answers).await.expect("the stream ended");
    let campaign = &answer["data"]["campaignChanged"];
    assert!(campaign.is_object(), "{answer}");
    format!("{} {}", campaign["title"].as_str().unwrap(), campaign["status"].as_str().unwrap())
}

/// Polls streams until a server tells them what happens next.
async fn begin(server: &App, guild: &TestGuild<'_>, streams: &mut [&mut Responses]) {
    let before = server.live.campaign_subscribers(guild.id);
    while server.live.campaign_subscribers(guild.id) < before + streams.len() {
        for answers in streams.iter_mut() {
            let said = futures_util::poll!(answers.next());
            assert!(said.is_pending(), "told of something at first: {said:?}");
        }
        tokio::task::yield_now().await;
    }
}

#[on_both]
async fn whoever_may_see_a_campaign_is_told_what_becomes_of_it(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let mut streams = Vec::new();
    for client in [&officer, &member, &guild.anonymous()] {
        let mut answers = client.subscribe(FOLLOW, json!({})).await;
        begin(&app.app, &guild, &mut [&mut answers]).await;
        streams.push(answers);
    }
    let [officers, members, anyones] = &mut streams[..] else { unreachable!() };
    let draft = TestCampaign::draft(&officer, 2, json!({ "title": "secret", "minRankLevelToView": 2 })).await;
    assert_eq!(told(&app.clock, officers).await, "secret DRAFT");
    for number in 1..=20 {
        officer.ok(RENAME, json!({ "id": draft.id, "title": format!("edit {number}") })).await;
    }
    // The clock has not moved since the first edit, so all of them are one change.
    assert_eq!(told(&app.clock, officers).await, "edit 20 DRAFT");
    draft.activate(&officer).await;
    draft.close(&officer).await;
    officer.ok(ARCHIVE_CAMPAIGN, draft.vars()).await;
    for status in ["LIVE", "CLOSED", "ARCHIVED"] {
        assert_eq!(told(&app.clock, officers).await, format!("edit 20 {status}"));
        // Drafts are none of their business.
        assert_eq!(told(&app.clock, members).await, format!("edit 20 {status}"));
    }
    let public = TestCampaign::draft(&officer, 2, json!({ "title": "public" })).await;
    public.activate(&officer).await;
    assert_eq!(told(&app.clock, anyones).await, "public LIVE", "of what is above them, nothing");
    assert_eq!(told(&app.clock, officers).await, "public DRAFT");
}

#[on_both]
async fn a_campaign_followed_by_its_id_tells_of_no_other(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (one, two) = (
        TestCampaign::draft(&officer, 2, json!({ "title": "one" })).await,
        TestCampaign::draft(&officer, 2, json!({ "title": "two" })).await,
    );
    let mut answers = officer.subscribe(FOLLOW, two.vars()).await;
    begin(&app.app, &guild, &mut [&mut answers]).await;
    one.activate(&officer).await;
    let entry = json!({ "input": { "campaignId": two.id, "entry": { "name": "late" } } });
    officer.ok(ADD_ENTRY, entry).await;
    let edited = collected(&app.clock, &mut answers).await.unwrap();
    assert_eq!(edited["data"]["campaignChanged"]["entries"][2]["name"], "late", "{edited}");
    officer.ok(DELETE_CAMPAIGN, two.vars()).await;
    assert_eq!(refusal_in(&collected(&app.clock, &mut answers).await.unwrap()), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut answers).await, None);
    for (client, id) in [
        (&guild.anonymous(), json!("nonsense")),
        (&guild.member("m", "Member").await, json!(TestCampaign::draft(&officer, 2, json!({})).await.id)),
    ] {
        let mut answers = client.subscribe(FOLLOW, json!({ "id": id })).await;
        assert_eq!(refusal_in(&next_response(&mut answers).await.unwrap()), "NOT_FOUND campaignId");
        assert_eq!(next_response(&mut answers).await, None);
    }
}

#[on_both]
async fn a_demotion_ends_what_is_told_to_the_demoted_alone(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let draft = TestCampaign::draft(&leader, 2, json!({ "title": "draft" })).await;
    let mut one = officer.subscribe(FOLLOW, draft.vars()).await;
    let mut all = officer.subscribe(FOLLOW, json!({})).await;
    let mut leaders = leader.subscribe(FOLLOW, draft.vars()).await;
    begin(&app.app, &guild, &mut [&mut one, &mut all, &mut leaders]).await;
    let member = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": member } })).await;
    assert_eq!(refusal_in(&next_response(&mut one).await.unwrap()), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut one).await, None);
    leader.ok(RENAME, json!({ "id": draft.id, "title": "renamed" })).await;
    assert_eq!(told(&app.clock, &mut leaders).await, "renamed DRAFT");
    draft.activate(&leader).await;
    assert_eq!(told(&app.clock, &mut all).await, "renamed LIVE", "the draft's new name was not theirs to know");
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "active": false } })).await;
    assert_eq!(refusal_in(&next_response(&mut all).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
}

#[on_both]
async fn what_is_told_to_one_viewer_is_not_told_to_another(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter, other) = (
        guild.member("officer", "Officer").await,
        guild.member("voter", "Member").await,
        guild.member("other", "Member").await,
    );
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    campaign.vote(&voter, &[1]).await;
    let watch = "subscription($id: ID!) { voteTally(campaignId: $id) {
        turnout { voted } campaign { viewerCanVote viewerBallot { picks { name } } activationBlockers }
    } }";
    let plain = watch.replace(" activationBlockers", "");
    let own = json!({ "viewerCanVote": false, "viewerBallot": { "picks": [{ "name": "entry 1" }] } });
    let none = json!({ "viewerCanVote": true, "viewerBallot": null });
    let nobody = json!({ "viewerCanVote": false, "viewerBallot": null });
    let mut streams = Vec::new();
    for (client, expected) in [(&voter, &own), (&other, &none), (&guild.anonymous(), &nobody), (&voter, &own)] {
        let mut answers = client.subscribe(&plain, campaign.vars()).await;
        assert_eq!(next_response(&mut answers).await.unwrap()["data"]["voteTally"]["campaign"], *expected);
        streams.push((answers, expected));
    }
    campaign.vote(&officer, &[0]).await;
    for (answers, expected) in &mut streams {
        let tally = next_response(answers).await.unwrap()["data"]["voteTally"].clone();
        assert_eq!((&tally["turnout"]["voted"], &tally["campaign"]), (&json!(2), *expected));
    }
    // Nor does a field that only officers have become anyone's, in whatever order they ask.
    for (client, is_refused) in [(&officer, false), (&other, true), (&officer, false)] {
        let first = next_response(&mut client.subscribe(watch, campaign.vars()).await).await.unwrap();
        assert_eq!(first.get("errors").is_some(), is_refused, "{first}");
    }
}

#[on_both]
async fn a_demoted_viewer_goes_on_watching_with_fewer_rights(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let campaign = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let watch = "subscription($id: ID!) { voteTally(campaignId: $id) { campaign { activationBlockers } } }";
    let mut answers = officer.subscribe(watch, campaign.vars()).await;
    assert!(next_response(&mut answers).await.unwrap().get("errors").is_none());
    let member = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": member } })).await;
    campaign.vote(&leader, &[0]).await;
    assert_eq!(refusal_in(&next_response(&mut answers).await.unwrap()), "FORBIDDEN PERMISSION_REQUIRED");
}

#[on_both]
async fn the_same_answer_is_made_once_for_all(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    // A turnout is loaded anew for each answer.
    let watch = "subscription($id: ID!) { voteTally(campaignId: $id) { revision campaign { turnout { voted } } } }";
    let mut streams = Vec::new();
    for _ in 0..40 {
        let mut answers = guild.anonymous().subscribe(watch, campaign.vars()).await;
        next_response(&mut answers).await.unwrap();
        streams.push(answers);
    }
    let before = app.app.db.statements();
    campaign.vote(&officer, &[0]).await;
    for answers in &mut streams {
        assert_eq!(next_response(answers).await.unwrap()["data"]["voteTally"]["campaign"]["turnout"]["voted"], 1);
    }
    let statements = app.app.db.statements() - before;
    assert!(statements < 60, "{statements} statements for one ballot and 40 who watch the same");
}

#[on_both]
async fn fragments_at_a_subscriptions_root_are_put_in(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    for watch in [
        "subscription($id: ID!) { ...Watch }
        fragment Watch on Subscription { voteTally(campaignId: $id) { ...T } }
        fragment T on VoteTally { isFinal }",
        "subscription($id: ID!) { ... on Subscription { ... { tally: voteTally(campaignId: $id) { isFinal } } } }",
    ] {
        let first = next_response(&mut guild.anonymous().subscribe(watch, campaign.vars()).await).await.unwrap();
        let tally = first["data"].as_object().unwrap().values().next().unwrap();
        assert_eq!(tally, &json!({ "isFinal": false }), "{first}");
    }
    for watch in [
        "subscription($id: ID!) {
            a: voteTally(campaignId: $id) { isFinal }
            b: voteTally(campaignId: $id) { isFinal }
        }",
        "subscription($id: ID!) { voteTally(campaignId: $id) @skip(if: true) { isFinal } }",
        "subscription($id: ID!) { voteTally(campaignId: $id) { isFinal } ...Unused }
        fragment Unused on Query { __typename }",
    ] {
        assert_eq!(refusal_in(&guild.anonymous().run(watch, campaign.vars()).await), "BAD_USER_INPUT", "{watch}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_never_hears_of_it_finds_out() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (watcher, voter) = (guild.member("watcher", "Initiate").await, guild.member("voter", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS", "title": "told" })).await;
    // Nothing of what this one does is heard: its notices are lost.
    let silent = app.another_server_with(|silent| silent.channel = "elsewhere").await;
    let listening = app.another_server_with(|listening| listening.reconcile_every = Duration::from_millis(100)).await;
    let _background = guildhall::bot::start(&listening);
    let mut tallies = watcher.subscribe_on(&listening, WATCH_TURNOUT, campaign.vars()).await;
    assert_eq!(next_response(&mut tallies).await.unwrap()["data"]["voteTally"]["turnout"]["voted"], 0);
    let mut follows = officer.subscribe_on(&listening, FOLLOW, campaign.vars()).await;
    begin(&listening, &guild, &mut [&mut follows]).await;
    let cast = voter.run_on(&silent, CAST_BALLOT, campaign.ballot(&[0])).await;
    assert!(cast.get("errors").is_none(), "{cast}");
    let heard: Value = next_response(&mut tallies).await.unwrap();
    assert_eq!(heard["data"]["voteTally"]["turnout"]["voted"], 1, "{heard}");
    for step in ["close", "archive"] {
        let query = format!("mutation($id: ID!) {{ {step}Campaign(id: $id) {{ campaign {{ id }} }} }}");
        let done = officer.run_on(&silent, &query, campaign.vars()).await;
        assert!(done.get("errors").is_none(), "{done}");
    }
    while next_response(&mut tallies).await.unwrap()["data"]["voteTally"]["isFinal"] != true {}
    assert_eq!(told(&app.clock, &mut follows).await, "told CLOSED");
    assert_eq!(told(&app.clock, &mut follows).await, "told ARCHIVED");
    let mut tallies = watcher.subscribe_on(&listening, FOLLOW, json!({})).await;
    begin(&listening, &guild, &mut [&mut tallies]).await;
    let out = officer.run_on(&silent, UPDATE_MEMBER, json!({ "input": { "id": watcher.id, "active": false } })).await;
    assert!(out.get("errors").is_none(), "{out}");
    assert_eq!(refusal_in(&next_response(&mut tallies).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
}
