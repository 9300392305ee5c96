//! Names that users type, and the keys by which they are compared.

use guildhall::kernel::text::{
    contains_pattern, discord_username, fold, key, loose_key, name, sort_key, username_key, web_url,
};
use proptest::prelude::*;

#[test]
fn names_are_trimmed_and_normalized_before_their_length_is_checked() {
    assert_eq!(name("name", "  Zoe\u{308} ", 3), Ok("Zoë".to_owned()));
    assert_eq!(discord_username(" @ @thal ").as_deref(), Ok("thal"));
    assert_eq!(username_key(" @ @Thal "), "thal");
}

#[test]
fn invalid_names_are_refused_with_their_field() {
    for text in ["", "  ", "a\u{0}b", "a\nb", "abcd"] {
        assert_eq!(name("name", text, 3).map_err(|refusal| refusal.field), Err(Some("name".into())), "{text:?}");
    }
    for url in ["ftp://example.com/x", "javascript:alert(1)", "http://", "/x.png", "https://exa mple.com"] {
        assert!(web_url("imageUrl", url).is_err(), "{url}");
    }
}

#[test]
fn a_url_is_plain_and_names_a_host_on_the_internet() {
    for (url, stored) in [
        ("https://example.com/a.png?b=c", "https://example.com/a.png?b=c"),
        (" HTTPS://Example.com ", "HTTPS://Example.com"),
        ("http://192.0.2.1:8080/a%20b.png#top", "http://192.0.2.1:8080/a%20b.png#top"),
        ("https://a_b.cdn.example/@user/x(1);y,z~!$&*+=[1]", "https://a_b.cdn.example/@user/x(1);y,z~!$&*+=[1]"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://bücher.example/ä.png", "https://xn--bcher-kva.example/%C3%A4.png"),
    ] {
        assert_eq!(web_url("imageUrl", url).as_deref(), Ok(stored), "{url}");
    }
    let long = format!("https://example.com/{}", "a".repeat(2_048));
    let encoded_long = format!("https://example.com/{}", "ä".repeat(1_000));
    let (long_label, long_host) =
        (format!("https://{}.com/", "a".repeat(64)), format!("https://{}com/", "a.".repeat(130)));
    for url in [
        "https://user:pass@host.example/a.png",
        "https://user@host.example/a.png",
        "https://@host.example/a.png",
        "https://guild.example\\@evil.example/",
        "https://host.example/a\"onerror=\"b.png",
        "https://host.example/it's.png",
        "https://host.example/<b>",
        "https://host.example/a b.png",
        "https://host.example/a\u{a0}b.png",
        "https://host.example/a\tb.png",
        "https://host.example/{a}|b^c`d",
        "https://host.example/\u{7f}",
        "https://host.example:0/",
        "https://host.example:/",
        "https://host.example:65536/",
        "https://host.example:port/",
        "https:host.example/",
        "https:///host.example/",
        "//host.example/",
        "https://",
        "https://localhost/a.png",
        "http://guild:8080/a.png",
        "https://[::1]/a.png",
        "https://1/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://1.2.3.4.5/",
        "https://host.123/",
        "https://.example/",
        "https://host..example/",
        "https://host.example./",
        "https://-host.example/",
        "https://host-.example/",
        "https://ho*st.example/",
        "https://host.exa_mple/",
        "https://%68ost/",
        "data:image/png;base64,AAAA",
        &long,
        &encoded_long,
        &long_label,
        &long_host,
    ] {
        let refusal = web_url("imageUrl", url).expect_err(url);
        assert_eq!(refusal.field.as_deref(), Some("imageUrl"), "{url}");
    }
}

#[test]
fn folding_removes_case_and_accents() {
    assert_eq!(fold("Élyria Ångström"), "elyria angstrom");
    assert_eq!((fold("ΟΣΙΡΙΣ"), fold("Straße")), (fold("οσιρις"), fold("STRASSE")));
    assert_eq!((key("ΑΣ"), key("ΑΣ")), (key("ασ"), key("ας")));
    assert_eq!(loose_key(" Discord-Username / É_1"), "discordusernamee1");
    assert_eq!(contains_pattern(" 50%_Ö\\ "), "%50\\%\\_o\\\\%");
}

proptest! {
    #[test]
    fn a_sort_key_orders_by_its_first_part_first(a in "[a-z ]{1,6}", b in "[a-z ]{1,6}", x in "[a-z]*", y in "[a-z]*") {
        let by_key = sort_key(&[&a, &x]).cmp(&sort_key(&[&b, &y]));
        prop_assert_eq!(by_key, a.cmp(&b).then(x.cmp(&y)));
    }
}
