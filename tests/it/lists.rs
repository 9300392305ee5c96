//! Orders and filters of the lists, and their cursors.

use std::time::Duration;

use async_graphql::ID;
use guildhall::{
    kernel::id::{MemberId, RankId},
    voting::refresh_sort_keys,
};
use serde_json::{Value, json};

use crate::support::{Client, TestApp, TestCampaign, TestGuild, on_both, strings};

const MEMBERS: &str = "query($filter: MemberFilter, $order: MemberOrder, $first: Int, $after: String, $last: Int, \
    $before: String) { members(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, \
    before: $before) { totalCount nodes { discordUsername } pageInfo { startCursor endCursor } } }";
const CAMPAIGNS: &str = "query($filter: CampaignFilter, $order: CampaignOrder, $first: Int, $after: String, $last: Int, \
    $before: String) { campaigns(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, \
    before: $before) { totalCount nodes { title } pageInfo { startCursor endCursor } } }";

/// The names in a list, read whole. Checks that pages of one item, in both directions, have the same names.
async fn listed(client: &Client<'_>, query: &str, pointer: &str, filter: Value, order: Value) -> Vec<String> {
    let read = async |page: Value| {
        let mut variables = json!({ "filter": filter, "order": order });
        variables.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
        let data = client.ok(query, variables).await;
        data.as_object().unwrap().values().next().unwrap().clone()
    };
    let all = read(json!({ "first": 100 })).await;
    let names = strings(&all["nodes"], pointer);
    assert_eq!(all["totalCount"], names.len(), "{order}");
    let (mut forward, mut after) = (Vec::new(), Value::Null);
    let (mut backward, mut before) = (Vec::new(), Value::Null);
    for _ in &names {
        let page = read(json!({ "first": 1, "after": after })).await;
        forward.extend(strings(&page["nodes"], pointer));
        after = page["pageInfo"]["endCursor"].clone();
        let page = read(json!({ "last": 1, "before": before })).await;
        backward.extend(strings(&page["nodes"], pointer));
        before = page["pageInfo"]["startCursor"].clone();
    }
    backward.reverse();
    assert_eq!((&forward, &backward), (&names, &names), "{order}");
    names
}

async fn members(client: &Client<'_>, filter: Value, order: Value) -> Vec<String> {
    listed(client, MEMBERS, "/discordUsername", filter, order).await
}

async fn campaigns(client: &Client<'_>, filter: Value, order: Value) -> Vec<String> {
    listed(client, CAMPAIGNS, "/title", filter, order).await
}

fn order(field: &str, direction: &str) -> Value {
    json!({ "field": field, "direction": direction })
}

/// Adds members who joined an hour after each other, and were last seen in another order, or never.
async fn add_members(guild: &TestGuild<'_>, app: &TestApp) {
    let start = app.now();
    let hours = |hours: i64| start + chrono::TimeDelta::hours(hours);
    let mut rows = Vec::new();
    for (joined, name, rank, seen) in [
        (1, "zoe", "Veteran", Some(9)),
        (2, "anna", "Initiate", None),
        (3, "mia", "Member", Some(3)),
        (4, "ben", "Member", None),
    ] {
        let mut row = guild.member_row(name, rank, true).await;
        row.created_at = hours(joined);
        row.last_seen_at = seen.map(hours);
        rows.push(row);
    }
    guild.add_members(rows).await;
}

#[on_both]
async fn members_are_sorted_in_each_order_and_direction(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    add_members(&guild, &app).await;
    let all = || json!({ "rankLevelAtLeast": 1 });
    for (field, ascending) in [
        ("NAME", ["anna", "ben", "leader", "mia", "officer", "zoe"]),
        ("RANK", ["anna", "ben", "mia", "zoe", "officer", "leader"]),
    ] {
        assert_eq!(members(&officer, all(), order(field, "ASC")).await, ascending, "{field}");
        assert_eq!(members(&officer, all(), json!({ "field": field })).await, ascending, "ascending by default");
    }
    let by_rank = ["leader", "officer", "zoe", "ben", "mia", "anna"];
    assert_eq!(members(&officer, all(), order("RANK", "DESC")).await, by_rank, "names within a rank are ascending");
    assert_eq!(members(&officer, all(), json!(null)).await, by_rank, "the default");
    let by_name = ["zoe", "officer", "mia", "leader", "ben", "anna"];
    assert_eq!(members(&officer, all(), order("NAME", "DESC")).await, by_name);

    let joined = members(&officer, all(), order("JOINED_AT", "ASC")).await;
    assert_eq!(joined[2..], ["zoe", "anna", "mia", "ben"]);
    let joined = members(&officer, all(), order("JOINED_AT", "DESC")).await;
    assert_eq!(joined[..4], ["ben", "mia", "anna", "zoe"]);
    let seen = members(&officer, all(), order("LAST_SEEN_AT", "ASC")).await;
    assert_eq!(seen[4..], ["mia", "zoe"], "members who were never seen come first");
    let seen = members(&officer, all(), order("LAST_SEEN_AT", "DESC")).await;
    assert_eq!(seen[..2], ["zoe", "mia"]);
}

#[on_both]
async fn a_cursor_is_valid_only_in_its_order(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    add_members(&guild, &app).await;
    let fields = ["RANK", "NAME", "JOINED_AT", "LAST_SEEN_AT"];
    let orders: Vec<Value> = fields.iter().flat_map(|field| [order(field, "ASC"), order(field, "DESC")]).collect();
    for order in &orders {
        let page = officer.ok(MEMBERS, json!({ "order": order, "first": 2 })).await;
        let cursor = &page["members"]["pageInfo"]["endCursor"];
        for other in orders.iter().filter(|other| *other != order) {
            let after = json!({ "order": other, "after": cursor });
            assert_eq!(officer.refusal(MEMBERS, after).await, "BAD_USER_INPUT after", "{order} in {other}");
            let before = json!({ "order": other, "before": cursor });
            assert_eq!(officer.refusal(MEMBERS, before).await, "BAD_USER_INPUT before", "{order} in {other}");
        }
    }
    // The default order has a name too.
    let page = officer.ok(MEMBERS, json!({ "first": 2 })).await;
    let cursor = &page["members"]["pageInfo"]["endCursor"];
    officer.ok(MEMBERS, json!({ "order": order("RANK", "DESC"), "after": cursor })).await;
    // Another time of the same rows.
    TestCampaign::draft(&officer, 2, json!({})).await;
    let page = officer.ok(CAMPAIGNS, json!({ "first": 1 })).await;
    let cursor = &page["campaigns"]["pageInfo"]["endCursor"];
    let variables = json!({ "order": order("CLOSES_AT", "DESC"), "after": cursor });
    assert_eq!(officer.refusal(CAMPAIGNS, variables).await, "BAD_USER_INPUT after");
}

#[on_both]
async fn times_that_a_viewer_may_not_read_do_not_sort(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("member", "Member").await;
    let variables = json!({ "order": { "field": "LAST_SEEN_AT" } });
    assert_eq!(member.refusal(MEMBERS, variables.clone()).await, "FORBIDDEN PERMISSION_REQUIRED orderBy");
    assert_eq!(guild.anonymous().refusal(MEMBERS, variables).await, "UNAUTHENTICATED");
}

#[on_both]
async fn members_are_filtered_by_rank_and_characters(app: TestApp) {
    const CREATE: &str = "mutation($input: CreateCharacterInput!) { createCharacter(input: $input) { __typename } }";
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let officer = guild.member("officer", "Officer").await;
    let (ben, mia) = (guild.member("ben", "Member").await, guild.member("mia", "Member").await);
    for (owner, name, class, role) in [
        (&ben, "Bolt", "MAGE", "RANGED_DPS"),
        (&ben, "Bear", "DRUID", "TANK"),
        (&mia, "Moss", "DRUID", "HEALER"),
        (&mia, "Mist", "DRUID", "HEALER"),
    ] {
        let input = json!({ "name": name, "realm": "R", "class": class, "role": role });
        owner.ok(CREATE, json!({ "input": input })).await;
    }
    let found = async |filter: Value| members(&officer, filter, json!({ "field": "NAME" })).await;
    assert_eq!(found(json!({ "class": "DRUID" })).await, ["ben", "mia"], "each member once");
    assert_eq!(found(json!({ "class": "MAGE" })).await, ["ben"]);
    assert_eq!(found(json!({ "role": "TANK" })).await, ["ben"]);
    assert_eq!(found(json!({ "class": "DRUID", "role": "HEALER" })).await, ["mia"]);
    assert!(found(json!({ "class": "MAGE", "role": "TANK" })).await.is_empty(), "both of the same character");
    let rank = |guild: &TestGuild<'_>, name: &str| ID::from(guild.rank(name).id).to_string();
    assert_eq!(found(json!({ "rankId": rank(&guild, "Member") })).await, ["ben", "mia"]);
    assert!(found(json!({ "rankId": rank(&guild, "Officer"), "class": "DRUID" })).await.is_empty());
    for unknown in [rank(&other, "Member"), ID::from(RankId(7)).to_string(), "x".to_owned(), String::new()] {
        assert!(found(json!({ "rankId": unknown })).await.is_empty(), "{unknown}");
    }
    // A new character is counted at once, although the roster's version has not changed.
    assert!(found(json!({ "class": "ROGUE" })).await.is_empty());
    let input = json!({ "name": "Rook", "realm": "R", "class": "ROGUE", "role": "MELEE_DPS" });
    ben.ok(CREATE, json!({ "input": input })).await;
    assert_eq!(found(json!({ "class": "ROGUE" })).await, ["ben"]);
}

#[on_both]
async fn campaigns_are_found_and_sorted(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let mut created = Vec::new();
    for (title, hours) in [("Zul'Gurub", 30), ("Émerald Dream", 10), ("ahn'qiraj", 20)] {
        created.push(TestCampaign::live(&officer, 2, json!({ "title": title, "durationHours": hours })).await);
        app.clock.advance(Duration::from_mins(1));
    }
    TestCampaign::draft(&officer, 2, json!({ "title": "Draft of a dream" })).await;

    let by_title = ["ahn'qiraj", "Draft of a dream", "Émerald Dream", "Zul'Gurub"];
    assert_eq!(campaigns(&officer, json!({}), order("TITLE", "ASC")).await, by_title);
    let descending = ["Zul'Gurub", "Émerald Dream", "Draft of a dream", "ahn'qiraj"];
    assert_eq!(campaigns(&officer, json!({}), json!({ "field": "TITLE" })).await, descending, "descending by default");
    let by_end = ["Émerald Dream", "ahn'qiraj", "Zul'Gurub", "Draft of a dream"];
    assert_eq!(campaigns(&officer, json!({}), order("CLOSES_AT", "ASC")).await, by_end);
    let newest = ["Draft of a dream", "ahn'qiraj", "Émerald Dream", "Zul'Gurub"];
    assert_eq!(campaigns(&officer, json!({}), json!(null)).await, newest);
    assert_eq!(campaigns(&officer, json!({}), order("CREATED_AT", "DESC")).await, newest);

    // Viewers find the titles that they may see.
    let search = json!({ "search": "DREAM" });
    assert_eq!(campaigns(&officer, search.clone(), json!(null)).await, ["Draft of a dream", "Émerald Dream"]);
    assert_eq!(campaigns(&member, search, json!(null)).await, ["Émerald Dream"]);
    assert!(campaigns(&officer, json!({ "search": "%" }), json!(null)).await.is_empty());
    let rename = "mutation($input: UpdateCampaignInput!) { updateCampaign(input: $input) { campaign { id } } }";
    let draft = TestCampaign::draft(&officer, 2, json!({ "title": "Old" })).await;
    officer.ok(rename, json!({ "input": { "id": draft.id, "title": "New" } })).await;
    assert_eq!(campaigns(&officer, json!({ "search": "new" }), json!(null)).await, ["New"]);
    assert!(campaigns(&officer, json!({ "search": "old" }), json!(null)).await.is_empty());
    let long = json!({ "filter": { "search": "x".repeat(201) } });
    assert_eq!(officer.refusal(CAMPAIGNS, long).await, "BAD_USER_INPUT search");

    // Campaigns in which the viewer can vote.
    let (can, cannot) = (json!({ "viewerCanVote": true }), json!({ "viewerCanVote": false }));
    created[1].vote(&member, &[0]).await;
    let titles = order("TITLE", "ASC");
    assert_eq!(campaigns(&member, can.clone(), titles.clone()).await, ["ahn'qiraj", "Zul'Gurub"]);
    assert_eq!(campaigns(&member, cannot.clone(), titles.clone()).await, ["Émerald Dream"]);
    for viewer in [guild.member("initiate", "Initiate").await, guild.anonymous()] {
        assert!(campaigns(&viewer, can.clone(), titles.clone()).await.is_empty());
        assert_eq!(campaigns(&viewer, cannot.clone(), titles.clone()).await.len(), 3);
    }
    // The end counts, even if the server has not closed the campaigns yet.
    app.clock.advance(Duration::from_hours(25));
    let late = guild.member("late", "Member").await;
    let query = "query { campaigns(filter: { viewerCanVote: true }) { nodes { title viewerCanVote } } }";
    let found = late.ok(query, json!({})).await;
    assert_eq!(found["campaigns"]["nodes"], json!([{ "title": "Zul'Gurub", "viewerCanVote": true }]));
}

/// A server of an earlier release writes titles without their sort key.
#[on_both]
async fn titles_of_an_earlier_release_are_found_after_the_start(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    TestCampaign::draft(&officer, 2, json!({ "title": "Karazhan" })).await;
    app.execute_sql("UPDATE campaigns SET sort_key = ''").await;
    let search = json!({ "search": "karazhan" });
    assert!(campaigns(&officer, search.clone(), json!(null)).await.is_empty());
    assert_eq!(refresh_sort_keys(&app.app.db).await.unwrap(), 1);
    assert_eq!(campaigns(&officer, search, json!(null)).await, ["Karazhan"]);
    assert_eq!(refresh_sort_keys(&app.app.db).await.unwrap(), 0);
}

#[on_both]
async fn the_audit_log_is_filtered(app: TestApp) {
    const LOG: &str = "query($filter: AuditFilter) { auditLog(filter: $filter) { totalCount nodes { action at } } }";
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let first = TestCampaign::draft(&officer, 2, json!({})).await;
    app.clock.advance(Duration::from_mins(1));
    let second = TestCampaign::live(&leader, 2, json!({})).await;
    let found = async |filter: Value| {
        let data = officer.ok(LOG, json!({ "filter": filter })).await;
        let mut actions = strings(&data["auditLog"]["nodes"], "/action");
        assert_eq!(data["auditLog"]["totalCount"], actions.len(), "{filter}");
        actions.sort_unstable();
        actions
    };
    assert_eq!(found(json!({})).await.len(), 3);
    assert_eq!(found(json!({ "actorId": officer.id })).await, ["campaign.create"]);
    assert_eq!(found(json!({ "subjectId": second.id })).await, ["campaign.activate", "campaign.create"]);
    assert_eq!(found(json!({ "actions": ["campaign.activate", "unknown"] })).await, ["campaign.activate"]);
    assert_eq!(found(json!({ "actorId": leader.id, "actions": ["campaign.create"] })).await, ["campaign.create"]);
    for nothing in [
        json!({ "actorId": ID::from(MemberId(7)).to_string() }),
        json!({ "actorId": "x" }),
        json!({ "subjectId": "\u{0}" }),
        json!({ "actions": [] }),
        json!({ "from": "2900-01-01T00:00:00Z" }),
        json!({ "to": "0001-01-01T00:00:00Z" }),
        json!({ "actorId": officer.id, "subjectId": second.id }),
    ] {
        assert!(found(nothing.clone()).await.is_empty(), "{nothing}");
    }
    // `from` belongs to the span, `to` does not.
    let event = officer.ok(LOG, json!({ "filter": { "subjectId": first.id } })).await;
    let at = &event["auditLog"]["nodes"][0]["at"];
    assert_eq!(found(json!({ "from": at })).await.len(), 3);
    assert!(found(json!({ "to": at })).await.is_empty());
    let many = json!({ "filter": { "actions": vec!["x"; 101] } });
    assert_eq!(officer.refusal(LOG, many).await, "BAD_USER_INPUT actions");
    // An event that the viewer may not see is not found by its subject.
    let hidden = json!({ "minRankLevelToVote": 5, "minRankLevelToView": 5 });
    let hidden = TestCampaign::draft(&leader, 2, hidden).await;
    assert!(found(json!({ "subjectId": hidden.id })).await.is_empty());
}

#[on_both]
async fn members_change_their_own_display_name(app: TestApp) {
    const UPDATE_ME: &str = "mutation($input: UpdateMeInput!) { updateMe(input: $input) { member { displayName } } }";
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Initiate").await);
    let rename = async |input: Value| {
        let data = member.ok(UPDATE_ME, json!({ "input": input })).await;
        data["updateMe"]["member"]["displayName"].clone()
    };
    assert_eq!(rename(json!({ "displayName": "Thrall" })).await, "Thrall");
    assert_eq!(member.ok("{ me { displayName } }", json!({})).await["me"]["displayName"], "Thrall");
    assert_eq!(rename(json!({})).await, "Thrall", "an absent field stays");
    assert_eq!(rename(json!({ "displayName": null })).await, "member");
    let long = json!({ "input": { "displayName": "x".repeat(101) } });
    assert_eq!(member.refusal(UPDATE_ME, long).await, "BAD_USER_INPUT displayName");
    assert_eq!(guild.anonymous().refusal(UPDATE_ME, json!({ "input": {} })).await, "UNAUTHENTICATED");
    let log = leader.ok("{ auditLog { nodes { action actor { id } } } }", json!({})).await;
    let recorded = json!({ "action": "member.update", "actor": { "id": member.id } });
    assert_eq!(log["auditLog"]["nodes"], json!([recorded, recorded]));
}

#[on_both]
async fn a_longer_page_in_any_order_needs_no_more_statements(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    add_members(&guild, &app).await;
    for title in ["One", "Two", "Three", "Four"] {
        TestCampaign::live(&officer, 2, json!({ "title": title })).await;
    }
    for (query, filter, orders) in [
        (MEMBERS, json!({ "class": "MAGE" }), &["RANK", "NAME", "JOINED_AT", "LAST_SEEN_AT"][..]),
        (MEMBERS, json!({ "rankLevelAtLeast": 1 }), &["RANK", "NAME", "JOINED_AT", "LAST_SEEN_AT"]),
        (CAMPAIGNS, json!({ "viewerCanVote": true, "search": "o" }), &["CREATED_AT", "CLOSES_AT", "TITLE"]),
    ] {
        for field in orders {
            let statements = async |first: i64| {
                let variables = json!({ "filter": filter, "order": { "field": field }, "first": first });
                officer.count_statements(query, variables).await
            };
            // The first may also read what the caches keep.
            statements(2).await;
            assert_eq!(statements(1).await, statements(20).await, "{field}");
            assert!(statements(20).await <= 3, "{field}");
        }
    }
}
