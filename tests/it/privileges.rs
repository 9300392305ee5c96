//! Whatever members do to each other, nobody gains what nobody gave them, and the guild is led.

use std::collections::HashMap;

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

/// Someone does something, by numbers that pick who and what among those there are.
#[derive(Clone, Debug)]
struct Deed {
    actor: usize,
    act: Act,
}

#[derive(Clone, Debug)]
enum Act {
    Move { whom: usize, to: usize },
    SetActive { whom: usize, active: bool },
    Invite { to: usize },
    MakeRank { level: i64, permissions: u8 },
    EditRank { rank: usize, level: Option<i64>, permissions: Option<u8> },
    DeleteRank { rank: usize },
    TakeAccount { whom: usize, then: usize },
    AddCharacter { whom: usize },
}

fn permissions(bits: u8) -> Vec<&'static str> {
    (0..).zip(PERMISSIONS).filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, name)| name).collect()
}

fn deed() -> impl Strategy<Value = Deed> {
    // The roster starts with seven members; those who come later are picked too.
    let (who, rank, level) = (0..12_usize, 0..8_usize, 1..12_i64);
    let act = prop_oneof![
        4 => (who.clone(), rank.clone()).prop_map(|(whom, to)| Act::Move { whom, to }),
        2 => (who.clone(), any::<bool>()).prop_map(|(whom, active)| Act::SetActive { whom, active }),
        1 => rank.clone().prop_map(|to| Act::Invite { to }),
        1 => (level.clone(), any::<u8>()).prop_map(|(level, permissions)| Act::MakeRank { level, permissions }),
        3 => (rank.clone(), proptest::option::of(level), proptest::option::of(any::<u8>()))
            .prop_map(|(rank, level, permissions)| Act::EditRank { rank, level, permissions }),
        1 => rank.prop_map(|rank| Act::DeleteRank { rank }),
        1 => (who.clone(), 0..8_usize).prop_map(|(whom, then)| Act::TakeAccount { whom, then }),
        1 => who.clone().prop_map(|whom| Act::AddCharacter { whom }),
    ];
    (who, act).prop_map(|(actor, act)| Deed { actor, act })
}

/// What is true of a member.
#[derive(Clone, Debug, PartialEq)]
struct MemberState {
    level: i64,
    permissions: Vec<String>,
    active: bool,
    registered: bool,
    characters: usize,
}

/// The guild as it is: its members by id, and its ranks, highest first.
async fn look(guild: &TestGuild<'_>) -> (Vec<String>, HashMap<String, MemberState>, Vec<String>) {
    let query = "{
        members(first: 100, filter: { active: null }) {
            nodes { id isActive isRegistered characters { id } rank { level permissions } createdAt }
        }
        ranks { id }
    }";
    let data = guild.anonymous().ok(query, json!({})).await;
    let standing = |member: &Value| MemberState {
        level: member["rank"]["level"].as_i64().unwrap(),
        permissions: serde_json::from_value(member["rank"]["permissions"].clone()).unwrap(),
        active: member["isActive"] == true,
        registered: member["isRegistered"] == true,
        characters: member["characters"].as_array().unwrap().len(),
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let members = data["members"]["nodes"].as_array().unwrap();
    let mut ids: Vec<String> = members.iter().map(|member| text(&member["id"])).collect();
    ids.sort();
    let standings = members.iter().map(|member| (text(&member["id"]), standing(member))).collect();
    (ids, standings, data["ranks"].as_array().unwrap().iter().map(|rank| text(&rank["id"])).collect())
}

/// What a deed is as an operation.
fn operation(act: &Act, member: impl Fn(usize) -> String, rank: impl Fn(usize) -> String) -> (&'static str, Value) {
    match act {
        Act::Move { whom, to } => (UPDATE_MEMBER, json!({ "input": { "id": member(*whom), "rankId": rank(*to) } })),
        Act::SetActive { whom, active } => {
            (UPDATE_MEMBER, json!({ "input": { "id": member(*whom), "active": active } }))
        }
        Act::Invite { to } => (
            CREATE_MEMBER,
            json!({ "input": { "discordUsername": format!("m{:x}", rand::random::<u64>()), "rankId": rank(*to) } }),
        ),
        Act::MakeRank { level, permissions: bits } => (
            "mutation($input: CreateRankInput!) { createRank(input: $input) { rank { id } } }",
            json!({ "input": { "name": format!("r{level}"), "level": level, "permissions": permissions(*bits) } }),
        ),
        Act::EditRank { rank: which, level, permissions: bits } => {
            let mut input = json!({ "id": rank(*which) });
            if let Some(level) = level {
                input["level"] = json!(level);
            }
            if let Some(bits) = bits {
                input["permissions"] = json!(permissions(*bits));
            }
            (UPDATE_RANK, json!({ "input": input }))
        }
        Act::DeleteRank { rank: which } => (DELETE_RANK, json!({ "id": rank(*which) })),
        Act::TakeAccount { whom, .. } => (
            "mutation($id: ID!) { sendResetCode(memberId: $id) { code member { discordUsername } } }",
            json!({ "id": member(*whom) }),
        ),
        Act::AddCharacter { whom } => (
            CREATE_CHARACTER,
            json!({ "input": {
                "memberId": member(*whom), "name": format!("c{:x}", rand::random::<u64>()), "realm": "R",
                "class": "MAGE", "role": "HEALER",
            } }),
        ),
    }
}

/// Does all of it, and checks after each deed that it was the actor's to do.
async fn play(app: &TestApp, slug: &str, deeds: Vec<Deed>) -> Result<usize, TestCaseError> {
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
    let mut done = 0;
    for deed in deeds {
        let (ids, before, ranks) = look(&guild).await;
        let pick = |number: usize, of: &[String]| of[number % of.len()].clone();
        let actor_id = pick(deed.actor, &ids);
        let Some(actor) = clients.get(&actor_id) else { continue };
        let (query, variables) = operation(&deed.act, |it| pick(it, &ids), |it| pick(it, &ranks));
        let answer = actor.run(query, variables.clone()).await;
        let (_, after, _) = look(&guild).await;
        let story = format!("{deed:?} by {:?}: {answer}", before[&actor_id]);
        if answer["errors"].is_array() {
            let code = refusal_in(&answer);
            prop_assert!(!code.contains("INTERNAL"), "{story}");
            prop_assert_eq!(&before, &after, "refused, and yet something changed: {}", story);
            continue;
        }
        done += 1;
        let doer = &before[&actor_id];
        prop_assert!(doer.active, "{story}");
        let highest = before.values().map(|it| it.level).max().unwrap_or_default();
        for (id, now) in &after {
            let was = before.get(id);
            if was == Some(now) {
                continue;
            }
            let by_a_leader = doer.level == highest;
            // Whoever was touched was below, or both led, or it was their own character.
            let own = *id == actor_id
                && was.is_some_and(|was| MemberState { characters: was.characters, ..now.clone() } == *was);
            if let Some(was) = was {
                prop_assert!(own || was.level < doer.level || by_a_leader, "{story}");
            }
            prop_assert!(own || now.level < doer.level || by_a_leader, "{story}");
            // And whatever they gained, the doer held.
            let had: &[String] = was.map_or(&[], |was| &was.permissions);
            for gained in now.permissions.iter().filter(|it| !had.contains(it)) {
                prop_assert!(doer.permissions.contains(gained), "{gained}: {story}");
            }
        }
        let top = after.values().map(|it| it.level).max().unwrap_or_default();
        let leads = after.values().any(|it| it.active && it.registered && it.level == top && it.permissions.len() == 7);
        prop_assert!(leads, "nobody leads: {story}");
        if let Act::TakeAccount { then, .. } = deed.act {
            // Whoever holds a code has what its member has, and no more than they had already.
            let target = variables["id"].as_str().unwrap();
            prop_assert!(before[target].permissions.iter().all(|it| doer.permissions.contains(it)), "{story}");
            let issued = &answer["data"]["sendResetCode"];
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
                prop_assert!(level < doer.level || doer.level == highest, "it rose to {level}: {story}");
                let again = guild.anonymous().with_token(token);
                let (_, now, _) = look(&guild).await;
                let held = &now[target].permissions;
                prop_assert!(held.iter().all(|it| doer.permissions.contains(it)), "it opened {held:?}: {story}");
                clients.insert(target.to_owned(), again);
            }
        }
    }
    Ok(done)
}

#[on_both]
async fn nobody_gains_what_nobody_above_gave_and_the_guild_is_led(app: TestApp) {
    let handle = tokio::runtime::Handle::current();
    let played = tokio::task::spawn_blocking(move || {
        let mut number = 0;
        let (app, counter, done) = (app, std::cell::RefCell::new(&mut number), std::cell::Cell::new(0));
        let mut runner = TestRunner::new(Config {
            cases: 16,
            max_shrink_iters: 200,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&proptest::collection::vec(deed(), 40), |deeds| {
            let mut counter = counter.borrow_mut();
            **counter += 1;
            done.set(done.get() + handle.block_on(play(&app, &format!("guild{}", **counter), deeds))?);
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{error}"));
        done.get()
    })
    .await
    .unwrap();
    assert!(played > 60, "too little was allowed to prove anything: {played} deeds");
}
