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
    assert!(web_url("imageUrl", "https://example.com/a.png?b=c").is_ok());
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
