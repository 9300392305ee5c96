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
pub(crate) mod links;
mod messages;
mod officer_log;
mod overdue_drafts;
pub mod rate_limits;
pub mod refused_parts;
mod resources;
pub(crate) mod rest;
pub(crate) mod rows;
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
    links::{LinkChange, link_server, unlink_server},
    messages::retry_message,
    rest::{ServerMember, User},
    rows::{Destination, DiscordConnectionState, GatewayLease, Link},
    service::{Discord, MANAGE},
    status::gateway_status,
    sync::{SyncReport, sync_roles},
    warnings::warnings,
    wording::escape,
};
