//! Writing tables and lists of members.

use std::collections::HashSet;

use guildhall::{
    identity::{
        Character, CharacterClass, CharacterRole, Member, classes,
        import::{Actor, Format, Roster, plan, read, write},
    },
    kernel::{error::Result, id::GuildId, text},
};
use proptest::{option, prelude::*, sample::select};
use strum::VariantArray;

use super::{applied, character, guild, member, now, ranks};

#[test]
fn a_table_has_one_row_per_character() -> Result<()> {
    let expected = "\
discord_username,discord_id,display_name,rank,character_name,realm,class,spec,role,main_alt
thal,100,Thalindra,Guild Leader,Thalindra,Sen'jin,MAGE,Frost,RANGED_DPS,main
korr,,Korrigan,Officer,Korr,Sen'jin,MAGE,Frost,RANGED_DPS,alt
mira,,Mira,Officer,,,,,,
bryn,,Bryn,Member,Bryn,Area 52,MAGE,Frost,RANGED_DPS,main
bryn,,Bryn,Member,Brynalt,Area 52,MAGE,Frost,RANGED_DPS,alt
";
    assert_eq!(write(Format::Csv, &guild())?, expected);
    Ok(())
}

#[test]
fn a_list_has_the_documented_keys() -> Result<()> {
    let mut roster = guild();
    roster.members.truncate(1);
    roster.characters.truncate(1);
    let expected = r#"{
  "members": [
    {
      "discordUsername": "thal",
      "discordId": "100",
      "displayName": "Thalindra",
      "rank": "Guild Leader",
      "characters": [
        {
          "name": "Thalindra",
          "realm": "Sen'jin",
          "class": "MAGE",
          "spec": "Frost",
          "role": "RANGED_DPS",
          "isMain": true
        }
      ]
    }
  ]
}"#;
    assert_eq!(write(Format::Json, &roster)?, expected);
    Ok(())
}

#[test]
fn a_spec_that_the_game_removed_survives_export_and_import() -> Result<()> {
    let mut roster = guild();
    roster.characters.iter_mut().for_each(|character| character.spec = Some("Gladiator".to_owned()));
    for format in [Format::Csv, Format::Json] {
        let plan = plan(&roster, &Actor::Operator, &read(format, write(format, &roster)?.as_bytes())?, now());
        assert!(plan.changes_nothing() && plan.problems.is_empty(), "{plan:?}");
    }
    Ok(())
}

/// A name with characters that are special in a table, in a list or in keys.
fn name() -> impl Strategy<Value = String> {
    let odd = select(vec![
        "=1+1", "'=x", "-", "a;b", "a,b", "\"", "\"a\"", "@@x", "Zoë", "Ægir", "漢字", "١", "'", "İ", "a;=1",
    ]);
    // Roster files must not contain the character that stands for a wrong encoding.
    let any = "\\PC{1,8}".prop_filter("a replaced character", |name| !name.contains(char::REPLACEMENT_CHARACTER));
    prop_oneof![odd.prop_map(str::to_owned), "[a-zA-Z=+@;|,\"' éßǅ＝－]{1,8}", any]
}

/// Username, display name, rank level, activity, Discord id, characters and number of the main.
type MemberParts = (String, String, i64, bool, Option<u64>, Vec<(String, String, usize, Option<usize>, usize)>, usize);

fn member_parts() -> impl Strategy<Value = MemberParts> {
    let of_character = (name(), name(), 0..13_usize, option::of(0..4_usize), 0..4_usize);
    let characters = proptest::collection::vec(of_character, 0..4);
    (name(), name(), 1..=5_i64, prop::bool::weighted(0.8), option::of(1..u64::MAX), characters, 0..5_usize)
}

/// A guild of random members with valid and unique names.
fn roster() -> impl Strategy<Value = Roster> {
    proptest::collection::vec(member_parts(), 0..8).prop_map(|members| {
        let mut roster = Roster { guild: GuildId(1), ranks: ranks(), members: vec![], characters: vec![] };
        let (mut usernames, mut ids, mut names) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (number, (username, shown, level, is_active, discord_id, characters, main)) in (1..).zip(members) {
            let allowed = |name: &str| text::name("name", name, 50);
            let username = text::discord_username(&username).and_then(|name| text::discord_username(&name));
            let (Ok(username), Ok(shown)) = (username, allowed(&shown)) else { continue };
            if !usernames.insert(text::key(&username)) || text::discord_username(&username).as_ref() != Ok(&username) {
                continue;
            }
            let discord_id = discord_id.filter(|id| ids.insert(*id)).map(|id| id.to_string());
            roster.members.push(Member { discord_id, is_active, ..member(number, &username, &shown, level) });
            for (index, (name, realm, class, spec, role)) in characters.into_iter().enumerate() {
                let (Ok(name), Ok(realm)) = (allowed(&name), allowed(&realm)) else { continue };
                if !names.insert((text::key(&name), text::realm_key(&realm))) {
                    continue;
                }
                let class = CharacterClass::VARIANTS[class];
                let spec = spec.and_then(|spec| classes::specs(class).get(spec)).map(|spec| spec.name.clone());
                let role = CharacterRole::VARIANTS[role];
                let id = number * 10 + i64::try_from(index).unwrap();
                let is_main = index == main;
                roster.characters.push(Character {
                    class,
                    spec,
                    role,
                    is_main,
                    ..character(id, number, &name, &realm)
                });
            }
        }
        roster
    })
}

proptest! {
    #[test]
    fn importing_an_export_changes_nothing(
        roster in roster(),
        format in select(vec![Format::Csv, Format::Json]),
    ) {
        let written = write(format, &roster)?;
        let plan = plan(&roster, &Actor::Operator, &read(format, written.as_bytes())?, now());
        prop_assert!(plan.changes_nothing() && plan.problems.is_empty(), "{written}\n{plan:?}");
        prop_assert_eq!(plan.unchanged, plan.rows);
    }

    #[test]
    fn an_export_recreates_the_guild_elsewhere(
        roster in roster(),
        format in select(vec![Format::Csv, Format::Json]),
    ) {
        let written = write(format, &roster)?;
        let empty = Roster { members: vec![], characters: vec![], ..roster };
        let reading = read(format, written.as_bytes())?;
        let elsewhere = applied(&empty, &plan(&empty, &Actor::Operator, &reading, now()));
        prop_assert_eq!(write(format, &elsewhere)?, written);
    }
}
