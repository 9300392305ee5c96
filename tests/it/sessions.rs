//! Sessions, passwords and codes, and the cache of viewers.

use std::{sync::Arc, time::Duration};

use guildhall::{
    api::auth_context::{AuthContext, Credentials},
    app::Options,
    engine::Origin,
    kernel::error::Code,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, PASSWORD, TestApp, TestCampaign, TestGuild,
    documents::{
        AUDIT_COUNT, CHANGE_PASSWORD, LOGIN, LOGOUT_EVERYWHERE, ME_ID, REFRESH_SESSION, RESET_PASSWORD, UPDATE_MEMBER,
        UPDATE_RANK, WATCH_REVISION,
    },
    next_response, on_both, refusal_in, sql,
};

const SESSIONS: &str = "{ sessions { id userAgent isCurrent createdAt lastUsedAt } }";
const REVOKE: &str = "mutation($id: ID!) { revokeSession(id: $id) { deletedId } }";
const SEND_RESET: &str =
    "mutation($id: ID!) { sendResetCode(memberId: $id) { code expiresAt delivery member { id } } }";
const NEW: &str = "another good password";

async fn login<'t>(guild: &TestGuild<'t>, name: &str) -> (Client<'t>, Value) {
    let session = guild.login(name).await;
    (guild.anonymous().with_token(session["accessToken"].as_str().unwrap()), session)
}

async fn reset_code(officer: &Client<'_>, member: &Client<'_>) -> String {
    let sent = officer.ok(SEND_RESET, json!({ "id": member.id })).await;
    sent["sendResetCode"]["code"].as_str().unwrap().to_owned()
}

fn reset_variables(code: &str, name: &str) -> Value {
    json!({ "code": code, "name": name, "password": NEW })
}

#[on_both]
async fn members_see_and_end_their_own_sessions(app: TestApp) {
    let guild = app.guild("gg").await;
    let someone = guild.member("someone", "Member").await;
    guild.member("other", "Member").await;
    let (one, _) = login(&guild, "someone").await;
    app.clock.advance(Duration::from_mins(1));
    let (two, tokens) = login(&guild, "someone").await;
    let (other, _) = login(&guild, "other").await;
    let sessions = one.ok(SESSIONS, json!({})).await["sessions"].clone();
    let current: Vec<&Value> = sessions.as_array().unwrap().iter().map(|it| &it["isCurrent"]).collect();
    assert_eq!(current, [false, true], "the last used first: {sessions}");
    assert_eq!(sessions[0]["userAgent"], "tests");
    assert_eq!(
        someone.ok(SESSIONS, json!({})).await["sessions"].as_array().unwrap().len(),
        2,
        "an operator's token has no session"
    );

    // Another member's session is not found, as a node or by the mutation.
    let node = "query($id: ID!) { node(id: $id) { __typename id } }";
    let id = json!({ "id": sessions[0]["id"] });
    assert_eq!(one.ok(node, id.clone()).await["node"]["__typename"], "Session");
    for stranger in [&other, &guild.anonymous(), &guild.leader().await] {
        assert_eq!(stranger.ok(node, id.clone()).await["node"], json!(null));
    }
    assert_eq!(other.refusal(REVOKE, id.clone()).await, "NOT_FOUND id");
    assert_eq!(guild.leader().await.refusal(REVOKE, id.clone()).await, "NOT_FOUND id");

    assert_eq!(one.ok(REVOKE, id.clone()).await["revokeSession"]["deletedId"], id["id"]);
    assert_eq!(two.auth_error().await, Some(Code::Unauthenticated));
    assert_eq!(
        guild.anonymous().refusal(REFRESH_SESSION, json!({ "token": tokens["refreshToken"] })).await,
        "UNAUTHENTICATED INVALID_TOKEN"
    );
    assert_eq!(one.refusal(REVOKE, id.clone()).await, "NOT_FOUND id");
    assert_eq!(one.ok(node, id).await["node"], json!(null));
    assert_eq!(one.ok(SESSIONS, json!({})).await["sessions"].as_array().unwrap().len(), 1);
    // Sessions that can no longer be renewed are not listed.
    app.clock.advance(Duration::from_hours(24 * 30));
    assert_eq!(someone.auth_error().await, None);
    assert_eq!(someone.ok(SESSIONS, json!({})).await["sessions"], json!([]));
}

#[on_both]
async fn a_new_password_ends_every_other_session(app: TestApp) {
    let guild = app.guild("gg").await;
    let operators = guild.member("someone", "Member").await;
    let (one, first) = login(&guild, "someone").await;
    let (two, second) = login(&guild, "someone").await;
    let wrong = json!({ "old": "not the password", "new": NEW });
    assert_eq!(one.refusal(CHANGE_PASSWORD, wrong).await, "UNAUTHENTICATED BAD_CREDENTIALS currentPassword");
    let short = json!({ "old": PASSWORD, "new": "too short" });
    assert_eq!(one.refusal(CHANGE_PASSWORD, short).await, "BAD_USER_INPUT PASSWORD_TOO_SHORT newPassword");
    let long = json!({ "old": PASSWORD, "new": "x".repeat(257) });
    assert_eq!(one.refusal(CHANGE_PASSWORD, long).await, "BAD_USER_INPUT newPassword");
    assert_eq!(two.auth_error().await, None, "nothing has changed yet");

    let changed = one.ok(CHANGE_PASSWORD, json!({ "old": PASSWORD, "new": NEW })).await["changePassword"].clone();
    let renewed = guild.anonymous().with_token(changed["accessToken"].as_str().unwrap());
    for (client, whose) in [(&one, "its own"), (&two, "another session's"), (&operators, "an operator's")] {
        assert_eq!(client.auth_error().await, Some(Code::Unauthenticated), "{whose} old access token");
    }
    let sessions = renewed.ok(SESSIONS, json!({})).await["sessions"].clone();
    assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["isCurrent"]), (1, &json!(true)));
    assert_eq!(
        guild.anonymous().refusal(REFRESH_SESSION, json!({ "token": second["refreshToken"] })).await,
        "UNAUTHENTICATED INVALID_TOKEN"
    );
    guild.anonymous().ok(REFRESH_SESSION, json!({ "token": changed["refreshToken"] })).await;
    assert_eq!(
        guild.anonymous().refusal(LOGIN, json!({ "name": "someone", "password": PASSWORD })).await,
        "UNAUTHENTICATED BAD_CREDENTIALS"
    );
    guild.anonymous().ok(LOGIN, json!({ "name": "someone", "password": NEW })).await;
    // The password change has replaced the first refresh token.
    assert_eq!(
        guild.anonymous().refusal(REFRESH_SESSION, json!({ "token": first["refreshToken"] })).await,
        "UNAUTHENTICATED INVALID_TOKEN"
    );
    assert_eq!(renewed.auth_error().await, Some(Code::Unauthenticated), "a replay ends the session");
}

#[on_both]
async fn a_reset_code_sets_a_new_password_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("Someone", "Member").await);
    let other = guild.member("other", "Member").await;
    let (session, _) = login(&guild, "someone").await;
    let replaced = reset_code(&officer, &member).await;
    let for_other = reset_code(&officer, &other).await;
    let sent = officer.ok(SEND_RESET, json!({ "id": member.id })).await["sendResetCode"].clone();
    assert_eq!(
        (&sent["delivery"], &sent["expiresAt"]),
        (&json!("NOT_CONFIGURED"), &json!("2026-03-02T20:00:01+00:00"))
    );
    let code = sent["code"].as_str().unwrap();
    let invalid = "BAD_USER_INPUT INVALID_CODE resetCode";
    for (code, name) in
        [(replaced.as_str(), "someone"), (&for_other, "someone"), (code, "other"), (code, "nobody"), ("", "someone")]
    {
        assert_eq!(
            guild.anonymous().refusal(RESET_PASSWORD, reset_variables(code, name)).await,
            invalid,
            "{code} for {name}"
        );
    }
    let short = json!({ "code": code, "name": "someone", "password": "too short" });
    assert_eq!(guild.anonymous().refusal(RESET_PASSWORD, short).await, "BAD_USER_INPUT PASSWORD_TOO_SHORT newPassword");
    let reset =
        guild.anonymous().ok(RESET_PASSWORD, reset_variables(&code.to_lowercase(), "@SOMEONE")).await["resetPassword"]
            .clone();
    assert_eq!(reset["member"]["id"], member.id.as_str());
    assert_eq!(guild.anonymous().with_token(reset["accessToken"].as_str().unwrap()).auth_error().await, None);
    for old in [&session, &member] {
        assert_eq!(old.auth_error().await, Some(Code::Unauthenticated));
    }
    assert_eq!(guild.anonymous().refusal(RESET_PASSWORD, reset_variables(code, "someone")).await, invalid, "used");
    guild.anonymous().ok(LOGIN, json!({ "name": "someone", "password": NEW })).await;
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(
        guild.anonymous().refusal(RESET_PASSWORD, reset_variables(&for_other, "other")).await,
        invalid,
        "expired"
    );
}

#[on_both]
async fn reset_codes_are_issued_only_for_registered_lower_members(app: TestApp) {
    let (guild, foreign) = (app.guild("gg").await, app.guild("hh").await);
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let (peer, new) = (guild.member("peer", "Officer").await, guild.unregistered("new", "Member").await);
    let member = guild.member("member", "Member").await;
    let stranger = foreign.member("stranger", "Member").await;
    let of = |client: &Client<'_>| json!({ "id": client.id });
    for (client, refusal) in [
        (&peer, "FORBIDDEN RANK_TOO_LOW"),
        (&leader, "FORBIDDEN RANK_TOO_LOW"),
        (&officer, "FORBIDDEN RANK_TOO_LOW"),
        (&new, "CONFLICT NOT_REGISTERED"),
        (&stranger, "NOT_FOUND memberId"),
    ] {
        assert_eq!(officer.refusal(SEND_RESET, of(client)).await, refusal);
    }
    assert_eq!(member.refusal(SEND_RESET, of(&new)).await, "FORBIDDEN PERMISSION_REQUIRED");
    // A code fails while its member ranks as high as its issuer, and for good once the member was deactivated.
    let rank = |name: &str| json!(async_graphql::ID::from(guild.rank(name).id));
    let (risen, left) = (reset_code(&officer, &member).await, guild.member("left", "Member").await);
    let of_left = reset_code(&officer, &left).await;
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank("Officer") } })).await;
    assert_eq!(
        guild.anonymous().refusal(RESET_PASSWORD, reset_variables(&risen, "member")).await,
        "BAD_USER_INPUT INVALID_CODE resetCode"
    );
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank("Veteran") } })).await;
    guild.anonymous().ok(RESET_PASSWORD, reset_variables(&risen, "member")).await;
    for active in [false, true] {
        leader.ok(UPDATE_MEMBER, json!({ "input": { "id": left.id, "active": active } })).await;
        assert_eq!(
            guild.anonymous().refusal(RESET_PASSWORD, reset_variables(&of_left, "left")).await,
            "BAD_USER_INPUT INVALID_CODE resetCode"
        );
        if !active {
            assert_eq!(officer.refusal(SEND_RESET, of(&left)).await, "CONFLICT MEMBER_INACTIVE");
        }
    }
    // A leader's code works for any rank of the member.
    let second = reset_code(&leader, &peer).await;
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": peer.id, "rankId": rank("Guild Leader") } })).await;
    guild.anonymous().ok(RESET_PASSWORD, reset_variables(&second, "peer")).await;
}

#[on_both]
async fn a_running_subscription_ends_with_its_session(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, _) = (guild.leader().await, guild.member("someone", "Member").await);
    let campaign = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let (one, _) = login(&guild, "someone").await;
    let (two, _) = login(&guild, "someone").await;
    let (mut kept, mut ended) =
        (one.subscribe(WATCH_REVISION, campaign.vars()).await, two.subscribe(WATCH_REVISION, campaign.vars()).await);
    assert!(next_response(&mut kept).await.is_some() && next_response(&mut ended).await.is_some());
    let sessions = one.ok(SESSIONS, json!({})).await["sessions"].clone();
    let other = sessions.as_array().unwrap().iter().find(|it| it["isCurrent"] == false).unwrap();
    one.ok(REVOKE, json!({ "id": other["id"] })).await;
    assert_eq!(refusal_in(&next_response(&mut ended).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
    one.ok(CHANGE_PASSWORD, json!({ "old": PASSWORD, "new": NEW })).await;
    assert_eq!(refusal_in(&next_response(&mut kept).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
}

#[on_both]
async fn signing_out_everywhere_ends_every_session_and_token(app: TestApp) {
    let guild = app.guild("gg").await;
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    let operators = guild.member("someone", "Member").await;
    guild.member("other", "Member").await;
    let (one, first) = login(&guild, "someone").await;
    let (two, second) = login(&guild, "someone").await;
    let (other, _) = login(&guild, "other").await;
    let mut watching = two.subscribe(WATCH_REVISION, campaign.vars()).await;
    assert!(next_response(&mut watching).await.unwrap().get("errors").is_none());

    assert_eq!(guild.anonymous().refusal(LOGOUT_EVERYWHERE, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(one.ok(LOGOUT_EVERYWHERE, json!({})).await["logoutEverywhere"]["success"], true);
    for (client, whose) in [(&one, "its own"), (&two, "another session's"), (&operators, "an operator's")] {
        assert_eq!(client.auth_error().await, Some(Code::Unauthenticated), "{whose} access token");
    }
    assert_eq!(refusal_in(&next_response(&mut watching).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
    for tokens in [first, second] {
        let refused = guild.anonymous().refusal(REFRESH_SESSION, json!({ "token": tokens["refreshToken"] })).await;
        assert_eq!(refused, "UNAUTHENTICATED INVALID_TOKEN");
    }
    assert_eq!(other.auth_error().await, None);
    let (again, _) = login(&guild, "someone").await;
    assert_eq!(again.ok(SESSIONS, json!({})).await["sessions"].as_array().unwrap().len(), 1);
}

#[on_both]
async fn cached_viewers_need_no_statements(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, someone) = (guild.leader().await, guild.member("someone", "Officer").await);
    let alone = |server: &mut Options| (server.lease, server.has_peers) = (Duration::from_hours(1), Some(false));
    let server = app.another_server_with(alone).await;
    let authenticate = async |client: &Client<'_>| {
        let authorization = format!("Bearer {}", client.token.as_deref().unwrap());
        let credentials = Credentials { guild: Some("gg"), authorization: Some(&authorization) };
        AuthContext::authenticate(&server, credentials, Origin::default()).await.map(|context| context.viewer.unwrap())
    };
    assert_eq!(authenticate(&someone).await.unwrap().rank_level, 4);
    let before = server.db.statements();
    for _ in 0..20 {
        assert_eq!(authenticate(&someone).await.unwrap().rank_level, 4);
    }
    assert_eq!(server.db.statements(), before, "statements of twenty requests");
    // A change on this server updates its cache immediately.
    let demote = json!({ "input": { "id": someone.id, "rankId": async_graphql::ID::from(guild.rank("Member").id) } });
    assert_eq!(leader.run_on(&server, UPDATE_MEMBER, demote).await.get("errors"), None);
    assert_eq!(authenticate(&someone).await.unwrap().rank_level, 2);
}

#[on_both]
async fn a_reset_code_fails_while_its_member_has_permissions_the_issuer_lacks(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let member = guild.member("member", "Member").await;
    let code = reset_code(&officer, &member).await;
    let rank = async_graphql::ID::from(guild.rank("Member").id);
    leader.ok(UPDATE_RANK, json!({ "input": { "id": rank, "permissions": ["RANKS_MANAGE"] } })).await;
    assert_eq!(
        guild.anonymous().refusal(RESET_PASSWORD, reset_variables(&code, "member")).await,
        "BAD_USER_INPUT INVALID_CODE resetCode"
    );
    leader.ok(UPDATE_RANK, json!({ "input": { "id": rank, "permissions": ["AUDIT_VIEW"] } })).await;
    guild.anonymous().ok(RESET_PASSWORD, reset_variables(&code, "member")).await;
}

/// A change that one server has acknowledged applies on every server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demotion_on_one_server_applies_on_all_from_the_next_request() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let other_server = app.another_server().await;
    let _background = guildhall::bot::start(&other_server);
    let rank = |name: &str| json!(async_graphql::ID::from(guild.rank(name).id));
    for _ in 0..20 {
        assert_eq!(officer.run_on(&other_server, AUDIT_COUNT, json!({})).await.get("errors"), None);
        leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": rank("Member") } })).await;
        let refused = officer.run_on(&other_server, AUDIT_COUNT, json!({})).await;
        assert_eq!(refusal_in(&refused), "FORBIDDEN PERMISSION_REQUIRED");
        leader.ok(UPDATE_MEMBER, json!({ "input": { "id": officer.id, "rankId": rank("Officer") } })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_everywhere_on_one_server_applies_on_all_from_the_next_request() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let other_server = app.another_server().await;
    let _background = guildhall::bot::start(&other_server);
    for _ in 0..20 {
        let (one, _) = login(&guild, "someone").await;
        let (two, _) = login(&guild, "someone").await;
        for client in [&one, &two] {
            assert_eq!(client.run_on(&other_server, ME_ID, json!({})).await.get("errors"), None);
        }
        one.ok(LOGOUT_EVERYWHERE, json!({})).await;
        for client in [&one, &two] {
            let refused = client.run_on(&other_server, ME_ID, json!({})).await;
            assert_eq!(refusal_in(&refused), "UNAUTHENTICATED INVALID_TOKEN");
        }
    }
}

/// Locks a member's row until `other` waits for it, then executes `statement` and commits.
async fn with_locked_member<R>(app: &TestApp, statement: String, other: impl Future<Output = R>) -> R {
    let (held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (is_held, released) = (Arc::clone(&held), Arc::clone(&release));
    let holder = app.app.db.write(async move |conn| {
        sql::execute(conn, "SELECT 1 FROM members WHERE discord_username = 'someone' FOR NO KEY UPDATE").await;
        held.notify_one();
        released.notified().await;
        sql::execute(conn, &statement).await;
        Ok(())
    });
    let contention = async {
        is_held.notified().await;
        let waiting = async {
            while sql::lock_waiters(&app.app).await == 0 {}
            release.notify_one();
        };
        tokio::join!(other, waiting).0
    };
    let (held, result) = tokio::join!(holder, contention);
    held.unwrap();
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officers_change_keeps_a_password_that_is_set_meanwhile() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let (officer, someone) = (guild.member("officer", "Officer").await, guild.member("someone", "Member").await);
    let hash = app.app.accounts.hasher.hash(NEW.to_owned()).await.unwrap();
    let change = format!(
        "UPDATE members SET password_hash = '{hash}', credentials_version = credentials_version + 1
         WHERE discord_username = 'someone'"
    );
    let rename = json!({ "input": { "id": someone.id, "displayName": "Renamed" } });
    let renamed = with_locked_member(&app, change, officer.run(UPDATE_MEMBER, rename)).await;
    assert_eq!(renamed.get("errors"), None);
    assert_eq!(someone.auth_error().await, Some(Code::Unauthenticated), "its old token");
    guild.anonymous().ok(LOGIN, json!({ "name": "someone", "password": NEW })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renewal_and_a_password_change_do_not_deadlock() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let (_, tokens) = login(&guild, "someone").await;
    // A password change locks the member first, then the tokens.
    let rotate = "UPDATE refresh_tokens SET rotated_at = '2026-03-01 20:00:00'".to_owned();
    let anyone = guild.anonymous();
    let renewed =
        with_locked_member(&app, rotate, anyone.run(REFRESH_SESSION, json!({ "token": tokens["refreshToken"] }))).await;
    assert_eq!(refusal_in(&renewed), "UNAUTHENTICATED INVALID_TOKEN");
}
