//! Shared parts of the tests: servers and guilds under test, clients, and a stand-in for Discord.
//!
//! A test starts with a [`TestApp`], a server on a database of its own. In it, the test creates a [`TestGuild`] and its
//! members, each with a [`Client`]. [`TestServer`] serves the app on a real socket, and [`process`] runs the program.

pub mod campaigns;
mod client;
mod clock;
pub mod databases;
pub mod discord;
pub mod documents;
mod guild;
mod http;
mod json;
pub mod process;
pub mod schema;
mod server;
pub mod sql;
pub mod web;
mod websocket;

pub use guildhall_macros::on_both;

pub use self::{
    campaigns::TestCampaign,
    client::{Client, Responses, next_response},
    clock::{start_time, while_time_passes},
    discord::LocalDiscord,
    guild::{PASSWORD, PERMISSIONS, TestGuild},
    http::TestServer,
    json::{refusal_in, strings},
    server::{TestApp, discord_bot, test_options},
    websocket::Socket,
};
