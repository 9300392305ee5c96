//! Caches ladders, members, their characters and pages of them, by the roster's version.
//!
//! Every change of ranks, members or characters increments the roster's version in the same transaction, apart from the
//! times when members were last seen. Anything read after a version is at least as new as that version, so equal versions
//! mean that the cached value is valid. A request that has read the row of the guild or of a campaign knows the current
//! version.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quick_cache::{Weighter, sync::Cache};

use super::{
    policy::Ladder,
    rows::{Character, Guild, LeaderCounts, Member, MemberFilter, MemberList, MemberOrderField, Rank},
    store,
};
use crate::{
    db::Db,
    kernel::{
        error::Result,
        id::{GuildId, MemberId, RankId},
    },
};

/// Maximum memory for ladders, in bytes (estimated).
const MAX_LADDER_BYTES: u64 = 20_000_000;
/// Expected number of cached ladders, which sizes the cache's tables.
const EXPECTED_LADDERS: usize = 1_000;
/// Maximum number of cached numbers of members.
const MAX_MEMBER_COUNTS: usize = 10_000;
/// Maximum memory for pages of members, for single members and for characters, in bytes each (estimated).
const MAX_ROW_BYTES: u64 = 32_000_000;
/// Expected number of cached members, which sizes the cache's tables.
const EXPECTED_MEMBERS: usize = 50_000;
/// Expected number of cached pages.
const EXPECTED_PAGES: usize = 1_000;
/// How long rows are used. Direct changes of the database do not increment the version, and servers of earlier releases
/// do not for characters.
const MAX_AGE: Duration = Duration::from_secs(30);

/// A guild and its roster's version.
pub type RosterVersion = (GuildId, i64);
/// The members of a page, at most [`Page::limit`].
pub type MemberPage = Arc<[Arc<Member>]>;
/// A member's characters, their main first.
pub type Characters = Arc<[Character]>;

/// This server's cache of rosters.
pub struct RosterCache {
    ladders: Cache<RosterVersion, Arc<Ladder>, RosterWeighter>,
    member_counts: Cache<(RosterVersion, MemberFilter), i64>,
    pages: Cache<(GuildId, MemberList), Versioned<MemberPage>, RosterWeighter>,
    members: Cache<(GuildId, MemberId), Versioned<Arc<Member>>, RosterWeighter>,
    characters: Cache<(GuildId, MemberId), Versioned<Characters>, RosterWeighter>,
}

impl Default for RosterCache {
    fn default() -> Self {
        Self {
            ladders: Cache::with_weighter(EXPECTED_LADDERS, MAX_LADDER_BYTES, RosterWeighter),
            member_counts: Cache::new(MAX_MEMBER_COUNTS),
            pages: Cache::with_weighter(EXPECTED_PAGES, MAX_ROW_BYTES, RosterWeighter),
            members: Cache::with_weighter(EXPECTED_MEMBERS, MAX_ROW_BYTES, RosterWeighter),
            characters: Cache::with_weighter(EXPECTED_MEMBERS, MAX_ROW_BYTES, RosterWeighter),
        }
    }
}

/// Rows that were read when the roster had this version, or later.
#[derive(Clone)]
struct Versioned<T> {
    roster_version: i64,
    read_at: Instant,
    rows: T,
}

impl<T> Versioned<T> {
    fn new((_, roster_version): RosterVersion, rows: T) -> Self {
        Self { roster_version, read_at: Instant::now(), rows }
    }

    /// The rows, if they are current at this version.
    fn at(self, (_, version): RosterVersion) -> Option<T> {
        (self.roster_version == version && self.read_at.elapsed() < MAX_AGE).then_some(self.rows)
    }
}

#[derive(Clone)]
struct RosterWeighter;

impl Weighter<RosterVersion, Arc<Ladder>> for RosterWeighter {
    fn weight(&self, _: &RosterVersion, ladder: &Arc<Ladder>) -> u64 {
        let text = |it: &Rank| it.name.len() + it.description.as_deref().map_or(0, str::len);
        64 + ladder.ranks().map(|rank| 256 + text(rank) as u64).sum::<u64>()
    }
}

impl Weighter<(GuildId, MemberList), Versioned<MemberPage>> for RosterWeighter {
    fn weight(&self, _: &(GuildId, MemberList), page: &Versioned<MemberPage>) -> u64 {
        512 + page.rows.iter().map(|member| bytes_of_member(member)).sum::<u64>()
    }
}

impl Weighter<(GuildId, MemberId), Versioned<Arc<Member>>> for RosterWeighter {
    fn weight(&self, _: &(GuildId, MemberId), member: &Versioned<Arc<Member>>) -> u64 {
        128 + bytes_of_member(&member.rows)
    }
}

impl Weighter<(GuildId, MemberId), Versioned<Characters>> for RosterWeighter {
    fn weight(&self, _: &(GuildId, MemberId), characters: &Versioned<Characters>) -> u64 {
        128 + characters.rows.iter().map(bytes_of_character).sum::<u64>()
    }
}

fn bytes_of_member(member: &Member) -> u64 {
    let Member { discord_username, username_key, display_name, sort_key, .. } = member;
    let texts = [discord_username, username_key, display_name, sort_key];
    (size_of::<Member>() + 64 + texts.iter().map(|text| text.len()).sum::<usize>()) as u64
}

fn bytes_of_character(character: &Character) -> u64 {
    let Character { name, name_key, realm, realm_key, sort_key, .. } = character;
    let texts = [name, name_key, realm, realm_key, sort_key];
    (size_of::<Character>() + 32 + texts.iter().map(|text| text.len()).sum::<usize>()) as u64
}

impl RosterCache {
    /// Returns a guild's ladder. The guild's row must be current. Concurrent requests share one statement.
    ///
    /// # Errors
    /// A database error.
    pub async fn ladder(&self, db: &Db, guild: &Guild) -> Result<Arc<Ladder>> {
        let id = guild.id;
        let load = async { db.read(async move |conn| Ladder::load(conn, id).await).await.map(Arc::new) };
        self.ladders.get_or_insert_async(&(id, guild.roster_version), load).await
    }

    /// Returns the number of members that match a filter. The guild's row must be current.
    ///
    /// # Errors
    /// A database error.
    pub async fn member_count(&self, db: &Db, guild: &Guild, filter: &MemberFilter) -> Result<i64> {
        let (id, query_filter) = (guild.id, filter.clone());
        let count = db.scan(async move |conn| Ok(store::count_members(conn, id, &query_filter).await?));
        // The same search is rare, and the roster's version does not change with its characters.
        if filter.search.is_some() || filter.class.is_some() || filter.role.is_some() {
            return count.await;
        }
        let key = ((id, guild.roster_version), filter.clone());
        self.member_counts.get_or_insert_async(&key, count).await
    }

    /// Returns the numbers of a guild's leaders. The guild's row must be current, and `highest` its highest rank.
    ///
    /// # Errors
    /// A database error.
    pub async fn leader_counts(&self, db: &Db, guild: &Guild, highest: RankId) -> Result<LeaderCounts> {
        let leaders = || MemberFilter { rank: Some(highest), ..MemberFilter::default() };
        let active = MemberFilter { active: Some(true), ..leaders() };
        let registered = MemberFilter { registered: Some(true), ..leaders() };
        Ok(LeaderCounts {
            active: self.member_count(db, guild, &active).await?,
            registered: self.member_count(db, guild, &registered).await?,
        })
    }

    /// Returns a page of members, if it is cached. The version must be current.
    pub fn page(&self, version: RosterVersion, list: &MemberList) -> Option<MemberPage> {
        self.pages.get(&(version.0, list.clone()))?.at(version)
    }

    /// Caches a page of members that was read after the version, unless the same page is rarely read again or the
    /// version does not tell when it changes.
    pub fn insert_page(&self, version: RosterVersion, list: &MemberList, members: &MemberPage) {
        if list.filter.search.is_none() && list.order.field != MemberOrderField::LastSeenAt {
            self.pages.insert((version.0, list.clone()), Versioned::new(version, Arc::clone(members)));
        }
    }

    /// Returns a member, if they are cached. The version must be current.
    pub fn member(&self, version: RosterVersion, id: MemberId) -> Option<Arc<Member>> {
        self.members.get(&(version.0, id))?.at(version)
    }

    /// Caches a member who was read after the version.
    pub fn insert_member(&self, version: RosterVersion, member: &Arc<Member>) {
        self.members.insert((version.0, member.id), Versioned::new(version, Arc::clone(member)));
    }

    /// Returns a member's characters, if they are cached. The version must be current.
    pub fn characters(&self, version: RosterVersion, owner: MemberId) -> Option<Characters> {
        self.characters.get(&(version.0, owner))?.at(version)
    }

    /// Caches a member's characters, which were read after the version.
    pub fn insert_characters(&self, version: RosterVersion, owner: MemberId, characters: &Characters) {
        self.characters.insert((version.0, owner), Versioned::new(version, Arc::clone(characters)));
    }
}
