//! Sessions, passwords and codes, login throttling, and the cache of viewers.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use guildhall::{
    api::auth_context::{AuthContext, Credentials},
    app::Options,
    auth::LoginLimits,
    engine::Origin,
    kernel::error::Code,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, PASSWORD, TestApp, TestCampaign, TestGuild,
    documents::{AUDIT_COUNT, GUILD_SLUG, LOGIN, REFRESH_SESSION, UPDATE_MEMBER, UPDATE_RANK, WATCH_REVISION},
    next_response, on_both, refusal_in, sql,
};

const SESSIONS: &str = "{ sessions { id userAgent isCurrent createdAt lastUsedAt } }";
const REVOKE: &str = "mutation($id: ID!) { revokeSession(id: $id) { deletedId } }";
const CHANGE: &str = "mutation($old: String!, $new: String!) {
    changePassword(input: { currentPassword: $old, newPassword: $new }) {
        accessToken refreshToken member { displayName }
    }
}";
const SEND_RESET: &str =
    "mutation($id: ID!) { sendResetCode(memberId: $id) { code expiresAt delivery member { id } } }";
const RESET: &str = "mutation($code: String!, $name: String!, $password: String!) {
    resetPassword(input: { resetCode: $code, discordUsername: $name, newPassword: $password }) {
        accessToken member { id }
    }
}";
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
    assert_eq!(one.refusal(CHANGE, wrong).await, "UNAUTHENTICATED BAD_CREDENTIALS currentPassword");
    let short = json!({ "old": PASSWORD, "new": "too short" });
    assert_eq!(one.refusal(CHANGE, short).await, "BAD_USER_INPUT PASSWORD_TOO_SHORT newPassword");
    let long = json!({ "old": PASSWORD, "new": "x".repeat(257) });
    assert_eq!(one.refusal(CHANGE, long).await, "BAD_USER_INPUT newPassword");
    assert_eq!(two.auth_error().await, None, "nothing has changed yet");

    let changed = one.ok(CHANGE, json!({ "old": PASSWORD, "new": NEW })).await["changePassword"].clone();
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
        assert_eq!(guild.anonymous().refusal(RESET, reset_variables(code, name)).await, invalid, "{code} for {name}");
    }
    let short = json!({ "code": code, "name": "someone", "password": "too short" });
    assert_eq!(guild.anonymous().refusal(RESET, short).await, "BAD_USER_INPUT PASSWORD_TOO_SHORT newPassword");
    let reset =
        guild.anonymous().ok(RESET, reset_variables(&code.to_lowercase(), "@SOMEONE")).await["resetPassword"].clone();
    assert_eq!(reset["member"]["id"], member.id.as_str());
    assert_eq!(guild.anonymous().with_token(reset["accessToken"].as_str().unwrap()).auth_error().await, None);
    for old in [&session, &member] {
        assert_eq!(old.auth_error().await, Some(Code::Unauthenticated));
    }
    assert_eq!(guild.anonymous().refusal(RESET, reset_variables(code, "someone")).await, invalid, "used");
    guild.anonymous().ok(LOGIN, json!({ "name": "someone", "password": NEW })).await;
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(guild.anonymous().refusal(RESET, reset_variables(&for_other, "other")).await, invalid, "expired");
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
        guild.anonymous().refusal(RESET, reset_variables(&risen, "member")).await,
        "BAD_USER_INPUT INVALID_CODE resetCode"
    );
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank("Veteran") } })).await;
    guild.anonymous().ok(RESET, reset_variables(&risen, "member")).await;
    for active in [false, true] {
        leader.ok(UPDATE_MEMBER, json!({ "input": { "id": left.id, "active": active } })).await;
        assert_eq!(
            guild.anonymous().refusal(RESET, reset_variables(&of_left, "left")).await,
            "BAD_USER_INPUT INVALID_CODE resetCode"
        );
        if !active {
            assert_eq!(officer.refusal(SEND_RESET, of(&left)).await, "CONFLICT MEMBER_INACTIVE");
        }
    }
    // A leader's code works for any rank of the member.
    let second = reset_code(&leader, &peer).await;
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": peer.id, "rankId": rank("Guild Leader") } })).await;
    guild.anonymous().ok(RESET, reset_variables(&second, "peer")).await;
}

#[on_both]
async fn an_account_is_limited_after_ten_failures(app: TestApp) {
    let guild = app.guild("gg").await;
    let someone = guild.member("someone", "Member").await;
    guild.member("other", "Member").await;
    let wrong = |name: &str| json!({ "name": name, "password": "wrong password" });
    for name in ["someone", "nobody"] {
        for _ in 0..10 {
            assert_eq!(guild.anonymous().refusal(LOGIN, wrong(name)).await, "UNAUTHENTICATED BAD_CREDENTIALS");
            app.clock.advance(Duration::from_secs(6));
        }
        let limited = guild.anonymous().run(LOGIN, wrong(name)).await;
        assert_eq!(refusal_in(&limited), "RATE_LIMITED", "{name}");
        assert_eq!(limited["errors"][0]["extensions"]["retryAfterSeconds"], 15 * 60 - 60 + 1, "{name}");
    }
    let right = json!({ "name": "SOMEONE", "password": PASSWORD });
    assert_eq!(guild.anonymous().refusal(LOGIN, right.clone()).await, "RATE_LIMITED", "the right password too");
    // Other accounts are not limited, and existing sessions stay valid.
    login(&guild, "other").await;
    assert_eq!(someone.auth_error().await, None);
    // Another server counts the same failures.
    let other_server = app.another_server().await;
    let refused = someone.run_on(&other_server, LOGIN, right.clone()).await;
    assert_eq!(refusal_in(&refused), "RATE_LIMITED");
    // Reset codes are counted separately, and the oldest failures expire first.
    let officer = guild.member("officer", "Officer").await;
    let code = reset_code(&officer, &someone).await;
    guild.anonymous().ok(RESET, reset_variables(&code, "someone")).await;
    app.clock.advance(Duration::from_mins(13));
    let right = json!({ "name": "someone", "password": NEW });
    guild.anonymous().ok(LOGIN, right.clone()).await;
    for refusal in ["UNAUTHENTICATED BAD_CREDENTIALS", "RATE_LIMITED"] {
        assert_eq!(guild.anonymous().refusal(LOGIN, wrong("someone")).await, refusal);
    }
}

#[on_both]
async fn concurrent_guesses_count_like_consecutive_ones(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let guess = json!({ "name": "someone", "password": "wrong password" });
    let anyone = guild.anonymous();
    let guesses = (0..40).map(|_| anyone.run(LOGIN, guess.clone()));
    let responses = futures_util::future::join_all(guesses).await;
    let tried = responses.iter().filter(|response| refusal_in(response) == "UNAUTHENTICATED BAD_CREDENTIALS").count();
    assert_eq!(tried, 10);
    // Successful logins do not count.
    guild.member("other", "Member").await;
    let right = json!({ "name": "other", "password": PASSWORD });
    let responses = futures_util::future::join_all((0..40).map(|_| anyone.run(LOGIN, right.clone()))).await;
    assert!(responses.iter().all(|response| response.get("errors").is_none()), "{responses:?}");
}

#[on_both]
async fn guesses_of_codes_and_current_passwords_are_limited_too(app: TestApp) {
    let guild = app.guild("gg").await;
    let member = guild.member("someone", "Member").await;
    let register = "mutation($code: String!, $name: String!, $password: String!) {
        register(input: { inviteCode: $code, discordUsername: $name, password: $password }) { accessToken }
    }";
    let anyone = guild.anonymous();
    for (client, operation, variables, refusal) in [
        (&anyone, register, reset_variables("22222222", "someone"), "BAD_USER_INPUT INVALID_CODE inviteCode"),
        (&anyone, RESET, reset_variables("22222222", "someone"), "BAD_USER_INPUT INVALID_CODE resetCode"),
        (
            &member,
            CHANGE,
            json!({ "old": "wrong password", "new": NEW }),
            "UNAUTHENTICATED BAD_CREDENTIALS currentPassword",
        ),
    ] {
        for _ in 0..10 {
            assert_eq!(client.refusal(operation, variables.clone()).await, refusal);
        }
        assert_eq!(client.refusal(operation, variables).await, "RATE_LIMITED", "{operation}");
    }
}

#[on_both]
async fn attempts_per_address_are_limited(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let served = app.serve().await;
    let login = |name: String| json!({ "query": LOGIN, "variables": { "name": name, "password": "wrong password" } });
    let mut responses = Vec::new();
    for number in 0..105 {
        // The server ignores the `X-Forwarded-For` of an untrusted client.
        let request =
            served.post(&login(format!("nobody{number}"))).header("x-forwarded-for", format!("192.0.2.{number}"));
        responses.push(request.send().await.unwrap().json::<Value>().await.unwrap());
    }
    let limited = responses.iter().filter(|response| refusal_in(response) == "RATE_LIMITED").count();
    assert_eq!(limited, 5);
    assert_eq!(
        responses[104]["errors"][0]["extensions"]["retryAfterSeconds"], 1,
        "100 per minute, restored one by one"
    );
    // Other operations are not limited.
    let query = served.post(&json!({ "query": GUILD_SLUG })).send().await.unwrap();
    assert_eq!(query.json::<Value>().await.unwrap()["data"]["guild"]["slug"], "gg");
    app.clock.advance(Duration::from_mins(1));
    let response = served.post(&login("someone".to_owned())).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(refusal_in(&response), "UNAUTHENTICATED BAD_CREDENTIALS");
}

#[on_both]
async fn login_limits_can_be_set(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let of = |count| NonZeroU32::new(count).unwrap();
    let limits =
        LoginLimits { per_address: of(3), per_pair: of(2), per_account: of(100), window: Duration::from_secs(10) };
    let other_server = app.another_server_with(|server| server.limits = limits).await;
    let wrong = json!({ "name": "someone", "password": "wrong password" });
    let mut responses = Vec::new();
    for _ in 0..3 {
        responses.push(refusal_in(&guild.anonymous().run_on(&other_server, LOGIN, wrong.clone()).await));
    }
    assert_eq!(responses, ["UNAUTHENTICATED BAD_CREDENTIALS", "UNAUTHENTICATED BAD_CREDENTIALS", "RATE_LIMITED"]);
    app.clock.advance(Duration::from_secs(10));
    let response = guild.anonymous().run_on(&other_server, LOGIN, wrong).await;
    assert_eq!(refusal_in(&response), "UNAUTHENTICATED BAD_CREDENTIALS");
    let from_one_address =
        (0..5).map(|_| other_server.accounts.limiter.check_address("192.0.2.1".parse().ok()).is_ok());
    assert_eq!(from_one_address.filter(|is_allowed| *is_allowed).count(), 3);
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
    one.ok(CHANGE, json!({ "old": PASSWORD, "new": NEW })).await;
    assert_eq!(refusal_in(&next_response(&mut kept).await.unwrap()), "UNAUTHENTICATED INVALID_TOKEN");
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
        guild.anonymous().refusal(RESET, reset_variables(&code, "member")).await,
        "BAD_USER_INPUT INVALID_CODE resetCode"
    );
    leader.ok(UPDATE_RANK, json!({ "input": { "id": rank, "permissions": ["AUDIT_VIEW"] } })).await;
    guild.anonymous().ok(RESET, reset_variables(&code, "member")).await;
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
