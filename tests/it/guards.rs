//! Guarded fields and operations refuse viewers without the required permission.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use async_graphql::{ID, parser::types::FieldDefinition};
use guildhall::app::Options;
use serde_json::json;

use crate::support::{
    LocalDiscord, PERMISSIONS, TestApp, TestCampaign, discord_bot, on_both, refusal_in,
    schema::{SchemaTypes, base_type},
};

/// The permission that the schema requires for a field; an empty string if signing in is enough.
fn required_permission(field: &FieldDefinition) -> Option<String> {
    field.directives.iter().find_map(|directive| match directive.node.name.node.as_str() {
        "authenticated" => Some(String::new()),
        "requiresPermission" => Some(directive.node.get_argument("permission").unwrap().node.to_string()),
        _ => None,
    })
}

/// For each guarded field: its name, an operation that reaches it through open fields, and the required permission.
fn guarded_operations(types: &SchemaTypes) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (root, keyword) in [("Query", "query"), ("Mutation", "mutation"), ("Subscription", "subscription")] {
        let mut seen = HashSet::from([root.to_owned()]);
        let mut queue = VecDeque::from([(root.to_owned(), format!("{keyword} {{ "), " }".to_owned())]);
        while let Some((ty, before, after)) = queue.pop_front() {
            for field in types.fields(&ty) {
                let call = types.call(field);
                if let Some(required_permission) = required_permission(field) {
                    let operation = format!("{before}{call} {}{after}", types.selection(field));
                    found.push((format!("{ty}.{}", field.name.node), operation, required_permission));
                } else if root == "Query"
                    && field.arguments.iter().all(|it| it.node.ty.node.nullable)
                    // It is null for an anonymous client.
                    && field.name.node.as_str() != "me"
                    && seen.insert(base_type(&field.ty.node).to_owned())
                {
                    let inner = base_type(&field.ty.node).to_owned();
                    queue.push_back((inner, format!("{before}{call} {{ "), format!(" }}{after}")));
                }
            }
        }
    }
    found
}

#[on_both]
async fn every_guarded_field_refuses_viewers_without_its_permission(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    // The guarded fields are reached through these objects.
    let campaign = TestCampaign::live(&leader, 2, json!({})).await;
    campaign.close(&leader).await;
    let types = SchemaTypes::parse();
    let mut operations = guarded_operations(&types);
    // The last, because it ends the clients' tokens.
    operations.sort_by_key(|(name, ..)| name == "Mutation.logoutEverywhere");
    let names: HashSet<&str> = operations.iter().map(|(name, ..)| name.as_str()).collect();
    for name in [
        "Rank.discordRoleId",
        "Campaign.activationBlockers",
        "Mutation.castBallot",
        "Mutation.createCampaign",
        "Mutation.updateMember",
    ] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    for (name, operation, permission) in &operations {
        let refused = refusal_in(&guild.anonymous().run(operation, json!({})).await);
        assert_eq!(refused, "UNAUTHENTICATED", "{name} for an anonymous client: {operation}");
        let response = member.run(operation, json!({})).await;
        if name == "Query.discordChannels" {
            // Any of several permissions suffices, so the schema names none.
            assert_eq!(refusal_in(&response), "FORBIDDEN PERMISSION_REQUIRED", "{name} for a member");
        } else if permission.is_empty() {
            let code = response["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            assert!(!["UNAUTHENTICATED", "FORBIDDEN"].contains(&code), "{name} for a member: {response}");
        } else {
            assert_eq!(refusal_in(&response), "FORBIDDEN PERMISSION_REQUIRED", "{name} for a member: {operation}");
        }
        // The leader has every permission, so any refusal must have another reason.
        let response = leader.run(operation, json!({})).await;
        let reason = response["errors"][0]["extensions"]["reason"].as_str().unwrap_or_default();
        assert_ne!(reason, "PERMISSION_REQUIRED", "{name} for the leader");
        if name.as_str() == "Mutation.logout" {
            assert_eq!(response["data"]["logout"]["__typename"], "SuccessPayload");
        }
    }
}

/// The nullable types of the fields are what lets the other fields of a request keep their data.
#[test]
fn guarded_fields_and_mutations_are_nullable() {
    let types = SchemaTypes::parse();
    let objects = types.objects().filter(|name| *name != "Subscription");
    let refusable = objects.flat_map(|ty| types.fields(ty).into_iter().map(move |field| (ty, field)));
    let refusable: Vec<_> =
        refusable.filter(|(ty, field)| *ty == "Mutation" || required_permission(field).is_some()).collect();
    assert!(refusable.len() > 40, "{}", refusable.len());
    let required = refusable.iter().filter(|(_, field)| !field.ty.node.nullable);
    let required: Vec<String> = required.map(|(ty, field)| format!("{ty}.{}", field.name.node)).collect();
    assert!(required.is_empty(), "these must be nullable: {required:?}");
}

#[on_both]
async fn a_refused_field_is_null_and_the_others_keep_their_data(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, member) = (guild.member("officer", "Officer").await, guild.member("member", "Member").await);
    let campaign = TestCampaign::live(&officer, 2, json!({})).await;

    let query = "query($id: ID!) { guild { slug } auditLog { nodes { id } } sessions { id } \
                 campaign(id: $id) { id activationBlockers } campaigns { nodes { id activationBlockers } } }";
    let response = guild.anonymous().run(query, campaign.vars()).await;
    let listed = json!({ "id": campaign.id, "activationBlockers": null });
    let data = json!({
        "guild": { "slug": "gg" }, "auditLog": null, "sessions": null, "campaign": listed,
        "campaigns": { "nodes": [listed] },
    });
    assert_eq!((&response["data"], response["errors"].as_array().unwrap().len()), (&data, 4), "{response}");

    // The fields of a mutation run one after the other, also after a refused one.
    let (invited, leader) = (guild.unregistered("invited", "Member").await, guild.leader().await);
    let invites = "mutation($a: ID!, $b: ID!) { a: sendInvite(memberId: $a) { code } \
                   b: sendInvite(memberId: $b) { code } c: sendInvite(memberId: $a) { code } }";
    let response = officer.run(invites, json!({ "a": invited.id, "b": leader.id })).await;
    assert_eq!(response["data"]["b"], json!(null), "{response}");
    assert_eq!(response["errors"].as_array().unwrap().len(), 1, "{response}");
    assert_eq!(response["errors"][0]["path"], json!(["b"]), "{response}");
    for sent in ["a", "c"] {
        assert_eq!(response["data"][sent]["code"].as_str().map(str::len), Some(8), "{response}");
    }
    let response = member
        .run("mutation { createRank(input: { name: \"New\", level: 7, permissions: [] }) { rank { id } } }", json!({}))
        .await;
    assert_eq!(response["data"], json!({ "createRank": null }), "{response}");
}

/// Only the mutations that sign a person in are open to everyone.
#[test]
fn all_mutations_except_sign_in_are_guarded() {
    let types = SchemaTypes::parse();
    let open: Vec<&str> = types
        .fields("Mutation")
        .into_iter()
        .filter(|it| required_permission(it).is_none())
        .map(|it| it.name.node.as_str())
        .collect();
    assert_eq!(open, ["register", "login", "refreshSession", "resetPassword"]);
}

// The guard reads a cached viewer, so a request may pass it although its permission was just revoked.
#[on_both]
async fn every_operation_checks_its_permission_again_in_its_transaction(app: TestApp) {
    let discord = LocalDiscord::start().await;
    discord.add_server(1);
    let bot = discord_bot(&app.clock, &discord);
    let set_up = |options: &mut Options| {
        (options.lease, options.bot) = (Duration::from_hours(1), Some(bot));
    };
    let app = app.with_options(set_up).await;
    let guild = app.guild("gg").await;
    app.execute_sql(&format!("UPDATE ranks SET permissions = '{}' WHERE name = 'Officer'", PERMISSIONS.join(" ")))
        .await;
    let officer = guild.member("officer", "Officer").await;
    let (member, rank) =
        (guild.unregistered("member", "Member").await, ID::from(guild.rank("Initiate").id).to_string());
    let draft = TestCampaign::draft(&officer, 2, json!({})).await;
    let link = r#"linkDiscord(input: { serverId: "1" })"#;
    officer.ok(&format!("mutation {{ {link} {{ __typename }} }}"), json!({})).await;
    let log = "{ auditLog { nodes { id } } }";
    officer.ok(log, json!({})).await;
    app.execute_sql("UPDATE ranks SET permissions = '' WHERE name = 'Officer'").await;
    let (campaign, entry, member) = (&draft.id, &draft.entries[0], &member.id);
    let message = ID::from(guildhall::kernel::id::MessageId(1)).to_string();
    let calls = [
        format!(r#"sendInvite(memberId: "{member}")"#),
        format!(r#"sendInvites(input: {{ memberIds: ["{member}"] }})"#),
        format!(r#"revokeInvite(memberId: "{member}")"#),
        format!(r#"sendResetCode(memberId: "{member}")"#),
        r#"updateGuild(input: { name: "Other" })"#.to_owned(),
        r#"createRank(input: { name: "New", level: 900, permissions: [] })"#.to_owned(),
        format!(r#"updateRank(input: {{ id: "{rank}", name: "Other" }})"#),
        format!(r#"setRankLevels(input: {{ levels: [{{ rankId: "{rank}", level: 9 }}] }})"#),
        format!(r#"deleteRank(id: "{rank}")"#),
        r#"createMember(input: { discordUsername: "new" })"#.to_owned(),
        format!(r#"updateMember(input: {{ id: "{member}", displayName: "Other" }})"#),
        format!(r#"deleteMember(id: "{member}")"#),
        format!(r#"eraseMember(id: "{member}")"#),
        r#"importRoster(input: { format: CSV, data: "discordUsername\nnew" })"#.to_owned(),
        r#"createCampaign(input: { title: "New", minRankLevelToVote: 1, durationHours: 1 })"#.to_owned(),
        format!(r#"updateCampaign(input: {{ id: "{campaign}", title: "Other" }})"#),
        format!(r#"deleteCampaign(id: "{campaign}")"#),
        format!(r#"addEntry(input: {{ campaignId: "{campaign}", entry: {{ name: "New" }} }})"#),
        format!(r#"updateEntry(input: {{ id: "{entry}", name: "Other" }})"#),
        format!(r#"removeEntry(id: "{entry}")"#),
        format!(r#"reorderEntries(campaignId: "{campaign}", entryIds: ["{entry}", "{}"])"#, draft.entries[1]),
        format!(r#"setEntries(input: {{ campaignId: "{campaign}", entries: [{{ entry: {{ name: "New" }} }}] }})"#),
        format!(r#"activateCampaign(id: "{campaign}")"#),
        format!(r#"closeCampaign(id: "{campaign}")"#),
        format!(r#"cancelCampaign(input: {{ id: "{campaign}", reason: "Not now" }})"#),
        format!(r#"archiveCampaign(id: "{campaign}")"#),
        format!(r#"setOutcome(input: {{ campaignId: "{campaign}", outcome: "Done" }})"#),
        link.to_owned(),
        "unlinkDiscord".to_owned(),
        "syncDiscordRoles".to_owned(),
        format!(r#"retryDiscordMessage(id: "{message}")"#),
    ];
    let types = SchemaTypes::parse();
    let guarded =
        types.fields("Mutation").into_iter().filter(|it| required_permission(it).is_some_and(|it| !it.is_empty()));
    let guarded: HashSet<&str> = guarded.map(|it| it.name.node.as_str()).collect();
    let called: HashSet<&str> = calls.iter().map(|call| call.split('(').next().unwrap()).collect();
    assert_eq!(called, guarded);
    for call in &calls {
        let response = officer.run(&format!("mutation {{ {call} {{ __typename }} }}"), json!({})).await;
        assert_eq!(refusal_in(&response), "FORBIDDEN PERMISSION_REQUIRED", "{call}: {response}");
    }
    // The guard let all of them pass: the cached viewer is still valid.
    officer.ok(log, json!({})).await;
}
