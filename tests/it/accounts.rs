//! Accounts: invitations, registration and sessions, and whom a member may change.

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version, password_hash::SaltString};
use guildhall::kernel::error::Code;
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, TestApp,
    documents::{LOGIN, LOGOUT, ME_ID, REFRESH_SESSION},
    on_both,
};

const INVITE: &str = "mutation($id: ID!) { sendInvite(memberId: $id) { code expiresAt delivery member { id } } }";
const REGISTER: &str = "mutation($code: String!, $name: String!, $password: String!) {
    register(input: { inviteCode: $code, discordUsername: $name, password: $password }) {
        accessToken refreshToken accessTokenExpiresAt member { id isRegistered }
    }
}";
const CREATE: &str = "mutation($input: CreateMemberInput!) {
    createMember(input: $input) { member { id displayName discordUsername isRegistered rank { name } } }
}";
const UPDATE: &str = "mutation($input: UpdateMemberInput!) {
    updateMember(input: $input) { member { id displayName isActive rank { name } rankSource } }
}";

fn registration(code: &str, name: &str) -> Value {
    json!({ "code": code, "name": name, "password": PASSWORD })
}

async fn invite(officer: &Client<'_>, member: &Client<'_>) -> String {
    let invited = officer.ok(INVITE, json!({ "id": member.id })).await;
    invited["sendInvite"]["code"].as_str().unwrap().to_owned()
}

#[on_both]
async fn an_invited_member_registers_once_and_is_signed_in(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, new) = (guild.member("officer", "Officer").await, guild.unregistered("New.Guy", "Initiate").await);
    let invited = officer.ok(INVITE, json!({ "id": new.id })).await["sendInvite"].clone();
    assert_eq!(invited["delivery"], "NOT_CONFIGURED");
    assert_eq!(invited["expiresAt"], "2026-03-04T20:00:01+00:00");
    let code = invited["code"].as_str().unwrap();
    assert_eq!(code.len(), 8);
    assert!(code.chars().all(|c| "ABCDEFGHJKMNPQRSTUVWXYZ23456789".contains(c)), "{code}");

    // A refused password does not consume the code, and the code is accepted in lower case.
    let short = json!({ "code": code, "name": "New.Guy", "password": "too short" });
    assert_eq!(guild.anonymous().refusal(REGISTER, short).await, "BAD_USER_INPUT PASSWORD_TOO_SHORT password");
    let registered =
        guild.anonymous().ok(REGISTER, registration(&code.to_lowercase(), "@new.guy")).await["register"].clone();
    assert_eq!(registered["member"], json!({ "id": new.id, "isRegistered": true }));
    let signed_in = guild.anonymous().with_token(registered["accessToken"].as_str().unwrap());
    assert_eq!(signed_in.ok(ME_ID, json!({})).await["me"]["id"], new.id.as_str());

    let used = guild.anonymous().refusal(REGISTER, registration(code, "new.guy")).await;
    assert_eq!(used, "BAD_USER_INPUT INVALID_CODE inviteCode");
    assert_eq!(officer.refusal(INVITE, json!({ "id": new.id })).await, "CONFLICT ALREADY_REGISTERED");
}

#[on_both]
async fn codes_are_read_as_people_paste_them(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let spellings: [fn(&str, &str) -> String; 8] = [
        |start, end| format!("{start}-{end}"),
        |start, end| format!(" {start} {end}\n"),
        |start, end| format!("Code: {start}{end}"),
        |start, end| format!("RESET {start}{end}"),
        |start, end| format!("**`{start}\n{end}`**"),
        |start, end| format!("Your invite code is {start}{end}. Register soon!"),
        |start, end| format!("{start}\u{200b}{end}"),
        |start, end| format!("{start}{end}").chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
    ];
    for (number, spelling) in spellings.into_iter().enumerate() {
        let name = format!("new{number}");
        let new = guild.unregistered(&name, "Member").await;
        let code = invite(&officer, &new).await;
        let pasted = spelling(code.get(..4).unwrap(), code.get(4..).unwrap());
        guild.anonymous().ok(REGISTER, registration(&pasted, &name)).await;
    }
    // What cannot be a code is refused, and is no failure that counts.
    let new = guild.unregistered("new", "Member").await;
    let code = invite(&officer, &new).await;
    for wrong in
        ["", "Code:", code.get(1..).unwrap(), &format!("{code}A"), "O0I1LO0I", "ÄBCDEFGH", &"A".repeat(3_000)].repeat(2)
    {
        let refusal = guild.anonymous().refusal(REGISTER, registration(wrong, "new")).await;
        assert_eq!(refusal, "BAD_USER_INPUT INVALID_CODE inviteCode", "{wrong}");
    }
    guild.anonymous().ok(REGISTER, registration(&code, "new")).await;
}

#[on_both]
async fn a_password_is_the_same_from_every_keyboard(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let sign_in = async |name: &str, password: &str| {
        guild.anonymous().run(LOGIN, json!({ "name": name, "password": password })).await["errors"].is_null()
    };
    let pairs = [
        ("cafe\u{301} raid night", "caf\u{e9} raid night"),
        ("raid\u{a0}night time", "raid night time"),
        ("ｒａｉｄ night", "raid night"),
        ("ﬁre and ice", "fire and ice"),
    ];
    for (number, (typed, other)) in pairs.into_iter().enumerate() {
        let name = format!("new{number}");
        let new = guild.unregistered(&name, "Member").await;
        let registration = json!({ "code": invite(&officer, &new).await, "name": name, "password": typed });
        guild.anonymous().ok(REGISTER, registration).await;
        assert!(sign_in(&name, other).await && sign_in(&name, typed).await, "{typed}");
        assert!(!sign_in(&name, &other.to_uppercase()).await, "the case matters");
    }
    // The length counts after normalization.
    let new = guild.unregistered("short", "Member").await;
    let code = invite(&officer, &new).await;
    let short = json!({ "code": code, "name": "short", "password": "e\u{301}".repeat(9) });
    assert_eq!(guild.anonymous().refusal(REGISTER, short).await, "BAD_USER_INPUT PASSWORD_TOO_SHORT password");
    let long = json!({ "code": code, "name": "short", "password": "e\u{301}".repeat(256) });
    guild.anonymous().ok(REGISTER, long).await;
    assert!(sign_in("short", &"é".repeat(256)).await && sign_in("short", &"e\u{301}".repeat(256)).await);
}

#[on_both]
async fn passwords_that_the_former_release_stored_as_typed_stay_valid(app: TestApp) {
    let typed = "cafe\u{301} raid night";
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let salt = SaltString::encode_b64(b"of the former release").unwrap();
    let guild = app.guild("gg").await;
    let mut row = guild.member_row("former", "Member", true).await;
    row.password_hash = Some(argon2.hash_password(typed.as_bytes(), &salt).unwrap().to_string());
    let member = guild.add_members(vec![row]).await.remove(0);
    guild.anonymous().ok(LOGIN, json!({ "name": "former", "password": typed })).await;
    let change = "mutation($old: String!, $new: String!) {
        changePassword(input: { currentPassword: $old, newPassword: $new }) { member { id } }
    }";
    member.ok(change, json!({ "old": typed, "new": typed })).await;
    guild.anonymous().ok(LOGIN, json!({ "name": "former", "password": "caf\u{e9} raid night" })).await;
}

#[on_both]
async fn a_code_works_for_one_member_until_it_expires_or_is_replaced(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (one, two) = (guild.unregistered("one", "Member").await, guild.unregistered("two", "Member").await);
    let (first, for_two) = (invite(&officer, &one).await, invite(&officer, &two).await);
    let second = invite(&officer, &one).await;
    for (code, name) in
        [(&first, "one"), (&for_two, "one"), (&second, "two"), (&second, "nobody"), (&"22222222".to_owned(), "one")]
    {
        let refusal = guild.anonymous().refusal(REGISTER, registration(code, name)).await;
        assert_eq!(refusal, "BAD_USER_INPUT INVALID_CODE inviteCode", "{code} for {name}");
    }
    app.clock.advance(Duration::from_hours(72));
    let expired = guild.anonymous().refusal(REGISTER, registration(&second, "one")).await;
    assert_eq!(expired, "BAD_USER_INPUT INVALID_CODE inviteCode");
    guild.anonymous().ok(REGISTER, registration(&invite(&officer, &one).await, "one")).await;
}

#[on_both]
async fn sign_in_fails_alike_for_unknown_users_and_wrong_passwords(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("Known", "Member").await;
    guild.unregistered("unregistered", "Member").await;
    let mut gone = guild.member_row("gone", "Member", true).await;
    gone.is_active = false;
    guild.add_members(vec![gone]).await;
    assert_eq!(guild.login(" @KNOWN").await["member"]["displayName"], "Known");
    let mut responses = Vec::new();
    for (name, password) in [
        ("known", "wrong password"),
        ("unknown", PASSWORD),
        ("unregistered", ""),
        ("gone", PASSWORD),
        ("known", &"x".repeat(10_000)),
    ] {
        responses
            .push(guild.anonymous().run(LOGIN, json!({ "name": name, "password": password })).await["errors"].clone());
    }
    assert_eq!(responses[0][0]["extensions"], json!({ "code": "UNAUTHENTICATED", "reason": "BAD_CREDENTIALS" }));
    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:#?}");
}

#[on_both]
async fn signing_out_ends_the_session_at_once(app: TestApp) {
    let guild = app.guild("gg").await;
    guild.member("someone", "Member").await;
    let (one, two) = (guild.login("someone").await, guild.login("someone").await);
    let client = guild.anonymous().with_token(one["accessToken"].as_str().unwrap());
    client.ok(LOGOUT, json!({})).await;
    assert_eq!(client.auth_error().await, Some(Code::Unauthenticated));
    assert_eq!(
        guild.anonymous().refusal(REFRESH_SESSION, json!({ "token": one["refreshToken"] })).await,
        "UNAUTHENTICATED INVALID_TOKEN"
    );
    assert_eq!(guild.anonymous().with_token(two["accessToken"].as_str().unwrap()).auth_error().await, None);
}

#[on_both]
async fn a_token_is_valid_only_in_its_own_guild(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let member = guild.member("someone", "Member").await;
    let token = member.token.clone().unwrap();
    assert_eq!(other.anonymous().with_token(&token).auth_error().await, Some(Code::Unauthenticated));
    assert_eq!(guild.anonymous().with_token("nonsense").auth_error().await, Some(Code::Unauthenticated));
    // The same person is a separate member in each guild.
    other.member("someone", "Officer").await;
    let refresh = guild.login("someone").await["refreshToken"].clone();
    assert_eq!(
        other.anonymous().refusal(REFRESH_SESSION, json!({ "token": refresh })).await,
        "UNAUTHENTICATED INVALID_TOKEN"
    );
    let officer = other.member("officer", "Officer").await;
    assert_eq!(officer.refusal(INVITE, json!({ "id": member.id })).await, "NOT_FOUND memberId");
    assert_eq!(officer.refusal(INVITE, json!({ "id": "nonsense" })).await, "NOT_FOUND memberId");
}

#[on_both]
async fn officers_add_members_below_their_own_rank(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let officer = guild.member("officer", "Officer").await;
    let created =
        officer.ok(CREATE, json!({ "input": { "discordUsername": " @Zoe\u{308} ", "discordId": "0042" } })).await;
    let member = &created["createMember"]["member"];
    assert_eq!(member["displayName"], "Zoë");
    assert_eq!(member["rank"]["name"], "Initiate");
    assert_eq!(member["isRegistered"], false);
    let rank = |name: &str| json!(async_graphql::ID::from(guild.rank(name).id));
    let foreign = json!(async_graphql::ID::from(other.rank("Member").id));
    for (input, refusal) in [
        (json!({ "discordUsername": "ZOË" }), "CONFLICT NAME_TAKEN discordUsername"),
        (json!({ "discordUsername": "x", "discordId": "42" }), "CONFLICT NAME_TAKEN discordId"),
        (json!({ "discordUsername": "x", "discordId": "forty" }), "BAD_USER_INPUT discordId"),
        (json!({ "discordUsername": "  " }), "BAD_USER_INPUT discordUsername"),
        (json!({ "discordUsername": "x".repeat(101) }), "BAD_USER_INPUT discordUsername"),
        (json!({ "discordUsername": "x", "displayName": "a\u{7}b" }), "BAD_USER_INPUT displayName"),
        (json!({ "discordUsername": "x", "rankId": rank("Officer") }), "FORBIDDEN RANK_TOO_LOW rankId"),
        (json!({ "discordUsername": "x", "rankId": rank("Guild Leader") }), "FORBIDDEN RANK_TOO_LOW rankId"),
        (json!({ "discordUsername": "x", "rankId": foreign }), "NOT_FOUND rankId"),
        (json!({ "discordUsername": "x", "rankId": "nonsense" }), "NOT_FOUND rankId"),
    ] {
        assert_eq!(officer.refusal(CREATE, json!({ "input": input })).await, refusal, "{input}");
    }
    officer.ok(CREATE, json!({ "input": { "discordUsername": "vet", "rankId": rank("Veteran") } })).await;
    guild
        .leader()
        .await
        .ok(CREATE, json!({ "input": { "discordUsername": "second", "rankId": rank("Guild Leader") } }))
        .await;
}

#[on_both]
async fn an_officer_changes_only_lower_ranks_and_their_own_display_name(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, peer) = (guild.member("officer", "Officer").await, guild.member("peer", "Officer").await);
    let (veteran, leader) = (guild.member("veteran", "Veteran").await, guild.leader().await);
    let rank = |name: &str| json!(async_graphql::ID::from(guild.rank(name).id));
    for (target, change) in [
        (&peer, json!({ "active": false })),
        (&peer, json!({ "displayName": "Peer" })),
        (&leader, json!({ "rankId": rank("Initiate") })),
        (&officer, json!({ "rankId": rank("Guild Leader") })),
        (&officer, json!({ "rankId": rank("Initiate") })),
        (&officer, json!({ "active": false })),
        (&officer, json!({ "displayName": "Boss", "active": false })),
        (&veteran, json!({ "rankId": rank("Officer") })),
    ] {
        let mut input = change.clone();
        input["id"] = json!(target.id);
        let refused = officer.refusal(UPDATE, json!({ "input": input })).await;
        assert!(refused.starts_with("FORBIDDEN RANK_TOO_LOW"), "{change}: {refused}");
    }
    assert_eq!(officer.refusal(INVITE, json!({ "id": peer.id })).await, "FORBIDDEN RANK_TOO_LOW");
    // Allowed: their own display name, and members of lower ranks.
    let renamed = officer.ok(UPDATE, json!({ "input": { "id": officer.id, "displayName": "Boss" } })).await;
    assert_eq!(renamed["updateMember"]["member"]["displayName"], "Boss");
    let cleared = officer.ok(UPDATE, json!({ "input": { "id": officer.id, "displayName": null } })).await;
    assert_eq!(cleared["updateMember"]["member"]["displayName"], "officer");
    let promoted = officer.ok(UPDATE, json!({ "input": { "id": veteran.id, "rankId": rank("Member") } })).await;
    assert_eq!(promoted["updateMember"]["member"]["rank"]["name"], "Member");
    assert_eq!(promoted["updateMember"]["member"]["rankSource"], "MANUAL");
}

#[on_both]
async fn the_last_registered_leader_cannot_leave_or_step_down(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let officer_rank = json!(async_graphql::ID::from(guild.rank("Officer").id));
    let step_down = json!({ "input": { "id": leader.id, "rankId": officer_rank } });
    let leave = json!({ "input": { "id": leader.id, "active": false } });
    assert_eq!(leader.refusal(UPDATE, step_down.clone()).await, "CONFLICT LAST_LEADER");
    // A leader who has never registered does not count.
    let heir = guild.unregistered("heir", "Guild Leader").await;
    assert_eq!(leader.refusal(UPDATE, leave.clone()).await, "CONFLICT LAST_LEADER");
    let code = invite(&leader, &heir).await;
    guild.anonymous().ok(REGISTER, registration(&code, "heir")).await;
    leader.ok(UPDATE, step_down).await;
    let me = leader.ok("{ me { rank { name } } }", json!({})).await;
    assert_eq!(me["me"]["rank"]["name"], "Officer");
    assert_eq!(
        heir.refusal(UPDATE, json!({ "input": { "id": heir.id, "active": false } })).await,
        "CONFLICT LAST_LEADER"
    );
}

#[on_both]
async fn two_leaders_cannot_deactivate_each_other_at_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let (one, two) = (guild.leader().await, guild.member("two", "Guild Leader").await);
    let leave = |id: &str| json!({ "input": { "id": id, "active": false } });
    let (a, b) = tokio::join!(one.run(UPDATE, leave(&two.id)), two.run(UPDATE, leave(&one.id)));
    let succeeded = [&a, &b].iter().filter(|response| response.get("errors").is_none()).count();
    assert_eq!(succeeded, 1, "{a} {b}");
}

#[on_both]
async fn deactivation_revokes_every_token_and_reactivation_restores_none(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("someone", "Member").await);
    let session = guild.login("someone").await;
    let signed_in = guild.anonymous().with_token(session["accessToken"].as_str().unwrap());
    let set = |active: bool| json!({ "input": { "id": member.id, "active": active } });
    officer.ok(UPDATE, set(false)).await;
    for _ in 0..2 {
        assert_eq!(member.auth_error().await, Some(Code::Unauthenticated), "an operator's token");
        assert_eq!(signed_in.auth_error().await, Some(Code::Unauthenticated), "a session's token");
        let refresh = json!({ "token": session["refreshToken"] });
        assert_eq!(guild.anonymous().refusal(REFRESH_SESSION, refresh).await, "UNAUTHENTICATED INVALID_TOKEN");
        officer.ok(UPDATE, set(true)).await;
    }
    guild.login("someone").await;
}

#[on_both]
async fn a_demotion_takes_effect_on_the_next_request(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    officer.ok(CREATE, json!({ "input": { "discordUsername": "a" } })).await;
    let member_rank = json!(async_graphql::ID::from(guild.rank("Member").id));
    leader.ok(UPDATE, json!({ "input": { "id": officer.id, "rankId": member_rank } })).await;
    let refusal = officer.refusal(CREATE, json!({ "input": { "discordUsername": "b" } })).await;
    assert_eq!(refusal, "FORBIDDEN PERMISSION_REQUIRED");
}
