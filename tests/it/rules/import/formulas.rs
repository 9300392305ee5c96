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

/// The display name that a cell means, which may contain delimiters.
fn import_quoted(cell: &str) -> String {
    import(&format!("\"{}\"", cell.replace('"', "\"\"")))
}

#[test]
fn formulas_are_escaped_and_other_names_unchanged() {
    for (name, cell) in [
        ("=1+1", "'=1+1"),
        ("@thal", "'@thal"),
        ("-x", "'-x"),
        ("'+x", "''+x"),
        ("＝1+1", "'＝1+1"),
        ("﹢1", "'﹢1"),
        ("=\"1\"", "'=\"1\""),
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a,+1,@b|-c", "a,'+1,'@b|'-c"),
        ("a; \"=1", "a; \"'=1"),
        ("a\t=1\r＠b", "a\t'=1\r'＠b"),
        ("'t Hof", "'t Hof"),
        ("a=b", "a=b"),
        ("Foo - Bar", "Foo - Bar"),
        ("Azjol-Nerub", "Azjol-Nerub"),
    ] {
        assert_eq!(export(name), cell);
    }
    assert_eq!(import("=1+1"), "=1+1");
}

#[test]
fn every_column_is_escaped() {
    let attack = "a;=HYPERLINK(0)";
    let mut roster = guild();
    roster.ranks.iter_mut().for_each(|rank| rank.name = attack.to_owned());
    roster.members.iter_mut().for_each(|member| {
        (member.discord_username, member.display_name) = (attack.to_owned(), attack.to_owned());
    });
    roster.characters.iter_mut().for_each(|character| {
        (character.name, character.realm) = (attack.to_owned(), attack.to_owned());
        character.spec = Some(attack.to_owned());
    });
    let table = write(Format::Csv, &roster).unwrap();
    assert_eq!(cells_with_formulas(&table), Vec::<String>::new());
    assert_eq!(table.matches("a;'=HYPERLINK(0)").count(), 5 * 6 - 3, "{table}");
}

/// The cells that start with a sign, as programs split the table that know quotation marks or don't.
fn cells_with_formulas(table: &str) -> Vec<String> {
    let mut cells: Vec<String> = Vec::new();
    for delimiter in [',', ';', '\t', '|'] {
        cells.extend(table.split([delimiter, '\n', '\r']).map(str::to_owned));
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(u8::try_from(delimiter).unwrap()).has_headers(false).flexible(true);
        for row in reader.from_reader(table.as_bytes()).records() {
            cells.extend(row.unwrap().iter().map(str::to_owned));
        }
    }
    let is_formula =
        |cell: &String| cell.trim_start_matches(|c: char| c == '"' || c.is_whitespace()).starts_with(SIGNS);
    cells.into_iter().filter(is_formula).collect()
}

const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

proptest! {
    #[test]
    fn an_exported_name_is_read_back_unchanged(name in "['\"=+@a,;|＝ \\-]{0,8}") {
        prop_assert_eq!(import_quoted(&export(&name)), name.trim());
    }

    #[test]
    fn no_cell_starts_a_formula(name in "['\"=+@a,;|＝ \\-]{0,8}") {
        let roster = Roster {
            members: vec![Member { display_name: name, ..member(1, "thal", "", 5) }],
            characters: Vec::new(),
            ..guild()
        };
        prop_assert_eq!(cells_with_formulas(&write(Format::Csv, &roster).unwrap()), Vec::<String>::new());
    }
}
