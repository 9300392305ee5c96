//! Two releases share a database during an upgrade: values of a newer release cause no failures in this one.

use serde_json::json;

use crate::support::{
    Client, PERMISSIONS, TestApp, TestCampaign,
    documents::{CAST_BALLOT, CLOSE_CAMPAIGN, CREATE_CHARACTER, NODE_ID, REGISTER_MEMBER, SEND_INVITE, UPDATE_GUILD},
    on_both,
    process::ServerProcess,
    strings,
};

const UPDATE_RANK: &str = "mutation($input: UpdateRankInput!) { updateRank(input: $input) { rank { permissions } } }";
const UPDATE_MEMBER: &str = "mutation($input: UpdateMemberInput!) {
    updateMember(input: $input) { member { displayName rankSource } }
}";

async fn permissions_of(client: &Client<'_>, rank: usize) -> Vec<String> {
    let ranks = client.ok("{ ranks { permissions } }", json!({})).await;
    strings(&ranks["ranks"][rank]["permissions"], "")
}

#[on_both]
async fn a_campaign_of_an_unknown_kind_counts_as_absent(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let mut drafts = Vec::new();
    for _ in 0..6 {
        drafts.push(TestCampaign::live(&officer, 2, json!({ "resultsVisibility": "ALWAYS" })).await);
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    for draft in &drafts {
        draft.vote(&voter, &[0]).await;
    }
    // Newest first, the known campaigns are 5, 3 and 0.
    for (draft, column) in [(4, "method"), (2, "results_visibility"), (1, "announcements")] {
        let id = &drafts[draft].id;
        let id = async_graphql::ID::from(id.clone());
        let id = guildhall::kernel::id::CampaignId::try_from(&id).unwrap().0;
        app.execute_sql(&format!("UPDATE campaigns SET {column} = 'OF_A_NEWER_RELEASE' WHERE id = {id}")).await;
    }
    let page = "query($after: String) { campaigns(first: 2, after: $after) {
        totalCount nodes { id entries { name } turnout { voted } } pageInfo { hasNextPage endCursor }
    } }";
    let first = officer.ok(page, json!({})).await["campaigns"].clone();
    assert_eq!(strings(&first["nodes"], "/id"), [drafts[5].id.as_str(), drafts[3].id.as_str()]);
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    let after = json!({ "after": first["pageInfo"]["endCursor"] });
    let last = officer.ok(page, after).await["campaigns"].clone();
    assert_eq!(strings(&last["nodes"], "/id"), [drafts[0].id.as_str()]);
    assert_eq!(last["pageInfo"]["hasNextPage"], false);
    for draft in [1, 2, 4] {
        let vars = json!({ "id": drafts[draft].id, "entry": drafts[draft].entries[0] });
        let by_id = "query($id: ID!, $entry: ID!) {
            campaign(id: $id) { id } node(id: $id) { id } entry: node(id: $entry) { id }
        }";
        assert_eq!(officer.ok(by_id, vars).await, json!({ "campaign": null, "node": null, "entry": null }));
        assert_eq!(officer.refusal(CAST_BALLOT, drafts[draft].ballot(&[0])).await, "NOT_FOUND campaignId");
        assert_eq!(officer.refusal(CLOSE_CAMPAIGN, drafts[draft].vars()).await, "NOT_FOUND id");
    }
    let mine = "{ me { participation { voted eligible campaigns { nodes { campaign { id } } } } } }";
    let mine = voter.ok(mine, json!({})).await["me"]["participation"].clone();
    assert_eq!((&mine["voted"], &mine["eligible"]), (&json!(3), &json!(3)));
    assert_eq!(strings(&mine["campaigns"]["nodes"], "/campaign/id").len(), 3);
    // The known campaigns close and are listed as past.
    drafts[5].close(&officer).await;
    drafts[3].close(&officer).await;
    let past = officer.ok("{ pastVotes(first: 1) { totalCount nodes { campaign { id } } } }", json!({})).await;
    assert_eq!(past["pastVotes"]["totalCount"], 2);
}

#[on_both]
async fn a_campaign_that_closed_for_an_unknown_reason_counts_as_absent(app: TestApp) {
    let guild = app.guild("gg").await;
    let officer = guild.member("officer", "Officer").await;
    let (known, unknown) =
        (TestCampaign::live(&officer, 2, json!({})).await, TestCampaign::live(&officer, 2, json!({})).await);
    unknown.close(&officer).await;
    app.execute_sql("UPDATE campaigns SET close_reason = 'OF_A_NEWER_RELEASE' WHERE close_reason IS NOT NULL").await;
    let lists = "query($id: ID!) {
        campaigns { totalCount nodes { id } } pastVotes { totalCount nodes { closedAt } } campaign(id: $id) { id }
    }";
    let listed = json!({
        "campaigns": { "totalCount": 1, "nodes": [{ "id": known.id }] },
        "pastVotes": { "totalCount": 0, "nodes": [] },
        "campaign": null,
    });
    assert_eq!(officer.ok(lists, unknown.vars()).await, listed);
}

#[on_both]
async fn a_character_of_an_unknown_class_counts_as_absent(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    for (name, class, role) in [("Aa", "MAGE", "RANGED_DPS"), ("Bb", "MONK", "TANK"), ("Cc", "ROGUE", "MELEE_DPS")] {
        let input = json!({ "memberId": member.id, "name": name, "realm": "Area 52", "class": class, "role": role });
        leader.ok(CREATE_CHARACTER, json!({ "input": input })).await;
    }
    app.execute_sql("UPDATE characters SET class = 'TINKER' WHERE name = 'Aa'").await;
    app.execute_sql("UPDATE characters SET role = 'SUPPORT' WHERE name = 'Bb'").await;
    let all =
        leader.ok("{ characters(first: 1) { totalCount nodes { name } pageInfo { hasNextPage } } }", json!({})).await;
    assert_eq!(
        all["characters"],
        json!({ "totalCount": 1, "nodes": [{ "name": "Cc" }], "pageInfo": { "hasNextPage": false } })
    );
    let theirs =
        leader.ok("query($id: ID!) { member(id: $id) { characters { name } } }", json!({ "id": member.id })).await;
    assert_eq!(strings(&theirs["member"]["characters"], "/name"), ["Cc"]);
}

#[on_both]
async fn an_unknown_source_of_a_rank_is_shown_as_manual_and_kept(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    app.execute_sql("UPDATE members SET rank_source = 'ACADEMY' WHERE discord_username = 'member'").await;
    let input = json!({ "input": { "id": member.id, "displayName": "Another" } });
    let changed = leader.ok(UPDATE_MEMBER, input).await["updateMember"]["member"].clone();
    assert_eq!(changed, json!({ "displayName": "Another", "rankSource": "MANUAL" }));
    assert_eq!(app.count_rows("members WHERE rank_source = 'ACADEMY'").await, 1);
    let input = json!({ "input": { "id": member.id, "rankId": async_graphql::ID::from(guild.rank("Veteran").id) } });
    leader.ok(UPDATE_MEMBER, input).await;
    assert_eq!(app.count_rows("members WHERE rank_source = 'ACADEMY'").await, 0);
}

#[on_both]
async fn an_unknown_region_is_shown_as_the_us_and_kept(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    app.execute_sql("UPDATE guilds SET region = 'MARS'").await;
    let renamed =
        leader.ok(UPDATE_GUILD, json!({ "input": { "name": "Other" } })).await["updateGuild"]["guild"].clone();
    assert_eq!(renamed, json!({ "name": "Other", "region": "US" }));
    assert_eq!(app.count_rows("guilds WHERE region = 'MARS'").await, 1);
    leader.ok(UPDATE_GUILD, json!({ "input": { "region": "KR" } })).await;
    assert_eq!(app.count_rows("guilds WHERE region = 'KR'").await, 1);
}

#[on_both]
async fn an_import_over_a_character_of_an_unknown_class_is_refused(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    guild.member("member", "Member").await;
    let import = "mutation($data: String!) { importRoster(input: { format: CSV, data: $data }) { imported } }";
    let file = |name: &str| {
        let lines = ["discordUsername,character,realm,class,role", &format!("member,{name},Area 52,MAGE,RANGED_DPS")];
        json!({ "data": lines.join("\n") })
    };
    assert_eq!(leader.ok(import, file("Aa")).await["importRoster"]["imported"], true);
    app.execute_sql("UPDATE characters SET class = 'TINKER'").await;
    for name in ["Aa", "Bb"] {
        assert_eq!(leader.refusal(import, file(name)).await, "CONFLICT NAME_TAKEN data", "{name}");
    }
}

#[on_both]
async fn events_of_a_campaign_of_unknown_status_are_shown_to_viewers_of_drafts(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    app.execute_sql("UPDATE ranks SET permissions = 'AUDIT_VIEW' WHERE name = 'Veteran'").await;
    let (auditor, officer) = (guild.member("auditor", "Veteran").await, guild.member("officer", "Officer").await);
    TestCampaign::live(&leader, 2, json!({})).await;
    let log = "{ auditLog { totalCount nodes { id action } } }";
    let before = auditor.ok(log, json!({})).await["auditLog"].clone();
    let id = before["nodes"].as_array().unwrap().iter().find(|it| it["action"] == "campaign.activate").unwrap()["id"]
        .clone();
    app.execute_sql("UPDATE campaigns SET status = 'ANNOUNCED'").await;
    for (who, sees) in [(&auditor, false), (&officer, true)] {
        let listed = who.ok(log, json!({})).await["auditLog"].clone();
        assert_eq!(strings(&listed["nodes"], "/id").contains(&id.as_str().unwrap().to_owned()), sees, "{listed}");
        assert_eq!(who.ok(NODE_ID, json!({ "id": id })).await["node"].is_object(), sees);
    }
}

#[on_both]
async fn unknown_permissions_are_kept_and_cannot_be_granted(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    app.execute_sql(
        "UPDATE ranks SET permissions = 'RANKS_MANAGE MEMBERS_MANAGE EVENTS_MANAGE' WHERE name = 'Officer'",
    )
    .await;
    app.execute_sql("UPDATE ranks SET permissions = 'DUES_MANAGE' WHERE name = 'Veteran'").await;
    assert_eq!(permissions_of(&leader, 1).await, ["RANKS_MANAGE", "MEMBERS_MANAGE"]);
    assert_eq!(permissions_of(&leader, 2).await, Vec::<String>::new());
    // An officer cannot grant a permission that they lack, even one that this release does not know.
    let officer = guild.member("officer", "Officer").await;
    let member = guild.member("member", "Member").await;
    let promote = json!({ "input": { "id": member.id, "rankId": async_graphql::ID::from(guild.rank("Veteran").id) } });
    assert_eq!(officer.refusal(UPDATE_MEMBER, promote.clone()).await, "FORBIDDEN RANK_TOO_LOW rankId");
    leader.ok(UPDATE_MEMBER, promote).await;
    // An edit keeps the unknown permission.
    let edit = json!({ "id": async_graphql::ID::from(guild.rank("Officer").id), "permissions": ["AUDIT_VIEW"] });
    leader.ok(UPDATE_RANK, json!({ "input": edit })).await;
    assert_eq!(app.count_rows("ranks WHERE permissions = 'AUDIT_VIEW EVENTS_MANAGE'").await, 1);
}

#[on_both]
async fn the_highest_rank_has_every_permission_without_storing_one(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    assert_eq!(app.count_rows("ranks WHERE level = 5 AND permissions = ''").await, 1);
    assert_eq!(permissions_of(&leader, 0).await, *PERMISSIONS);
    let id = async_graphql::ID::from(guild.rank("Guild Leader").id);
    let some = json!({ "input": { "id": id, "permissions": ["AUDIT_VIEW"] } });
    assert_eq!(leader.refusal(UPDATE_RANK, some).await, "FORBIDDEN RANK_TOO_LOW permissions");
    let all = json!({ "input": { "id": id, "permissions": *PERMISSIONS, "name": "Guildmaster" } });
    assert_eq!(strings(&leader.ok(UPDATE_RANK, all).await["updateRank"]["rank"]["permissions"], ""), *PERMISSIONS);
    assert_eq!(app.count_rows("ranks WHERE name = 'Guildmaster' AND permissions = ''").await, 1);
    let me = leader.ok("{ me { rank { permissions } } }", json!({})).await;
    assert_eq!(strings(&me["me"]["rank"]["permissions"], ""), *PERMISSIONS);
    // A leader's invite code works for any rank.
    let officer = guild.unregistered("officer", "Officer").await;
    let code = leader.ok(SEND_INVITE, json!({ "id": officer.id })).await["sendInvite"]["code"].clone();
    app.execute_sql("UPDATE ranks SET permissions = permissions || ' EVENTS_MANAGE' WHERE name = 'Officer'").await;
    let input = json!({ "discordUsername": "officer", "inviteCode": code, "password": "a long enough password" });
    guild.anonymous().ok(REGISTER_MEMBER, json!({ "input": input })).await;
}

#[on_both]
async fn a_value_of_a_newer_release_is_logged_once(app: TestApp) {
    let guild = app.guild("gg").await;
    app.execute_sql(
        "UPDATE ranks SET permissions = permissions || ' EVENTS_MANAGE' WHERE name IN ('Member', 'Officer')",
    )
    .await;
    app.execute_sql("UPDATE members SET rank_source = 'ACADEMY'").await;
    let officer = guild.member("officer", "Officer").await;
    app.clock.set(guildhall::kernel::clock::Clock::system().now());
    let (folder, flags) = (tempfile::tempdir().unwrap(), app.flags());
    let serve = ["serve", "--bind", "127.0.0.1:0"].into_iter().chain(flags.iter().map(String::as_str));
    let served = ServerProcess::start(folder.path(), &serve.collect::<Vec<_>>());
    for _ in 0..2 {
        let query = "{ ranks { permissions } members { nodes { rankSource } } }";
        let response = served.post(officer.token.as_deref(), query, json!({})).await.unwrap();
        assert!(response.get("errors").is_none(), "{response}");
    }
    let log = served.stop();
    for value in ["EVENTS_MANAGE", "ACADEMY"] {
        assert_eq!(log.iter().filter(|line| line.contains(value)).count(), 1, "{value}: {log:?}");
    }
}
