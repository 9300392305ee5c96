//! Caches ladders and numbers of members, by the roster's version.
//!
//! Every change of ranks or members increments the roster's version in the same transaction. Anything read after a
//! version is at least as new as that version, so equal versions mean that the cached value is valid. A request that
//! has read the guild's row knows the current version. Concurrent requests for a missing value share one statement.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};

use super::{
    policy::Ladder,
    rows::{Guild, LeaderCounts, MemberFilter, Rank},
    store,
};
use crate::{
    db::Db,
    kernel::{
        error::Result,
        id::{GuildId, RankId},
    },
};

/// Maximum memory for ladders, in bytes (estimated).
const MAX_LADDER_BYTES: u64 = 20_000_000;
/// Expected number of cached ladders, which sizes the cache's tables.
const EXPECTED_LADDERS: usize = 1_000;
/// Maximum number of cached numbers of members.
const MAX_MEMBER_COUNTS: usize = 10_000;

/// A guild and its roster's version.
type RosterVersion = (GuildId, i64);

/// This server's cache of ladders and numbers of members.
pub struct RosterCache {
    ladders: Cache<RosterVersion, Arc<Ladder>, LadderWeighter>,
    member_counts: Cache<(RosterVersion, MemberFilter), i64>,
}

impl Default for RosterCache {
    fn default() -> Self {
        let ladders = Cache::with_weighter(EXPECTED_LADDERS, MAX_LADDER_BYTES, LadderWeighter);
        Self { ladders, member_counts: Cache::new(MAX_MEMBER_COUNTS) }
    }
}

#[derive(Clone)]
struct LadderWeighter;

impl Weighter<RosterVersion, Arc<Ladder>> for LadderWeighter {
    fn weight(&self, _: &RosterVersion, ladder: &Arc<Ladder>) -> u64 {
        let text = |it: &Rank| it.name.len() + it.description.as_deref().map_or(0, str::len);
        64 + ladder.ranks().iter().map(|rank| 256 + text(rank) as u64).sum::<u64>()
    }
}

impl RosterCache {
    /// Returns a guild's ladder. The guild's row must be current.
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
}
