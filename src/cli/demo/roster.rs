//! The members of the demo's guild.

use std::collections::HashSet;

use chrono::TimeDelta;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use serde::Deserialize;

use super::generated::Generated;
use crate::{
    cli::output::BoxError,
    identity::{Character, CharacterClass, CharacterRole, Member, NewMember, Rank},
    kernel::{clock::Timestamp, id::CharacterId, text},
};

const MEMBERS: &str = include_str!("../../../data/demo/members.json");

/// The usernames of the accounts that are printed: one for each of four ranks.
const ACCOUNTS: [&str; 4] = ["leader", "officer", "member", "initiate"];

#[derive(Deserialize)]
struct DemoRoster {
    members: Vec<RosterMember>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RosterMember {
    discord_username: String,
    display_name: String,
    rank: String,
    characters: Vec<RosterCharacter>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RosterCharacter {
    name: String,
    realm: String,
    class: CharacterClass,
    spec: String,
    role: CharacterRole,
    is_main: bool,
}

/// Whether the member's token is printed.
pub(super) fn is_account(member: &Member) -> bool {
    ACCOUNTS.contains(&member.discord_username.as_str())
}

/// Builds `size` members and their characters: first the members of the file, then generated ones.
///
/// # Errors
/// If the file is malformed, or if `ranks` are not the ranks of a new guild.
pub fn roster(
    generated: &Generated,
    ranks: &[Rank],
    size: u32,
    password_hash: &str,
    now: Timestamp,
    rng: &mut StdRng,
) -> Result<(Vec<Member>, Vec<Character>), BoxError> {
    let file: DemoRoster = serde_json::from_str(MEMBERS)?;
    let templates: Vec<RosterCharacter> = file.members.iter().flat_map(|it| it.characters.clone()).collect();
    let names = Names::new(generated);
    let (mut members, mut characters) = (Vec::new(), Vec::new());
    let mut character_number = 0;
    for number in 0..usize::try_from(size)? {
        let person = if let Some(person) = file.members.get(number) {
            person
        } else {
            let alts = 1 + number % 4;
            let characters = (0..alts).map(|alt| {
                character_number += 1;
                let template = templates.choose(rng).ok_or("the demo has no characters")?;
                let realm = generated.realms.get(character_number % generated.realms.len());
                Ok(RosterCharacter {
                    name: names.get(character_number),
                    realm: realm.cloned().ok_or("the demo has no realms")?,
                    is_main: alt == 0,
                    ..template.clone()
                })
            });
            let rank = ["Member", "Veteran", "Member", "Member", "Initiate"].get(number % 5).unwrap_or(&"Member");
            &RosterMember {
                discord_username: format!("{}{number}", names.get(number).to_lowercase()),
                display_name: names.get(number),
                rank: (*rank).to_owned(),
                characters: characters.collect::<Result<_, BoxError>>()?,
            }
        };
        let rank = ranks.iter().find(|rank| rank.name == person.rank).ok_or("the demo's data names an unknown rank")?;
        let joined = now - TimeDelta::minutes(rng.random_range(1_000..500_000));
        let new = NewMember {
            discord_username: person.discord_username.clone(),
            discord_id: None,
            display_name: Some(person.display_name.clone()),
            rank: None,
        };
        let mut member = new.into_row(rank, joined)?;
        // Half of the initiates have no account yet.
        if rank.level > 1 || ACCOUNTS.contains(&person.discord_username.as_str()) || number % 2 == 0 {
            member.password_hash = Some(password_hash.to_owned());
            member.registered_at = Some(joined);
            member.last_seen_at = Some(now - TimeDelta::minutes(rng.random_range(1..20_000)));
        }
        characters.extend(person.characters.iter().map(|character| character_row(&member, character)));
        members.push(member);
    }
    Ok((members, characters))
}

fn character_row(member: &Member, character: &RosterCharacter) -> Character {
    Character {
        guild_id: member.guild_id,
        id: CharacterId::new(),
        member_id: member.id,
        name: character.name.clone(),
        name_key: text::key(&character.name),
        realm: character.realm.clone(),
        realm_key: text::realm_key(&character.realm),
        sort_key: text::sort_key(&[&character.name, &character.realm]),
        class: character.class,
        spec: Some(character.spec.clone()),
        role: character.role,
        is_main: character.is_main,
    }
}

/// Unique names by number.
struct Names(Vec<String>);

impl Names {
    fn new(generated: &Generated) -> Self {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        let middles = std::iter::once(String::new()).chain(generated.name_starts.iter().map(|it| it.to_lowercase()));
        for middle in middles {
            for end in &generated.name_ends {
                for start in &generated.name_starts {
                    let name = format!("{start}{middle}{end}");
                    if seen.insert(name.to_lowercase()) {
                        names.push(name);
                    }
                }
            }
        }
        Self(names)
    }

    fn get(&self, number: usize) -> String {
        let name = self.0.get(number % self.0.len().max(1)).cloned().unwrap_or_default();
        // After the last name they start again, with a suffix like a Roman numeral.
        format!("{name}{}", "i".repeat(number / self.0.len().max(1)))
    }
}
