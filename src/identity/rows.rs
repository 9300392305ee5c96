//! Guilds, ranks, members and characters as the database stores them.

use std::borrow::Cow;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

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
        page::{OrderDirection, Page},
        text,
    },
};

text_enum! {
    /// The World of Warcraft region of a guild.
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
    // The region only affects links to the armory. An unknown one must not make the guild unavailable.
    or Us
}

text_enum! {
    /// Who set a member's rank.
    pub enum RankSource {
        /// An officer. Role sync keeps the rank.
        Manual,
        /// Role sync, from the member's Discord roles.
        DiscordSync,
    }
    // Role sync does not change ranks that were set manually, or that have an unknown source.
    or Manual
}

text_enum! {
    /// A character class of World of Warcraft.
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
    /// The role of a character in a group.
    pub enum CharacterRole {
        /// Takes the damage of enemies.
        Tank,
        /// Heals the group.
        Healer,
        /// Deals damage at close range.
        MeleeDps,
        /// Deals damage at long range.
        RangedDps,
    }
}

/// A guild. Every other row belongs to one guild.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = guilds)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
pub struct Guild {
    pub id: GuildId,
    pub slug: String,
    pub name: String,
    pub region: Region,
    pub roster_version: i64,
    pub created_at: Timestamp,
    pub ladder_version: i64,
    pub suspended_at: Option<Timestamp>,
}

wide_row!(Guild, guilds);

/// A rank of a guild's ladder.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = ranks, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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

/// A member of a guild, with or without an account.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = members)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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
    pub erased_at: Option<Timestamp>,
}

wide_row!(Member, members);

impl Member {
    /// Whether they have an account and are active. Only registered members can vote.
    pub const fn is_registered(&self) -> bool {
        self.is_active && self.registered_at.is_some()
    }

    /// Whether the display name is the Discord username, perhaps with another case or other accents.
    pub fn is_shown_as_username(&self) -> bool {
        self.public_key().is_empty()
    }

    /// The display name in the sort key, or nothing if it is the username: the same as the column `public_key`.
    fn public_key(&self) -> &str {
        match self.sort_key.split_once(text::PART_SEPARATOR) {
            Some((name, username)) if name == username => "",
            Some((name, _)) => name,
            // The sort key is the public key already.
            None => &self.sort_key,
        }
    }

    /// Returns the name for visitors, who see no Discord usernames. A member without a display name gets one from their
    /// id, which visitors see too.
    pub fn public_name(&self) -> Cow<'_, str> {
        if self.is_shown_as_username() {
            Cow::Owned(format!("Member {:06X}", self.id.0 & 0xFF_FFFF))
        } else {
            Cow::Borrowed(&self.display_name)
        }
    }

    /// Returns the member without the hash of their password, which must not stay in memory.
    #[must_use]
    pub fn without_password(self) -> Self {
        Self { password_hash: None, ..self }
    }

    /// Replaces the sort key by the column `public_key`, by which members are sorted for visitors.
    #[must_use]
    pub fn with_public_sort_key(self) -> Self {
        Self { sort_key: self.public_key().to_owned(), ..self }
    }
}

/// The numbers of a guild's leaders, who hold its highest rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderCounts {
    /// Active leaders.
    pub active: i64,
    /// Active leaders with an account.
    pub registered: i64,
}

impl LeaderCounts {
    /// The numbers without this leader.
    #[must_use]
    pub fn without(self, leader: &Member) -> Self {
        Self {
            active: self.active - i64::from(leader.is_active),
            registered: self.registered - i64::from(leader.is_registered()),
        }
    }
}

/// What members can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
pub enum MemberOrderField {
    /// Rank level, then by display name from A to Z.
    Rank,
    /// Display name.
    Name,
    /// Time at which the member was added to the roster.
    JoinedAt,
    /// Time of the last sign-in or session refresh; members without one come before all others. Only for viewers with
    /// `MEMBERS_MANAGE`.
    LastSeenAt,
}

/// The order of a list of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemberOrder {
    /// The property by which the members are sorted.
    pub field: MemberOrderField,
    /// The direction.
    pub direction: OrderDirection,
}

impl Default for MemberOrder {
    fn default() -> Self {
        Self { field: MemberOrderField::Rank, direction: OrderDirection::Desc }
    }
}

/// A member's position in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MemberKey {
    /// In the order by name: sort key, id.
    Name(String, MemberId),
    /// In the order by the time of joining.
    JoinedAt(Timestamp, MemberId),
    /// In the order by the time when last seen.
    LastSeenAt(Timestamp, MemberId),
    /// In the order by rank: level, sort key, id. In cursors without a name, as servers of an earlier release write it.
    #[serde(untagged)]
    Rank(i64, String, MemberId),
}

impl Member {
    /// Returns the member's position in a list of this order.
    pub fn position(&self, order: MemberOrder) -> MemberKey {
        match order.field {
            MemberOrderField::Rank => MemberKey::Rank(self.rank_level, self.sort_key.clone(), self.id),
            MemberOrderField::Name => MemberKey::Name(self.sort_key.clone(), self.id),
            MemberOrderField::JoinedAt => MemberKey::JoinedAt(self.created_at, self.id),
            MemberOrderField::LastSeenAt => MemberKey::LastSeenAt(self.last_seen_at.unwrap_or_default(), self.id),
        }
    }
}

/// Which members to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemberFilter {
    /// A part of the display name or the Discord username, ignoring case and accents.
    pub search: Option<String>,
    /// The lowest rank level.
    pub rank_level_at_least: Option<i64>,
    /// The rank.
    pub rank: Option<RankId>,
    /// The class of a character of theirs.
    pub class: Option<CharacterClass>,
    /// The role of this character.
    pub role: Option<CharacterRole>,
    /// Whether they are registered.
    pub registered: Option<bool>,
    /// Whether they are active.
    pub active: Option<bool>,
    /// Whether the list is for visitors, who see no Discord usernames: they neither find nor sort by them.
    pub for_visitors: bool,
}

/// A part of a list of members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberList {
    /// Who is in the list.
    pub filter: MemberFilter,
    /// The order of the list.
    pub order: MemberOrder,
    /// The part of it.
    pub page: Page<MemberKey>,
}

/// A World of Warcraft character of a member.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = characters, primary_key(guild_id, id))]
#[diesel(treat_none_as_null = true)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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

impl Character {
    /// Sets the name and the realm, and the keys that follow from them.
    #[must_use]
    pub fn with_name(self, name: String, realm: String) -> Self {
        Self {
            name_key: text::key(&name),
            realm_key: text::realm_key(&realm),
            sort_key: text::sort_key(&[&name, &realm]),
            name,
            realm,
            ..self
        }
    }

    /// Returns the name and the realm as the game writes them: `Name-Realm`.
    pub fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.realm)
    }
}

/// A character's position in the list: sort key, id.
pub type CharacterKey = (String, CharacterId);

/// Which characters to list.
#[derive(Clone, Debug, Default)]
pub struct CharacterFilter {
    /// A part of the name or the realm, ignoring case and accents.
    pub search: Option<String>,
    /// The class.
    pub class: Option<CharacterClass>,
    /// The role.
    pub role: Option<CharacterRole>,
    /// Whether to list only members' mains.
    pub mains_only: bool,
}

impl MemberFilter {
    /// Whether a page may read many members that do not match.
    pub const fn may_scan(&self) -> bool {
        self.search.is_some() || self.class.is_some() || self.role.is_some()
    }
}

impl CharacterFilter {
    /// Whether a page may read many characters that do not match.
    pub const fn may_scan(&self) -> bool {
        self.search.is_some() || self.class.is_some() || self.role.is_some()
    }
}
