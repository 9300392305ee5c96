//! The client that sent a request.

use std::net::IpAddr;

/// The client that sent a request.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address, or `None` for a request that no socket received, such as a Discord command.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}
