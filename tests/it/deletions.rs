//! Deleting members who were added by mistake.

use std::sync::Arc;

use guildhall::db::Conn;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, TestApp, TestCampaign, TestGuild,
    documents::{
        ADD_ENTRY, CREATE_CHARACTER, CREATE_MEMBER, DELETE_MEMBER, ERASE_MEMBER, REGISTER_MEMBER, SEND_INVITE,
        UPDATE_MEMBER,
    },
    on_both, refusal_in, sql,
};

const MEMBER: &str = "query($id: ID!) { member(id: $id) { id viewerActions } }";

/// Deletes a member, and returns the refusal or nothing. The action is listed exactly if it is not refused.
async fn delete(by: &Client<'_>, member: &Client<'_>) -> String {
    let shown = by.ok(MEMBER, json!({ "id": member.id })).await["member"].clone();
    let is_listed = shown["viewerActions"].as_array().unwrap().contains(&json!("DELETE"));
    let response = by.run(DELETE_MEMBER, json!({ "id": member.id })).await;
    assert_eq!(response.get("errors").is_none(), is_listed, "{shown} {response}");
    response.get("errors").map(|_| refusal_in(&response)).unwrap_or_default()
}

#[on_both]
async fn a_member_who_never_registered_is_deleted_with_characters_and_codes(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let new = guild.unregistered("new", "Member").await;
    let character = json!({ "memberId": new.id, "name": "Alt", "realm": "R", "class": "MAGE", "role": "RANGED_DPS" });
    officer.ok(CREATE_CHARACTER, json!({ "input": character })).await;
    let code = officer.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
    let count = async || leader.ok("{ members { totalCount } guild { memberCount } }", json!({})).await;
    assert_eq!(count().await, json!({ "members": { "totalCount": 3 }, "guild": { "memberCount": 3 } }));
    assert_eq!(delete(&officer, &new).await, "");
    assert_eq!(count().await, json!({ "members": { "totalCount": 2 }, "guild": { "memberCount": 2 } }));
    for table in ["characters", "codes", "members WHERE discord_username = 'new'"] {
        assert_eq!(app.count_rows(table).await, 0, "{table}");
    }
    let again = officer.refusal(DELETE_MEMBER, json!({ "id": new.id })).await;
    assert_eq!(again, "NOT_FOUND id");
    assert!(new.auth_error().await.is_some(), "an operator's token ends too");
    let input = json!({ "inviteCode": code, "discordUsername": "new", "password": "correct horse battery" });
    let register = guild.anonymous().refusal(REGISTER_MEMBER, json!({ "input": input })).await;
    assert_eq!(register, "BAD_USER_INPUT INVALID_CODE inviteCode");
    let log =
        r#"{ auditLog(filter: { actions: ["member.delete"] }) { nodes { action summary actor { displayName } } } }"#;
    let event = json!({ "action": "member.delete", "summary": "Deleted new", "actor": { "displayName": "officer" } });
    assert_eq!(leader.ok(log, json!({})).await["auditLog"]["nodes"][0], event);
    // The names are free again.
    officer.ok(CREATE_MEMBER, json!({ "input": { "discordUsername": "new" } })).await;
}

#[on_both]
async fn only_unregistered_members_below_the_viewer_are_deleted(app: TestApp) {
    let (guild, other_guild) = (app.guild("gg").await, app.guild("other").await);
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let registered = guild.member("registered", "Member").await;
    assert_eq!(delete(&officer, &registered).await, "CONFLICT ALREADY_REGISTERED");
    let deactivate = json!({ "input": { "id": registered.id, "active": false } });
    officer.ok(UPDATE_MEMBER, deactivate).await;
    assert_eq!(delete(&officer, &registered).await, "CONFLICT ALREADY_REGISTERED");
    officer.ok(ERASE_MEMBER, json!({ "id": registered.id })).await;
    assert_eq!(delete(&officer, &registered).await, "CONFLICT MEMBER_ERASED");
    let (peer, new) = (guild.unregistered("peer", "Officer").await, guild.unregistered("new", "Member").await);
    assert_eq!(delete(&officer, &peer).await, "FORBIDDEN RANK_TOO_LOW");
    assert_eq!(delete(&guild.member("member", "Member").await, &new).await, "FORBIDDEN PERMISSION_REQUIRED");
    assert_eq!(delete(&peer, &peer).await, "FORBIDDEN RANK_TOO_LOW");
    let stranger = other_guild.leader().await;
    for id in [new.id.as_str(), "nonsense", ""] {
        assert_eq!(stranger.refusal(DELETE_MEMBER, json!({ "id": id })).await, "NOT_FOUND id");
    }
    assert_eq!(delete(&leader, &peer).await, "");
    let second = guild.unregistered("second", "Guild Leader").await;
    assert_eq!(delete(&leader, &second).await, "", "a registered leader remains");
    app.execute_sql("UPDATE members SET registered_at = NULL WHERE discord_username = 'leader'").await;
    let third = guild.unregistered("third", "Guild Leader").await;
    assert_eq!(delete(&third, &third).await, "FORBIDDEN RANK_TOO_LOW");
}

#[on_both]
async fn members_whom_votes_are_about_are_not_deleted(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::draft(&leader, 2, json!({})).await;
    let candidate = guild.unregistered("candidate", "Member").await;
    let entry = json!({ "campaignId": campaign.id, "entry": { "name": "A", "associatedMemberId": candidate.id } });
    leader.ok(ADD_ENTRY, json!({ "input": entry })).await;
    assert_eq!(delete(&leader, &candidate).await, "CONFLICT MEMBER_IN_USE");
    // A guild that was moved here has members without an account who have taken part.
    let live = TestCampaign::live(&leader, 2, json!({})).await;
    let (voter, abstainer) = (guild.member("voter", "Member").await, guild.member("abstainer", "Member").await);
    let (author, demoted) = (guild.member("author", "Officer").await, guild.member("demoted", "Member").await);
    live.vote(&voter, &[0]).await;
    TestCampaign::draft(&author, 2, json!({})).await;
    let lowest = json!(async_graphql::ID::from(guild.rank("Initiate").id));
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": demoted.id, "rankId": lowest } })).await;
    app.execute_sql("DELETE FROM audit_events WHERE action LIKE 'campaign%'").await;
    let unregister = "UPDATE members SET registered_at = NULL WHERE discord_username <> 'leader'";
    app.execute_sql(unregister).await;
    for (member, why) in [(&voter, "a ballot"), (&author, "a campaign"), (&demoted, "a lost right to vote")] {
        assert_eq!(delete(&leader, member).await, "CONFLICT MEMBER_IN_USE", "{why}");
    }
    app.execute_sql("UPDATE members SET registered_at = created_at").await;
    live.close(&leader).await;
    app.execute_sql(unregister).await;
    assert_eq!(delete(&leader, &abstainer).await, "CONFLICT MEMBER_IN_USE", "a missed vote");
    // By an operator's token.
    let busy = guild.unregistered("busy", "Officer").await;
    busy.ok(CREATE_MEMBER, json!({ "input": { "discordUsername": "unused" } })).await;
    assert_eq!(delete(&leader, &busy).await, "CONFLICT MEMBER_IN_USE", "an event of the audit log");
}

/// Runs `statement` in a transaction that is committed only when `other` waits for it.
async fn meanwhile(app: &TestApp, statement: String, other: impl Future<Output = Value>) -> Value {
    let (held, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (is_held, released) = (Arc::clone(&held), Arc::clone(&release));
    let holder = app.app.db.write(async move |conn: &mut Conn| {
        sql::execute(conn, &statement).await;
        held.notify_one();
        released.notified().await;
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

/// The internal number of the member, in SQL.
fn number(guild: &TestGuild<'_>, name: &str) -> String {
    format!("SELECT id FROM members WHERE guild_id = {} AND discord_username = '{name}'", guild.id.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_is_not_deleted_while_an_entry_about_them_is_added() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let campaign = TestCampaign::draft(&leader, 2, json!({})).await;
    let (one, two) = (guild.unregistered("one", "Member").await, guild.unregistered("two", "Member").await);
    let refer = format!("UPDATE entries SET associated_member_id = ({}) WHERE name = 'entry 1'", number(&guild, "one"));
    let deleted = meanwhile(&app, refer, leader.run(DELETE_MEMBER, json!({ "id": one.id }))).await;
    assert_eq!(refusal_in(&deleted), "CONFLICT MEMBER_IN_USE");
    // The other way round: the entry comes too late.
    let delete = format!("DELETE FROM members WHERE id = ({})", number(&guild, "two"));
    let entry = json!({ "campaignId": campaign.id, "entry": { "name": "Two", "associatedMemberId": two.id } });
    let added = meanwhile(&app, delete, leader.run(ADD_ENTRY, json!({ "input": entry }))).await;
    assert_eq!(refusal_in(&added), "NOT_FOUND entry.associatedMemberId");
}

#[on_both]
async fn a_member_is_either_registered_or_deleted(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    for round in 0..8 {
        let name = format!("new{round}");
        let new = guild.unregistered(&name, "Member").await;
        let code = leader.ok(SEND_INVITE, json!({ "id": new.id })).await["sendInvite"]["code"].clone();
        let input = json!({ "inviteCode": code, "discordUsername": name, "password": "correct horse battery" });
        let anyone = guild.anonymous();
        let id = json!({ "id": new.id });
        let (registered, deleted, invited) = tokio::join!(
            anyone.run(REGISTER_MEMBER, json!({ "input": input })),
            officer.run(DELETE_MEMBER, id.clone()),
            leader.run(SEND_INVITE, id.clone())
        );
        let outcome = |response: &Value| response.get("errors").map(|_| refusal_in(response)).unwrap_or_default();
        let outcomes = [outcome(&registered), outcome(&deleted)];
        let remains = leader.ok(MEMBER, id).await["member"].is_object();
        match [outcomes[0].as_str(), &outcomes[1]] {
            ["", "CONFLICT ALREADY_REGISTERED"] => assert!(remains),
            ["BAD_USER_INPUT INVALID_CODE inviteCode", ""] => assert!(!remains),
            other => panic!("{other:?}"),
        }
        let invited = outcome(&invited);
        assert!(["", "NOT_FOUND memberId", "CONFLICT ALREADY_REGISTERED"].contains(&&*invited), "{invited}");
    }
}
