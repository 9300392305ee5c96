//! Viewers and campaigns that were read before and after changes of the ladder: no decision compares a rank level with a
//! bound of another ladder.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_graphql::ID;
use futures_util::StreamExt;
use guildhall::{
    api::auth_context::AuthContext,
    app::App,
    db::Conn,
    identity::{self, Ladder, Rank},
    kernel::{error::Result, id::GuildId},
};
use serde_json::{Value, json};

use crate::support::{
    Client, Responses, TestApp, TestCampaign, TestGuild,
    documents::{CAST_BALLOT, UPDATE_RANK},
    next_response, on_both, while_time_passes,
};

/// How long changes are collected, on the server's clock, before subscribers receive them.
const COLLECTING: Duration = Duration::from_millis(100);
const FOLLOW: &str = "subscription { campaignChanged { title status viewerCanVote standingsHiddenReason } }";
const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) {
    turnout { voted } campaign { viewerCanVote viewerCannotVoteReason standings { place } }
} }";

type Levels = &'static [(&'static str, i64)];

const DEFAULT: Levels = &[("Initiate", 1), ("Member", 2), ("Veteran", 3), ("Officer", 4), ("Guild Leader", 5)];
/// The officers' level is that of the veterans before, and the bound of the officers' votes is above all levels before.
const RAISED: Levels = &[("Initiate", 3), ("Member", 4), ("Veteran", 60), ("Officer", 80), ("Guild Leader", 100)];
/// The two lowest ranks have changed places, and the bound of the officers' votes is the level of the veterans before.
const SWAPPED: Levels = &[("Initiate", 50), ("Member", 40), ("Veteran", 55), ("Officer", 60), ("Guild Leader", 90)];
/// The three lowest ranks have changed places.
const ROTATED: Levels = &[("Initiate", 3), ("Member", 1), ("Veteran", 2), ("Officer", 5), ("Guild Leader", 6)];
/// The veterans have passed the officers.
const PASSING: Levels = &[("Initiate", 1), ("Member", 2), ("Veteran", 80), ("Officer", 60), ("Guild Leader", 90)];

fn moved(ranks: &[Rank], before: &Ladder, levels: Levels) -> Ladder {
    levels.iter().fold(before.clone(), |ladder, (name, level)| {
        let id = ranks.iter().find(|rank| rank.name == *name).unwrap().id;
        let rank = Rank { level: *level, ..ladder.rank(id).unwrap().clone() };
        ladder.with(&rank)
    })
}

/// Moves all ranks to these levels, in the transaction of `conn`.
async fn move_in(conn: &mut Conn, guild: GuildId, ranks: &[Rank], levels: Levels) -> Result<()> {
    identity::store::bump_roster_version(conn, guild).await?;
    let before = Ladder::load(conn, guild).await?;
    let after = moved(ranks, &before, levels);
    identity::move_ranks(conn, guild, &before, &after).await
}

/// Moves all ranks to these levels in one transaction, and notifies the servers.
async fn renumber(guild: &TestGuild<'_>, levels: Levels) -> Result<()> {
    let (id, ranks) = (guild.id, guild.ranks.clone());
    let access = &guild.test.app.access;
    access.change(id, |()| None, async move |conn| move_in(conn, id, &ranks, levels).await).await
}

/// Moves all ranks to these levels, and no server is notified yet.
async fn renumber_unnoticed(guild: &TestGuild<'_>, levels: Levels) {
    let (id, ranks) = (guild.id, guild.ranks.clone());
    guild.test.app.db.write(async move |conn| move_in(conn, id, &ranks, levels).await).await.unwrap();
}

/// Campaigns for officers: a draft, a live one in which the leader has voted, and a closed one.
struct Votes {
    draft: TestCampaign,
    live: TestCampaign,
    closed: TestCampaign,
}

impl Votes {
    async fn create(leader: &Client<'_>, officer: &Client<'_>) -> Self {
        let settings = |title: &str| json!({ "title": title, "minRankLevelToVote": 4, "minRankLevelToView": 4 });
        let votes = Self {
            draft: TestCampaign::draft(officer, 2, settings("secret draft")).await,
            live: TestCampaign::live(officer, 2, settings("secret vote")).await,
            closed: TestCampaign::live(officer, 2, settings("secret result")).await,
        };
        votes.live.vote(leader, &[0]).await;
        votes.closed.vote(officer, &[0]).await;
        votes.closed.close(officer).await;
        votes
    }

    fn vars(&self) -> Value {
        let Self { draft, live, closed } = self;
        json!({ "draft": draft.id, "entry": draft.entries[0], "live": live.id, "closed": closed.id })
    }
}

/// Everything that depends on the viewer's level, and nothing that shows a level.
const EVERYTHING: &str = r#"query($draft: ID!, $entry: ID!, $live: ID!, $closed: ID!) {
    live: campaign(id: $live) { ...Vote }
    closed: campaign(id: $closed) { ...Vote }
    node(id: $draft) { id }
    nodes(ids: [$draft, $entry, $live, $closed]) { id }
    campaigns(first: 5, filter: { status: [DRAFT, LIVE, CLOSED, ARCHIVED] }) { totalCount nodes { ...Vote } }
    open: campaigns(first: 5, filter: { viewerCanVote: true }) { totalCount nodes { ...Vote } }
    others: campaigns(first: 5, filter: { viewerCanVote: false }) { totalCount nodes { ...Vote } }
    pastVotes(first: 5) { totalCount nodes { campaign { ...Vote } winners { name } } }
    auditLog(first: 20, filter: { actions: ["campaign.create", "campaign.activate", "campaign.close"] }) {
        totalCount nodes { id summary subject { id } }
    }
    me { participation { eligible voted campaigns(first: 5) { nodes { campaign { title } } } } }
    exportMyData { data }
}
fragment Vote on Campaign {
    title standings { place points } standingsHiddenReason winners { name } viewerCanVote viewerCannotVoteReason
}"#;

async fn everything(client: &Client<'_>, context: &AuthContext, votes: &Votes) -> Value {
    let mut seen = client.run_as(context, EVERYTHING, votes.vars()).await;
    assert_eq!(seen.get("errors"), None, "{seen}");
    // Changes of ranks are among the leader's own events.
    let data: Value = serde_json::from_str(seen["data"]["exportMyData"]["data"].as_str().unwrap()).unwrap();
    let events = data["auditEvents"].as_array().unwrap().iter();
    let events: Vec<&Value> = events.filter(|it| it["action"].as_str().unwrap().starts_with("campaign")).collect();
    seen["data"]["exportMyData"] = json!([data["votes"], events]);
    seen["data"].clone()
}

/// A guild with a leader, an officer, and a veteran with the officers' permissions, all of whom see the same except for
/// the officers' votes.
async fn guild(app: &TestApp) -> (TestGuild<'_>, Client<'_>, Client<'_>, Client<'_>) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let veteran = guild.member("veteran", "Veteran").await;
    let permissions = json!({ "input": {
        "id": ID::from(guild.rank("Veteran").id), "permissions": ["AUDIT_VIEW", "CAMPAIGNS_MANAGE"],
    } });
    leader.ok(UPDATE_RANK, permissions).await;
    (guild, leader, officer, veteran)
}

#[on_both]
async fn a_request_outlasts_any_number_of_changes(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    let votes = Votes::create(&leader, &officer).await;
    let viewers = [&leader, &officer, &veteran];
    let mut expected = Vec::new();
    for viewer in viewers {
        expected.push(everything(viewer, &viewer.authenticate(&app.app).await.unwrap(), &votes).await);
    }
    assert_eq!(expected[0]["live"]["standings"][0]["place"], 1, "the leader has voted");
    assert_eq!(expected[1]["live"]["standings"], Value::Null, "the officer has not");
    assert!(expected[1]["auditLog"]["totalCount"].as_i64().unwrap() >= 3);
    assert!(!expected[2].to_string().contains("secret"), "{}", expected[2]);
    // Requests that started on each of the ladders.
    let mut requests = Vec::new();
    for levels in [RAISED, SWAPPED, DEFAULT, SWAPPED, RAISED, DEFAULT] {
        for (viewer, expected) in viewers.into_iter().zip(&expected) {
            requests.push((viewer, viewer.authenticate(&app.app).await.unwrap(), expected));
        }
        renumber(&guild, levels).await.unwrap();
        for (viewer, context, expected) in &requests {
            assert_eq!(everything(viewer, context, &votes).await, **expected, "now {levels:?}");
        }
    }
}

#[on_both]
async fn a_viewer_stays_cached_while_the_ladder_changes(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    let votes = Votes::create(&leader, &officer).await;
    let server = app.another_server_with(|options| options.lease = Duration::from_hours(1)).await;
    let viewers = [&leader, &officer, &veteran];
    let mut expected = Vec::new();
    for viewer in viewers {
        expected.push(everything(viewer, &viewer.authenticate(&server).await.unwrap(), &votes).await);
    }
    for levels in [RAISED, SWAPPED, DEFAULT] {
        renumber_unnoticed(&guild, levels).await;
        for (viewer, expected) in viewers.into_iter().zip(&expected) {
            let context = viewer.authenticate(&server).await.unwrap();
            assert_eq!(context.viewer.as_ref().unwrap().ladder_version, 0, "the cached viewer");
            assert_eq!(everything(viewer, &context, &votes).await, *expected);
        }
    }
}

#[on_both]
async fn a_mutation_shows_its_campaign_by_the_ladder_of_now(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    let votes = Votes::create(&leader, &officer).await;
    let contexts = [officer.authenticate(&app.app).await.unwrap(), veteran.authenticate(&app.app).await.unwrap()];
    for levels in [RAISED, DEFAULT, RAISED] {
        renumber(&guild, levels).await.unwrap();
    }
    let refused = veteran.run_as(&contexts[1], CAST_BALLOT, votes.live.ballot(&[0])).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "NOT_FOUND", "{refused}");
    let rename = "mutation($id: ID!) { updateCampaign(input: { id: $id, title: \"new\" }) {
        campaign { title viewerCanVote viewerCannotVoteReason standingsHiddenReason }
    } }";
    let refused = veteran.run_as(&contexts[1], rename, votes.draft.vars()).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "NOT_FOUND", "{refused}");
    let renamed = officer.run_as(&contexts[0], rename, votes.draft.vars()).await;
    let draft = json!({
        "title": "new", "viewerCanVote": false, "viewerCannotVoteReason": "NOT_LIVE", "standingsHiddenReason": "NOT_STARTED",
    });
    assert_eq!(renamed["data"]["updateCampaign"]["campaign"], draft, "{renamed}");
    let activate = "mutation($id: ID!) { activateCampaign(id: $id) {
        campaign { viewerCanVote viewerCannotVoteReason standingsHiddenReason }
    } }";
    let activated = officer.run_as(&contexts[0], activate, votes.draft.vars()).await;
    let live = json!({ "viewerCanVote": true, "viewerCannotVoteReason": null, "standingsHiddenReason": "VOTE_FIRST" });
    assert_eq!(activated["data"]["activateCampaign"]["campaign"], live, "{activated}");
    let voted = officer.run_as(&contexts[0], CAST_BALLOT, votes.live.ballot(&[0])).await;
    assert_eq!(voted.get("errors"), None, "{voted}");
}

/// Requests on another server, as far as the database has several, while ranks move without a pause.
#[on_both]
async fn no_request_compares_levels_of_two_ladders(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    let votes = Votes::create(&leader, &officer).await;
    let other = if app.app.db.is_shared() { app.another_server().await } else { Arc::clone(&app.app) };
    let _background = guildhall::bot::start(&other);
    let mut expected = Vec::new();
    for viewer in [&officer, &veteran] {
        expected.push(everything(viewer, &viewer.authenticate(&app.app).await.unwrap(), &votes).await);
    }
    let (finished, is_done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let moves = async {
        let mut changes = 0;
        // The first requests may take longer than all of these changes.
        while changes < 40 || finished.load(Ordering::Relaxed) < 20 {
            renumber(&guild, [RAISED, SWAPPED, DEFAULT][changes % 3]).await.unwrap();
            changes += 1;
        }
        is_done.store(true, Ordering::Relaxed);
    };
    let requests = async |client: &Client<'_>, expected: &Value| {
        while !is_done.load(Ordering::Relaxed) {
            let context = client.authenticate(&other).await.unwrap();
            assert_eq!(everything(client, &context, &votes).await, *expected);
            finished.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(moves, requests(&officer, &expected[0]), requests(&veteran, &expected[1]));
}

#[on_both]
async fn ranks_change_places_at_once_unless_a_bound_separates_them(app: TestApp) {
    let (guild, leader, officer, _) = guild(&app).await;
    Votes::create(&leader, &officer).await;
    let ladder = async || {
        let ranks = leader.ok("{ ranks { name level } }", json!({})).await["ranks"].clone();
        let level = |rank: &Value| (rank["name"].as_str().unwrap().to_owned(), rank["level"].as_i64().unwrap());
        let mut ranks: Vec<(String, i64)> = ranks.as_array().unwrap().iter().map(level).collect();
        ranks.sort_by_key(|(_, level)| *level);
        ranks
    };
    let of = |levels: Levels| {
        let mut ranks: Vec<(String, i64)> = levels.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect();
        ranks.sort_by_key(|(_, level)| *level);
        ranks
    };
    for levels in [ROTATED, DEFAULT, RAISED, SWAPPED] {
        renumber(&guild, levels).await.unwrap();
        assert_eq!(ladder().await, of(levels));
        let error = renumber(&guild, PASSING).await.unwrap_err();
        assert_eq!(error.refusal().unwrap().reason, Some("RANK_ORDER_IN_USE"));
        assert_eq!(ladder().await, of(levels));
    }
}

async fn await_subscription(server: &App, guild: GuildId, responses: &mut Responses) {
    let before = server.live.campaign_subscribers(guild);
    while server.live.campaign_subscribers(guild) == before {
        assert!(futures_util::poll!(responses.next()).is_pending());
        tokio::task::yield_now().await;
    }
}

#[on_both]
async fn changed_campaigns_reach_subscribers_of_another_ladder(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    let votes = Votes::create(&leader, &officer).await;
    let mut streams = Vec::new();
    for client in [&officer, &veteran] {
        let mut responses = client.subscribe(FOLLOW, json!({})).await;
        await_subscription(&app.app, guild.id, &mut responses).await;
        streams.push(responses);
    }
    let [officers, veterans] = &mut streams[..] else { unreachable!() };
    let next = async |responses: &mut Responses| {
        let response = while_time_passes(&app.clock, 1, COLLECTING, next_response(responses)).await.unwrap();
        assert_eq!(response.get("errors"), None, "{response}");
        response["data"]["campaignChanged"].clone()
    };
    // The campaigns are newer than the subscribers, who have not been notified of the new levels.
    for (levels, title) in [(RAISED, "secret one"), (DEFAULT, "secret two"), (SWAPPED, "secret three")] {
        renumber_unnoticed(&guild, levels).await;
        let rename = "mutation($id: ID!, $title: String!) {
            updateCampaign(input: { id: $id, title: $title }) { campaign { id } }
        }";
        officer.ok(rename, json!({ "id": votes.draft.id, "title": title })).await;
        let draft = json!({
            "title": title, "status": "DRAFT", "viewerCanVote": false, "standingsHiddenReason": "NOT_STARTED",
        });
        assert_eq!(next(officers).await, draft);
    }
    votes.draft.activate(&officer).await;
    let live = json!({
        "title": "secret three", "status": "LIVE", "viewerCanVote": true, "standingsHiddenReason": "VOTE_FIRST",
    });
    assert_eq!(next(officers).await, live);
    // The subscribers are newer than the campaign: they are notified of the new levels before they receive it.
    let mut third = leader.subscribe(FOLLOW, json!({})).await;
    await_subscription(&app.app, guild.id, &mut third).await;
    votes.draft.close(&officer).await;
    assert_eq!(next(&mut third).await["status"], "CLOSED");
    TestCampaign::draft(&leader, 2, json!({ "title": "public", "minRankLevelToVote": 40 })).await;
    assert_eq!(next(&mut third).await["title"], "public");
    renumber(&guild, RAISED).await.unwrap();
    let closed = next(officers).await;
    assert_eq!((&closed["status"], &closed["standingsHiddenReason"]), (&json!("CLOSED"), &Value::Null));
    for stream in [officers, veterans] {
        // Nothing of the officers' votes has been sent to the veteran.
        assert_eq!(next(stream).await["title"], "public");
    }
}

#[on_both]
async fn tallies_reach_subscribers_of_another_ladder(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    let settings = json!({ "minRankLevelToVote": 4, "minRankLevelToView": 4, "resultsVisibility": "ALWAYS" });
    let vote = TestCampaign::live(&leader, 2, settings).await;
    let mut tallies = officer.subscribe(WATCH, vote.vars()).await;
    let state = |response: Value| {
        assert_eq!(response.get("errors"), None, "{response}");
        let campaign = response["data"]["voteTally"]["campaign"].clone();
        assert_eq!((&campaign["viewerCanVote"], &campaign["viewerCannotVoteReason"]), (&json!(true), &Value::Null));
        response["data"]["voteTally"]["turnout"]["voted"].as_i64().unwrap()
    };
    assert_eq!(state(next_response(&mut tallies).await.unwrap()), 0);
    for levels in [RAISED, DEFAULT, SWAPPED] {
        renumber_unnoticed(&guild, levels).await;
        // Its viewer is cached from before.
        let mut another = officer.subscribe(WATCH, vote.vars()).await;
        assert_eq!(state(next_response(&mut another).await.unwrap()), 0);
        let mut refused = veteran.subscribe(WATCH, vote.vars()).await;
        let refused = next_response(&mut refused).await.unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "NOT_FOUND", "{refused}");
    }
    vote.vote(&leader, &[0]).await;
    while state(next_response(&mut tallies).await.unwrap()) < 1 {}
    renumber(&guild, RAISED).await.unwrap();
    officer.ok(CAST_BALLOT, vote.ballot(&[1])).await;
    let last = next_response(&mut tallies).await.unwrap();
    assert_eq!(last.get("errors"), None, "{last}");
}

/// A rank that is created between two others gets into no vote, whichever of viewer and campaign was read before.
#[on_both]
async fn a_new_rank_is_not_admitted_by_an_old_bound(app: TestApp) {
    let (guild, leader, officer, veteran) = guild(&app).await;
    renumber(&guild, RAISED).await.unwrap();
    let settings = json!({ "title": "secret", "minRankLevelToVote": 80, "minRankLevelToView": 80 });
    let vote = TestCampaign::live(&leader, 2, settings).await;
    let before = officer.authenticate(&app.app).await.unwrap();
    let create =
        "mutation { createRank(input: { name: \"New\", level: 79, permissions: [AUDIT_VIEW] }) { rank { id } } }";
    let created = leader.ok(create, json!({})).await["createRank"]["rank"]["id"].clone();
    let promote = json!({ "input": { "id": veteran.id, "rankId": created } });
    leader.ok("mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }", promote).await;
    let query = "query($id: ID!) { campaign(id: $id) { title viewerCanVote } campaigns { totalCount } }";
    let seen = officer.run_as(&before, query, vote.vars()).await;
    let shown = json!({ "campaign": { "title": "secret", "viewerCanVote": true }, "campaigns": { "totalCount": 1 } });
    assert_eq!(seen["data"], shown, "{seen}");
    let hidden = json!({ "campaign": null, "campaigns": { "totalCount": 0 } });
    assert_eq!(veteran.ok(query, vote.vars()).await, hidden);
}
