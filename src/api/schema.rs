//! The schema of all features.

use async_graphql::{MergedObject, MergedSubscription, Schema, SchemaBuilder};

use super::{
    audit::AuditQuery,
    auth::{AuthMutation, AuthQuery},
    discord::{DiscordMutation, DiscordQuery},
    identity::{IdentityMutation, IdentityQuery},
    node::{Node, NodeQuery},
    voting::{VotingMutation, VotingQuery, VotingSubscription},
};

/// Root of all queries.
#[derive(MergedObject, Default)]
pub struct Query(NodeQuery, IdentityQuery, AuthQuery, VotingQuery, AuditQuery, DiscordQuery);

/// Root of all mutations. `docs/errors.md` lists the codes and reasons of errors.
#[derive(MergedObject, Default)]
pub struct Mutation(AuthMutation, IdentityMutation, VotingMutation, DiscordMutation);

/// Root of all subscriptions.
#[derive(MergedSubscription, Default)]
pub struct Subscription(VotingSubscription);

/// The schema alone, for the library's own executor and handlers. [`super::Graph`] adds limits and validation of
/// documents, complete responses and subscriptions.
///
/// A request needs an `Arc<RequestContext>` in its data and must run in [`super::context::RequestContext::run`].
pub fn schema() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default()).register_output_type::<Node>()
}
