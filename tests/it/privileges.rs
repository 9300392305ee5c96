//! Random actions of members: no member gains a permission beyond those of the granter, and the guild keeps a leader.

use std::collections::{HashMap, HashSet};

use async_graphql::ID;
use guildhall::{db::Conn, identity};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{
    Client, PERMISSIONS, TestApp, TestGuild,
    documents::{CREATE_CHARACTER, CREATE_MEMBER, DELETE_RANK, UPDATE_MEMBER, UPDATE_RANK},
    on_both, refusal_in,
};

/// An action of a member. The numbers pick members and ranks from the present ones.
#[derive(Clone, Debug)]
struct Attempt {
    actor: usize,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    ChangeRank { target: usize, to: usize },
    SetActive { target: usize, active: bool },
    AddMember { to: usize },
    CreateRank { level: i64, permissions: u32 },
    EditRank { rank: usize, level: Option<i64>, permissions: Option<u32> },
    DeleteRank { rank: usize },
    TakeOverAccount { target: usize, then: usize },
    AddCharacter { target: usize },
}

fn permissions(bits: u32) -> Vec<&'static str> {
    (0..).zip(&*PERMISSIONS).filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, name)| *name).collect()
}

fn attempt() -> impl Strategy<Value = Attempt> {
    // The roster starts with seven members; members added later are picked too.
    let (who, rank, level) = (0..12_usize, 0..8_usize, 1..12_i64);
    let action = prop_oneof![
        4 => (who.clone(), rank.clone()).prop_map(|(target, to)| Action::ChangeRank { target, to }),
        2 => (who.clone(), any::<bool>()).prop_map(|(target, active)| Action::SetActive { target, active }),
        1 => rank.clone().prop_map(|to| Action::AddMember { to }),
        1 => (level.clone(), any::<u32>()).prop_map(|(level, permissions)| Action::CreateRank { level, permissions }),
        3 => (rank.clone(), proptest::option::of(level), proptest::option::of(any::<u32>()))
            .prop_map(|(rank, level, permissions)| Action::EditRank { rank, level, permissions }),
        1 => rank.prop_map(|rank| Action::DeleteRank { rank }),
        1 => (who.clone(), 0..8_usize).prop_map(|(target, then)| Action::TakeOverAccount { target, then }),
        1 => who.clone().prop_map(|target| Action::AddCharacter { target }),
    ];
    (who, action).prop_map(|(actor, action)| Attempt { actor, action })
}

/// A member's rank, state and number of characters.
#[derive(Clone, Debug, PartialEq)]
struct MemberState {
    level: i64,
    permissions: Vec<String>,
    active: bool,
    registered: bool,
    characters: usize,
}

/// The members' ids, the members by id, and the ids of the ranks, highest first.
async fn read_guild(guild: &TestGuild<'_>) -> (Vec<String>, HashMap<String, MemberState>, Vec<String>) {
    let query = "{
        members(first: 100, filter: { active: null }) {
            nodes { id isActive characters { id } rank { level permissions } createdAt }
        }
        ranks { id }
    }";
    let data = guild.anonymous().ok(query, json!({})).await;
    // Visitors don't see who is registered, and every member's token may have ended.
    let id = guild.id;
    let read = async move |conn: &mut Conn| Ok(identity::store::all_members(conn, id).await?);
    let stored = guild.test.app.db.read(read).await.unwrap();
    let registered = stored.iter().filter(|member| member.is_registered());
    let registered: HashSet<String> = registered.map(|member| ID::from(member.id).to_string()).collect();
    let state = |member: &Value| MemberState {
        level: member["rank"]["level"].as_i64().unwrap(),
        permissions: serde_json::from_value(member["rank"]["permissions"].clone()).unwrap(),
        active: member["isActive"] == true,
        registered: member["id"].as_str().is_some_and(|id| registered.contains(id)),
        characters: member["characters"].as_array().unwrap().len(),
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let members = data["members"]["nodes"].as_array().unwrap();
    let mut ids: Vec<String> = members.iter().map(|member| text(&member["id"])).collect();
    ids.sort();
    let states = members.iter().map(|member| (text(&member["id"]), state(member))).collect();
    (ids, states, data["ranks"].as_array().unwrap().iter().map(|rank| text(&rank["id"])).collect())
}

/// The operation of an action.
fn operation(
    action: &Action,
    member: impl Fn(usize) -> String,
    rank: impl Fn(usize) -> String,
) -> (&'static str, Value) {
    match action {
        Action::ChangeRank { target, to } => {
            (UPDATE_MEMBER, json!({ "input": { "id": member(*target), "rankId": rank(*to) } }))
        }
        Action::SetActive { target, active } => {
            (UPDATE_MEMBER, json!({ "input": { "id": member(*target), "active": active } }))
        }
        Action::AddMember { to } => (
            CREATE_MEMBER,
            json!({ "input": { "discordUsername": format!("m{:x}", rand::random::<u64>()), "rankId": rank(*to) } }),
        ),
        Action::CreateRank { level, permissions: bits } => (
            "mutation($input: CreateRankInput!) { createRank(input: $input) { rank { id } } }",
            json!({ "input": { "name": format!("r{level}"), "level": level, "permissions": permissions(*bits) } }),
        ),
        Action::EditRank { rank: which, level, permissions: bits } => {
            let mut input = json!({ "id": rank(*which) });
            if let Some(level) = level {
                input["level"] = json!(level);
            }
            if let Some(bits) = bits {
                input["permissions"] = json!(permissions(*bits));
            }
            (UPDATE_RANK, json!({ "input": input }))
        }
        Action::DeleteRank { rank: which } => (DELETE_RANK, json!({ "id": rank(*which) })),
        Action::TakeOverAccount { target, .. } => (
            "mutation($id: ID!) { sendResetCode(memberId: $id) { code member { discordUsername } } }",
            json!({ "id": member(*target) }),
        ),
        Action::AddCharacter { target } => (
            CREATE_CHARACTER,
            json!({ "input": {
                "memberId": member(*target), "name": format!("c{:x}", rand::random::<u64>()), "realm": "R",
                "class": "MAGE", "role": "HEALER",
            } }),
        ),
    }
}

/// Makes the attempts, checks the guild after each of them, and returns how many were allowed.
async fn run_attempts(app: &TestApp, slug: &str, attempts: Vec<Attempt>) -> Result<usize, TestCaseError> {
    let guild = app.guild(slug).await;
    let mut clients: HashMap<String, Client<'_>> = HashMap::new();
    let leader = guild.leader().await;
    clients.insert(leader.id.clone(), leader);
    for (name, rank) in [
        ("l2", "Guild Leader"),
        ("o1", "Officer"),
        ("o2", "Officer"),
        ("v", "Veteran"),
        ("m", "Member"),
        ("i", "Initiate"),
    ] {
        let client = guild.member(name, rank).await;
        clients.insert(client.id.clone(), client);
    }
    let mut allowed = 0;
    for attempt in attempts {
        let (ids, before, ranks) = read_guild(&guild).await;
        let pick = |number: usize, of: &[String]| of[number % of.len()].clone();
        let actor_id = pick(attempt.actor, &ids);
        let Some(actor) = clients.get(&actor_id) else { continue };
        let (query, variables) = operation(&attempt.action, |it| pick(it, &ids), |it| pick(it, &ranks));
        let response = actor.run(query, variables.clone()).await;
        let (_, after, _) = read_guild(&guild).await;
        let context = format!("{attempt:?} by {:?}: {response}", before[&actor_id]);
        if response["errors"].is_array() {
            let code = refusal_in(&response);
            prop_assert!(!code.contains("INTERNAL"), "{context}");
            prop_assert_eq!(&before, &after, "a refused attempt changed something: {}", context);
            continue;
        }
        allowed += 1;
        let actor_before = &before[&actor_id];
        prop_assert!(actor_before.active, "{context}");
        let highest = before.values().map(|it| it.level).max().unwrap_or_default();
        for (id, now) in &after {
            let was = before.get(id);
            if was == Some(now) {
                continue;
            }
            let by_a_leader = actor_before.level == highest;
            // A changed member ranks below the actor, or the actor leads, or only the actor's own characters changed.
            let own = *id == actor_id
                && was.is_some_and(|was| MemberState { characters: was.characters, ..now.clone() } == *was);
            if let Some(was) = was {
                prop_assert!(own || was.level < actor_before.level || by_a_leader, "{context}");
            }
            prop_assert!(own || now.level < actor_before.level || by_a_leader, "{context}");
            // The actor had each permission that was gained.
            let before_permissions: &[String] = was.map_or(&[], |was| &was.permissions);
            for gained in now.permissions.iter().filter(|it| !before_permissions.contains(it)) {
                prop_assert!(actor_before.permissions.contains(gained), "{gained}: {context}");
            }
        }
        let top = after.values().map(|it| it.level).max().unwrap_or_default();
        let leads = after
            .values()
            .any(|it| it.active && it.registered && it.level == top && it.permissions.len() == PERMISSIONS.len());
        prop_assert!(leads, "no active leader: {context}");
        if let Action::TakeOverAccount { then, .. } = attempt.action {
            // A reset code gives the actor no permission beyond their own.
            let target = variables["id"].as_str().unwrap();
            prop_assert!(
                before[target].permissions.iter().all(|it| actor_before.permissions.contains(it)),
                "{context}"
            );
            let issued = &response["data"]["sendResetCode"];
            let risen = pick(then, &ranks);
            let promote =
                "mutation($input: UpdateMemberInput!) { updateMember(input: $input) { member { rank { level } } } }";
            let led_by = guild.leader().await;
            let promoted = led_by.run(promote, json!({ "input": { "id": target, "rankId": risen } })).await;
            let Some(level) = promoted["data"]["updateMember"]["member"]["rank"]["level"].as_i64() else { continue };
            let reset = "mutation($code: String!, $name: String!) {
                resetPassword(input: {
                    resetCode: $code, discordUsername: $name, newPassword: \"yet another password\"
                }) { accessToken }
            }";
            let taken = guild
                .anonymous()
                .run(reset, json!({ "code": issued["code"], "name": issued["member"]["discordUsername"] }))
                .await;
            if let Some(token) = taken["data"]["resetPassword"]["accessToken"].as_str() {
                prop_assert!(
                    level < actor_before.level || actor_before.level == highest,
                    "the account rose to {level}: {context}"
                );
                let again = guild.anonymous().with_token(token);
                let (_, now, _) = read_guild(&guild).await;
                let held = &now[target].permissions;
                prop_assert!(
                    held.iter().all(|it| actor_before.permissions.contains(it)),
                    "the code gave {held:?}: {context}"
                );
                clients.insert(target.to_owned(), again);
            }
        }
    }
    Ok(allowed)
}

#[on_both]
async fn no_member_gains_ungranted_permissions_and_the_guild_keeps_a_leader(app: TestApp) {
    let handle = tokio::runtime::Handle::current();
    let allowed = tokio::task::spawn_blocking(move || {
        let mut number = 0;
        let (app, counter, allowed) = (app, std::cell::RefCell::new(&mut number), std::cell::Cell::new(0));
        let mut runner = TestRunner::new(Config {
            cases: 16,
            max_shrink_iters: 200,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&proptest::collection::vec(attempt(), 40), |attempts| {
            let mut counter = counter.borrow_mut();
            **counter += 1;
            allowed.set(allowed.get() + handle.block_on(run_attempts(&app, &format!("guild{}", **counter), attempts))?);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
        allowed.get()
    })
    .await
    .unwrap();
    assert!(allowed > 60, "only {allowed} attempts were allowed: too few to prove anything");
}
