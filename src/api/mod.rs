//! GraphQL: every object, input, resolver, loader and guard, by feature; and how operations are run.
//!
//! Objects of which hardly a field waits for anything are `serial`: their fields are answered one after the other, which
//! spares each a task of its own. In a page of fifty members that is most of the work.

mod audit;
mod auth;
pub mod auth_context;
mod batch;
pub mod connection;
pub mod context;
mod discord;
mod graph;
pub mod guard;
mod identity;
pub mod loaders;
pub mod node;
pub mod operation_log;
mod schema;
mod source_event;
mod tracked_viewer;
mod voting;
pub mod watch;

pub use self::{
    graph::{Graph, OUT_OF_TIME, Operation, Prepared, Settings, SubscriptionMessage, is_refused},
    schema::{Mutation, Query, Subscription, schema},
};
pub use crate::engine::document::DocumentRef;
