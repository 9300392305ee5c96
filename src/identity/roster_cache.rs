//! What is asked of a roster again and again, kept for as long as the roster stays as it is.
//!
//! Whoever changes the ladder, or who is a member, makes the roster's version grow in the same transaction. So what was read
//! after a version was, is no older than that version; and whoever reads the guild's row now knows whether it still stands.
//! Those who ask at once for what is not known wait for one statement.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};

use super::{
    policy::Ladder,
    rows::{Guild, MemberFilter, Rank},
    store,
};
use crate::{
    db::Db,
    kernel::{error::Result, id::GuildId},
};

/// Most memory for ladders, in bytes, roughly.
const LADDERS: u64 = 20_000_000;
/// Most numbers of members that are kept.
const MAX_MEMBER_COUNTS: usize = 10_000;

/// A roster as it was.
type RosterVersion = (GuildId, i64);

/// What this server keeps of rosters.
pub struct RosterCache {
    ladders: Cache<RosterVersion, Arc<Ladder>, LadderWeighter>,
    member_counts: Cache<(RosterVersion, MemberFilter), i64>,
}

impl Default for RosterCache {
    fn default() -> Self {
        let ladders = Cache::with_weighter(1_000, LADDERS, LadderWeighter);
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
    /// The ladder of a guild that was read for whoever asks.
    ///
    /// # Errors
    /// The database's.
    pub async fn ladder(&self, db: &Db, guild: &Guild) -> Result<Arc<Ladder>> {
        let id = guild.id;
        let load = async { db.read(async move |conn| Ladder::load(conn, id).await).await.map(Arc::new) };
        self.ladders.get_or_insert_async(&(id, guild.roster_version), load).await
    }

    /// How many members the filter lets through, of a guild that was read for whoever asks.
    ///
    /// # Errors
    /// The database's.
    pub async fn member_count(&self, db: &Db, guild: &Guild, filter: &MemberFilter) -> Result<i64> {
        let (id, asked) = (guild.id, filter.clone());
        let count = db.read(async move |conn| Ok(store::count_members(conn, id, &asked).await?));
        if filter.search.is_some() {
            // Rarely searched for again.
            return count.await;
        }
        let key = ((id, guild.roster_version), filter.clone());
        self.member_counts.get_or_insert_async(&key, count).await
    }
}
