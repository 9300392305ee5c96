//! The suite: through the schema, over sockets, and by the command line, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod campaigns;
mod commands;
mod guards;
mod live;
mod migrations;
mod roster;
mod schema;
mod support;
mod transports;
