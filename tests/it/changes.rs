//! Subscriptions: changes of campaigns, and what each viewer receives.

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
async fn next_collected(clock: &Clock, responses: &mut Responses) -> Option<Value> {
    while_time_passes(clock, 1, COLLECTING, next_response(responses)).await
}

/// The next changed campaign, as `title STATUS`.
async fn next_change(clock: &Clock, responses: &mut Responses) -> String {
    let response = next_collected(clock, responses).await.expect("the stream ended");
    let campaign = &response["data"]["campaignChanged"];
    assert!(campaign.is_object(), "{response}");
    format!("{} {}", campaign["title"].as_str().unwrap(), campaign["status"].as_str().unwrap())
}

/// Polls streams until the server has subscribed all of them to the guild's changes.
async fn await_subscriptions(server: &App, guild: &TestGuild<'_>, streams: &mut [&mut Responses]) {
    let before = server.live.campaign_subscribers(guild.id);
    while server.live.campaign_subscribers(guild.id) < before + streams.len() {
        for responses in streams.iter_mut() {
            let early = futures_util::poll!(responses.next());
            assert!(early.is_pending(), "a response before any change: {early:?}");
        }
        tokio::task::yield_now().await;
    }
}

#[on_both]
async fn changes_of_a_campaign_reach_the_viewers_who_may_see_it(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let mut streams = Vec::new();
    for client in [&officer, &member, &guild.anonymous()] {
        let mut responses = client.subscribe(FOLLOW, json!({})).await;
        await_subscriptions(&app.app, &guild, &mut [&mut responses]).await;
        streams.push(responses);
    }
    let [officers, members, anonymous_stream] = &mut streams[..] else { unreachable!() };
    let draft = TestCampaign::draft(&officer, 2, json!({ "title": "secret", "minRankLevelToView": 2 })).await;
    assert_eq!(next_change(&app.clock, officers).await, "secret DRAFT");
    for number in 1..=20 {
        officer.ok(RENAME, json!({ "id": draft.id, "title": format!("edit {number}") })).await;
    }
    // The clock has not moved since the first edit, so all edits are one change.
    assert_eq!(next_change(&app.clock, officers).await, "edit 20 DRAFT");
    draft.activate(&officer).await;
    draft.close(&officer).await;
    officer.ok(ARCHIVE_CAMPAIGN, draft.vars()).await;
    for status in ["LIVE", "CLOSED", "ARCHIVED"] {
        assert_eq!(next_change(&app.clock, officers).await, format!("edit 20 {status}"));
        // Members receive nothing of drafts.
        assert_eq!(next_change(&app.clock, members).await, format!("edit 20 {status}"));
    }
    let public = TestCampaign::draft(&officer, 2, json!({ "title": "public" })).await;
    public.activate(&officer).await;
    assert_eq!(
        next_change(&app.clock, anonymous_stream).await,
        "public LIVE",
        "nothing of the campaign above their rank"
    );
    assert_eq!(next_change(&app.clock, officers).await, "public DRAFT");
}

#[on_both]
async fn a_subscription_to_one_campaign_receives_no_other(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (one, two) = (
        TestCampaign::draft(&officer, 2, json!({ "title": "one" })).await,
        TestCampaign::draft(&officer, 2, json!({ "title": "two" })).await,
    );
    let mut responses = officer.subscribe(FOLLOW, two.vars()).await;
    await_subscriptions(&app.app, &guild, &mut [&mut responses]).await;
    one.activate(&officer).await;
    let entry = json!({ "input": { "campaignId": two.id, "entry": { "name": "late" } } });
    officer.ok(ADD_ENTRY, entry).await;
    let edited = next_collected(&app.clock, &mut responses).await.unwrap();
    assert_eq!(edited["data"]["campaignChanged"]["entries"][2]["name"], "late", "{edited}");
    officer.ok(DELETE_CAMPAIGN, two.vars()).await;
    assert_eq!(refusal_in(&next_collected(&app.clock, &mut responses).await.unwrap()), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut responses).await, None);
    for (client, id) in [
        (&guild.anonymous(), json!("nonsense")),
        (&guild.member("m", "Member").await, json!(TestCampaign::draft(&officer, 2, json!({})).await.id)),
    ] {
        let mut responses = client.subscribe(FOLLOW, json!({ "id": id })).await;
        assert_eq!(refusal_in(&next_response(&mut responses).await.unwrap()), "NOT_FOUND campaignId");
        assert_eq!(next_response(&mut responses).await, None);
    }
}

#[on_both]
async fn a_campaign_that_is_deleted_before_its_creation_was_sent_ends_its_subscriptions(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let mut all = officer.subscribe(FOLLOW, json!({})).await;
    await_subscriptions(&app.app, &guild, &mut [&mut all]).await;
    // The clock stands still, so neither the creation nor the deletion has been sent yet.
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    let mut one = officer.subscribe(FOLLOW, draft.vars()).await;
    await_subscriptions(&app.app, &guild, &mut [&mut one]).await;
    officer.ok(DELETE_CAMPAIGN, draft.vars()).await;
    assert_eq!(refusal_in(&next_collected(&app.clock, &mut one).await.unwrap()), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut one).await, None);
}

#[on_both]
async fn a_demotion_ends_only_the_demoted_members_subscriptions(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let draft = TestCampaign::draft(&leader, 2, json!({ "title": "draft" })).await;
    let mut one = officer.subscribe(FOLLOW, draft.vars()).await;
    let mut all = officer.subscribe(FOLLOW, json!({})).await;
    let mut leaders = leader.subscribe(FOLLOW, draft.vars()).await;
    await_subscriptions(&app.app, &guild, &mut [&mut one, &mut all, &mut leaders]).await;
    let member = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": member } })).await;
    assert_eq!(refusal_in(&next_response(&mut one).await.unwrap()), "NOT_FOUND campaignId");
    assert_eq!(next_response(&mut one).await, None);
    leader.ok(RENAME, json!({ "id": draft.id, "title": "renamed" })).await;
    assert_eq!(next_change(&app.clock, &mut leaders).await, "renamed DRAFT");
    draft.activate(&leader).await;
    assert_eq!(
        next_change(&app.clock, &mut all).await,
        "renamed LIVE",
        "the demoted member did not receive the draft's new title"
    );
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "active": false } })).await;
    assert_eq!(refusal_in(&next_response(&mut all).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
}

#[on_both]
async fn a_response_for_one_viewer_is_not_sent_to_another(app: TestApp) {
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
    let anonymous = json!({ "viewerCanVote": false, "viewerBallot": null });
    let mut streams = Vec::new();
    for (client, expected) in [(&voter, &own), (&other, &none), (&guild.anonymous(), &anonymous), (&voter, &own)] {
        let mut responses = client.subscribe(&plain, campaign.vars()).await;
        assert_eq!(next_response(&mut responses).await.unwrap()["data"]["voteTally"]["campaign"], *expected);
        streams.push((responses, expected));
    }
    campaign.vote(&officer, &[0]).await;
    for (responses, expected) in &mut streams {
        let tally = next_response(responses).await.unwrap()["data"]["voteTally"].clone();
        assert_eq!((&tally["turnout"]["voted"], &tally["campaign"]), (&json!(2), *expected));
    }
    // A field for officers only is refused to members, in any order of subscriptions.
    for (client, is_refused) in [(&officer, false), (&other, true), (&officer, false)] {
        let first = next_response(&mut client.subscribe(watch, campaign.vars()).await).await.unwrap();
        assert_eq!(first.get("errors").is_some(), is_refused, "{first}");
    }
}

#[on_both]
async fn a_demoted_viewer_keeps_watching_with_fewer_rights(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let campaign = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let watch = "subscription($id: ID!) { voteTally(campaignId: $id) { campaign { activationBlockers } } }";
    let mut responses = officer.subscribe(watch, campaign.vars()).await;
    assert!(next_response(&mut responses).await.unwrap().get("errors").is_none());
    let member = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": member } })).await;
    campaign.vote(&leader, &[0]).await;
    assert_eq!(refusal_in(&next_response(&mut responses).await.unwrap()), "FORBIDDEN PERMISSION_REQUIRED");
}

#[on_both]
async fn an_identical_response_is_computed_once_for_all_subscribers(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    // The turnout is read again for each response.
    let watch = "subscription($id: ID!) { voteTally(campaignId: $id) { revision campaign { turnout { voted } } } }";
    let mut streams = Vec::new();
    for _ in 0..40 {
        let mut responses = guild.anonymous().subscribe(watch, campaign.vars()).await;
        next_response(&mut responses).await.unwrap();
        streams.push(responses);
    }
    let before = app.app.db.statements();
    campaign.vote(&officer, &[0]).await;
    for responses in &mut streams {
        assert_eq!(next_response(responses).await.unwrap()["data"]["voteTally"]["campaign"]["turnout"]["voted"], 1);
    }
    let statements = app.app.db.statements() - before;
    assert!(statements < 60, "{statements} statements for one ballot and 40 subscribers of the same tally");
}

#[on_both]
async fn fragments_at_a_subscriptions_root_are_expanded(app: TestApp) {
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
async fn a_server_finds_changes_whose_notifications_were_lost() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (watcher, voter) = (guild.member("watcher", "Initiate").await, guild.member("voter", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS", "title": "quiet" })).await;
    // The notifications of this server are lost, because no other server listens to its channel.
    let silent = app.another_server_with(|options| options.channel = "elsewhere").await;
    let listening = app.another_server_with(|options| options.reconcile_every = Duration::from_millis(100)).await;
    let _background = guildhall::bot::start(&listening);
    let mut tallies = watcher.subscribe_on(&listening, WATCH_TURNOUT, campaign.vars()).await;
    assert_eq!(next_response(&mut tallies).await.unwrap()["data"]["voteTally"]["turnout"]["voted"], 0);
    let mut changes = officer.subscribe_on(&listening, FOLLOW, campaign.vars()).await;
    await_subscriptions(&listening, &guild, &mut [&mut changes]).await;
    let cast = voter.run_on(&silent, CAST_BALLOT, campaign.ballot(&[0])).await;
    assert!(cast.get("errors").is_none(), "{cast}");
    let response: Value = next_response(&mut tallies).await.unwrap();
    assert_eq!(response["data"]["voteTally"]["turnout"]["voted"], 1, "{response}");
    for step in ["close", "archive"] {
        let query = format!("mutation($id: ID!) {{ {step}Campaign(id: $id) {{ campaign {{ id }} }} }}");
        let response = officer.run_on(&silent, &query, campaign.vars()).await;
        assert!(response.get("errors").is_none(), "{response}");
    }
    while next_response(&mut tallies).await.unwrap()["data"]["voteTally"]["isFinal"] != true {}
    assert_eq!(next_change(&app.clock, &mut changes).await, "quiet CLOSED");
    assert_eq!(next_change(&app.clock, &mut changes).await, "quiet ARCHIVED");
    let mut tallies = watcher.subscribe_on(&listening, FOLLOW, json!({})).await;
    await_subscriptions(&listening, &guild, &mut [&mut tallies]).await;
    let out = officer.run_on(&silent, UPDATE_MEMBER, json!({ "input": { "id": watcher.id, "active": false } })).await;
    assert!(out.get("errors").is_none(), "{out}");
    assert_eq!(refusal_in(&next_response(&mut tallies).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
}
