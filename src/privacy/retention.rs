//! Deletes personal data after a while.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    auth::KNOWN_FOR,
    db::{
        Conn, Db, on,
        schema::{audit_events, codes, failures, known_addresses, sessions},
    },
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{AuditEventId, GuildId, SessionId},
    },
};

/// Maximum number of rows that one transaction deletes, so that the others do not wait for long.
const BATCH: i64 = 500;

/// Maximum number of batches of each table that a clean-up deletes. The next clean-up deletes the rest.
const MAX_BATCHES: usize = 200;

/// How long failed attempts to sign in are kept. They count for a much shorter time.
const FAILURES_KEPT: Duration = Duration::from_hours(24);

/// How long personal data is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// How long a session is kept after it has ended.
    pub sessions: Duration,
    /// How long an event of the audit log is kept; `None` for as long as the guild.
    pub audit: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { sessions: Duration::from_hours(24 * 30), audit: None }
    }
}

/// Deletes what has been kept long enough, in all guilds. `refresh` is the lifetime of a refresh token.
///
/// # Errors
/// A database error.
pub async fn clean_up(db: &Db, now: Timestamp, retention: Retention, refresh: Duration) -> Result<()> {
    let (revoked_before, used_before) = (now - retention.sessions, now - retention.sessions - refresh);
    for _ in 0..MAX_BATCHES {
        let ended = db.read(async move |conn| Ok(ended_sessions(conn, revoked_before, used_before).await?)).await?;
        if ended.is_empty() {
            break;
        }
        db.write(async move |conn| Ok(delete_sessions(conn, &ended).await?)).await?;
    }
    if let Some(kept) = retention.audit {
        for _ in 0..MAX_BATCHES {
            let old = db.read(async move |conn| Ok(old_events(conn, now - kept).await?)).await?;
            if old.is_empty() {
                break;
            }
            db.write(async move |conn| Ok(delete_events(conn, &old).await?)).await?;
        }
    }
    db.write(async move |conn| Ok(delete_expired(conn, now).await?)).await
}

async fn ended_sessions(
    conn: &mut Conn,
    revoked_before: Timestamp,
    used_before: Timestamp,
) -> QueryResult<Vec<(GuildId, SessionId)>> {
    on!(conn, c => sessions::table
        .filter(sessions::revoked_at.lt(revoked_before).or(sessions::last_used_at.lt(used_before)))
        .select((sessions::guild_id, sessions::id))
        .limit(BATCH)
        .load(c))
}

async fn delete_sessions(conn: &mut Conn, ended: &[(GuildId, SessionId)]) -> QueryResult<()> {
    for row in ended {
        on!(conn, c => diesel::delete(sessions::table.find(*row)).execute(c))?;
    }
    Ok(())
}

async fn old_events(conn: &mut Conn, before: Timestamp) -> QueryResult<Vec<(GuildId, AuditEventId)>> {
    on!(conn, c => audit_events::table
        .filter(audit_events::at.lt(before))
        .select((audit_events::guild_id, audit_events::id))
        .limit(BATCH)
        .load(c))
}

async fn delete_events(conn: &mut Conn, old: &[(GuildId, AuditEventId)]) -> QueryResult<()> {
    for row in old {
        on!(conn, c => diesel::delete(audit_events::table.find(*row)).execute(c))?;
    }
    Ok(())
}

/// Deletes expired codes, addresses that are no longer known, and failed attempts. There are few of them.
async fn delete_expired(conn: &mut Conn, now: Timestamp) -> QueryResult<()> {
    on!(conn, c => diesel::delete(codes::table.filter(codes::expires_at.le(now))).execute(c))?;
    let forgotten = || known_addresses::table.filter(known_addresses::last_used_at.le(now - KNOWN_FOR));
    on!(conn, c => diesel::delete(forgotten()).execute(c))?;
    let old = || failures::table.filter(failures::last_at.lt(now - FAILURES_KEPT));
    on!(conn, c => diesel::delete(old()).execute(c))?;
    Ok(())
}
