//! GraphQL: every object, input, resolver, loader and guard, by feature, and the execution of operations.
//!
//! Objects that come in lists are rows (`row.rs`): their plain fields are resolved without a future for each. Other
//! objects with hardly any asynchronous field are `serial`.

mod audit;
mod auth;
pub mod auth_context;
mod batch;
mod codes;
pub mod connection;
pub mod context;
mod discord;
mod graph;
pub mod guard;
mod identity;
mod link_preview;
pub mod loaders;
mod merged_loads;
pub mod node;
pub mod operation_log;
mod privacy;
pub mod response_json;
pub mod row;
mod schema;
mod source_event;
mod tracked_viewer;
mod voting;
pub mod watch;

pub use self::{
    graph::{Graph, OUT_OF_TIME, Operation, Prepared, Settings, SubscriptionMessage, is_refused},
    link_preview::{LinkPreview, link_preview},
    schema::{Mutation, Query, Subscription, schema},
};
pub use crate::engine::document::DocumentRef;
