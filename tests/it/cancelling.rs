//! Cancelled votes: they end without a result, for ever. And what the officers made of a result.

use std::time::Duration;

use futures_util::StreamExt;
use guildhall::{kernel::id::CampaignId, voting};
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{
        ARCHIVE_CAMPAIGN, CAMPAIGN_VOTED, CANCEL_CAMPAIGN, CAST_BALLOT, CLOSE_CAMPAIGN, UPDATE_MEMBER, WATCH_TURNOUT,
    },
    next_response, on_both, refusal_in, strings, while_time_passes,
};

const STATE: &str = "query($id: ID!) { campaign(id: $id) {
    status closeReason cancelReason closedAt viewerActions standings { place } standingsHiddenReason
    winners { id } decidedByListedOrder ballotBox { count } runoffRounds { number }
    turnout { eligible voted awaitingRegistration } viewerCannotVoteReason viewerBallot { receipt picks { name } }
} }";
const SET_OUTCOME: &str = "mutation($input: SetOutcomeInput!) {
    setOutcome(input: $input) { campaign { status outcome viewerActions } }
}";

fn cancel(vote: &TestCampaign, reason: &str) -> Value {
    json!({ "input": { "id": vote.id, "reason": reason } })
}

async fn state(client: &Client<'_>, vote: &TestCampaign) -> Value {
    client.ok(STATE, vote.vars()).await["campaign"].clone()
}

fn outcome(vote: &TestCampaign, outcome: Option<&str>) -> Value {
    json!({ "input": { "campaignId": vote.id, "outcome": outcome } })
}

fn id_of(vote: &TestCampaign) -> CampaignId {
    CampaignId::try_from(&async_graphql::ID(vote.id.clone())).unwrap()
}

#[on_both]
async fn a_cancelled_vote_never_has_a_result(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let (waiting, gone) = (guild.member("waiting", "Member").await, guild.member("gone", "Member").await);
    guild.unregistered("newcomer", "Member").await;
    let settings = json!({ "resultsVisibility": "ALWAYS", "method": "INSTANT_RUNOFF", "minRankLevelToVote": 2 });
    let vote = TestCampaign::live(&officer, 2, settings).await;
    for member in [&voter, &gone] {
        vote.vote(member, &[1]).await;
    }
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": gone.id, "active": false } })).await;
    let receipt = state(&voter, &vote).await["viewerBallot"]["receipt"].clone();
    assert_eq!(state(&officer, &vote).await["viewerActions"], json!(["CLOSE", "CANCEL"]));
    app.clock.advance(Duration::from_mins(1));
    officer.ok(CANCEL_CAMPAIGN, cancel(&vote, "  The wrong entries\nwere listed.  ")).await;

    let expected = json!({
        "status": "CLOSED", "closeReason": "CANCELLED", "cancelReason": "The wrong entries\nwere listed.",
        "closedAt": app.now().and_utc().to_rfc3339(), "viewerActions": [], "standings": null,
        "standingsHiddenReason": "CANCELLED", "winners": null, "decidedByListedOrder": null, "ballotBox": null,
        "runoffRounds": null, "turnout": { "eligible": 5, "voted": 2, "awaitingRegistration": 1 },
        "viewerCannotVoteReason": "SIGN_IN", "viewerBallot": null,
    });
    assert_eq!(state(&guild.anonymous(), &vote).await, expected);
    let of_voter = state(&voter, &vote).await;
    assert_eq!(of_voter["viewerBallot"], json!({ "receipt": receipt, "picks": [{ "name": "entry 1" }] }));
    assert_eq!(of_voter["viewerCannotVoteReason"], "NOT_LIVE");
    assert_eq!(waiting.refusal(CAST_BALLOT, vote.ballot(&[0])).await, "CONFLICT CAMPAIGN_NOT_LIVE");
    for (step, vars) in [(CLOSE_CAMPAIGN, vote.vars()), (CANCEL_CAMPAIGN, cancel(&vote, "Again"))] {
        assert_eq!(officer.refusal(step, vars).await, "CONFLICT ILLEGAL_TRANSITION");
    }
    // The turnout is fixed, and neither the archive nor a running server brings a result.
    guild.member("late", "Member").await;
    officer.ok(ARCHIVE_CAMPAIGN, vote.vars()).await;
    let _server = guildhall::bot::start(&app.app);
    app.clock.advance(Duration::from_hours(48));
    let marker = TestCampaign::live(&officer, 2, json!({ "durationHours": 1 })).await;
    app.clock.advance(Duration::from_hours(1));
    while state(&officer, &marker).await["status"] != "CLOSED" {}
    let mut archived = expected.clone();
    archived["status"] = json!("ARCHIVED");
    assert_eq!(state(&guild.anonymous(), &vote).await, archived);
    assert_eq!(state(&officer, &vote).await["viewerActions"], json!(["SET_OUTCOME"]));

    // Ballots are kept, and nothing else tells who has not voted.
    let kept = ["ballots", "picks", "tallies", "abstentions", "former_electors"].map(|table| app.count_rows(table));
    let kept = futures_util::future::join_all(kept).await;
    let (ballots, abstained_from_marker) = (2, 5);
    assert_eq!(kept, [ballots, ballots, 1, abstained_from_marker, 0]);
    let refused = voting::recount(&app.app.voting, id_of(&vote)).await.unwrap_err();
    assert!(refused.to_string().contains("cancelled"), "{refused}");
    let recounts = app.app.db.snapshot(async |conn| voting::recount_all(conn).await).await.unwrap();
    assert_eq!(recounts, [Vec::<String>::new()], "the marker alone");
}

#[on_both]
async fn lists_leave_a_cancelled_vote_out_and_the_voter_keeps_it(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let closed = TestCampaign::live(&officer, 2, json!({ "title": "Counted" })).await;
    app.clock.advance(Duration::from_secs(1));
    let cancelled = TestCampaign::live(&officer, 2, json!({ "title": "Cancelled" })).await;
    for vote in [&closed, &cancelled] {
        vote.vote(&voter, &[0]).await;
    }
    closed.close(&officer).await;
    app.clock.advance(Duration::from_secs(1));
    officer.ok(CANCEL_CAMPAIGN, cancel(&cancelled, "Wrong week")).await;
    let lists = "{
        pastVotes { totalCount nodes { campaign { title } } }
        campaigns { totalCount nodes { title standings { points } ballotBox { count } turnout { voted } } }
        me { participation { eligible voted campaigns { nodes { campaign { title } } } } }
        exportMyData { data }
    }";
    let mine = voter.ok(lists, json!({})).await;
    assert_eq!(mine["pastVotes"], json!({ "totalCount": 1, "nodes": [{ "campaign": { "title": "Counted" } }] }));
    let counted = json!([{ "points": 1 }, { "points": 0 }]);
    let both = json!([
        { "title": "Cancelled", "standings": null, "ballotBox": null, "turnout": { "voted": 1 } },
        { "title": "Counted", "standings": counted, "ballotBox": { "count": 1 }, "turnout": { "voted": 1 } },
    ]);
    assert_eq!(mine["campaigns"], json!({ "totalCount": 2, "nodes": both }));
    let participation = json!({
        "eligible": 1, "voted": 1, "campaigns": { "nodes": [{ "campaign": { "title": "Counted" } }] },
    });
    assert_eq!(mine["me"]["participation"], participation);
    let of_officer = officer.ok(lists, json!({})).await["me"]["participation"].clone();
    assert_eq!((&of_officer["eligible"], &of_officer["voted"]), (&json!(1), &json!(0)));
    // Everything that is kept about the member is in the export, also this ballot.
    let export: Value = serde_json::from_str(mine["exportMyData"]["data"].as_str().unwrap()).unwrap();
    let mut titles = strings(&export["votes"]["ballots"], "/campaign/title");
    titles.sort();
    assert_eq!(titles, ["Cancelled", "Counted"]);
    assert_eq!(export["votes"]["missed"], json!([]));
    let log = "{ auditLog(first: 1) { nodes { action summary actor { displayName } subject { __typename } } } }";
    let event = json!({
        "action": "campaign.cancel", "summary": "Cancelled the vote “Cancelled”",
        "actor": { "displayName": "officer" }, "subject": { "__typename": "Campaign" },
    });
    assert_eq!(officer.ok(log, json!({})).await["auditLog"]["nodes"], json!([event]));
}

#[on_both]
async fn cancelling_needs_a_live_vote_and_a_reason(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let vote = TestCampaign::draft(&officer, 2, json!({})).await;
    assert_eq!(officer.refusal(CANCEL_CAMPAIGN, cancel(&vote, "x")).await, "CONFLICT ILLEGAL_TRANSITION", "a draft");
    vote.activate(&officer).await;
    for (client, reason, refusal) in [
        (&guild.anonymous(), "x", "UNAUTHENTICATED"),
        (&member, "x", "FORBIDDEN PERMISSION_REQUIRED"),
        (&other.leader().await, "x", "NOT_FOUND id"),
        (&officer, "", "BAD_USER_INPUT reason"),
        (&officer, " \n ", "BAD_USER_INPUT reason"),
        (&officer, "a\u{0}b", "BAD_USER_INPUT reason"),
        (&officer, &"x".repeat(501), "BAD_USER_INPUT reason"),
    ] {
        assert_eq!(client.refusal(CANCEL_CAMPAIGN, cancel(&vote, reason)).await, refusal, "{reason:.20}");
    }
    let unknown = json!({ "input": { "id": "nonsense", "reason": "" } });
    let refused = officer.run(CANCEL_CAMPAIGN, unknown).await;
    let fields = strings(&refused["errors"][0]["extensions"]["fields"], "/field");
    assert_eq!(fields, ["id", "reason"], "{refused}");
    assert_eq!(state(&officer, &vote).await["status"], "LIVE");
    officer.ok(CANCEL_CAMPAIGN, cancel(&vote, &"ü".repeat(500))).await;

    // An officer cannot cancel what they cannot see.
    let leader = guild.leader().await;
    let hidden = TestCampaign::live(&leader, 2, json!({ "minRankLevelToVote": 5, "minRankLevelToView": 5 })).await;
    assert_eq!(officer.refusal(CANCEL_CAMPAIGN, cancel(&hidden, "x")).await, "NOT_FOUND id");
    assert_eq!(officer.refusal(SET_OUTCOME, outcome(&hidden, Some("x"))).await, "NOT_FOUND campaignId");
}

#[on_both]
async fn watchers_learn_of_the_cancellation(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let vote = TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    vote.vote(&voter, &[0]).await;
    let mut tallies = Vec::new();
    for client in [&guild.anonymous(), &voter, &officer] {
        let mut tally = client.subscribe(WATCH_TURNOUT, vote.vars()).await;
        assert_eq!(next_response(&mut tally).await.unwrap()["data"]["voteTally"]["isFinal"], false);
        tallies.push(tally);
    }
    let changed = "subscription { campaignChanged { status closeReason cancelReason outcome standings { place } } }";
    let mut changes = guild.anonymous().subscribe(changed, json!({})).await;
    while app.app.live.campaign_subscribers(guild.id) == 0 {
        assert!(futures_util::poll!(changes.next()).is_pending(), "a response before any change");
        tokio::task::yield_now().await;
    }
    // Servers share a PostgreSQL.
    let mut others = Vec::new();
    if app.app.db.is_shared() {
        let other = app.another_server().await;
        let running = guildhall::bot::start(&other);
        let mut elsewhere = officer.subscribe_on(&other, WATCH_TURNOUT, vote.vars()).await;
        assert_eq!(next_response(&mut elsewhere).await.unwrap()["data"]["voteTally"]["isFinal"], false);
        others.push((running, elsewhere));
    }
    officer.ok(CANCEL_CAMPAIGN, cancel(&vote, "Wrong week")).await;
    for tally in tallies.iter_mut().chain(others.iter_mut().map(|(_, tally)| tally)) {
        assert_eq!(refusal_in(&next_response(tally).await.unwrap()), "FORBIDDEN STANDINGS_HIDDEN");
        assert_eq!(next_response(tally).await, None);
    }
    let change = json!({
        "status": "CLOSED", "closeReason": "CANCELLED", "cancelReason": "Wrong week", "outcome": null,
        "standings": null,
    });
    let sent = while_time_passes(&app.clock, 1, Duration::from_secs(1), next_response(&mut changes)).await;
    assert_eq!(sent.unwrap()["data"]["campaignChanged"], change);
    let mut again = officer.subscribe(WATCH_TURNOUT, vote.vars()).await;
    assert_eq!(refusal_in(&next_response(&mut again).await.unwrap()), "FORBIDDEN STANDINGS_HIDDEN");
    assert_eq!(next_response(&mut again).await, None);
    officer.ok(SET_OUTCOME, outcome(&vote, None)).await;
    officer.ok(SET_OUTCOME, outcome(&vote, Some("A new vote follows."))).await;
    let log = r#"{ auditLog(filter: { actions: ["campaign.outcome"] }) { nodes { summary } } }"#;
    assert_eq!(
        guild.leader().await.ok(log, json!({})).await["auditLog"]["nodes"].as_array().unwrap().len(),
        1,
        "one change"
    );
    let sent = while_time_passes(&app.clock, 1, Duration::from_secs(1), next_response(&mut changes)).await;
    assert_eq!(sent.unwrap()["data"]["campaignChanged"]["outcome"], "A new vote follows.");
}

#[on_both]
async fn of_cancelling_closing_and_the_last_ballot_one_wins(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let other = app.another_server().await;
    for round in 0..6 {
        let vote = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": true })).await;
        vote.vote(&leader, &[0]).await;
        let reason = cancel(&vote, "Wrong week");
        let (cancelled, closed, cast, cancelled_elsewhere) = tokio::join!(
            leader.run(CANCEL_CAMPAIGN, reason.clone()),
            officer.run_on(&other, CLOSE_CAMPAIGN, vote.vars()),
            officer.run(CAST_BALLOT, vote.ballot(&[1])),
            officer.run_on(&other, CANCEL_CAMPAIGN, reason),
        );
        let is_ok = |response: &Value| response.get("errors").is_none();
        for step in [&cancelled, &closed, &cancelled_elsewhere].into_iter().filter(|step| !is_ok(step)) {
            assert_eq!(refusal_in(step), "CONFLICT ILLEGAL_TRANSITION", "round {round}");
        }
        assert!(is_ok(&cast) || refusal_in(&cast) == "CONFLICT CAMPAIGN_NOT_LIVE", "{cast}");
        let cancelled = [&cancelled, &cancelled_elsewhere].into_iter().filter(|step| is_ok(step)).count();
        let now = state(&leader, &vote).await;
        let results = app.count_rows(&format!("tallies WHERE campaign_id = {}", id_of(&vote).0)).await;
        let expected = match (cancelled, is_ok(&closed)) {
            (1, false) => ("CANCELLED", 0),
            (0, true) => ("BY_HAND", 1),
            (0, false) => ("ALL_VOTED", 1),
            steps => panic!("round {round}: {steps:?}"),
        };
        let reason = now["closeReason"].as_str().unwrap_or_default();
        assert_eq!((reason, results), expected, "{now}");
        assert_eq!(now["turnout"]["voted"], 1 + i64::from(is_ok(&cast)));
        assert_eq!(now["standings"].is_null(), reason == "CANCELLED");
    }
}

#[on_both]
async fn ballots_acknowledged_while_a_vote_is_cancelled_are_kept(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let mut rows = Vec::new();
    for number in 0..30 {
        rows.push(guild.member_row(&format!("voter-{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    let other = app.another_server().await;
    let vote = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let (here, there) = voters.split_at(15);
    let here = futures_util::future::join_all(here.iter().map(|voter| voter.run(CAST_BALLOT, vote.ballot(&[0]))));
    let there =
        futures_util::future::join_all(there.iter().map(|voter| voter.run_on(&other, CAST_BALLOT, vote.ballot(&[1]))));
    // The vote is cancelled after a few ballots, and archived at once by the other server.
    let steps = async {
        while leader.ok(CAMPAIGN_VOTED, vote.vars()).await["campaign"]["turnout"]["voted"].as_i64().unwrap() < 4 {}
        leader.ok(CANCEL_CAMPAIGN, cancel(&vote, "Wrong week")).await;
        let archived = leader.run_on(&other, ARCHIVE_CAMPAIGN, vote.vars()).await;
        assert!(archived.get("errors").is_none(), "{archived}");
    };
    let (here, there, ()) = tokio::join!(here, there, steps);
    let (cast, refused): (Vec<&Value>, Vec<&Value>) =
        here.iter().chain(&there).partition(|response| response.get("errors").is_none());
    assert!(cast.len() >= 4);
    for response in refused {
        assert_eq!(refusal_in(response), "CONFLICT CAMPAIGN_NOT_LIVE");
    }
    let now = state(&leader, &vote).await;
    assert_eq!((&now["status"], &now["closeReason"]), (&json!("ARCHIVED"), &json!("CANCELLED")));
    assert_eq!(now["turnout"], json!({ "eligible": 31, "voted": cast.len(), "awaitingRegistration": 0 }));
    assert_eq!(app.count_rows("ballots").await, i64::try_from(cast.len()).unwrap());
    for server in [&app.app, &other] {
        let shown = leader.run_on(server, STATE, vote.vars()).await["data"]["campaign"].clone();
        assert_eq!((&shown["standings"], &shown["ballotBox"]), (&json!(null), &json!(null)));
    }
}

#[on_both]
async fn officers_say_what_they_made_of_a_result(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let vote = TestCampaign::draft(&officer, 2, json!({})).await;
    assert_eq!(officer.refusal(SET_OUTCOME, outcome(&vote, Some("x"))).await, "CONFLICT NOT_CLOSED");
    vote.activate(&officer).await;
    assert_eq!(officer.refusal(SET_OUTCOME, outcome(&vote, Some("x"))).await, "CONFLICT NOT_CLOSED");
    vote.close(&officer).await;
    for (client, text, refusal) in [
        (&guild.anonymous(), "x", "UNAUTHENTICATED"),
        (&member, "x", "FORBIDDEN PERMISSION_REQUIRED"),
        (&other.leader().await, "x", "NOT_FOUND campaignId"),
        (&officer, "a\u{0}b", "BAD_USER_INPUT outcome"),
        (&officer, &"x".repeat(2_001), "BAD_USER_INPUT outcome"),
    ] {
        assert_eq!(client.refusal(SET_OUTCOME, outcome(&vote, Some(text))).await, refusal);
    }
    let longest = "x".repeat(2_000);
    officer.ok(SET_OUTCOME, outcome(&vote, Some(&longest))).await;
    let set = officer.ok(SET_OUTCOME, outcome(&vote, Some(" The raid moves\nto Friday. "))).await;
    let campaign = json!({
        "status": "CLOSED", "outcome": "The raid moves\nto Friday.", "viewerActions": ["ARCHIVE", "SET_OUTCOME"],
    });
    assert_eq!(set["setOutcome"]["campaign"], campaign);
    let shown = "query($id: ID!) { campaign(id: $id) { outcome standings { place } } }";
    let result = guild.anonymous().ok(shown, vote.vars()).await["campaign"].clone();
    assert_eq!(result["outcome"], "The raid moves\nto Friday.");
    officer.ok(ARCHIVE_CAMPAIGN, vote.vars()).await;
    assert_eq!(guild.anonymous().ok(shown, vote.vars()).await["campaign"], result, "the archive keeps it");
    let taken_back = officer.ok(SET_OUTCOME, outcome(&vote, None)).await["setOutcome"]["campaign"].clone();
    assert_eq!(taken_back, json!({ "status": "ARCHIVED", "outcome": null, "viewerActions": ["SET_OUTCOME"] }));
    let log = "{ auditLog(filter: { actions: [\"campaign.outcome\"] }) { nodes { summary } } }";
    let mut logged = strings(&officer.ok(log, json!({})).await["auditLog"]["nodes"], "/summary");
    // The clock stands still, so the events have no order.
    logged.sort();
    let (set, taken_back) =
        ("Set the outcome of the vote “Where next?”", "Took back the outcome of the vote “Where next?”");
    assert_eq!(logged, [set, set, taken_back]);
}
