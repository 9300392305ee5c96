//! Locations, columns and cells of records.

use guildhall::{
    identity::import::{Column, Format, RowLocation, read},
    kernel::text,
};
use serde_json::json;
use strum::VariantArray;

#[test]
fn locations_are_displayed_as_a_line_or_a_path() {
    assert_eq!(RowLocation::Line(12).to_string(), "line 12");
    assert_eq!(RowLocation::Member(3).to_string(), "members[3]");
    assert_eq!(RowLocation::Character(3, 0).to_string(), "members[3].characters[0]");
}

#[test]
fn a_characters_location_sorts_after_its_member_and_before_the_next() {
    let mut locations = vec![
        RowLocation::Member(4),
        RowLocation::Character(3, 1),
        RowLocation::Character(3, 0),
        RowLocation::Member(3),
    ];
    locations.sort_by_key(|location| location.order());
    assert_eq!(
        locations,
        [RowLocation::Member(3), RowLocation::Character(3, 0), RowLocation::Character(3, 1), RowLocation::Member(4)]
    );
}

#[test]
fn every_column_is_recognized_by_its_own_header() {
    let header: Vec<&str> = Column::VARIANTS.iter().map(|column| column.header()).collect();
    let loose: Vec<String> = header.iter().map(|header| text::loose_key(header)).collect();
    for header in [header.join(","), loose.join(",")] {
        let reading = read(Format::Csv, format!("{header}\n{header}").as_bytes()).unwrap();
        assert_eq!(reading.unknown_columns, Vec::<String>::new());
        let cells: Vec<&str> = Column::VARIANTS.iter().filter_map(|column| reading.records[0].cell(*column)).collect();
        assert_eq!(cells.join(","), header);
    }
}

#[test]
fn cells_are_trimmed_and_limited_in_length() {
    let rank = |text: &str| {
        let file = json!({ "members": [{ "discordUsername": "thal", "rank": text }] }).to_string();
        let reading = read(Format::Json, file.as_bytes()).unwrap();
        match reading.records.first() {
            Some(record) => Ok(record.cell(Column::Rank).map(str::to_owned)),
            None => Err(reading.problems[0].field),
        }
    };
    assert_eq!(rank(" \t"), Ok(None));
    assert_eq!(rank(" Officer "), Ok(Some("Officer".to_owned())));
    assert_eq!(rank(&"é".repeat(1_000)), Ok(Some("é".repeat(1_000))));
    assert_eq!(rank(&"é".repeat(1_001)), Err(Some("rank")));
}
