//! Guildhall: the server behind a gaming guild's site.
//!
//! `ARCHITECTURE.md` describes the layers, from the lowest to the highest: [`kernel`], [`engine`], [`db`], [`bus`],
//! [`access`], [`audit`], [`outbox`], the features [`identity`], [`auth`], [`voting`], [`live`] and [`discord`], then
//! [`privacy`], [`app`], [`api`], [`http`], [`bot`] and [`cli`].

pub mod access;
pub mod api;
pub mod app;
pub mod audit;
pub mod auth;
pub mod bot;
pub mod bus;
pub mod cli;
pub mod db;
pub mod discord;
pub mod engine;
pub mod http;
pub mod identity;
pub mod kernel;
pub mod live;
pub mod outbox;
pub mod privacy;
pub mod voting;
