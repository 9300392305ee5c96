//! Changes of rank levels: everyone keeps their access to campaigns, audit events and codes.

use crate::support::{
    Client, TestApp, TestCampaign, TestGuild,
    documents::{
        ARCHIVE_CAMPAIGN, CAMPAIGN_STATUS, CAST_BALLOT, DELETE_CAMPAIGN, DELETE_RANK, NODE_ID, REGISTER_MEMBER,
        SEND_INVITE, UPDATE_CAMPAIGN, UPDATE_RANK, WATCH_REVISION,
    },
    next_response, on_both, refusal_in, strings,
};
use serde_json::{Value, json};

const BOUNDS: &str = "query($id: ID!) { campaign(id: $id) {
    status minRankLevelToVote minRankLevelToView turnout { eligible voted } viewerCannotVoteReason
} }";
const FIND: &str = "query($id: ID!) {
    campaign(id: $id) { id } node(id: $id) { id } pastVotes { totalCount }
    campaigns(filter: { status: [DRAFT, LIVE, CLOSED, ARCHIVED] }) { totalCount }
}";
const PASSING: &str = "CONFLICT RANK_ORDER_IN_USE level";

fn change(guild: &TestGuild<'_>, rank: &str, level: i64) -> Value {
    json!({ "input": { "id": async_graphql::ID::from(guild.rank(rank).id), "level": level } })
}

async fn renumber(leader: &Client<'_>, guild: &TestGuild<'_>, changes: &[(&str, i64)]) {
    for (rank, level) in changes {
        leader.ok(UPDATE_RANK, change(guild, rank, *level)).await;
    }
}

/// Settings of a campaign with both bounds.
fn bound(level: i64) -> Value {
    json!({ "minRankLevelToVote": level, "minRankLevelToView": level })
}

async fn campaign(viewer: &Client<'_>, campaign: &TestCampaign) -> Value {
    viewer.ok(BOUNDS, campaign.vars()).await["campaign"].clone()
}

fn levels(campaign: &Value) -> (i64, i64) {
    let level = |name: &str| campaign[name].as_i64().unwrap();
    (level("minRankLevelToVote"), level("minRankLevelToView"))
}

/// Whether the viewer finds the guild's only campaign, by any query.
async fn finds(viewer: &Client<'_>, campaign: &TestCampaign) -> bool {
    let found = viewer.ok(FIND, campaign.vars()).await;
    let is_over = found["pastVotes"]["totalCount"] == 1;
    let seen = [!found["campaign"].is_null(), !found["node"].is_null(), found["campaigns"]["totalCount"] == 1];
    assert!(seen.iter().all(|it| *it == seen[0]) && (seen[0] || !is_over), "{found}");
    seen[0]
}

#[on_both]
async fn a_rank_that_passes_others_gets_into_no_live_vote(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, initiate) = (guild.leader().await, guild.member("initiate", "Initiate").await);
    for officer in ["o1", "o2", "o3", "o4"] {
        guild.member(officer, "Officer").await;
    }
    let vote = TestCampaign::live(&leader, 2, bound(4)).await;
    renumber(&leader, &guild, &[("Guild Leader", 100)]).await;
    assert_eq!(leader.refusal(UPDATE_RANK, change(&guild, "Initiate", 50)).await, PASSING);
    assert!(!finds(&initiate, &vote).await);
    assert_eq!(initiate.refusal(CAST_BALLOT, vote.ballot(&[0])).await, "NOT_FOUND campaignId");
    assert_eq!(campaign(&leader, &vote).await["turnout"], json!({ "eligible": 5, "voted": 0 }));
    // Ranks that no bound separates still pass each other.
    renumber(&leader, &guild, &[("Officer", 90), ("Member", 6), ("Initiate", 50)]).await;
    assert!(!finds(&initiate, &vote).await);
    assert_eq!(levels(&campaign(&leader, &vote).await), (90, 90));
}

#[on_both]
async fn a_closed_vote_stays_hidden_when_its_ranks_rise(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let (veteran, member) = (guild.member("veteran", "Veteran").await, guild.member("member", "Member").await);
    let vote = TestCampaign::live(&leader, 2, bound(4)).await;
    vote.vote(&officer, &[0]).await;
    vote.close(&leader).await;
    renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80), ("Veteran", 60), ("Member", 40)]).await;
    for (viewer, sees) in [(&leader, true), (&officer, true), (&veteran, false), (&member, false)] {
        assert_eq!(finds(viewer, &vote).await, sees);
    }
    assert_eq!(levels(&campaign(&officer, &vote).await), (80, 80));
    leader.ok(ARCHIVE_CAMPAIGN, vote.vars()).await;
    // Back again, from the bottom.
    renumber(&leader, &guild, &[("Member", 2), ("Veteran", 3), ("Officer", 4), ("Guild Leader", 5)]).await;
    for (viewer, sees) in [(&leader, true), (&officer, true), (&veteran, false), (&member, false)] {
        assert_eq!(finds(viewer, &vote).await, sees);
    }
    assert_eq!(levels(&campaign(&officer, &vote).await), (4, 4));
}

#[on_both]
async fn a_lower_level_closes_no_vote_and_takes_no_right_to_vote(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let mut officers = Vec::new();
    for name in ["o1", "o2", "o3", "o4"] {
        officers.push(guild.member(name, "Officer").await);
    }
    renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80)]).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "minRankLevelToVote": 70, "earlyCloseIfAllVoted": true })).await;
    let shown = "query($id: ID!) { campaign(id: $id) { status minRankLevelToVote turnout { eligible voted } } }";
    let state = async || leader.ok(shown, vote.vars()).await["campaign"].clone();
    assert_eq!(state().await["minRankLevelToVote"], 80, "the level of the lowest rank at or above 70");
    vote.vote(&leader, &[0]).await;
    renumber(&leader, &guild, &[("Officer", 60)]).await;
    let live = json!({ "status": "LIVE", "minRankLevelToVote": 60, "turnout": { "eligible": 5, "voted": 1 } });
    assert_eq!(state().await, live);
    for officer in &officers {
        vote.vote(officer, &[1]).await;
    }
    assert_eq!(state().await["status"], "CLOSED", "with the last ballot");
}

#[on_both]
async fn a_bound_follows_its_rank_when_others_are_created_and_deleted(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let vote = TestCampaign::draft(&leader, 2, bound(4)).await;
    renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80)]).await;
    let create = "mutation($name: String!, $level: Int!) {
        createRank(input: { name: $name, level: $level, permissions: [CAMPAIGNS_MANAGE] }) { rank { id } }
    }";
    leader.ok(create, json!({ "name": "below", "level": 50 })).await;
    leader.ok(create, json!({ "name": "above", "level": 90 })).await;
    assert_eq!(levels(&campaign(&officer, &vote).await), (80, 80));
    // Only a leader can promote to a rank of a leader's making.
    let promote = async |rank: &str| {
        let ranks = leader.ok("{ ranks { id name } }", json!({})).await["ranks"].clone();
        let found = ranks.as_array().unwrap().iter().find(|it| it["name"] == rank).unwrap()["id"].clone();
        let input = json!({ "input": { "id": officer.id, "rankId": found } });
        leader
            .ok("mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }", input)
            .await;
        found
    };
    promote("below").await;
    assert!(!finds(&officer, &vote).await);
    promote("above").await;
    assert!(finds(&officer, &vote).await);
    leader.ok(DELETE_RANK, json!({ "id": async_graphql::ID::from(guild.rank("Officer").id) })).await;
    assert_eq!(levels(&campaign(&officer, &vote).await), (90, 90), "the rank above stands in for a deleted one");
    leader.ok(create, json!({ "name": "Officer again", "level": 85 })).await;
    assert_eq!(levels(&campaign(&officer, &vote).await), (90, 90));
    promote("Officer again").await;
    assert!(!finds(&officer, &vote).await);
    // An officer of a lower rank may not edit a draft for higher ranks.
    let visible = TestCampaign::draft(&leader, 2, json!({ "minRankLevelToVote": 90 })).await;
    let edit = json!({ "input": { "id": visible.id, "title": "Mine" } });
    assert_eq!(officer.refusal(UPDATE_CAMPAIGN, edit).await, "FORBIDDEN RANK_TOO_LOW minRankLevelToVote");
    let actions = officer.ok("query($id: ID!) { campaign(id: $id) { viewerActions } }", visible.vars()).await;
    assert_eq!(actions["campaign"]["viewerActions"], json!(["DELETE", "ACTIVATE"]));
}

#[on_both]
async fn audit_events_follow_the_ranks_that_may_read_them(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let reader = guild.member("reader", "Veteran").await;
    let permissions = json!({ "input": {
        "id": async_graphql::ID::from(guild.rank("Veteran").id), "permissions": ["AUDIT_VIEW", "CAMPAIGNS_MANAGE"],
    } });
    leader.ok(UPDATE_RANK, permissions).await;
    let draft = TestCampaign::draft(
        &officer,
        2,
        json!({ "title": "secret", "minRankLevelToVote": 4, "minRankLevelToView": 4 }),
    )
    .await;
    leader.ok(DELETE_CAMPAIGN, draft.vars()).await;
    let log = "{ auditLog(first: 100) { nodes { id summary } } }";
    let secrets = async |viewer: &Client<'_>| -> Vec<String> {
        let log = viewer.ok(log, json!({})).await["auditLog"]["nodes"].clone();
        let secret: Vec<Value> =
            log.as_array().unwrap().iter().filter(|it| it["summary"].to_string().contains("secret")).cloned().collect();
        strings(&json!(secret), "/id")
    };
    let events = secrets(&officer).await;
    assert_eq!(events.len(), 2);
    assert_eq!(leader.refusal(UPDATE_RANK, change(&guild, "Veteran", 4)).await, "CONFLICT LEVEL_TAKEN level");
    renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80), ("Veteran", 60)]).await;
    assert_eq!(leader.refusal(UPDATE_RANK, change(&guild, "Veteran", 90)).await, PASSING);
    assert_eq!(secrets(&reader).await, Vec::<String>::new());
    for id in &events {
        assert_eq!(reader.ok(NODE_ID, json!({ "id": id })).await["node"], Value::Null);
    }
    renumber(&leader, &guild, &[("Veteran", 3), ("Officer", 4)]).await;
    assert_eq!(secrets(&officer).await, events);
    assert_eq!(secrets(&reader).await, Vec::<String>::new());
}

#[on_both]
async fn codes_follow_the_ranks_that_their_issuer_could_act_on(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let mut codes = Vec::new();
    for (name, rank) in [("risen", "Veteran"), ("passed", "Initiate")] {
        let newcomer = guild.unregistered(name, rank).await;
        let issued = officer.ok(SEND_INVITE, json!({ "id": newcomer.id })).await;
        codes.push(issued["sendInvite"]["code"].clone());
    }
    renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80), ("Veteran", 60), ("Initiate", 90)]).await;
    let register = |name: &str, code: &Value| json!({ "input": { "inviteCode": code, "discordUsername": name, "password": "correct horse battery" } });
    // The officer could no longer act on this rank.
    let refusal = guild.anonymous().refusal(REGISTER_MEMBER, register("passed", &codes[1])).await;
    assert_eq!(refusal, "BAD_USER_INPUT INVALID_CODE inviteCode");
    guild.anonymous().ok(REGISTER_MEMBER, register("risen", &codes[0])).await;
}

#[on_both]
async fn a_subscription_survives_a_change_of_levels(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let veteran = guild.member("veteran", "Veteran").await;
    let mut settings = bound(4);
    settings["resultsVisibility"] = json!("ALWAYS");
    let vote = TestCampaign::live(&leader, 2, settings).await;
    let other = if app.app.db.is_shared() { app.another_server().await } else { std::sync::Arc::clone(&app.app) };
    let _background = guildhall::bot::start(&other);
    let mut tallies = officer.subscribe_on(&other, WATCH_REVISION, vote.vars()).await;
    let revision =
        |response: &Value| response["data"]["voteTally"]["revision"].as_i64().unwrap_or_else(|| panic!("{response}"));
    let first = revision(&next_response(&mut tallies).await.unwrap());
    renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80), ("Veteran", 60)]).await;
    vote.vote(&leader, &[0]).await;
    let mut last = first;
    while last < first + 4 {
        last = revision(&next_response(&mut tallies).await.unwrap());
    }
    let mut refused = veteran.subscribe_on(&other, WATCH_REVISION, vote.vars()).await;
    assert_eq!(refusal_in(&next_response(&mut refused).await.unwrap()), "NOT_FOUND campaignId");
    assert_eq!(officer.ok(CAMPAIGN_STATUS, vote.vars()).await["campaign"]["status"], "LIVE");
}

/// Changes of the ladder and steps of campaigns at the same time: none waits for ever, and no step restores an old
/// bound.
#[on_both]
async fn campaigns_change_while_ranks_move(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let veteran = guild.member("veteran", "Veteran").await;
    let mut drafts = Vec::new();
    for _ in 0..6 {
        drafts.push(TestCampaign::draft(&officer, 2, bound(4)).await);
    }
    let moves = async {
        for _ in 0..3 {
            renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80), ("Veteran", 60)]).await;
            renumber(&leader, &guild, &[("Veteran", 3), ("Officer", 4), ("Guild Leader", 5)]).await;
        }
        renumber(&leader, &guild, &[("Guild Leader", 100), ("Officer", 80), ("Veteran", 60)]).await;
    };
    let steps = futures_util::future::join_all(drafts.iter().map(async |draft| {
        officer.ok(UPDATE_CAMPAIGN, json!({ "input": { "id": draft.id, "title": "Renamed" } })).await;
        draft.activate(&officer).await;
        draft.vote(&officer, &[0]).await;
        draft.close(&officer).await;
    }));
    tokio::time::timeout(std::time::Duration::from_mins(1), async { tokio::join!(moves, steps) })
        .await
        .expect("a deadlock");
    for draft in &drafts {
        assert_eq!(levels(&campaign(&officer, draft).await), (80, 80));
        assert_eq!(campaign(&veteran, draft).await, Value::Null);
    }
}
