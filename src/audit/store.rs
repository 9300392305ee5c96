//! Queries over the audit log.

use diesel::{dsl::count_star, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;

use super::{AuditEvent, AuditEventKey, AuditScope};
use crate::{
    db::{
        CampaignStatus, Conn, insert_all, on,
        schema::{audit_events, campaigns},
    },
    kernel::{
        id::{AuditEventId, GuildId},
        page::Page,
    },
};

pub async fn insert_events(conn: &mut Conn, rows: Vec<AuditEvent>) -> QueryResult<()> {
    insert_all!(conn, audit_events::table, rows)
}

/// A boxed query for `select` of the events that are shown. An event of a campaign needs the level that its campaign needs now,
/// and the one it needed then. Events of drafts, and of deleted campaigns, which were drafts, are for those who see drafts; a
/// status of a newer release counts as a draft.
macro_rules! shown_events {
    ($select:expr, $guild:expr, $scope:expr) => {{
        let AuditScope { level, drafts } = *$scope;
        let drafts = || drafts.into_sql::<Bool>();
        let campaign = campaigns::id.nullable();
        let reaches = campaigns::min_rank_level_to_view.is_null().or(campaigns::min_rank_level_to_view.le(level));
        let launched = [CampaignStatus::Live, CampaignStatus::Closed, CampaignStatus::Archived];
        let visible = campaigns::status.nullable().eq_any(launched).or(drafts());
        let reached = audit_events::min_rank_level.is_null().or(audit_events::min_rank_level.le(level));
        audit_events::table
            .left_join(
                campaigns::table.on(campaigns::guild_id
                    .eq(audit_events::guild_id)
                    .and(campaigns::id.nullable().eq(audit_events::campaign_id))),
            )
            .filter(audit_events::guild_id.eq($guild))
            .filter(
                audit_events::campaign_id
                    .is_null()
                    .or(reached
                        .and(campaign.is_not_null().and(reaches).and(visible).or(campaign.is_null().and(drafts())))),
            )
            .select($select)
            .into_boxed()
    }};
}

/// Events by id, of those that are shown.
pub async fn events_by_id(
    conn: &mut Conn,
    guild: GuildId,
    scope: &AuditScope,
    ids: &[AuditEventId],
) -> QueryResult<Vec<AuditEvent>> {
    on!(conn, c => shown_events!(AuditEvent::as_select(), guild, scope).filter(audit_events::id.eq_any(ids)).load(c))
}

/// Events, newest first; from the end of the page where it is asked for backward.
pub async fn list_events(
    conn: &mut Conn,
    guild: GuildId,
    scope: &AuditScope,
    page: &Page<AuditEventKey>,
) -> QueryResult<Vec<AuditEvent>> {
    on!(conn, c => {
        let mut query = shown_events!(AuditEvent::as_select(), guild, scope).limit(page.limit());
        if let Some((at, id)) = page.after {
            query = query.filter(audit_events::at.lt(at).or(audit_events::at.eq(at).and(audit_events::id.lt(id))));
        }
        if let Some((at, id)) = page.before {
            query = query.filter(audit_events::at.gt(at).or(audit_events::at.eq(at).and(audit_events::id.gt(id))));
        }
        query = if page.backward {
            query.order((audit_events::at.asc(), audit_events::id.asc()))
        } else {
            query.order((audit_events::at.desc(), audit_events::id.desc()))
        };
        query.load(c)
    })
}

pub async fn count_events(conn: &mut Conn, guild: GuildId, scope: &AuditScope) -> QueryResult<i64> {
    on!(conn, c => shown_events!(count_star(), guild, scope).first(c))
}
