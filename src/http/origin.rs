//! The client's address, its user agent and the requested host, also behind trusted proxies.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, header, request::Parts},
};
use ipnet::IpNet;

use super::headers::text;
use crate::engine::{Origin, Presence};

/// Longest user agent that is stored, in characters. A longer one is truncated.
const MAX_USER_AGENT: usize = 200;

/// The origin of a request. Its address is the peer's, or the client's as trusted proxies report it.
pub(super) fn origin(proxies: &[IpNet], parts: &Parts) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let user_agent = text(&parts.headers, header::USER_AGENT);
    Origin {
        address: peer.map(|peer| client_address(proxies, peer, &parts.headers)),
        user_agent: user_agent.map(|it| it.chars().take(MAX_USER_AGENT).collect()),
        presence: Presence::default(),
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

/// Finds the client's address in `X-Forwarded-For`, or in `Forwarded` (RFC 7239) if there is no such header. Each proxy
/// appends the address of its peer, so the last address that is not a trusted proxy is the client. Clients can forge
/// everything before it.
pub fn client_address(proxies: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = peer.to_canonical();
    // The header is not read for the other peers, who could send a long one.
    if !is_proxy(proxies, client) {
        return client;
    }
    let forwarded = joined(headers, "x-forwarded-for");
    let standard = joined(headers, "forwarded");
    // The last node first.
    let nodes: Vec<&str> = if forwarded.is_empty() {
        rsplit_unquoted(&standard, ',').map(forwarded_for).collect()
    } else {
        forwarded.rsplit(',').collect()
    };
    let mut addresses = nodes.into_iter().map(str::trim).filter(|node| !node.is_empty()).map(node_address);
    while is_proxy(proxies, client)
        && let Some(Some(previous)) = addresses.next()
    {
        client = previous;
    }
    client
}

/// The values of all headers of this name, as if they were one header.
fn joined(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    values.collect::<Vec<_>>().join(",")
}

/// The value of `for` in an element of `Forwarded`.
fn forwarded_for(element: &str) -> &str {
    if element.trim().is_empty() {
        return "";
    }
    let mut parameters = rsplit_unquoted(element, ';').filter_map(|parameter| parameter.split_once('='));
    parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map_or("unknown", |(_, node)| node)
}

/// Splits a header from its end, at a delimiter that is not within quotes. So a quote that a client forged does not
/// hide what the proxies appended.
fn rsplit_unquoted(text: &str, delimiter: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.rsplit(move |c| {
        is_quoted ^= c == '"';
        c == delimiter && !is_quoted
    })
}

/// Parses a proxy's name for its peer: an address with or without a port, in brackets or in quotes.
fn node_address(node: &str) -> Option<IpAddr> {
    let node = node.trim().trim_matches('"').trim();
    let address = match node.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if port.is_empty() || is_port(port) => address,
        Some(_) => return None,
        None => node,
    };
    let without_zone = address.split_once('%').map_or(address, |(address, _)| address);
    let parsed = without_zone.parse().ok().or_else(|| {
        let (address, port) = node.rsplit_once(':')?;
        // Nine groups: some proxies append the port to an IPv6 address without brackets.
        let is_complete = !address.contains("::") && address.parse::<Ipv6Addr>().is_ok();
        let is_address = is_complete || !address.contains(':');
        (is_address && port.parse::<u16>().is_ok()).then(|| address.parse().ok())?
    });
    parsed.map(|address: IpAddr| address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}
