//! The server's HTTP: `/graphql`, the console, health, metrics.

mod answer;
mod budget;
mod console;
mod cors;
mod endpoint;
mod figures;
mod headers;
mod health;
mod listen;
mod origin;
mod request;
mod router;
mod server;
mod sse;
mod ws;

pub use self::{
    answer::Accepted,
    budget::{Budget, Budgets},
    cors::{Cors, CorsOrigin},
    listen::{serve, serve_at_most},
    origin::client_address,
    server::Server,
};
