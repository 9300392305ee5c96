//! Reading tables and lists of members.

use guildhall::identity::import::{Column, Format, ParsedFile, Record, RowLocation, read};
use proptest::{prelude::*, sample::select};

/// The rows that were read, as `location: username | character | main`.
fn summary(reading: &ParsedFile) -> Vec<String> {
    let cell = |record: &Record, column| record.cell(column).unwrap_or("-").to_owned();
    let row = |record: &Record| {
        let cells = [Column::DiscordUsername, Column::CharacterName, Column::MainAlt];
        format!("{}: {}", record.location, cells.map(|column| cell(record, column)).join(" | "))
    };
    reading.records.iter().map(row).collect()
}

fn problems(reading: &ParsedFile) -> Vec<(String, Option<&'static str>)> {
    reading.problems.iter().map(|problem| (problem.location.to_string(), problem.field)).collect()
}

fn csv(text: &str) -> ParsedFile {
    read(Format::Csv, text.as_bytes()).unwrap()
}

fn json(text: &str) -> ParsedFile {
    read(Format::Json, text.as_bytes()).unwrap()
}

/// The message of a file that must be rejected.
fn rejected(format: Format, text: &[u8]) -> String {
    let refusal = read(format, text).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("data"));
    refusal.message.into_owned()
}

#[test]
fn headers_are_recognized_in_every_spelling() {
    let headers = [
        ("Discord Username", Column::DiscordUsername),
        ("discordUsername", Column::DiscordUsername),
        ("DISCORD-USERNAME", Column::DiscordUsername),
        (" discord ", Column::DiscordUsername),
        ("Discord ID", Column::DiscordId),
        ("display_name", Column::DisplayName),
        ("Ránk", Column::Rank),
        ("Character Name", Column::CharacterName),
        ("character", Column::CharacterName),
        ("Server", Column::Realm),
        ("CLASS", Column::Class),
        ("Specialization", Column::Spec),
        ("role", Column::Role),
        ("main/alt", Column::MainAlt),
        ("Main", Column::MainAlt),
    ];
    for (header, column) in headers {
        let of_member = if column == Column::DiscordUsername { "x" } else { "discord_username" };
        let reading = csv(&format!("{of_member},{header}\nvalue,value"));
        assert_eq!(reading.records[0].cell(column), Some("value"), "{header}");
    }
}

#[test]
fn unknown_columns_are_listed_and_ignored() {
    let reading = csv("username,Notes,,item level,notes\nthal,fine,,700,x\n");
    assert_eq!(summary(&reading), ["line 2: thal | - | -"]);
    assert_eq!(reading.unknown_columns, ["Notes", "item level", "notes"]);
    let reading = json(r#"{"members": [{"username": "thal", "joined": 1, "characters": [{"ilvl": 2, "rank": 3}]}]}"#);
    assert_eq!(reading.unknown_columns, ["joined", "ilvl", "rank"]);
}

#[test]
fn common_delimiters_are_recognized() {
    for text in ["username,character\nthal,Thal", "username;character\nthal;Thal", "username\tcharacter\nthal\tThal"] {
        assert_eq!(summary(&csv(text)), ["line 2: thal | Thal | -"], "{text}");
    }
    assert_eq!(summary(&csv("\u{feff}username;notes, long\nthal;a,b,c")), ["line 2: thal | - | -"]);
    assert_eq!(summary(&json("\u{feff}{\"members\": []}")), Vec::<String>::new());
}

#[test]
fn a_first_line_can_name_the_delimiter() {
    for start in ["sep=;\n", "\u{feff}sep=;\r\n", "SEP=;\r", "\"sep=;\"\n"] {
        let reading = csv(&format!("{start}username;character\nthal;Thal"));
        assert_eq!(summary(&reading), ["line 3: thal | Thal | -"], "{start:?}");
    }
    assert_eq!(summary(&csv("sep=~\nusername~notes,of;us\nthal~a,b")), ["line 3: thal | - | -"]);
    // A spreadsheet that saved the file again has filled the line.
    for start in ["sep=;;;;;;\n", "sep=; \n", "\"sep=;\",,,\r\n"] {
        let reading = csv(&format!("{start}username;character\nthal;Thal"));
        assert_eq!(summary(&reading), ["line 3: thal | Thal | -"], "{start:?}");
    }
    assert!(rejected(Format::Csv, b"sep=;").contains("discord_username"));
}

#[test]
fn utf_16_with_a_byte_order_mark_is_read() {
    let text = "\u{feff}username;character\nthal;Zoë 漢 👑";
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for file in [&little, &big] {
        assert_eq!(summary(&read(Format::Csv, file).unwrap()), ["line 2: thal | Zoë 漢 👑 | -"]);
    }
    assert!(rejected(Format::Csv, &little[..little.len() - 1]).contains("UTF-8"));
    assert!(rejected(Format::Csv, &[little, vec![0, 0xd8]].concat()).contains("UTF-8"));
    let json: Vec<u8> = "\u{feff}{\"members\": []}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(summary(&read(Format::Json, &json).unwrap()), Vec::<String>::new());
}

#[test]
fn workbooks_are_recognized() {
    for file in [&b"PK\x03\x04\x14\x00"[..], b"UEsDBBQABgAIAAAA", b"\xd0\xcf\x11\xe0\xa1\xb1"] {
        for format in [Format::Csv, Format::Json] {
            let message = rejected(format, file);
            assert!(message.contains("Excel") && message.contains("CSV UTF-8"), "{message}");
        }
    }
}

#[test]
fn replaced_characters_are_problems() {
    let reading = csv("username,rank,notes\nZo\u{fffd},Off\u{fffd}cer,fine\nthal,,bl\u{fffd}\n");
    assert_eq!(summary(&reading), ["line 3: thal | - | -"]);
    let line = || "line 2".to_owned();
    assert_eq!(problems(&reading), [(line(), Some("discordUsername")), (line(), Some("rank"))]);
    assert!(reading.problems[0].message.contains("UTF-8"));
    let reading = json("{\"members\": [{\"username\": \"Zo\u{fffd}\"}]}");
    assert_eq!(problems(&reading), [("members[0]".to_owned(), Some("discordUsername"))]);
    assert!(rejected(Format::Csv, b"username\nZo\xeb").contains("UTF-8"));
}

#[test]
fn empty_cells_after_the_last_column_are_ignored() {
    let reading = csv("username,character\nthal,Thal,,\nbryn,Bryn, ,\"\"\nmira,Mira,,x");
    assert_eq!(summary(&reading), ["line 2: thal | Thal | -", "line 3: bryn | Bryn | -"]);
    assert_eq!(problems(&reading), [("line 4".to_owned(), None)]);
}

#[test]
fn a_quoted_text_in_a_formula_is_the_text() {
    let reading = csv("username,discord id,character\n\"=\"\"thal\"\"\",\"=\"\"458304698827669000\"\"\",=\"Thal\"\n");
    assert_eq!(summary(&reading), ["line 2: thal | Thal | -"]);
    assert_eq!(reading.records[0].cell(Column::DiscordId), Some("458304698827669000"));
    assert_eq!(
        summary(&csv("username,character\nthal,=A1\nbryn,=\"a\"&\"b\"")),
        ["line 2: thal | =A1 | -", "line 3: bryn | =\"a\"&\"b\" | -"]
    );
}

#[test]
fn quoted_cells_can_contain_delimiters() {
    let reading = csv("username,character,main\n\"a,b\",\"say \"\"hi\"\"\", x \n'=1+1,\"c;d\",\n");
    assert_eq!(summary(&reading), ["line 2: a,b | say \"hi\" | x", "line 3: =1+1 | c;d | -"]);
}

#[test]
fn lines_are_numbered_as_in_an_editor() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["", "username,notes", "a", "", "", "b,\"one", "two\"", " , ", "c"].join(end);
        assert_eq!(summary(&csv(&text)), ["line 3: a | - | -", "line 6: b | - | -", "line 9: c | - | -"], "{end:?}");
    }
}

#[test]
fn a_bad_line_does_not_affect_the_others() {
    let reading = csv("username,rank\na,Member,more\nb\n,\nc,\"Mem\nber\"\nd,Member\n");
    assert_eq!(summary(&reading), ["line 3: b | - | -", "line 7: d | - | -"]);
    assert_eq!(problems(&reading), [("line 2".to_owned(), None), ("line 5".to_owned(), Some("rank"))]);
}

#[test]
fn an_unclosed_quotation_mark_is_reported() {
    let reading = csv("username,rank,notes\na,Member,\"fine\nb,Member,\nc,Member,\n");
    assert_eq!((summary(&reading), problems(&reading)), (vec![], vec![("line 2".to_owned(), None)]));
    let reading = csv("username,rank\na,\"Member\nb,Member\n");
    assert_eq!((summary(&reading), problems(&reading)), (vec![], vec![("line 2".to_owned(), Some("rank"))]));
    let reading = csv("username,rank\na,Member\nb,\"Member");
    assert_eq!(
        (summary(&reading), problems(&reading)),
        (vec!["line 2: a | - | -".to_owned()], vec![("line 3".to_owned(), Some("rank"))])
    );
    // A quotation mark inside a cell opens no quotation.
    assert_eq!(summary(&csv("username,rank\nb,the \"Old")), ["line 2: b | - | -"]);
}

#[test]
fn files_that_are_not_tables_are_rejected() {
    assert!(rejected(Format::Csv, b"").contains("discord_username"));
    assert!(rejected(Format::Csv, b"rank,character\nMember,Thal").contains("discord_username"));
    assert!(rejected(Format::Csv, b"username\n\xff").contains("UTF-8"));
    assert!(rejected(Format::Csv, b"username,Discord Name,rank").contains("discord_username"));
    assert!(rejected(Format::Csv, b"username,server,Realm").contains("“server”, “Realm”"));
}

#[test]
fn files_that_are_not_lists_of_members_are_rejected() {
    assert!(rejected(Format::Json, b"{\"members\": [\n  oops]}").contains("line 2 column 3"));
    for text in ["[]", "{}", "3", "{\"members\": {}}"] {
        assert!(rejected(Format::Json, text.as_bytes()).contains("members"), "{text}");
    }
}

#[test]
fn members_are_read_with_their_characters() {
    let reading = json(
        r#"{"members": [
            {"Discord Username": "thal", "discordId": 123456789012345678, "displayName": null, "rank": "Officer"},
            {"discordUsername": "korr", "characters": [
                {"name": "Korr", "realm": "Sen'jin", "class": "SHAMAN", "isMain": true},
                {"name": 7, "isMain": 0},
                {"name": "Third", "is_main": false}
            ]},
            {"discordUsername": "mira", "characters": null},
            {"discordUsername": "nobody", "characters": []}
        ]}"#,
    );
    assert_eq!(
        summary(&reading),
        [
            "members[0]: thal | - | -",
            "members[1].characters[0]: korr | Korr | main",
            "members[1].characters[1]: korr | 7 | 0",
            "members[1].characters[2]: korr | Third | alt",
            "members[2]: mira | - | -",
            "members[3]: nobody | - | -",
        ]
    );
    assert_eq!(reading.records[0].cell(Column::DiscordId), Some("123456789012345678"));
    assert_eq!(reading.records[0].cell(Column::DisplayName), None);
}

#[test]
fn a_value_of_the_wrong_type_is_a_problem_at_its_location() {
    let reading = json(
        r#"{"members": [
            {"discordUsername": {"name": "thal"}, "characters": [{"name": "Thal"}]},
            "korr",
            {"discordUsername": "mira", "characters": {"name": "Mira"}},
            {"discordUsername": "bryn", "rank": true},
            {"discordUsername": "ulf", "characters": [{"name": []}, "Ulf", {"name": "Ulf"}, {"class": 1, "Class": 2}]}
        ]}"#,
    );
    assert_eq!(summary(&reading), ["members[4].characters[2]: ulf | Ulf | -"]);
    let expected = [
        ("members[0]", Some("discordUsername")),
        ("members[1]", None),
        ("members[2]", Some("characters")),
        ("members[3]", Some("rank")),
        ("members[4].characters[0]", Some("name")),
        ("members[4].characters[1]", None),
        ("members[4].characters[3]", Some("class")),
    ];
    assert_eq!(problems(&reading), expected.map(|(location, field)| (location.to_owned(), field)));
    assert_eq!(reading.problems[0].location, RowLocation::Member(0));
}

#[test]
fn many_characters_share_their_members_cells() {
    let name = "x".repeat(900);
    let characters = vec!["{}"; 100_000].join(",");
    let reading = json(&format!(r#"{{"members": [{{"rank": "{name}", "characters": [{characters}]}}]}}"#));
    assert_eq!(reading.records.len(), 100_000);
}

proptest! {
    #[test]
    fn every_file_is_read_or_rejected(
        format in select(vec![Format::Csv, Format::Json]),
        start in select(vec![
            "", "username,rank\n", "username;a;class\n\"", "{\"members\": [", "{\"members\": [{}, {\"rank\":",
        ]),
        rest in "[a,;\"'\r\n\t{}:\\[\\]0-9é\u{feff}\u{0}]{0,40}",
    ) {
        if let Ok(reading) = read(format, format!("{start}{rest}").as_bytes()) {
            let locations: Vec<RowLocation> = reading.records.iter().map(|record| record.location).collect();
            prop_assert!(locations.windows(2).all(|two| two[0].order() < two[1].order()));
        }
    }
}
