//! The suite: rules without I/O, and the server through the schema, sockets and the command line, on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod actions;
mod attempts;
mod audit;
mod backups;
mod ballots;
mod browsers;
mod campaign_actions;
mod campaigns;
mod cancelling;
mod changes;
mod characters;
mod code_commands;
mod codes;
mod commands;
mod costs;
mod counting;
mod credentials;
mod deletions;
mod discord;
mod doctor;
mod documents;
mod entries;
mod entry_lists;
mod events;
mod examples;
mod faults;
mod fuzz;
mod guards;
mod guild_commands;
mod guild_imports;
mod history;
mod import;
mod input_errors;
mod inputs;
mod invites;
mod isolation;
mod kept_statements;
mod ladders;
mod layers;
mod lifecycle;
mod list_plans;
mod lists;
mod live;
mod lockouts;
mod migrations;
mod multipart;
mod names;
mod newer_release;
mod observing;
mod privacy;
mod privileges;
mod rank_levels;
mod ranks;
mod receipts;
mod renewals;
mod renumbering;
mod repeated_ballots;
mod roster;
mod roster_files;
mod rows;
mod rules;
mod schema;
mod search;
mod servers;
mod sessions;
mod settings;
mod sqlite_files;
mod startup;
mod stock_handlers;
mod support;
mod tenancy;
mod times;
mod tls;
mod transports;
mod turnout;
mod unread;
mod visibility;
mod visitors;
mod watched_turnouts;
mod web_app;
mod websocket;
