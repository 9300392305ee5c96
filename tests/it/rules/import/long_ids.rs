//! Discord ids that spreadsheets and other programs round.

use guildhall::identity::{
    Member,
    import::{Actor, Format, Roster, plan, read, write},
};
use proptest::prelude::*;

use super::{guild, member, now, rows, summary};

const ID: &str = "458304698827669536";

/// The test guild with a long Discord id of `thal`.
fn roster(id: &str) -> Roster {
    let mut roster = guild();
    roster.members[0].discord_id = Some(id.to_owned());
    roster
}

fn outcome(text: &str) -> Vec<String> {
    let roster = roster(ID);
    summary(&roster, &plan(&roster, &Actor::Operator, &rows(text), now()))
}

#[test]
fn rounded_ids_are_problems() {
    for rounded in [
        // Cut off and rounded to 15 digits, by spreadsheets.
        "458304698827669000",
        "458304698827670000",
        // A double-precision number with the fewest digits, in full, and with an exponent.
        "458304698827669500",
        "458304698827669504",
        "4.58304698827669E+17",
        "\"4,58305E+17\"",
    ] {
        let expected = ["! line 2 discordId"];
        assert_eq!(outcome(&format!("thal,{rounded}")), expected, "{rounded}");
        assert_eq!(outcome(&format!("renamed,{rounded},Name,Initiate")), expected, "{rounded}");
        assert_eq!(outcome(&format!("korr,{rounded}")), expected, "{rounded}");
    }
    let problems = plan(&roster(ID), &Actor::Operator, &rows("thal,4.58305E+17"), now()).problems;
    assert!(problems[0].message.contains("apostrophe"), "{problems:?}");
}

#[test]
fn exact_ids_are_read_with_and_without_an_apostrophe() {
    for exact in [ID, "'458304698827669536", "’458304698827669536", "' 458304698827669536"] {
        assert_eq!(outcome(&format!("thal,{exact}")), Vec::<String>::new(), "{exact}");
    }
    assert_eq!(outcome("new,458304698827669537"), ["+ new (new) 1 458304698827669537"]);
    // An id that ends in zeros is possible, but must be marked if it is not known.
    assert_eq!(outcome("new,700000000000000000"), ["! line 2 discordId"]);
    assert_eq!(outcome("new,'700000000000000000"), ["+ new (new) 1 700000000000000000"]);
    let known = roster("700000000000000000");
    let plan = plan(&known, &Actor::Operator, &rows("thal,700000000000000000"), now());
    assert_eq!(summary(&known, &plan), Vec::<String>::new());
}

#[test]
fn numbers_in_lists_may_be_rounded_and_texts_are_exact() {
    let import = |id: &str| {
        let text = format!("{{\"members\": [{{\"discordUsername\": \"new\", \"discordId\": {id}}}]}}");
        let roster = roster(ID);
        let file = read(Format::Json, text.as_bytes()).unwrap();
        summary(&roster, &plan(&roster, &Actor::Operator, &file, now()))
    };
    for rounded in ["700000000000000000", "458304698827669500", "4.58e17", "\"458304698827669500\""] {
        assert_eq!(import(rounded), ["! members[0] discordId"], "{rounded}");
    }
    assert_eq!(import("\"700000000000000000\""), ["+ new (new) 1 700000000000000000"]);
    assert_eq!(import("\"'700000000000000001\""), ["+ new (new) 1 700000000000000001"]);
    assert_eq!(import("700000000000000001"), ["+ new (new) 1 700000000000000001"]);
}

#[test]
fn an_export_marks_long_ids_as_text() {
    let table = write(Format::Csv, &roster(ID)).unwrap();
    assert!(table.contains("\nthal,'458304698827669536,"), "{table}");
    assert!(write(Format::Json, &roster(ID)).unwrap().contains("\"458304698827669536\""));
}

proptest! {
    #[test]
    fn no_rounded_id_is_imported(id in 1_000_000_000_000_000..u64::MAX, kept in 15_u32..=17) {
        let text = id.to_string();
        let double: f64 = text.parse().unwrap();
        let rounded = [format!("{double}"), format!("{double:.0}"), format!("{double:.*e}", kept as usize - 1)];
        let roster = Roster {
            members: vec![Member { discord_id: Some(text.clone()), ..member(1, "thal", "Thal", 5) }],
            characters: Vec::new(),
            ..guild()
        };
        for number in rounded.iter().filter(|number| **number != text) {
            let plan = plan(&roster, &Actor::Operator, &rows(&format!("thal,{number}")), now());
            prop_assert_eq!(summary(&roster, &plan), vec!["! line 2 discordId"], "{}", number);
        }
    }
}
