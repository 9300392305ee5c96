//! The HTTP server: `/graphql`, the console, health, metrics.

mod console;
mod cors;
mod endpoint;
mod headers;
mod health;
mod listen;
mod metrics;
mod origin;
mod rate_limit;
mod request;
mod response;
mod router;
mod server;
mod sse;
mod ws;
mod ws_messages;

pub use self::{
    cors::{Cors, CorsOrigin},
    listen::{serve, serve_with_limit},
    origin::client_address,
    rate_limit::{RequestLimiter, RequestRates},
    response::Accepted,
    server::Server,
};
