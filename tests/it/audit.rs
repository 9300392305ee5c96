//! The audit log: who did what to whom.

use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign,
    documents::{
        ACTIVATE_CAMPAIGN, ARCHIVE_CAMPAIGN, CLOSE_CAMPAIGN, DELETE_CAMPAIGN, DELETE_CHARACTER, DELETE_RANK, NODE_ID,
        REMOVE_ENTRY, SEND_INVITE, SEND_RESET_CODE, UPDATE_CAMPAIGN, UPDATE_RANK,
    },
    on_both, strings,
};

const LOG: &str = "query($first: Int, $after: String, $last: Int, $before: String) {
    auditLog(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        nodes { id at action summary actorRank actorRankLevel actor { displayName } subject { __typename id } }
        pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
    }
}";

async fn log(client: &Client<'_>) -> Vec<Value> {
    let log = client.ok(LOG, json!({ "first": 100 })).await["auditLog"].clone();
    assert_eq!(log["totalCount"], log["nodes"].as_array().unwrap().len());
    log["nodes"].as_array().unwrap().clone()
}

/// The actions that this client sees, sorted by name because all have the same time.
async fn actions(client: &Client<'_>) -> Vec<String> {
    let mut actions: Vec<String> =
        log(client).await.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect();
    actions.sort();
    actions
}

#[on_both]
async fn every_privileged_change_is_recorded_and_nothing_else(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let member = guild.member("member", "Member").await;
    let rank = |name: &str| json!(async_graphql::ID::from(guild.rank(name).id));
    let change = async |mutation: &str, variables: Value| {
        app.clock.advance(std::time::Duration::from_secs(1));
        leader.ok(mutation, variables).await
    };
    let created =
        change("mutation { createMember(input: { discordUsername: \"new\" }) { member { id } } }", json!({})).await;
    let new = created["createMember"]["member"]["id"].clone();
    change(SEND_INVITE, json!({ "id": new })).await;
    change(
        "mutation($id: ID!, $rank: ID!) { updateMember(input: { id: $id, rankId: $rank }) { member { id } } }",
        json!({ "id": new, "rank": rank("Veteran") }),
    )
    .await;
    change(
        "mutation($id: ID!) { updateMember(input: { id: $id, discordId: \"9\" }) { member { id } } }",
        json!({ "id": new }),
    )
    .await;
    change(SEND_RESET_CODE, json!({ "id": member.id })).await;
    let add_character = "mutation($id: ID!) {
        createCharacter(input: { memberId: $id, name: \"Z\", realm: \"R\", class: MAGE, role: HEALER }) {
            character { id }
        }
    }";
    let character = change(add_character, json!({ "id": member.id })).await;
    let character = character["createCharacter"]["character"]["id"].clone();
    change(
        "mutation($id: ID!) { updateCharacter(input: { id: $id, name: \"Y\" }) { character { id } } }",
        json!({ "id": character }),
    )
    .await;
    change(DELETE_CHARACTER, json!({ "id": character })).await;
    change(
        "mutation($id: ID!) { updateRank(input: { id: $id, name: \"Boss\", permissions: [] }) { rank { id } } }",
        json!({ "id": rank("Officer") }),
    )
    .await;
    change(DELETE_RANK, json!({ "id": rank("Initiate") })).await;
    change("mutation { createRank(input: { name: \"Low\", level: 1, permissions: [] }) { rank { id } } }", json!({}))
        .await;
    change("mutation { updateGuild(input: { name: \"Other\" }) { guild { id } } }", json!({})).await;
    // Not recorded: requests that change nothing, refused ones, and changes of one's own characters.
    change("mutation { updateGuild(input: { name: \"Other\" }) { guild { id } } }", json!({})).await;
    change(
        "mutation($id: ID!) { updateRank(input: { id: $id, name: \"Boss\" }) { rank { id } } }",
        json!({ "id": rank("Officer") }),
    )
    .await;
    let add_own_character = "mutation {
        createCharacter(input: { name: \"Own\", realm: \"R\", class: MAGE, role: HEALER }) { character { id } }
    }";
    change(add_own_character, json!({})).await;
    leader.refusal("mutation { createMember(input: { discordUsername: \"NEW\" }) { member { id } } }", json!({})).await;

    let mut events = log(&leader).await;
    events.reverse();
    let recorded: Vec<(&str, &str)> =
        events.iter().map(|it| (it["action"].as_str().unwrap(), it["summary"].as_str().unwrap())).collect();
    assert_eq!(
        recorded,
        [
            ("member.create", "Added new as Initiate"),
            ("member.invite", "Issued an invite code for new"),
            ("member.update", "Promoted new: rank from Initiate to Veteran"),
            ("member.update", "Changed new: Discord id"),
            ("member.send_reset_code", "Issued a reset code for member"),
            ("character.create", "Added Z-R, a character of member"),
            ("character.update", "Changed Z-R of member: name from Z to Y"),
            ("character.delete", "Deleted Y-R, a character of member"),
            (
                "rank.update",
                "Changed the rank Officer: name from Officer to Boss, permissions from MEMBERS_MANAGE \
                 MEMBERS_INVITE CAMPAIGNS_MANAGE DISCORD_MANAGE AUDIT_VIEW to no permissions"
            ),
            ("rank.delete", "Deleted the rank Initiate of level 1"),
            ("rank.create", "Created the rank Low at level 1: no permissions"),
            ("guild.update", "Changed the guild: name from gg to Other"),
        ]
    );
    assert!(events.iter().all(|it| it["actor"]["displayName"] == "leader"
        && it["actorRank"] == "Guild Leader"
        && it["actorRankLevel"] == 5));
    assert_eq!(events[0]["subject"], json!({ "__typename": "Member", "id": new }));
    assert_eq!(events[0]["at"], "2026-03-01T20:00:02+00:00");
    assert_eq!(events[7]["subject"], json!(null), "the character is deleted");
    assert_eq!(events[8]["subject"]["__typename"], "Rank");
    assert_eq!(events[11]["subject"]["__typename"], "Guild");
}

#[on_both]
async fn the_log_is_paged_newest_first_and_needs_a_permission(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    for number in 0..5 {
        leader
            .ok(
                "mutation($name: String!) { createMember(input: { discordUsername: $name }) { member { id } } }",
                json!({ "name": format!("n{number}") }),
            )
            .await;
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    let page = leader.ok(LOG, json!({ "first": 2 })).await["auditLog"].clone();
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(5), &json!(true)));
    assert_eq!(strings(&page["nodes"], "/summary"), ["Added n4 as Initiate", "Added n3 as Initiate"]);
    let cursor = page["pageInfo"]["endCursor"].clone();
    let rest = leader.ok(LOG, json!({ "after": cursor })).await["auditLog"].clone();
    assert_eq!(
        strings(&rest["nodes"], "/summary"),
        ["Added n2 as Initiate", "Added n1 as Initiate", "Added n0 as Initiate"]
    );
    let last = leader.ok(LOG, json!({ "last": 2 })).await["auditLog"].clone();
    assert_eq!(strings(&last["nodes"], "/summary"), ["Added n1 as Initiate", "Added n0 as Initiate"]);
    assert_eq!(other.leader().await.refusal(LOG, json!({ "after": cursor })).await, "BAD_USER_INPUT after");
    assert_eq!(log(&other.leader().await).await.len(), 0);
    assert_eq!(member.refusal(LOG, json!({})).await, "FORBIDDEN PERMISSION_REQUIRED");
    assert_eq!(guild.anonymous().refusal(LOG, json!({})).await, "UNAUTHENTICATED");
    // The same viewers see an event by its id.
    let node = "query($id: ID!) { node(id: $id) { ... on AuditEvent { summary } } }";
    let id = json!({ "id": page["nodes"][0]["id"] });
    assert_eq!(leader.ok(node, id.clone()).await["node"]["summary"], "Added n4 as Initiate");
    for stranger in [&member, &guild.anonymous(), &other.leader().await] {
        assert_eq!(stranger.ok(node, id.clone()).await["node"], json!(null));
    }
    let few = leader.count_statements(LOG, json!({ "first": 2 })).await;
    assert_eq!(few, leader.count_statements(LOG, json!({ "first": 5 })).await);
}

#[on_both]
async fn events_of_a_hidden_campaign_are_hidden_too(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let officer = guild.member("officer", "Officer").await;
    let auditor = async_graphql::ID::from(guild.rank("Veteran").id);
    leader.ok(UPDATE_RANK, json!({ "input": { "id": auditor, "permissions": ["AUDIT_VIEW"] } })).await;
    let auditor = guild.member("auditor", "Veteran").await;
    let hidden = TestCampaign::draft(&leader, 2, json!({ "minRankLevelToVote": 5, "minRankLevelToView": 5 })).await;
    let open = TestCampaign::draft(&officer, 2, json!({})).await;
    assert_eq!(actions(&leader).await.len(), 3);
    assert_eq!(actions(&officer).await, ["campaign.create", "rank.update"]);
    assert_eq!(actions(&auditor).await, ["rank.update"], "only managers of campaigns see drafts");
    open.activate(&officer).await;
    assert_eq!(actions(&auditor).await, ["campaign.activate", "campaign.create", "rank.update"]);
    let hidden_event =
        log(&leader).await.iter().find(|it| it["subject"]["id"] == hidden.id.as_str()).unwrap()["id"].clone();
    assert_eq!(officer.ok(NODE_ID, json!({ "id": hidden_event })).await["node"], json!(null));
    // When the campaign is opened later, its earlier events stay hidden.
    let opened = json!({ "input": { "id": hidden.id, "minRankLevelToVote": 1, "minRankLevelToView": null } });
    leader.ok(UPDATE_CAMPAIGN, opened).await;
    assert_eq!(actions(&officer).await, ["campaign.activate", "campaign.create", "campaign.update", "rank.update"]);
    assert_eq!(officer.ok(NODE_ID, json!({ "id": hidden_event })).await["node"], json!(null));
    // Deleting the campaign does not reveal its events.
    leader.ok(DELETE_CAMPAIGN, hidden.vars()).await;
    assert_eq!(officer.ok(NODE_ID, json!({ "id": hidden_event })).await["node"], json!(null));
    assert!(actions(&leader).await.contains(&"campaign.delete".to_owned()));
    assert_eq!(leader.ok(NODE_ID, json!({ "id": hidden_event })).await["node"]["id"], hidden_event);
}

#[on_both]
async fn every_step_of_a_campaign_is_recorded(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let draft = TestCampaign::draft(&officer, 2, json!({ "title": "Mount" })).await;
    let mut expected = vec!["Drafted the vote “Mount”".to_owned()];
    let mut step = async |mutation: &str, variables: Value, summary: &str| {
        app.clock.advance(std::time::Duration::from_secs(1));
        officer.ok(mutation, variables).await;
        expected.push(summary.to_owned());
    };
    let entry = json!({ "id": draft.entries[0] });
    step(
        "mutation($id: ID!) { updateCampaign(input: { id: $id, durationHours: 5 }) { campaign { id } } }",
        draft.vars(),
        "Changed the settings of the vote “Mount”",
    )
    .await;
    step(
        "mutation($id: ID!) { addEntry(input: { campaignId: $id, entry: { name: \"new\" } }) { entry { id } } }",
        draft.vars(),
        "Added the entry new to the vote “Mount”",
    )
    .await;
    step(
        "mutation($id: ID!) { updateEntry(input: { id: $id, name: \"other\" }) { entry { id } } }",
        entry.clone(),
        "Changed the entry other of the vote “Mount”",
    )
    .await;
    step(REMOVE_ENTRY, entry, "Took the entry other off the vote “Mount”").await;
    step(ACTIVATE_CAMPAIGN, draft.vars(), "Set the vote “Mount” live").await;
    step(CLOSE_CAMPAIGN, draft.vars(), "Closed the vote “Mount”").await;
    step(ARCHIVE_CAMPAIGN, draft.vars(), "Archived the vote “Mount”").await;
    expected.reverse();
    let recorded: Vec<String> =
        log(&officer).await.iter().map(|it| it["summary"].as_str().unwrap().to_owned()).collect();
    assert_eq!(recorded, expected);
}
