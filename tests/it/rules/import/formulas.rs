//! Names that a spreadsheet would run as formulas: an export adds an apostrophe, and an import removes it.

use guildhall::identity::{
    Member,
    import::{Column, Format, Roster, read, write},
};
use proptest::prelude::*;

use super::{guild, member};

/// The cell of this display name in an exported table.
fn export(display_name: &str) -> String {
    let roster = Roster {
        members: vec![Member { display_name: display_name.to_owned(), ..member(1, "thal", "", 5) }],
        characters: Vec::new(),
        ..guild()
    };
    let table = write(Format::Csv, &roster).unwrap();
    let row = csv::Reader::from_reader(table.as_bytes()).records().next().unwrap().unwrap();
    row[2].to_owned()
}

/// The display name that a cell of an imported table means.
fn import(cell: &str) -> String {
    let reading = read(Format::Csv, format!("discord_username,display_name\nthal,{cell}").as_bytes()).unwrap();
    reading.records[0].cell(Column::DisplayName).unwrap_or_default().to_owned()
}

#[test]
fn formulas_are_escaped_and_other_names_unchanged() {
    for (name, cell) in
        [("=1+1", "'=1+1"), ("@thal", "'@thal"), ("-x", "'-x"), ("'+x", "''+x"), ("'t Hof", "'t Hof"), ("a=b", "a=b")]
    {
        assert_eq!(export(name), cell);
    }
    assert_eq!(import("=1+1"), "=1+1");
}

proptest! {
    #[test]
    fn an_exported_name_is_read_back_unchanged(name in "['=+@a-]{0,6}") {
        prop_assert_eq!(import(&export(&name)), name);
    }
}
