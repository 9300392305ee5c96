//! Campaigns: their life cycle, and who sees them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    campaigns::{campaign_input, state},
    documents::{CAST_BALLOT, DELETE_CAMPAIGN, REMOVE_ENTRY, UPDATE_CAMPAIGN},
    on_both, strings,
};

const CREATE: &str = "mutation($input: CreateCampaignInput!) {
    createCampaign(input: $input) { campaign {
        id title status method picksPerVoter startAt closesAt resultsVisibility announcements earlyCloseIfAllVoted
        entries { id name sortOrder } activationBlockers createdBy { displayName }
    } }
}";
const ACTIVATE: &str =
    "mutation($id: ID!) { activateCampaign(id: $id) { campaign { status startAt closesAt activationBlockers } } }";
const CLOSE: &str = "mutation($id: ID!) { closeCampaign(id: $id) { campaign { status closedAt } } }";
const ARCHIVE: &str = "mutation($id: ID!) { archiveCampaign(id: $id) { campaign { status } } }";
const UPDATE: &str = "mutation($input: UpdateCampaignInput!) {
    updateCampaign(input: $input) { campaign { title description closesAt minRankLevelToView } }
}";

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
            1,
            "the campaigns; their entries and members are cached"
        );
    }
    TestCampaign::live(&officer, 2, json!({})).await;
    assert_eq!(
        guild.anonymous().count_statements(lean, json!({ "first": 20 })).await,
        2,
        "the entries of the new campaign are not cached"
    );
}

/// The result and the entries of a vote that is over stay in memory, and a live one is counted once for each ballot.
#[on_both]
async fn standings_are_read_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let vote = TestCampaign::live(&officer, 3, json!({ "resultsVisibility": "ALWAYS" })).await;
    vote.vote(&voter, &[0]).await;
    let page = "query($id: ID!) { campaign(id: $id) {
        status turnout { eligible voted } standings { place points entry { name } } winners { name }
    } }";
    let read = async || {
        officer.ok(page, json!({ "id": vote.id })).await;
        officer.count_statements(page, json!({ "id": vote.id })).await
    };
    assert_eq!(
        read().await,
        6,
        "the campaign; in one snapshot its begin, the campaign, the roster's version, the ballots"
    );
    vote.close(&officer).await;
    assert_eq!(read().await, 1, "the campaign");
}
