//! Syncs ranks with Discord roles: on demand, on a schedule, and when a member changes on Discord.

mod apply;
pub mod changes;
mod listing;
mod log_lines;
pub mod plan;
pub mod renames;
pub mod report;
mod schedule;

pub(crate) use self::{
    apply::sync_member,
    schedule::{catch_up, run},
};
pub use self::{
    apply::sync_roles,
    changes::{DiscordSyncConflict, SyncChange, SyncPlan},
    report::{SyncCounts, SyncReport},
};
