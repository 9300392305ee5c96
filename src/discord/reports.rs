//! The stored report of a guild's last role sync.

use super::{
    rows::Link,
    store,
    sync::{SyncChange, SyncReport},
};
use crate::{
    db::Conn,
    identity::Member,
    kernel::{error::Result, id::GuildId},
};

/// The report of a link's last sync. `None` before the first, and if a server of another release made it, which stores
/// no report or one that this release cannot read.
///
/// # Errors
/// A database error.
pub async fn last_report(conn: &mut Conn, link: &Link) -> Result<Option<SyncReport>> {
    let Some(synced_at) = link.synced_at else { return Ok(None) };
    let report = load(conn, link.guild_id).await?;
    Ok(report.filter(|report| report.at == synced_at))
}

/// What the stored report says about a member.
///
/// # Errors
/// A database error.
pub async fn reported_changes(conn: &mut Conn, member: &Member) -> Result<Vec<SyncChange>> {
    let report = load(conn, member.guild_id).await?;
    Ok(report.map(|report| report.about(member).into_iter().cloned().collect()).unwrap_or_default())
}

/// Removes a member from the stored report. The guild must be locked.
///
/// # Errors
/// A database error.
pub async fn forget_member(conn: &mut Conn, member: &Member) -> Result<()> {
    let guild = member.guild_id;
    let Some(stored) = store::sync_report(conn, guild).await? else { return Ok(()) };
    let kept = match SyncReport::decode(&stored) {
        Some(mut report) => {
            report.forget(member);
            Some(report.encode()?)
        }
        // A newer release wrote it, so it may name the member in a way that this release does not know.
        None => None,
    };
    if kept.as_ref() != Some(&stored) {
        store::set_sync_report(conn, guild, kept).await?;
    }
    Ok(())
}

async fn load(conn: &mut Conn, guild: GuildId) -> Result<Option<SyncReport>> {
    Ok(store::sync_report(conn, guild).await?.as_deref().and_then(SyncReport::decode))
}
