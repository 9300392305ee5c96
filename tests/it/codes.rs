//! One-time codes: they end with the rights of their issuer.

use guildhall::auth;
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, TestApp, TestGuild,
    documents::{SEND_INVITE, SEND_RESET_CODE, UPDATE_MEMBER, UPDATE_RANK},
    on_both,
};

const REDEEM: [&str; 2] = [
    "mutation($code: String!, $name: String!, $password: String!) {
        register(input: { inviteCode: $code, discordUsername: $name, password: $password }) { member { id } }
    }",
    "mutation($code: String!, $name: String!, $password: String!) {
        resetPassword(input: { resetCode: $code, discordUsername: $name, newPassword: $password }) { member { id } }
    }",
];
const INVALID: [&str; 2] = ["BAD_USER_INPUT INVALID_CODE inviteCode", "BAD_USER_INPUT INVALID_CODE resetCode"];

/// An invite code for `new` and a reset code for `known`.
async fn issue(issuer: &Client<'_>, new: &Client<'_>, known: &Client<'_>) -> [Value; 2] {
    let invite = issuer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    let reset = issuer.ok(SEND_RESET_CODE, json!({ "id": known.id })).await["sendResetCode"]["code"].clone();
    [invite, reset]
}

/// Whether both codes are refused, for the members `new` and `known`.
async fn are_void(guild: &TestGuild<'_>, codes: &[Value; 2]) -> bool {
    let mut refusals = Vec::new();
    for (redeem, (code, name)) in REDEEM.iter().zip(codes.iter().zip(["new", "known"])) {
        let variables = json!({ "code": code, "name": name, "password": PASSWORD });
        let response = guild.anonymous().run(redeem, variables).await;
        refusals.push(response.get("errors").map(|_| crate::support::refusal_in(&response)).unwrap_or_default());
    }
    match &*refusals {
        [invite, reset] if [invite, reset] == INVALID => true,
        [invite, reset] if invite.is_empty() && reset.is_empty() => false,
        _ => panic!("{refusals:?}"),
    }
}

async fn set_rank(by: &Client<'_>, guild: &TestGuild<'_>, member: &Client<'_>, rank: &str) {
    let rank = json!(async_graphql::ID::from(guild.rank(rank).id));
    by.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank } })).await;
}

async fn set_active(by: &Client<'_>, member: &Client<'_>, active: bool) {
    by.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "active": active } })).await;
}

/// A guild's leader, an officer, a new member and a registered one.
async fn people<'t>(guild: &TestGuild<'t>) -> (Client<'t>, Client<'t>, Client<'t>, Client<'t>) {
    let (officer, new) = (guild.member("officer", "Officer").await, guild.unregistered("new", "Member").await);
    (guild.leader().await, officer, new, guild.member("known", "Member").await)
}

#[on_both]
async fn codes_of_a_demoted_issuer_are_void(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer, new, known) = people(&guild).await;
    let codes = issue(&officer, &new, &known).await;
    for rank in ["Veteran", "Member", "Initiate"] {
        set_rank(&leader, &guild, &officer, rank).await;
        assert!(are_void(&guild, &codes).await, "{rank}");
    }
    set_rank(&leader, &guild, &officer, "Officer").await;
    assert!(!are_void(&guild, &codes).await, "the officer may issue such codes again");
}

#[on_both]
async fn codes_of_a_deactivated_issuer_are_void_for_good(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer, new, known) = people(&guild).await;
    let codes = issue(&officer, &new, &known).await;
    for active in [false, true] {
        set_active(&leader, &officer, active).await;
        assert!(are_void(&guild, &codes).await);
    }
    let login = guild.login("officer").await;
    let officer = guild.anonymous().with_token(login["accessToken"].as_str().unwrap());
    assert!(!are_void(&guild, &issue(&officer, &new, &known).await).await);
}

#[on_both]
async fn a_former_leader_cannot_return_by_a_code_for_another_leader(app: TestApp) {
    let guild = app.guild("gg").await;
    let (a, b) = (guild.member("known", "Guild Leader").await, guild.member("b", "Guild Leader").await);
    let new = guild.unregistered("new", "Guild Leader").await;
    let codes = issue(&b, &new, &a).await;
    set_rank(&a, &guild, &b, "Officer").await;
    assert!(are_void(&guild, &codes).await, "an officer cannot issue codes for leaders");
    set_active(&a, &b, false).await;
    assert!(are_void(&guild, &codes).await);
}

#[on_both]
async fn codes_are_void_while_the_issuers_rank_lacks_the_permission(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer, new, known) = people(&guild).await;
    let codes = issue(&officer, &new, &known).await;
    let officers = |permissions: Value| {
        let id = async_graphql::ID::from(guild.rank("Officer").id);
        json!({ "input": { "id": id, "permissions": permissions } })
    };
    leader.ok(UPDATE_RANK, officers(json!(["AUDIT_VIEW"]))).await;
    assert!(are_void(&guild, &codes).await);
    leader.ok(UPDATE_RANK, officers(json!(["MEMBERS_INVITE", "MEMBERS_MANAGE"]))).await;
    // A target that has got a permission which the issuer cannot grant.
    let members = async_graphql::ID::from(guild.rank("Member").id);
    leader.ok(UPDATE_RANK, json!({ "input": { "id": members, "permissions": ["AUDIT_VIEW"] } })).await;
    assert!(are_void(&guild, &codes).await);
    leader.ok(UPDATE_RANK, json!({ "input": { "id": members, "permissions": [] } })).await;
    // Targets that have risen above the issuer's reach.
    for target in [&new, &known] {
        set_rank(&leader, &guild, target, "Officer").await;
    }
    assert!(are_void(&guild, &codes).await);
    for target in [&new, &known] {
        set_rank(&leader, &guild, target, "Veteran").await;
    }
    assert!(!are_void(&guild, &codes).await);
}

#[on_both]
async fn codes_of_the_release_before_are_void_and_an_operators_stay(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer, new, known) = people(&guild).await;
    // A server of the release before stores another code over one that names its issuer, and does not name its own.
    let codes = issue(&officer, &new, &known).await;
    app.execute_sql("UPDATE codes SET issued_hash = 'another'").await;
    assert!(are_void(&guild, &codes).await);
    app.execute_sql("UPDATE codes SET issued_hash = NULL, issuer_id = NULL").await;
    assert!(are_void(&guild, &codes).await);

    let [_, reset] = issue(&officer, &new, &known).await;
    let (id, guild_id) =
        (guildhall::kernel::id::MemberId::try_from(&async_graphql::ID(new.id.clone())).unwrap(), guild.id);
    let row = app
        .app
        .db
        .read(async move |conn| Ok(guildhall::identity::store::member(conn, guild_id, id).await?))
        .await
        .unwrap();
    let invite = auth::invite(&app.app.accounts, &row.unwrap()).await.unwrap();
    set_rank(&leader, &guild, &new, "Guild Leader").await;
    assert!(!are_void(&guild, &[json!(invite.code), reset]).await);
}

#[on_both]
async fn nobody_can_send_a_reset_code_to_themselves(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer, ..) = people(&guild).await;
    for member in [&leader, &officer] {
        assert_eq!(member.refusal(SEND_RESET_CODE, json!({ "id": member.id })).await, "FORBIDDEN RANK_TOO_LOW");
    }
    assert_eq!(app.count_rows("codes").await, 0);
}
