//! Where a request comes from, and which host it asked for.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{header, request::Parts},
};
use ipnet::IpNet;

use super::headers::text;
use crate::engine::Origin;

/// Most characters kept of a user agent.
const MAX_USER_AGENT: usize = 200;

/// Where a request comes from: the peer, or whom a trusted proxy says it speaks for.
pub(super) fn origin(proxies: &[IpNet], parts: &Parts) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let user_agent = text(&parts.headers, header::USER_AGENT);
    Origin {
        address: peer.map(|peer| client_address(proxies, peer, &forwarded.collect::<Vec<_>>().join(","))),
        user_agent: user_agent.map(|it| it.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// The host that a client asked for: as the request says, or as a trusted proxy says that it did.
pub(super) fn host<'p>(proxies: &[IpNet], parts: &'p Parts) -> Option<&'p str> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = text(&parts.headers, "x-forwarded-host").filter(|_| peer.is_some_and(|it| is_proxy(proxies, it)));
    // The first of several proxies heard it from the client.
    forwarded.and_then(|hosts| hosts.split(',').next()).map(str::trim).or_else(|| text(&parts.headers, header::HOST))
}

fn is_proxy(proxies: &[IpNet], address: IpAddr) -> bool {
    proxies.iter().any(|network| network.contains(&address.to_canonical()))
}

/// Each proxy appends whom it heard from: read from the end, the first that is no proxy of ours is the client. What stands
/// before that anyone could have written.
pub fn client_address(proxies: &[IpNet], peer: IpAddr, forwarded: &str) -> IpAddr {
    let mut client = peer;
    let mut heard_from = forwarded.rsplit(',').map(|it| it.trim().parse::<IpAddr>());
    while is_proxy(proxies, client)
        && let Some(Ok(before)) = heard_from.next()
    {
        client = before;
    }
    client
}
