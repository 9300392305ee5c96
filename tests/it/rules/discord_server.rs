//! The channels and roles that a guild can choose from.

use guildhall::discord::{Channel, LinkedServer, Server, ServerMember};
use serde_json::{Value, json};

const VIEW: u64 = 1 << 10;
const SEND: u64 = 1 << 11;
const ADMINISTRATOR: u64 = 1 << 3;

fn bot(roles: &[&str]) -> ServerMember {
    serde_json::from_value(json!({ "user": { "id": "9", "username": "bot", "bot": true }, "roles": roles })).unwrap()
}

/// A server with the id 1, whose role `@everyone` has these permissions.
fn server(everyone: u64, roles: Vec<Value>) -> Server {
    let mut all = vec![json!({ "id": "1", "name": "@everyone", "permissions": everyone.to_string() })];
    all.extend(roles);
    serde_json::from_value(json!({ "id": "1", "name": "server", "owner_id": "8", "roles": all })).unwrap()
}

fn channel(details: Value) -> Channel {
    let mut channel = json!({ "id": "100", "type": 0, "name": "general" });
    if let (Value::Object(channel), Value::Object(details)) = (&mut channel, details) {
        channel.extend(details);
    }
    serde_json::from_value(channel).unwrap()
}

fn overwrite(id: &str, kind: u8, allow: u64, deny: u64) -> Value {
    json!({ "id": id, "type": kind, "allow": allow.to_string(), "deny": deny.to_string() })
}

fn can_post(server: &Server, overwrites: &[Value], bot: &ServerMember) -> bool {
    let channel = channel(json!({ "permission_overwrites": overwrites }));
    !LinkedServer::new(server, &[channel], bot).channels.is_empty()
}

/// A case by name: the server, the overwrites of the channel, the roles of the bot, and whether it may post.
type Case = (&'static str, Server, Vec<Value>, &'static [&'static str], bool);

#[test]
fn the_bot_posts_where_discords_rules_permit_it() {
    let (open, closed) = (server(VIEW | SEND, Vec::new()), server(0, Vec::new()));
    let with_role = |permissions: u64| server(0, vec![json!({ "id": "2", "permissions": permissions.to_string() })]);
    let deny_all = overwrite("1", 0, 0, VIEW | SEND);
    let cases: &[Case] = &[
        ("everyone may", open.clone(), vec![], &[], true),
        ("nobody may", closed.clone(), vec![], &[], false),
        ("it may only see", server(VIEW, Vec::new()), vec![], &[], false),
        ("it may only send", server(SEND, Vec::new()), vec![], &[], false),
        ("its role may", with_role(VIEW | SEND), vec![], &["2"], true),
        ("another role may", with_role(VIEW | SEND), vec![], &["3"], false),
        ("not in this channel", open.clone(), vec![deny_all.clone()], &[], false),
        ("in this channel alone", closed.clone(), vec![overwrite("1", 0, VIEW | SEND, 0)], &[], true),
        (
            "its role in this channel",
            open.clone(),
            vec![deny_all.clone(), overwrite("2", 0, VIEW | SEND, 0)],
            &["2"],
            true,
        ),
        (
            "a role is stronger than everyone",
            open.clone(),
            vec![overwrite("2", 0, VIEW | SEND, 0), deny_all.clone()],
            &["2"],
            true,
        ),
        (
            "one role allows, one denies",
            open.clone(),
            vec![overwrite("2", 0, SEND, 0), overwrite("3", 0, 0, SEND)],
            &["2", "3"],
            true,
        ),
        (
            "it is denied itself",
            open.clone(),
            vec![overwrite("2", 0, SEND, 0), overwrite("9", 1, 0, SEND)],
            &["2"],
            false,
        ),
        ("it is allowed itself", open.clone(), vec![deny_all.clone(), overwrite("9", 1, VIEW | SEND, 0)], &[], true),
        ("a role with its id", open.clone(), vec![overwrite("9", 0, 0, SEND)], &[], true),
        ("an administrator", with_role(ADMINISTRATOR), vec![deny_all.clone()], &["2"], true),
        ("bits of tomorrow", server(1 << 60 | VIEW | SEND, Vec::new()), vec![], &[], true),
    ];
    for (case, server, overwrites, roles, expected) in cases {
        assert_eq!(can_post(server, overwrites, &bot(roles)), *expected, "{case}");
    }
    let owned = Server { owner_id: "9".to_owned(), ..closed };
    assert!(can_post(&owned, &[deny_all], &bot(&[])));
}

#[test]
fn channels_are_in_discords_order() {
    let listed = [
        json!({ "id": "20", "name": "second category", "type": 4, "position": 1 }),
        json!({ "id": "10", "name": "first category", "type": 4, "position": 0 }),
        json!({ "id": "103", "name": "e", "position": 1, "parent_id": "20" }),
        json!({ "id": "102", "name": "c", "position": 7, "parent_id": "10" }),
        json!({ "id": "104", "name": "d", "position": 0, "parent_id": "20", "type": 5 }),
        json!({ "id": "101", "name": "b", "position": 9 }),
        json!({ "id": "100", "name": "a", "position": 9, "parent_id": null }),
        json!({ "id": "99", "name": "voice", "type": 2 }),
    ];
    let channels: Vec<Channel> = listed.into_iter().map(channel).collect();
    let server = LinkedServer::new(&server(VIEW | SEND, Vec::new()), &channels, &bot(&[]));
    let names: Vec<&str> = server.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[test]
fn roles_that_nobody_can_give_are_left_out() {
    let roles = vec![
        json!({ "id": "2", "name": "low", "position": 1, "color": 0 }),
        json!({ "id": "3", "name": "bot", "position": 9, "managed": true }),
        json!({ "id": "5", "name": "newer", "position": 4, "color": 255 }),
        json!({ "id": "4", "name": "older", "position": 4, "color": 0xFF_0000 }),
    ];
    let server = LinkedServer::new(&server(0, roles), &[], &bot(&[]));
    let roles: Vec<(&str, Option<i64>)> = server.roles.iter().map(|role| (role.name.as_str(), role.color)).collect();
    assert_eq!(roles, [("older", Some(0xFF_0000)), ("newer", Some(0xFF)), ("low", None)]);
}

#[test]
fn long_answers_are_cut() {
    let many = |count: usize| (0..count).map(|id| channel(json!({ "id": id.to_string(), "name": "é".repeat(300) })));
    let server = LinkedServer::new(&server(VIEW | SEND, Vec::new()), &many(1_200).collect::<Vec<_>>(), &bot(&[]));
    assert_eq!(server.channels.len(), 1_000);
    assert_eq!(server.channels[0].name.chars().count(), 100);
}
