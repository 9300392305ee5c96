//! Ranks: creating, changing and deleting them.

use serde_json::{Value, json};

use crate::support::{
    Client, PERMISSIONS, TestApp, TestCampaign, TestGuild,
    documents::{
        AUDIT_COUNT, CAMPAIGN_STATUS, CREATE_MEMBER, DELETE_RANK, SEND_INVITE, SEND_RESET_CODE, UPDATE_MEMBER,
    },
    on_both, strings,
};

const CREATE: &str = "mutation($input: CreateRankInput!) {
    createRank(input: $input) { rank { id name level description permissions discordRoleId memberCount } }
}";
const UPDATE: &str = "mutation($input: UpdateRankInput!) {
    updateRank(input: $input) { rank { id name level description permissions discordRoleId } }
}";

fn id(guild: &TestGuild<'_>, rank: &str) -> Value {
    json!(async_graphql::ID::from(guild.rank(rank).id))
}

async fn create(client: &Client<'_>, name: &str, level: i64, permissions: &[&str]) -> Value {
    let input = json!({ "input": { "name": name, "level": level, "permissions": permissions } });
    client.ok(CREATE, input).await["createRank"]["rank"].clone()
}

#[on_both]
async fn a_rank_is_created_changed_and_deleted(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let input = json!({
        "name": "  Scho\u{308}n ", "level": 7, "permissions": ["AUDIT_VIEW", "AUDIT_VIEW"],
        "description": "Lines\nof text", "discordRoleId": "0042",
    });
    // The leader's rank has level 5, so it is raised first.
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Guild Leader"), "level": 1000 } })).await;
    let created = leader.ok(CREATE, json!({ "input": input })).await["createRank"]["rank"].clone();
    assert_eq!(
        created,
        json!({
            "id": created["id"], "name": "Schön", "level": 7, "description": "Lines\nof text",
            "permissions": ["AUDIT_VIEW"], "discordRoleId": "42", "memberCount": 0,
        })
    );
    let change = json!({ "id": created["id"], "description": null, "discordRoleId": null, "permissions": [] });
    let changed = leader.ok(UPDATE, json!({ "input": change })).await["updateRank"]["rank"].clone();
    assert_eq!(
        changed,
        json!({
            "id": created["id"], "name": "Schön", "level": 7, "description": null, "permissions": [],
            "discordRoleId": null,
        })
    );
    let ladder = leader.ok("{ ranks { name } }", json!({})).await;
    assert_eq!(
        strings(&ladder["ranks"], "/name"),
        ["Guild Leader", "Schön", "Officer", "Veteran", "Member", "Initiate"]
    );
    assert_eq!(leader.ok(DELETE_RANK, json!({ "id": created["id"] })).await["deleteRank"]["deletedId"], created["id"]);
    assert_eq!(leader.refusal(DELETE_RANK, json!({ "id": created["id"] })).await, "NOT_FOUND id");
}

#[on_both]
async fn an_invalid_rank_is_refused_with_the_field(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("hh").await);
    let leader = guild.leader().await;
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Guild Leader"), "level": 100 } })).await;
    for (input, refusal) in [
        (json!({ "name": "VETERAN", "level": 9 }), "CONFLICT NAME_TAKEN name"),
        (json!({ "name": "x", "level": 3 }), "CONFLICT LEVEL_TAKEN level"),
        (json!({ "name": "x", "level": 0 }), "BAD_USER_INPUT level"),
        (json!({ "name": "x", "level": 1001 }), "BAD_USER_INPUT level"),
        (json!({ "name": "x", "level": -5 }), "BAD_USER_INPUT level"),
        (json!({ "name": " ", "level": 9 }), "BAD_USER_INPUT name"),
        (json!({ "name": "a\u{0}b", "level": 9 }), "BAD_USER_INPUT name"),
        (json!({ "name": "x".repeat(51), "level": 9 }), "BAD_USER_INPUT name"),
        (json!({ "name": "x", "level": 9, "description": "x".repeat(5001) }), "BAD_USER_INPUT description"),
        (json!({ "name": "x", "level": 9, "discordRoleId": "role" }), "BAD_USER_INPUT discordRoleId"),
    ] {
        let mut created = input.clone();
        created["permissions"] = json!([]);
        assert_eq!(leader.refusal(CREATE, json!({ "input": created })).await, refusal, "creating {input}");
        let mut changed = input.clone();
        changed["id"] = id(&guild, "Member");
        assert_eq!(leader.refusal(UPDATE, json!({ "input": changed })).await, refusal, "changing to {input}");
    }
    for id in [id(&other, "Member"), json!("nonsense"), json!(leader.id)] {
        assert_eq!(leader.refusal(UPDATE, json!({ "input": { "id": id, "level": 9 } })).await, "NOT_FOUND id");
        assert_eq!(leader.refusal(DELETE_RANK, json!({ "id": id })).await, "NOT_FOUND id");
    }
}

#[on_both]
async fn members_create_and_change_only_lower_ranks(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let held = ["RANKS_MANAGE", "MEMBERS_MANAGE", "DISCORD_MANAGE"];
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Officer"), "permissions": held } })).await;
    let too_low = "FORBIDDEN RANK_TOO_LOW";
    for (level, permissions) in
        [(4, vec![]), (6, vec![]), (1000, vec![]), (2, vec!["AUDIT_VIEW"]), (2, PERMISSIONS.to_vec())]
    {
        let input = json!({ "name": "x", "level": level, "permissions": permissions });
        assert!(officer.refusal(CREATE, json!({ "input": input })).await.starts_with(too_low), "{input}");
    }
    for change in [
        json!({ "id": id(&guild, "Officer"), "name": "Boss" }),
        json!({ "id": id(&guild, "Officer"), "permissions": *PERMISSIONS }),
        json!({ "id": id(&guild, "Officer"), "description": null }),
        json!({ "id": id(&guild, "Guild Leader"), "name": "Boss" }),
        json!({ "id": id(&guild, "Guild Leader"), "level": 1 }),
        json!({ "id": id(&guild, "Veteran"), "level": 4 }),
        json!({ "id": id(&guild, "Veteran"), "level": 9 }),
        json!({ "id": id(&guild, "Veteran"), "permissions": ["GUILD_MANAGE"] }),
        json!({ "id": id(&guild, "Veteran"), "permissions": ["MEMBERS_MANAGE", "CAMPAIGNS_MANAGE"] }),
    ] {
        assert!(officer.refusal(UPDATE, json!({ "input": change })).await.starts_with(too_low), "{change}");
    }
    for rank in ["Officer", "Guild Leader"] {
        assert_eq!(officer.refusal(DELETE_RANK, json!({ "id": id(&guild, rank) })).await, too_low);
    }
    // Allowed: lower ranks, and permissions that the officer has.
    officer.ok(UPDATE, json!({ "input": { "id": id(&guild, "Veteran"), "name": "Elder", "permissions": held } })).await;
    officer.ok(DELETE_RANK, json!({ "id": id(&guild, "Initiate") })).await;
    // An edit may keep a permission of the rank that the officer lacks.
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Member"), "permissions": ["AUDIT_VIEW"] } })).await;
    officer
        .ok(UPDATE, json!({ "input": { "id": id(&guild, "Member"), "permissions": ["AUDIT_VIEW", "MEMBERS_MANAGE"] } }))
        .await;
    // A member without the permission changes no rank.
    let veteran = guild.member("veteran", "Member").await;
    assert_eq!(
        veteran.refusal(DELETE_RANK, json!({ "id": id(&guild, "Member") })).await,
        "FORBIDDEN PERMISSION_REQUIRED"
    );
}

#[on_both]
async fn a_rank_with_permissions_the_officer_lacks_cannot_be_given(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let member = guild.member("member", "Member").await;
    let judge = guild.unregistered("judge", "Member").await;
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Veteran"), "permissions": ["RANKS_MANAGE"] } })).await;
    let too_low = "FORBIDDEN RANK_TOO_LOW";
    let promote = |who: &Client<'_>| json!({ "input": { "id": who.id, "rankId": id(&guild, "Veteran") } });
    assert_eq!(officer.refusal(UPDATE_MEMBER, promote(&member)).await, "FORBIDDEN RANK_TOO_LOW rankId");
    let new = json!({ "input": { "discordUsername": "x", "rankId": id(&guild, "Veteran") } });
    assert_eq!(officer.refusal(CREATE_MEMBER, new).await, "FORBIDDEN RANK_TOO_LOW rankId");
    // Codes for members of that rank are refused too, because with a code the officer could act as them.
    leader.ok(UPDATE_MEMBER, promote(&member)).await;
    leader.ok(UPDATE_MEMBER, promote(&judge)).await;
    assert_eq!(officer.refusal(SEND_RESET_CODE, json!({ "id": member.id })).await, too_low);
    assert_eq!(officer.refusal(SEND_INVITE, json!({ "id": judge.id })).await, too_low);
    // The officer can still rename and demote them.
    officer
        .ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "displayName": "M", "rankId": id(&guild, "Member") } }))
        .await;
}

#[on_both]
async fn the_highest_rank_stays_highest_and_keeps_every_permission(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let highest = id(&guild, "Guild Leader");
    let too_low = "FORBIDDEN RANK_TOO_LOW";
    for change in [
        json!({ "level": 4 }),
        json!({ "level": 2 }),
        json!({ "permissions": [] }),
        json!({ "permissions": ["RANKS_MANAGE"] }),
    ] {
        let mut input = change.clone();
        input["id"] = highest.clone();
        assert!(leader.refusal(UPDATE, json!({ "input": input })).await.starts_with(too_low), "{change}");
    }
    for level in [5, 6, 1000] {
        let input = json!({ "name": "above", "level": level, "permissions": [] });
        assert_eq!(leader.refusal(CREATE, json!({ "input": input })).await, "FORBIDDEN RANK_TOO_LOW level", "{level}");
    }
    let above = json!({ "input": { "id": id(&guild, "Officer"), "level": 9 } });
    assert_eq!(leader.refusal(UPDATE, above).await, "FORBIDDEN RANK_TOO_LOW level");
    assert_eq!(leader.refusal(DELETE_RANK, json!({ "id": highest })).await, too_low);
    let input = json!({
        "id": highest, "name": "Warchief", "level": 50, "description": "Leads", "discordRoleId": "7",
        "permissions": *PERMISSIONS,
    });
    let changed = leader.ok(UPDATE, json!({ "input": input })).await["updateRank"]["rank"].clone();
    assert_eq!(
        (&changed["name"], &changed["level"], &changed["permissions"]),
        (&json!("Warchief"), &json!(50), &json!(*PERMISSIONS))
    );
    let me = leader.ok("{ me { rank { level } } }", json!({})).await;
    assert_eq!(me["me"]["rank"]["level"], 50, "its members have the new level");
    create(&leader, "Regent", 49, &PERMISSIONS).await;
}

#[on_both]
async fn a_rank_in_use_cannot_be_deleted(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let member = guild.member("member", "Veteran").await;
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "active": false } })).await;
    assert_eq!(leader.refusal(DELETE_RANK, json!({ "id": id(&guild, "Veteran") })).await, "CONFLICT RANK_IN_USE");
    leader.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": id(&guild, "Member") } })).await;
    leader.ok(DELETE_RANK, json!({ "id": id(&guild, "Veteran") })).await;
}

#[on_both]
async fn only_one_of_two_ranks_created_at_once_gets_a_level(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Guild Leader"), "level": 100 } })).await;
    let input = |name: &str| json!({ "input": { "name": name, "level": 50, "permissions": [] } });
    let (a, b) = tokio::join!(leader.run(CREATE, input("a")), leader.run(CREATE, input("b")));
    let refused: Vec<&Value> = [&a, &b].into_iter().filter(|response| response.get("errors").is_some()).collect();
    assert_eq!(refused.len(), 1, "{a} {b}");
    assert_eq!(refused[0]["errors"][0]["extensions"]["reason"], "LEVEL_TAKEN");
}

#[on_both]
async fn permissions_removed_from_a_rank_are_lost_at_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let (member, veteran) = (guild.member("member", "Member").await, guild.member("veteran", "Veteran").await);
    let campaign = TestCampaign::live(&leader, 2, json!({ "minRankLevelToVote": 3 })).await;
    for voter in [&leader, &officer] {
        campaign.vote(voter, &[0]).await;
    }
    officer.ok(AUDIT_COUNT, json!({})).await;
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Officer"), "permissions": [] } })).await;
    let refused = officer.refusal(AUDIT_COUNT, json!({})).await;
    assert_eq!(refused, "FORBIDDEN PERMISSION_REQUIRED");
    // Only veterans have not voted. Whatever their level is, they still can.
    leader.ok(DELETE_RANK, json!({ "id": id(&guild, "Initiate") })).await;
    let lower = json!({ "input": { "id": id(&guild, "Veteran"), "level": 1 } });
    assert_eq!(leader.refusal(UPDATE, lower).await, "CONFLICT RANK_ORDER_IN_USE level");
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Member"), "level": 1 } })).await;
    leader.ok(UPDATE, json!({ "input": { "id": id(&guild, "Veteran"), "level": 2 } })).await;
    let live = member.ok(CAMPAIGN_STATUS, campaign.vars()).await;
    assert_eq!(live["campaign"]["status"], "LIVE");
    assert_eq!(veteran.ok("{ me { rank { level } } }", json!({})).await["me"]["rank"]["level"], 2);
    campaign.vote(&veteran, &[0]).await;
}
