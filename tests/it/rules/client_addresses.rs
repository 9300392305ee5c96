//! The client's address behind trusted proxies.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use guildhall::http::client_address;
use ipnet::IpNet;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The client of a request by `peer` with these headers. The networks `10.0.0.0/8` and `::1/128` are trusted.
fn client(peer: &str, headers: &[(&'static str, &[u8])]) -> Result<IpAddr, Box<dyn std::error::Error>> {
    let proxies: [IpNet; 2] = ["10.0.0.0/8".parse()?, "::1/128".parse()?];
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value)?);
    }
    Ok(client_address(&proxies, peer.parse()?, &map))
}

#[test]
fn only_trusted_proxies_can_name_the_client() -> Outcome {
    for (peer, forwarded, expected) in [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:50121,10.2.3.4:443 , \"10.9.9.9\"", "198.51.100.7"),
        ("10.0.0.1", "1.1.1.1, not an address", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, unknown, 10.2.3.4", "10.2.3.4"),
        ("10.0.0.1", "1.1.1.1, _hidden", "10.0.0.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
    ] {
        assert_eq!(
            client(peer, &[("x-forwarded-for", forwarded.as_bytes())])?,
            expected.parse::<IpAddr>()?,
            "{forwarded}"
        );
        let standard = forwarded.split(',').map(|node| format!("for=\"{}\"", node.trim().trim_matches('"')));
        let standard = standard.collect::<Vec<_>>().join(",");
        assert_eq!(client(peer, &[("forwarded", standard.as_bytes())])?, expected.parse::<IpAddr>()?, "{standard}");
    }
    Ok(())
}

#[test]
fn an_address_is_read_in_every_form_that_proxies_write() -> Outcome {
    for (node, expected) in [
        ("198.51.100.1:50121", "198.51.100.1"),
        ("\"198.51.100.1\"", "198.51.100.1"),
        (" \" 198.51.100.1:80 \" ", "198.51.100.1"),
        ("\t198.51.100.1\t", "198.51.100.1"),
        ("198.51.100.1,", "198.51.100.1"),
        ("198.51.100.1, ,", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:198.51.100.1]:443", "198.51.100.1"),
        ("[2001:db8:1::1]:443", "2001:db8:1::1"),
        ("[2001:db8:1::1]", "2001:db8:1::1"),
        ("\"[2001:DB8:1::1]:443\"", "2001:db8:1::1"),
        ("2001:db8:1:0:0:0:0:1", "2001:db8:1::1"),
        ("2001:db8:1:0:0:0:0:1:443", "2001:db8:1::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("198.51.100.1:port", "10.0.0.1"),
        ("198.51.100.1:99999", "10.0.0.1"),
        ("[2001:db8::1", "10.0.0.1"),
        ("[2001:db8::1]443", "10.0.0.1"),
        ("[198.51.100.1", "10.0.0.1"),
        ("198.51.100.1 198.51.100.2", "10.0.0.1"),
    ] {
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", node.as_bytes())])?, expected.parse::<IpAddr>()?, "{node}");
    }
    Ok(())
}

#[test]
fn several_headers_are_one_list_and_the_last_address_counts() -> Outcome {
    let address: IpAddr = "198.51.100.7".parse()?;
    let of = |headers: &[(&'static str, &[u8])]| client("10.0.0.1", headers);
    assert_eq!(of(&[("x-forwarded-for", b"1.1.1.1"), ("x-forwarded-for", b"198.51.100.7:1, 10.0.0.2")])?, address);
    // A value that is not text does not hide the others.
    assert_eq!(of(&[("x-forwarded-for", b"\xff"), ("x-forwarded-for", b"198.51.100.7")])?, address);
    assert_eq!(of(&[("x-forwarded-for", b"\xff, 198.51.100.7")])?, address);
    // `Forwarded` counts only without `X-Forwarded-For`.
    assert_eq!(of(&[("forwarded", b"for=1.1.1.1"), ("x-forwarded-for", b"198.51.100.7")])?, address);
    for standard in [
        "for=198.51.100.7",
        "For=\"198.51.100.7:50121\";proto=https;by=10.0.0.1",
        "proto=https; for=198.51.100.7",
        "for=1.1.1.1, for=198.51.100.7, for=10.0.0.2",
        // Neither a forged quote nor a name in quotes hides or adds an address.
        "for=\"1.1.1.1, for=198.51.100.7",
        "for=198.51.100.7;host=\"a, for=1.1.1.1\"",
    ] {
        assert_eq!(of(&[("forwarded", standard.as_bytes())])?, address, "{standard}");
    }
    assert_eq!(of(&[("forwarded", b"for=\"[2001:db8:1::1]:443\"")])?, "2001:db8:1::1".parse::<IpAddr>()?);
    assert_eq!(of(&[("forwarded", b"for=1.1.1.1, proto=https")])?, "10.0.0.1".parse::<IpAddr>()?);
    Ok(())
}
