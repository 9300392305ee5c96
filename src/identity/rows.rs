//! What is stored of a guild's people.

use diesel::prelude::*;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    access::Permissions,
    db::{
        known_values,
        schema::{characters, guilds, members, ranks},
        text_enum, wide_row,
    },
    kernel::{
        clock::Timestamp,
        id::{CharacterId, GuildId, MemberId, RankId},
        text,
    },
};

text_enum! {
    /// Where a guild plays.
    pub enum Region {
        /// The Americas and Oceania.
        Us,
        /// Europe.
        Eu,
        /// Korea.
        Kr,
        /// Taiwan.
        Tw,
    }
    // The region is part of armory addresses only: a guild can do without the right ones, not without its members.
    or Us
}

text_enum! {
    /// Where a member's rank came from.
    pub enum RankSource {
        /// Someone set it.
        Manual,
        /// Their Discord roles did.
        DiscordSync,
    }
    // Role sync leaves a rank that was set by hand alone, so it leaves one of an unknown source alone too.
    or Manual
}

text_enum! {
    /// A class of World of Warcraft.
    pub enum CharacterClass {
        /// Death Knight.
        DeathKnight,
        /// Demon Hunter.
        DemonHunter,
        /// Druid.
        Druid,
        /// Evoker.
        Evoker,
        /// Hunter.
        Hunter,
        /// Mage.
        Mage,
        /// Monk.
        Monk,
        /// Paladin.
        Paladin,
        /// Priest.
        Priest,
        /// Rogue.
        Rogue,
        /// Shaman.
        Shaman,
        /// Warlock.
        Warlock,
        /// Warrior.
        Warrior,
    }
}

text_enum! {
    /// What a character does in a group.
    pub enum CharacterRole {
        /// Takes the blows.
        Tank,
        /// Mends them.
        Healer,
        /// Deals damage up close.
        MeleeDps,
        /// Deals damage from afar.
        RangedDps,
    }
}

/// A guild, the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = guilds)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Guild {
    pub id: GuildId,
    pub slug: String,
    pub name: String,
    pub region: Region,
    pub roster_version: i64,
    pub created_at: Timestamp,
}

wide_row!(Guild, guilds);

/// A rung of a guild's ladder.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = ranks, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Rank {
    pub guild_id: GuildId,
    pub id: RankId,
    pub name: String,
    pub name_key: String,
    pub level: i64,
    pub description: Option<String>,
    pub permissions: Permissions,
    pub discord_role_id: Option<String>,
}

wide_row!(Rank, ranks);

/// A person in the guild.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = members)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Member {
    pub guild_id: GuildId,
    pub id: MemberId,
    pub discord_username: String,
    pub username_key: String,
    pub discord_id: Option<String>,
    pub display_name: String,
    pub sort_key: String,
    pub rank_id: RankId,
    pub rank_level: i64,
    pub rank_source: RankSource,
    pub is_active: bool,
    pub password_hash: Option<String>,
    pub credentials_version: i64,
    pub registered_at: Option<Timestamp>,
    pub last_seen_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

wide_row!(Member, members);

impl Member {
    /// Whether they have an account and are active: only then can they vote.
    pub const fn is_registered(&self) -> bool {
        self.is_active && self.registered_at.is_some()
    }
}

/// How many hold a guild's highest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderCounts {
    /// Active ones.
    pub active: i64,
    /// Active ones with an account.
    pub registered: i64,
}

/// A member's place in the roster: rank level (highest first), sort key, id.
pub type MemberKey = (i64, String, MemberId);

/// Which members to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemberFilter {
    /// Found anywhere in the display name or the Discord username, whatever the case and accents.
    pub search: Option<String>,
    /// At least this rank level.
    pub rank_level_at_least: Option<i64>,
    /// Registered ones, or the others.
    pub registered: Option<bool>,
    /// Active ones, or the others.
    pub active: Option<bool>,
}

/// A World of Warcraft character of a member.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = characters, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct Character {
    pub guild_id: GuildId,
    pub id: CharacterId,
    pub member_id: MemberId,
    pub name: String,
    pub name_key: String,
    pub realm: String,
    pub realm_key: String,
    pub sort_key: String,
    pub class: CharacterClass,
    pub spec: Option<String>,
    pub role: CharacterRole,
    pub is_main: bool,
}

known_values!(KnownCharacters, CHARACTER_VALUES, characters { class: CharacterClass, role: CharacterRole });
wide_row!(Character, characters, KnownCharacters);

/// What percent-encoding leaves alone in a path segment (RFC 3986's unreserved characters).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Character {
    /// The same character by this name, on this realm.
    #[must_use]
    pub fn named(self, name: String, realm: String) -> Self {
        Self {
            name_key: text::key(&name),
            realm_key: text::key(&realm),
            sort_key: text::sort_key(&[&name, &realm]),
            name,
            realm,
            ..self
        }
    }

    /// Name and realm, as players write them.
    pub fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.realm)
    }

    /// The character's page in Blizzard's armory.
    pub fn armory_url(&self, region: Region) -> String {
        armory_url(region, &self.realm, &self.name)
    }
}

/// The page of a character in Blizzard's armory.
pub fn armory_url(region: Region, realm: &str, name: &str) -> String {
    let region = region.to_string().to_lowercase();
    let realm: String = realm
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '\'' | '’' | '‘' | 'ʼ' | '(' | ')' | '[' | ']'))
        .map(|c| if c.is_whitespace() { '-' } else { c })
        .collect();
    let name = name.to_lowercase();
    let (realm, name) = (utf8_percent_encode(&realm, SEGMENT), utf8_percent_encode(&name, SEGMENT));
    format!("https://worldofwarcraft.blizzard.com/en-us/character/{region}/{realm}/{name}")
}

/// A character's place in the list: sort key, id.
pub type CharacterKey = (String, CharacterId);

/// Which characters to list.
#[derive(Clone, Debug, Default)]
pub struct CharacterFilter {
    /// Found anywhere in the name or the realm, whatever the case and accents.
    pub search: Option<String>,
    /// Of this class.
    pub class: Option<CharacterClass>,
    /// In this role.
    pub role: Option<CharacterRole>,
    /// Only members' mains.
    pub mains_only: bool,
}
