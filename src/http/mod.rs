//! The HTTP server: `/graphql`, the console, health, metrics.

mod accept;
mod console;
mod cors;
mod credentials;
mod endpoint;
mod exposition;
mod headers;
mod health;
mod listen;
mod metrics;
mod origin;
mod process_metrics;
mod rate_limit;
mod request;
mod response;
mod router;
mod server;
mod sse;
mod ws;
mod ws_messages;

pub use self::{
    accept::Accepted,
    cors::{Cors, CorsOrigin},
    credentials::SentCredentials,
    exposition::MetricsFormat,
    listen::{serve, serve_with_limit},
    origin::client_address,
    rate_limit::{RequestLimiter, RequestRates},
    server::Server,
};
