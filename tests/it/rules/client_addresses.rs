//! The client's address behind trusted proxies.

use std::net::IpAddr;

use guildhall::http::client_address;

#[test]
fn only_trusted_proxies_can_name_the_client() -> Result<(), Box<dyn std::error::Error>> {
    let proxies = ["10.0.0.0/8".parse()?, "::1/128".parse()?];
    for (peer, forwarded, client) in [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, not an address", "10.0.0.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
    ] {
        assert_eq!(client_address(&proxies, peer.parse()?, forwarded), client.parse::<IpAddr>()?, "{forwarded}");
    }
    Ok(())
}
