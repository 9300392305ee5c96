//! Campaigns and ballots.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    campaigns::campaign_input,
    documents::{CAST_BALLOT, DELETE_CAMPAIGN, NODE_ID, REMOVE_ENTRY, UPDATE_CAMPAIGN, UPDATE_MEMBER},
    on_both, strings,
};

const CREATE: &str = "mutation($input: CreateCampaignInput!) {
    createCampaign(input: $input) { campaign {
        id title status method picksPerVoter startAt closesAt resultsVisibility announcements earlyCloseIfAllVoted
        entries { id name sortOrder } activationBlockers createdBy { displayName }
    } }
}";
const STATE: &str = "query($id: ID!) { campaign(id: $id) {
    status startAt closesAt closedAt turnout { eligible voted percent allVoted }
    standings { place points pickCounts entry { name } } standingsHiddenReason
    viewerCanVote viewerCannotVoteReason viewerBallot { picks { name } }
} }";
const ACTIVATE: &str =
    "mutation($id: ID!) { activateCampaign(id: $id) { campaign { status startAt closesAt activationBlockers } } }";
const CLOSE: &str = "mutation($id: ID!) { closeCampaign(id: $id) { campaign { status closedAt } } }";
const ARCHIVE: &str = "mutation($id: ID!) { archiveCampaign(id: $id) { campaign { status } } }";
const UPDATE: &str = "mutation($input: UpdateCampaignInput!) {
    updateCampaign(input: $input) { campaign { title description closesAt minRankLevelToView } }
}";

async fn state(client: &Client<'_>, campaign: &TestCampaign) -> Value {
    client.ok(STATE, campaign.vars()).await["campaign"].clone()
}

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
async fn a_campaign_goes_from_draft_to_live_to_closed_to_archived(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let created = officer.ok(CREATE, campaign_input(3, json!({ "picksPerVoter": 2, "title": "  A title " }))).await;
    let created = &created["createCampaign"]["campaign"];
    assert_eq!(created["title"], "A title");
    assert_eq!((created["status"].as_str(), created["method"].as_str()), (Some("DRAFT"), Some("WEIGHTED")));
    assert_eq!(created["createdBy"]["displayName"], "officer");
    assert_eq!(strings(&created["entries"], "/name"), ["entry 0", "entry 1", "entry 2"]);
    let vars = json!({ "id": created["id"] });
    for wrong in [CLOSE, ARCHIVE] {
        assert_eq!(officer.refusal(wrong, vars.clone()).await, "CONFLICT ILLEGAL_TRANSITION");
    }
    let live = officer.ok(ACTIVATE, vars.clone()).await["activateCampaign"]["campaign"].clone();
    assert_eq!(
        live,
        json!({
            "status": "LIVE", "startAt": "2026-03-01T20:00:01+00:00", "closesAt": "2026-03-02T20:00:01+00:00",
            "activationBlockers": [],
        })
    );
    for wrong in [ACTIVATE, ARCHIVE] {
        assert_eq!(officer.refusal(wrong, vars.clone()).await, "CONFLICT ILLEGAL_TRANSITION");
    }
    app.clock.advance(Duration::from_mins(1));
    let closed = officer.ok(CLOSE, vars.clone()).await["closeCampaign"]["campaign"].clone();
    assert_eq!(closed, json!({ "status": "CLOSED", "closedAt": "2026-03-01T20:01:01+00:00" }));
    for wrong in [ACTIVATE, CLOSE] {
        assert_eq!(officer.refusal(wrong, vars.clone()).await, "CONFLICT ILLEGAL_TRANSITION");
    }
    officer.ok(ARCHIVE, vars.clone()).await;
    let listed =
        "{ campaigns { nodes { id } totalCount } archived: campaigns(filter: { status: [ARCHIVED] }) { totalCount } }";
    let listed = guild.anonymous().ok(listed, json!({})).await;
    assert_eq!(listed, json!({ "campaigns": { "nodes": [], "totalCount": 0 }, "archived": { "totalCount": 1 } }));
}

#[on_both]
async fn an_invalid_campaign_is_refused_with_the_field(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (officer, stranger) = (guild.member("officer", "Officer").await, other.member("stranger", "Member").await);
    let entry = |change: Value| json!({ "entries": [change] });
    let many: Vec<Value> = (0..201).map(|number| json!({ "name": number.to_string() })).collect();
    for (change, refusal) in [
        (json!({ "title": " " }), "BAD_USER_INPUT title"),
        (json!({ "title": "x".repeat(201) }), "BAD_USER_INPUT title"),
        (json!({ "description": "a\u{0}" }), "BAD_USER_INPUT description"),
        (json!({ "picksPerVoter": 0 }), "BAD_USER_INPUT picksPerVoter"),
        (json!({ "picksPerVoter": 11 }), "BAD_USER_INPUT picksPerVoter"),
        (json!({ "durationHours": 0 }), "BAD_USER_INPUT durationHours"),
        (json!({ "durationHours": 8761 }), "BAD_USER_INPUT durationHours"),
        (json!({ "minRankLevelToVote": 0 }), "BAD_USER_INPUT minRankLevelToVote"),
        (json!({ "minRankLevelToView": 3 }), "BAD_USER_INPUT minRankLevelToView"),
        (json!({ "minRankLevelToVote": 5 }), "FORBIDDEN RANK_TOO_LOW minRankLevelToVote"),
        (json!({ "discordChannelId": "general" }), "BAD_USER_INPUT discordChannelId"),
        (json!({ "entries": many }), "BAD_USER_INPUT entries"),
        (entry(json!({ "name": "" })), "BAD_USER_INPUT entries[0].name"),
        (entry(json!({ "name": "x", "imageUrl": "javascript:alert(1)" })), "BAD_USER_INPUT entries[0].imageUrl"),
        (entry(json!({ "name": "x", "associatedMemberId": stranger.id })), "NOT_FOUND entries[0].associatedMemberId"),
        (entry(json!({ "name": "x", "associatedMemberId": "nonsense" })), "NOT_FOUND entries[0].associatedMemberId"),
    ] {
        assert_eq!(officer.refusal(CREATE, campaign_input(2, change.clone())).await, refusal, "{change:.100}");
    }
    // A value that the schema's type rejects is reported with its field too.
    assert_eq!(
        officer.refusal(CREATE, campaign_input(2, json!({ "durationHours": 99_999_999_999_i64 }))).await,
        "BAD_USER_INPUT durationHours"
    );
}

#[on_both]
async fn only_a_draft_can_be_edited(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let draft = TestCampaign::draft(&officer, 2, json!({ "description": "first", "minRankLevelToView": 2 })).await;
    let change = json!({ "input": {
        "id": draft.id, "title": "New", "description": null, "startAt": "2026-03-05T00:00:00Z",
        "minRankLevelToView": null,
    } });
    let changed = officer.ok(UPDATE, change.clone()).await["updateCampaign"]["campaign"].clone();
    assert_eq!(
        changed,
        json!({
            "title": "New", "description": null, "closesAt": "2026-03-06T00:00:00+00:00", "minRankLevelToView": null,
        })
    );

    let add =
        "mutation($input: AddEntryInput!) { addEntry(input: $input) { entry { id } campaign { entries { name } } } }";
    let added = officer.ok(add, json!({ "input": { "campaignId": draft.id, "entry": { "name": "third" } } })).await;
    assert_eq!(strings(&added["addEntry"]["campaign"]["entries"], "/name"), ["entry 0", "entry 1", "third"]);
    let third = added["addEntry"]["entry"]["id"].clone();
    let edit = "mutation($input: UpdateEntryInput!) { updateEntry(input: $input) { entry { name description } } }";
    let edited = officer.ok(edit, json!({ "input": { "id": third, "name": "3rd", "description": "x" } })).await;
    assert_eq!(edited["updateEntry"]["entry"], json!({ "name": "3rd", "description": "x" }));
    let reorder = "mutation($id: ID!, $order: [ID!]!) {
        reorderEntries(campaignId: $id, entryIds: $order) { campaign { entries { name } } }
    }";
    let order = json!({ "id": draft.id, "order": [third, draft.entries[1], draft.entries[0]] });
    let reordered = officer.ok(reorder, order.clone()).await;
    assert_eq!(strings(&reordered["reorderEntries"]["campaign"]["entries"], "/name"), ["3rd", "entry 1", "entry 0"]);
    for wrong in [json!([third]), json!([third, third, third])] {
        let refusal = officer.refusal(reorder, json!({ "id": draft.id, "order": wrong })).await;
        assert_eq!(refusal, "BAD_USER_INPUT entryIds");
    }
    assert_eq!(officer.ok(REMOVE_ENTRY, json!({ "id": third })).await["removeEntry"]["deletedId"], third);

    draft.activate(&officer).await;
    let entry = json!({ "input": { "id": draft.entries[0], "name": "late" } });
    for (mutation, variables) in [
        (UPDATE, change),
        (DELETE_CAMPAIGN, draft.vars()),
        (edit, entry),
        (reorder, order),
        (REMOVE_ENTRY, json!({ "id": draft.entries[0] })),
        (add, json!({ "input": { "campaignId": draft.id, "entry": { "name": "late" } } })),
    ] {
        assert_eq!(officer.refusal(mutation, variables).await, "CONFLICT NOT_A_DRAFT", "{mutation}");
    }
    let other = TestCampaign::draft(&officer, 2, json!({})).await;
    officer.ok(DELETE_CAMPAIGN, other.vars()).await;
    assert_eq!(officer.ok("query($id: ID!) { campaign(id: $id) { id } }", other.vars()).await["campaign"], json!(null));
}

#[on_both]
async fn a_draft_lists_what_blocks_its_activation(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let blockers = "query($id: ID!) { campaign(id: $id) { activationBlockers } }";
    for (entries, change, expected) in [
        (1, json!({}), json!(["TOO_FEW_ENTRIES"])),
        (2, json!({ "picksPerVoter": 3 }), json!(["FEWER_ENTRIES_THAN_PICKS"])),
        (2, json!({ "startAt": "2026-02-01T00:00:00Z" }), json!(["DEADLINE_PASSED"])),
        (2, json!({}), json!([])),
    ] {
        let draft = TestCampaign::draft(&officer, entries, change).await;
        assert_eq!(officer.ok(blockers, draft.vars()).await["campaign"]["activationBlockers"], expected);
        // Activation by hand starts the campaign now, so a start in the past does not block it.
        if expected == json!([]) || expected == json!(["DEADLINE_PASSED"]) {
            officer.ok(ACTIVATE, draft.vars()).await;
        } else {
            assert_eq!(officer.refusal(ACTIVATE, draft.vars()).await, "CONFLICT NOT_READY");
        }
    }
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
async fn campaigns_above_the_viewers_rank_do_not_exist_for_them(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, veteran, member) = (
        guild.member("officer", "Officer").await,
        guild.member("veteran", "Veteran").await,
        guild.member("member", "Member").await,
    );
    let draft = TestCampaign::draft(&officer, 2, json!({ "minRankLevelToVote": 3, "minRankLevelToView": 3 })).await;
    let query = "query($id: ID!, $entry: ID!) {
        campaign(id: $id) { id } node(id: $id) { id } entry: node(id: $entry) { id } campaigns { totalCount }
    }";
    let vars = json!({ "id": draft.id, "entry": draft.entries[0] });
    let sees = async |client: &Client<'_>| {
        let data = client.ok(query, vars.clone()).await;
        let seen = [
            !data["campaign"].is_null(),
            !data["node"].is_null(),
            !data["entry"].is_null(),
            data["campaigns"]["totalCount"] == 1,
        ];
        assert!(seen.iter().all(|it| *it == seen[0]), "{data}");
        seen[0]
    };
    assert!(sees(&officer).await && !sees(&veteran).await && !sees(&member).await && !sees(&guild.anonymous()).await);
    draft.activate(&officer).await;
    assert!(sees(&officer).await && sees(&veteran).await && !sees(&member).await && !sees(&guild.anonymous()).await);
    assert_eq!(member.refusal(CAST_BALLOT, draft.ballot(&[0])).await, "NOT_FOUND campaignId");
}

#[on_both]
async fn a_campaign_says_whether_the_viewer_can_vote(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (voter, initiate) = (guild.member("voter", "Member").await, guild.member("initiate", "Initiate").await);
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;
    assert_eq!(state(&voter, &campaign).await["viewerCanVote"], true);
    campaign.vote(&voter, &[0]).await;
    for (client, reason) in [
        (&guild.anonymous(), "SIGN_IN"),
        (&guild.unregistered("new", "Member").await, "NOT_REGISTERED"),
        (&voter, "ALREADY_VOTED"),
        (&initiate, "RANK_TOO_LOW"),
    ] {
        let now = state(client, &campaign).await;
        assert_eq!((&now["viewerCanVote"], &now["viewerCannotVoteReason"]), (&json!(false), &json!(reason)));
    }
    campaign.close(&officer).await;
    assert_eq!(state(&voter, &campaign).await["viewerCannotVoteReason"], "NOT_LIVE");
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
async fn changes_of_a_draft_show_in_its_turnout_and_entries(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    guild.member("initiate", "Initiate").await;
    let draft = TestCampaign::draft(&officer, 2, json!({ "minRankLevelToVote": 1 })).await;
    let shown = "query($id: ID!) { campaign(id: $id) {
        status turnout { eligible } entries { name } standings { entry { name } }
    } }";
    let read_campaign = async || officer.ok(shown, draft.vars()).await["campaign"].clone();
    assert_eq!(read_campaign().await["turnout"]["eligible"], 3);
    officer.ok(UPDATE_CAMPAIGN, json!({ "input": { "id": draft.id, "minRankLevelToVote": 4 } })).await;
    assert_eq!(read_campaign().await["turnout"]["eligible"], 2, "the leader and the officer");
    let rename = "mutation($input: UpdateEntryInput!) { updateEntry(input: $input) { entry { name } } }";
    officer.ok(rename, json!({ "input": { "id": draft.entries[0], "name": "renamed" } })).await;
    assert_eq!(read_campaign().await["entries"][0]["name"], "renamed");
    draft.activate(&officer).await;
    let live = read_campaign().await;
    assert_eq!((&live["status"], &live["turnout"]["eligible"]), (&json!("LIVE"), &json!(2)));
    assert_eq!(live["entries"][0]["name"], "renamed");
    assert_eq!(read_campaign().await, live, "read from the cache");
}

#[on_both]
async fn the_number_of_statements_of_a_campaigns_page_does_not_depend_on_its_size(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let mut entries = Vec::new();
    for number in 0..4 {
        let member = guild.unregistered(&format!("member-{number}"), "Member").await;
        entries.push(json!({ "name": number.to_string(), "associatedMemberId": member.id }));
    }
    for number in 0..24 {
        let campaign =
            TestCampaign::live(&officer, 2, json!({ "entries": entries, "resultsVisibility": "ALWAYS" })).await;
        if number % 2 == 0 {
            campaign.vote(&voter, &[0]).await;
        }
        if number % 3 == 0 {
            campaign.close(&officer).await;
        }
        app.clock.advance(Duration::from_secs(1));
    }
    let page = "query($first: Int) { campaigns(first: $first) { nodes {
        title status createdBy { displayName rank { name } }
        entries { name associatedMember { displayName rank { name } } }
        turnout { eligible voted } standings { place entry { name } } viewerCanVote viewerBallot { picks { name } }
    } pageInfo { endCursor } } }";
    let first_read = voter.count_statements(page, json!({ "first": 20 })).await;
    let small = voter.count_statements(page, json!({ "first": 3 })).await;
    let large = voter.count_statements(page, json!({ "first": 20 })).await;
    assert_eq!(small, large, "statements for 3 and for 20 campaigns");
    // A first read also loads the eligible members, the voters and the entries: once for the fields and once for the
    // tallies. It loads the picks for the tallies, the members who were eligible before, and the rank ladder.
    assert!(first_read <= large + 9, "{first_read} statements at first, {large} afterwards");
    let lean = "query($first: Int) { campaigns(first: $first) {
        nodes { title entries { name associatedMember { displayName } } }
    } }";
    for first in [1, 20] {
        assert_eq!(
            guild.anonymous().count_statements(lean, json!({ "first": first })).await,
            2,
            "campaigns and members; the entries are cached"
        );
    }
    TestCampaign::live(&officer, 2, json!({})).await;
    assert_eq!(
        guild.anonymous().count_statements(lean, json!({ "first": 20 })).await,
        3,
        "the entries of the new campaign are not cached"
    );
}
