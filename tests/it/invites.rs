//! Open invites, and invites of many members at once.

use std::time::Duration;

use guildhall::auth;
use serde_json::{Value, json};

use crate::support::{
    Client, LocalDiscord, PASSWORD, TestApp, TestGuild,
    documents::{REGISTER_MEMBER, REVOKE_INVITE, SEND_INVITE, UPDATE_MEMBER},
    on_both, refusal_in, strings, while_time_passes,
};

const OPEN_INVITE: &str = "query($id: ID!) { member(id: $id) {
    openInvite { createdAt expiresAt createdBy { displayName } } viewerActions
} }";
const SEND_INVITES: &str = "mutation($input: SendInvitesInput!) { sendInvites(input: $input) {
    invites { code expiresAt delivery member { id displayName } } refusals { memberId reason message }
} }";

async fn open_invite(viewer: &Client<'_>, member: &Client<'_>) -> Value {
    let shown = viewer.ok(OPEN_INVITE, json!({ "id": member.id })).await["member"].clone();
    let may_revoke = strings(&shown["viewerActions"], "").contains(&"REVOKE_INVITE".to_owned());
    assert_eq!(shown["openInvite"].is_object(), may_revoke, "{shown}");
    shown["openInvite"].clone()
}

async fn register(guild: &TestGuild<'_>, name: &str, code: &Value) -> String {
    let input = json!({ "inviteCode": code, "discordUsername": name, "password": PASSWORD });
    let response = guild.anonymous().run(REGISTER_MEMBER, json!({ "input": input })).await;
    response.get("errors").map(|_| refusal_in(&response)).unwrap_or_default()
}

async fn set_rank(by: &Client<'_>, guild: &TestGuild<'_>, member: &Client<'_>, rank: &str) {
    let rank = json!(async_graphql::ID::from(guild.rank(rank).id));
    by.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank } })).await;
}

#[on_both]
async fn an_open_invite_is_shown_without_its_code_and_revoked(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let new = guild.unregistered("new", "Member").await;
    assert_eq!(open_invite(&officer, &new).await, json!(null));
    let not_invited = officer.refusal(REVOKE_INVITE, json!({ "id": new.id })).await;
    assert_eq!(not_invited, "CONFLICT NOT_INVITED");

    let code = officer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    let shown = open_invite(&leader, &new).await;
    let issued = json!({
        "createdAt": "2026-03-01T20:00:01+00:00", "expiresAt": "2026-03-04T20:00:01+00:00",
        "createdBy": { "displayName": "officer" },
    });
    assert_eq!(shown, issued);
    app.clock.advance(Duration::from_mins(5));
    let second = leader.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    let shown = open_invite(&officer, &new).await;
    assert_eq!(
        (&shown["createdAt"], &shown["createdBy"]["displayName"]),
        (&json!("2026-03-01T20:05:01+00:00"), &json!("leader"))
    );
    assert_eq!(register(&guild, "new", &code).await, "BAD_USER_INPUT INVALID_CODE inviteCode");

    officer.ok(REVOKE_INVITE, json!({ "id": new.id })).await;
    assert_eq!(open_invite(&officer, &new).await, json!(null));
    assert_eq!(register(&guild, "new", &second).await, "BAD_USER_INPUT INVALID_CODE inviteCode");
    let log = r#"{ auditLog(filter: { actions: ["member.revoke_invite"] }) { nodes { action summary } } }"#;
    let event = json!({ "action": "member.revoke_invite", "summary": "Revoked the invite code of new" });
    assert_eq!(leader.ok(log, json!({})).await["auditLog"]["nodes"][0], event);
}

#[on_both]
async fn an_invite_is_revoked_also_while_its_issuer_may_not_invite(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let new = guild.unregistered("new", "Member").await;
    let code = officer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    set_rank(&leader, &guild, &officer, "Initiate").await;
    leader.ok(REVOKE_INVITE, json!({ "id": new.id })).await;
    assert_eq!(leader.refusal(REVOKE_INVITE, json!({ "id": new.id })).await, "CONFLICT NOT_INVITED");
    set_rank(&leader, &guild, &officer, "Officer").await;
    assert_eq!(register(&guild, "new", &code).await, "BAD_USER_INPUT INVALID_CODE inviteCode");
}

#[on_both]
async fn an_invite_is_open_exactly_while_its_code_is_accepted(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let new = guild.unregistered("new", "Member").await;
    let code = officer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    // The code is void while its issuer could not issue it.
    set_rank(&leader, &guild, &officer, "Initiate").await;
    assert_eq!(open_invite(&leader, &new).await, json!(null));
    set_rank(&leader, &guild, &officer, "Officer").await;
    assert!(open_invite(&leader, &new).await.is_object());
    set_rank(&leader, &guild, &new, "Guild Leader").await;
    assert_eq!(open_invite(&leader, &new).await, json!(null));
    set_rank(&leader, &guild, &new, "Member").await;
    app.clock.advance(Duration::from_hours(72));
    assert_eq!(open_invite(&leader, &new).await, json!(null), "expired");
    assert_eq!(leader.refusal(REVOKE_INVITE, json!({ "id": new.id })).await, "CONFLICT NOT_INVITED");
    assert_eq!(register(&guild, "new", &code).await, "BAD_USER_INPUT INVALID_CODE inviteCode");

    let code = officer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    assert_eq!(register(&guild, "new", &code).await, "");
    assert_eq!(open_invite(&leader, &new).await, json!(null), "used");

    // An operator's invite has no issuer.
    let other = guild.member_row("other", "Member", false).await;
    let client = guild.add_members(vec![other.clone()]).await.remove(0);
    auth::invite(&app.app.accounts, &other).await.unwrap();
    let shown = open_invite(&officer, &client).await;
    assert!(shown.is_object() && shown["createdBy"].is_null(), "{shown}");
}

#[on_both]
async fn invites_are_shown_and_revoked_only_by_officers_above_the_member(app: TestApp) {
    let (guild, other_guild) = (app.guild("gg").await, app.guild("other").await);
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let (peer, new) = (guild.unregistered("peer", "Officer").await, guild.unregistered("new", "Member").await);
    for invited in [&peer, &new] {
        leader.ok(SEND_INVITE, json!({ "id": invited.id })).await;
    }
    let member = guild.member("member", "Member").await;
    let refused = member.run(OPEN_INVITE, json!({ "id": new.id })).await;
    assert_eq!(refusal_in(&refused), "FORBIDDEN PERMISSION_REQUIRED");
    assert_eq!(refused["data"]["member"]["openInvite"], json!(null));
    let shown = officer.ok(OPEN_INVITE, json!({ "id": peer.id })).await["member"].clone();
    assert!(shown["openInvite"].is_object(), "the list of invites is complete: {shown}");
    assert_eq!(officer.refusal(REVOKE_INVITE, json!({ "id": peer.id })).await, "FORBIDDEN RANK_TOO_LOW");
    assert_eq!(member.refusal(REVOKE_INVITE, json!({ "id": new.id })).await, "FORBIDDEN PERMISSION_REQUIRED");
    for id in [&new.id, &"TX".to_owned(), &String::new()] {
        assert_eq!(other_guild.leader().await.refusal(REVOKE_INVITE, json!({ "id": id })).await, "NOT_FOUND memberId");
    }
    assert!(open_invite(&officer, &new).await.is_object());
}

#[on_both]
async fn many_members_are_invited_at_once_and_the_others_are_named_with_the_reason(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (one, two) = (guild.unregistered("one", "Member").await, guild.unregistered("two", "Initiate").await);
    let (registered, above) =
        (guild.member("registered", "Member").await, guild.unregistered("above", "Officer").await);
    let mut inactive = guild.member_row("inactive", "Member", false).await;
    inactive.is_active = false;
    let inactive = guild.add_members(vec![inactive]).await.remove(0);
    let former = officer.ok(SEND_INVITE, json!({ "id": one.id })).await["sendInvite"]["code"].clone();
    let ids = [&two.id, &above.id, &one.id, &registered.id, &inactive.id];
    let sent = officer.ok(SEND_INVITES, json!({ "input": { "memberIds": ids } })).await["sendInvites"].clone();
    assert_eq!(strings(&sent["invites"], "/member/displayName"), ["two", "one"], "in the order of the input");
    assert_eq!(strings(&sent["invites"], "/delivery"), ["NOT_CONFIGURED"; 2]);
    assert_eq!(strings(&sent["refusals"], "/reason"), ["RANK_TOO_LOW", "ALREADY_REGISTERED", "MEMBER_INACTIVE"]);
    assert_eq!(strings(&sent["refusals"], "/memberId"), [above.id.as_str(), &registered.id, &inactive.id]);
    assert_eq!(sent["refusals"][1]["message"], "registered is registered already.");
    assert_eq!(register(&guild, "one", &former).await, "BAD_USER_INPUT INVALID_CODE inviteCode");
    assert_eq!(register(&guild, "two", &sent["invites"][1]["code"]).await, "BAD_USER_INPUT INVALID_CODE inviteCode");
    for (number, name) in ["two", "one"].iter().enumerate() {
        assert_eq!(register(&guild, name, &sent["invites"][number]["code"]).await, "", "{name}");
    }
    let log = "{ auditLog(filter: { actions: [\"member.invite\"] }) { nodes { summary } } }";
    let events = officer.ok(log, json!({})).await["auditLog"]["nodes"].clone();
    assert_eq!(events.as_array().unwrap().len(), 3, "{events}");
}

#[on_both]
async fn the_list_of_members_to_invite_is_checked(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let new = guild.unregistered("new", "Member").await;
    let send = async |client: &Client<'_>, ids: Vec<String>| {
        client.refusal(SEND_INVITES, json!({ "input": { "memberIds": ids } })).await
    };
    assert_eq!(send(&officer, Vec::new()).await, "BAD_USER_INPUT memberIds");
    let many = (0..101).map(|number| number.to_string()).collect();
    assert_eq!(send(&officer, many).await, "BAD_USER_INPUT memberIds");
    let twice = vec![new.id.clone(), "other".to_owned(), new.id.clone()];
    assert_eq!(send(&officer, twice).await, "BAD_USER_INPUT memberIds[2]");
    assert_eq!(send(&member, vec![new.id.clone()]).await, "FORBIDDEN PERMISSION_REQUIRED");
    // Unknown members are refused as in other lists of ids: no one is invited.
    let stranger = app.guild("other").await.leader().await.id;
    for unknown in [stranger.as_str(), "nonsense", ""] {
        let ids = vec![new.id.clone(), unknown.to_owned()];
        assert_eq!(send(&officer, ids).await, "NOT_FOUND memberIds[1]");
    }
    let hundred: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let unknown = officer.run(SEND_INVITES, json!({ "input": { "memberIds": hundred } })).await;
    assert_eq!(unknown["errors"][0]["extensions"]["fields"].as_array().unwrap().len(), 100);
    assert_eq!(app.count_rows("codes").await, 0);
}

// Without a bot that delivers, each message waits for its delivery until the time is up.
#[on_both]
async fn invites_wait_for_discord_together(app: TestApp) {
    let discord = LocalDiscord::start().await;
    let app = app.with_bot(&discord).await;
    let guild = app.guild("gg").await;
    let mut rows = Vec::new();
    for number in 0..5_u64 {
        let mut row = guild.member_row(&format!("new{number}"), "Initiate", false).await;
        row.discord_id = Some((700 + number).to_string());
        rows.push(row);
    }
    let mut members = guild.add_members(rows).await;
    members.push(guild.unregistered("unlinked", "Initiate").await);
    members.push(guild.member("registered", "Initiate").await);
    let ids: Vec<&String> = members.iter().map(|member| &member.id).collect();
    let (leader, started) = (guild.leader().await, app.now());
    let sending = leader.ok(SEND_INVITES, json!({ "input": { "memberIds": ids } }));
    // The clock moves only when all five wait at the same time.
    let sending = while_time_passes(&app.clock, 5, Duration::from_secs(2), sending);
    let sent = tokio::time::timeout(Duration::from_secs(30), sending).await.expect("they do not wait together");
    assert_eq!(app.now(), started + Duration::from_secs(2));
    let deliveries = strings(&sent["sendInvites"]["invites"], "/delivery");
    assert_eq!(deliveries, ["QUEUED", "QUEUED", "QUEUED", "QUEUED", "QUEUED", "NOT_LINKED"]);
    assert_eq!(app.count_rows("discord_messages WHERE kind = 'INVITE'").await, 5);

    // New codes replace the messages with the former ones, and a revoked one has none.
    let sending = leader.ok(SEND_INVITES, json!({ "input": { "memberIds": ids[..2] } }));
    while_time_passes(&app.clock, 2, Duration::from_secs(2), sending).await;
    assert_eq!(app.count_rows("discord_messages WHERE kind = 'INVITE'").await, 5);
    leader.ok(REVOKE_INVITE, json!({ "id": members[0].id })).await;
    assert_eq!(app.count_rows("discord_messages WHERE kind = 'INVITE'").await, 4);
}

/// SQLite inserts rows one by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_of_statements_does_not_depend_on_the_number_of_invites() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let discord = LocalDiscord::start().await;
    let app = app.with_bot(&discord).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let mut statements = Vec::new();
    for (start, number) in [(0_usize, 2_usize), (100, 20)] {
        let mut rows = Vec::new();
        for number in start..start + number {
            let mut row = guild.member_row(&format!("new{number}"), "Initiate", false).await;
            row.discord_id = Some((700 + number).to_string());
            rows.push(row);
        }
        let members = guild.add_members(rows).await;
        let ids: Vec<&String> = members.iter().map(|member| &member.id).collect();
        let variables = json!({ "input": { "memberIds": ids } });
        let document = "mutation($input: SendInvitesInput!) { sendInvites(input: $input) { invites { code } } }";
        let counting = leader.count_statements(document, variables);
        statements.push(while_time_passes(&app.clock, number, Duration::from_secs(2), counting).await);
    }
    assert_eq!(statements[0], statements[1], "statements for 2 and for 20 invites");
    let page = "{ members(first: 100) { nodes { openInvite { createdBy { id } } viewerActions } } }";
    let statements = async |page: &str| leader.count_statements_on(&app.another_server().await, page, json!({})).await;
    assert_eq!(statements(page).await, statements(&page.replace("100", "5")).await, "statements of a page");
}

#[on_both]
async fn a_code_is_either_used_or_revoked_or_replaced(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    for round in 0..8 {
        let name = format!("new{round}");
        let new = guild.unregistered(&name, "Member").await;
        let code = leader.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
        let input = json!({ "inviteCode": code, "discordUsername": name, "password": PASSWORD });
        let (variables, input) = (json!({ "id": new.id }), json!({ "input": input }));
        let anyone = guild.anonymous();
        let (registered, revoked, invited) = tokio::join!(
            anyone.run(REGISTER_MEMBER, input),
            officer.run(REVOKE_INVITE, variables.clone()),
            leader.run(SEND_INVITE, variables.clone())
        );
        let is_registered = registered.get("errors").is_none();
        for response in [&registered, &revoked, &invited] {
            assert_ne!(response["errors"][0]["extensions"]["code"], "INTERNAL", "{response}");
        }
        let has_account = leader.ok("query($id: ID!) { member(id: $id) { isRegistered } }", variables.clone()).await;
        assert_eq!(has_account["member"]["isRegistered"], is_registered);
        if is_registered {
            assert_eq!(app.count_rows(&format!("codes WHERE guild_id = {}", guild.id.0)).await, 0, "{invited}");
        }
        app.execute_sql("DELETE FROM codes").await;
    }
}
