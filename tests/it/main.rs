//! The suite: through the schema, over sockets, and by the command line, on both databases.

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
