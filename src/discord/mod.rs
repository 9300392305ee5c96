//! Discord: a bot that keeps ranks in step with roles, brings codes by direct message, tells of votes, and takes ballots.
//!
//! Every server with a token delivers the outbox. One of them also keeps the connection to Discord's gateway (`bot`), runs the
//! scheduled syncs and announces votes. An outage of Discord affects nothing else.

pub(crate) mod agent;
mod announcer;
pub mod breaker;
mod client;
mod codes;
pub(crate) mod deliver;
pub mod embed;
pub(crate) mod links;
mod messages;
pub(crate) mod rest;
pub(crate) mod rows;
mod service;
mod status;
pub(crate) mod store;
pub mod story;
pub mod sync;
pub mod words;

pub use self::{
    announcer::DiscordAnnouncer,
    client::{Bot, GatewayStatus},
    codes::DirectMessages,
    links::{LinkChange, link_server, unlink_server},
    messages::retry_message,
    rest::{ServerMember, User},
    rows::{DiscordConnection, KeeperRow, Lane, Link},
    service::{Discord, MANAGE},
    status::gateway_status,
    sync::{Report, sync_roles},
    words::escape,
};
