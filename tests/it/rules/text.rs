//! Names that users type, and the keys by which they are compared.

use guildhall::kernel::text::{
    contains_pattern, discord_username, fold, key, loose_key, name, realm_key, search_key, sort_key, username_key,
    web_url,
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
    let folded =
        ["Bjørn", "Łucja", "Ægir", "Đorđe", "Þór", "œuvre", "İrem", "ırmak", "ẞ", "Sen'jin", "Sen’jin", "Kel´Thuzad"]
            .map(fold);
    let base =
        ["bjorn", "lucja", "aegir", "dorde", "thor", "oeuvre", "irem", "irmak", "ss", "senjin", "senjin", "kelthuzad"];
    assert_eq!(folded, base);
    // Marks that are letters or vowels of their own stay.
    assert_ne!(fold("कि"), fold("का"));
    assert_ne!(fold("が"), fold("か"));
    assert_eq!((fold("Ёлка"), fold("שָׁלוֹם"), fold("  Ａ\u{3000} b ")), ("елка".into(), fold("שלום"), "a b".into()));
    assert_eq!(loose_key(" Discord-Username / É_1"), "discordusernamee1");
    assert_eq!(contains_pattern(&search_key(" 50%_Ö-\\ ")), "%50\\%\\_o\\\\%");
}

#[test]
fn names_are_visible() {
    let invisible = [
        "\u{3164}",
        "\u{2800}",
        "\u{200b}",
        "\u{115f}",
        "\u{1160}",
        "\u{ffa0}",
        "\u{ad}",
        "\u{feff}",
        "\u{2060}",
        "\u{34f}",
        "\u{180e}",
        "\u{fe0f}",
        "\u{200d}",
        "\u{e0041}",
        "\u{1d159}",
        "\u{fffc}",
        "\u{2028}",
        "\u{3000}",
    ];
    for invisible in invisible {
        assert!(name("name", invisible, 50).is_err(), "{invisible:?}");
        let space = invisible.trim().is_empty();
        assert_eq!(name("name", &format!("Officer{invisible}"), 50).is_ok(), space, "{invisible:?}");
        assert_eq!(name("name", &format!("Off{invisible}icer"), 50).is_ok(), space, "{invisible:?}");
    }
    let refused = [
        "\u{202e}eman",
        "a\u{2066}b",
        "\u{200f}a",
        "\u{61c}a",
        "a\u{e000}",
        "\u{f8ff}",
        "\u{10fffd}",
        "\u{378}",
        "\u{fdd0}",
        "\u{10ffff}",
        "\u{301}",
        "\u{20dd}",
        "a \u{301}b",
        "\u{93e}",
        "a\tb",
        "a\nb",
        "a\u{85}b",
        "\u{1b}[2J",
        "a\u{200c}b",
        "a\u{200d}b",
        "1\u{200d}2",
        "👨\u{200d}",
        "\u{200d}👨",
        "👨\u{200d}\u{200d}👩",
        "a\u{fe0f}",
        "a\u{fe00}",
        "葛\u{e0100}\u{e0100}",
        "🏴\u{e0067}",
        "🏴\u{e007f}",
        "a\u{e0067}\u{e007f}",
        "علي\u{200c}",
        "\u{200c}علي",
        "دا\u{200c}\u{200c}دا",
    ];
    for text in refused {
        assert_eq!(name("name", text, 50).map_err(|refusal| refusal.field), Err(Some("name".into())), "{text:?}");
    }
    let message = name("title", "a\u{202e}b", 50).map_err(|refusal| refusal.message.into_owned());
    assert_eq!(message, Err("title must not contain a character that changes the direction of text (U+202E).".into()));
}

#[test]
fn joiners_stay_where_emoji_and_scripts_need_them() {
    let accepted = [
        "👨‍👩‍👧",
        "می‌خواهم",
        "❤️",
        "👩‍❤️‍💋‍👨",
        "🏳️‍🌈",
        "🏴‍☠️",
        "👩🏽‍🚀",
        "1️⃣",
        "♡️",
        "🇩🇪",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "क्‍ष",
        "ന്‍",
        "র‍্যাব",
        "ක්‍ෂ",
        "葛\u{e0100}城",
        "ᠮᠣᠩᠭᠣᠯ",
        "ᠬᠠᠷ᠎ᠠ",
        "e\u{301}",
        "Zoë",
        "Đặng",
        "ｗｉｄｅ",
        "๑๒๓",
        "⠓⠑⠇⠇⠕",
        "x²",
        "🫩",
        "ˈa",
        "'s-Gravenhage",
    ];
    for text in accepted {
        let composed: String = unicode_normalization::UnicodeNormalization::nfc(text).collect();
        assert_eq!(name("name", text, 50), Ok(composed), "{text:?}");
    }
    assert_eq!(name("name", " Guild \u{a0}\u{3000} Leader\n", 50), Ok("Guild Leader".to_owned()));
}

#[test]
fn names_are_equal_without_case_width_spaces_and_ignorable_characters() {
    let equal = [
        ["straße", "STRAẞE", "Strasse"],
        ["irem", "İrem", "IREM"],
        ["Guild Leader", "guild  leader", "GuildLeader"],
        ["Officer", "Officer\u{200b}", "ＯＦＦＩＣＥＲ"],
        ["❤️", "❤", "❤\u{fe0e}"],
        ["ｶﾞ", "ガ", "カ\u{3099}"],
        ["ﬁre", "FIRE", "fi\u{ad}re"],
        ["ΑΣ", "ας", "ασ"],
    ];
    for [one, two, three] in equal {
        assert_eq!((key(one), key(two)), (key(three), key(three)), "{one} {two} {three}");
    }
    let different = ["Bjørn", "Bjorn", "Björn", "Onyxia's", "Onyxias", "Area-52", "Area52", "👨‍👩‍👧", "👨"].map(key);
    assert_eq!(different.iter().collect::<std::collections::HashSet<_>>().len(), different.len());
}

#[test]
fn realms_are_equal_however_they_are_spelled() {
    for [one, two] in [
        ["Azjol-Nerub", "azjol nerub"],
        ["Area 52", "area-52"],
        ["Area52", "AREA 52"],
        ["Sen'jin", "Sen’jin"],
        ["Sen'jin", "SenJin"],
        ["Aggra (Português)", "Aggra(português)"],
        ["Ревущий фьорд", "РЕВУЩИЙФЬОРД"],
        ["Pozzo dell'Eternità", "Pozzo dell´eternità"],
        ["Azjol‑Nerub", "Azjol–Nerub"],
    ] {
        assert_eq!(realm_key(one), realm_key(two), "{one} {two}");
    }
    assert_ne!(realm_key("Area 51"), realm_key("Area 52"));
}

proptest! {
    #[test]
    fn a_key_is_its_own_key(text in ".{0,12}") {
        prop_assert_eq!(key(&key(&text)), key(&text));
        prop_assert_eq!(fold(&fold(&text)), fold(&text));
    }

    #[test]
    fn a_key_has_no_case(text in "[\\p{L}\\p{N} ]{0,12}") {
        prop_assert_eq!(key(&text.to_uppercase()), key(&text));
        prop_assert_eq!(fold(&text.to_uppercase()), fold(&text));
    }

    #[test]
    fn an_accepted_name_is_accepted_again_unchanged(text in "\\PC{0,8}") {
        if let Ok(accepted) = name("name", &text, 100) {
            prop_assert!(!key(&accepted).is_empty());
            prop_assert_eq!(name("name", &accepted, 100), Ok(accepted));
        }
    }

    #[test]
    fn a_sort_key_orders_by_its_first_part_first(a in "[a-z]( ?[a-z]){0,4}", b in "[a-z]( ?[a-z]){0,4}", x in "[a-z]*", y in "[a-z]*") {
        let by_key = sort_key(&[&a, &x]).cmp(&sort_key(&[&b, &y]));
        prop_assert_eq!(by_key, a.cmp(&b).then(x.cmp(&y)));
    }
}
