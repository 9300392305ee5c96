//! Where a request comes from.

use std::net::IpAddr;

/// The client of a request.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address; none for a request that came over no socket.
    pub address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
}
