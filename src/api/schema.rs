//! The schema of all features.

use async_graphql::{MergedObject, MergedSubscription};

use super::{
    audit::AuditQuery,
    auth::{AuthMutation, AuthQuery},
    discord::{DiscordMutation, DiscordQuery},
    identity::{IdentityMutation, IdentityQuery},
    node::NodeQuery,
    voting::{VotingMutation, VotingQuery, VotingSubscription},
};

/// All queries.
#[derive(MergedObject, Default)]
pub struct Query(NodeQuery, IdentityQuery, AuthQuery, VotingQuery, AuditQuery, DiscordQuery);

/// All mutations.
#[derive(MergedObject, Default)]
pub struct Mutation(AuthMutation, IdentityMutation, VotingMutation, DiscordMutation);

/// All subscriptions.
#[derive(MergedSubscription, Default)]
pub struct Subscription(VotingSubscription);
