//! The schema of all features.

use async_graphql::{MergedObject, MergedSubscription, Schema, SchemaBuilder};
use chrono::{DateTime, Utc};

use super::{
    audit::AuditQuery,
    auth::{AuthMutation, AuthQuery},
    codes::CodeMutation,
    discord::{DiscordMutation, DiscordQuery},
    identity::{CharacterClassQuery, CharacterMutation, IdentityMutation, IdentityQuery, RosterQuery},
    node::{Node, NodeQuery},
    privacy::{PrivacyMutation, PrivacyQuery},
    voting::{VotingMutation, VotingQuery, VotingSubscription},
};

/// Root of all queries.
#[derive(MergedObject, Default)]
pub struct Query(
    NodeQuery,
    IdentityQuery,
    CharacterClassQuery,
    RosterQuery,
    AuthQuery,
    VotingQuery,
    AuditQuery,
    DiscordQuery,
    PrivacyQuery,
);

/// Root of all mutations. Each names the reasons of its errors (`extensions.reason`). All can also fail with a code
/// alone, such as `NOT_FOUND` for an unknown id and `BAD_USER_INPUT` for a value that is not allowed. `docs/errors.md`
/// lists all codes and reasons.
#[derive(MergedObject, Default)]
pub struct Mutation(
    AuthMutation,
    CodeMutation,
    IdentityMutation,
    CharacterMutation,
    VotingMutation,
    DiscordMutation,
    PrivacyMutation,
);

/// Root of all subscriptions.
#[derive(MergedSubscription, Default)]
pub struct Subscription(VotingSubscription);

/// The description of `DateTime`, instead of the library's.
const DATE_TIME: &str = "A time in the form of RFC 3339, such as `2026-11-21T20:15:00+00:00`. Inputs need an offset \
    from UTC and may have any; responses are in UTC. Times are exact to the microsecond.";

/// The schema alone, for the library's own executor and handlers. [`super::Graph`] adds limits and validation of
/// documents, complete responses and subscriptions.
///
/// A request needs an `Arc<RequestContext>` in its data and must run in [`super::context::RequestContext::run`].
pub fn schema() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Node>()
        .override_output_type_description::<DateTime<Utc>>(DATE_TIME)
}
