//! The actions that members and ranks list for the viewer, compared with the mutations themselves.

use async_graphql::ID;
use guildhall::{
    db::Conn,
    identity::{self, Member, Rank},
};
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestGuild,
    documents::{
        CREATE_CHARACTER, CREATE_MEMBER, DELETE_MEMBER, DELETE_RANK, ERASE_MEMBER, REVOKE_INVITE, SEND_INVITE,
        SEND_RESET_CODE, UPDATE_MEMBER, UPDATE_RANK,
    },
    on_both, strings,
};

const MEMBER_ACTIONS: &str = "query($id: ID!) { member(id: $id) { viewerActions } }";
const RANK_ACTIONS: &str = "query($id: ID!) { rank(id: $id) { viewerActions } }";
const ALL_MEMBER_ACTIONS: &str = r#"{ __type(name: "MemberAction") { enumValues { name } } }"#;

/// The states that a member can be in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Unregistered,
    Registered,
    Inactive,
    Erased,
}

const STATES: [State; 4] = [State::Unregistered, State::Registered, State::Inactive, State::Erased];

/// Adds a member in this state.
async fn add<'t>(guild: &TestGuild<'t>, rank: &str, state: State) -> Client<'t> {
    let name = format!("m{:x}", rand::random::<u64>());
    let now = guild.test.now();
    let member = Member {
        registered_at: (state == State::Registered).then_some(now),
        password_hash: (state == State::Registered).then(|| "no hash".to_owned()),
        is_active: matches!(state, State::Unregistered | State::Registered),
        erased_at: (state == State::Erased).then_some(now),
        ..guild.member_row(&name, rank, false).await
    };
    guild.add_members(vec![member]).await.remove(0)
}

async fn listed(viewer: &Client<'_>, member: &Client<'_>) -> Vec<String> {
    let shown = viewer.ok(MEMBER_ACTIONS, json!({ "id": member.id })).await;
    strings(&shown["member"]["viewerActions"], "")
}

async fn succeeds(viewer: &Client<'_>, mutation: &str, variables: Value) -> bool {
    let response = viewer.run(mutation, variables).await;
    assert_ne!(response["errors"][0]["extensions"]["code"], "INTERNAL", "{response}");
    response.get("errors").is_none()
}

/// Whether the viewer's mutation of this action changes the member.
async fn can(guild: &TestGuild<'_>, viewer: &Client<'_>, action: &str, member: &Client<'_>, state: State) -> bool {
    let id = &member.id;
    let change = |change: Value| {
        let mut input = json!({ "id": id });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "input": input })
    };
    let is_active = matches!(state, State::Unregistered | State::Registered);
    match action {
        "EDIT" => {
            let name = format!("n{:x}", rand::random::<u64>());
            succeeds(viewer, UPDATE_MEMBER, change(json!({ "discordUsername": name }))).await
        }
        "SET_RANK" => {
            let current = viewer.ok("query($id: ID!) { member(id: $id) { rank { id } } }", json!({ "id": id })).await;
            for rank in guild.ranks.iter().map(|rank| json!(ID::from(rank.id))) {
                if rank != current["member"]["rank"]["id"]
                    && succeeds(viewer, UPDATE_MEMBER, change(json!({ "rankId": rank }))).await
                {
                    return true;
                }
            }
            false
        }
        "DEACTIVATE" => succeeds(viewer, UPDATE_MEMBER, change(json!({ "active": false }))).await && is_active,
        "REACTIVATE" => succeeds(viewer, UPDATE_MEMBER, change(json!({ "active": true }))).await && !is_active,
        "INVITE" => succeeds(viewer, SEND_INVITE, json!({ "id": id })).await,
        "REVOKE_INVITE" => succeeds(viewer, REVOKE_INVITE, json!({ "id": id })).await,
        "SEND_RESET_CODE" => succeeds(viewer, SEND_RESET_CODE, json!({ "id": id })).await,
        "EDIT_CHARACTERS" => {
            let name = format!("c{:x}", rand::random::<u64>());
            let new = json!({ "memberId": id, "name": name, "realm": "R", "class": "MAGE", "role": "RANGED_DPS" });
            succeeds(viewer, CREATE_CHARACTER, json!({ "input": new })).await
        }
        "DELETE" => succeeds(viewer, DELETE_MEMBER, json!({ "id": id })).await,
        "ERASE" => succeeds(viewer, ERASE_MEMBER, json!({ "id": id })).await && state != State::Erased,
        other => panic!("the test knows no mutation for {other}"),
    }
}

/// The viewers that the tests compare: of each level, with some of the permissions, and a permission that they lack in
/// the rank below them.
const VIEWERS: [(&str, &str); 5] = [
    ("Guild Leader", ""),
    ("Officer", "MEMBERS_MANAGE MEMBERS_INVITE RANKS_MANAGE"),
    ("Officer", "MEMBERS_INVITE"),
    ("Officer", "MEMBERS_MANAGE GUILD_MANAGE"),
    ("Member", "RANKS_MANAGE"),
];

/// A viewer of this rank, which then grants these permissions. The rank Veteran grants `GUILD_MANAGE`.
async fn viewer<'t>(guild: &TestGuild<'t>, rank: &str, permissions: &str) -> Client<'t> {
    let ranks = format!(
        "UPDATE ranks SET permissions = '{permissions}' WHERE name = '{rank}';
         UPDATE ranks SET permissions = 'GUILD_MANAGE' WHERE name = 'Veteran'"
    );
    guild.test.execute_sql(&ranks).await;
    // Without an entry in the caches: the statements above notify no server.
    let bump = format!("UPDATE guilds SET roster_version = roster_version + 1 WHERE slug = '{}'", guild.slug);
    guild.test.execute_sql(&bump).await;
    guild.member(&format!("v{:x}", rand::random::<u64>()), rank).await
}

#[on_both]
async fn an_action_on_a_member_is_listed_exactly_if_its_mutation_has_an_effect(app: TestApp) {
    let guild = app.guild("gg").await;
    let all = guild.anonymous().ok(ALL_MEMBER_ACTIONS, json!({})).await;
    let all = strings(&all["__type"]["enumValues"], "/name");
    for (rank, permissions) in VIEWERS {
        let viewer = viewer(&guild, rank, permissions).await;
        for target in ["Initiate", "Veteran", "Officer", "Guild Leader"] {
            for state in STATES {
                let mut member = add(&guild, target, state).await;
                for action in &all {
                    if action == "REVOKE_INVITE" {
                        guild.leader().await.run(SEND_INVITE, json!({ "id": member.id })).await;
                    }
                    let is_listed = listed(&viewer, &member).await.contains(action);
                    let can = can(&guild, &viewer, action, &member, state).await;
                    assert_eq!(is_listed, can, "{action} of {state:?} {target} by {rank} with {permissions}");
                    if can {
                        member = add(&guild, target, state).await;
                    }
                }
            }
        }
        for action in &all {
            let is_listed = listed(&viewer, &viewer).await.contains(action);
            let can = can(&guild, &viewer, action, &viewer, State::Registered).await;
            assert_eq!(is_listed, can, "{action} by {rank} with {permissions} on themselves");
            if can && matches!(action.as_str(), "SET_RANK" | "DEACTIVATE" | "ERASE") {
                break;
            }
        }
    }
}

#[on_both]
async fn no_action_takes_the_last_leader_from_a_guild(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    assert_eq!(listed(&leader, &leader).await, ["EDIT", "EDIT_CHARACTERS"]);
    // One who has no account does not replace the one who has.
    let second = add(&guild, "Guild Leader", State::Unregistered).await;
    assert_eq!(listed(&leader, &leader).await, ["EDIT", "EDIT_CHARACTERS"]);
    let others = ["EDIT", "SET_RANK", "DEACTIVATE", "INVITE", "EDIT_CHARACTERS", "DELETE", "ERASE"];
    assert_eq!(listed(&leader, &second).await, others);
    add(&guild, "Guild Leader", State::Registered).await;
    assert_eq!(listed(&leader, &leader).await, ["EDIT", "SET_RANK", "DEACTIVATE", "EDIT_CHARACTERS"]);
}

/// Inserts a rank as it was.
async fn restore(app: &TestApp, rank: &Rank) {
    let rank = rank.clone();
    let insert = async move |conn: &mut Conn| {
        identity::store::bump_roster_version(conn, rank.guild_id).await?;
        Ok(identity::store::insert_ranks(conn, vec![rank.clone()]).await?)
    };
    app.app.db.write(insert).await.unwrap();
}

#[on_both]
async fn an_action_on_a_rank_is_listed_exactly_if_its_mutation_is_not_refused(app: TestApp) {
    let guild = app.guild("gg").await;
    for (held, state) in [("Initiate", State::Inactive), ("Officer", State::Registered)] {
        add(&guild, held, state).await;
    }
    for (rank, permissions) in VIEWERS {
        let viewer = viewer(&guild, rank, permissions).await;
        for target in &guild.ranks {
            let id = json!(ID::from(target.id));
            let shown = viewer.ok(RANK_ACTIONS, json!({ "id": id })).await;
            let listed = strings(&shown["rank"]["viewerActions"], "");
            let case = format!("{} by {rank} with {permissions}", target.name);
            let text = format!("About {}", rand::random::<u64>());
            let edited = succeeds(&viewer, UPDATE_RANK, json!({ "input": { "id": id, "description": text } })).await;
            assert_eq!(listed.contains(&"EDIT".to_owned()), edited, "EDIT {case}");
            let name = format!("a{:x}", rand::random::<u64>());
            let new = json!({ "input": { "discordUsername": name, "rankId": id } });
            let assigned = succeeds(&viewer, CREATE_MEMBER, new).await;
            assert_eq!(listed.contains(&"ASSIGN".to_owned()), assigned, "ASSIGN {case}");
            if assigned {
                app.execute_sql(&format!(
                    "DELETE FROM audit_events; DELETE FROM members WHERE username_key = '{name}'"
                ))
                .await;
            }
            let deleted = succeeds(&viewer, DELETE_RANK, json!({ "id": id })).await;
            assert_eq!(listed.contains(&"DELETE".to_owned()), deleted, "DELETE {case}");
            if deleted {
                restore(&app, target).await;
            }
        }
    }
}

#[on_both]
async fn visitors_have_no_actions_and_a_page_of_actions_needs_few_statements(app: TestApp) {
    let guild = app.guild("gg").await;
    for rank in ["Initiate", "Officer", "Guild Leader"] {
        for state in STATES {
            for _ in 0..4 {
                add(&guild, rank, state).await;
            }
        }
    }
    let page = "query($first: Int) {
        members(first: $first, filter: { active: null }, orderBy: { field: RANK }) { nodes { viewerActions } }
        ranks { viewerActions }
    }";
    let visitor = guild.anonymous().ok(page, json!({ "first": 100 })).await;
    for list in [&visitor["members"]["nodes"], &visitor["ranks"]] {
        assert!(list.as_array().unwrap().iter().all(|it| it["viewerActions"] == json!([])), "{visitor}");
    }
    for viewer in [guild.leader().await, guild.member("officer", "Officer").await] {
        let statements = async |first: usize| {
            // Afterwards, only what no version of the roster covers is read.
            viewer.ok(page, json!({ "first": first })).await;
            viewer.count_statements(page, json!({ "first": first })).await
        };
        assert_eq!(statements(20).await, statements(100).await, "statements for 20 and for 100 members");
    }
}

// The rights of the viewer may change in the request itself.
#[on_both]
async fn the_response_of_a_mutation_lists_the_actions_after_it(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let second = guild.member("second", "Guild Leader").await;
    let veteran = ID::from(guild.rank("Veteran").id).to_string();
    let step_down = "mutation($input: UpdateMemberInput!, $other: ID!) {
        updateMember(input: $input) { member { viewerActions rank { viewerActions } } }
        again: updateMember(input: { id: $other, displayName: \"Other\" }) { member { viewerActions } }
    }";
    let input = json!({ "id": second.id, "rankId": veteran });
    let response = second.run(step_down, json!({ "input": input, "other": officer.id })).await;
    let own = json!({ "member": { "viewerActions": ["EDIT_CHARACTERS"], "rank": { "viewerActions": [] } } });
    assert_eq!(response["data"], json!({ "updateMember": own, "again": null }), "{response}");
    let raise = "mutation($input: UpdateRankInput!) { updateRank(input: $input) { rank { viewerActions } } }";
    let officers = ID::from(guild.rank("Officer").id).to_string();
    let top = ID::from(guild.rank("Guild Leader").id).to_string();
    let raises = "mutation($top: UpdateRankInput!, $officer: UpdateRankInput!) {
        top: updateRank(input: $top) { rank { viewerActions } }
        officer: updateRank(input: $officer) { rank { viewerActions } }
    }";
    let variables = json!({ "top": { "id": top, "level": 50 }, "officer": { "id": officers, "level": 40 } });
    let raised = leader.ok(raises, variables).await;
    assert_eq!(raised["officer"]["rank"]["viewerActions"], json!(["EDIT", "ASSIGN"]));
    let same = leader.ok(raise, json!({ "input": { "id": top, "level": 50 } })).await;
    assert_eq!(same["updateRank"]["rank"]["viewerActions"], json!(["EDIT", "ASSIGN"]));
}
