//! Every guarded field refuses those who lack what it demands.

use std::collections::{HashSet, VecDeque};

use async_graphql::parser::types::FieldDefinition;
use serde_json::json;

use crate::support::{
    Draft, on_both, refusal_in,
    sdl::{Types, base},
};

/// What a field demands, as the schema says: a permission, or an empty string where being signed in is enough.
fn demand(field: &FieldDefinition) -> Option<String> {
    field.directives.iter().find_map(|directive| match directive.node.name.node.as_str() {
        "authenticated" => Some(String::new()),
        "requiresPermission" => Some(directive.node.get_argument("permission").unwrap().node.to_string()),
        _ => None,
    })
}

/// Operations that reach every guarded field through fields that are open, with what the field demands.
fn guarded_operations(types: &Types) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (root, keyword) in [("Query", "query"), ("Mutation", "mutation"), ("Subscription", "subscription")] {
        let mut seen = HashSet::from([root.to_owned()]);
        let mut queue = VecDeque::from([(root.to_owned(), format!("{keyword} {{ "), " }".to_owned())]);
        while let Some((ty, before, after)) = queue.pop_front() {
            for field in types.fields(&ty) {
                let call = types.call(field);
                if let Some(demand) = demand(field) {
                    let operation = format!("{before}{call} {}{after}", types.selection(field));
                    found.push((format!("{ty}.{}", field.name.node), operation, demand));
                } else if root == "Query"
                    && field.arguments.iter().all(|it| it.node.ty.node.nullable)
                    && seen.insert(base(&field.ty.node).to_owned())
                {
                    let inner = base(&field.ty.node).to_owned();
                    queue.push_back((inner, format!("{before}{call} {{ "), format!(" }}{after}")));
                }
            }
        }
    }
    found
}

on_both! {
    async fn every_guarded_field_refuses_those_who_lack_what_it_demands(app) {
        let guild = app.guild("gg").await;
        let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
        // Something to find on the way to each guarded field.
        let draft = Draft::live(&leader, 2, json!({})).await;
        draft.close(&leader).await;
        let types = Types::read();
        let operations = guarded_operations(&types);
        let names: HashSet<&str> = operations.iter().map(|(name, ..)| name.as_str()).collect();
        for name in ["Rank.discordRoleId", "Campaign.activationBlockers", "Mutation.castBallot", "Mutation.createCampaign", "Mutation.updateMember"] {
            assert!(names.contains(name), "{name} is not among {names:?}");
        }
        for (name, operation, permission) in &operations {
            let refused = refusal_in(&guild.anyone().run(operation, json!({})).await);
            assert_eq!(refused, "UNAUTHENTICATED", "{name} for anyone: {operation}");
            let answer = member.run(operation, json!({})).await;
            if permission.is_empty() {
                let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
                assert!(!["UNAUTHENTICATED", "FORBIDDEN"].contains(&code), "{name} for a member: {answer}");
            } else {
                assert_eq!(refusal_in(&answer), "FORBIDDEN PERMISSION_REQUIRED", "{name} for a member: {operation}");
            }
            // And lets those through who have it: whatever is wrong then, it is not that.
            let answer = leader.run(operation, json!({})).await;
            let reason = answer["errors"][0]["extensions"]["reason"].as_str().unwrap_or_default();
            assert_ne!(reason, "PERMISSION_REQUIRED", "{name} for the leader");
            if name.as_str() == "Mutation.logout" {
                assert_eq!(answer["data"]["logout"]["__typename"], "SuccessPayload");
            }
        }
    }
}

/// Mutations that are open to everyone are those that sign a person in.
#[test]
fn every_other_mutation_is_guarded() {
    let types = Types::read();
    let open: Vec<&str> = types
        .fields("Mutation")
        .into_iter()
        .filter(|it| demand(it).is_none())
        .map(|it| it.name.node.as_str())
        .collect();
    assert_eq!(open, ["register", "login", "refreshSession", "resetPassword"]);
}
