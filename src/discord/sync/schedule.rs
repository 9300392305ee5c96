//! Syncs all guilds on their schedules.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{
    apply::sync_all,
    listing::{SyncTrigger, list_members, refusal},
};
use crate::{
    db::Conn,
    discord::{rows::Link, service::Discord, store},
    kernel::error::Result,
};

/// Longest time between two searches for guilds whose sync is due.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Shortest time between two searches.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest time from a new session of the gateway to the sync of a guild, and of one that has never been synced.
const CATCH_UP: Duration = Duration::from_mins(1);
const FIRST_CATCH_UP: Duration = Duration::from_mins(10);
/// Pause after a failed sync, unless the guild's interval is shorter.
const RETRY_DELAY: Duration = Duration::from_mins(5);
/// Maximum number of guilds that are synced at once. Most of them wait for Discord.
const MAX_CONCURRENT: usize = 32;

/// Schedules a sync of all guilds within minutes, because a new session of the gateway has missed what happened before.
pub(crate) async fn catch_up(discord: &Discord) -> Result<()> {
    let now = discord.access.clock.now();
    let bring_forward =
        async move |conn: &mut Conn| Ok(store::bring_syncs_forward(conn, now + CATCH_UP, now + FIRST_CATCH_UP).await?);
    discord.access.db.write(bring_forward).await
}

/// Syncs all guilds on their schedules, until the task is dropped. A guild for which Discord is slow delays no other.
pub(crate) async fn run(discord: Arc<Discord>) {
    let mut syncs = JoinSet::new();
    loop {
        let (now, free) = (discord.access.clock.now(), MAX_CONCURRENT.saturating_sub(syncs.len()));
        let limit = i64::try_from(free).unwrap_or(0);
        match discord.access.db.read(async move |conn| Ok(store::due_links(conn, now, limit).await?)).await {
            Ok(due) => {
                for link in due {
                    syncs.spawn(sync_if_due(Arc::clone(&discord), link));
                }
            }
            Err(error) => tracing::warn!(%error, "could not search for guilds whose role sync is due"),
        }
        let next = discord.access.db.read(async |conn| Ok(store::next_sync_at(conn).await?)).await.ok().flatten();
        // Pauses at least, because a sync stays due while the database can't be written.
        let now = discord.access.clock.now();
        let next = next.unwrap_or(now + CHECK_INTERVAL).min(now + CHECK_INTERVAL).max(now + PAUSE);
        discord.access.clock.sleep_until(next).await;
        while syncs.try_join_next().is_some() {}
    }
}

/// Runs a guild's scheduled sync, unless another server has started it.
async fn sync_if_due(discord: Arc<Discord>, link: Link) {
    let Some(bot) = &discord.bot else { return };
    let now = discord.access.clock.now();
    let interval = Duration::from_secs(u64::try_from(link.sync_minutes).unwrap_or(60) * 60);
    let (scheduled, next) = (link.clone(), now + interval);
    let postpone = async move |conn: &mut Conn| Ok(store::postpone_sync(conn, &scheduled, next).await?);
    match discord.access.db.write(postpone).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::warn!(%error, "could not start a role sync");
            return;
        }
    }
    let problem = match list_members(&discord, bot, &link, SyncTrigger::Schedule).await {
        Err(failure) => refusal(&failure).message.into_owned(),
        Ok(seen) => match sync_all(&discord, &link, None, seen, false).await {
            Ok(_) => return,
            Err(error) => error.refusal().map_or("Something went wrong.".to_owned(), |it| it.message.to_string()),
        },
    };
    tracing::warn!(guild = link.guild_id.0, problem, "role sync failed");
    let postponed = Link { next_sync_at: next, ..link };
    let write = async move |conn: &mut Conn| {
        store::record_sync(conn, postponed.guild_id, None, Some(problem)).await?;
        store::postpone_sync(conn, &postponed, now + RETRY_DELAY.min(interval)).await?;
        Ok(())
    };
    if let Err(error) = discord.access.db.write(write).await {
        tracing::warn!(%error, "could not record why a role sync failed");
    }
}
