//! Discord: a bot that syncs ranks with roles, delivers codes by direct message, announces campaigns, and accepts
//! ballots.
//!
//! Every server with a token delivers the outbox. The one that holds the gateway lease (`bot`) also connects to
//! Discord's gateway, runs the scheduled syncs and announces campaigns. An outage of Discord affects nothing else.

pub mod announcement_rules;
pub(crate) mod announcements;
mod announcer;
mod attempt;
mod boards;
pub mod breaker;
mod client;
mod codes;
pub(crate) mod delivery;
pub mod embed;
mod linked_server;
pub(crate) mod links;
mod messages;
mod officer_log;
mod overdue_drafts;
pub mod rate_limits;
pub mod refused_parts;
mod reports;
mod resources;
pub(crate) mod rest;
pub(crate) mod rows;
mod server_cache;
mod server_lookup;
mod service;
mod status;
pub(crate) mod store;
pub mod sync;
pub mod vote_button;
mod warnings;
pub mod wording;

pub use self::{
    announcer::DiscordAnnouncer,
    client::{Bot, GatewayStatus},
    codes::{DELIVERY_WAIT, DirectMessages},
    linked_server::{LinkedServer, ServerChannel, ServerRole},
    links::{LinkChange, link_server, unlink_server},
    messages::retry_message,
    reports::{forget_member, last_report, reported_changes},
    resources::{Channel, PermissionOverwrite, Role, Server},
    rest::{ServerMember, User},
    rows::{Destination, DiscordConnectionState, GatewayLease, Link},
    server_lookup::linked_server,
    service::{Discord, MANAGE},
    status::gateway_status,
    sync::{SyncChange, SyncReport, sync_roles},
    warnings::warnings,
    wording::escape,
};
