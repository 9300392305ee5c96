//! The suite: through the schema, over sockets, and by the command line, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod audit;
mod backups;
mod browsers;
mod campaigns;
mod changes;
mod characters;
mod commands;
mod counting;
mod discord;
mod doctor;
mod documents;
mod events;
mod faults;
mod fuzz;
mod guards;
mod history;
mod import;
mod lifecycle;
mod live;
mod migrations;
mod observing;
mod privileges;
mod ranks;
mod receipts;
mod roster;
mod schema;
mod servers;
mod sessions;
mod support;
mod tenancy;
mod transports;
mod visibility;
mod websocket;
