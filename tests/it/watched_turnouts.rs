//! Live turnouts.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    Client, Responses, TestApp, TestCampaign,
    documents::{CAST_BALLOT, CLOSE_CAMPAIGN, DELETE_CAMPAIGN, LOGOUT, UPDATE_CAMPAIGN, UPDATE_MEMBER},
    next_response, on_both, refusal_in,
};

const WATCH: &str = "subscription($id: ID!) { turnoutChanged(campaignId: $id) {
    campaignId turnout { eligible voted awaitingRegistration } isFinal
} }";
const COUNT: &str = "query($id: ID!) { campaign(id: $id) { turnout { eligible voted awaitingRegistration } } }";

/// The next turnout: `eligible`, `voted`, `awaitingRegistration`, and whether it is final.
async fn next(responses: &mut Responses) -> (i64, i64, i64, bool) {
    let response = next_response(responses).await.expect("the stream ended");
    let update = &response["data"]["turnoutChanged"];
    let number = |field: &str| update["turnout"][field].as_i64().unwrap_or_else(|| panic!("{response}"));
    (number("eligible"), number("voted"), number("awaitingRegistration"), update["isFinal"].as_bool().unwrap())
}

/// The refusal that ends a stream, after any turnouts.
async fn end(mut responses: Responses) -> String {
    loop {
        let response = next_response(&mut responses).await.expect("the stream ended without an error");
        if response.get("errors").is_some() {
            assert_eq!(next_response(&mut responses).await, None);
            return refusal_in(&response);
        }
    }
}

async fn set_rank(officer: &Client<'_>, member: &Client<'_>, rank: guildhall::kernel::id::RankId) {
    let rank = async_graphql::ID::from(rank);
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank } })).await;
}

#[on_both]
async fn everyone_who_sees_a_campaign_watches_its_turnout(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    guild.unregistered("newcomer", "Member").await;
    let (voter, other) = (guild.member("voter", "Member").await, guild.member("other", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "AFTER_CLOSE" })).await;
    campaign.vote(&voter, &[1]).await;
    let mut streams = Vec::new();
    for client in [&guild.anonymous(), &voter, &other, &officer] {
        let mut responses = client.subscribe(WATCH, campaign.vars()).await;
        let first = next_response(&mut responses).await.unwrap()["data"]["turnoutChanged"].clone();
        let shown = client.ok(COUNT, campaign.vars()).await["campaign"]["turnout"].clone();
        assert_eq!(first, json!({ "campaignId": campaign.id, "turnout": shown, "isFinal": false }));
        assert_eq!(shown, json!({ "eligible": 4, "voted": 1, "awaitingRegistration": 1 }));
        streams.push(responses);
    }
    campaign.vote(&other, &[0]).await;
    for responses in &mut streams {
        assert_eq!(next(responses).await, (4, 2, 1, false));
    }
    campaign.close(&officer).await;
    for responses in &mut streams {
        assert_eq!(next(responses).await, (4, 2, 1, true));
        assert_eq!(next_response(responses).await, None);
    }
    // A subscription to the closed campaign sends only the last turnout.
    guild.member("late", "Member").await;
    let mut late = voter.subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next(&mut late).await, (4, 2, 1, true));
    assert_eq!(next_response(&mut late).await, None);
}

#[on_both]
async fn a_hidden_campaign_has_no_turnout_to_watch(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let draft = TestCampaign::draft(&officer, 2, json!({ "minRankLevelToView": 2 })).await;
    let refused = async |client: &Client<'_>, vars: Value| end(client.subscribe(WATCH, vars).await).await;
    assert_eq!(refused(&member, draft.vars()).await, "NOT_FOUND campaignId");
    draft.activate(&officer).await;
    for (client, vars) in [
        (&guild.anonymous(), draft.vars()),
        (&guild.member("initiate", "Initiate").await, draft.vars()),
        (&other.leader().await, draft.vars()),
        (&officer, json!({ "id": "nonsense" })),
    ] {
        assert_eq!(refused(client, vars).await, "NOT_FOUND campaignId");
    }
    assert_eq!(next(&mut member.subscribe(WATCH, draft.vars()).await).await, (3, 0, 0, false));
}

#[on_both]
async fn losing_the_right_to_see_a_campaign_ends_its_turnouts(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "minRankLevelToView": 2 })).await;
    let (gone, demoted) = (guild.member("gone", "Member").await, guild.member("demoted", "Member").await);
    let (out, stays) = (guild.member("out", "Member").await, guild.member("stays", "Member").await);
    let session = guild.login("out").await;
    let signed_in = out.with_token(session["accessToken"].as_str().unwrap());
    let mut streams = Vec::new();
    for client in [&gone, &demoted, &signed_in, &stays] {
        let mut responses = client.subscribe(WATCH, campaign.vars()).await;
        next(&mut responses).await;
        streams.push(responses);
    }
    let mut remaining = streams.pop().unwrap();
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": gone.id, "active": false } })).await;
    set_rank(&officer, &demoted, guild.rank("Initiate").id).await;
    signed_in.ok(LOGOUT, json!({})).await;
    let expected = ["UNAUTHENTICATED INVALID_TOKEN", "NOT_FOUND campaignId", "UNAUTHENTICATED INVALID_TOKEN"];
    for (responses, expected) in streams.into_iter().zip(expected) {
        assert_eq!(end(responses).await, expected);
    }
    // A viewer who keeps the right keeps the stream, and the electorate has not shrunk.
    campaign.vote(&officer, &[0]).await;
    assert_eq!(next(&mut remaining).await, (6, 1, 0, false));
}

#[on_both]
async fn a_suspended_guild_sends_no_turnouts(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({})).await;
    let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    next(&mut responses).await;
    guildhall::identity::suspend_guild(&app.app.access, guild.id, true).await.unwrap();
    assert_eq!(end(responses).await, "FORBIDDEN GUILD_SUSPENDED");
}

#[on_both]
async fn a_turnout_does_not_show_who_has_voted(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let (voted, waiting) = (guild.member("voted", "Member").await, guild.member("waiting", "Member").await);
    let campaign = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "AFTER_CLOSE" })).await;
    campaign.vote(&voted, &[0]).await;
    let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next(&mut responses).await, (4, 1, 0, false));
    for member in [&voted, &waiting] {
        for rank in ["Initiate", "Member"] {
            set_rank(&officer, member, guild.rank(rank).id).await;
        }
        officer.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "active": false } })).await;
        let erase = "mutation($id: ID!) { eraseMember(id: $id) { member { id } } }";
        officer.ok(erase, json!({ "id": member.id })).await;
    }
    // None of these changes has sent anything: the next message is of the next ballot.
    campaign.vote(&leader, &[0]).await;
    assert_eq!(next(&mut responses).await, (4, 2, 0, false));
}

#[on_both]
async fn officers_watch_who_could_vote_in_a_draft(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    guild.member("member", "Member").await;
    let draft = TestCampaign::draft(&leader, 2, json!({})).await;
    let mut responses = officer.subscribe(WATCH, draft.vars()).await;
    assert_eq!(next(&mut responses).await, (3, 0, 0, false));
    let edit = async |change: Value| {
        let mut input = json!({ "id": draft.id });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        leader.ok(UPDATE_CAMPAIGN, json!({ "input": input })).await;
    };
    edit(json!({ "title": "another title" })).await;
    edit(json!({ "minRankLevelToVote": 4 })).await;
    assert_eq!(next(&mut responses).await, (2, 0, 0, false), "the title is not part of a turnout");
    let create = "mutation { createMember(input: { discordUsername: \"new\", rankId: \"RANK\" }) { member { id } } }";
    let rank = async_graphql::ID::from(guild.rank("Officer").id);
    leader.ok(&create.replace("RANK", &rank), json!({})).await;
    assert_eq!(next(&mut responses).await, (2, 0, 1, false));
    // Hidden from this officer, and then deleted for all.
    let mut leaders = leader.subscribe(WATCH, draft.vars()).await;
    assert_eq!(next(&mut leaders).await, (2, 0, 1, false));
    edit(json!({ "minRankLevelToVote": 5, "minRankLevelToView": 5 })).await;
    assert_eq!(end(responses).await, "NOT_FOUND campaignId");
    assert_eq!(next(&mut leaders).await, (1, 0, 0, false));
    leader.ok(DELETE_CAMPAIGN, draft.vars()).await;
    assert_eq!(end(leaders).await, "NOT_FOUND campaignId");
}

#[on_both]
async fn every_watcher_receives_the_newest_turnout_after_a_burst_of_ballots(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 3, json!({ "method": "SCHULZE" })).await;
    let mut rows = Vec::new();
    for number in 0..30 {
        rows.push(guild.member_row(&format!("voter{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    let mut watchers = Vec::new();
    for _ in 0..20 {
        let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        assert_eq!(next(&mut responses).await, (32, 0, 0, false));
        watchers.push(responses);
    }
    futures_util::future::join_all(voters.iter().map(|voter| campaign.vote(voter, &[1]))).await;
    for mut responses in watchers {
        let mut before = 0;
        while before < 30 {
            let (eligible, voted, ..) = next(&mut responses).await;
            assert!(eligible == 32 && voted > before, "{voted} of {eligible} after {before}");
            before = voted;
        }
    }
}

#[on_both]
async fn one_read_serves_all_watchers_and_loads_no_picks(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "method": "INSTANT_RUNOFF" })).await;
    let (first, voter) = (guild.member("first", "Member").await, guild.member("voter", "Member").await);
    campaign.vote(&first, &[0]).await;
    let mut watchers = Vec::new();
    for _ in 0..50 {
        let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        next(&mut responses).await;
        watchers.push(responses);
    }
    let metrics = &app.app.metrics;
    let (statements, reads) = (app.app.db.statements(), metrics.turnouts_counted.get());
    campaign.vote(&voter, &[0]).await;
    for responses in &mut watchers {
        assert_eq!(next(responses).await, (4, 2, 0, false));
    }
    let (statements, reads) = (app.app.db.statements() - statements, metrics.turnouts_counted.get() - reads);
    assert!(statements < 50, "{statements} statements for one ballot and 50 watchers");
    assert!((1..=3).contains(&reads), "{reads} reads");
    assert_eq!(metrics.tallies_counted.get(), 0, "nobody watches the tally");
}

/// A closed campaign has one turnout, after which each transport ends the stream.
#[on_both]
async fn every_transport_sends_turnouts(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 2, json!({})).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({})).await;
    socket.subscribe("1", WATCH, campaign.vars()).await;
    let update = |voted: i64, is_final: bool| {
        let turnout = json!({ "eligible": 1, "voted": voted, "awaitingRegistration": 0 });
        json!({ "turnoutChanged": { "campaignId": campaign.id, "turnout": turnout, "isFinal": is_final } })
    };
    assert_eq!(socket.receive().await["payload"]["data"], update(0, false));
    campaign.vote(&leader, &[0]).await;
    assert_eq!(socket.receive().await["payload"]["data"], update(1, false));
    leader.ok(CLOSE_CAMPAIGN, campaign.vars()).await;
    assert_eq!(socket.receive().await["payload"]["data"], update(1, true));
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "1" }));
    for (accept, end) in
        [("text/event-stream", "event: complete"), ("multipart/mixed;subscriptionSpec=1.0", "--graphql--")]
    {
        let request = http.post(&json!({ "query": WATCH, "variables": campaign.vars() })).header("Accept", accept);
        let body = request.send().await.unwrap().text().await.unwrap();
        for part in ["\"voted\":1", "\"isFinal\":true", end] {
            assert!(body.contains(part), "{accept}: {body}");
        }
    }
}

/// A single-threaded runtime is enough for it.
#[tokio::test]
async fn reading_stops_with_the_last_watcher() {
    let app = TestApp::on_sqlite().await;
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({})).await;
    let id = guildhall::kernel::id::CampaignId::try_from(&async_graphql::ID(campaign.id.clone())).unwrap();
    for _ in 0..3 {
        let mut one = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        let mut two = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
        next(&mut one).await;
        next(&mut two).await;
        assert_eq!(app.app.live.turnout_subscribers(guild.id, id), Some(2));
        drop(one);
        assert_eq!(app.app.live.turnout_subscribers(guild.id, id), Some(1));
        drop(two);
        while app.app.live.turnout_subscribers(guild.id, id).is_some() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ballot_cast_on_one_server_reaches_the_turnouts_of_another() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let other = app.another_server().await;
    let (_here, _there) = (guildhall::bot::start(&app.app), guildhall::bot::start(&other));
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    let voter = guild.member("voter", "Member").await;
    let mut responses = officer.subscribe_on(&Arc::clone(&other), WATCH, campaign.vars()).await;
    assert_eq!(next(&mut responses).await, (3, 0, 0, false));
    campaign.vote(&voter, &[0]).await;
    assert_eq!(next(&mut responses).await, (3, 1, 0, false));
    campaign.close(&officer).await;
    assert_eq!(next(&mut responses).await, (3, 1, 0, true));
    assert_eq!(next_response(&mut responses).await, None);
}

#[on_both]
async fn turnouts_end_when_their_token_expires(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let campaign = TestCampaign::live(&officer, 2, json!({ "durationHours": 24 })).await;
    let session = guild.login("officer").await;
    let signed_in = guild.anonymous().with_token(session["accessToken"].as_str().unwrap());
    let mut responses = signed_in.subscribe(WATCH, campaign.vars()).await;
    next(&mut responses).await;
    app.clock.advance(Duration::from_mins(15));
    assert_eq!(end(responses).await, "UNAUTHENTICATED INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_finds_turnouts_whose_notifications_were_lost() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 2, json!({})).await;
    let draft = TestCampaign::draft(&leader, 2, json!({})).await;
    // The notifications of this server are lost, because no other server listens to its channel.
    let silent = app.another_server_with(|options| options.channel = "elsewhere").await;
    let listening = app.another_server_with(|options| options.reconcile_every = Duration::from_millis(100)).await;
    let _background = guildhall::bot::start(&listening);
    let run = async |query: &str, variables: Value| {
        let response = leader.run_on(&silent, query, variables).await;
        assert!(response.get("errors").is_none(), "{response}");
    };
    let mut turnouts = guild.anonymous().subscribe_on(&listening, WATCH, campaign.vars()).await;
    let mut drafts = leader.subscribe_on(&listening, WATCH, draft.vars()).await;
    assert_eq!((next(&mut turnouts).await, next(&mut drafts).await), ((1, 0, 0, false), (1, 0, 0, false)));
    run(CAST_BALLOT, campaign.ballot(&[0])).await;
    assert_eq!(next(&mut turnouts).await, (1, 1, 0, false));
    run(CLOSE_CAMPAIGN, campaign.vars()).await;
    assert_eq!(next(&mut turnouts).await, (1, 1, 0, true));
    assert_eq!(next_response(&mut turnouts).await, None);
    run(DELETE_CAMPAIGN, draft.vars()).await;
    assert_eq!(end(drafts).await, "NOT_FOUND campaignId");
}

#[on_both]
async fn a_deleted_guild_sends_no_turnouts(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({})).await;
    let mut responses = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    next(&mut responses).await;
    guildhall::identity::delete_guild(&app.app.access, guild.id).await.unwrap();
    assert_eq!(end(responses).await, "NOT_FOUND");
}

#[on_both]
async fn a_cancelled_vote_ends_its_turnouts(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, voter) = (guild.leader().await, guild.member("voter", "Member").await);
    let campaign = TestCampaign::live(&leader, 2, json!({})).await;
    campaign.vote(&voter, &[0]).await;
    let mut responses = voter.subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next(&mut responses).await, (2, 1, 0, false));
    let cancel = "mutation($id: ID!) { cancelCampaign(input: { id: $id, reason: \"a mistake\" }) { campaign { id } } }";
    leader.ok(cancel, campaign.vars()).await;
    assert_eq!(next(&mut responses).await, (2, 1, 0, true));
    assert_eq!(next_response(&mut responses).await, None);
    // The turnout stays as it was, for later subscriptions too.
    guild.member("late", "Member").await;
    let mut late = guild.anonymous().subscribe(WATCH, campaign.vars()).await;
    assert_eq!(next(&mut late).await, (2, 1, 0, true));
    assert_eq!(next_response(&mut late).await, None);
}
