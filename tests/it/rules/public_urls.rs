//! The address of the site.

use guildhall::kernel::public_url::PublicUrl;

#[test]
fn only_origins_over_tls_or_on_loopback_are_accepted() {
    for good in ["https://guild.example", "https://guild.example/", "https://guild.example:8443", " https://x.y "] {
        assert!(good.parse::<PublicUrl>().is_ok(), "{good}");
    }
    for good in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:3000/", "http://127.9.9.9"] {
        assert!(good.parse::<PublicUrl>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "guild.example",
        "http://guild.example",
        "http://localhost.example",
        "http://10.0.0.1",
        "https://guild.example/app",
        "https://guild.example/?a",
        "https://guild.example/#a",
        "https://user@guild.example",
        "https://user:pass@guild.example",
        "https://",
        "https:guild.example",
        "https:///guild.example",
        "https:\\\\guild.example",
        "https://guild.example\\x",
        "https://guild.example//",
        "https://guild.example?",
        "https://guild.example#",
        "https://@guild.example",
        "https://guild.example:",
        "https://guild.example:0",
        "https://guild.example:70000",
        "https://guild\n.example",
        "https://guild.example\u{0}",
        "https://guild\".example",
        "https://guild.example https://other.example",
        "http://[::ffff:10.0.0.1]",
        "http://localhost@guild.example",
        "ftp://guild.example",
        "javascript:alert(1)",
    ] {
        assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
    }
}

#[test]
fn links_begin_with_the_address() {
    let site: PublicUrl = "https://guild.example/".parse().unwrap();
    assert_eq!(site.page("dusk", "/votes/{id}"), "https://guild.example/g/dusk/votes/{id}");
    let link = site.page_with_fragment("dusk", "/register", &[("code", "ABCD2345"), ("as", "thal & co#1")]);
    assert_eq!(link, "https://guild.example/g/dusk/register#code=ABCD2345&as=thal+%26+co%231");
}
