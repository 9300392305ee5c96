//! The server's HTTP: `/graphql`, the console, health, metrics.

mod budget;
mod console;
mod cors;
mod endpoint;
mod headers;
mod health;
mod listen;
mod metrics;
mod origin;
mod request;
mod response;
mod router;
mod server;
mod sse;
mod ws;
mod ws_messages;

pub use self::{
    budget::{Budget, Budgets},
    cors::{Cors, CorsOrigin},
    listen::{serve, serve_at_most},
    origin::client_address,
    response::Accepted,
    server::Server,
};
