//! The HTTP server: `/graphql`, the web app, the console, health, metrics.

mod accept;
mod build;
mod client_stream;
mod console;
mod cors;
mod credentials;
mod encoding;
mod endpoint;
mod etag;
mod exposition;
mod headers;
mod health;
mod json;
mod listen;
mod metrics;
mod multipart;
mod origin;
mod page;
mod process_metrics;
mod rate_limit;
mod request;
mod response;
mod response_body;
mod response_memory;
mod router;
mod server;
mod socket_limits;
mod sse;
mod web;
mod ws;
mod ws_messages;
mod ws_operation;
mod ws_operations;

pub use self::{
    accept::Accepted,
    cors::{Cors, CorsOrigin},
    credentials::SentCredentials,
    exposition::MetricsFormat,
    listen::{serve, serve_with_limit},
    origin::client_address,
    rate_limit::{RequestLimiter, RequestRates},
    response_memory::{Charge, ConnectionMemory, MAX_UNREAD, ResponseMemory},
    server::Server,
    web::{WebApp, WebFiles},
};
