//! The client's address, its user agent and the requested host, also behind trusted proxies.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{header, request::Parts},
};
use ipnet::IpNet;

use super::headers::text;
use crate::engine::Origin;

/// Longest user agent that is stored, in characters. A longer one is truncated.
const MAX_USER_AGENT: usize = 200;

/// The origin of a request. Its address is the peer's, or the client's as trusted proxies report it.
pub(super) fn origin(proxies: &[IpNet], parts: &Parts) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let user_agent = text(&parts.headers, header::USER_AGENT);
    Origin {
        address: peer.map(|peer| client_address(proxies, peer, &forwarded.collect::<Vec<_>>().join(","))),
        user_agent: user_agent.map(|it| it.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// The host that a client requested, as trusted proxies report it or else as the request does.
pub(super) fn host<'p>(proxies: &[IpNet], parts: &'p Parts) -> Option<&'p str> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = text(&parts.headers, "x-forwarded-host").filter(|_| peer.is_some_and(|it| is_proxy(proxies, it)));
    // The first value is from the proxy that is closest to the client.
    forwarded.and_then(|hosts| hosts.split(',').next()).map(str::trim).or_else(|| text(&parts.headers, header::HOST))
}

fn is_proxy(proxies: &[IpNet], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(&address.to_canonical()))
}

/// Finds the client's address in `X-Forwarded-For`. Each proxy appends the address of its peer, so the last address
/// that is not a trusted proxy is the client. Clients can forge everything before it.
pub fn client_address(proxies: &[IpNet], peer: IpAddr, forwarded: &str) -> IpAddr {
    let mut client = peer;
    let mut addresses = forwarded.rsplit(',').map(|it| it.trim().parse::<IpAddr>());
    while is_proxy(proxies, client)
        && let Some(Ok(previous)) = addresses.next()
    {
        client = previous;
    }
    client
}
