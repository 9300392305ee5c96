//! Guildhall: the server behind a gaming guild's site.
//!
//! In reading order:
//! - [`app`] is what a running server holds; [`cli`] is how it is started, by the settings of [`config`].
//! - [`identity`] is the guild's people, [`auth`] their accounts and permissions, [`audit`] the log of what they did with
//!   them, [`voting`] their votes, [`live`] what is watched of them, [`discord`] the bot that brings them to a
//!   Discord server.
//! - [`graphql`] makes one schema of them, and [`http`] serves it.
//! - [`db`] is either database; [`clock`], [`error`], `held`, [`id`], [`metrics`], [`page`], [`panics`] and [`text`] are what all share.

pub mod app;
pub mod audit;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod discord;
pub mod error;
pub mod graphql;
mod held;
pub mod http;
pub mod id;
pub mod identity;
pub mod live;
pub mod metrics;
pub mod page;
pub mod panics;
pub mod text;
pub mod voting;
