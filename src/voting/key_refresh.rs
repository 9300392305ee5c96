//! Keeps the sort keys of titles up to date. A server of another release may write none, or keys by its own rules.

use super::store;
use crate::{
    db::Db,
    kernel::{
        error::Result,
        id::{CampaignId, GuildId},
        text,
    },
};

/// Number of rows that are read at once.
const ROWS_READ: usize = 5_000;
/// Number of rows that a transaction changes, so that it doesn't block other writers for long.
const ROWS_WRITTEN: usize = 500;

/// Brings the sort keys of all titles up to date. Returns the number of keys that were not.
///
/// # Errors
/// A database error.
pub async fn refresh_sort_keys(db: &Db) -> Result<usize> {
    let (mut refreshed, mut after) = (0, (GuildId(0), CampaignId(0)));
    loop {
        let limit = i64::try_from(ROWS_READ).unwrap_or(i64::MAX);
        let titles = db.read(async move |conn| Ok(store::titles_after(conn, after, limit).await?)).await?;
        let (read, last) = (titles.len(), titles.last().map(|(guild, id, ..)| (*guild, *id)));
        let stale: Vec<_> = titles
            .into_iter()
            .filter_map(|(guild, id, title, stored)| {
                let current = text::sort_key(&[&title]);
                (current != stored).then_some((guild, id, title, current))
            })
            .collect();
        refreshed += stale.len();
        for batch in stale.chunks(ROWS_WRITTEN) {
            let batch = batch.to_vec();
            db.write(async move |conn| {
                for (guild, id, title, sort_key) in batch {
                    store::set_sort_key(conn, guild, id, &title, &sort_key).await?;
                }
                Ok(())
            })
            .await?;
        }
        match last {
            Some(last) if read == ROWS_READ => after = last,
            _ => return Ok(refreshed),
        }
    }
}
